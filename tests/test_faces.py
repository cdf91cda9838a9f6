import dataclasses
import sys

import cv2
import numpy as np
import pytest
from conftest import draw_faces
from PIL import Image
from skimage import data

from fer_utils import faces
from fer_utils.datasets import synthetic
from fer_utils.errors import FerError
from fer_utils.faces import Face, boxes, detection, networks, store

SIDE = 192  # smaller than usual: faster
BOX = (178, 62, 86, 109)  # the astronaut's face, forehead to chin


@pytest.fixture(scope="session")
def astronaut():
    """Return a photograph, RGB, 512x512; scikit-image ships it, public domain (NASA)."""
    return data.astronaut()


@pytest.fixture(scope="session")
def portrait(astronaut):
    """Return the upper part of it, 240x240."""
    return np.ascontiguousarray(astronaut[:240, 90:330])


@pytest.fixture(scope="session")
def many(astronaut, portrait):
    """Return photographs by name, and what is found in them, all at once."""
    photos = {
        "portrait": portrait,
        "grey": cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY),
        "tiny": cv2.resize(portrait, (36, 36), interpolation=cv2.INTER_AREA),
        "wide": np.concatenate([portrait, np.full((240, 500, 3), 99, np.uint8)], axis=1),
        "cut": np.ascontiguousarray(portrait[:, 110:]),
        "ten": np.tile(portrait, (2, 5, 1)),
        "none": np.full((80, 60, 3), 120, np.uint8),
        "one pixel": np.zeros((1, 1), np.uint8),
        "thread": np.zeros((2, 900, 3), np.uint8),
    }
    found = faces.detect(photos.values(), SIDE)
    return photos, dict(zip(photos, found, strict=True))


def overlap(a, b):
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in (a, b)])
    return boxes.overlaps(corners)[0, 1]


def a_dataset(photos):
    """Return a Dataset of these photographs, in a group each."""
    n = len(photos)
    return dataclasses.replace(
        draw_faces(n, side=16), images=np.stack(photos), groups=np.arange(n)
    )


@pytest.mark.parametrize("name", ["portrait", "grey", "wide"])
def test_a_face_is_found(many, name):
    (face,) = many[1][name]
    x, y, *size = BOX
    assert overlap(face.box, (x - 90, y, *size)) > 0.6
    assert face.confidence > 0.95
    (left, level), (right, other) = face.eyes
    assert abs(level - other) < 10
    assert 25 < right - left < 60


def test_a_tiny_photograph_is_enlarged(many):
    (face,) = many[1]["tiny"]
    assert overlap([side * 240 / 36 for side in face.box], many[1]["portrait"][0].box) > 0.6


def test_a_face_at_the_border(many):
    photos, found = many
    (face,) = found["cut"]
    assert face.box[0] < 0, "half of the face is outside, and the box says so"
    left, top, side = faces.square(face.box, photos["cut"].shape, margin=0.2)
    assert left == 0
    assert faces.crop(photos["cut"], face, 48, margin=0.2).shape == (48, 48, 3)


@pytest.mark.backend
def test_ten_faces(many):
    assert len(many[1]["ten"]) == 10


@pytest.mark.parametrize("name", ["none", "one pixel", "thread"])
def test_nothing_is_found(many, name):
    assert many[1][name] == ()


def test_no_photographs():
    assert faces.detect([]) == []


def test_alone_or_in_a_batch(many):
    photos, found = many
    ((alone,),) = faces.detect([photos["portrait"]], SIDE)
    np.testing.assert_allclose(alone.box, found["portrait"][0].box, atol=0.1)


@pytest.mark.parametrize(
    ("photo", "says"),
    [
        (np.zeros((0, 5, 3), np.uint8), "not empty"),
        (np.zeros((5, 5, 4), np.uint8), "photograph 0 is uint8 \\(5, 5, 4\\)"),
        (np.zeros((5, 5)), "float64"),
        ("face.png", "str"),
    ],
)
def test_what_is_no_photograph(photo, says):
    with pytest.raises(FerError, match=says):
        faces.detect([photo])


@pytest.mark.parametrize("side", [0, 23, 5000, 200.0, None])
def test_sides_out_of_range(side):
    with pytest.raises(FerError, match="side"):
        faces.detect([], side)


def test_agrees_with_mtcnn(portrait):
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("the package's own code runs on TensorFlow alone")
    from mtcnn import MTCNN

    (theirs,) = MTCNN().detect_faces(portrait)
    ((ours,),) = faces.detect([portrait], 240)
    assert overlap(ours.box, theirs["box"]) > 0.85
    points = [theirs["keypoints"][f"{side}_eye"] for side in ("left", "right")]
    assert np.abs(np.array(ours.eyes) - points).max() < 4


def test_synthetic_faces_are_found():
    shots = synthetic.snapshots(24, seed=3)
    found = [faces.largest(f) for f in faces.detect(shots.dataset.images, SIDE)]
    there = [(f, b, e) for f, b, e in zip(found, shots.boxes, shots.eyes, strict=True) if f]
    assert len(there) >= 18
    assert np.median([overlap(face.box, box) for face, box, _ in there]) > 0.6
    apart = [np.abs(np.array(face.eyes) - eyes).max() / box[2] for face, box, eyes in there]
    assert np.median(apart) < 0.1


def test_missing_package_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn.stages", None)
    with pytest.raises(FerError, match="pip install 'mtcnn>=1.0'"):
        networks.load.__wrapped__()  # past its cache


def test_overlapping_boxes_are_thinned():
    rows = np.array(
        [
            [0, 0, 0, 10, 10, 0.8],
            [0, 1, 0, 11, 10, 0.9],
            [1, 0, 0, 10, 10, 0.7],
            [0, 20, 0, 30, 10, 0.6],
        ]
    )
    assert boxes.thinned(rows, 0.5)[:, 5].tolist() == [0.9, 0.6, 0.7]
    inner = np.array([[0, 0, 0, 10, 10, 0.9], [0, 2, 2, 5, 5, 0.8]])
    assert len(boxes.thinned(inner, 0.5)) == 2
    assert len(boxes.thinned(inner, 0.5, of_smaller=True)) == 1
    assert len(boxes.thinned(boxes.EMPTY, 0.5)) == 0


def test_the_largest_confident_face():
    small, large = Face((0, 0, 10, 10), 0.99), Face((0, 0, 20, 20), 0.95)
    unsure = Face((0, 0, 90, 90), 0.8)
    assert faces.largest((small, unsure, large)) is large
    assert faces.largest((small, unsure, large), confident=0.5) is unsure
    assert faces.largest((unsure,)) is None
    assert faces.largest(()) is None


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((40, 30, 20, 20), 0.0, (40, 30, 20)),
        ((40, 30, 20, 20), 0.25, (35, 25, 30)),
        ((40, 30, 20, 10), 0.0, (40, 25, 20)),  # the longer side counts
        ((-10, -10, 30, 30), 0.0, (0, 0, 20)),  # only what is inside counts
        ((90, 30, 10, 10), 0.5, (80, 25, 20)),  # the square moves
        ((20, 0, 60, 60), 0.5, (20, 0, 60)),  # the margin gives way
        ((0, 0, 90, 60), 0.2, (0, -15, 90)),  # longer than the photograph is high
    ],
)
def test_the_square(box, margin, expected):
    assert faces.square(box, (60, 100), margin) == expected


def test_crops_show_what_is_there():
    photo = np.arange(60 * 100, dtype=np.uint32).astype(np.uint8).reshape(60, 100)
    cut = faces.crop(photo, Face((40, 30, 20, 20)), 20, margin=0)
    assert np.array_equal(cut, photo[30:50, 40:60])


def test_edge_pixels_fill_what_is_missing():
    photo = np.full((60, 100), 50, np.uint8)
    photo[0], photo[-1] = 10, 90
    cut = faces.crop(photo, Face((0, 0, 90, 60)), 90, margin=0)
    assert (cut[:15] == 10).all()
    assert (cut[-15:] == 90).all()


def test_a_circle_stays_one():
    photo = np.zeros((60, 100), np.uint8)
    cv2.circle(photo, (50, 30), 10, 255, -1)
    cut = faces.crop(photo, Face((35, 5, 30, 50)), 64, margin=0) > 127
    across, along = cut.any(axis=0).sum(), cut.any(axis=1).sum()
    assert abs(int(across) - int(along)) <= 1


@pytest.mark.parametrize("degrees", [-30, 12, 25])
def test_eyes_become_level(degrees):
    middle, reach = np.array([60, 60]), 20
    turn = np.radians(degrees)
    arm = reach * np.array([np.cos(turn), np.sin(turn)])
    eyes = tuple(map(tuple, (middle + [-arm, arm])))
    photo = np.zeros((120, 120), np.uint8)
    for x, y in eyes:
        cv2.circle(photo, (round(x), round(y)), 3, 255, -1)
    face = Face((25, 25, 70, 70), 1.0, eyes)
    spots = [faces.crop(photo, face, 70, margin=0, align=align) > 127 for align in (False, True)]
    tilts = [np.subtract(*(np.nonzero(half)[0].mean() for half in np.hsplit(s, 2))) for s in spots]
    assert abs(tilts[0]) > 5
    assert abs(tilts[1]) < 1.5


def test_unknown_eyes_are_not_turned():
    photo = np.random.default_rng(0).integers(0, 256, (50, 50), np.uint8)
    face = Face((10, 10, 30, 30))
    plain, aligned = (faces.crop(photo, face, 30, align=align) for align in (False, True))
    assert np.array_equal(plain, aligned)


@pytest.mark.parametrize(
    ("box", "options", "says"),
    [
        ((200, 0, 10, 10), {}, "no part"),
        ((0, 0, 0, 10), {}, "no part"),
        ((float("nan"), 0, 5, 5), {}, "no part"),
        ((0, 0, 9, 9), {"size": (48, 48)}, "square"),
        ((0, 0, 9, 9), {"size": 0}, "size is 0"),
        ((0, 0, 9, 9), {"margin": -0.5}, "margin"),
        ((0, 0, 9, 9), {"margin": float("nan")}, "margin"),
    ],
)
def test_crops_that_cannot_be(box, options, says):
    with pytest.raises(FerError, match=says):
        faces.crop(np.zeros((50, 100), np.uint8), Face(box), **({"size": 48} | options))


@pytest.fixture
def four():
    """Return a Dataset of four 50x40 photographs, and boxes for all but the last."""
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (50, 40), np.uint8) for _ in range(4)]
    return a_dataset(photos), [(Face((5, 10, 20, 20), 0.99),)] * 3 + [()]


def test_a_dataset_of_faces(four):
    dataset, found = four
    with pytest.warns(UserWarning, match="1 photographs show no face .* such as 3; the middle"):
        cropped = faces.cropped(dataset, size=24, found=found)
    assert cropped.images.shape == (4, 24, 24)
    assert np.array_equal(cropped.images[0], faces.crop(dataset.images[0], found[0][0], 24))
    whole = cv2.resize(dataset.images[3][5:45], (24, 24), interpolation=cv2.INTER_AREA)
    assert np.array_equal(cropped.images[3], whole)
    for field in ("labels", "split", "names"):
        assert np.array_equal(getattr(cropped, field), getattr(dataset, field))
    assert cropped.source.endswith("faces cropped")


def test_photographs_without_a_face_are_left_out(four):
    dataset, found = four
    with pytest.warns(UserWarning, match="1 photographs show no face .* left out"):
        cropped = faces.cropped(dataset, size=24, no_face="drop", found=found)
    assert cropped.names.tolist() == ["0", "1", "2"]
    with pytest.raises(FerError, match="no_face="):
        faces.cropped(dataset, size=24, no_face="error", found=found)
    with pytest.warns(UserWarning, match="4 "), pytest.raises(FerError, match="no face found"):
        faces.cropped(dataset, size=24, no_face="drop", found=[()] * 4)


def test_rows_of_identical_crops_share_a_group(four):
    dataset, found = four
    images = dataset.images.copy()
    images[1, 10:32, 3:30] = images[0, 10:32, 3:30]
    twins = dataclasses.replace(dataset, images=images)
    cropped = faces.cropped(twins.take([0, 1, 2]), size=20, margin=0, found=found[:3])
    assert cropped.groups[0] == cropped.groups[1] != cropped.groups[2]


def test_faces_in_memory_grey_and_rgb(portrait):
    dataset = a_dataset([portrait])
    assert faces.cropped(dataset, size=32, side=SIDE).images.shape == (1, 32, 32)
    assert faces.cropped(dataset, size=32, rgb=True, side=SIDE).images.shape == (1, 32, 32, 3)


def test_options_of_a_dataset(four):
    dataset, found = four
    with pytest.raises(FerError, match="no_face is 'skip'"):
        faces.cropped(dataset, no_face="skip", found=found)
    with pytest.raises(FerError, match="found has 1 entries for 4 rows"):
        faces.cropped(dataset, found=found[:1])


@pytest.fixture
def folder(tmp_path, portrait, monkeypatch):
    """Return a folder of six photographs of different size, and an empty cache."""
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))
    for i in range(6):
        side = 60 + 10 * i
        photo = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        Image.fromarray(photo).save(tmp_path / f"{i}.png")
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    """Return a list that the sizes of the batches go to; two photographs a batch."""
    sizes, in_canvases = [], detection.in_canvases

    def counting(fitted):
        sizes.append(len(fitted))
        return in_canvases(fitted)

    monkeypatch.setattr(detection, "in_canvases", counting)
    monkeypatch.setattr(detection, "BATCH", 2)
    return sizes


def test_files_are_looked_at_once(folder, counted, capfd):
    files = sorted(folder.glob("*.png"))
    first = faces.find(files, SIDE)
    assert all(len(found) == 1 for found in first)
    assert counted == [2, 2, 2]
    (folder / "0.png").rename(folder / "moved.png")
    assert faces.find([folder / "moved.png", *files[1:]], SIDE) == first
    assert counted == [2, 2, 2]
    files[1].write_bytes(files[2].read_bytes())
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(files[3])
    again = faces.find(files[1:], SIDE)
    assert again[0] == first[2]
    assert again[2] == ()
    assert counted == [2, 2, 2, 1]
    assert capfd.readouterr().err == ""


def test_an_interrupted_search_continues(folder, counted, monkeypatch):
    files = sorted(folder.glob("*.png"))
    files[4].write_bytes(b"no image")
    with pytest.raises(FerError, match="4.png is no image"):
        faces.find(files, SIDE)
    assert counted == [2, 2]
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(files[4])
    faces.find(files, SIDE)
    assert counted == [2, 2, 2]


def test_a_damaged_cache_is_written_anew(folder, counted):
    files = sorted(folder.glob("*.png"))[:2]
    expected = faces.find(files, SIDE)
    (kept,) = (folder / "cache" / "faces").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert faces.find(files, SIDE) == expected
    assert counted == [2, 2]
    assert faces.find(files, SIDE) == expected
    assert counted == [2, 2]


def test_a_cache_that_cannot_be_written(folder, counted, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("FER_UTILS_CACHE", str(folder / "file"))
    with pytest.warns(UserWarning, match="not kept"):
        assert len(faces.find([folder / "0.png"], SIDE)[0]) == 1


def test_two_searches_keep_what_both_found(tmp_path):
    one, other = store.Store(tmp_path / "faces.npz"), store.Store(tmp_path / "faces.npz")
    face = Face((1.0, 2.0, 3.0, 4.0), 0.9, ((1.0, 2.0), (3.0, 4.0)))
    one.add({"a": (face, face)})
    other.add({"b": ()})
    one.save()
    other.save()
    assert store.Store(tmp_path / "faces.npz").faces == {"a": (face, face), "b": ()}


def test_a_missing_file_is_named(folder):
    with pytest.raises(FerError, match="7.png cannot be read"):
        faces.find([folder / "7.png"])


def test_a_dataset_of_files(folder):
    names = np.array([f"{i}.png" for i in range(3)])
    dataset = dataclasses.replace(draw_faces(3, side=16), names=names)
    cropped = faces.cropped(dataset, folder, size=40, side=SIDE)
    assert cropped.images.shape == (3, 40, 40)
    rgb = faces.cropped(dataset, folder, size=40, side=SIDE, rgb=True, align=True)
    assert rgb.images.shape == (3, 40, 40, 3)
    assert np.ptp(rgb.images.astype(int), axis=-1).max() > 20, "colours are kept"


def test_marks_stand_in_a_copy():
    photo = np.zeros((50, 60), np.uint8)
    face = Face((5, 10, 20, 25), 0.95, ((10, 20), (20, 20)))
    picture = faces.marked(photo, [face])
    assert picture.shape == (50, 60, 3)
    assert picture[10, 15].tolist() == list(faces.marks.SURE)
    assert picture[20, 10].tolist() == list(faces.marks.EYES)
    assert faces.marked(photo, [face], confident=0.99)[10, 15].tolist() != picture[10, 15].tolist()
    assert not photo.any()
