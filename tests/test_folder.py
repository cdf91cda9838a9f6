"""Photographs of one's own: class folders, splits, tables, and what can be wrong with them."""

import numpy as np
import pytest
from PIL import Image

from fer_utils import datasets
from fer_utils.datasets import photographs
from fer_utils.errors import FerError
from fer_utils.labels import DATA622, FER2013


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def write(root, *names):
    for name in names:
        seed = sum(ord(letter) * (i + 1) for i, letter in enumerate(name))
        image = np.random.default_rng(seed).integers(0, 256, (20, 20), np.uint8)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / name, format="PNG")


def load(root, **options):
    return datasets.load("folder", root, **options)


def test_class_folders(root):
    write(root, "Happiness/b.png", "Happiness/a.JPG", "3_happy/c.webp", "sad/x_1.png")
    (root / "sad/notes.txt").write_text("none")
    (root / ".cache").mkdir()
    data = load(root)
    assert data.names.tolist() == ["3_happy/c.webp", "Happiness/a.JPG", "Happiness/b.png",
                                   "sad/x_1.png"]  # fmt: skip
    assert data.labels.tolist() == [3, 3, 3, 4]
    assert data.classes == FER2013
    assert set(data.split) == {"train"}
    assert data.images.shape == (4, 20, 20)
    assert len(np.unique(data.groups)) == 4


def test_splits_and_withheld_labels(root):
    write(root, "Train/happy/a.png", "Train/sad/b.png", "val/sad/c.png", "test/happy/d.png",
          "test/e.png")  # fmt: skip
    data = load(root, size=8)
    assert data.split.tolist() == ["train", "train", "valid", "test", "test"]
    assert data.labels.tolist() == [3, 4, 4, -1, -1]
    assert datasets.private_labels(data, root, size=8).tolist() == [-1, 3]


def test_photographs_to_predict_only(root):
    write(root, "test/a.png")
    data = load(root)
    assert data.split.tolist() == ["test"]
    with pytest.raises(FerError, match="its test photographs have no labels"):
        datasets.private_labels(data, root)


def test_groups(root):
    write(root, "happy/Anna_1.png", "sad/Anna_2.png", "happy/Bob_1.png", "sad/copy.png")
    (root / "sad/copy.png").write_bytes((root / "happy/Bob_1.png").read_bytes())
    alone = load(root).groups
    assert alone[1] == alone[3]
    assert len(np.unique(alone)) == 3
    named = load(root, persons=photographs.person_of).groups
    assert named[0] == named[2] != named[1] == named[3]


def test_valid_share(root):
    write(root, *(f"{c}/{i}.png" for c in ("happy", "sad") for i in range(10)))
    data = load(root, valid=0.2)
    assert np.bincount(data.labels[data.rows("valid")])[[3, 4]].tolist() == [2, 2]
    with pytest.raises(FerError, match="between 0 and 0.5"):
        load(root, valid=0.8)
    with pytest.raises(FerError, match="cannot make 100 folds of 20 groups"):
        load(root, valid=0.01)


@pytest.mark.parametrize("columns", ["image,emotion", "Filename,label", "id,path,class"])
def test_table(root, columns):
    write(root, "a.png", "b.png", "sub/c.png")
    lead = "7," if columns.startswith("id") else ""
    cells = [f"{lead}{name},{label}" for name, label in
             (("a.png", "joy"), ("./b.png", "6"), ("c.png", "SAD"))]  # fmt: skip
    (root / "labels.csv").write_text("\n".join([columns, *cells]))
    (root / "notes.csv").write_text("a,b\n1,2\n")
    data = load(root)
    assert data.names.tolist() == ["a.png", "b.png", "sub/c.png"]
    assert data.labels.tolist() == [3, 6, 4]


def test_table_with_splits_and_persons(root):
    write(root, "a.png", "b.png", "c.png", "d.png")
    (root / "labels.csv").write_text(
        "image,emotion,Usage,person\nd.png,sad,,eve\nc.png,happy,PrivateTest,eve\n"
        "a.png,happy,Training,eve\nb.png,,PublicTest,\n"
    )
    data = load(root)
    assert data.names.tolist() == ["a.png", "d.png", "b.png", "c.png"]
    assert data.split.tolist() == ["train", "train", "valid", "test"]
    assert data.labels.tolist() == [3, 4, -1, -1]
    assert data.groups[0] == data.groups[1] == data.groups[3] != data.groups[2]
    assert datasets.private_labels(data, root).tolist() == [3]


def test_table_that_disagrees_with_the_files(root):
    write(root, "a.png", "b.png", "c.png")
    (root / "labels.csv").write_text(
        "image,emotion\na.png,sad\nb.png,sad\nb.png,fear\nz.png,fear\n"
    )
    with pytest.warns(UserWarning, match="left out") as caught:
        assert load(root).names.tolist() == ["a.png"]
    said = " ".join(str(w.message) for w in caught)
    assert "1 images have rows that contradict, such as b.png" in said
    assert "1 rows have no file, such as z.png" in said
    assert "1 files have no row in labels.csv, such as c.png" in said
    with pytest.raises(FerError, match="contradict"):
        load(root, contradicting="error")


@pytest.mark.parametrize(
    ("files", "text", "says"),
    [
        (["bored/a.png", "happy/b.png"], None, "bored: unknown class name 'bored'.*rename"),
        (["contempt/a.png", "happy/b.png"], None, "contempt.*labels.DATA622 has contempt"),
        (["a.png"], None, "no labelled photographs: expected class folders"),
        (["a.png"], "image,emotion\na.png,bored\n", "labels.csv, line 2: unknown class name"),
        (["a.png"], "image,emotion,split\na.png,sad,left\n", "line 2: split 'left': expected"),
        (["a.png"], "image,mood\na.png,sad\n", "no labelled photographs"),
    ],
)
def test_faults(root, files, text, says):
    write(root, *files)
    if text:
        (root / "labels.csv").write_text(text)
    with pytest.raises(FerError, match=says):
        load(root)


def test_other_faults(root):
    with pytest.raises(FerError, match="needs root"):
        load(None)
    with pytest.raises(FerError, match="is no folder"):
        load(root / "none")
    (root / "happy").mkdir()
    with pytest.raises(FerError, match="no photographs found"):
        load(root)
    write(root, "a.png")
    (root / "happy").rmdir()
    for name in ("one", "two"):
        (root / f"{name}.csv").write_text("image,emotion\na.png,sad\n")
    with pytest.raises(FerError, match="holds one.csv, two.csv: say which with table="):
        load(root)
    assert load(root, table="two.csv").labels.tolist() == [4]
    with pytest.raises(FerError, match="three.csv cannot be read"):
        load(root, table="three.csv")
    (root / "a.png").write_bytes(b"")
    with pytest.raises(FerError, match="a.png"):
        load(root, table="two.csv", unreadable="drop")


def test_other_vocabulary(root):
    write(root, "contempt/a.png", "happy/b.png")
    data = load(root, classes=DATA622)
    assert [data.classes[label] for label in data.labels] == ["contempt", "happiness"]
