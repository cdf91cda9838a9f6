"""Spoilt copies of good files, and the search for one that a reader does not refuse rightly.

``make fuzz MINUTES=10`` searches each reader for so long; the tests look at the same few
examples each time.
"""

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from fer_utils.errors import FerError

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
HANGS = 30  # seconds that one file may take
MEMORY = 400  # MB that reading small files may add to the process
_ROUND = 500  # examples between two looks at the clock

_TOKENS = [
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\x28", b"\r", b"\n", b"\r\n", b"\n\n",
    b",", b";", b"\t", b" ", b'"', b"'", b'""', b"-", b"+", b".", b"e9", b"_", b"\x0b", b"\x0c",
    b"\x1a", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xd9\xa3", b"nan", b"inf", b"None", b"true",
    b"-1", b"256", b"1e3", b"0x1", b"1_0", b"007", b"99999999999999999999", b"9" * 5000,
    b" " * 5000, b"A" * 140_000, b"<html>", b"PK\x03\x04", b"=1+1", b"../x", b"[" * 3000,
]  # fmt: skip


@st.composite
def spoilt(draw, content):
    """Return a copy of ``content`` after one to three changes such as a disk, an editor, a
    careless program or an attacker makes."""
    for _ in range(draw(st.integers(1, 3))):
        change = draw(st.sampled_from(_CHANGES))
        content = change(draw, content)
    return content


def _place(draw, content):
    # Where fields, lines and headers begin is where readers go wrong.
    if draw(st.booleans()):
        return draw(st.integers(0, len(content)))
    return draw(st.integers(0, min(len(content), 64)))


def _span(draw, content):
    start = _place(draw, content)
    return start, min(start + draw(st.integers(1, 400)), len(content))


def _set(draw, content):
    at = _place(draw, content)
    return content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]


def _flip(draw, content):
    at = _place(draw, content)
    flipped = bytes(byte ^ (1 << draw(st.integers(0, 7))) for byte in content[at : at + 1])
    return content[:at] + flipped + content[at + 1 :]


def _insert(draw, content):
    at = _place(draw, content)
    return content[:at] + draw(st.sampled_from(_TOKENS)) + content[at:]


def _number(draw, content):
    at = _place(draw, content)
    end = at
    while end < len(content) and content[end : end + 1].isdigit():
        end += 1
    return content[:at] + draw(st.sampled_from(_TOKENS)) + content[end:]


def _delete(draw, content):
    start, end = _span(draw, content)
    return content[:start] + content[end:]


def _repeat(draw, content):
    start, end = _span(draw, content)
    return content[:end] + content[start:end] + content[end:]


def _cut(draw, content):
    return content[: _place(draw, content)]


def _line(draw, content):
    lines = content.split(b"\n")
    i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    do = draw(st.sampled_from(("delete", "repeat", "swap")))
    if do == "delete":
        del lines[i]
    elif do == "repeat":
        lines.insert(j, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def _ends(draw, content):
    return content.replace(b"\n", draw(st.sampled_from((b"\r\n", b"\r", b"\n\n", b"\n\r", b" "))))


def _encode(draw, content):
    to = draw(st.sampled_from(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp500")))
    return content.decode("latin-1").encode(to)


_CHANGES = (_set, _flip, _insert, _number, _delete, _repeat, _cut, _line, _ends, _encode)


def explore(check, strategy, examples, memory=MEMORY):
    """Call ``check`` with what the strategy draws: ``examples`` times, or for ``MINUTES``.

    It fails where a call hangs, or where one takes more than so many MB of memory.
    """
    began, count = time.monotonic(), 0

    def counted(drawn):
        nonlocal count
        count += 1
        with _alarm():
            check(drawn)

    if not MINUTES:
        with little_memory(memory):
            _given(counted, strategy, examples, derandomize=True)
    try:
        while time.monotonic() - began < 60 * MINUTES:
            with little_memory(memory):
                _given(counted, strategy, _ROUND, hypothesis.seed(time.time_ns()))
    finally:
        if MINUTES:
            seconds, name = time.monotonic() - began, check.__qualname__.split(".")[0]
            sys.stderr.write(f"\n{name}: {count:,} examples in {seconds:.0f} s\n")


def _given(check, strategy, examples, seeded=lambda test: test, derandomize=False):
    test = hypothesis.given(strategy)(check)
    hypothesis.settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )(seeded(test))()


@contextlib.contextmanager
def little_memory(megabytes=MEMORY):
    """Fail where the block has more than so many MB at once, beside what there was before.

    Linux alone tells that.
    """
    began = _told("VmRSS")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # forgets the highest until now
    yield
    assert _told("VmHWM") - began < megabytes


def _told(name):
    with contextlib.suppress(OSError):
        told = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
        return int(told[1]) / 1024
    return 0


@contextlib.contextmanager
def _alarm():
    def hangs(signum, frame):
        raise AssertionError(f"this file takes more than {HANGS} s")

    old = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def read_or_refused(read, path):
    """Return what ``read()`` returns, or None where it refuses the file in one line that names it.

    Any other exception goes on and fails the test.
    """
    try:
        return read()
    except FerError as error:
        said = str(error)
        assert path.name in said or str(path.parent) in said
        assert said == said.strip()
        assert "\n" not in said
        return None
