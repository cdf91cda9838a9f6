"""What a network is shown, where it starts from, and in which precision it is fitted."""

import dataclasses

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import made_settings

from fer_utils import models, runs, training
from fer_utils.errors import FerError
from fer_utils.training.examples import Examples
from fer_utils.training.start import begin_from, digest_of

pytestmark = pytest.mark.backend

RECIPE = models.Recipe("adam", learning_rate=0.01, batch=16, epochs=2)


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(160, side=16)


def examples(dataset, rows=None, targets=None, **changes):
    recipe = dataclasses.replace(RECIPE, **changes)
    return Examples(dataset, dataset.rows("valid"), recipe, 0, rows, targets)


def fitted(dataset, folder, seed=0, **options):
    recipe = dataclasses.replace(RECIPE, **options.pop("changes", {}))
    return training.fit_or_restore("tiny", dataset, made_settings(folder, seed), recipe, **options)


def test_an_epoch_shows_each_row_once_and_each_epoch_another_order(dataset):
    shown = examples(dataset)
    train = dataset.rows("train").tolist()
    assert sorted(shown.order(0)) == sorted(shown.order(1)) == train
    assert shown.order(0).tolist() != shown.order(1).tolist()
    assert shown.order(1).tolist() == examples(dataset).order(1).tolist()


def test_rows_come_as_often_as_they_are_given(dataset):
    rows = dataset.rows("train")[[3, 5, 5, 5]]
    assert sorted(examples(dataset, rows).order(0)) == rows.tolist()


def test_watched_rows_are_never_fitted(dataset):
    watched = dataset.rows("train")[:10]
    shown = Examples(dataset, watched, RECIPE, 0, rows=dataset.rows("train"))
    assert not set(shown.rows) & set(watched)


def test_plain_images_are_full_batches_of_what_is_fitted(dataset):
    rows = dataset.rows("train")[:40]
    batches = list(examples(dataset, rows, batch=4).plain())
    assert [len(batch) for batch in batches] == [4, 4], "a quarter of the rows, without the rest"
    fitted = {image.tobytes() for image in dataset.images[rows]}
    assert {image.tobytes() for batch in batches for image in batch} <= fitted
    assert [len(batch) for batch in examples(dataset, rows, batch=64).plain()] == [40]
    again = examples(dataset, rows, batch=4).plain()
    assert all((a == b).all() for a, b in zip(batches, again, strict=True))


def test_balanced_sampling_shows_every_class_equally_often(dataset):
    shown = examples(dataset, sampling="balanced", batch=14)
    batches = shown.order(0).reshape(-1, 14)
    for batch in batches:
        assert np.bincount(dataset.labels[batch], minlength=7).tolist() == [2] * 7
    assert len(batches) == -(-len(dataset.rows("train")) // 14)
    assert shown.order(0).tolist() != shown.order(1).tolist()


def test_class_weights_make_all_classes_count_alike(dataset):
    shown = examples(dataset, class_weights="balanced")
    rows = dataset.rows("train")
    images, targets, weights = shown.shown(rows)
    sums = np.bincount(dataset.labels[rows], weights)
    np.testing.assert_allclose(sums, sums[0], rtol=1e-5)
    assert weights.mean() == pytest.approx(1)
    assert len(images) == len(targets) == len(weights)


def test_root_weights_go_half_of_the_way(dataset):
    rows = dataset.rows("train")
    weights = examples(dataset, class_weights="root").shown(rows)[2]
    sums = np.bincount(dataset.labels[rows], weights)
    sizes = np.bincount(dataset.labels[rows])
    np.testing.assert_allclose(sums / sums[0], np.sqrt(sizes / sizes[0]), rtol=1e-5)
    assert weights.mean() == pytest.approx(1)


def test_targets_take_the_place_of_labels_and_smoothing_comes_on_top(dataset):
    soft = np.full((len(dataset), 7), 0.05, np.float32)
    soft[:, 2] = 0.7
    rows = dataset.rows("train")[:5]
    np.testing.assert_allclose(examples(dataset, targets=soft).shown(rows)[1], soft[rows])
    smooth = examples(dataset, targets=soft, label_smoothing=0.1).shown(rows)[1]
    np.testing.assert_allclose(smooth, soft[rows] * 0.9 + 0.1 / 7, atol=1e-6)
    plain = examples(dataset).shown(rows)[1]
    assert plain.argmax(axis=1).tolist() == dataset.labels[rows].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampling": "fair"}, "no sampling 'fair': there are shuffled, balanced"),
        ({"class_weights": "auto"}, "no class_weights 'auto': there are none, root, balanced"),
        ({"precision": "float7"}, "no precision 'float7': there are float32, mixed_bfloat16"),
    ],
)
def test_a_word_that_does_not_exist(changes, message, dataset, tmp_path):
    with pytest.raises(FerError, match=message):
        fitted(dataset, tmp_path, changes=changes)


def test_rows_of_another_split_are_refused(dataset):
    with pytest.raises(
        FerError, match="only rows of train are fitted or balanced, these hold test"
    ):
        examples(dataset, dataset.rows("train", "test"))
    with pytest.raises(FerError, match="no rows: give rows of train"):
        examples(dataset, [])


def test_rows_may_be_a_mask_and_rows_without_label_are_not_fitted(dataset):
    train = dataset.rows("train")
    assert examples(dataset, dataset.split == "train").rows.tolist() == train.tolist()
    labels = dataset.labels.copy()
    labels[train[:3]] = -1
    hidden = dataclasses.replace(dataset, labels=labels)
    assert examples(hidden).rows.tolist() == train[3:].tolist()
    with pytest.raises(FerError, match="rows without label cannot be fitted"):
        examples(hidden, train)


def test_targets_that_do_not_fit(dataset):
    with pytest.raises(FerError, match=r"targets have shape \(3, 7\), the data need \(160, 7\)"):
        examples(dataset, targets=np.ones((3, 7)))
    soft = np.full((len(dataset), 7), 1 / 7)
    row = dataset.rows("train")[4]
    soft[row] = 0
    with pytest.raises(FerError, match=f"targets of row {row} do not sum to 1"):
        examples(dataset, targets=soft)
    rest = dataset.rows("train")[5:]
    assert len(examples(dataset, rest, soft).rows) == len(rest)


def test_weights_change_what_is_learned(dataset, tmp_path):
    """Not ignored without a word, as an array given to old Keras was."""
    plain = fitted(dataset, tmp_path, key="plain")
    weighted = fitted(dataset, tmp_path, key="weighted", changes={"class_weights": "balanced"})
    gap = plain.predictions["probabilities"] - weighted.predictions["probabilities"]
    assert np.abs(gap).max() > 1e-3


def test_other_rows_or_targets_are_trained_anew(dataset, tmp_path, capsys):
    rows = dataset.rows("train")[:40]
    fitted(dataset, tmp_path, rows=rows)
    fitted(dataset, tmp_path, rows=rows)
    assert "restored" in capsys.readouterr().out
    fitted(dataset, tmp_path, rows=rows[1:])
    assert "trained anew, because rows" in capsys.readouterr().out
    fitted(dataset, tmp_path, rows=rows[1:], targets=np.eye(7)[dataset.labels])
    assert "trained anew, because targets" in capsys.readouterr().out


def test_a_start_is_where_training_begins(dataset, tmp_path):
    source = fitted(dataset, tmp_path, key="source").model
    slow = {"optimizer": "sgd", "learning_rate": 1e-9}
    again = fitted(dataset, tmp_path, seed=5, key="again", changes=slow, start=source)
    assert again.metrics["start"] == f"{source.name} trained here"
    np.testing.assert_allclose(
        again.predictions["probabilities"],
        training.predict(source, dataset.images[again.predictions["index"]]),
        atol=0.2,  # batch normalisation takes statistics even where weights stand still
    )
    for ours, theirs in zip(
        again.model.trainable_variables, source.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_start_keeps_its_own_last_layer_where_classes_differ():
    source = models.build("tiny", 7, size=16)
    network = models.build("tiny", 8, size=24)
    own = network.layers[-1].get_weights()[0]
    begin_from(network, source)
    np.testing.assert_array_equal(network.layers[-1].get_weights()[0], own)
    np.testing.assert_array_equal(network.get_weights()[0], source.get_weights()[0])
    assert digest_of(source) != digest_of(network)


def test_a_start_of_another_architecture_is_refused():
    with pytest.raises(FerError, match="cannot start jhamski from tiny: "):
        begin_from(models.build("jhamski", 7, size=48), models.build("tiny", 7, size=48))


def test_a_mirrored_prediction_is_the_mean_of_two(dataset):
    network, images = models.build("tiny", 7, size=16), dataset.images[:5]
    both = training.predict(network, images), training.predict(network, images[:, :, ::-1])
    told = training.predict(network, images, mirrored=True)
    np.testing.assert_allclose(told, np.mean(both, axis=0), atol=1e-6)
    np.testing.assert_allclose(
        told, training.predict(network, images[:, :, ::-1], mirrored=True), atol=1e-6
    )


def test_low_precision_is_for_training_alone(dataset, tmp_path):
    low = fitted(dataset, tmp_path, changes={"precision": "mixed_bfloat16"})
    assert keras.config.dtype_policy().name == "float32"
    assert {layer.dtype_policy.name for layer in low.model.layers} == {"float32"}
    assert {weight.dtype for weight in low.model.weights} == {"float32"}
    assert np.isfinite(low.predictions["probabilities"]).all()


def test_cross_validation_predicts_each_person_by_a_network_that_never_saw_them(dataset, tmp_path):
    s = made_settings(tmp_path)
    predictions = training.cross_validate("tiny", dataset, s, RECIPE, "cv", k=3)
    assert predictions["index"].tolist() == list(range(len(dataset)))
    train = dataset.split == "train"
    assert set(predictions["fold"][train]) == {0, 1, 2}
    assert set(predictions["fold"][~train]) == {-1}
    np.testing.assert_allclose(predictions["probabilities"].sum(axis=1), 1, atol=1e-5)
    told = [runs.read_predictions(tmp_path / f"cv/fold{i}/predictions.npz") for i in range(3)]
    for i, fold in enumerate(told):
        mine = predictions["index"][predictions["fold"] == i]
        assert set(mine) <= set(fold["index"])
        others = predictions["index"][(predictions["fold"] != i) & train]
        assert not set(dataset.groups[mine]) & set(dataset.groups[others])
    row = dataset.rows("test")[0]
    means = [fold["probabilities"][fold["index"] == row] for fold in told]
    np.testing.assert_allclose(predictions["probabilities"][row], np.mean(means, 0)[0], atol=1e-6)
    kept = runs.read_predictions(tmp_path / "cv/predictions.npz")
    np.testing.assert_array_equal(kept["fold"], predictions["fold"])


def test_names_and_order_of_what_is_predicted_change_no_prediction(dataset, tmp_path):
    """File names are no features: nothing that is fitted may follow from those of test rows."""
    test = dataset.rows("test")
    moved = np.concatenate([dataset.rows("train", "valid"), test[::-1]])
    renamed = dataset.names.copy()
    renamed[test] = [f"AN{i}" for i in test]
    changed = dataclasses.replace(dataset, names=renamed).take(moved)
    told = [
        training.cross_validate("tiny", data, made_settings(tmp_path / name), RECIPE, k=2)
        for name, data in (("a", dataset), ("b", changed))
    ]
    np.testing.assert_allclose(
        told[0]["probabilities"][moved], told[1]["probabilities"], atol=1e-5
    )
