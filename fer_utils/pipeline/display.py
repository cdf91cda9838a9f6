"""How far a run is: a live table on a terminal, plain lines in a log."""

import collections
import time

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

LOG_LINES = 12  # of the running notebook that stay in view

_STYLES = {
    "waiting": "dim",
    "running": "bold cyan",
    "up to date": "dim green",
    "done": "green",
    "failed": "bold red",
    "not run": "yellow",
}


def make(console, names):
    """Return the display that suits a rich Console; use it as a context manager.

    Args:
        console: where to show.
        names: the notebooks, in order.
    """
    live = console.is_terminal and not console.is_dumb_terminal
    return (LiveDisplay if live else PlainDisplay)(console, names)


class PlainDisplay:
    """Says when a notebook starts and ends, and passes on what it prints."""

    def __init__(self, console, names):
        self.console = console
        self.names = names
        self.current = None  # number of the cell that runs
        self.name, self.cells, self.began = None, 0, 0.0
        self._unfinished = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def start(self, name, cells):
        """Show that a notebook of so many cells starts."""
        self.name, self.cells, self.began = name, cells, time.monotonic()
        self.current = None
        self.on_start()

    def cell(self, number):
        """Show that a cell starts."""
        self.current = min(number, self.cells)

    def write(self, text):
        """Show what the notebook prints; lines appear once they are complete."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in lines:
            self.on_line(line.rstrip("\r").rsplit("\r", 1)[-1])  # the last state of a bar

    def end(self, name, state, note=""):
        """Show a notebook's final state with a note."""
        if self._unfinished:
            self.write("\n")
        self.on_end(name, state, note)
        self.name = self.current = None

    def on_start(self):
        """Print that a notebook starts."""
        self._print(f"{self.name}  {self.cells} cells …")

    def on_line(self, line):
        """Print one line of the notebook's own."""
        self._print(f"    {line}")

    def on_end(self, name, state, note):
        """Print how a notebook ended."""
        self._print(f"{name}  {state}{f': {note}' if note else ''}")

    def _print(self, line):
        self.console.print(Text(line), soft_wrap=True)


class Silent:
    """For a notebook on another machine: what it prints stands in the executed one alone."""

    current = None

    def cell(self, number):
        """Keep the number of the cell, for a failure's message."""
        self.current = number

    def write(self, text):
        """Drop it."""


class LiveDisplay(PlainDisplay):
    """A table with a line a notebook; below it the last lines that the running one printed."""

    def __init__(self, console, names):
        super().__init__(console, names)
        self._states = dict.fromkeys(names, ("waiting", ""))
        self._log = collections.deque(maxlen=LOG_LINES)
        self._live = Live(console=console, get_renderable=self.render, refresh_per_second=4)

    def __enter__(self):
        self._live.start()
        return self

    def __exit__(self, *error):
        self._live.stop()

    def on_start(self):
        """Turn the notebook's line to running."""
        self._log.clear()
        self._states[self.name] = ("running", "")

    def on_line(self, line):
        """Add a line to the log."""
        self._log.append(line)

    def on_end(self, name, state, note):
        """Turn the notebook's line to its final state."""
        self._log.clear()
        self._states[name] = (state, note)

    def render(self):
        """Return the table and the log, cut to the terminal's height."""
        table = Table.grid(padding=(0, 2))
        rows = self._rows_in_view()
        for name, (state, note) in rows:
            if state == "running":
                note = f"cell {self.current or 0}/{self.cells}  {self._elapsed()}"
            table.add_row(Text(name), Text(state, _STYLES[state]), Text(note, "dim"))
        room = max(3, self.console.height - len(rows) - 1)
        lines = list(self._log)[-room:]  # a copy: this runs in the display's own thread
        log = [Text(f"  {line}", "dim", no_wrap=True, overflow="ellipsis") for line in lines]
        return Group(table, *log)

    def _rows_in_view(self):
        rows, name = list(self._states.items()), self.name
        if name is None:
            return rows
        room = max(4, self.console.height - LOG_LINES // 2)
        end = max(self.names.index(name) + 3, room)
        return rows[:end][-room:]

    def _elapsed(self):
        return duration(time.monotonic() - self.began)


def duration(seconds):
    """Return seconds as people write them: ``42 s``, ``3 min 07 s``, ``1 h 05 min``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
