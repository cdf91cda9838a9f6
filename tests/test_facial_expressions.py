"""Photographs of every kind, and the competition's folder with its faulty legend."""

import re
import warnings

import numpy as np
import pytest
from PIL import Image

from fer_utils import datasets
from fer_utils.datasets import cache, facial_expressions, listings, photographs, policies
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS, DATA622, FER2013, mapping

LEGEND = "user.id,image,emotion\n"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_warned", set())


def ramp(height=20, width=30):
    """Return a grey image that tells left from right and top from bottom."""
    rows, columns = np.mgrid[:height, :width]
    return (rows * 4 + columns * 2 + 10).astype(np.uint8)


def write(path, image=None, seed=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if seed is not None:
        image = np.random.default_rng(seed).integers(0, 256, (24, 24), np.uint8)
    Image.fromarray(ramp() if image is None else image).save(path, format="PNG")
    return path


@pytest.fixture
def folder(tmp_path):
    """Write 12 labelled photographs of 6 persons, and 3 to predict."""
    root = tmp_path / "data"
    rows = []
    for i in range(12):
        write(root / f"images/Person_{'ABCDEF'[i // 2]}_{i:04d}.jpg", seed=i)
        emotion = ("happiness", "NEUTRAL")[i // 2 % 2]
        rows.append(f"dwdii,Person_{'ABCDEF'[i // 2]}_{i:04d}.jpg,{emotion}\n")
    for i, name in enumerate(("Person_A_0099", "7a", "KA.AN2.40")):
        write(root / f"test/{name}.jpg", seed=50 + i)
    (root / "data").mkdir()
    (root / "data/legend.csv").write_text(LEGEND + "".join(rows))
    return root


def add(folder, *rows):
    with open(folder / "data/legend.csv", "a") as file:
        file.write("".join(f"{row}\n" for row in rows))


def quietly(folder, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return datasets.load("facial_expressions", folder, size=16, **options)


# One photograph


def test_grey_and_rgb(tmp_path):
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[..., 0] = 200
    path = write(tmp_path / "x.png", colour)
    np.testing.assert_array_equal(photographs.read(path, rgb=True), colour)
    assert photographs.read(path).shape == (4, 6)
    assert (photographs.read(path) == round(0.299 * 200)).all()
    grey = photographs.read(write(tmp_path / "g.png"), rgb=True)
    np.testing.assert_array_equal(grey, np.repeat(ramp()[..., None], 3, axis=2))


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (8, 1), (3, 2), (6, 3)])
def test_exif_rotation(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(ramp()).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(photographs.read(tmp_path / "x.png"), np.rot90(ramp(), turns))


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:2, :, 3] = 255
    rgba[2, :, 3] = 128
    Image.fromarray(rgba).save(tmp_path / "x.png")
    assert photographs.read(tmp_path / "x.png")[:, 0].tolist() == [0, 0, 127, 255]
    la = Image.fromarray(rgba[..., 2:]).convert("LA")
    la.save(tmp_path / "la.png")
    assert photographs.read(tmp_path / "la.png")[:, 0].tolist() == [0, 0, 127, 255]


def test_palette_is_looked_up(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([250, 250, 250, 10, 10, 10])
    image.save(tmp_path / "x.png", transparency=1)
    assert photographs.read(tmp_path / "x.png").tolist() == [[250, 255], [255, 250]]
    image.save(tmp_path / "x.gif")
    assert photographs.read(tmp_path / "x.gif").tolist() == [[250, 10], [10, 250]]


def test_cmyk_16_bits_and_two_levels(tmp_path):
    Image.new("CMYK", (8, 8), (0, 0, 0, 255)).save(tmp_path / "x.jpg")
    assert photographs.read(tmp_path / "x.jpg").max() < 5
    Image.new("CMYK", (8, 8), (0, 0, 0, 0)).save(tmp_path / "x.jpg")
    assert photographs.read(tmp_path / "x.jpg", rgb=True).min() > 250
    deep = (ramp().astype(np.uint16) << 8) + 77
    Image.fromarray(deep).save(tmp_path / "x.png")
    np.testing.assert_array_equal(photographs.read(tmp_path / "x.png"), ramp())
    Image.fromarray(ramp() > 50).save(tmp_path / "b.png")
    assert set(photographs.read(tmp_path / "b.png").ravel()) == {0, 255}


def test_content_tells_the_format(tmp_path):
    Image.fromarray(ramp()).convert("RGB").save(tmp_path / "w.jpg", format="WEBP", lossless=True)
    assert np.abs(photographs.read(tmp_path / "w.jpg").astype(int) - ramp()).max() <= 2
    stereo = [Image.fromarray(ramp()), Image.fromarray(ramp())]
    stereo[0].save(tmp_path / "m.jpg", format="MPO", save_all=True, append_images=stereo[1:])
    assert photographs.read(tmp_path / "m.jpg").shape == (20, 30)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty: replace"),
        (b"GIF89a\0\0\0\0\0\0\0", "is no image that can be read"),
        (b"<html>not found</html>", "is no image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image that can be read"),
    ],
)
def test_unreadable(tmp_path, content, says):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(FerError, match=f"x.jpg {says}"):
        photographs.read(tmp_path / "x.jpg")


def test_cut_off_absent_or_in_floats(tmp_path):
    whole = write(tmp_path / "x.png", seed=1).read_bytes()
    (tmp_path / "x.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FerError, match="x.png is no image"):
        photographs.read(tmp_path / "x.png")
    with pytest.raises(FerError, match="none.png is no image"):
        photographs.read(tmp_path / "none.png")
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(FerError, match="f.tif has more than 16 bits"):
        photographs.read(tmp_path / "f.tif")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [9_100, 15_000])
def test_decompression_bomb(tmp_path, side):
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 100_000
    with pytest.raises(FerError, match="bomb.png has .*too many"):
        photographs.read(tmp_path / "bomb.png")


def test_fits():
    image = np.zeros((10, 30), np.uint8)
    image[:, 10:20] = 200
    assert (photographs.fitted(image, (5, 5), "crop") == 200).all()
    padded = photographs.fitted(image, (30, 30), "pad")
    assert padded.shape == (30, 30)
    np.testing.assert_array_equal(padded[10:20], image)
    assert padded[:10].max() == padded[20:].max() == 0
    assert photographs.fitted(image, (10, 10)).mean() == pytest.approx(200 / 3, abs=1)
    assert photographs.fitted(np.zeros((3, 1000, 3), np.uint8), (8, 8), "pad").shape == (8, 8, 3)
    assert photographs.fitted(image[:1, :1], (4, 9), "crop").shape == (4, 9)


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("images/George_W_Bush_0003.jpg", "george_w_bush"),
        ("KatrinaKaif_12.jpg", "katrinakaif"),
        ("KA.AN2.40.jpg", "ka"),
        ("KA.HA3.31.jpg", "ka"),
        ("118a.jpg", ""),
        ("y38.jpg", "y"),
        ("facial-expressions_2868588k.jpg", "facial-expressions"),
        ("Moon-So-ri_0001.jpg", "moon-so-ri"),
        ("anna.jpg", "anna"),
    ],
)
def test_person_of(name, person):
    assert photographs.person_of(name) == person


# The data set


def test_rows(folder):
    data = quietly(folder)
    assert data.images.shape == (15, 16, 16)
    assert data.classes == DATA622
    assert data.split.tolist() == ["train"] * 12 + ["test"] * 3
    expected = [DATA622.index(("happiness", "neutral")[i // 2 % 2]) for i in range(12)]
    assert data.labels.tolist() == expected + [-1] * 3
    assert data.names[0] == "images/Person_A_0000.jpg"
    assert data.names[-1] == "test/Person_A_0099.jpg"
    assert len(np.unique(data.groups)) == 8
    assert data.groups[-1] == data.groups[0] == data.groups[1]
    np.testing.assert_array_equal(
        data.images[0], photographs.fitted(photographs.read(folder / data.names[0]), (16, 16))
    )


def test_names_are_no_features(folder, tmp_path):
    """Other names in the test folder: the same images, and the labels still unknown."""
    before = quietly(folder)
    for i, path in enumerate(sorted((folder / "test").iterdir())):
        path.rename(path.with_name(f"z{i}_happiness.jpg"))
    after = quietly(folder)
    np.testing.assert_array_equal(before.images, after.images)
    np.testing.assert_array_equal(before.labels, after.labels)


def test_identical_pixels_join_persons(folder):
    write(folder / "images/Other_0001.jpg", seed=0)
    add(folder, "x,Other_0001.jpg,fear")
    data = quietly(folder)
    other = data.names.tolist().index("images/Other_0001.jpg")
    assert data.groups[other] == data.groups[data.names.tolist().index("images/Person_A_0001.jpg")]


def test_repeated_rows_count_once(folder):
    add(folder, "jhamski,Person_A_0000.jpg,HAPPINESS", "628,Person_A_0000.jpg, Happiness")
    assert len(quietly(folder)) == 15


@pytest.mark.parametrize(
    ("option", "row", "left", "says"),
    [
        ("contradicting", "x,Person_A_0000.jpg,sadness", 14, "1 images .* contradict.*A_0000"),
        ("unmatched", "x,Nobody_0001.jpg,sadness", 15, "legend.csv: 1 rows have no file.*Nobody"),
        ("unmatched", "x,../../secret.jpg,sadness", 15, "1 rows have no file"),
    ],
)
def test_faulty_rows(folder, option, row, left, says):
    add(folder, row)
    with pytest.warns(UserWarning, match=says):
        data = datasets.load("facial_expressions", folder, size=16)
    assert len(data) == left
    with pytest.raises(FerError, match=f'{says}.*{option}="drop"'):
        quietly(folder, **{option: "error"})
    with pytest.raises(FerError, match="write 'drop' or 'error'"):
        quietly(folder, **{option: "ignore"})


def test_file_without_row(folder):
    write(folder / "images/Extra_0001.jpg", seed=90)
    write(folder / "images/Extra_0002.jpg", seed=91)
    add(folder, "x,Extra_0002.jpg,")
    with pytest.warns(
        UserWarning, match="2 files have no label in legend.csv, such as Extra_0001"
    ):
        assert len(datasets.load("facial_expressions", folder, size=16)) == 15


def test_unreadable_photographs(folder):
    (folder / "images/Person_A_0000.jpg").write_bytes(b"")
    (folder / "images/Person_C_0004.jpg").write_bytes(b"nonsense")
    with pytest.raises(FerError, match=r"2 images cannot be read: .*A_0000.jpg is empty.*drop"):
        quietly(folder)
    for _ in range(2):  # the second time from the cache
        with pytest.warns(UserWarning, match="2 images cannot be read"):
            data = datasets.load("facial_expressions", folder, size=16, unreadable="drop")
        assert len(data) == 13
    with pytest.raises(FerError, match="2 images"):
        quietly(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LEGEND + "x,Person_A_0000.jpg,bored\n", "legend.csv, line 2: unknown class name 'bored'"),
        ("user.id,picture,emotion\n", "legend.csv, line 1: the header.*column for the image"),
        ("user.id,image,mood\n", "column for the label, named emotion or label"),
        ("", "line 1: the header is ''"),
    ],
)
def test_faulty_legend(folder, text, says):
    (folder / "data/legend.csv").write_text(text)
    with pytest.raises(FerError, match=says):
        quietly(folder)


def test_legend_in_other_encodings(folder):
    legend = folder / "data/legend.csv"
    text = legend.read_text()
    legend.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r").encode())
    assert len(quietly(folder)) == 15
    legend.write_bytes(text.encode("utf-16"))
    with pytest.raises(FerError, match="is not UTF-8"):
        quietly(folder)


def test_no_such_data(folder, tmp_path):
    with pytest.raises(FerError, match="holds no facial_expressions: expected images/"):
        datasets.load("facial_expressions", tmp_path / "none", size=16)
    assert facial_expressions.find(folder) == folder.resolve()
    with pytest.raises(FerError, match="Kaggle's alone"):
        datasets.private_labels(quietly(folder), folder, size=16)


def test_many_sizes_need_size(folder):
    write(folder / "images/Person_A_0000.jpg")
    with pytest.raises(FerError, match="several sizes, such as .*give size"):
        datasets.load("facial_expressions", folder)
    with pytest.raises(FerError, match="write 150 or"):
        datasets.load("facial_expressions", folder, size=(1, 2, 3))
    with pytest.raises(FerError, match="fit is 'zoom'"):
        datasets.load("facial_expressions", folder, size=16, fit="zoom")
    assert datasets.load("facial_expressions", folder, size=(16, 24)).images.shape[1:] == (16, 24)
    assert datasets.load("facial_expressions", folder, size=16, rgb=True).images.shape[3] == 3


def test_own_size_where_all_agree(folder):
    assert datasets.load("facial_expressions", folder).images.shape[1:] == (24, 24)


def test_valid_is_a_part_of_train_by_person(folder):
    data = quietly(folder, valid=0.34)
    train, valid = (data.rows(s) for s in ("train", "valid"))
    assert (len(train), len(valid)) == (8, 4)
    assert len(np.unique(data.labels[valid])) == 2
    assert not set(data.groups[train]) & set(data.groups[valid])


def test_decoded_once(folder, monkeypatch):
    first = quietly(folder)
    monkeypatch.setattr(photographs, "read", None)
    second = quietly(folder)
    assert second.fingerprint == first.fingerprint
    assert isinstance(second.images.base, np.memmap)
    assert not second.images.flags.writeable
    monkeypatch.undo()
    monkeypatch.setenv("FER_UTILS_CACHE", str(folder.parent / "cache"))
    write(folder / "images/Person_A_0000.jpg", seed=1000)
    assert quietly(folder).fingerprint != first.fingerprint


def test_large_sets_are_decoded_to_disk(folder, monkeypatch):
    first = quietly(folder)
    monkeypatch.setattr(listings, "_IN_MEMORY", 0)
    monkeypatch.setenv("FER_UTILS_CACHE", str(folder.parent / "other"))
    assert quietly(folder).fingerprint == first.fingerprint
    left = [p.name for p in (folder.parent / "other").rglob("*") if p.is_file()]
    assert len(left) == 2


def test_policies_say_how_many():
    with pytest.warns(UserWarning, match=re.escape("{a}: 3 rows, such as x; they are left out")):
        policies.settle("rows", "drop", ["x", "y", "z"], "{a}: {n} rows, such as {example}")


def test_vocabularies_map_onto_each_other():
    assert mapping(FER2013, DATA622) == [0, 1, 5, 3, 6, 4, 2]
    assert mapping(CKPLUS, FER2013) == [0, -1, 1, 2, 3, 4, 5]
