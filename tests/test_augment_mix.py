import keras
import numpy as np
import pytest

from fer_utils.augment import layers
from fer_utils.augment.layers.mix import Mix

pytestmark = pytest.mark.backend


def network(classes=3, side=12):
    return keras.Sequential(
        [
            keras.Input((side, side, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, "softmax", kernel_initializer="zeros"),
        ]
    )


@pytest.mark.parametrize("paste", [0, 1])
def test_mix_takes_the_images_and_labels_of_the_neighbour_by_one_share(paste):
    levels = np.arange(64, dtype="float32")
    images = np.tile(levels[:, None, None, None], (1, 12, 12, 1))
    layer, labels, shares = Mix(paste=paste, seed=0), np.eye(64, dtype="float32"), set()
    for _ in range(8):
        out = keras.ops.convert_to_numpy(layer(images, training=True))
        mixed = keras.ops.convert_to_numpy(layer.mix_labels(labels))
        np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(out.mean(axis=(1, 2, 3)), mixed @ levels, atol=1e-3)
        assert (mixed.diagonal() >= 0.5).all()
        assert (len(np.unique(out[3])) == 1) == (paste == 0 or float(layer.share.value) == 1)
        shares.add(float(layer.share.value))
    assert len(shares) > 4


def test_mix_is_the_identity_at_inference():
    batch = np.random.default_rng(0).uniform(0, 255, (8, 12, 12, 1)).astype("float32")
    np.testing.assert_array_equal(Mix(seed=0)(batch, training=False), batch)


def test_the_loss_of_a_fit_sees_mixed_labels_and_that_of_evaluation_does_not():
    model = layers.in_front(network(), "modern", seed=2)
    model.compile(keras.optimizers.SGD(0.0), "mean_squared_error")
    images, labels = np.zeros((8, 12, 12, 1)), np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]
    loss = float(np.ravel(model.train_on_batch(images, labels))[0])
    share = float(next(layer for layer in model.layers if isinstance(layer, Mix)).share.value)
    mixed = share * labels + (1 - share) * np.roll(labels, 1, axis=0)
    assert 0.5 <= share < 1
    np.testing.assert_allclose(loss, ((mixed - 1 / 3) ** 2).mean(), rtol=1e-5)
    whole = float(np.ravel(model.evaluate(images, labels, verbose=0))[0])
    np.testing.assert_allclose(whole, 2 / 9, rtol=1e-5)
