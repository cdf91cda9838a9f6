"""Objectives that train, on either backend."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import made_settings

from fer_utils import labels, models, training, tuning
from fer_utils.errors import FerError

pytestmark = pytest.mark.backend

SMALL = tuning.modern_space(convolutions=(1,), epochs=2, batch=16)
VALUES = {"learning_rate": 3e-3, "weight_decay": 1e-3, "label_smoothing": 0.1, "dropout": 0.1,
          "width": 16, "augmentation": "flip", "schedule": "cosine"}  # fmt: skip
BEST = {"learning_rate": 1.00009, "neurons_2": 32, "neurons_3": 128, "neurons_4": 64,
        "batch": 256, "epochs": 30, "dropout": 0.4, "initializer": "normal", "optimizer": "adam",
        "activation_1": "elu", "activation_2": "tanh", "activation_3": "tanh",
        "activation_4": "tanh", "activation_5": "elu"}  # fmt: skip


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(240, side=16)


@pytest.fixture(scope="module")
def objective(dataset):
    return tuning.Objective(SMALL, dataset, fitted=60, judged=60)


def told(objective, values):
    """Return what a trial reports."""
    rows = []
    objective(values, lambda *row: rows.append(row))
    return rows


def test_the_space_builds_the_registered_network():
    network = models.build(tuning.seed002_space().plan(BEST), labels.CKPLUS, size=(32, 25))
    registered = models.build("seed002_best", size=(32, 25))
    assert network.count_params() == registered.count_params() == 911_463
    configs = [
        [(type(layer).__name__, layer.get_config()) for layer in model.layers]
        for model in (network, registered)
    ]
    for (kind, one), (other, two) in zip(*configs, strict=True):
        assert kind == other
        assert one.get("activation") == two.get("activation")
    starts = [
        layer.kernel_initializer
        for layer in network.layers
        if hasattr(layer, "kernel_initializer")
    ]
    kinds = [type(start).__name__ for start in starts]
    assert kinds == ["RandomNormal"] + ["GlorotUniform"] * 5, "the first convolution alone"


def test_the_modern_space_holds_v8():
    entry = tuning.modern_space().plan({**VALUES, "width": 32})
    v8 = models.build("vgg_gap", 7, size=48)
    assert models.build(entry, 7, size=48).count_params() == v8.count_params()


def test_parts_are_of_training_alone_and_share_no_group(dataset, objective):
    part = objective.part
    train = dataset.take(dataset.rows("train"))
    assert len(part) == len(train)
    assert np.array_equal(part.images, train.images)
    rows = part.rows("train"), objective.judged, objective.fresh
    assert sum(map(len, rows)) == len(part)
    for i in range(3):
        assert not np.intersect1d(part.groups[rows[i]], part.groups[rows[i - 1]]).size
    assert objective.constants.sum() == pytest.approx(1)


def test_a_trial_reports_each_epoch_and_repeats_itself(objective):
    rows = told(objective, VALUES)
    assert [(row[0], row[3]) for row in rows] == [(1, False), (2, True)]
    assert 0 <= rows[1][1] <= 1
    np.testing.assert_allclose(told(objective, VALUES), rows, atol=1e-3)


def test_a_study_of_trainings(objective, tmp_path):
    study = tuning.open_study(tmp_path / "study", "small", objective.identity, first=1)
    study.enqueue_trial({**VALUES, "learning_rate": 1e-2, "augmentation": "modern"})
    table = tuning.search(study, objective, 2)
    assert table["spent"].between(1, 2).all()
    assert table["accuracy"].between(0, 1).all()


def test_a_training_that_breaks_is_no_error(dataset):
    def plan(values):
        return SMALL.plan({**values, "learning_rate": 1e38})

    broken = tuning.Objective(dataclasses.replace(SMALL, plan=plan), dataset, fitted=60, judged=60)
    (row,) = tuning.search(tuning.open_study(None, "broken"), broken, 1).to_dict("records")
    assert row["state"] == "pruned"
    assert "loss is nan" in row["problem"]


def following(dataset, **changes):
    """Return an Objective whose trials follow the small space's recipe with these changes."""

    def plan(values):
        entry = SMALL.plan(values)
        return dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, **changes))

    return tuning.Objective(dataclasses.replace(SMALL, plan=plan), dataset, fitted=60, judged=60)


@pytest.fixture
def compiled(monkeypatch):
    """Return the list of models that are compiled."""
    models, compile_as_before = [], keras.Model.compile

    def noting(self, *arguments, **options):
        models.append(self)
        return compile_as_before(self, *arguments, **options)

    monkeypatch.setattr(keras.Model, "compile", noting)
    return models


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_trial_is_compiled_as_a_training_is(precision, dataset, compiled, tmp_path):
    """The recipe's words mean the same in both; its loss is one that Keras does not have."""
    trial = following(dataset, loss="l2_svm", precision=precision)
    assert np.isfinite([row[2] for row in told(trial, VALUES)]).all()
    recipe = trial.space.plan(VALUES).recipe
    training.fit_or_restore("tiny", dataset, made_settings(tmp_path), recipe)
    one, other = (model.get_compile_config() for model in compiled)
    assert one["optimizer"]["class_name"] == other["optimizer"]["class_name"]
    for part in ("loss", "metrics", "jit_compile"):
        assert one[part] == other[part]


def test_a_trial_is_built_in_its_recipes_precision_alone(dataset, compiled):
    told(following(dataset, precision="mixed_float16"), VALUES)
    (model,) = compiled
    flip, network = model.layers
    assert network.dtype_policy.name == "mixed_float16"
    assert flip.dtype_policy.name == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert type(model.optimizer) is keras.optimizers.LossScaleOptimizer


def test_a_trial_takes_the_steps_that_a_training_takes(dataset, compiled):
    changes = {"sharpness": 0.05, "alternate": True, "warm_up": 0.5}
    assert np.isfinite([row[2] for row in told(following(dataset, **changes), VALUES)]).all()
    (model,) = compiled
    assert len(model.layers) == 1, "the mirror is left out"
    assert type(model.train_step) is functools.partial
    rate = model.optimizer.get_config()["learning_rate"]["config"]
    assert rate["warmup_steps"] == rate["decay_steps"] > 0


def test_the_devices_own_precision_is_one_too(dataset, compiled):
    told(following(dataset, precision="auto"), VALUES)
    assert compiled[0].layers[-1].dtype_policy.name == training.precision_for_device()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"precision": "no_such"}, "no precision 'no_such': there are float32"),
        ({"schedule": "plateau"}, "a trial .* no schedule 'plateau'"),
        ({"keep": "best"}, "a trial keeps the plain weights of its last epoch"),
    ],
)
def test_a_recipe_that_a_trial_cannot_follow_is_refused(dataset, changes, said):
    with pytest.raises(FerError, match=said):
        told(following(dataset, **changes), VALUES)


def test_what_was_chosen_is_confirmed_on_rows_that_judged_nothing(objective):
    score = objective.confirm(VALUES, seed=1)
    assert score["n"] == len(objective.fresh)
    assert 0 <= score["accuracy"] <= 1


def test_images_too_small_fail_each_trial_and_say_so():
    objective = tuning.Objective(tuning.seed002_space(epochs=(1,)), draw_faces(240, side=8))
    study = tuning.open_study(None, "small")
    with pytest.raises(FerError, match="first 3 trials failed.*its smallest size is"):
        tuning.search(study, objective, 9)
