import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import models, paths, runs, settings, submission, training
from fer_utils.errors import FerError
from fer_utils.training import fit
from fer_utils.training.checkpoints import Checkpoints

pytestmark = pytest.mark.backend

EPOCHS = 4
FILES = ["history.csv", "metrics.json", "model.keras", "predictions.npz", "run.json"]
# Dropout, mirroring, a falling learning rate: all that could go astray where a fit continues.
RECIPE = models.recipe(
    "tiny", epochs=20, loss="binary_crossentropy", augmentation="flip", schedule="cosine"
)


class Trained(Exception):
    """Raised in place of training."""


def made_settings(folder, seed=0, epochs=EPOCHS, profile="test"):
    profile = settings.Profile(profile, rows=None, epochs=epochs, side_epochs=1, side_rows=None)
    return settings.Settings("synthetic", None, profile, folder, seed)


def train(dataset, folder, recipe=RECIPE, **options):
    return training.fit_or_restore("tiny", dataset, made_settings(folder, **options), recipe)


def same(a, b):
    """Assert that two fits saw and say the same."""
    columns = [column for column in a.history if column != "seconds"]
    np.testing.assert_allclose(a.history[columns], b.history[columns], atol=1e-3)
    np.testing.assert_allclose(
        a.predictions["probabilities"], b.predictions["probabilities"], atol=1e-3
    )


def left(fitted):
    return sorted(path.name for path in fitted.folder.iterdir())


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(120, side=16)


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """Return an uninterrupted fit, not to be changed."""
    return train(dataset, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def copied(finished, tmp_path):
    """Return the folder of a copy of the finished fit."""
    return Path(shutil.copytree(finished.folder, tmp_path / "tiny"))


@pytest.fixture
def no_training(monkeypatch):
    """Raise ``Trained`` where a fit would begin; keep what it was given."""
    given = {}

    def trainer(network, examples, recipe, *others):
        given.update(fit=examples.rows, watched=examples.watched_rows, recipe=recipe)
        raise Trained

    monkeypatch.setattr(fit, "Trainer", trainer)
    return given


def interrupt(monkeypatch, epoch):
    """Press Ctrl-C once the checkpoint of this epoch is written."""
    save = Checkpoints.save

    def saved(self, model, history):
        save(self, model, history)
        if len(history) == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", saved)


def test_run_folder_holds_five_files(finished, dataset):
    assert left(finished) == FILES
    assert finished.folder.name == "tiny"
    assert finished.history["epoch"].tolist() == [1, 2, 3, 4]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} < set(finished.history)
    rows = dataset.rows("valid", "test")
    kept = runs.read_predictions(finished.folder / "predictions.npz")
    assert kept["index"].tolist() == rows.tolist()
    assert kept["split"].tolist() == dataset.split[rows].tolist()
    assert kept["probabilities"].shape == (len(rows), 7)
    np.testing.assert_allclose(kept["probabilities"].sum(axis=1), 1, atol=1e-5)


def test_metrics_and_run_say_what_was_trained(finished, dataset):
    metrics = runs.read_json(finished.folder / "metrics.json")
    assert metrics["parameters"] == finished.model.count_params()
    assert (metrics["model"], metrics["network"], metrics["epochs"]) == ("tiny", "tiny", EPOCHS)
    assert metrics["n"] == len(dataset.rows("valid"))
    assert metrics["scored_on"] == "valid"
    run = runs.read_json(finished.folder / "run.json")
    assert run["identity"]["data"] == dataset.fingerprint
    assert run["identity"]["recipe"]["epochs"] == EPOCHS, "the profile caps the epochs"
    assert run["backend"] == keras.backend.backend()
    assert run["versions"]["keras"] == keras.__version__


def test_a_second_call_restores(finished, dataset, no_training, capsys):
    times = {path: path.stat().st_mtime_ns for path in finished.folder.iterdir()}
    again = train(dataset, finished.folder.parent)
    assert capsys.readouterr().out == "tiny: restored, 4 epochs\n"
    assert {path: path.stat().st_mtime_ns for path in finished.folder.iterdir()} == times
    same(again, finished)
    assert again.metrics == finished.metrics
    said = training.predict(again.model, dataset.images[again.predictions["index"]])
    np.testing.assert_allclose(said, again.predictions["probabilities"], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "seed 0 -> 1"),
        ({"epochs": 3}, "recipe epochs 4 -> 3"),
        ({"profile": "other"}, "profile test -> other"),
        (
            {"recipe": dataclasses.replace(RECIPE, learning_rate=0.1, batch=8)},
            "recipe batch 32 -> 8, recipe learning_rate 0.003 -> 0.1",
        ),
    ],
)
def test_what_differs_is_said_and_trained_anew(
    changes, said, dataset, copied, no_training, capsys
):
    with pytest.raises(Trained):
        train(dataset, copied.parent, **changes)
    assert capsys.readouterr().out.startswith(f"tiny: trained anew, because {said}\n")


def test_what_is_trained_anew_does_not_lose_the_fit_before(dataset, copied, finished, capsys):
    shorter = dataclasses.replace(RECIPE, epochs=1)
    anew = train(dataset, copied.parent, shorter)
    said = capsys.readouterr().out
    assert said.endswith("tiny: the one before is kept in replaced/tiny\n")
    assert left(anew) == FILES
    again = train(dataset, copied.parent / "replaced")
    assert capsys.readouterr().out == f"tiny: restored, {EPOCHS} epochs\n"
    same(again, finished)
    train(dataset, copied.parent, shorter)
    assert "kept" not in capsys.readouterr().out, "restored: nothing is replaced"


def test_other_data_is_trained_anew(dataset, copied, no_training, capsys):
    images = dataset.images.copy()
    images[0, 0, 0] += 1
    with pytest.raises(Trained):
        train(dataclasses.replace(dataset, images=images), copied.parent)
    assert f"because data {dataset.fingerprint} -> " in capsys.readouterr().out


def test_another_size_is_trained_anew(dataset, copied, no_training, capsys):
    with pytest.raises(Trained):
        training.fit_or_restore("tiny", dataset, made_settings(copied.parent), RECIPE, size=20)
    assert "tiny: trained anew, because architecture " in capsys.readouterr().out


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_bytes(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - byte for byte in content[middle : middle + 64])
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip_bytes, empty, Path.unlink])
@pytest.mark.parametrize("name", ["model.keras", "predictions.npz"])
def test_damaged_files_are_trained_anew(name, damage, dataset, copied, no_training, capsys):
    damage(copied / name)
    with pytest.raises(Trained):
        train(dataset, copied.parent)
    assert "tiny: trained anew, because its files are damaged" in capsys.readouterr().out


@pytest.mark.parametrize("damage", [cut, empty, Path.unlink])
def test_damaged_metrics_are_trained_anew(damage, dataset, copied, no_training):
    damage(copied / "metrics.json")
    with pytest.raises(Trained):
        train(dataset, copied.parent)


def test_no_run_json_is_an_unfinished_fit(dataset, copied, no_training):
    (copied / "run.json").unlink()
    with pytest.raises(Trained):
        train(dataset, copied.parent)


def test_an_interrupted_fit_continues(finished, dataset, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=2)
        with pytest.raises(KeyboardInterrupt):
            train(dataset, tmp_path)
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == ["checkpoint"]
    capsys.readouterr()
    continued = train(dataset, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tiny: ")
    assert lines[0].endswith(" images, 4 epochs of 20: profile test")
    assert lines[1] == "continues after epoch 2"
    assert [line[:10] for line in lines[2:]] == ["epoch   3/", "epoch   4/"]
    same(continued, finished)
    assert left(continued) == FILES


def test_a_damaged_checkpoint_starts_anew(finished, dataset, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=2)
        with pytest.raises(KeyboardInterrupt):
            train(dataset, tmp_path)
    cut(tmp_path / "tiny" / "checkpoint" / "epoch2.npz")
    capsys.readouterr()
    restarted = train(dataset, tmp_path)
    assert "\nstarts anew: " in capsys.readouterr().out
    same(restarted, finished)
    assert left(restarted) == FILES


def test_a_checkpoint_of_another_recipe_is_not_continued(dataset, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=1)
        with pytest.raises(KeyboardInterrupt):
            train(dataset, tmp_path)
        with pytest.raises(KeyboardInterrupt):
            train(dataset, tmp_path, seed=1)
    assert "continues" not in capsys.readouterr().out


KILLED = """
import os, signal, sys
from pathlib import Path
import test_training
from fer_utils import runs

replace = os.replace
def killed(part, path):
    if Path(path).name == "epoch2.npz":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(part, path)

runs.writing.os.replace = killed
test_training.train(test_training.draw_faces(120, side=16), Path(sys.argv[1]))
"""


def test_a_killed_fit_continues(finished, dataset, tmp_path, capsys):
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": f"{paths.PROJECT}:{Path(__file__).parent}"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    checkpoint = tmp_path / "tiny" / "checkpoint"
    assert len(list(checkpoint.glob(f".epoch2.*{runs.PART}.npz"))) == 1
    continued = train(dataset, tmp_path)
    assert "\ncontinues after epoch 1\n" in capsys.readouterr().out
    same(continued, finished)
    assert left(continued) == FILES


def test_a_part_of_a_dead_process_is_removed(dataset, tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    part = tmp_path / "tiny" / f".model.{dead.pid}{runs.PART}.keras"
    part.parent.mkdir()
    part.write_bytes(b"half")
    assert left(train(dataset, tmp_path, epochs=1)) == FILES


def test_killed_while_replacing_another_fit(dataset, copied, monkeypatch):
    """Not the new network beside the old run.json: that would be restored as the old one."""
    with monkeypatch.context() as patch:
        patch.setattr(runs, "write_predictions", lambda *a, **k: os.kill(os.getpid(), 2))
        with pytest.raises(KeyboardInterrupt):
            train(dataset, copied.parent, seed=1, epochs=1)
    monkeypatch.setattr(fit, "Trainer", lambda *arguments: (_ for _ in ()).throw(Trained))
    with pytest.raises(Trained):
        train(dataset, copied.parent)


def test_a_full_disk_is_one_line_and_the_next_call_finishes(dataset, tmp_path, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(FerError, match="the disk is full: free some space, then run"):
            train(dataset, tmp_path, epochs=1)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left(train(dataset, tmp_path, epochs=1)) == FILES


def test_a_loss_that_is_not_a_number(dataset, tmp_path):
    recipe = models.Recipe("sgd", learning_rate=1e38, batch=32)
    with pytest.raises(FerError, match=r"the loss is (nan|inf) in epoch 1 .* rate 1e\+38: lower"):
        train(dataset, tmp_path, recipe)
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["state.json"]  # an empty one: nothing of this fit is continued


def test_augmentation_is_not_saved(finished):
    assert finished.model.name == "tiny"
    with zipfile.ZipFile(finished.folder / "model.keras") as file:
        assert b"RandomFlip" not in file.read("config.json")
    loaded = keras.models.load_model(finished.folder / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [
        type(layer) for layer in models.build("tiny", 7, size=16).layers
    ]


def test_accuracy_is_categorical_under_binary_cross_entropy(finished, dataset):
    rows = finished.predictions["split"] == "valid"
    right = (
        finished.predictions["probabilities"][rows].argmax(axis=1)
        == dataset.labels[dataset.rows("valid")]
    ).mean()
    # Element-wise it would be near 6/7, whatever the network says.
    assert finished.history["val_accuracy"].iloc[-1] == pytest.approx(right, abs=1e-5)
    assert finished.metrics["accuracy"] == pytest.approx(right)


def test_it_learns_and_the_cosine_ends_at_zero(tmp_path, monkeypatch):
    made = []

    class Spy(fit.Trainer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(fit, "Trainer", Spy)
    recipe = dataclasses.replace(RECIPE, epochs=20, batch=8, learning_rate=0.03)
    learned = train(draw_faces(300, side=16), tmp_path, recipe, epochs=None)
    assert len(learned.history) == 20
    assert learned.metrics["accuracy"] > 0.5
    assert float(made[0].model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


def test_public_test_is_watched_where_it_is_labelled(dataset, tmp_path, no_training):
    with pytest.raises(Trained):
        train(dataset, tmp_path)
    assert no_training["fit"].tolist() == dataset.rows("train").tolist()
    assert no_training["watched"].tolist() == dataset.rows("valid").tolist()


@pytest.mark.parametrize("missing", ["labels", "rows"])
def test_else_a_tenth_of_training_without_its_groups(missing, tmp_path, no_training):
    dataset = draw_faces(300, side=16)
    if missing == "labels":
        hidden = np.where(dataset.split == "train", dataset.labels, -1).astype(np.int8)
        dataset = dataclasses.replace(dataset, labels=hidden)
    else:
        dataset = dataset.take(dataset.split != "valid")
    with pytest.raises(Trained):
        train(dataset, tmp_path)
    fitted, watched = no_training["fit"], no_training["watched"]
    assert sorted([*fitted, *watched]) == dataset.rows("train").tolist()
    assert len(watched) == pytest.approx(len(dataset.rows("train")) / 10, abs=6)
    assert not set(dataset.groups[fitted]) & set(dataset.groups[watched])


def test_test_labels_change_nothing(finished, dataset, tmp_path):
    poison = np.where(dataset.split == "test", 6, dataset.labels).astype(np.int8)
    poisoned = train(dataclasses.replace(dataset, labels=poison), tmp_path)
    np.testing.assert_array_equal(
        poisoned.predictions["probabilities"], finished.predictions["probabilities"]
    )
    assert poisoned.metrics | {"train_seconds": 0} == finished.metrics | {"train_seconds": 0}
    files = [
        submission.write_fer2013(tmp_path / name, dataset, fitted.predictions)
        for name, fitted in (("a.csv", finished), ("b.csv", poisoned))
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_key_names_the_folder(dataset, tmp_path, no_training, copied):
    shutil.move(copied, tmp_path / "mine")
    made = made_settings(tmp_path)
    assert training.fit_or_restore("tiny", dataset, made, RECIPE, key="mine").folder.name == "mine"
    with pytest.raises(Trained):
        training.fit_or_restore("tiny", dataset, made, RECIPE)


def test_a_network_need_not_be_registered(finished, dataset, tmp_path, capsys):
    mine = dataclasses.replace(models.describe("tiny"), name="mine")
    fitted = training.fit_or_restore(mine, dataset, made_settings(tmp_path), RECIPE)
    assert (fitted.folder.name, fitted.metrics["network"]) == ("mine", "mine")
    same(fitted, finished)
    training.fit_or_restore(mine, dataset, made_settings(tmp_path), RECIPE)
    assert capsys.readouterr().out.endswith("mine: restored, 4 epochs\n")


def test_an_unknown_network_is_said_before_anything_is_written(dataset, tmp_path):
    with pytest.raises(FerError, match="did you mean 'tiny'"):
        training.fit_or_restore("tinny", dataset, made_settings(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
