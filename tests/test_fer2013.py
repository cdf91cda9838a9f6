"""FER2013 in every form it comes in, its contract, the cache, sheets, summary, download."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import types
import warnings

import fer2013_layouts as write
import numpy as np
import pytest
from PIL import Image

from fer_utils import datasets, paths
from fer_utils.datasets import cache, download, fer2013, summary
from fer_utils.datasets.fer2013 import csv_pixels, tiles
from fer_utils.errors import FerError


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FER_UTILS_DATA", raising=False)
    monkeypatch.setattr(cache, "_warned", set())


@pytest.fixture(scope="module")
def data():
    return write.faces()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def withheld(data):
    labels = np.where(data.usage == "PrivateTest", -1, data.labels)
    return dataclasses.replace(data, labels=labels)


def pair_with_labels(folder, data):
    write.write_pair(folder, data)
    write.write_usage(folder / "fer2013.csv", data.of("Training", "PublicTest"))


def zipped_pair(folder, data):
    pair_with_labels(folder, data)
    for name in ("train", "test", "fer2013"):
        write.zipped(folder / f"{name}.csv")


def one_zip(folder, data):
    pair_with_labels(folder, data)
    for name in ("train", "test", "fer2013"):
        write.zipped(folder / f"{name}.csv", out=folder / "competition.zip")


def pair_and_tar(folder, data):
    write.write_pair(folder, data)
    text = write.table_text(data.of("Training", "PublicTest")).encode()
    write.tarred(folder / "fer2013.tar.gz", **{"fer2013/fer2013.csv": text})


def usage_tar(folder, data):
    text = write.table_text(data).encode()
    write.tarred(folder / "fer2013.tar.gz", **{"fer2013/fer2013.csv": text})


def icml(folder, data):
    columns = ("emotion", "Usage", "pixels")
    write.write_usage(folder / "icml_face_data.csv", data, columns=columns, blank=" ")


def usage(**how):
    return lambda folder, data: write.write_usage(folder / "fer2013.csv", data, **how)


FORMS = {
    "pair": pair_with_labels,
    "pair in zips": zipped_pair,
    "pair in one zip": one_zip,
    "pair and tar": pair_and_tar,
    "fer2013.csv": usage(),
    "fer2013.csv.zip": lambda f, d: write.zipped(usage()(f, d)),
    "fer2013.tar.gz": usage_tar,
    "icml": icml,
    "another name": lambda f, d: write.write_usage(f / "faces (1).csv", d),
    "quotes": usage(quote='"'),
    "CRLF": usage(newline="\r\n", quote='"'),
    "no final newline": usage(last=False),
    "pixels first": usage(columns=("pixels", "Usage", "emotion")),
    "private labels blank": lambda f, d: write.write_usage(f / "fer2013.csv", withheld(d)),
    "sheets": write.write_sheets,
    "sheets, private labels blank": lambda f, d: write.write_sheets(f, withheld(d)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_dataset(form, folder, data):
    FORMS[form](folder, data)
    loaded = fer2013.load(folder)
    n = len(data.images)
    np.testing.assert_array_equal(loaded.images, data.images)
    np.testing.assert_array_equal(loaded.labels, withheld(data).labels)
    assert loaded.labels.dtype == np.int8
    assert loaded.split.tolist() == ["train"] * 84 + ["valid"] * 14 + ["test"] * 14
    assert loaded.names.tolist() == [str(i) for i in range(n)]
    assert np.bincount(loaded.groups, minlength=n)[[0, 2]].tolist() == [2, 2]
    assert len(np.unique(loaded.groups)) == n - 2
    assert loaded.name == "fer2013"
    assert str(folder) in loaded.source


def test_small_blocks_give_the_same(folder, data, monkeypatch):
    usage()(folder, data)
    monkeypatch.setattr(csv_pixels, "BLOCK", 700)
    np.testing.assert_array_equal(fer2013.load(folder).images, data.images)


def test_blank_lines_and_a_byte_order_mark_are_passed_over(folder, data):
    text = write.table_text(data, last=False).replace("\n0,", "\n\n0,") + "\n\n  \n"
    (folder / "fer2013.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    np.testing.assert_array_equal(fer2013.load(folder).images, data.images)


def test_shuffled_table_is_put_in_order(folder, data):
    rows = np.random.default_rng(1).permutation(len(data.images))
    write.write_usage(folder / "fer2013.csv", data.take(rows))
    loaded = fer2013.load(folder)
    order = np.concatenate([rows[data.usage[rows] == usage] for usage in write.USAGES])
    np.testing.assert_array_equal(loaded.images, data.images[order])
    private = fer2013.private_labels(folder)
    np.testing.assert_array_equal(private, data.labels[order][-14:])


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_one_file_of_a_pair_brings_the_other(name, folder, data):
    pair_with_labels(folder, data)
    assert fer2013.find(folder / name) == folder / name
    assert fer2013.load(folder / name).fingerprint == fer2013.load(folder).fingerprint


def test_a_complete_table_is_read_alone(folder, data):
    pair_with_labels(folder, data)
    other = dataclasses.replace(data, images=data.images[::-1])
    write.write_usage(folder / "icml_face_data.csv", other)
    np.testing.assert_array_equal(fer2013.load(folder).images, other.images)
    assert fer2013.load(folder / "train.csv").source.endswith("labels from fer2013.csv")


def test_an_incomplete_table_alone_is_read(folder, data):
    write.write_usage(folder / "fer2013.csv", data.of("Training", "PublicTest"))
    assert set(fer2013.load(folder).split) == {"train", "valid"}


def test_public_labels_need_equal_pixels(folder, data):
    write.write_pair(folder, data)
    other = data.of("PublicTest")
    other.images = other.images.copy()
    other.images[3, 5, 5] ^= 1
    write.write_usage(folder / "fer2013.csv", other)
    for _ in range(2):  # the second is from the cache
        with pytest.warns(UserWarning, match="stay unknown: its pixels in .*fer2013.csv"):
            loaded = fer2013.load(folder)
        assert (loaded.labels[loaded.split == "valid"] == -1).all()
        assert (loaded.labels[loaded.split == "train"] >= 0).all()


def test_public_labels_need_equal_rows(folder, data):
    write.write_pair(folder, data)
    write.write_usage(folder / "fer2013.csv", data.of("PublicTest").take(slice(3)))
    with pytest.warns(UserWarning, match="has 3 of its rows, the test table 14"):
        fer2013.load(folder)


def test_no_table_with_usage_is_said(folder, data):
    write.write_pair(folder, data)
    with pytest.warns(UserWarning, match="no file with Usage"):
        fer2013.load(folder)


@pytest.mark.parametrize("form", ["fer2013.csv", "fer2013.tar.gz", "icml", "sheets"])
def test_private_labels_come_only_when_asked_for(form, folder, data):
    FORMS[form](folder, data)
    private = fer2013.private_labels(folder)
    np.testing.assert_array_equal(private, data.labels[-14:])
    assert private.dtype == np.int8
    assert (fer2013.load(folder).labels[-14:] == -1).all()


@pytest.mark.parametrize("form", ["pair", "private labels blank", "sheets, private labels blank"])
def test_a_source_without_private_labels_says_so(form, folder, data):
    FORMS[form](folder, data)
    with pytest.raises(FerError, match="has no labels of PrivateTest"):
        fer2013.private_labels(folder)


# Image folders


def test_folders_mixed_test_is_withheld_and_valid_held_out(folder, data):
    write.write_folders(folder, data)
    loaded = fer2013.load(folder)
    assert [name.split("/")[0] for name in loaded.names] == ["train"] * 84 + ["test"] * 28
    assert loaded.names[:84].tolist() == sorted(loaded.names[:84].tolist())
    rows = [int(name[-9:-4]) for name in loaded.names]
    np.testing.assert_array_equal(loaded.images, data.images[rows])
    np.testing.assert_array_equal(loaded.labels[:84], data.labels[rows[:84]])
    assert (loaded.labels[84:] == -1).all()
    assert (loaded.split[84:] == "test").all()
    valid = loaded.rows("valid")
    assert 6 <= len(valid) <= 11
    assert not set(loaded.groups[valid]) & set(loaded.groups[loaded.rows("train")])
    np.testing.assert_array_equal(fer2013.private_labels(folder), data.labels[rows[84:]])


def test_folders_of_a_copy_with_validation(folder, data):
    spellings = ("Anger", "disgusted", "FEAR", "3_happy", "4", "surprised", "Neutral")
    parts = ("Training", "PublicTest", "PrivateTest")
    write.write_folders(folder / "images", data, spellings, parts)
    loaded = fer2013.load(folder)
    assert [len(loaded.rows(split)) for split in datasets.SPLITS] == [84, 14, 14]
    assert np.bincount(loaded.labels[:98]).tolist() == [14] * 7


def test_folders_of_odd_images(folder, data):
    write.write_folders(folder, data)
    Image.new("RGB", (100, 60), (255, 0, 0)).save(folder / "train" / "happy" / "x.jpg")
    (folder / "train" / "happy" / "notes.txt").write_text("not an image")
    (folder / "train" / "happy" / ".DS_Store").write_bytes(b"\0")
    loaded = fer2013.load(folder)
    assert loaded.images.shape == (113, 48, 48)
    red = loaded.images[loaded.names.tolist().index("train/happy/x.jpg")]
    assert abs(red.astype(int) - 76).max() <= 2  # 0.299 of 255
    assert fer2013.load(folder, size=32).images.shape == (113, 32, 32)


def folders_with_equal_names(folder, data):
    """Name the images of each class 0, 1, ..., as some public copies do."""
    write.write_folders(folder, data)
    for place in folder.glob("*/*"):
        for i, path in enumerate(sorted(place.iterdir())):
            path.rename(place / f"im{i}.png")


def test_names_and_order_of_test_images_do_not_tell_the_class(folder, data, tmp_path):
    write.write_folders(folder, data)
    loaded = fer2013.load(folder)
    assert loaded.names[84:].tolist() == [f"test/{i:05d}.png" for i in range(84, 112)]
    (entry,) = (paths.cache_dir() / "fer2013").glob("*.rows.npz")
    with np.load(entry) as rows:
        assert not any(name.count("/") > 1 for name in rows["names"][84:])


def test_test_images_of_equal_names_are_told_apart_without_the_class(folder, data, tmp_path):
    folders_with_equal_names(folder, data)
    Image.fromarray(data.images[0]).save(folder / "test" / "happy" / "im0-3.png")
    loaded = fer2013.load(folder)
    names = loaded.names[84:].tolist()
    assert len(set(names)) == 29
    # Seven classes have im0.png, one has im0-3.png too.
    assert {x for x in names if "im0" in x} == {f"test/im0-{i}.png" for i in range(1, 9)}
    private = fer2013.private_labels(folder)
    truth = {image.tobytes(): x for image, x in zip(data.images, data.labels, strict=True)}
    truth[data.images[0].tobytes()] = 3
    assert private.tolist() == [truth[image.tobytes()] for image in loaded.images[84:]]
    # With the classes' folders in turn renamed, the same images have the same names.
    other = tmp_path / "other"
    folder.rename(other)
    places = [other / "test" / name for name in write.CLASSES]
    for place in places:
        place.rename(place.with_name("_" + place.name))
    for place, source in zip(places, places[1:] + places[:1], strict=True):
        source.with_name("_" + source.name).rename(place)
    again = fer2013.load(other)
    assert again.names[84:].tolist() == names
    np.testing.assert_array_equal(again.images[84:], loaded.images[84:])


@pytest.mark.parametrize("form", ["fer2013.csv", "folders", "equal names"])
def test_private_labels_take_the_options_of_load(form, folder, data):
    forms = FORMS | {"folders": write.write_folders, "equal names": folders_with_equal_names}
    forms[form](folder, data)
    rows = np.arange(111, 50, -2)
    truth = {image.tobytes(): x for image, x in zip(data.images, data.labels, strict=True)}
    images = fer2013.load(folder).take(rows).images
    part = fer2013.load(folder, size=24).take(rows)
    given = datasets.private_labels(part, folder, size=24)
    assert given.tolist() == [truth[images[row].tobytes()] for row in part.rows("test")]


# Sizes


@pytest.mark.parametrize(("size", "shape"), [(24, (24, 24)), (64, (64, 64)), ((32, 40), (32, 40))])
def test_size(size, shape, folder, data):
    usage()(folder, data)
    loaded = fer2013.load(folder, size=size)
    assert loaded.images.shape == (112, *shape)
    np.testing.assert_array_equal(loaded.groups, fer2013.load(folder).groups)
    if size == 24:  # INTER_AREA: the mean of four
        means = data.images.reshape(-1, 24, 2, 24, 2).mean(axis=(2, 4))
        assert abs(loaded.images - means).max() <= 0.5


@pytest.mark.parametrize("size", [0, -3, (48,), (1, 2, 3), 10**6, 24.5, "48"])
def test_impossible_size(size, folder, data):
    usage()(folder, data)
    with pytest.raises(FerError, match="size"):
        fer2013.load(folder, size=size)


# Cache


def no_parsing(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("parsed again")

    monkeypatch.setattr(csv_pixels, "read", fail)


def test_second_load_is_from_the_cache(folder, data, monkeypatch):
    pair_with_labels(folder, data)
    first = fer2013.load(folder)
    no_parsing(monkeypatch)
    second = fer2013.load(folder)
    assert second.__dict__["fingerprint"] == first.fingerprint
    fresh = dataclasses.replace(second)
    assert fresh.fingerprint == first.fingerprint
    for field in dataclasses.fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
        assert type(getattr(first, field.name)) is type(getattr(second, field.name))
    assert second.take(np.arange(3)).fingerprint == first.take(np.arange(3)).fingerprint


def test_a_changed_source_is_noticed_and_the_old_entry_removed(folder, data):
    usage()(folder, data)
    fer2013.load(folder)
    fer2013.load(folder, size=24)
    changed = dataclasses.replace(data, labels=(data.labels + 1) % 7)
    stat = usage()(folder, changed).stat()
    os.utime(folder / "fer2013.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert fer2013.load(folder).labels[0] == 1
    assert len(list((paths.cache_dir() / "fer2013").iterdir())) == 2


def test_a_changed_image_file_is_noticed(folder, data):
    write.write_folders(folder, data)
    before = fer2013.load(folder)
    Image.fromarray(255 - data.images[0]).save(folder / before.names[0])
    assert fer2013.load(folder).fingerprint != before.fingerprint


@pytest.mark.parametrize("form", ["fer2013.csv", "folders"])
def test_an_edit_that_keeps_size_and_time_is_noticed(form, folder, data):
    (FORMS | {"folders": write.write_folders})[form](folder, data)
    before = fer2013.load(folder)
    path = folder / "fer2013.csv" if form == "fer2013.csv" else folder / before.names[0]
    stat, content = path.stat(), path.read_bytes()
    if form == "fer2013.csv":
        middle = content.index(b"\n1,", len(content) // 2) + 1  # far from both ends
        content = content[:middle] + b"2" + content[middle + 1 :]
    else:
        Image.fromarray(255 - before.images[0]).save(path)
        content = path.read_bytes()[: stat.st_size].ljust(stat.st_size, b"\0")
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fer2013.load(folder).fingerprint != before.fingerprint


def test_a_tar_is_looked_into_no_further_than_its_table(folder, data):
    usage_tar(folder, data)
    path = folder / "fer2013.tar.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert fer2013.find(folder) == folder
    with pytest.raises(FerError, match="cut off"):
        fer2013.load(folder)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "gone"])
@pytest.mark.parametrize("suffix", [".images.npy", ".rows.npz"])
def test_a_damaged_entry_is_written_anew(damage, suffix, folder, data):
    usage()(folder, data)
    before = fer2013.load(folder).fingerprint
    (entry,) = (paths.cache_dir() / "fer2013").glob(f"*{suffix}")
    whole = entry.read_bytes()
    half = len(whole) // 2
    flipped = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    entry.unlink()
    if damage != "gone":
        damaged = {"cut": whole[:half], "flip": flipped, "empty": b"", "text": b"hello"}[damage]
        entry.write_bytes(damaged)
    assert dataclasses.replace(fer2013.load(folder)).fingerprint == before
    assert len(entry.read_bytes()) == len(whole)


def test_an_unwritable_cache_warns_once(folder, data, monkeypatch, tmp_path):
    usage()(folder, data)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not kept"):
        fer2013.load(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(fer2013.load(folder)) == 112


def test_processes_at_once(folder, data):
    usage()(folder, data)
    code = (
        f"from fer_utils.datasets import fer2013; print(fer2013.load({str(folder)!r}).fingerprint)"
    )
    command = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
    started = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(3)]
    printed = {process.communicate()[0].decode().strip() for process in started}
    assert printed == {fer2013.load(folder).fingerprint}
    assert len(list((paths.cache_dir() / "fer2013").iterdir())) == 2


def test_private_labels_are_not_in_the_cache(folder, data):
    usage()(folder, data)
    fer2013.private_labels(folder)
    fer2013.load(folder)
    (entry,) = (paths.cache_dir() / "fer2013").glob("*.rows.npz")
    with np.load(entry) as rows:
        assert (rows["labels"][-14:] == -1).all()
        assert rows["labels"].shape == (112,)


# Sheets written by pack


@pytest.mark.parametrize("form", ["fer2013.csv", "pair", "sheets", "private labels blank"])
def test_pack_round_trip(form, folder, data, tmp_path):
    FORMS[form](folder, data)
    out = tiles.pack(folder, tmp_path / "packed")
    assert fer2013.load(out).fingerprint == fer2013.load(folder).fingerprint
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(files) == {"labels.csv", *(f"{name}.png" for name in write.USAGES)}
    if form == "fer2013.csv":
        np.testing.assert_array_equal(fer2013.private_labels(out), data.labels[-14:])
    assert tiles.pack(folder, out) == out
    assert files == {path.name: path.read_bytes() for path in out.iterdir()}
    assert not list(tmp_path.glob(".*"))


def test_pack_does_not_overwrite(folder, data, tmp_path):
    usage()(folder, data)
    other = write.write_sheets(tmp_path / "other", write.faces(train=21))
    for out in (other, folder, folder / "fer2013.csv"):
        with pytest.raises(FerError, match="holds something else"):
            tiles.pack(folder, out)
    assert len(list(folder.iterdir())) == 1


def test_pack_leaves_nothing_half_written(folder, data, tmp_path, monkeypatch):
    usage()(folder, data)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(FerError, match="disk is full"):
        tiles.pack(folder, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_pack_leaves_the_part_of_a_living_process(folder, data, tmp_path):
    usage()(folder, data)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    parts = [tmp_path / f".out.{pid}.part" for pid in (os.getppid(), gone.pid, os.getpid())]
    for part in parts:
        part.mkdir()
    tiles.pack(folder, tmp_path / "out")
    assert [part.exists() for part in parts] == [True, False, False]


def test_pack_looks_in_the_usual_places(folder, data, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_UTILS_DATA", str(usage()(folder, data)))
    assert fer2013.load(tiles.pack(None, tmp_path / "out")).fingerprint


def test_folders_are_not_packed(folder, data, tmp_path):
    write.write_folders(folder, data)
    with pytest.raises(FerError, match="cannot be packed"):
        tiles.pack(folder, tmp_path / "out")


# Probing


@pytest.fixture
def no_places(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "KAGGLE_INPUT", tmp_path / "input")
    monkeypatch.setattr(paths, "PROJECT", tmp_path / "project")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)


MOUNTS = [
    f"input/{paths.COMPETITION}",
    f"input/competitions/{paths.COMPETITION}",
    "input/fer2013",
    "input/datasets/someone/fer2013/archive",
    "project/data",
]


@pytest.mark.parametrize("mount", MOUNTS)
def test_probing_finds_the_mounts(mount, no_places, tmp_path, data):
    (tmp_path / "input" / "titanic").mkdir(parents=True)
    (tmp_path / "input" / "titanic" / "train.csv").write_text("PassengerId,Survived\n1,0\n")
    (tmp_path / "input" / "cats" / "train" / "cat").mkdir(parents=True)
    pair_with_labels(tmp_path / mount, data)
    assert fer2013.find() == tmp_path / mount
    assert len(fer2013.load()) == 112


@pytest.mark.parametrize("as_file", [False, True])
def test_probing_prefers_the_environment(as_file, no_places, tmp_path, folder, data, monkeypatch):
    pair_with_labels(tmp_path / MOUNTS[0], data)
    file = usage()(folder, data)
    monkeypatch.setenv("FER_UTILS_DATA", str(file if as_file else folder))
    assert datasets.find("fer2013") == (file if as_file else folder)


def test_probing_finds_nothing(no_places, tmp_path):
    assert fer2013.find() is None
    with pytest.raises(FerError, match="FER_UTILS_DATA"):
        fer2013.load()


def test_a_wrong_environment_does_not_end_in_other_data(no_places, tmp_path, data, monkeypatch):
    pair_with_labels(tmp_path / "data", data)
    for name, says in (("nothing", "nothing does not exist"), ("input", "holds no FER2013")):
        (tmp_path / "input").mkdir(exist_ok=True)
        monkeypatch.setenv("FER_UTILS_DATA", str(tmp_path / name))
        for look in (fer2013.find, fer2013.load, fer2013.private_labels):
            with pytest.raises(FerError, match=says):
                look()


def test_probing_says_what_is_damaged(no_places, tmp_path, data):
    write.write_pair(tmp_path / "data", data)
    (tmp_path / "data" / "train.csv").write_text("<!DOCTYPE html><html>")
    for look in (fer2013.find, fer2013.load):
        with pytest.raises(FerError, match="train.csv is a web page"):
            look()


def test_probing_passes_over_other_data(no_places, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("PassengerId,Survived\n1,0\n")
    assert fer2013.find() is None


# Summary


def test_summary(folder, data):
    usage()(folder, data)
    facts = summary.describe(fer2013.load(folder))
    assert json.loads(json.dumps(facts)) == facts
    splits = facts["splits"]
    assert [splits[split]["rows"] for split in splits] == [84, 14, 14]
    assert [splits[split]["labelled"] for split in splits] == [84, 14, 0]
    assert splits["train"]["classes"] == dict.fromkeys(write.CLASSES, 12)
    assert [splits[split]["blank"] for split in splits] == [1, 0, 0]
    assert [splits[split]["twin_in_train"] for split in splits] == [2, 1, 0]
    assert facts["distinct_images"] == 110
    # Rows 0 and 5 are angry and surprise; 2 and 85 are fear and disgust.
    assert facts["conflicting"] == 4


def test_summary_as_lines(folder, data):
    usage()(folder, data)
    lines = summary.lines(fer2013.load(folder))
    text = "\n".join(lines)
    assert "112 images of 48x48 pixels" in lines[0]
    assert str(folder) in lines[1]
    assert re.search(r"\nhappy +12 +2 +-\n", text)
    assert re.search(r"\nidentical in train +2 +1 +0\n", text)


# Download, with a stand-in for the kaggle package


@pytest.fixture
def kaggle(monkeypatch, tmp_path, data):
    """Return the stand-in's class; ``fail`` is raised by its download."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", "SECRET")

    class KaggleApi:
        fail = None
        refuse = False

        def authenticate(self):
            sys.stdout.write("SECRET advice")
            if self.refuse:
                raise SystemExit(1)

        def competition_download_files(self, competition, path, quiet):
            if self.fail:
                raise self.fail
            source = write.write_pair(tmp_path / "source", data)
            usage()(source, data)
            for name in ("train", "test", "fer2013"):
                out = os.path.join(path, f"{competition}.zip")
                write.zipped(source / f"{name}.csv", out=out)

    modules = ["kaggle", "kaggle.api", "kaggle.api.kaggle_api_extended"]
    for name in modules:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules[modules[-1]].KaggleApi = KaggleApi
    return KaggleApi


class Refused(OSError):  # as requests.HTTPError is
    def __init__(self, status):
        super().__init__("SECRET in the address")
        self.response = types.SimpleNamespace(status_code=status)


def test_download(kaggle, tmp_path, capsys):
    out = download.download(tmp_path / "data")
    assert [path.name for path in out.iterdir()] == [f"{paths.COMPETITION}.zip"]
    assert len(fer2013.load(out)) == 112
    kaggle.fail = Refused(500)  # not reached: the data is there
    assert download.download(tmp_path / "data") == out
    assert "SECRET" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("fail", "says"),
    [
        (Refused(401), "does not accept the token"),
        (Refused(403), "accept the rules at https://www.kaggle.com/c/"),
        (Refused(429), "wants fewer requests"),
        (Refused(500), "Kaggle failed .500."),
        (ConnectionResetError(104, "reset"), "connection to Kaggle broke .*: check the network"),
        (
            ValueError("SECRET at https://x/y?Signature=SECRET"),
            r"files: \*\*\* at https://x/y\?\*\*\*$",
        ),
        (SystemExit(1), "SystemExit"),
        (OSError(28, "No space left on device"), "disk is full"),
    ],
)
def test_download_refused(fail, says, kaggle, tmp_path, capsys):
    kaggle.fail = fail
    with pytest.raises(FerError, match=says) as caught:
        download.download(tmp_path / "data")
    assert "SECRET" not in str(caught.value) + "".join(capsys.readouterr())
    assert not list((tmp_path / "data").iterdir())


def test_download_token_not_accepted(kaggle, tmp_path):
    kaggle.refuse = True
    with pytest.raises(FerError, match="does not accept the token"):
        download.download(tmp_path / "data")


def test_download_without_token(kaggle, tmp_path, monkeypatch):
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    with pytest.raises(FerError, match="no Kaggle token found: make one at https"):
        download.download(tmp_path / "data")
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text("{}")
    assert download.download(tmp_path / "data")


def test_download_without_package(kaggle, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    with pytest.raises(FerError, match="pip install kaggle"):
        download.download(tmp_path / "data")
