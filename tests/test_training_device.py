"""Precision by device, memory, how many images are asked about at once."""

import dataclasses
import os

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import made_settings

from fer_utils import backend, models, runs, training
from fer_utils.errors import FerError
from fer_utils.models import registry
from fer_utils.training import fit, graphs, precision, trainer
from fer_utils.training.memory import out_of_memory_said
from fer_utils.training.optimizers import optimizer
from fer_utils.training.prediction import batch_size

pytestmark = pytest.mark.backend

RECIPE = models.Recipe("adam", learning_rate=0.01, batch=16, epochs=1)


def test_cores_are_those_the_process_is_bound_to(monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 3, 5}, raising=False)
    assert backend.device() == "CPU x3"
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert backend.device() == "CPU x8"


@pytest.mark.parametrize(
    ("device", "capability", "chosen"),
    [
        ("tpu:0", 0, "mixed_bfloat16"),
        ("gpu:0", 9.0, "mixed_bfloat16"),
        ("gpu:0", 8.0, "mixed_bfloat16"),
        ("gpu:0", 7.5, "mixed_float16"),
    ],
)
def test_precision_by_device(device, capability, chosen, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: [device, "cpu:0"])
    monkeypatch.setattr(precision, "_compute_capability", lambda: capability)
    assert training.precision_for_device() == chosen


@pytest.mark.parametrize("knows", [True, False])
def test_precision_on_a_cpu(knows, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    monkeypatch.setattr(precision, "_cpu_knows_bfloat16", lambda: knows)
    low = knows and keras.backend.backend() == "tensorflow"
    assert training.precision_for_device() == ("mixed_bfloat16" if low else "float32")


def test_auto_is_resolved_before_it_is_written_down(tmp_path, capsys):
    dataset, made = draw_faces(80, side=16), made_settings(tmp_path)
    auto = dataclasses.replace(RECIPE, precision="auto")
    fitted = training.fit_or_restore("tiny", dataset, made, auto)
    told = runs.read_json(fitted.folder / "run.json")["identity"]["recipe"]["precision"]
    assert told == training.precision_for_device()
    named = dataclasses.replace(RECIPE, precision=told)
    training.fit_or_restore("tiny", dataset, made, named)
    assert capsys.readouterr().out.endswith("tiny: restored, 1 epochs\n")


def huge(x, classes):
    """Need more memory than there are addresses, sorted so that no compiler does without."""
    from keras import layers, ops

    x = layers.GlobalAveragePooling2D()(x)[:, :, None, None]
    x = ops.sort(ops.tile(x, (1, 1, 1 << 22, 1 << 22)))
    return layers.Dense(classes, activation="softmax")(ops.max(x, axis=(2, 3)))


def test_out_of_memory_says_which_batch_to_try(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", {})
    registry.register(source="the tests", size=16, classes=tuple("abcdefg"), recipe=RECIPE)(huge)
    with pytest.raises(FerError, match="out of memory at 16 images a step: try a batch of 8"):
        training.fit_or_restore("huge", draw_faces(80, side=16), made_settings(tmp_path))


def test_a_network_too_large_to_build_is_to_see_fewer_pixels(tmp_path, monkeypatch):
    def grown(x, classes):
        from keras import layers

        return layers.Dense(classes)(layers.Dense(1 << 50)(layers.Flatten()(x)))

    monkeypatch.setattr(registry, "_ENTRIES", {})
    registry.register(source="the tests", size=16, classes=tuple("abcdefg"), recipe=RECIPE)(grown)
    with pytest.raises(FerError, match="as the network was built: let the network see fewer"):
        training.fit_or_restore("grown", draw_faces(80, side=16), made_settings(tmp_path))


def short(*arguments):
    raise MemoryError


@pytest.mark.parametrize(
    ("place", "name"), [(trainer, "optimizer"), (fit.Trainer, "_fit"), (fit, "predict")]
)
def test_out_of_memory_is_said_wherever_it_happens(place, name, tmp_path, monkeypatch):
    monkeypatch.setattr(fit.Trainer, "_fit", lambda self, callback: self.history.append({}))
    monkeypatch.setattr(place, name, short)
    with pytest.raises(FerError, match="out of memory at 16 images a step: try a batch of 8"):
        training.fit_or_restore("tiny", draw_faces(80, side=16), made_settings(tmp_path), RECIPE)


def test_out_of_memory_is_said_where_the_trained_network_is_built(tmp_path, monkeypatch):
    def trained(*arguments):
        monkeypatch.setattr(models, "build", short)
        return [{}]

    monkeypatch.setattr(fit.Trainer, "run", trained)
    builder = fit._builder
    monkeypatch.setattr(fit, "_builder", lambda *given: lambda: builder(*given)())
    with pytest.raises(FerError, match="out of memory at 16 images a step: try a batch of 8"):
        training.fit_or_restore("tiny", draw_faces(80, side=16), made_settings(tmp_path), RECIPE)


def test_only_memory_is_said_to_be_short():
    with pytest.raises(FerError, match="let the network see fewer"), out_of_memory_said(1):
        raise MemoryError
    with pytest.raises(ValueError, match="something else"), out_of_memory_said(1):
        raise ValueError("something else")


def test_large_images_are_asked_about_in_smaller_batches():
    def asked(side):
        image = keras.Input((48, 48, 1))
        return batch_size(keras.Model(image, keras.layers.Resizing(side, side)(image)))

    assert [asked(48), asked(64), asked(128), asked(4096)] == [512, 512, 128, 1]
    assert batch_size(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])) == 512


@pytest.fixture
def made(monkeypatch):
    """Return the list of Trainers that fits make."""
    trainers = []

    class Spy(fit.Trainer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            trainers.append(self)

    monkeypatch.setattr(fit, "Trainer", Spy)
    return trainers


def test_averages_survive_a_scaled_loss(tmp_path, made):
    """Under float16 the optimiser is wrapped; the averages are in the one inside."""
    recipe = dataclasses.replace(RECIPE, precision="mixed_float16", average=0.9, keep="best")
    fitted = training.fit_or_restore(
        "small", draw_faces(80, side=24), made_settings(tmp_path), recipe
    )
    wrapper = made[0].model.optimizer
    assert type(wrapper) is keras.optimizers.LossScaleOptimizer
    assert type(wrapper.inner_optimizer) is keras.optimizers.Adam
    assert wrapper.inner_optimizer.use_ema
    assert np.isfinite(fitted.predictions["probabilities"]).all()


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_other_precisions_do_not_scale_the_loss(precision, tmp_path, made):
    recipe = dataclasses.replace(RECIPE, precision=precision)
    training.fit_or_restore("tiny", draw_faces(80, side=16), made_settings(tmp_path), recipe)
    assert type(made[0].model.optimizer) is keras.optimizers.Adam


def test_under_float16_images_are_changed_in_float32(tmp_path, made):
    recipe = dataclasses.replace(RECIPE, precision="mixed_float16", augmentation="flip")
    training.fit_or_restore("tiny", draw_faces(80, side=16), made_settings(tmp_path), recipe)
    *changing, network = made[0].model.layers
    assert {layer.compute_dtype for layer in changing} == {"float32"}
    assert network.get_layer(index=-2).compute_dtype == "float16"


def test_a_gradient_too_small_for_float16_still_counts():
    recipe = dataclasses.replace(RECIPE, optimizer="sgd", precision="mixed_float16")
    dense = keras.layers.Dense(1, kernel_initializer="zeros", dtype="mixed_float16")
    model = keras.Sequential([keras.Input((1,)), dense])
    small = np.full((16, 1), 1e-8, "float32")  # float16 begins near 6e-8
    model.compile(optimizer(recipe, steps=1), "mae")
    model.train_on_batch(np.ones((16, 1)), np.ones((16, 1)), sample_weight=small)
    assert float(np.ravel(dense.kernel)[0]) == pytest.approx(0.01 * 1e-8, rel=0.01)


@pytest.mark.parametrize(("steps", "skipped"), [(graphs.WORTH - 1, True), (graphs.WORTH, False)])
def test_tensorflow_optimises_graphs_that_many_steps_repay(steps, skipped):
    if keras.backend.backend() != "tensorflow":
        graphs.optimise_graphs(steps)
        return
    import tensorflow as tf

    graphs.optimise_graphs(steps)
    assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"] is skipped
