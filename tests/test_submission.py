import csv
import dataclasses
import datetime
import os

import numpy as np
import pytest

from fer_utils import labels, paths, submission
from fer_utils.errors import FerError
from fer_utils.settings import Settings
from fer_utils.submission.ledger import mark, note_score

METRICS = {
    "model": "v1",
    "parameters": 1234,
    "train_seconds": 5.5,
    "scored_on": "valid",
    "accuracy": 0.5555,
    "standard_error": 0.00831,
    "accuracy_without_twins": 0.5,
}
RUN = {
    "identity": {"dataset": "fer2013", "profile": "cpu", "seed": 3},
    "device": "CPU x2",
    "commit": "abc1234",
}
HEADER = (
    "file,date,model,data,profile,seed,parameters,train_seconds,device,commit,"
    "public,public_se,public_dedup,kaggle,scored"
)


@pytest.fixture
def four(faces):
    """Return a Dataset whose test.csv has four rows: 0 and 2, then 1 and 3."""
    dataset = faces.take(np.arange(5))
    dataset.split[:] = ["valid", "test", "valid", "test", "train"]
    return dataset


def answers(index, given, classes=7):
    return {"index": np.array(index), "probabilities": np.eye(classes)[given]}


@pytest.fixture
def complete():
    """Return predictions in another order than test.csv's, with a row it does not ask for."""
    return answers([3, 4, 1, 0, 2], [6, 1, 0, 3, 5])


def example(folder, content):
    path = folder / "example_submission.csv"
    path.write_bytes(content)
    return path


def test_fer2013_byte_for_byte(four, complete, tmp_path):
    path = submission.write_fer2013(tmp_path / "deep" / "all.csv", four, complete)
    assert path.read_bytes() == b"3\n5\n0\n6\n"
    assert submission.check_fer2013(path, 4).tolist() == [3, 5, 0, 6]
    assert submission.check_fer2013(path, 4).dtype == np.int8


def test_fer2013_public_half(four, complete, tmp_path):
    path = submission.write_fer2013(tmp_path / "half.csv", four, complete, half="public")
    assert path.read_bytes() == b"3\n5\n"
    with pytest.raises(FerError, match="no half 'private': there is 'public'"):
        submission.write_fer2013(tmp_path / "x.csv", four, complete, half="private")


def test_test_rows_are_in_the_order_of_test_csv(four):
    assert submission.test_rows(four).tolist() == [0, 2, 1, 3]


def test_test_rows_of_other_data_are_refused(four):
    photographs = dataclasses.replace(four, name="facial_expressions")
    with pytest.raises(FerError, match="write_data622"):
        submission.test_rows(photographs)
    folders = dataclasses.replace(four, names=np.array(["0", "1", "2", "x/3.png", "4"]))
    with pytest.raises(FerError, match="image folders do not say"):
        submission.test_rows(folders)


@pytest.mark.parametrize(
    ("dataset", "n", "says"),
    [
        ("fer2013", submission.TEST_ROWS, "to be uploaded"),
        ("fer2013", 3589, "not to be uploaded, it answers 3589 of test.csv's 7178 rows"),
        ("synthetic", submission.TEST_ROWS, "synthetic faces, nothing to upload"),
        ("ckplus", 4, "ckplus, nothing to upload"),
    ],
)
def test_verdict(dataset, n, says, tmp_path):
    settings = Settings(dataset, None, None, tmp_path, 0)
    assert submission.verdict(settings, np.arange(n)) == says


def test_only_whole_submissions_enter_the_projects_folder(tmp_settings):
    rows = np.arange(submission.TEST_ROWS)
    settings = dataclasses.replace(tmp_settings, dataset="fer2013")
    assert submission.folder(settings, rows) == paths.output_root() / "submissions"
    assert submission.folder(settings, rows[1:]) == settings.run_dir


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"0\n3\n", b""),
        (b"0\r\n3\r\n", b""),
        (b"emotion\n0\n", b"emotion\n"),
        (b"\xef\xbb\xbfEmotion\r\n0\r\n", b"Emotion\n"),
        (b"label\n0\n", b"label\n"),
    ],
)
def test_example_gives_the_format_only(content, header, four, complete, tmp_path):
    given = example(tmp_path, content)
    path = submission.write_fer2013(tmp_path / "all.csv", four, complete, example=given)
    assert path.read_bytes() == header + b"3\n5\n0\n6\n"
    assert submission.check_fer2013(path, 4).tolist() == [3, 5, 0, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Id,Category\n1,2\n", "line 1: 'Id,Category' is neither an integer nor the header"),
        (b"", "line 1: '' is neither"),
        (b"\xff\xfe0\x00\n", "cannot be read as text"),
        (None, "cannot be read as text"),
    ],
)
def test_garbage_for_an_example(content, message, four, complete, tmp_path):
    given = tmp_path / "missing.csv" if content is None else example(tmp_path, content)
    with pytest.raises(FerError, match=message):
        submission.write_fer2013(tmp_path / "all.csv", four, complete, example=given)
    assert not (tmp_path / "all.csv").exists()


def test_example_is_found_beside_the_data(tmp_path):
    assert submission.find_example(None) is None
    assert submission.find_example(tmp_path) is None
    given = example(tmp_path, b"0\n")
    (tmp_path / "train.csv").touch()
    assert submission.find_example(tmp_path) == given
    assert submission.find_example(tmp_path / "train.csv") == given


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (answers([0, 2, 1], [0, 0, 0]), "1 of 4 test rows have no prediction, the first is row 3"),
        (answers([], []), "4 of 4 test rows have no prediction, the first is row 0"),
        (answers([0, 1, 2, 3, 2], [0] * 5), "row 2 is predicted more than once"),
        (answers(range(4), [0] * 4, classes=8), r"shape \(4, 8\): expected \(4, 7\)"),
        ({"index": np.arange(4), "probabilities": np.zeros(4)}, r"shape \(4,\): expected"),
        ({"index": np.arange(5), "probabilities": np.eye(7)[:4]}, r"expected \(5, 7\)"),
        (
            {"index": np.arange(4), "probabilities": np.full((4, 7), np.nan)},
            "predictions hold NaN: train the model again",
        ),
    ],
)
def test_predictions_that_do_not_fit(predictions, message, four, tmp_path):
    with pytest.raises(FerError, match=message):
        submission.write_fer2013(tmp_path / "all.csv", four, predictions)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0\n1\n2\n", "has 3 labels, but test.csv has 4 rows"),
        (b"emotion\n0\n1\n2\n", "has 3 labels, but"),
        (b"0\n1\n2\n3\n4\n", "has 5 labels, but"),
        (b"", "has 0 labels, but"),
        (b"0\n7\n2\n3\n", "line 2: '7' is not a label 0-6"),
        (b"emotion\n0\n-1\n2\n3\n", "line 3: '-1' is not a label"),
        (b"0\n1.0\n2\n3\n", "line 2: '1.0' is not"),
        (b"0\nhappy\n2\n3\n", "line 2: 'happy' is not"),
        (b"0\n1\n2\n3\n\n", "line 5: '' is not"),
        (b"0,1\n1,2\n2,3\n3,4\n", "line 1: '0,1' is not"),
        (b"\xff\xfe\x00\x01", "is not a text file"),
        (None, "is missing: run notebook 18"),
    ],
)
def test_files_that_do_not_fit(content, message, tmp_path):
    path = tmp_path / "all.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerError, match=message):
        submission.check_fer2013(path, 4)


def test_data622_byte_for_byte(tmp_path):
    path = submission.write_data622(
        tmp_path / "d.csv", ["test/b.jpg", "a.jpg", "c.jpg"], ["happy", "Contempt", "anger"]
    )
    assert path.read_bytes() == (
        b"Image,Emotion\r\nb.jpg,happiness\r\na.jpg,contempt\r\nc.jpg,anger\r\n"
    )
    found = submission.check_data622(path, ["a.jpg", "b.jpg", "c.jpg"])
    assert found == {"a.jpg": "contempt", "b.jpg": "happiness", "c.jpg": "anger"}


@pytest.mark.parametrize("name", labels.DATA622)
def test_data622_takes_every_class(name, tmp_path):
    path = submission.write_data622(tmp_path / "d.csv", ["a.jpg"], [name])
    assert submission.check_data622(path, ["a.jpg"]) == {"a.jpg": name}


@pytest.mark.parametrize(
    ("names", "predicted", "message"),
    [
        (["a.jpg", "b.jpg"], ["anger"], "2 images, but 1 predictions"),
        (["b.jpg", "a.jpg", "a.jpg"], ["anger"] * 3, "image a.jpg comes more than once"),
        (["x/a.jpg", "y/a.jpg"], ["anger", "fear"], "image a.jpg comes more than once"),
        (["a.jpg"], ["envy"], "unknown class name 'envy'"),
    ],
)
def test_data622_answers_that_do_not_fit(names, predicted, message, tmp_path):
    with pytest.raises(FerError, match=message):
        submission.write_data622(tmp_path / "d.csv", names, predicted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,emotion\na.jpg,fear\n", "line 1: expected the header Image,Emotion"),
        ("", "line 1: expected the header"),
        ("Image,Emotion\na.jpg,scared\n", "line 2: expected a file name and one of the 8"),
        ("Image,Emotion\na.jpg\n", "line 2: expected a file name"),
        ("Image,Emotion\na.jpg,fear\na.jpg,fear\n", "line 3: a.jpg comes more than once"),
        ("Image,Emotion\na.jpg,fear\n", "b.jpg is missing, or is not a test image"),
        ("Image,Emotion\na.jpg,fear\nb.jpg,fear\nz.jpg,fear\n", "z.jpg is missing, or is not"),
    ],
)
def test_data622_files_that_do_not_fit(content, message, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(content)
    with pytest.raises(FerError, match=message):
        submission.check_data622(path, ["a.jpg", "b.jpg"])


def test_ledger_row(tmp_path):
    ledger = tmp_path / "sub" / "leaderboard.csv"
    ledger.parent.mkdir()
    (ledger.parent / "a.csv").write_bytes(b"abc")
    row = submission.record(ledger, ledger.parent / "a.csv", METRICS, RUN, kaggle="0.57")
    about = f"a.csv,{datetime.date.today().isoformat()},v1,fer2013,cpu,3,1234,5.5,CPU x2,abc1234"
    line = f"{about},0.5555,0.0083,0.5000,0.57,ba7816bf8f01"
    header, first = ledger.read_bytes().decode().splitlines()
    assert header == HEADER
    assert first == line
    assert list(row) == HEADER.split(",")
    assert [dict(old) for old in submission.read_ledger(ledger)] == [
        {key: str(value) for key, value in row.items()}
    ]


def test_the_score_stays_with_the_file_that_kaggle_saw(four, tmp_path, capsys):
    """Notebook 18 runs again: it writes the file anew, and records it."""
    book, path = tmp_path / "leaderboard.csv", tmp_path / "all.csv"

    def notebook(*labels):
        submission.write_fer2013(path, four, answers(range(4), list(labels)))
        submission.record(book, path, METRICS, RUN)
        (row,) = submission.read_ledger(book)
        return row["kaggle"], row["scored"], capsys.readouterr().out

    assert notebook(2, 4, 6, 1) == ("", "", "")
    note_score(book, path, "0.69")
    assert notebook(2, 4, 6, 1) == ("0.69", mark(path), "")
    said = "all.csv: not what Kaggle scored 0.69, which leaves the ledger\n"
    assert notebook(1, 1, 1, 1) == ("", "", said)
    assert notebook(2, 4, 6, 1) == ("", "", ""), "and is said once"


def test_a_score_in_a_ledger_of_before_is_not_taken_for_any_files(tmp_path, capsys):
    """Which content Kaggle saw was not noted then; submitting again brings the score back."""
    book, path = tmp_path / "leaderboard.csv", tmp_path / "a.csv"
    path.write_text("3\n")
    before = HEADER.removesuffix(",scored")
    book.write_text(f"{before}\na.csv{',' * before.count(',')}0.69\n")
    assert submission.read_ledger(book)[0]["kaggle"] == "0.69"
    submission.record(book, path, METRICS, RUN)
    assert submission.read_ledger(book)[0]["kaggle"] == ""
    assert "a.csv: not known to be what Kaggle scored 0.69" in capsys.readouterr().out


def test_ledger_says_where_a_network_with_a_backbone_began(tmp_path):
    row = submission.record(
        tmp_path / "l.csv", "a.csv", METRICS | {"model": "v6", "start": "random start"}, RUN
    )
    assert row["model"] == "v6, random start"


def test_ledger_is_empty_where_nothing_is_known(tmp_path):
    ledger = tmp_path / "leaderboard.csv"
    row = submission.record(ledger, "a.csv", {}, {})
    assert {key: value for key, value in row.items() if value != ""}.keys() == {"file", "date"}


def test_ledger_gives_only_public_scores_as_public(tmp_path):
    held_out = METRICS | {"scored_on": "train"}
    row = submission.record(tmp_path / "leaderboard.csv", "a.csv", held_out, RUN)
    assert (row["public"], row["public_se"], row["public_dedup"]) == ("", "", "")


def test_ledger_replaces_a_files_own_row_and_keeps_the_others(tmp_path):
    ledger = tmp_path / "leaderboard.csv"
    for name, accuracy in (("a.csv", 0.1), ("b.csv", 0.2), ("c, d.csv", 0.3), ("a.csv", 0.4)):
        submission.record(ledger, tmp_path / name, METRICS | {"accuracy": accuracy}, RUN)
    found = {row["file"]: row["public"] for row in submission.read_ledger(ledger)}
    assert found == {"b.csv": "0.2000", "c, d.csv": "0.3000", "a.csv": "0.4000"}
    with open(ledger, newline="") as file:
        assert len(list(csv.reader(file))) == 4


@pytest.mark.parametrize("content", ["file,score\na.csv,1\n", "", HEADER + ",more\n"])
def test_a_foreign_ledger_is_refused_and_left_alone(content, tmp_path):
    ledger = tmp_path / "leaderboard.csv"
    ledger.write_text(content)
    with pytest.raises(FerError, match="line 1: expected the columns file,date,model"):
        submission.record(ledger, "a.csv", METRICS, RUN)
    assert ledger.read_text() == content


def test_a_ledger_with_a_broken_row_is_refused(tmp_path):
    ledger = tmp_path / "leaderboard.csv"
    ledger.write_text(f"{HEADER}\na.csv,2026-01-01\n")
    with pytest.raises(FerError, match="line 2: expected the columns"):
        submission.read_ledger(ledger)


def test_a_score_goes_into_the_files_own_row(tmp_path):
    ledger, file = tmp_path / "leaderboard.csv", tmp_path / "a.csv"
    file.write_text("3\n")
    for name in ("a.csv", "b.csv"):
        submission.record(ledger, name, METRICS, RUN)
    before = submission.read_ledger(ledger)
    note_score(ledger, file, "0.61")
    assert submission.read_ledger(ledger) == [
        before[0] | {"kaggle": "0.61", "scored": mark(file)},
        before[1],
    ]


def test_a_score_of_another_file_of_that_name_gets_a_row_of_its_own(tmp_path):
    ledger, file = tmp_path / "leaderboard.csv", tmp_path / "a.csv"
    submission.record(ledger, file, METRICS, RUN)
    (own,) = submission.read_ledger(ledger)
    other = tmp_path / "elsewhere" / "a.csv"
    other.parent.mkdir()
    other.write_text("4\n")
    today = datetime.date.today().isoformat()
    new = dict.fromkeys(own, "") | {"file": f"a [{mark(other)}].csv", "date": today}
    new |= {"scored": mark(other)}
    note_score(ledger, other, "0.5")  # the ledger's own file is gone
    assert submission.read_ledger(ledger) == [own, new | {"kaggle": "0.5"}]
    file.write_text("3\n")
    for path in (file, other):
        os.utime(path, (0, 0))  # size and time are no proof
    note_score(ledger, other, "0.6")
    assert submission.read_ledger(ledger) == [own, new | {"kaggle": "0.6"}]


def test_a_score_without_a_ledger_makes_one(tmp_path):
    ledger, file = tmp_path / "leaderboard.csv", tmp_path / "a.csv"
    file.write_text("3\n")
    note_score(ledger, file, "0.61")
    (row,) = submission.read_ledger(ledger)
    today = datetime.date.today().isoformat()
    assert {key: value for key, value in row.items() if value} == {
        "file": "a.csv",
        "date": today,
        "scored": mark(file),
        "kaggle": "0.61",
    }


def test_there_is_no_ledger_yet(tmp_path):
    assert submission.read_ledger(tmp_path / "leaderboard.csv") == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_files(step, four, complete, tmp_path, monkeypatch):
    ledger, path = tmp_path / "leaderboard.csv", tmp_path / "all.csv"
    submission.write_fer2013(path, four, complete)
    submission.record(ledger, path, METRICS, RUN)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    other = answers(range(4), [1, 1, 1, 1])
    with pytest.raises(FerError, match="all.csv: the disk is full"):
        submission.write_fer2013(path, four, other)
    with pytest.raises(FerError, match="leaderboard.csv: the disk is full"):
        submission.record(ledger, "b.csv", METRICS, RUN)
    with pytest.raises(FerError, match="d.csv: the disk is full"):
        submission.write_data622(tmp_path / "d.csv", ["a.jpg"], ["fear"])
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
