"""What a recipe may choose by, what it keeps, and that all of it survives an interruption."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import draw_faces
from keras import layers
from test_training import Trained, interrupt, made_settings, same

from fer_utils import models, paths, runs, training
from fer_utils.errors import FerError
from fer_utils.models import registry
from fer_utils.training import epochs, fit
from fer_utils.training.averaging import momentum, settle
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.epochs import best_epoch, stopped
from fer_utils.training.held_out import held_out
from fer_utils.training.layers import Backbone
from fer_utils.training.optimizers import optimizer, plateau_rate

pytestmark = pytest.mark.backend

PLAIN = models.Recipe("adam", learning_rate=0.01, batch=32, epochs=4)
# The head alone, averaged weights, two ways of choosing and one of slowing down, on a network
# with dropout and batch norm: all that could go astray where a fit continues.
ALL = models.Recipe(
    "sgd",
    learning_rate=0.1,
    batch=16,
    epochs=5,
    augmentation="flip",
    schedule="plateau",
    plateau_patience=1,
    optimizer_options={"momentum": 0.9, "nesterov": True},
    patience=3,
    keep="best",
    average=0.9,
    head_epochs=1,
)


def on_backbone(x, classes):
    inner = keras.Input(x.shape[1:])
    y = layers.Conv2D(4, 3)(inner)
    y = layers.BatchNormalization(momentum=0.9)(y)
    frozen = layers.Conv2D(4, 3, activation="relu")
    frozen.trainable = False
    backbone = keras.Model(inner, frozen(y), name="backbone")
    x = layers.GlobalAveragePooling2D()(backbone(x))
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Dropout(0.2)(x)
    return layers.Dense(classes, activation="softmax", dtype="float32")(x)


def enter():
    """Register the network with a backbone, for this process."""
    known = {"source": "the tests", "size": 16, "classes": tuple("abcdefg"), "recipe": ALL}
    registry.register(**known)(on_backbone)


@pytest.fixture(autouse=True, scope="module")
def entered():
    enter()
    yield
    del registry._ENTRIES["on_backbone"]


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(160, side=16)


def train(dataset, folder, recipe, name="tiny", **options):
    made = made_settings(folder, epochs=None)
    return training.fit_or_restore(name, dataset, made, recipe, **options)


def continues(whole, dataset, folder, monkeypatch, epoch):
    """Interrupt a fit after an epoch, go on, and compare with the uninterrupted one."""
    name = whole.metrics["network"]
    recipe = models.Recipe(**runs.read_json(whole.folder / "run.json")["identity"]["recipe"])
    with monkeypatch.context() as patch:
        interrupt(patch, epoch)
        with pytest.raises(KeyboardInterrupt):
            train(dataset, folder, recipe, name)
    same(train(dataset, folder, recipe, name), whole)


@pytest.fixture(scope="module")
def everything(dataset, tmp_path_factory):
    return train(dataset, tmp_path_factory.mktemp("all"), ALL, "on_backbone")


@pytest.mark.parametrize("epoch", [1, 3])
def test_everything_continues(epoch, everything, dataset, tmp_path, monkeypatch):
    continues(everything, dataset, tmp_path, monkeypatch, epoch)


# 8 steps would leave the average the last one's weights: momentum() is 0 up to 10.
HEAD = dataclasses.replace(ALL, batch=4, epochs=3, keep="last", patience=0, head_epochs=1)
# Patience ends the head after the second of its four epochs.
PATIENT = dataclasses.replace(
    ALL, schedule="cosine", learning_rate=0.01, keep="last", epochs=7, head_epochs=4, patience=1
)


def stand_still(patch):
    """Let the watched loss be best in the first epoch of a phase: it rises from then on."""
    patch.setattr(epochs, "best_epoch", lambda history: history[0]["epoch"])


def test_an_averaged_head_continues(dataset, tmp_path, monkeypatch):
    """The second phase begins with the head's own weights, not with their mean."""
    whole = train(dataset, tmp_path / "whole", HEAD, "on_backbone")
    continues(whole, dataset, tmp_path / "cut", monkeypatch, epoch=1)


@pytest.fixture(scope="module")
def patient(dataset, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        stand_still(patch)
        return train(dataset, tmp_path_factory.mktemp("patient"), PATIENT, "on_backbone")


@pytest.mark.parametrize("epoch", [2, 3])
def test_a_head_that_stopped_early_continues(epoch, patient, dataset, tmp_path, monkeypatch):
    stand_still(monkeypatch)
    assert len(patient.history) == 4, "two epochs a phase"
    # The second phase's rate falls over its own epochs, five of the seven.
    rates = [0.01, 0.005 * (1 + np.cos(np.pi / 4)), 0.01, 0.005 * (1 + np.cos(np.pi / 5))]
    assert patient.history["learning_rate"].tolist() == pytest.approx(rates)
    continues(patient, dataset, tmp_path, monkeypatch, epoch)


def test_a_scaled_loss_continues(dataset, tmp_path, monkeypatch):
    """The scale, the optimiser inside, its averages and its falling rate all go on."""
    recipe = dataclasses.replace(
        PLAIN, batch=2, average=0.9, schedule="cosine", precision="mixed_float16"
    )
    whole = train(dataset, tmp_path / "whole", recipe)
    assert whole.history["learning_rate"].tolist() == pytest.approx(
        [0.005 * (1 + np.cos(np.pi * epoch / 4)) for epoch in range(4)],
        rel=0.1,  # steps that are skipped, to find the scale, do not lower it
    )
    seen, load = [], Checkpoints.load

    def loaded(self, model, network):
        told = load(self, model, network)
        seen.append([int(x) for x in (model.optimizer.iterations, model.optimizer.step_counter)])
        return told

    monkeypatch.setattr(Checkpoints, "load", loaded)
    continues(whole, dataset, tmp_path / "cut", monkeypatch, epoch=2)
    assert seen[0] == [0, 0]
    assert seen[1][0] >= seen[1][1] > 0


KILLED = """
import os, signal, sys
from pathlib import Path
import test_training_choosing as tests
from fer_utils import runs

replace = os.replace
def killed(part, path):
    replace(part, path)
    if Path(path).name == "epoch3.npz":
        os.kill(os.getpid(), signal.SIGKILL)

runs.writing.os.replace = killed
tests.enter()
tests.train(tests.draw_faces(160, side=16), Path(sys.argv[1]), tests.ALL, "on_backbone")
"""


def test_everything_continues_after_a_kill(everything, dataset, tmp_path, capsys):
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": f"{paths.PROJECT}:{Path(__file__).parent}"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    again = train(dataset, tmp_path, ALL, "on_backbone")
    assert "\ncontinues after epoch 2\n" in capsys.readouterr().out
    same(again, everything)
    for key in ("accuracy", "macro_f1"):
        assert again.metrics[key] == pytest.approx(everything.metrics[key], abs=5e-4)


def test_who_chooses_does_so_on_a_part_of_training():
    dataset = draw_faces(300, side=16)
    reported, watched = held_out(dataset, PLAIN, seed=0)
    assert reported.tolist() == watched.tolist() == dataset.rows("valid").tolist()
    for changes in ({"keep": "best"}, {"patience": 2}, {"schedule": "plateau"}):
        reported, watched = held_out(dataset, dataclasses.replace(PLAIN, **changes), seed=0)
        assert reported.tolist() == dataset.rows("valid").tolist()
        assert set(dataset.split[watched]) == {"train"}
        assert len(watched) == pytest.approx(len(dataset.rows("train")) / 10, abs=4)
        left = np.setdiff1d(dataset.rows("train"), watched)
        assert not set(dataset.groups[left]) & set(dataset.groups[watched])


def test_without_labels_of_public_test_two_tenths_are_held_out(tmp_path, monkeypatch):
    dataset = draw_faces(300, side=16)
    hidden = np.where(dataset.split == "train", dataset.labels, -1).astype(np.int8)
    unlabelled = dataclasses.replace(dataset, labels=hidden)
    given = {}

    def trainer(network, examples, recipe, *others):
        given.update(rows=examples.rows, watched=examples.watched_rows)
        raise Trained

    monkeypatch.setattr(fit, "Trainer", trainer)
    recipe = dataclasses.replace(PLAIN, keep="best")
    reported, watched = held_out(unlabelled, recipe, seed=0)
    with pytest.raises(Trained):
        train(unlabelled, tmp_path, recipe)
    assert given["watched"].tolist() == watched.tolist()
    parts = [reported, watched, given["rows"]]
    assert sorted(np.concatenate(parts)) == dataset.rows("train").tolist()
    groups = [set(dataset.groups[part]) for part in parts]
    assert len(set.union(*groups)) == sum(map(len, groups)), "no group is in two parts"


def test_rows_that_are_not_to_be_fitted_choose_nothing_either():
    dataset = draw_faces(300, side=16)
    rows = np.repeat(dataset.rows("train")[:160], 2)
    watched = held_out(dataset, dataclasses.replace(PLAIN, patience=1), 0, rows)[1]
    assert set(watched) < set(rows)
    assert len(watched) == len(set(watched))


def test_few_persons_are_enough_to_choose_by():
    few = draw_faces(40, side=16)
    assert len(np.unique(few.groups[few.split == "train"])) == 16
    assert len(held_out(few, dataclasses.replace(PLAIN, patience=1), 0)[1]) in (2, 4)


def test_the_best_epoch_is_kept(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(epochs, "best_epoch", lambda history: 2)
    recipe = dataclasses.replace(PLAIN, keep="best", learning_rate=0.1)
    fitted = train(dataset, tmp_path, recipe)
    watched = held_out(dataset, recipe, seed=0)[1]
    told = training.predict(fitted.model, dataset.images[watched])
    loss = -np.log(told[np.arange(len(watched)), dataset.labels[watched]]).mean()
    losses = fitted.history["val_loss"]
    assert loss == pytest.approx(losses[1], abs=1e-3)
    assert loss != pytest.approx(losses[3], abs=1e-2), "else this shows nothing"


def test_training_stops_where_the_watched_loss_stands(dataset, tmp_path, monkeypatch, capsys):
    still = dataclasses.replace(PLAIN, optimizer="sgd", learning_rate=1e-30, patience=2, epochs=9)
    whole = train(dataset, tmp_path / "whole", still)
    assert len(whole.history) == whole.metrics["epochs"] == 3
    capsys.readouterr()
    continues(whole, dataset, tmp_path / "cut", monkeypatch, epoch=3)
    assert capsys.readouterr().out.endswith("continues after epoch 3\n"), "and trains no more"


def rows(losses, accuracies=None):
    accuracies = accuracies or [0] * len(losses)
    return [
        {"epoch": i + 1, "val_loss": loss, "val_accuracy": accuracy}
        for i, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True))
    ]


def test_best_and_stopped_follow_from_the_history():
    assert best_epoch(rows([3, float("nan"), 1, 1, 2])) == 3
    patient = dataclasses.replace(PLAIN, patience=2)
    assert not stopped(patient, rows([3, 1, 2]))
    assert stopped(patient, rows([3, 1, 2, 1]))
    assert not stopped(PLAIN, rows([1, 2, 3, 4, 5]))
    assert not stopped(patient, [])


def test_a_plateau_halves_the_rate():
    recipe = dataclasses.replace(PLAIN, schedule="plateau", learning_rate=3e-5, plateau_patience=2)
    accuracies = [0.2, 0.3, 0.3, 0.3, 0.3, 0.2, 0.2, 0.2]
    rates = [plateau_rate(recipe, rows([0] * n, accuracies[:n])) for n in range(9)]
    assert rates == pytest.approx([3e-5] * 4 + [1.5e-5] * 2 + [1e-5] * 3)
    low = dataclasses.replace(recipe, learning_rate=1e-6)
    assert plateau_rate(low, rows([0] * 8, accuracies)) == 1e-6


def test_schedules_and_options_reach_the_optimizer():
    recipe = dataclasses.replace(
        PLAIN,
        optimizer="sgd",
        schedule="inverse_time",
        decay=0.5,
        optimizer_options={"momentum": 0.9},
    )
    made = optimizer(recipe, steps=10)
    assert made.momentum == 0.9
    rate = made.get_config()["learning_rate"]["config"]
    assert (rate["initial_learning_rate"], rate["decay_steps"], rate["decay_rate"]) == (
        0.01,
        1,
        0.5,
    )
    made.build([keras.Variable(1.0)])
    made.iterations.assign(4)
    assert float(made.learning_rate) == pytest.approx(0.01 / 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keep": "bets"}, "no keep 'bets': there are last, best"),
        ({"schedule": "cosin"}, "no schedule 'cosin': there are constant, cosine"),
        ({"optimizer": "adamm"}, "cannot make the optimizer 'adamm': "),
        ({"optimizer_options": {"momentun": 1}}, "cannot make the optimizer 'adam': .*momentun"),
        ({"average": 3.0}, "average is a share, 0 to below 1: not 3.0"),
        ({"head_epochs": 1}, "tiny has no backbone to freeze: leave head_epochs at 0"),
    ],
)
def test_a_recipe_that_cannot_be(changes, message, dataset, tmp_path):
    with pytest.raises(FerError, match=message):
        train(dataset, tmp_path, dataclasses.replace(PLAIN, **changes))


def test_the_average_is_that_of_all_steps(dataset, tmp_path, monkeypatch):
    """One step an epoch: what is checkpointed are the weights after each step."""
    recipe = dataclasses.replace(PLAIN, batch=200, epochs=20, average=0.99)
    assert momentum(recipe.average, 20) == 0.5, "an average over a tenth of so short a training"
    assert momentum(recipe.average, 10_000) == 0.99
    steps, save = [], Checkpoints.save

    def saved(self, model, history):
        steps.append([np.array(weight) for weight in model.trainable_variables])
        save(self, model, history)

    monkeypatch.setattr(Checkpoints, "save", saved)
    kept = train(dataset, tmp_path, recipe)
    mean = steps[0]
    for weights in steps[1:]:
        mean = [(a + b) / 2 for a, b in zip(mean, weights, strict=True)]
    for ours, theirs in zip(kept.model.trainable_variables, mean, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    told = kept.predictions["split"] == "valid"
    right = (
        kept.predictions["probabilities"][told].argmax(1)
        == dataset.labels[kept.predictions["index"][told]]
    )
    assert kept.history["val_accuracy"].iloc[-1] == pytest.approx(right.mean(), abs=1e-5)


def test_settling_takes_statistics_of_the_images_given(dataset):
    network = models.build("on_backbone", 7, size=16)
    backbone = network.get_layer("backbone")
    norm = next(x for x in backbone.layers if isinstance(x, layers.BatchNormalization))
    before = keras.Model(backbone.input, norm.input)
    images = dataset.images[:64]
    settle(network, [images[:32], images[32:]])
    seen = np.array(before(images[..., None] / np.float32(255)))
    np.testing.assert_allclose(norm.moving_mean, seen.mean(axis=(0, 1, 2)), atol=1e-4)
    assert norm.momentum == 0.9
    norm.trainable = False
    settle(network, [images[:8]])
    np.testing.assert_allclose(norm.moving_mean, seen.mean(axis=(0, 1, 2)), atol=1e-4)


def test_other_weights_of_the_backbone_are_another_fit(everything, dataset, monkeypatch, capsys):
    build = models.build

    def filled(*arguments, weights=None):
        network = build(*arguments)
        if weights is not None:
            backbone = network.get_layer("backbone")
            backbone.set_weights([np.full_like(x, weights) for x in backbone.get_weights()])
        return network

    monkeypatch.setattr(models, "build", filled)
    monkeypatch.setattr(fit, "Trainer", lambda *arguments: (_ for _ in ()).throw(Trained))
    with pytest.raises(Trained):
        train(dataset, everything.folder.parent, ALL, "on_backbone", weights=0.5)
    assert "on_backbone: trained anew, because weights None -> " in capsys.readouterr().out


def test_a_frozen_backbone_gets_its_own_flags_back():
    network = models.build("on_backbone", 7, size=16)
    backbone = Backbone(network)
    before = len(network.trainable_variables)
    backbone.freeze(True)
    inner = network.get_layer("backbone")
    assert inner.trainable_variables == []
    assert len(network.trainable_variables) == 4  # the head's
    backbone.freeze(False)
    assert len(network.trainable_variables) == before
    assert [x.trainable for x in inner.layers] == [True, True, True, False]


def test_without_a_backbone_the_head_is_the_last_layer_with_weights():
    network = models.build("small", 7, size=24)
    Backbone(network, started=True).freeze(True)
    head = [layer for layer in network.layers if layer.weights][-1]
    assert [id(x) for x in network.trainable_variables] == [id(x) for x in head.weights]
    with pytest.raises(FerError, match="small has no backbone to freeze: leave head_epochs at 0"):
        Backbone(network)


def test_a_network_trained_here_is_fitted_head_first(dataset, tmp_path, monkeypatch):
    start = models.build("tiny", 3, size=16)
    seen, save = [], Checkpoints.save

    def saved(self, model, history):
        seen.append(model.layers[-1].get_weights())
        save(self, model, history)

    monkeypatch.setattr(Checkpoints, "save", saved)
    recipe = dataclasses.replace(PLAIN, head_epochs=1, epochs=2)
    train(dataset, tmp_path, recipe, start=start)
    *backbone, _, _ = zip(seen[0], seen[1], start.get_weights(), strict=True)
    for first, second, own in backbone:
        np.testing.assert_array_equal(first, own)
        assert np.abs(second - own).max() > 0


def test_while_frozen_the_backbone_stands_still(dataset, tmp_path, monkeypatch):
    start = models.build("on_backbone", 7, size=16)
    seen, save = [], Checkpoints.save

    def saved(self, model, history):
        backbone = model.layers[-1].get_layer("backbone")
        seen.append(np.concatenate([np.ravel(x) for x in backbone.get_weights()]))
        save(self, model, history)

    monkeypatch.setattr(Checkpoints, "save", saved)
    recipe = dataclasses.replace(ALL, head_epochs=2, epochs=3)
    model = train(dataset, tmp_path, recipe, "on_backbone", start=start).model
    own = np.concatenate([np.ravel(x) for x in start.get_layer("backbone").get_weights()])
    np.testing.assert_array_equal(seen[0], own)
    np.testing.assert_array_equal(seen[1], own)
    assert np.abs(seen[2] - own).max() > 1e-4
    ours, theirs = model.get_layer("backbone").layers[3], start.get_layer("backbone").layers[3]
    assert not ours.trainable
    np.testing.assert_array_equal(ours.kernel, theirs.kernel)
