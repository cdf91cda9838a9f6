import hashlib

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from fer_utils.datasets import load, synthetic
from fer_utils.datasets.synthetic import generate, sequences
from fer_utils.datasets.synthetic.action_units import EFFECTS, NAMES, units_of
from fer_utils.datasets.synthetic.masks import SHOWS
from fer_utils.datasets.synthetic.persons import draw_persons
from fer_utils.datasets.synthetic.shapes import outlines
from fer_utils.errors import FerError
from fer_utils.labels import DATA622, FER2013


@pytest.fixture(scope="module")
def faces():
    return generate(1500, seed=3)


@pytest.fixture(scope="module")
def dataset():
    return load("synthetic", n=1000, size=32, twins=0.1, blanks=0.01)


def units(**intensities):
    row = np.zeros(len(NAMES), np.float32)
    for name, value in intensities.items():
        row[NAMES.index(name)] = value
    return row


def test_same_arguments_same_bytes():
    a, b = (load("synthetic", n=60, seed=5) for _ in range(2))
    assert a.fingerprint == b.fingerprint
    assert a.fingerprint != load("synthetic", n=60, seed=6).fingerprint


def test_an_image_does_not_depend_on_how_many_are_drawn(faces):
    few = generate(20, seed=3)
    for field in (
        "images",
        "labels",
        "true_labels",
        "action_units",
        "identity",
        "pose",
        "occluder",
    ):
        np.testing.assert_array_equal(getattr(few, field), getattr(faces, field)[:20])


@pytest.mark.parametrize("size", [16, 48, 96, (40, 64), (72, 48)])
def test_sizes(size):
    images = generate(6, size=size).images
    assert images.shape == (6, *((size, size) if isinstance(size, int) else size))
    assert images.dtype == np.uint8
    assert images.std((1, 2)).min() > 8


def test_another_size_shows_the_same_faces():
    small, large = (generate(12, size=s, seed=1).images.astype(float) for s in (48, 96))
    halved = large.reshape(12, 48, 2, 48, 2).mean((2, 4))
    for a, b in zip(small, halved, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("classes", "names"), [(7, FER2013), (8, DATA622)])
def test_class_shares(classes, names):
    faces = generate(400, size=16, classes=classes, wrong_labels=0)
    assert faces.classes == names
    counts = np.array([synthetic.COUNTS[key] for key in synthetic.COUNTS][:classes])
    shares = np.bincount(faces.true_labels, minlength=classes) / 400
    np.testing.assert_allclose(np.sort(shares), np.sort(counts / counts.sum()), atol=0.006)
    np.testing.assert_array_equal(faces.labels, faces.true_labels)


def test_share_of_wrong_labels(faces):
    wrong = faces.labels != faces.true_labels
    assert 0.055 < wrong.mean() < 0.105
    disgust = faces.labels == FER2013.index("disgust")
    assert wrong[disgust].mean() < 0.35


def test_splits_and_withheld_labels(dataset):
    assert list(dict.fromkeys(dataset.split)) == ["train", "valid", "test"]
    assert [len(dataset.rows(s)) for s in ("train", "valid", "test")] == [800, 100, 100]
    assert (dataset.labels[dataset.rows("test")] == -1).all()
    assert dataset.labels[dataset.rows("train", "valid")].min() >= 0
    assert dataset.names[7] == "7"


def test_private_labels_are_those_that_load_withholds():
    given = synthetic.private_labels(n=300, seed=2)
    assert given.dtype == np.int8
    assert given.shape == (30,)
    clean = synthetic.private_labels(n=300, seed=2, wrong_labels=0)
    assert (given == clean).mean() > 0.75


def test_identities_are_in_one_split_each():
    faces = load("synthetic", n=600, size=16, twins=0, blanks=0)
    sets = [set(faces.groups[faces.rows(s)]) for s in ("train", "valid", "test")]
    assert not sets[0] & sets[1]
    assert not sets[2] & (sets[0] | sets[1])
    assert 4 < 480 / len(sets[0]) < 8


def test_groups_join_twins_and_blanks(dataset):
    digests = [hashlib.md5(x.tobytes()).digest() for x in dataset.images]
    group_of = {}
    for digest, group in zip(digests, dataset.groups, strict=True):
        assert group_of.setdefault(digest, group) == group
    assert 0.05 < 1 - len(group_of) / len(digests) < 0.15
    assert 2 <= (dataset.images.max((1, 2)) == 0).sum() <= 25
    train, test = (set(dataset.groups[dataset.rows(s)]) for s in ("train", "test"))
    assert train & test


def test_every_unit_has_effects_and_prototypes_have_units():
    assert set(EFFECTS) == set(NAMES)
    for variants in synthetic.PROTOTYPES.values():
        assert {u for v in variants for u in units_of(v)} <= set(NAMES)


@pytest.mark.parametrize(
    ("label", "active"),
    [
        ("happiness", ["AU12L", "AU12R"]),
        ("sadness", ["AU1", "AU15"]),
        ("surprise", ["AU1", "AU2"]),
        ("fear", ["AU1", "AU2", "AU4", "AU5", "AU20"]),
        ("anger", ["AU4"]),
        ("neutral", []),
    ],
)
def test_prototypes(label, active):
    faces = generate(40, size=16, classes=8, labels=label, intensity=1.0)
    at = [NAMES.index(name) for name in active]
    assert (faces.action_units[:, at] >= 0.7).all()
    if not active:
        assert faces.action_units.max() <= 0.4


def test_contempt_is_one_sided():
    faces = generate(40, size=16, classes=8, labels="contempt", intensity=1.0)
    left, right = (faces.action_units[:, NAMES.index(n)] > 0.5 for n in ("AU12L", "AU12R"))
    assert (left != right).all()
    assert left.any()
    assert right.any()


def test_smile_lifts_the_corners_and_frown_drops_them():
    person = draw_persons(np.arange(20))
    motions = ({"AU12L": 1, "AU12R": 1}, {}, {"AU15": 1})
    heights = []
    for motion in motions:
        effect = synthetic.faces.facs.effects(np.tile(units(**motion), (20, 1)))
        corners = outlines(person, effect)["lip_line"][0][:, [0, 14], 1]
        heights.append(corners)
    assert (heights[0] < heights[1]).all()
    assert (heights[1] < heights[2]).all()


@pytest.mark.parametrize("unit", NAMES)
def test_masks_lie_where_the_picture_changes(unit):
    common = {"size": 64, "seed": 8, "occluder": "none", "labels": "neutral"}
    with_unit = generate(12, action_units=units(**{unit: 0.9}), masks=True, **common)
    without = generate(12, action_units=units(), **common)
    change = np.abs(with_unit.images.astype(int) - without.images)
    mask = with_unit.masks[:, NAMES.index(unit)]
    assert (change * mask).sum() > 0.8 * change.sum()
    assert mask.mean() < 0.42
    assert not np.delete(with_unit.masks, NAMES.index(unit), 1).any()


def test_masks_are_where_units_are_active():
    faces = generate(30, size=48, masks=True, occluder="none")
    assert faces.masks.shape == (30, len(NAMES), 48, 48)
    assert faces.masks.dtype == bool
    np.testing.assert_array_equal(faces.masks.any((2, 3)), faces.action_units >= SHOWS)


def test_what_is_asked_for_is_drawn():
    asked = {"labels": ["happy", "sad"], "identity": 7, "pose": (10, 0, -5), "occluder": "glasses"}
    faces = generate(2, **asked)
    assert [FER2013[k] for k in faces.true_labels] == ["happy", "sad"]
    assert faces.identity.tolist() == [7, 7]
    np.testing.assert_array_equal(faces.pose, [[10, 0, -5]] * 2)
    assert faces.occluder.tolist() == ["glasses"] * 2


def test_sequences_rise_to_their_peak():
    films = sequences(14, frames=(5, 9))
    assert {len(f) for f in films.frames} <= set(range(5, 10))
    assert "neutral" not in {films.classes[k] for k in films.labels}
    for frames, activity in zip(films.frames, films.action_units, strict=True):
        assert len(frames) == len(activity)
        assert activity[0].max() == 0
        assert (np.diff(activity, axis=0) >= 0).all()
        assert activity[-1].max() > 0.4
    still = [np.abs(f[1].astype(int) - f[0]).mean() for f in films.frames]
    moved = [np.abs(f[-1].astype(int) - f[0]).mean() for f in films.frames]
    assert np.mean(moved) > np.mean(still)


def test_sequences_are_deterministic():
    a, b = (sequences(3, frames=4, size=24) for _ in range(2))
    np.testing.assert_array_equal(np.concatenate(a.frames), np.concatenate(b.frames))


def edges(images):
    """Rising and falling edges, across and along, in cells of 4x4 pixels."""
    along, across = np.gradient(images.astype(float), axis=(1, 2))
    four = np.stack([np.maximum(g, 0) for g in (across, -across, along, -along)], -1)
    four /= four.mean((1, 2, 3), keepdims=True)
    return np.sqrt(four.reshape(-1, 12, 4, 12, 4, 4).mean((2, 4))).reshape(len(images), -1)


def test_a_linear_classifier_learns_something_but_not_all(faces):
    seen, labels = edges(faces.images), faces.labels
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.4).fit(
        seen[:1100], labels[:1100]
    )
    accuracy = (model.predict(seen[1100:]) == faces.true_labels[1100:]).mean()
    assert 0.38 < accuracy < 0.85  # the commonest class alone has 0.25


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"size": 15}, "size is 15; write 16 or more"),
        ({"size": (48, 8)}, "size is"),
        ({"n": 0}, "n is 0; write 1 or more"),
        ({"classes": 6}, "write 7"),
        ({"wrong_labels": 1.5}, "wrong_labels is 1.5"),
        ({"twins": -0.1}, "twins is -0.1"),
        ({"blanks": 2}, "blanks is 2"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_arguments_to_load(arguments, says):
    with pytest.raises(FerError, match=says):
        load("synthetic", **({"n": 20} | arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        {"labels": "bored"},
        {"intensity": 2},
        {"labels": 9},
        {"labels": [0]},
        {"occluder": "mask"},
        {"pose": (1, 2)},
        {"action_units": [0.5] * 3},
    ],
)
def test_bad_wishes(arguments):
    with pytest.raises(FerError):
        generate(4, **arguments)


def test_there_are_no_files():
    assert synthetic.find() is None
