"""The time that all calls together have spent; it survives ``kill -9``."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path

from fer_utils import runs
from fer_utils.errors import FerError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def parse_budget(text: str) -> float:
    """Return seconds: ``25m``, ``1h30m``, ``90s``, or a number of minutes.

    Raises:
        FerError: it is no such time, or none at all.
    """
    text = str(text).strip().lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text + ("" if text[-1:] in _UNITS else "m"))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    written = "".join(number + unit for number, unit in parts)
    if not seconds or written.removesuffix("m") != text.removesuffix("m"):
        raise FerError(f"--budget {text!r} is no time: write for example 25m, 1h30m or 600s")
    return seconds


class Clock:
    """Counts the seconds of all calls, and writes them down as they pass.

    Args:
        path: JSON file that keeps them.
        every: seconds between two writings; a kill forgets so many at most.
        began: what ``time.monotonic`` was when this call began; None for now.
    """

    def __init__(self, path: str | Path, every: float = 2.0, began: float | None = None) -> None:
        self.path, self.every, self.began = path, every, began
        self.before = float((runs.read_json(path) or {}).get("seconds", 0.0))
        self.stop = threading.Event()

    @property
    def spent(self) -> float:
        """Seconds spent by all calls until now."""
        return self.before + (time.monotonic() - self.began if self.began else 0.0)

    def __enter__(self) -> Clock:
        self.began = self.began or time.monotonic()
        self.thread = threading.Thread(target=self._keep, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        runs.write_json(self.path, {"seconds": round(self.spent, 1)})

    def _keep(self):
        while not self.stop.wait(self.every):
            # A disk that is full for a while must not end the counting; the last one is said.
            with contextlib.suppress(FerError):
                runs.write_json(self.path, {"seconds": round(self.spent, 1)})
