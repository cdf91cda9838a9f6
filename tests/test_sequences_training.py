"""Networks over sequences: masks, saved files, what they begin with, the run folder."""

import dataclasses

import keras
import numpy as np
import pytest
from test_training import FILES, interrupt, left, made_settings, same

from fer_utils import models, runs, training
from fer_utils.datasets import sequences
from fer_utils.errors import FerError
from fer_utils.models import sequences as networks
from fer_utils.training.examples import Examples
from fer_utils.training.sequences import (
    SequenceExamples,
    fit_sequences,
    predict_late,
    predict_sequences,
)

pytestmark = pytest.mark.backend

KINDS = ["mean", "gru", "gru_change"]
CLASSES = ("dark", "bright", "brighter")
RECIPE = networks.recipe("gru", batch=8, epochs=3)


def drawn(n=24, side=16):
    """Return sequences of noise that brightens by their class, of 1 to 5 frames."""
    rng = np.random.default_rng(0)
    labels, frames = np.arange(n) % 3, []
    for i, label in enumerate(labels):
        t = 1 + i % 5
        rise = 60 + 30 * label * np.arange(1, t + 1)[:, None, None] / t
        frames.append(np.clip(rise + rng.normal(0, 9, (t, side, side)), 0, 255).astype(np.uint8))
    return sequences.from_arrays(frames, labels, np.arange(n) // 2, CLASSES)


@pytest.fixture(scope="module")
def parted():
    return drawn().folds(3)[0]


@pytest.fixture(scope="module")
def single():
    keras.utils.set_random_seed(0)
    return models.build("tiny", CLASSES, (16, 16))


def fitted(parted, folder, kind="gru", recipe=RECIPE, **options):
    options = {"network": "tiny"} | options
    return fit_sequences(kind, parted, made_settings(folder), recipe, **options)


@pytest.fixture(scope="module")
def finished(parted, tmp_path_factory):
    """Return an uninterrupted fit, not to be changed."""
    return fitted(parted, tmp_path_factory.mktemp("finished"))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_no_answer(kind, single):
    model, found = networks.build(kind, single), drawn(10)
    answers = predict_sequences(model, found)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(predict_sequences(model, found, time=9), answers, atol=1e-5)
    frames, mask = found.padded(time=9)
    frames[~mask] = np.random.default_rng(0).integers(0, 256, frames[~mask].shape, np.uint8)
    garbled = model.predict_on_batch({"frames": frames, "mask": mask})
    np.testing.assert_allclose(garbled, answers, atol=1e-5)
    alone = np.concatenate([predict_sequences(model, found.take([i])) for i in range(5)])
    np.testing.assert_allclose(alone, answers[:5], atol=1e-5)


def test_own_frames_change_the_answer_and_so_does_their_order(single):
    found = drawn(10).take([4, 9])
    frames, mask = found.padded()
    backwards = {"frames": frames[:, ::-1], "mask": mask}
    for kind in KINDS:
        model = networks.build(kind, single)
        moved = np.abs(model.predict_on_batch(backwards) - predict_sequences(model, found)).max()
        assert (moved < 1e-5) == (kind == "mean"), kind


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded(kind, single, tmp_path):
    model, found = networks.build(kind, single), drawn(6)
    model.save(tmp_path / "model.keras")
    loaded = networks.load(tmp_path / "model.keras")
    assert loaded.count_params() == model.count_params()
    answers = predict_sequences(model, found)
    np.testing.assert_allclose(predict_sequences(loaded, found), answers, atol=1e-6)


def test_the_mean_begins_with_the_head_of_the_frame_network(single):
    found = drawn(8)
    answers = predict_sequences(networks.build("mean", single), found)
    logits = np.log(training.predict(single, found.frames.images))
    means = np.exp([logits[own].mean(axis=0) for own in found.rows])
    np.testing.assert_allclose(answers, means / means.sum(axis=1, keepdims=True), atol=1e-5)
    other = networks.build("mean", single, classes=5)
    assert other.output_shape == (None, 5)


def test_the_given_network_stays_as_it_is(single, parted, tmp_path):
    before = [weight.copy() for weight in single.get_weights()]
    fitted(parted, tmp_path, start=single, recipe=dataclasses.replace(RECIPE, epochs=1))
    for old, new in zip(before, single.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_frames_in_colour_and_of_another_size():
    network = models.build("tiny", 3, (16, 12, 3), size=16)
    model = networks.build("gru", network)
    frames, mask = np.zeros((2, 3, 16, 12, 3), np.uint8), np.ones((2, 3), bool)
    assert model.predict_on_batch({"frames": frames, "mask": mask}).shape == (2, 3)


def test_late_answers_are_averaged(single):
    found = drawn(10)
    each = training.predict(single, found.frames.images)
    peak = predict_late(single, found, share=0)
    np.testing.assert_allclose(peak, each[[own[-1] for own in found.rows]], atol=1e-6)
    everything = predict_late(single, found, share=1)
    means = [each[own].mean(axis=0) for own in found.rows]
    np.testing.assert_allclose(everything, means, atol=1e-6)


def test_run_folder_is_that_of_every_fit(finished, parted):
    assert left(finished) == FILES
    assert finished.folder.name == "sequences_gru"
    assert finished.history["epoch"].tolist() == [1, 2, 3]
    kept = runs.read_predictions(finished.folder / "predictions.npz")
    held_out = parted.peaks.rows("valid")
    assert kept["index"].tolist() == held_out.tolist()
    np.testing.assert_allclose(
        kept["probabilities"], predict_sequences(finished.model, parted.take(held_out)), atol=1e-5
    )
    metrics = runs.read_json(finished.folder / "metrics.json")
    assert metrics["n"] == len(held_out)
    assert metrics["parameters"] == finished.model.count_params()
    identity = runs.read_json(finished.folder / "run.json")["identity"]
    assert (identity["kind"], identity["data"]) == ("gru", parted.fingerprint)


def test_restored_where_nothing_differs(finished, parted, capsys):
    again = fitted(parted, finished.folder.parent)
    assert "restored, 3 epochs" in capsys.readouterr().out
    same(again, finished)


@pytest.mark.parametrize("change", ["thinned", "kind", "start"])
def test_trained_anew_where_something_differs(
    change, finished, parted, single, monkeypatch, capsys
):
    folder = finished.folder.parent
    options = {"key": "sequences_gru", "recipe": RECIPE}
    if change == "thinned":
        parted = parted.thinned(2)
    options |= {"kind": {"kind": "mean"}, "start": {"start": single}}.get(change, {})

    def stop(*_):
        raise InterruptedError

    monkeypatch.setattr("fer_utils.training.sequences._fitted", stop)
    with pytest.raises(InterruptedError):
        fitted(parted, folder, **options)
    assert "trained anew, because" in capsys.readouterr().out


def test_an_interrupted_fit_continues(finished, parted, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            fitted(parted, tmp_path)
    continued = fitted(parted, tmp_path)
    assert left(continued) == FILES
    same(continued, finished)


def test_a_frozen_network_answers_as_before_and_what_is_over_time_learns(parted, single, tmp_path):
    begun = networks.build("mean", single)
    fit = fitted(parted, tmp_path, "mean", start=single, frozen=True)
    for name, moved in (("per_frame", False), ("over_time", True)):
        old, new = (m.get_layer(name).get_weights() for m in (begun, fit.model))
        equal = [np.array_equal(a, b) for a, b in zip(old, new, strict=True)]
        assert all(equal) != moved, name


def test_begun_with_a_network_over_sequences(finished, parted, single, tmp_path):
    first = dataclasses.replace(RECIPE, learning_rate=1e-9, epochs=1)
    fit = fitted(parted, tmp_path, recipe=first, start=finished.model, frozen=True)
    probabilities = finished.predictions["probabilities"]
    np.testing.assert_allclose(fit.predictions["probabilities"], probabilities, atol=1e-4)
    with pytest.raises(FerError, match="over_time has other weights"):
        fitted(parted, tmp_path, "gru_change", start=finished.model)


def test_sequences_are_mirrored_as_a_whole_and_follow_from_the_seed(parted):
    examples = SequenceExamples(parted, RECIPE, seed=0)
    rows = examples.rows
    inputs, targets = examples.shown(rows)
    plain, mask = parted.padded(rows, parted.lengths.max())
    mirrored = [(a != b).any() for a, b in zip(inputs["frames"], plain, strict=True)]
    assert 0 < sum(mirrored) < len(rows)
    for shown, own, flip in zip(inputs["frames"], plain, mirrored, strict=True):
        np.testing.assert_array_equal(shown, own[:, :, ::-1] if flip else own)
    np.testing.assert_array_equal(inputs["mask"], mask)
    assert targets.argmax(axis=1).tolist() == parted.peaks.labels[rows].tolist()
    again = SequenceExamples(parted, RECIPE, seed=0)
    np.testing.assert_array_equal(again.shown(rows)[0]["frames"], inputs["frames"])
    assert (again.shown(rows, epoch=1)[0]["frames"] != inputs["frames"]).any()
    watched, _ = examples.watched()
    np.testing.assert_array_equal(
        watched["frames"], parted.padded(parted.peaks.rows("valid"), 5)[0]
    )


def test_still_features_are_those_of_the_frames_and_their_mirror_images(parted, single):
    still = networks.without_head(single)
    examples = SequenceExamples(parted, RECIPE, 0, still)
    rows = examples.rows[:6]
    features = examples.shown(rows)[0]["features"]
    frames = SequenceExamples(parted, RECIPE, 0).shown(rows)[0]["frames"]
    wanted = training.predict(still, frames.reshape(-1, 16, 16)).reshape(features.shape)
    np.testing.assert_allclose(features, wanted, atol=1e-5)


def test_a_class_that_nobody_else_shows_is_never_learned(tmp_path):
    found = drawn(12)
    labels = np.where(found.peaks.labels == 2, 1, found.peaks.labels)
    labels[:2] = 2
    frames = [found.frames.images[own] for own in found.rows]
    lone = sequences.from_arrays(frames, labels, np.arange(12) // 2, CLASSES).held_out(
        [0, 1, 2, 3]
    )
    fit = fitted(lone, tmp_path, recipe=dataclasses.replace(RECIPE, epochs=1))
    assert fit.metrics["n"] == 4
    assert np.isfinite(fit.predictions["probabilities"]).all()


def test_steps_may_be_sharpness_aware_and_warm_up(parted, tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=2, sharpness=0.05, warm_up=0.5)
    fit = fitted(parted, tmp_path, "mean", recipe)
    assert np.isfinite(fit.predictions["probabilities"]).all()
    assert fit.history["learning_rate"][0] == 0


def test_what_cannot_be_fitted_is_refused(parted, single, tmp_path):
    with pytest.raises(FerError, match="there are mean, gru, gru_change"):
        fitted(parted, tmp_path, "lstm")
    with pytest.raises(FerError, match="0 held out: part them by person"):
        fitted(drawn(), tmp_path)
    with pytest.raises(FerError, match="0 sequences to fit"):
        fitted(drawn(6).held_out(range(6)), tmp_path)
    with pytest.raises(FerError, match="must have been trained"):
        fitted(parted, tmp_path, frozen=True)
    with pytest.raises(FerError, match="augmentation 'modern' in float32"):
        fitted(parted, tmp_path, recipe=dataclasses.replace(RECIPE, augmentation="modern"))
    with pytest.raises(FerError, match="write augmentation flip, not alternate"):
        fitted(parted, tmp_path, recipe=dataclasses.replace(RECIPE, alternate=True))
    with pytest.raises(FerError, match="cannot start"):
        fitted(parted, tmp_path, start=models.build("small", CLASSES, (16, 16)))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_examples_are_those_of_every_fit(parted):
    assert issubclass(SequenceExamples, Examples)
    recipe = dataclasses.replace(RECIPE, sampling="balanced", class_weights="balanced")
    examples = SequenceExamples(parted, recipe, 0)
    inputs, targets, weights = examples.shown(examples.order(0)[:8])
    assert len(inputs["mask"]) == len(targets) == len(weights) == 8


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK no archive")
    with pytest.raises(FerError, match="is damaged or no network"):
        networks.load(tmp_path / "model.keras")
