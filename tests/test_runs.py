import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from fer_utils import runs
from fer_utils.errors import FerError


@pytest.fixture
def dead():
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_its_block_ends(tmp_path):
    path = tmp_path / "a" / "b" / "history.csv"
    with runs.whole_file(path) as part:
        part.write_text("x")
        assert not path.exists()
        assert part.parent == path.parent
    assert path.read_text() == "x"
    assert names(path.parent) == ["history.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file(error, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")
    with pytest.raises(error), runs.whole_file(path) as part:  # noqa: PT012
        part.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["metrics.json"]


@pytest.mark.parametrize("name", ["model.keras", "epoch3.weights.h5", "plain", "v1-0.55.csv"])
def test_suffixes_stay_and_the_part_is_marked(name, tmp_path):
    with runs.whole_file(tmp_path / name) as part:
        part.touch()
        assert part.suffixes[-1:] == (tmp_path / name).suffixes[-1:] or part.suffix == runs.PART
        assert part.name.startswith(".")
        assert runs.PART in part.name
    assert names(tmp_path) == [name]


def test_parts_of_dead_processes_are_removed_and_no_others(dead, tmp_path):
    for name in (
        f".model.{dead}.part.keras",  # left by a killed process
        f".model.{os.getppid()}.part.keras",  # still being written
        f".other.{dead}.part.keras",  # another file's
        ".model.note.part.keras",  # not a process
    ):
        (tmp_path / name).touch()
    with runs.whole_file(tmp_path / "model.keras") as part:
        part.touch()
    assert names(tmp_path) == sorted(
        [
            f".model.{os.getppid()}.part.keras",
            f".other.{dead}.part.keras",
            ".model.note.part.keras",
            "model.keras",
        ]
    )


def test_alive(dead):
    assert runs.alive(os.getpid())
    assert runs.alive(1), "a process of someone else exists too"
    assert not runs.alive(dead)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "the disk is full: free some space, then run the same command again"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "the folder is read-only: choose another"),
        (errno.EACCES, "the folder is read-only"),
        (errno.EPERM, "the folder is read-only"),
        (errno.EIO, "Input/output error: choose another place"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_stops_a_write_is_said(step, number, remedy, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "run.json"
    path.write_text("old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(FerError) as caught:
        runs.write_json(path, {})
    assert str(caught.value).startswith(f"cannot write {path}: {remedy}")
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["run.json"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FerError, match="cannot write .*run.json: .*choose another"):
        runs.write_json(tmp_path / "file" / "run.json", {})


def test_a_block_that_writes_nothing_makes_no_file(tmp_path):
    with pytest.raises(FerError), runs.whole_file(tmp_path / "a.csv"):
        pass
    assert names(tmp_path) == []


def test_json_is_sorted_and_ends_with_a_newline(tmp_path):
    runs.write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, None]})
    text = (tmp_path / "a.json").read_text()
    assert text == '{\n  "a": [\n    1.5,\n    null\n  ],\n  "b": 1\n}\n'
    assert runs.read_json(tmp_path / "a.json") == {"a": [1.5, None], "b": 1}


def test_text_is_written_as_it_is(tmp_path):
    runs.write_text(tmp_path / "a.txt", "é\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\r\n\n"


@pytest.mark.parametrize("content", [None, b"", b'{"a": ', b"\xff\xfe"])
def test_damaged_json_is_none(content, tmp_path):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    assert runs.read_json(path) is None


def test_predictions_round_trip(tmp_path):
    path = tmp_path / "predictions.npz"
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), 4)
    runs.write_predictions(path, [5, 3, 9, 0], ["valid", "test", "test", "train"], probabilities)
    found = runs.read_predictions(path)
    assert sorted(found) == ["index", "probabilities", "split"]
    assert found["index"].tolist() == [5, 3, 9, 0]
    assert found["index"].dtype == np.int64
    assert found["split"].tolist() == ["valid", "test", "test", "train"]
    assert found["probabilities"].dtype == np.float32
    np.testing.assert_array_equal(found["probabilities"], probabilities.astype(np.float32))


def test_predictions_out_of_fold(tmp_path):
    path = tmp_path / "predictions.npz"
    runs.write_predictions(path, [0, 1], ["train", "train"], np.eye(2), fold=[1, 0])
    assert runs.read_predictions(path)["fold"].tolist() == [1, 0]


def test_missing_predictions_say_what_to_run(tmp_path):
    with pytest.raises(FerError, match="is missing: run the notebook that trains this model"):
        runs.read_predictions(tmp_path / "predictions.npz")


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("pickles-were-read",))


def test_pickles_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "predictions.npz"
    arrays = {"split": np.array(["test"]), "probabilities": np.eye(1)}
    np.savez(path, index=np.array([Evil()], dtype=object), **arrays)
    with pytest.raises(FerError, match="is not a predictions file .*delete it and train again"):
        runs.read_predictions(path)
    assert names(tmp_path) == ["predictions.npz"]


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty", "other arrays"])
def test_damaged_predictions(damage, tmp_path):
    path = tmp_path / "predictions.npz"
    probabilities = np.random.default_rng(0).random((100, 7))
    runs.write_predictions(path, np.arange(100), ["test"] * 100, probabilities)
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = bytes(255 - byte for byte in content[middle : middle + 50])
    if damage == "other arrays":
        np.savez(path, a=[1])
    else:
        path.write_bytes(
            {
                "cut": content[:middle],
                "flip": content[:middle] + flipped + content[middle + 50 :],
                "text": b"index,split",
                "empty": b"",
            }[damage]
        )
    with pytest.raises(FerError, match="is not a predictions file"):
        runs.read_predictions(path)


@pytest.mark.parametrize(
    ("index", "split", "probabilities"),
    [
        ([0, 1], ["test"] * 3, np.eye(3)),
        ([0, 1, 2], ["test"], np.eye(3)),
        ([0, 1, 2], ["test"] * 3, np.eye(2)),
        ([0, 1, 2], ["test"] * 3, np.zeros(3)),
    ],
)
def test_arrays_of_different_lengths(index, split, probabilities, tmp_path):
    path = tmp_path / "predictions.npz"
    runs.write_predictions(path, index, split, probabilities)
    with pytest.raises(FerError, match="different lengths"):
        runs.read_predictions(path)
