"""CK+'s tree, written from synthetic sequences: frames, neutral, tags, persons, faults."""

import shutil

import numpy as np
import pytest
from PIL import Image

from fer_utils import datasets
from fer_utils.datasets import ckplus, synthetic
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS, class_index

FRAMES = "cohn-kanade-images"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("ck") / "ckplus"
    return synthetic.write_ckplus(out, persons=4, each=4, frames=(4, 13), size=(20, 26), seed=3)


@pytest.fixture(scope="module")
def film():
    return synthetic.sequences(16, (4, 13), (20, 26), seed=3, persons=4)


@pytest.fixture
def root(written, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))
    shutil.copytree(written, tmp_path / "ckplus")
    return tmp_path / "ckplus"


def sequences_in(root):
    return sorted(f"{p.parent.name}_{p.name}" for p in (root / FRAMES).glob("*/*"))


def emotions_in(root):
    return {p.parts[-3] + "_" + p.parts[-2]: p for p in (root / "Emotion").rglob("*_emotion.txt")}


def test_tree_is_the_official_one(root, film):
    assert len(sequences_in(root)) == 16
    assert sequences_in(root)[0] == "S005_001"
    labelled = emotions_in(root)
    assert len(labelled) == 9
    for key, path in labelled.items():
        frames = sorted((root / FRAMES / key.replace("_", "/")).iterdir())
        assert frames[0].name == f"{key}_00000001.png"
        assert path.name == frames[-1].name.replace(".png", "_emotion.txt")
        assert path.read_text()[:4] == "   " + str(int(float(path.read_text())))
    first = np.flatnonzero(film.identity == film.identity.min())[0]
    image = Image.open(root / FRAMES / "S005/001/S005_001_00000001.png")
    np.testing.assert_array_equal(np.asarray(image), film.frames[first][0])


def test_same_seed_same_tree(written, tmp_path):
    again = synthetic.write_ckplus(
        tmp_path / "x", 4, seed=3, each=4, frames=(4, 13), size=(20, 26)
    )
    names = [p.relative_to(written) for p in sorted(written.rglob("*")) if p.is_file()]
    assert names == [p.relative_to(again) for p in sorted(again.rglob("*")) if p.is_file()]
    assert all((written / n).read_bytes() == (again / n).read_bytes() for n in names)


def test_an_existing_folder_is_kept(root):
    with pytest.raises(FerError, match="exists already"):
        synthetic.write_ckplus(root)
    with pytest.raises(FerError, match="persons is 0"):
        synthetic.write_ckplus(root / "new", persons=0)
    assert not (root / "new").exists()


def test_frames_of_peak_and_neutral(root):
    data = datasets.load("ckplus", root)
    assert data.classes == (*CKPLUS, "neutral")
    assert data.images.shape[1:] == (20, 26)
    neutral = data.classes.index("neutral")
    for key, path in emotions_in(root).items():
        rows = [i for i, name in enumerate(data.names) if key in name]
        n = len(list((root / FRAMES / key.replace("_", "/")).iterdir()))
        assert len(rows) == 1 + max(n // 4, 1)
        numbers = [int(data.names[i][-12:-4]) for i in rows]
        assert numbers == [1, *range(n - max(n // 4, 1) + 1, n + 1)]
        code = int(float(path.read_text()))
        assert data.labels[rows].tolist() == [neutral] + [code - 1] * (len(rows) - 1)
    assert len({name.rsplit("/", 1)[0] for name in data.names}) == len(emotions_in(root))


def test_labels_are_what_was_drawn(root, film):
    data, rows = ckplus.load_sequences(root)
    drawn = {}
    for person, who in enumerate(np.unique(film.identity)):
        for nth, i in enumerate(np.flatnonzero(film.identity == who)):
            drawn[f"S{5 + person:03d}/{nth + 1:03d}"] = i
    assert len(rows) == len(emotions_in(root))
    assert np.concatenate(rows).tolist() == list(range(len(data)))
    for own in rows:
        i = drawn["/".join(data.names[own[0]].split("/")[1:3])]
        np.testing.assert_array_equal(data.images[own], film.frames[i])
        shown = class_index(film.classes[film.labels[i]], data.classes)
        assert (data.labels[own] == shown).all()
        assert len(np.unique(data.groups[own])) == 1


def test_seed_002_without_neutral(root):
    data = datasets.load("ckplus", root, neutral=0, peak=1.0)
    whole, rows = ckplus.load_sequences(root)
    assert data.classes == CKPLUS == whole.classes
    assert data.names.tolist() == whole.names.tolist()
    assert len(datasets.load("ckplus", root, neutral=0, peak=0.01)) == len(rows)


def test_without_contempt(root):
    (root / "tags.csv").write_text("sequence,emotion\nS005_001,contempt\nS005_002,fear\n")
    with_it = datasets.load("ckplus", root)
    data = datasets.load("ckplus", root, contempt=False)
    assert "contempt" not in data.classes
    assert not any("S005/001" in name for name in data.names)
    assert any("S005/001" in name for name in with_it.names)
    mine = [i for i, name in enumerate(data.names) if "S005/002" in name]
    assert data.classes[data.labels[mine[-1]]] == "fear"


def test_tags_add_override_and_remove(root):
    labelled = sorted(emotions_in(root))
    unlabelled = sorted(set(sequences_in(root)) - set(labelled))
    tags = f"{unlabelled[0]},Sad\n{labelled[0].replace('_', '/')},anger\n{labelled[1]},\n"
    (root / "tags.csv").write_text("sequence,emotion\n" + tags)
    data, rows = ckplus.load_sequences(root)
    found = {"_".join(data.names[r[0]].split("/")[1:3]): data.labels[r[0]] for r in rows}
    assert data.classes[found[unlabelled[0]]] == "sadness"
    assert data.classes[found[labelled[0]]] == "anger"
    assert labelled[1] not in found
    assert len(found) == len(labelled)


def test_groups_are_persons(root):
    data = datasets.load("ckplus", root, valid=0.5)
    persons = np.array([name.split("/")[1] for name in data.names])
    for person in np.unique(persons):
        assert len(np.unique(data.groups[persons == person])) == 1
    assert len(np.unique(data.groups)) == len(np.unique(persons))
    assert not set(persons[data.rows("train")]) & set(persons[data.rows("valid")])
    assert len(data.rows("valid"))


def test_other_files_are_ignored(root):
    (root / FRAMES / "S005/001/.DS_Store").write_bytes(b"x")
    (root / FRAMES / ".DS_Store").write_bytes(b"x")
    (root / "Emotion/S005/001/._S005_001_00000009_emotion.txt").write_bytes(b"\0\5\x16")
    (root / FRAMES / "S099/001").mkdir(parents=True)
    assert len(datasets.load("ckplus", root.parent)) > 0


@pytest.mark.parametrize("text", ["", "joy", "8.0", "3.5", "-1", "nan"])
def test_faulty_emotion_file(root, text):
    path = next(iter(emotions_in(root).values()))
    path.write_text(text)
    with pytest.raises(FerError, match=f"{path.name} holds no emotion: write a number"):
        datasets.load("ckplus", root)


def test_label_without_sequence(root):
    key, path = next(iter(emotions_in(root).items()))
    shutil.rmtree(root / FRAMES / key.replace("_", "/"))
    with pytest.warns(UserWarning, match=f"1 labelled sequences have no frames, such as {key}"):
        datasets.load("ckplus", root)
    with pytest.raises(FerError, match="1 labelled sequences"):
        datasets.load("ckplus", root, unmatched="error")


def test_faulty_tags(root):
    (root / "tags.csv").write_text("sequence,emotion\nS005_001,fear\nS005_001,anger\n")
    with pytest.raises(FerError, match=r"tags.csv: S005_001 has two emotions"):
        datasets.load("ckplus", root)
    (root / "tags.csv").write_text("sequence,emotion\nS005_001,bored\n")
    with pytest.raises(FerError, match=r"tags.csv, line 2: unknown class name 'bored'"):
        datasets.load("ckplus", root)


def test_no_such_data(root, tmp_path):
    with pytest.raises(FerError, match="holds no CK.: expected cohn-kanade-images"):
        datasets.load("ckplus", tmp_path / "cache")
    shutil.rmtree(root / "Emotion")
    with pytest.raises(FerError, match="holds no CK"):
        datasets.load("ckplus", root)
    (root / "tags.csv").write_text("sequence,emotion\n")
    with pytest.raises(FerError, match="no sequence has a label"):
        datasets.load("ckplus", root)
    with pytest.raises(FerError, match="peak is 0"):
        datasets.load("ckplus", root, peak=0)
    with pytest.raises(FerError, match="no withheld labels"):
        ckplus.private_labels(root)
