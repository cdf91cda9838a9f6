"""The log for TensorBoard, written without it: on every backend, and nothing to install.

An event file is a row of records: length, its checksum, a protocol buffer, its checksum.
https://www.tensorflow.org/tutorials/load_data/tfrecord and tensorflow/core/util/event.proto
"""

import struct
import time

from fer_utils import runs

_RUNS = {"train": "", "validation": "val_"}  # as Keras's own callback names them


class Curves:
    """Loss, accuracy and learning rate by epoch, for ``tensorboard --logdir``.

    Args:
        folder: Path, where ``train`` and ``validation`` are written.
    """

    def __init__(self, folder):
        self.folder = folder

    def begin(self, history):
        """Write what is known so far. A log that tells just that keeps its wall times."""
        for name in _RUNS:
            path = self._path(name)
            first = _double(1, time.time()) + _bytes(3, b"brain.Event:2")
            events = [first, *(_event(row, name) for row in history)]
            content = b"".join(map(_record, events))
            if path.exists() and _told(path.read_bytes()) == _told(content):
                continue
            with runs.whole_file(path) as part:
                part.write_bytes(content)

    def add(self, row):
        """Add an epoch, a dict as in the history."""
        for name in _RUNS:
            path = self._path(name)
            try:
                with open(path, "ab") as file:
                    file.write(_record(_event(row, name)))
            except OSError as error:
                raise runs.writing_error(path, error) from error

    def _path(self, name):
        return self.folder / name / "events.out.tfevents.0.fer"


def _event(row, name):
    """Return an Event: wall_time 1, step 2, summary 5, in it values 1 of tag 1 and number 2."""
    prefix = _RUNS[name]
    numbers = {f"epoch_{key}": row[f"{prefix}{key}"] for key in ("loss", "accuracy")}
    if name == "train" and "learning_rate" in row:
        numbers["epoch_learning_rate"] = row["learning_rate"]
    values = [
        _bytes(1, _bytes(1, tag.encode()) + b"\x15" + struct.pack("<f", number))
        for tag, number in numbers.items()
    ]
    return _double(1, time.time()) + b"\x10" + _varint(row["epoch"]) + _bytes(5, b"".join(values))


def _record(event):
    length = struct.pack("<Q", len(event))
    return length + _checksum(length) + event + _checksum(event)


def _told(content):
    """Return the events of a file, each without the nine bytes of its wall time."""
    told, at = [], 0
    while len(content) - at >= 8:
        (length,) = struct.unpack_from("<Q", content, at)
        told.append(content[at + 12 :][9:length])
        at += 16 + length
    return told


def _bytes(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _double(field, number):
    return _varint(field << 3 | 1) + struct.pack("<d", number)


def _varint(number):
    """Return seven bits a byte, the lowest first; a set top bit says that more follow."""
    more, last = [], number
    while last > 127:
        more.append(last & 127 | 128)
        last >>= 7
    return bytes([*more, last])


def _checksum(content):
    """Return the masked CRC-32C that the format asks for, bit by bit: records are short."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
