"""Fast reading of tables that write an image as 2,304 numbers with blanks between.

The text is taken in blocks of whole rows that stay in the processor's cache, and each
block is parsed by a dozen NumPy operations on bytes. They release the interpreter lock, so
threads help. What is not plainly right is handed to ``csv_faults``, which names it.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import os
import threading

import numpy as np

from fer_utils.datasets.fer2013 import csv_faults
from fer_utils.datasets.fer2013.rows import SIDE, TRAINING, USAGES

PIXELS = SIDE * SIDE
BLOCK = 1 << 18  # bytes read at a time: with its intermediate arrays it fits a 1 MB L2 cache
LONGEST = 1 << 22  # bytes of one row: 2,304 numbers take 9 kB
THREADS = min(4, os.cpu_count() or 1)

_SPACE = 240  # a blank, after 48 (the character 0) was subtracted from each byte
_EMOTIONS = {b"%d%s" % (i, end): i for i in range(7) for end in (b"", b".0")} | {b"": -1}
_USAGES = {name.encode(): i for i, name in enumerate(USAGES)}
QUOTES = b'" \t\r'


@dataclasses.dataclass
class Parsed:
    """A table's columns.

    Args:
        blocks: list of uint8 ``(k, 2304)``; empty where pixels were not asked for.
        labels: int8 ``(n,)``, -1 where the field is blank or the table has none.
        usage: int8 ``(n,)``, index in USAGES; all 0 where the table has none.
    """

    blocks: list
    labels: np.ndarray
    usage: np.ndarray


def read(table, only=None, pixels=True):
    """Read a table.

    Args:
        table: Table.
        only: int, keep the rows of this usage alone; the pixels of others are not looked at.
        pixels: whether to read the images.

    Returns:
        Parsed.

    Raises:
        FerError: the first fault, with its line.
    """
    work = functools.partial(_parse_block, table, only, pixels)
    blocks, labels, usage = [], [], []
    with table.open() as stream, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for images, own_labels, own_usage in _in_turn(pool, work, _blocks(table, stream)):
            if images is not None:
                blocks.append(images)
            labels += own_labels
            usage += own_usage
    return Parsed(blocks, np.array(labels, np.int8), np.array(usage, np.int8))


def _in_turn(pool, work, items):
    """Yield ``work(item)`` in the order of items, with a few items under way at a time."""
    under_way = collections.deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > 2 * THREADS:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def _blocks(table, stream):
    """Yield ``(line number of the first row, bytes of whole rows)``, the header left out."""
    if not stream.readline(LONGEST).endswith(b"\n"):
        return  # a header alone
    line, rest = 2, b""
    while piece := stream.read(BLOCK):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest += piece
            if len(rest) > LONGEST:
                raise csv_faults.too_long(table, line)
            continue
        block = b"".join((rest, memoryview(piece)[:cut]))
        yield line, block
        line += block.count(b"\n")
        rest = piece[cut:]
    if rest:
        yield line, rest + b"\n"


def _parse_block(table, only, pixels, numbered_block):
    """Return (uint8 ``(k, 2304)`` or None, list of k labels, list of k usages)."""
    first, block = numbered_block
    spans, labels, usages = [], [], []
    if only is not None and USAGES[only].encode() not in block:
        return None, labels, usages
    start, line = 0, first
    while start < len(block):
        end = block.index(b"\n", start)
        if end - start > 2 or block[start:end].strip():
            label, usage, span = _row(table, line, block, start, end)
            if only is None or usage == only:
                spans.append(span)
                labels.append(label)
                usages.append(usage)
        start, line = end + 1, line + 1
    if not (pixels and spans):
        return None, labels, usages
    images = _numbers(block, spans)
    if images is None:
        raise csv_faults.in_block(table, first, block, spans)
    return images, labels, usages


def _row(table, line, block, start, end):
    """Return (label, usage, (start, end) of the pixels) of the row in ``block[start:end]``."""
    place = table.columns.index("pixels")
    cells = {}
    for name in table.columns[:place]:
        comma = _comma(block.find(b",", start, end), table, line)
        cells[name] = block[start:comma].strip(QUOTES)
        start = comma + 1
    for name in table.columns[:place:-1]:
        comma = _comma(block.rfind(b",", start, end), table, line)
        cells[name] = block[comma + 1 : end].strip(QUOTES)
        end = comma
    while end > start and block[end - 1] in QUOTES:
        end -= 1
    while end > start and block[start] in QUOTES:
        start += 1
    return *label_and_usage(table, line, cells), (start, end)


def _comma(place, table, line):
    if place < 0:
        raise csv_faults.too_few_cells(table, line)
    return place


def label_and_usage(table, line, cells):
    """Return (label, usage) of a row, two ints; the label is -1 where it is blank or absent.

    Args:
        table: Table.
        line: int, from 1.
        cells: dict of column name to bytes without quotes and blanks around.

    Raises:
        FerError: an unknown emotion or Usage, or a training row without emotion.
    """
    usage = _USAGES.get(cells["usage"]) if "usage" in cells else TRAINING
    label = _EMOTIONS.get(cells["emotion"]) if "emotion" in cells else -1
    if usage is None or label is None or (label < 0 and usage == TRAINING and "emotion" in cells):
        raise csv_faults.in_cells(table, line, cells)
    return label, usage


class _Buffers(threading.local):
    # Kept between blocks: the time to get fresh memory would exceed that of the arithmetic.
    size = 0

    def of(self, size):
        if size > self.size:
            self.size = size
            self.arrays = np.empty((4, size), np.uint8)
        return self.arrays


_buffers = _Buffers()


def _numbers(block, spans):
    """Return the pixels, uint8 ``(len(spans), 2304)``, or None where anything is amiss.

    A number's value is taken at its last digit. At place i let z be the digit there (0 for
    a blank); then the value is z[i] + 10 z[i-1], and 100 z[i-2] more where all three places
    hold digits.
    """
    n = len(block) + 2  # two blanks in front, so that each place has two before it
    work = _buffers.of(n + 1)
    z, value = work[0, :n], work[1, :n]
    digit, three = work[2, :n].view(bool), work[3, :n].view(bool)
    z[:2] = _SPACE
    np.subtract(np.frombuffer(block, np.uint8), 48, out=z[2:])
    _blank_other_cells(z, spans)
    np.less(z, 10, out=digit)
    if np.count_nonzero(digit) + np.count_nonzero(z == _SPACE) != n:
        return None
    z *= digit.view(np.uint8)
    np.multiply(z[1:-1], 10, out=value[2:])
    value[2:] += z[2:]
    np.logical_and(digit[2:], digit[1:-1], out=three[2:])
    three[2:] &= digit[:-2]
    hundreds = z[:-2] * three[2:].view(np.uint8)
    if hundreds.max(initial=0) > 2 or (three[3:] & three[2:-1]).any():
        return None
    hundreds *= 100
    value[2:] += hundreds
    if (value[2:] < hundreds).any():  # 256 to 299 have wrapped around to 0 to 43
        return None
    last = np.flatnonzero(np.greater(digit[2:-1], digit[3:]))  # places of last digits
    if len(last) != len(spans) * PIXELS or not _each_in_its_row(last, spans):
        return None
    return value[2:].take(last).reshape(-1, PIXELS)  # 3 times as fast as a boolean index


def _each_in_its_row(last, spans):
    starts, ends = np.array(spans).T
    return (last[::PIXELS] >= starts).all() and (last[PIXELS - 1 :: PIXELS] < ends).all()


def _blank_other_cells(z, spans):
    before = 0
    for start, end in spans:
        z[2 + before : 2 + start] = _SPACE
        before = end
    z[2 + before :] = _SPACE
