"""Ways to do one thing, timed in turns, and the table that says which is how much faster."""

import contextlib
import os
import platform
import statistics
import time
from pathlib import Path


def machine():
    """Return a line that says what the figures come from, with the load before them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{processor()}, {cores} cores, Python {platform.python_version()}{load}"


def processor():
    """Return the processor's name."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(x.split(":")[1].strip() for x in lines if x.startswith("model name"))
    return platform.processor() or platform.machine()


def in_turns(ways, turns, clock=time.perf_counter):
    """Return name -> seconds, one number a turn, after one call of each that is not counted.

    Args:
        ways: name -> function without arguments.
        turns: how often each is timed; all take turns, so that other programs disturb all alike.
        clock: function that gives seconds; ``time.process_time`` counts this process alone.
    """
    for way in ways.values():
        way()
    found = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            began = clock()
            way()
            found[name].append(clock() - began)
    return found


def table(found, unit, beside=None, more_is_better=False, more=None):
    """Return a markdown table of measurements, and a bold line on the first way.

    Args:
        found: name -> numbers, at least one of each.
        unit: what they are.
        beside: the way that the others are compared with; None for the last.
        more_is_better: whether they are rates; else they are seconds.
        more: heading -> (name -> text), more columns.
    """
    more = more or {}
    base = statistics.median(found[beside or list(found)[-1]])
    heads = ["way", f"{unit}, median", "least to most", "n", "times as fast", *more]
    lines = [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
    for name, values in found.items():
        median = statistics.median(values)
        times = median / base if more_is_better else base / median
        spread = f"{_number(min(values))} to {_number(max(values))}"
        cells = [name, _number(median), spread, str(len(values)), _number(times)]
        lines.append(_row([*cells, *(texts.get(name, "") for texts in more.values())]))
    first, *others = found
    if others:
        mine = statistics.median(found[first])
        times = mine / base if more_is_better else base / mine
        lines += ["", f"**{first}: {_number(times)} times as fast as {beside or others[-1]}.**"]
    return "\n".join(lines)


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _number(value):
    """Return a number with three digits that count, 4 for thousands and more."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if value >= 0.001 else f"{value:.1e}"
