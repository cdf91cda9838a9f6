"""Balancing: seed 000's numbers, each way's counts, and that nothing leaves train."""

import dataclasses

import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import balance
from fer_utils.datasets.base import MIXED
from fer_utils.errors import FerError
from fer_utils.labels import FER2013

# Of the legend's 13,690 rows: the unique images of each class, and eight rows that are there
# twice. Seven of those are neutral or happy; how they divide makes no difference.
PUBLISHED = {"neutral": 6864, "happiness": 5693, "surprise": 367, "sadness": 268, "anger": 252,
             "disgust": 208, "fear": 21, "contempt": 9}  # fmt: skip
LEFT = {"sadness": 268, "neutral": 568, "contempt": 9, "disgust": 208, "anger": 252,
        "surprise": 368, "fear": 21, "happiness": 568}  # fmt: skip


def skewed(*numbers, side=6, test=10):
    """Return a Dataset with so many training rows of each class, groups of two, and a test."""
    labels = np.repeat(np.arange(len(numbers)), numbers)
    n = len(labels) + test
    rng = np.random.default_rng(1)
    levels = 60 + 20 * np.concatenate([labels, rng.integers(0, 3, test)])
    images = rng.normal(levels[:, None, None], 12, (n, side, side))
    return dataclasses.replace(
        draw_faces(10, side=side),
        images=images.clip(0, 255).astype(np.uint8),
        labels=np.concatenate([labels, np.full(test, -1)]).astype(np.int8),
        split=np.repeat(["train", "test"], [len(labels), test]),
        groups=np.arange(n) // 2,
        names=np.arange(n).astype(str),
    )


@pytest.fixture(scope="module")
def data():
    return skewed(40, 4, 12, 80, 30, 0, 20)


@pytest.fixture(scope="module")
def rows(data):
    return data.rows("train")


def numbers(data, rows):
    return list(balance.counts(data, rows).values())


# Rows


@pytest.mark.parametrize("neutral", range(8))
def test_seed_000s_removal(neutral):
    rows = PUBLISHED | {
        "neutral": PUBLISHED["neutral"] + neutral,
        "happiness": PUBLISHED["happiness"] + 7 - neutral,
        "surprise": PUBLISHED["surprise"] + 1,
    }
    assert sum(rows.values()) == 13_690
    assert balance.removal_counts(rows) == LEFT
    assert sum(LEFT.values()) == 2_262


def test_only_more_than_the_factor_is_removed():
    assert balance.removal_counts({"a": 30, "b": 10}) == {"a": 30, "b": 10}  # 1.5 times 20
    assert balance.removal_counts({"a": 9, "b": 1}, passes=1) == {"a": 5, "b": 1}
    assert balance.removal_counts({"a": 9, "b": 0}) == {"a": 9, "b": 0}
    assert balance.removal_counts({"a": 0}) == {"a": 0}


def test_removal_of_rows(data, rows):
    kept = balance.remove_majority(data, rows, seed=3)
    assert numbers(data, rows) == [40, 4, 12, 80, 30, 0, 20]
    assert numbers(data, kept) == list(balance.removal_counts(balance.counts(data, rows)).values())
    assert numbers(data, kept) == [22, 4, 12, 31, 30, 0, 20]
    assert set(kept) <= set(rows)
    assert (np.diff(kept) > 0).all()
    once = balance.remove_majority(data, rows, factor=1.2, passes=1)
    assert numbers(data, once) == [31, 4, 12, 31, 30, 0, 20]


def test_removal_and_duplication_to_n(data, rows):
    assert numbers(data, balance.remove_to(data, rows, 15)) == [15, 4, 12, 15, 15, 0, 15]
    assert numbers(data, balance.remove_to(data, rows)) == [4, 4, 4, 4, 4, 0, 4]
    each = dict(zip(data.classes, range(9, 2, -1), strict=True))
    assert numbers(data, balance.remove_to(data, rows, each)) == [9, 4, 7, 6, 5, 0, 3]
    more = balance.duplicate_to(data, rows, 30)
    assert numbers(data, more) == [40, 30, 30, 80, 30, 0, 30]
    assert set(np.bincount(more)[40:44]) == {7, 8}
    assert set(np.bincount(more)[44:56]) == {2, 3}
    assert set(more) == set(rows)
    assert numbers(data, balance.duplicate_to(data, rows)) == [80] * 5 + [0, 80]


def test_a_class_of_one_row_and_one_without_any():
    few = skewed(1, 3, 0, 0, 0, 0, 0)
    rows = few.rows("train")
    assert numbers(few, rows) == [1, 3, 0, 0, 0, 0, 0]
    assert numbers(few, balance.remove_to(few, rows)) == [1, 1, 0, 0, 0, 0, 0]
    assert numbers(few, balance.duplicate_to(few, rows)) == [3, 3, 0, 0, 0, 0, 0]


def grainy(image, seed):
    return np.random.default_rng(seed).integers(0, 256, image.shape, np.uint8)


@pytest.mark.parametrize(
    ("way", "options"),
    [
        (balance.remove_majority, ()),
        (balance.remove_to, ()),
        (balance.duplicate_to, (50,)),
        (balance.balanced_batches, (13,)),
        (balance.augment_to, (25, grainy)),
        (balance.smote, (30, 3)),
        (balance.adasyn, (30, 3)),
    ],
)
def test_the_seed_decides_and_is_0_where_none_is_given(data, rows, way, options):
    def told(**seed):
        found = way(noisy(data), rows, *options, **seed)
        if not isinstance(found, tuple):
            return found.tolist()
        longer, train = found
        return longer.images[train].tolist(), longer.names[train].tolist()

    assert told() == told() == told(seed=0)
    assert told() != told(seed=1)


def test_repeating_rows():
    rows = np.arange(10, 17)
    shown = balance.repeat_to(rows, 24, seed=1)
    assert len(shown) == 24
    assert sorted(shown[:7]) == sorted(shown[7:14]) == rows.tolist()
    assert set(np.bincount(shown)[10:]) == {3, 4}
    assert shown.tolist() != balance.repeat_to(rows, 24, seed=2).tolist()
    assert balance.repeat_to(rows, 24).tolist() == balance.repeat_to(rows, 24, seed=0).tolist()
    assert len(set(balance.repeat_to(rows, 3))) == 3


def test_rows_may_be_a_mask(data, rows):
    assert numbers(data, balance.remove_to(data, data.split == "train", 3))[3] == 3


def test_balanced_batches(data, rows):
    batches = balance.balanced_batches(data, rows, 13, seed=1)
    assert batches.shape == (15, 13)
    assert set(batches.ravel()) <= set(rows)
    for batch in batches:
        counts = np.array(numbers(data, batch))[[0, 1, 2, 3, 4, 6]]
        assert counts.max() - counts.min() <= 1
    rare = batches.ravel()[data.labels[batches.ravel()] == 1]
    assert np.ptp(np.bincount(rare)[40:44]) <= 1
    assert balance.balanced_batches(data, rows, 4, steps=3).shape == (3, 4)


@pytest.mark.parametrize(
    "way",
    [
        balance.remove_majority,
        balance.remove_to,
        balance.duplicate_to,
        lambda d, r: balance.augment_to(d, r, 5, lambda image, seed: image),
        balance.smote,
        balance.adasyn,
        lambda d, r: balance.balanced_batches(d, r, 4),
    ],
)
def test_only_rows_of_train(data, way):
    split = np.where(np.arange(len(data)) == 0, "valid", data.split)
    with pytest.raises(
        FerError, match="only rows of train are fitted or balanced, these hold test, valid:"
    ):
        way(dataclasses.replace(data, split=split), np.arange(len(data)))
    with pytest.raises(FerError, match="no rows: give rows of train"):
        way(data, np.array([], int))
    unlabelled = dataclasses.replace(data, split=np.full(len(data), "train"))
    with pytest.raises(FerError, match="rows without label"):
        way(unlabelled, np.arange(len(data)))


# New images


def test_augmentation(data, rows):
    seeds = []

    def darker(image, seed):
        seeds.append(seed)
        return image // 2

    longer, train = balance.augment_to(data, rows, 25, darker, seed=2)
    assert numbers(longer, train) == [25] * 5 + [0, 25]
    new = np.arange(len(data), len(longer))
    assert numbers(longer, new) == [0, 21, 13, 0, 0, 0, 5]
    assert set(new) <= set(train)
    assert set(train) - set(new) == set(balance.remove_to(data, rows, 25, seed=2))
    assert len(set(seeds)) == len(new)
    assert 0 <= min(seeds) <= max(seeds) < 2**31  # int32, for any library
    assert len(set(longer.names)) == len(longer)
    assert_types_stay(data, longer)
    assert set(longer.split[new]) == {"train"}
    for row in new:
        original = int(longer.names[row].split("+")[0])
        np.testing.assert_array_equal(longer.images[row], data.images[original] // 2)
        assert longer.groups[row] == data.groups[original]
        assert longer.labels[row] == data.labels[original]
        assert original in train
    np.testing.assert_array_equal(longer.images[: len(data)], data.images)
    assert (longer.labels[longer.rows("test")] == -1).all()
    assert len(longer.rows("test")) == len(data.rows("test"))


def assert_types_stay(data, longer):
    for name in ("images", "labels", "groups"):
        assert getattr(longer, name).dtype == getattr(data, name).dtype
    assert longer.names.dtype.kind == longer.split.dtype.kind == "U"


def noisy(data):
    """Return the Dataset with images of noise, in which the classes overlap."""
    noise = np.random.default_rng(5).integers(0, 256, data.images.shape, np.uint8)
    return dataclasses.replace(data, images=noise)


@pytest.mark.parametrize("wrong", [lambda x, seed: x[1:], lambda x, seed: x / 255])
def test_a_transform_must_keep_shape_and_type(data, rows, wrong):
    with pytest.raises(FerError, match="must keep type and shape"):
        balance.augment_to(data, rows, 25, wrong)


def test_smote(data, rows):
    longer, train = balance.smote(data, rows, n=30, neighbours=3, seed=1)
    assert numbers(longer, train) == [40, 30, 30, 80, 30, 0, 30]
    new = np.arange(len(data), len(longer))
    assert (longer.groups[new] == MIXED).all()
    assert set(longer.split[new]) == {"train"}
    for row in new[longer.labels[new] == 1]:  # between two of the class's four
        own = data.images[40:44].astype(float)
        image = longer.images[row].astype(float)
        assert (image >= own.min(axis=0) - 1).all()
        assert (image <= own.max(axis=0) + 1).all()
    assert len(set(longer.names)) == len(longer)
    assert_types_stay(data, longer)


def test_adasyn(data, rows):
    mixed = noisy(data)
    longer, train = balance.adasyn(mixed, rows, n=30, neighbours=3)
    np.testing.assert_allclose(numbers(longer, train), [40, 30, 30, 80, 30, 0, 30], atol=6)
    # The 80 rows lack 10, an eighth each, which rounds to none; imbalanced-learn then raises.
    longer, train = balance.adasyn(mixed, rows, n=90, neighbours=80, fewer=True)
    assert numbers(longer, train)[3] == 80
    apart = dataclasses.replace(data, images=(np.zeros_like(data.images)))
    apart.images[data.labels == 1] = 255
    with pytest.raises(
        FerError, match="ADASYN: class 'disgust' cannot be brought.*use duplicate_to"
    ):
        balance.adasyn(apart, rows, n=12, neighbours=3)


@pytest.mark.parametrize("way", [balance.smote, balance.adasyn])
def test_too_few_examples(data, rows, way):
    name = way.__name__.upper()
    with pytest.raises(
        FerError, match=rf"{name}: class 'disgust' has 4 examples.*fewer=True, or neighbours=3"
    ):
        way(data, rows)
    with pytest.raises(FerError, match="'disgust' has 4 examples"):
        way(data, rows, neighbours=4)  # itself is none of its neighbours
    for left in ([40, 41, 42, 43], [40, 41]):
        kept = np.setdiff1d(rows, np.setdiff1d(range(40, 44), left))
        longer, train = way(noisy(data), kept, n=10, fewer=True)
        assert numbers(longer, train)[1] == pytest.approx(10, abs=2)
    one = np.setdiff1d(rows, [40, 41, 42])
    with pytest.raises(FerError, match=rf"{name}: class 'disgust' has one example.*duplicate_to"):
        way(data, one, fewer=True)


@pytest.mark.parametrize("way", [balance.smote, balance.adasyn])
def test_five_neighbours_where_none_are_asked_for(way):
    with pytest.raises(FerError, match="'angry' has 5 examples"):
        way(noisy(skewed(5, 9, 0, 0, 0, 0, 0)), np.arange(14))
    longer, train = way(noisy(skewed(6, 9, 0, 0, 0, 0, 0)), np.arange(15))
    assert numbers(longer, train)[0] > 6


def test_smote_of_one_class_alone(data, rows):
    only = rows[data.labels[rows] == 2]
    with pytest.raises(
        FerError, match=r"^SMOTE: class 'fear' cannot be brought to more rows \(.*1 class\): use"
    ):
        balance.smote(data, only, n=20)
    longer, train = balance.smote(data, only)
    assert (len(longer), train.tolist()) == (len(data), only.tolist())
    assert_types_stay(data, longer)


def test_smote_of_colour_images(data, rows):
    colour = dataclasses.replace(data, images=np.repeat(data.images[..., None], 3, axis=3))
    longer, _ = balance.smote(colour, rows, n=30, neighbours=3)
    assert longer.images.shape[1:] == (6, 6, 3)
    np.testing.assert_array_equal(longer.images[..., 0], longer.images[..., 2])


# Weights


def test_class_weights(data, rows):
    labels = data.labels[rows]
    weights = balance.class_weights(np.append(labels, -1), data.classes)
    assert list(weights) == list(range(7))
    totals = [weights[label] * (labels == label).sum() for label in (0, 1, 2, 3, 4, 6)]
    np.testing.assert_allclose(totals, len(labels) / 6)
    assert weights[5] == 1.0
    each = balance.sample_weights(np.append(labels, -1), weights)
    assert each.dtype == np.float32
    assert each[-1] == 0
    assert each[:-1].mean() == pytest.approx(1)
    assert each[40] == pytest.approx(weights[1])


def test_class_weights_of_few_rows():
    classes = ("a", "b", "c")
    assert balance.class_weights([0], classes) == {0: 1, 1: 1, 2: 1}
    assert balance.class_weights([-1], classes) == {0: 1, 1: 1, 2: 1}
    assert balance.class_weights([0, 0, 0, 1], classes) == pytest.approx({0: 2 / 3, 1: 2, 2: 1})
    half = balance.class_weights([0] * 4 + [1], classes, power=0.5)
    assert half[1] / half[0] == pytest.approx(2)
    assert 4 * half[0] + half[1] == pytest.approx(5)


def test_dividing_by_shares_undoes_them():
    shares, likelihoods = np.array([0.9, 0.1, 0.0]), np.array([[0.4, 0.6, 0.0], [0.7, 0.3, 0.0]])
    answers = likelihoods * shares
    answers /= answers.sum(axis=1, keepdims=True)
    assert answers.argmax(axis=1).tolist() == [0, 0]
    np.testing.assert_allclose(balance.divide_by_shares(answers, shares), likelihoods)
    # Of share 0 there is nothing to divide by: 0.5, 0.25 and 0.25 stand before they sum to 1.
    told = balance.divide_by_shares(np.array([[0.25, 0.25, 0.5]]), np.array([0, 1, 1.0]))
    np.testing.assert_allclose(told, [[0.25, 0.25, 0.5]])


def test_class_weights_act_in_keras(data, rows):
    import keras

    x = data.images[rows].reshape(len(rows), -1).astype("float32") / 255
    labels = data.labels[rows].astype(int)
    weights = balance.class_weights(labels, data.classes)

    def loss(**how):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((36,)), keras.layers.Dense(7, "softmax")])
        model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
        fitted = model.fit(x, labels, batch_size=len(x), verbose=0, shuffle=False, **how)
        p = np.asarray(model.predict(x, verbose=0))[np.arange(len(x)), labels]
        return fitted.history["loss"][0], -np.log(p)

    by_class, each = loss(class_weight=weights)
    by_row, _ = loss(sample_weight=balance.sample_weights(labels, weights))
    plain, _ = loss()
    weighted = np.mean([each[labels == label].mean() for label in np.unique(labels)])
    assert by_class == pytest.approx(weighted, rel=1e-4)
    assert by_row == pytest.approx(weighted, rel=1e-4)
    assert plain == pytest.approx(each.mean(), rel=1e-4)
    assert abs(plain - weighted) > 1e-3


def test_names_are_fer2013s(data):
    assert tuple(balance.counts(data, data.rows("train"))) == FER2013
