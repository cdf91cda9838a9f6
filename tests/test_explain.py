"""Maps against closed forms, planted patches and hand-computed curves; what is refused."""

import cv2
import keras
import numpy as np
import pytest
import saliency.core as saliency
from keras import layers
from skimage.morphology import dilation, disk

from fer_utils import explain, gradients, models
from fer_utils.datasets import synthetic
from fer_utils.errors import FerError
from fer_utils.explain.asking import say_in_parts, slope_in_parts
from fer_utils.explain.grad_cam import layers_of
from fer_utils.explain.occlusion import hidden_squares
from fer_utils.explain.regions import grown

pytestmark = pytest.mark.backend

SIDE = 16
TIMES = np.random.default_rng(1).normal(0, 1e-4, (SIDE * SIDE, 3)).astype("float32")
IMAGES = np.random.default_rng(0).integers(20, 230, (3, SIDE, SIDE)).astype(np.uint8)
PLANTED = slice(10, 14), slice(2, 6)


@pytest.fixture(scope="module")
def linear():
    """Return a Network that says ``pixels @ TIMES + 0.3``."""
    image = keras.Input((SIDE, SIDE, 1))
    told = layers.Dense(3)(layers.Flatten()(image))
    model = keras.Model(image, told, name="linear")
    model.set_weights([TIMES, np.full(3, 0.3, "float32")])
    return explain.Network(model)


@pytest.fixture(scope="module")
def planted():
    """Return a Network whose class 1 is the light of one patch, seen by a convolution."""
    image = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(2, 1, use_bias=False)(image)
    told = layers.Dense(2, use_bias=False)(layers.Flatten()(x))
    model = keras.Model(image, told, name="planted")
    where = np.zeros((SIDE, SIDE, 2, 2), "float32")
    where[(*PLANTED, 0, 1)] = 1 / 16
    where[..., 1, 0] = 1 / 256  # the other class is the mean light
    model.set_weights([np.full((1, 1, 1, 2), 1 / 255, "float32"), where.reshape(-1, 2)])
    return explain.Network(model)


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(3)
    return explain.Network(models.build("tiny", size=SIDE))


def inside(part=PLANTED):
    region = np.zeros((SIDE, SIDE), bool)
    region[part] = True
    return region


def test_of_a_linear_network_the_gradient_is_its_weights(linear):
    maps = explain.explain(linear, IMAGES, [0, 1, 2], ["gradient", "SmoothGrad"])
    wanted = np.abs(TIMES.T).reshape(3, SIDE, SIDE)
    for name in maps:
        np.testing.assert_allclose(maps[name], wanted, rtol=1e-4, atol=1e-9)


def test_of_a_linear_network_integrated_gradients_are_weight_times_pixel(linear):
    maps = explain.explain(linear, IMAGES, [0, 1, 2], ["integrated gradients"])
    wanted = TIMES.T.reshape(3, SIDE, SIDE) * IMAGES
    np.testing.assert_allclose(maps["integrated gradients"], wanted, rtol=1e-4, atol=1e-6)


def test_integrated_gradients_sum_to_what_the_image_changes(tiny):
    labels = np.array([1, 2, 3])
    maps = explain.explain(tiny, IMAGES, labels, ["integrated gradients"])
    shown = tiny.images(IMAGES)
    wanted = tiny.score(shown, labels) - tiny.score(np.zeros_like(shown), labels)
    got = maps["integrated gradients"].sum(axis=(1, 2))
    np.testing.assert_allclose(got, wanted, atol=0.05 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["occlusion", "Grad-CAM", "XRAI", "integrated gradients"])
def test_what_is_planted_is_found(planted, name):
    image = np.full((1, SIDE, SIDE), 10, np.uint8)
    image[0][PLANTED] = 220
    (found,) = explain.explain(planted, image, [1], [name])[name]
    near = inside((slice(9, 15), slice(1, 7)))  # XRAI's regions are a pixel wider
    assert near.ravel()[found.argmax()]
    assert explain.share_inside(found[None], inside()[None])[0] > 0.25
    assert np.abs(found[inside()]).mean() > 4 * np.abs(found[~inside()]).mean()


def test_xrai_knows_the_planted_patch_as_a_region_of_its_own(planted):
    """Not so with the least of 50 pixels that XRAI has for pictures of 224: the patch has 16."""
    image = np.full((1, SIDE, SIDE), 10, np.uint8)
    image[0][PLANTED] = 220
    (found,) = explain.explain(planted, image, [1], ["XRAI"])["XRAI"]
    first = found == found.max()
    assert (first & inside()).sum() >= 12  # corners may be regions of their own
    assert not (first & ~dilation(inside(), disk(1))).any()


@pytest.mark.parametrize("least", [1, 5])
def test_regions_are_grown_as_by_pair(least):
    rng = np.random.default_rng(least)
    values = rng.normal(0, 1, (12, 12))
    regions = [rng.random((12, 12)) < share for share in rng.uniform(0.01, 0.3, 40)]
    for region in regions:
        region[:2] = False  # in no region
    wanted, _ = saliency.XRAI._xrai(values, regions, min_pixel_diff=least)
    found, _ = grown(values, regions, min_pixel_diff=least)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert len(np.unique(found)) > 3


def test_occlusion_is_the_mean_loss_of_the_squares_that_hide_a_pixel(planted):
    image = np.full((1, SIDE, SIDE), 60, np.uint8)
    image[0][PLANTED] = 220
    (found,) = explain.explain(planted, image, [1], ["occlusion"])["occlusion"]
    squares = hidden_squares((SIDE, SIDE))
    grey = image.mean()
    lost = [(220 - grey) / 255 * (square & inside()).sum() / 16 for square in squares]
    wanted = np.tensordot(lost, squares, axes=1) / squares.sum(axis=0)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("size", [(16, 16), (48, 48), (50, 37)])
def test_squares_hide_every_pixel_equally_often(size):
    often = hidden_squares(size).sum(axis=0)
    assert often.min() >= 1
    if size == (48, 48):
        assert set(often.ravel()) == {4}


def test_every_method_gives_a_map_of_the_image_size(tiny):
    maps = explain.explain(tiny, IMAGES[:2])
    assert list(maps) == list(explain.METHODS)
    for one in maps.values():
        assert one.shape == (2, SIDE, SIDE)
        assert one.dtype == np.float32
        assert np.isfinite(one).all()


def test_a_map_depends_on_its_own_image_alone_and_on_the_seed(tiny):
    names = ["SmoothGrad", "occlusion", "XRAI"]
    state = np.random.get_state()[1].copy()
    both = explain.explain(tiny, IMAGES[:2], [0, 1], names)
    assert np.array_equal(np.random.get_state()[1], state)
    first = explain.explain(tiny, IMAGES[:1], [0], names)
    for name in names:
        np.testing.assert_allclose(both[name][0], first[name][0], atol=1e-6)
    other = explain.explain(tiny, IMAGES[:1], [0], names[:1], seed=1)
    assert not np.allclose(other["SmoothGrad"], first["SmoothGrad"], rtol=1e-3, atol=0)


def test_without_labels_the_most_probable_class_is_explained(tiny):
    said = tiny.say(tiny.images(IMAGES)).argmax(axis=1)
    (own,) = explain.explain(tiny, IMAGES, methods=["gradient"]).values()
    (told,) = explain.explain(tiny, IMAGES, said, ["gradient"]).values()
    np.testing.assert_array_equal(own, told)


def test_colours_and_full_batches(tiny):
    model = models.build("tiny", input_shape=(SIDE, SIDE, 3), size=SIDE)
    colours = np.repeat(IMAGES[..., None], 3, axis=-1)
    maps = explain.explain(model, np.concatenate([colours] * 12), methods=["gradient", "Grad-CAM"])
    assert maps["gradient"].shape == (36, SIDE, SIDE)
    np.testing.assert_allclose(maps["gradient"][:3], maps["gradient"][33:], atol=1e-7)


@pytest.mark.parametrize("name", ["compact", "se_resnet", "seed003_five_layer"])
def test_grad_cam_finds_the_layer(name):
    model = models.build(name, size=32)
    seen, _ = explain.Network(model).once("Grad-CAM", layers_of)
    assert seen.output_shape[1:3] in {(4, 4), (8, 8)}


def test_grad_cam_looks_at_what_a_model_within_the_model_gives():
    """The map of the nested network is that of the same layers in one graph."""
    keras.utils.set_random_seed(5)
    image = keras.Input((SIDE, SIDE, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
    trunk = keras.Model(image, layers.Conv2D(6, 3, activation="relu")(x), name="trunk")
    pool, head = layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")
    shown = keras.Input((SIDE, SIDE, 1))
    nested = keras.Model(shown, head(pool(trunk(layers.Rescaling(1 / 255)(shown)))))
    other = keras.Input((SIDE, SIDE, 1))
    trunk(other)  # a graph besides, which is none of the network's
    seen, _ = explain.Network(nested).once("Grad-CAM", layers_of)
    assert seen.output_shape == (None, 5, 5, 6)
    again = keras.Input((SIDE, SIDE, 1))
    x = layers.Rescaling(1 / 255)(again)
    for layer in (*trunk.layers[1:], pool, head):
        x = layer(x)
    (deep,) = explain.explain(nested, IMAGES, [0, 1, 2], ["Grad-CAM"]).values()
    (flat,) = explain.explain(keras.Model(again, x), IMAGES, [0, 1, 2], ["Grad-CAM"]).values()
    assert deep.any()
    np.testing.assert_allclose(deep, flat, rtol=1e-4, atol=1e-9)


def test_grad_cam_is_that_of_the_library(tiny):
    seen, slopes = tiny.once("Grad-CAM", layers_of)

    def call(images, call_model_args, expected_keys):
        values = say_in_parts(seen, images)
        wanted = np.eye(7, dtype="float32")[[2]]
        slope = slope_in_parts(slopes, values, wanted)[1]
        return {
            saliency.CONVOLUTION_LAYER_VALUES: values,
            saliency.CONVOLUTION_OUTPUT_GRADIENTS: slope,
        }

    options = {"should_resize": False, "three_dims": False}
    coarse = saliency.GradCam().GetMask(tiny.images(IMAGES)[0], call, **options)
    (found,) = explain.explain(tiny, IMAGES[:1], [2], ["Grad-CAM"])["Grad-CAM"]
    np.testing.assert_allclose(found, cv2.resize(coarse, (SIDE, SIDE)), rtol=1e-4, atol=1e-9)


def test_slopes_follow_weights_that_change():
    model = models.build("tiny", size=SIDE)
    slope = gradients.slopes(model)
    shown = IMAGES[:1, ..., None].astype("float32")
    wanted = np.eye(7, dtype="float32")[:1]
    before = np.asarray(slope(shown, wanted)[1])
    model.set_weights([2 * weight for weight in model.get_weights()])
    assert not np.allclose(before, np.asarray(slope(shown, wanted)[1]))


def test_other_backends_are_refused(tiny, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(FerError, match="no gradients on torch: set KERAS_BACKEND"):
        gradients.slopes(tiny.model)


def test_occlusion_asks_about_many_squares_at_once(tiny, monkeypatch):
    calls, ask = [], tiny.model.predict_on_batch
    monkeypatch.setattr(tiny.model, "predict_on_batch", lambda x: calls.append(len(x)) or ask(x))
    explain.explain(tiny, IMAGES[:1], [0], ["occlusion"])
    assert len(calls) < len(hidden_squares((SIDE, SIDE))) / 20


def test_deletion_and_insertion_by_hand(linear):
    """Of a linear network each step changes what is said by the weights of the pixels it takes."""
    image, flat = IMAGES[:1], IMAGES[0].reshape(-1).astype(float)
    maps = np.arange(SIDE * SIDE)[::-1].reshape(1, SIDE, SIDE)  # the first pixels first
    told = explain.curves(linear, image, maps, [2], "deletion", steps=2)
    halfway = np.where(np.arange(256) < 128, flat.mean(), flat)
    wanted = [0.3 + pixels @ TIMES[:, 2] for pixels in (flat, halfway, np.full(256, flat.mean()))]
    np.testing.assert_allclose(told, [wanted], rtol=1e-4)
    under = (wanted[0] / 2 + wanted[1] + wanted[2] / 2) / 2
    np.testing.assert_allclose(explain.area(told), under, rtol=1e-5)
    back = explain.curves(linear, image, maps, [2], "insertion", steps=2)
    np.testing.assert_allclose(back[:, -1], told[:, 0], rtol=1e-5)


def test_a_good_map_deletes_sooner_than_a_bad_one(planted):
    image = np.full((1, SIDE, SIDE), 60, np.uint8)
    image[0][PLANTED] = 220
    good = inside()[None].astype(float)
    lost, kept = (explain.curves(planted, image, x, [1]) for x in (good, 1 - good))
    assert explain.area(lost) < explain.area(kept)
    came = [explain.curves(planted, image, x, [1], "insertion") for x in (good, 1 - good)]
    assert explain.area(came[0]) > explain.area(came[1])


def test_shuffled_weights_are_the_same_values_elsewhere(tiny):
    kept = tiny.model.get_weights()
    copy = explain.shuffled(tiny.model, seed=1)
    for old, now, new in zip(kept, tiny.model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
        np.testing.assert_array_equal(np.sort(old.ravel()), np.sort(new.ravel()))
    top = explain.shuffled(tiny.model, layers=1)
    same = [np.array_equal(a, b) for a, b in zip(kept, top.get_weights(), strict=True)]
    assert all(same[:4])
    assert not same[4]


def test_similarity_is_a_rank_correlation():
    maps = np.arange(16.0).reshape(1, 4, 4)
    assert explain.similarity(maps, maps**3)[0] == pytest.approx(1)
    assert explain.similarity(maps, 20 - maps)[0] == pytest.approx(-1)
    assert explain.similarity(maps, -maps)[0] == pytest.approx(1)
    assert explain.similarity(maps, np.ones((1, 4, 4)))[0] == 0


def test_shares_inside_regions():
    maps = np.zeros((2, 4, 4))
    maps[:, 0, 0], maps[:, 3, 3], maps[0, 1, 1] = 3, 1, -7
    regions = np.zeros((2, 4, 4), bool)
    regions[:, 0] = True
    np.testing.assert_allclose(explain.share_inside(maps, regions), 0.75)
    np.testing.assert_allclose(explain.share_inside(-maps.clip(0), regions), 0.25)  # chance
    row = explain.shares({"m": maps}, regions, {"m": np.ones((2, 4, 4))}).loc["m"]
    assert row[["share", "chance", "times", "shuffled", "lost", "empty"]].tolist() == [
        0.75, 0.25, 3, 0.25, 0.5, 0,
    ]  # fmt: skip


def test_shares_beside_maps_of_no_network():
    rng = np.random.default_rng(0)
    regions = np.zeros((40, 8, 8), bool)
    for one, rows in zip(regions, rng.integers(1, 5, 40), strict=True):
        one[:rows] = True
    maps = {"m": rng.random((40, 8, 8)) + 2 * regions, "flat": np.ones((40, 8, 8))}
    table = explain.shares(maps, regions, {"m": maps["flat"]}, beside="flat")
    gain = explain.share_inside(maps["m"], regions) - regions.mean(axis=(1, 2))
    error = gain.std(ddof=1) / np.sqrt(40)
    assert table.loc["m", ["gain", "gain_error"]].tolist() == pytest.approx([gain.mean(), error])
    assert table.loc["flat", ["gain", "gain_error"]].tolist() == [0, 0]
    assert table.loc["flat", ["shuffled", "lost", "lost_error"]].isna().all()
    with pytest.raises(FerError, match="no maps 'edges': compare with one of m, flat"):
        explain.shares(maps, regions, beside="edges")


def test_the_error_of_times_chance_is_that_of_a_ratio():
    """It is what the ratio varies by when other faces are drawn; of chance itself it is 0."""
    rng = np.random.default_rng(0)
    regions = np.zeros((60, 8, 8), bool)
    for one, rows in zip(regions, rng.integers(1, 5, 60), strict=True):
        one[:rows] = True
    maps = {"m": rng.random((60, 8, 8)) ** 8 + regions, "flat": np.ones((60, 8, 8))}
    table = explain.shares(maps, regions)
    share, area = explain.share_inside(maps["m"], regions), regions.mean(axis=(1, 2))
    drawn = rng.integers(60, size=(4000, 60))
    ratios = share[drawn].mean(axis=1) / area[drawn].mean(axis=1)
    assert table.loc["m", "times_error"] == pytest.approx(ratios.std(), rel=0.1)
    assert table.loc["flat", "times_error"] == pytest.approx(0, abs=1e-12)


def test_maps_of_no_network():
    images = np.zeros((2, 9, 9), np.uint8)
    images[:, :, 5:] = 100
    maps = explain.without_network(images)
    assert list(maps) == ["edges", "centre"]
    edge = np.zeros((2, 9, 9))
    edge[:, :, 4:6] = 50
    np.testing.assert_allclose(maps["edges"], edge)
    assert np.unravel_index(maps["centre"][1].argmax(), (9, 9)) == (4, 4)
    assert maps["centre"][1, 4, 5] == pytest.approx(np.exp(-0.5))
    colours = np.repeat(images[..., None], 3, axis=-1)
    np.testing.assert_allclose(explain.without_network(colours)["edges"], edge)
    with pytest.raises(FerError, match=r"images are \(9, 9\)"):
        explain.without_network(images[0])


def test_mean_attention_counts_each_image_alike():
    maps = np.zeros((3, 2, 2))
    maps[0, 0, 0], maps[1, 1, 1], maps[2, 0, 1] = 1, 100, -1
    means = explain.mean_attention(maps, [0, 0, 2], ("happy", "sad", "fear"))
    assert list(means) == ["happy", "fear"]
    np.testing.assert_allclose(means["happy"], [[0.5, 0], [0, 0.5]])
    np.testing.assert_allclose(means["fear"], 0.25)  # nothing speaks for it


def test_regions_are_where_the_expression_shows():
    options = {"seed": 5, "occluder": "none", "pose": (0, 0, 0), "intensity": 0.9}
    faces, regions = synthetic.with_regions(8, labels="happy", masks=True, **options)
    own = synthetic.own_units(faces)
    patches = (faces.masks & own[:, :, None, None]).any(axis=1)
    assert regions.shape == (8, 48, 48)
    assert (regions & patches).sum() > 0.95 * regions.sum()
    assert 0.02 < regions.mean() < patches.mean() / 2
    assert not synthetic.with_regions(4, labels="neutral", **options)[1].any()
    assert [faces.units[k] for k in np.flatnonzero(own[0])] == [
        "AU6", "AU12L", "AU12R", "AU25", "AU26",
    ]  # fmt: skip


NAN = np.full((1, SIDE, SIDE), 9.0)
NAN[0, 3, 3] = np.nan


@pytest.mark.parametrize(
    ("images", "options", "said"),
    [
        (NAN, {}, "image 0 has NaN"),
        (IMAGES[0], {}, r"images have shape \(16, 16\)"),
        (IMAGES[:, :8], {}, r"images are \(8, 16, 1\), tiny takes \(16, 16, 1\)"),
        (IMAGES / 255, {}, "1 or less"),
        (IMAGES[:0], {}, "no image to explain"),
        (IMAGES, {"labels": [0, 1, 7]}, "image 2: class 7 is none that tiny knows, 0 to 6"),
        (IMAGES, {"labels": [0, -1, 1]}, "image 1: class -1"),
        (IMAGES, {"labels": [0, 1]}, "a whole number for each of the 3 images"),
        (IMAGES, {"labels": [0.0, 1, 2]}, "a whole number for each"),
        (IMAGES, {"methods": ["lime"]}, "no method 'lime': take of gradient"),
    ],
)
def test_what_cannot_be_explained_is_refused(tiny, images, options, said):
    with pytest.raises(FerError, match=said):
        explain.explain(tiny, images, **options)


def test_grad_cam_needs_a_convolution_with_places_left(linear):
    with pytest.raises(FerError, match="linear has no convolution"):
        explain.explain(linear, IMAGES, methods=["Grad-CAM"])
    image = keras.Input((SIDE, SIDE, 1))
    x = layers.Flatten()(layers.Conv2D(2, SIDE)(image))
    narrow = keras.Model(image, layers.Dense(2)(x), name="narrow")
    with pytest.raises(FerError, match="narrow has no more than one place left: Grad-CAM needs"):
        explain.explain(narrow, IMAGES, methods=["Grad-CAM"])


def test_other_models_are_refused():
    numbers = keras.Input((4,))
    model = keras.Model(numbers, layers.Dense(2)(numbers), name="table")
    with pytest.raises(FerError, match="table takes"):
        explain.Network(model)


def test_faulty_maps_and_settings_are_refused(tiny, linear):
    maps = np.ones((3, SIDE, SIDE))
    for bad, said in ((maps[:2], "maps are"), (np.where(maps > 0, np.nan, 0), "map 0 has NaN")):
        with pytest.raises(FerError, match=said):
            explain.curves(tiny, IMAGES, bad)
        with pytest.raises(FerError, match=said):
            explain.share_inside(bad, maps > 0)
    with pytest.raises(FerError, match="take deletion or insertion"):
        explain.curves(tiny, IMAGES, maps, kind="removal")
    with pytest.raises(FerError, match="maps are"):
        explain.similarity(maps, maps[:1])
    with pytest.raises(FerError, match="1 maps have no error"):
        explain.shares({"m": maps[:1]}, maps[:1] > 0)
    with pytest.raises(FerError, match="the regions are empty"):
        explain.shares({"m": maps}, maps < 0)
    with pytest.raises(FerError, match="2 labels for 3 maps"):
        explain.mean_attention(maps, [0, 1], ("a", "b"))
    with pytest.raises(FerError, match="labels go from 0 to 2"):
        explain.mean_attention(maps, [0, 1, 2], ("a", "b"))
    with pytest.raises(FerError, match="9 layers: linear has 1"):
        explain.shuffled(linear.model, layers=9)
    with pytest.raises(FerError, match="least is 0"):
        synthetic.with_regions(2, least=0)
