import dataclasses

import numpy as np
import pytest

from fer_utils.datasets import ferplus
from fer_utils.errors import FerError

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)


def write_votes(path, rows, header=HEADER):
    lines = [f"Training,fer{i:07d}.png,{','.join(map(str, row))}" for i, row in enumerate(rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def vote(**counts):
    """Return one image's votes by column name."""
    columns = [*ferplus.COLUMNS, *ferplus.NO_EMOTION]
    return [counts.get(column, 0) for column in columns]


@pytest.fixture
def five(faces):
    """Return a Dataset of five rows: happy, angry, sad, neutral, and one withheld."""
    return dataclasses.replace(faces.take(np.arange(5)), labels=np.array([3, 0, 4, 6, -1]))


def test_votes_are_in_the_order_of_the_file(five, tmp_path):
    rows = [vote(happiness=10), vote(anger=6, NF=4), vote(fear=1, unknown=9)]
    votes = ferplus.votes(write_votes(tmp_path / "v.csv", rows), five)
    assert votes.shape == (5, 10)
    assert votes[:3].tolist() == rows
    assert (votes[3:] == -1).all(), "the file ends before the data does"


def test_columns_are_taken_by_name(five, tmp_path):
    path = tmp_path / "v.csv"
    columns = HEADER.split(",")
    path.write_text(",".join(columns[::-1]) + "\n" + ",".join("9876543210") + ",a.png,Training\n")
    assert ferplus.votes(path, five)[0].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("emotion,pixels\n0,1\n", "is not FER.'s fer2013new.csv"),
        ("", "is not FER.'s fer2013new.csv"),
        (HEADER + "\nTraining,a.png,x,0,0,0,0,0,0,0,0,0\n", "is not FER.'s"),
        (HEADER + "\nTraining,a.png,,0,0,0,0,0,0,0,0,0\n", "is not FER.'s"),
    ],
)
def test_files_that_are_not_votes(content, message, five, tmp_path):
    path = tmp_path / "fer2013new.csv"
    path.write_text(content)
    with pytest.raises(FerError, match=message):
        ferplus.votes(path, five)


def test_more_votes_than_rows(five, tmp_path):
    path = write_votes(tmp_path / "v.csv", [vote()] * 6)
    with pytest.raises(FerError, match="has 6 rows, but the data 5: not its votes"):
        ferplus.votes(path, five)


@pytest.mark.parametrize("names", [["train/happy/x.png", "1", "2", "3", "4"], list("54321")])
def test_rows_that_are_not_numbered_have_no_votes(names, five, tmp_path):
    other = dataclasses.replace(five, names=np.array(names))
    assert ferplus.usable(five)
    assert not ferplus.usable(other)
    assert not ferplus.usable(five.take(np.arange(1, 5)))
    path = write_votes(tmp_path / "v.csv", [vote()] * 5)
    with pytest.raises(FerError, match="in the order of fer2013.csv.*not image folders"):
        ferplus.votes(path, other)


def test_agreement_by_hand(five):
    votes = np.array(
        [
            vote(happiness=9, NF=1),  # happy: agrees
            vote(sadness=6, anger=4),  # angry: does not
            vote(sadness=3, unknown=7),  # most cannot tell: does not count
            vote(contempt=8, neutral=2),  # neutral among the seven: agrees
            vote(happiness=10),  # withheld: does not count
        ]
    )
    table = ferplus.agreement(five, votes)
    assert table.index.tolist() == [*five.classes, "all"]
    assert table["images"].tolist() == [1, 0, 0, 1, 0, 0, 1, 3]
    assert table.loc["happy", "agreement"] == 1
    assert table.loc["angry", "agreement"] == 0
    assert np.isnan(table.loc["sad", "agreement"])
    assert table.loc["all", "agreement"] == pytest.approx(2 / 3)


def test_clarity_is_the_share_of_the_commonest_emotion():
    votes = np.array([vote(anger=6, NF=4), vote(unknown=8, sadness=2), vote(fear=10), [-1] * 10])
    found = ferplus.clarity(votes)
    assert found[:3].tolist() == pytest.approx([0.6, 0.2, 1])
    assert np.isnan(found[3])


def test_rows_without_votes_do_not_count(five):
    votes = np.array([vote(happiness=9), vote(), [-1] * 10, [-1] * 10, [-1] * 10])
    assert ferplus.agreement(five, votes).loc["all", "images"] == 1


@pytest.mark.parametrize(
    "place", ["fer2013new.csv", "../fer2013new.csv", "ferplus/fer2013new.csv"]
)
def test_the_file_is_found_in_and_beside_the_data(place, tmp_path):
    root = tmp_path / "data"
    (root / "ferplus").mkdir(parents=True)
    (root / "train.csv").touch()
    assert ferplus.find(root) is None
    path = write_votes(root / place, [vote()])
    assert ferplus.find(root).samefile(path)
    assert ferplus.find(root / "train.csv").samefile(path)


def test_synthetic_faces_have_no_votes():
    assert ferplus.find(None) is None
