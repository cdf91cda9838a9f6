"""What a run trained becomes a file of the package, with a card of the run's own numbers."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import ensemble, evaluation, models, runs, settings, training, weights
from fer_utils.compete.joining import join_networks
from fer_utils.errors import FerError
from fer_utils.weights.__main__ import main
from fer_utils.weights.card import card
from fer_utils.weights.shipping import ship
from fer_utils.weights.unpacking import unpack


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the Dataset and the run folder of one tiny network, taught by another."""
    dataset = dataclasses.replace(draw_faces(400, side=24), name="fer2013")
    run = tmp_path_factory.mktemp("run")
    profile = settings.Profile("test", rows=200, epochs=2, side_epochs=1, side_rows=100)
    place = settings.Settings("synthetic", None, profile, run, seed=0)
    recipe = models.recipe("tiny", epochs=2)
    training.fit_or_restore("tiny", dataset, place, recipe, "member1")
    targets = np.eye(7, dtype="float32")[dataset.labels]
    training.fit_or_restore("tiny", dataset, place, recipe, "small", targets=targets)
    training.fit_or_restore("tiny", dataset, place, recipe, "other_size", size=16)
    half = dataset.rows("train")[:60]
    training.fit_or_restore("tiny", dataset, place, recipe, "half", rows=half)
    runs.write_json(run / "compete.json", {"teachers": ["member1", "member1"]})
    return dataset, run


def test_what_ships_has_the_scores_of_its_file(trained, tmp_path):
    dataset, run = trained
    told = ship(run, "small", "small", dataset, tmp_path)
    assert weights.about("small", tmp_path) == told | {
        "classes": dataset.classes,
        "input": (24, 24),
    }
    rows = dataset.rows("valid")
    said = training.predict(weights.load_pretrained("small", tmp_path), dataset.images[rows])
    assert told["scores"]["accuracy"] == evaluation.accuracy(dataset.labels[rows], said)
    assert told["scores"]["n"] == len(rows)
    assert told["teachers"] == ["tiny", "tiny"]

    text = (tmp_path / "small.md").read_text()
    assert f"**{told['scores']['accuracy']:.3f} ±" in text
    assert "to what tiny and tiny say of them" in text
    table = text[: text.index("## How sure")]
    assert table.count("\n| ") == len(np.unique(dataset.labels[rows])) + 1
    assert "Regulation 2024/1689" in text


def test_a_card_tells_what_was_measured(trained, tmp_path):
    dataset, run = trained
    told = ship(run, "small", "small", dataset, tmp_path)
    rows, text = dataset.rows("valid"), (tmp_path / "small.md").read_text()
    said = training.predict(weights.load_pretrained("small", tmp_path), dataset.images[rows])
    labels = dataset.labels[rows]
    assert told["calibration"] == evaluation.calibration(labels, said, dataset.groups[rows])
    assert f"the temperature is {told['calibration']['temperature']:.2f}." in text
    assert f"used on the fifth make it {told['calibration']['error_after']:.3f};" in text
    assert "alone were chosen by PublicTest" in text
    counts = evaluation.confusion(labels, said, dataset.classes)
    first = evaluation.largest_confusions(counts).iloc[0]
    assert f"most often, with the share of its images: {first['label']} for " in text
    spoilt = told["corruptions"]
    assert spoilt["as_it_is"] == told["scores"]["accuracy"]
    images = evaluation.corrupt(dataset.images[rows], "blur", 4)
    network = weights.load_pretrained("small", tmp_path)
    found = evaluation.accuracy(labels, training.predict(network, images))
    assert spoilt["accuracy"]["blur"][3] == found
    assert (
        f"| blur | {' | '.join(f'{share:.2f}' for share in spoilt['accuracy']['blur'])} |" in text
    )
    wrong = round(100 * (1 - told["scores"]["accuracy"]))
    assert f"{wrong} of 100 answers were not the label" in text


def test_a_card_leaves_out_what_an_older_file_does_not_tell():
    told = weights.about("small")
    for part in ("calibration", "corruptions", "confusions"):
        told.pop(part, None)
    text = card("small", told, 700_000)
    assert "## Scores" in text
    assert "## When not to use it" in text
    assert "## How sure" not in text
    assert "## Spoilt" not in text
    assert "most often" not in text


def test_a_network_of_labels_alone_names_no_teacher(trained, tmp_path):
    dataset, run = trained
    assert ship(run, "member1", "big", dataset, tmp_path)["teachers"] == []
    assert "Fitted to their labels" in (tmp_path / "big.md").read_text()


def test_what_does_not_ship_is_said(trained, tmp_path):
    dataset, run = trained
    for key, given, said in (
        ("member7", dataset, "no finished training"),
        ("small", draw_faces(110, side=24), "other data"),
        ("other_size", dataset, "another size"),
        ("half", dataset, "half was fitted with rows of its own"),
    ):
        with pytest.raises(FerError, match=said):
            ship(run, key, "x", given, tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_scores_or_teachers_nothing_ships(trained, tmp_path):
    dataset, run = trained
    hidden = dataclasses.replace(dataset, labels=np.full(len(dataset), -1, np.int8))
    for given, said in ((hidden, "FER2013 with its labels"), (dataset, "with targets of its own")):
        shutil.copytree(run / "small", tmp_path / "small", dirs_exist_ok=True)
        run_json = json.loads((run / "small" / "run.json").read_text())
        run_json["identity"]["data"] = given.fingerprint
        runs.write_json(tmp_path / "small" / "run.json", run_json)
        with pytest.raises(FerError, match=said):
            ship(tmp_path, "small", "x", given, tmp_path / "out")


def test_a_teacher_that_saw_other_faces_is_named(trained, tmp_path):
    dataset, run = trained
    shutil.copytree(run, tmp_path / "run")
    runs.write_json(tmp_path / "run" / "compete.json", {"teachers": ["member1", "half"]})
    with pytest.raises(FerError, match="its teacher half was fitted with rows of its own"):
        ship(tmp_path / "run", "small", "x", dataset, tmp_path / "out")


def test_the_command_says_what_to_write(capsys):
    assert main(["synthetic", "runs/none", "small"]) == 2
    assert "write NAME=FOLDER" in capsys.readouterr().err


def test_what_ships_lies_in_a_run_folder_as_a_fit(trained, tmp_path):
    dataset, run = trained
    ship(run, "small", "small", dataset, tmp_path)
    other = tmp_path / "other"
    scores = unpack("small", other, "v8", dataset, tmp_path)
    assert scores["accuracy"] == weights.about("small", tmp_path)["scores"]["accuracy"]
    assert scores["network"] == "tiny"
    members = ensemble.load_members(other, dataset, ["v8"])
    old = runs.read_predictions(run / "small" / "predictions.npz")
    np.testing.assert_array_equal(members.index, old["index"])
    np.testing.assert_allclose(members.probabilities[0], old["probabilities"], atol=0.01)
    assert list(evaluation.versions(dataset, other)) == ["v8"]
    (job,) = join_networks(tmp_path / "contest", dataset, [other / "v8"], "shifts")
    assert (job.key, job.network) == ("other-v8", "tiny")
    with pytest.raises(FerError, match="holds a network already"):
        unpack("small", other, "v8", dataset, tmp_path)
    drawn = dataclasses.replace(dataset, name="synthetic")
    with pytest.raises(FerError, match="was fitted to fer2013, not to synthetic"):
        unpack("small", other, "v1", drawn, tmp_path)


def test_a_fit_does_not_restore_what_was_unpacked(trained, tmp_path):
    dataset, run = trained
    told = ship(run, "small", "small", dataset, tmp_path)
    unpack("small", tmp_path / "run", "small", dataset, tmp_path)
    profile = settings.Profile("test", rows=200, epochs=2, side_epochs=1, side_rows=100)
    place = settings.Settings("synthetic", None, profile, tmp_path / "run", seed=told["seed"])
    training.fit_or_restore("tiny", dataset, place, models.recipe("tiny", epochs=1), "small")
    assert (tmp_path / "run" / "replaced" / "small" / "model.keras").exists()
