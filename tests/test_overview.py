"""The page of all experiments, and the leaderboard in the README."""

import json
import re

import pandas as pd
import pytest

from fer_utils import paths, submission
from fer_utils.errors import FerError
from fer_utils.pipeline import experiments, leaderboard, overview

RECIPE = {"epochs": 4, "augmentation": "flip"}


def fit(
    folder, recipe=None, model="vgg_gap", accuracy=0.5, finished="2026-01-02T03:04:05", **more
):
    """Write what a fit leaves in its folder."""
    folder.mkdir(parents=True)
    metrics = {"accuracy": accuracy, "standard_error": 0.03, "n": 100, "scored_on": "valid"}
    identity = {"model": model, "data": "ab12", "recipe": RECIPE | (recipe or {}), **more}
    run = {"identity": identity, "finished": finished}
    (folder / "metrics.json").write_text(json.dumps(metrics | {"classes": {"sad": 1}}))
    (folder / "run.json").write_text(json.dumps(run))
    epochs = {"epoch": [1, 2], "accuracy": [0.3, 0.4], "val_accuracy": [0.2, 0.5]}
    pd.DataFrame(epochs).to_csv(folder / "history.csv", index=False)


@pytest.fixture
def place(tmp_path):
    """Return a folder of two run folders, one with an ablation, and of things that are none."""
    place = tmp_path / "runs"
    fit(place / "new" / "v8", finished="2026-05-01T00:00:00")
    fit(place / "new" / "plain", {"augmentation": "none"}, accuracy=0.4, seed=3)
    fit(place / "new" / "other", model="compact")
    fit(place / "old" / "v1", model="jhamski")
    (place / "old" / "damaged").mkdir()
    (place / "old" / "damaged" / "metrics.json").write_text("{")
    (place / "empty").mkdir()
    return place


def write_ledger(path, *rows):
    """Write a ledger of ``(file, model, accuracy)``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for file, model, accuracy in rows:
        metrics = {"model": model, "accuracy": accuracy, "standard_error": 0.01}
        metrics |= {"accuracy_without_twins": accuracy - 0.02, "scored_on": "valid"}
        metrics |= {"parameters": 94119, "train_seconds": 61.5}
        submission.record(path, file, metrics, {"device": "CPU x2"})
    return path


def test_run_folders_are_those_with_fits_the_newest_first(place):
    found = experiments.run_folders(place)
    assert [path.name for path in found] == ["new", "old"]
    assert [[fit.key for fit in fits] for fits in found.values()] == [
        ["v8", "other", "plain"],
        ["v1"],
    ]
    assert experiments.run_folders(place / "nowhere") == {}


def test_an_ablation_stands_beside_the_version_that_it_changes(place):
    ((base, changed),) = experiments.ablations(experiments.experiments(place / "new"))
    assert (base["key"], base["changed"]) == ("v8", [])
    assert changed["key"] == "plain"
    assert changed["changed"] == ["augmentation: flip -> none", "seed: none -> 3"]
    assert changed["gained"] == pytest.approx(-0.1)
    assert changed["gained_error"] == pytest.approx(0.03 * 2**0.5)


def test_fits_of_other_images_are_not_compared(place):
    path = place / "new" / "plain" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n": 99}))
    assert experiments.ablations(experiments.experiments(place / "new")) == []


def test_the_page_shows_all_of_it_and_asks_for_nothing_outside(place, tmp_path):
    ledger = write_ledger(tmp_path / "leaderboard.csv", ("a-v1.csv", "v1", 0.5))
    page = overview.write(place, ledger, place / "report.html").read_text()
    for text in ("a-v1.csv", "0.500 ± 0.010", "augmentation: flip -&gt; none", "-0.100 ± 0.042"):
        assert text in page
    assert "left out, without a finished fit <b>1</b>" in page
    assert page.count("data:image/png;base64,") == 3  # the leaderboard, curves of two runs
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)


def test_a_column_kaggle_needs_a_score_there(tmp_path):
    ledger = write_ledger(tmp_path / "leaderboard.csv", ("a.csv", "v1", 0.5), ("b.csv", "v2", 0.4))
    rows = submission.read_ledger(ledger)
    assert all("kaggle" not in row for row in leaderboard.table(rows))
    rows[0]["kaggle"] = "0.51"
    assert [row["kaggle"] for row in leaderboard.table(rows)] == ["0.51", ""]


def test_what_a_run_is_called_is_text(place):
    (place / "new").rename(place / "<b>new")
    page = overview.write(place, place / "none.csv", place / "report.html").read_text()
    assert "<b>new" not in page
    assert "&lt;b&gt;new" in page


def test_a_feature_classifier_has_no_curve(place):
    (place / "old" / "v1" / "history.csv").write_text("seconds\n1.0\n")
    page = overview.write(place, place / "none.csv", place / "report.html").read_text()
    assert page.count("Accuracy by epoch") == 1


def test_nothing_to_report_is_said(tmp_path):
    with pytest.raises(FerError, match="nothing to report"):
        overview.write(tmp_path / "runs", tmp_path / "none.csv", tmp_path / "report.html")


def test_the_best_stands_first_in_the_readme(tmp_path):
    rows = [("a-v1.csv", "v1", 0.5), ("a-ensemble.csv", "ensemble", 0.7), ("b.csv", "mine", 0.6)]
    ledger, readme = write_ledger(tmp_path / "leaderboard.csv", *rows), tmp_path / "README.md"
    readme.write_text(f"before\n{leaderboard.BEGIN}\nold\n{leaderboard.END}\nafter\n")
    assert leaderboard.write_readme(readme, ledger)
    lines = readme.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert [line.split(" | ")[0] for line in lines[4:7]] == [
        *("| a-ensemble.csv", "| b.csv", "| a-v1.csv")
    ]
    assert lines[6] == (
        "| a-v1.csv | v1: Hamski's CNN (seed 000), flips | "
        "0.500 ± 0.010 | 0.480 | 94,119 | 62 s, CPU x2 |"
    )
    assert not leaderboard.write_readme(readme, ledger)


def test_a_readme_without_the_marks_is_left_alone(tmp_path):
    ledger, readme = write_ledger(tmp_path / "l.csv", ("a.csv", "v1", 0.5)), tmp_path / "R.md"
    readme.write_text("mine")
    with pytest.raises(FerError, match="put them around the table"):
        leaderboard.write_readme(readme, ledger)
    assert readme.read_text() == "mine"
    with pytest.raises(FerError, match="cannot be read"):
        leaderboard.write_readme(tmp_path / "none.md", ledger)


def test_the_readme_has_what_the_ledger_says():
    rows = submission.read_ledger(paths.PROJECT / "submissions" / "leaderboard.csv")
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    assert f"{leaderboard.BEGIN}\n{leaderboard.readme_table(rows)}{leaderboard.END}" in text
