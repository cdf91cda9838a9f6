import keras
import numpy as np
import pytest

from fer_utils.augment import layers
from fer_utils.augment.layers import warp
from fer_utils.augment.layers.mix import Mix
from fer_utils.augment.layers.noise import RandomNoise
from fer_utils.augment.layers.warp import RandomWarp, gathered, transformed
from fer_utils.errors import FerError

pytestmark = pytest.mark.backend

PRESETS = layers.presets()
DRAWING = [name for name in PRESETS if name != "none"]
FITTED = ("flip", "seed000", "noisy", "modern")  # the others have these layers, other amounts
MOVES = {"rotation": 20, "shift": 0.1, "shear": 5, "zoom": 0.1, "flip": True}


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (64, 12, 12, 1)).astype("float32")


def apply(name, batch, seed=0, training=True):
    for layer in layers.preset(name, seed):
        batch = layer(batch, training=training)
    return keras.ops.convert_to_numpy(batch)


def warped(images, seed=0, **amounts):
    out = RandomWarp(**amounts, seed=seed)(images, training=True)
    return keras.ops.convert_to_numpy(out)


def waves(n=64, side=41):
    y, x = np.mgrid[:side, :side]
    return np.tile(
        (128 + 60 * np.sin(x / 5) + 50 * np.cos(y / 4))[..., None], (n, 1, 1, 1)
    ).astype("float32")


def network(classes=3, side=12):
    return keras.Sequential(
        [
            keras.Input((side, side, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, "softmax", kernel_initializer="zeros"),
        ]
    )


@pytest.mark.parametrize("name", PRESETS)
def test_identity_at_inference(name, batch):
    np.testing.assert_array_equal(apply(name, batch, training=False), batch)


@pytest.mark.parametrize("name", FITTED)
def test_a_model_in_front_is_the_network_at_inference(name, batch):
    same = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Identity()])
    model = layers.in_front(same, name)
    np.testing.assert_array_equal(model.predict(batch, verbose=0), batch)


@pytest.mark.parametrize("name", FITTED)
def test_shape_and_range_stay(name):
    images = np.random.default_rng(0).integers(0, 256, (9, 17, 14, 3)).astype("float32")
    out = apply(name, images)
    assert out.shape == images.shape
    assert 0 <= out.min() <= out.max() <= 255.001


@pytest.mark.parametrize("name", PRESETS)
def test_draws_follow_from_the_seed(name, batch):
    np.testing.assert_array_equal(apply(name, batch, seed=3), apply(name, batch, seed=3))


@pytest.mark.parametrize("name", DRAWING)
def test_another_seed_draws_otherwise(name, batch):
    assert (apply(name, batch, seed=1) != apply(name, batch, seed=2)).any()


@pytest.mark.parametrize("name", DRAWING)
def test_the_next_batch_is_drawn_anew_and_the_state_brings_it_back(name, batch):
    made = layers.preset(name, 0)
    states = [v for layer in made for v in layer.variables if v.name == "seed_generator_state"]
    assert len(states) == len(made)  # by these the trainer continues an interrupted fit
    start = [keras.ops.convert_to_numpy(keras.ops.copy(state)) for state in states]

    def once():
        out = batch
        for layer in made:
            out = layer(out, training=True)
        return keras.ops.convert_to_numpy(out)

    first, second = once(), once()
    assert (first != second).any()
    for state, value in zip(states, start, strict=True):
        state.assign(value)
    np.testing.assert_array_equal(once(), first)


@pytest.mark.parametrize("name", DRAWING)
def test_each_image_gets_its_own_draw(name):
    same = np.tile(np.random.default_rng(0).uniform(0, 255, (1, 12, 12, 1)), (64, 1, 1, 1))
    out = apply(name, same.astype("float32"))
    assert len({image.tobytes() for image in out}) >= (2 if name in ("flip", "seed002") else 64)


def test_without_a_seed_draws_follow_kerass(batch):
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        results.append(warped(batch, seed=None, **MOVES))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("name", ["flip", "seed002"])
def test_flip_mirrors_some_and_leaves_the_others(name, batch):
    out = apply(name, batch)
    mirrored = (out == batch[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (out == batch).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 10 < mirrored.sum() < 54


def test_none_has_no_layers():
    assert layers.preset("none") == []


@pytest.mark.parametrize("function", [layers.preset, lambda name: layers.in_front(None, name)])
def test_an_unknown_preset_lists_those_there_are(function):
    with pytest.raises(FerError, match="no augmentation 'flop': there are none, flip, seed000"):
        function("flop")


def test_a_warp_by_nothing_is_the_image(batch):
    np.testing.assert_allclose(warped(batch), batch, atol=1e-3)


def test_the_warps_flip_is_exact(batch):
    out = warped(batch, flip=True)
    mirrored = np.isclose(out, batch[:, :, ::-1], atol=1e-3).all(axis=(1, 2, 3))
    same = np.isclose(out, batch, atol=1e-3).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 10 < mirrored.sum() < 54


@pytest.mark.parametrize("shape", [(4, 1, 1, 1), (9, 17, 14, 3)])
def test_a_flat_image_stays_at_any_size(shape):
    np.testing.assert_allclose(warped(np.full(shape, 90.0), **MOVES), 90, atol=1e-3)


def test_shift_moves_by_up_to_its_share():
    ramp = np.tile(np.arange(41.0)[None, None, :, None], (64, 41, 1, 1)).astype("float32")
    moved = warped(ramp, shift=0.1)[:, 20, 20, 0] - 20
    assert 3 < np.abs(moved).max() <= 4.101
    assert moved.min() < 0 < moved.max()


def test_rotation_turns_by_up_to_its_degrees_about_the_middle():
    images = np.tile(np.arange(41.0)[None, :, None, None] - 20, (64, 1, 41, 1)).astype("float32")
    out = warped(images, rotation=30)
    np.testing.assert_allclose(out[:, 20, 20, 0], 0, atol=1e-3)
    angles = np.degrees(np.arcsin(out[:, 20, 30, 0] / 10))
    assert 25 < np.abs(angles).max() <= 30.01
    assert angles.min() < 0 < angles.max()


def test_zoom_scales_each_axis_within_its_bounds():
    y, x = np.mgrid[-20:21, -20:21].astype("float32")
    for axis, grid in enumerate((y, x)):
        images = np.tile(grid[None, ..., None], (64, 1, 1, 1))
        place = (30, 20) if axis == 0 else (20, 30)
        scale = warped(images, zoom=0.2)[:, place[0], place[1], 0] / 10
        assert 0.8 <= scale.min() < 0.85
        assert 1.15 < scale.max() <= 1.2001


def test_shear_keeps_columns_straight_and_slants_rows():
    images = np.tile(np.arange(41.0)[None, None, :, None] - 20, (64, 41, 1, 1)).astype("float32")
    out = warped(images, shear=10)
    np.testing.assert_allclose(out[:, 20, 30, 0], 10, atol=1e-3)
    leans = np.degrees(np.arcsin(out[:, 30, 20, 0] / 10))
    assert 7 < np.abs(leans).max() <= 10.01


@pytest.mark.parametrize("shape", [(9, 17, 14, 3), (4, 1, 1, 1)])
def test_both_ways_to_warp_agree(shape):
    images = np.random.default_rng(0).uniform(0, 255, shape).astype("float32")
    layer = RandomWarp(**MOVES, seed=4)
    matrices = layer.matrices(layer.draw(shape[0]), *shape[1:3])
    one, other = (
        keras.ops.convert_to_numpy(way(images, matrices)) for way in (gathered, transformed)
    )
    np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.parametrize("shape", [(9, 17, 14), (9, 17, 14, 3)])
@pytest.mark.parametrize("name", ["none", "flip", "modern"])
def test_shown_is_what_a_step_would_see(name, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    out = layers.shown(images, name, seed=4)
    assert (out.dtype, out.shape) == (np.uint8, shape)
    assert (out != images).any() == (name != "none")
    step = apply(name, images.reshape(9, 17, 14, -1).astype("float32"), seed=4)
    assert np.abs(out.reshape(step.shape) - step).max() <= 0.5
    np.testing.assert_array_equal(layers.shown(images, name, seed=4), out)


def test_the_erased_patch_is_grey_and_at_most_a_quarter_wide():
    black = np.zeros((64, 41, 41, 1), "float32")
    patch = keras.ops.convert_to_numpy(layers.preset("modern")[-1](black, training=True))
    assert {*np.unique(patch)} == {0, 127}
    sides = (patch[..., 0] > 0).any(axis=1).sum(axis=1)
    assert 7 <= sides.max() <= 10


def test_each_image_gets_noise_of_its_own_strength():
    grey = np.full((400, 24, 24, 1), 127, "float32")
    noisy = keras.ops.convert_to_numpy(RandomNoise(0.08, seed=3)(grey, training=True))
    strength = (noisy - 127).std(axis=(1, 2, 3)) / 255
    assert 0 < strength.min() < 0.004
    assert 0.072 < strength.max() < 0.088
    assert strength.mean() == pytest.approx(0.04, abs=0.004)  # every strength as often
    assert np.abs(noisy.mean() - 127) < 0.2
    assert np.abs(np.corrcoef(noisy[:2].reshape(2, -1))[0, 1]) < 0.2  # no image has another's


def test_noise_stays_in_range():
    ends = np.zeros((8, 24, 24, 1), "float32")
    ends[:, 12:] = 255
    noisy = keras.ops.convert_to_numpy(RandomNoise(1, seed=1)(ends, training=True))
    assert noisy.min() == 0
    assert noisy.max() == 255


def test_half_precision_keeps_the_places_of_pixels():
    layer = RandomWarp(**MOVES, seed=1, dtype="mixed_bfloat16")
    half = keras.ops.convert_to_numpy(keras.ops.cast(layer(waves(), training=True), "float32"))
    np.testing.assert_allclose(half, warped(waves(), seed=1, **MOVES), atol=4)


@pytest.mark.parametrize(
    "layer",
    [RandomWarp(**MOVES, seed=7), Mix(0.3, 0.6, seed=7), RandomNoise(0.1, seed=7)],
)
def test_layers_come_back_from_their_config(layer, batch):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    fresh = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(again(batch, training=True), fresh(batch, training=True))


@pytest.mark.parametrize("name", ["seed000", "modern"])
def test_fits_compiled_with_a_smaller_last_batch(name, batch):
    inner = network()
    model = layers.in_front(inner, name, seed=1)
    model.compile("adam", "categorical_crossentropy", metrics=["categorical_accuracy"])
    labels = np.eye(3, dtype="float32")[np.arange(len(batch)) % 3]
    history = model.fit(batch[:21], labels[:21], batch_size=8, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert np.abs(inner.get_weights()[0]).max() > 0  # the network itself has learnt


def test_the_whole_step_compiles_where_keras_compiles(monkeypatch, batch):
    monkeypatch.setattr(warp, "compiles", lambda: True)  # as it is on a GPU
    model = layers.in_front(network(), "modern")
    model.compile("sgd", "categorical_crossentropy", jit_compile=True)
    assert model.jit_compile  # Keras turns it off where one layer does not support it
    assert np.isfinite(model.train_on_batch(batch, np.eye(3)[np.arange(64) % 3])).all()


def test_a_fit_repeats_by_its_seed(batch):
    weights = []
    for _ in range(2):
        inner = network()
        model = layers.in_front(inner, "modern", seed=6)
        model.compile("sgd", "categorical_crossentropy")
        model.fit(batch, np.eye(3)[np.arange(64) % 3], batch_size=16, shuffle=False, verbose=0)
        weights.append(inner.get_weights()[0])
    np.testing.assert_allclose(*weights, rtol=1e-4, atol=1e-6)
