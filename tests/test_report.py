import csv
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from fer_utils import runs
from fer_utils.pipeline import report, results
from fer_utils.pipeline.suite import Notebook

SUITE = (Notebook("01_data"), Notebook("05_model"), Notebook("18_submit", needs=("05_model",)))
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
)
MANIFEST = {
    "key": {"parameters": {"PROFILE": "smoke", "SEED": 3}, "versions": {"keras": "3.99"}},
    "outputs": {},
    "seconds": 75.0,
    "finished": "2026-01-02T03:04:05.000000",
    "data": "synthetic",
}


def figure():
    return new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure 1>"})


@pytest.fixture
def run_dir(tmp_path):
    """Return a run folder: 01 is done, 05 failed, 18 did not run, two models have metrics."""
    executed = tmp_path / "notebooks"
    executed.mkdir()
    data = new_notebook(
        cells=[
            new_markdown_cell(
                "# What is `there`?\n\n[![Open](https://x.org/b.svg)](https://x.org)"
            ),
            new_code_cell("secret_code = 1", outputs=[figure()]),
            new_markdown_cell('## Shares & more\n\n<img src="http://x.org/a.png" alt="words">'),
            new_code_cell(outputs=[new_output("stream", text="epoch <1>\n" * 30)]),
            new_code_cell(
                outputs=[
                    new_output("display_data", data={"text/html": "<table><td>cell</td></table>"})
                ]
            ),
        ]
    )
    nbformat.write(data, executed / "01_data.ipynb")
    (executed / "01_data.json").write_text(json.dumps(MANIFEST))
    error = new_output("error", ename="E", evalue="v", traceback=["\x1b[31mTrace\x1b[0m of it"])
    failed = new_notebook(cells=[new_code_cell("1/0", outputs=[error])])
    nbformat.write(failed, executed / "05_model.failed.ipynb")
    for name, accuracy in (("tiny", 0.5), ("jhamski", 0.6123)):
        (tmp_path / name).mkdir()
        metrics = {"accuracy": accuracy, "standard_error": 0.01, "classes": [1]}
        metrics |= {"parameters": 94000, "model": name}
        (tmp_path / name / "metrics.json").write_text(json.dumps(metrics))
    return tmp_path


@pytest.fixture
def page(run_dir):
    return report.refresh(run_dir, SUITE).read_text(encoding="utf-8")


def test_report_asks_for_nothing_outside(page):
    assert not re.search(r"""\b(src|srcset|data)=["']?(?!data:)[^ >]*//""", page)
    assert not re.search(r"<(script|iframe|object|embed)\b|@import|url\(", page)
    assert re.findall(r"<link[^>]*>", page) == ['<link rel="icon" href="data:,">']
    assert 'href="https://x.org"' in page  # a link in prose is no request
    assert "words" in page


def test_report_holds_figures_tables_and_errors_without_code(page):
    assert f"data:image/png;base64,{PIXEL}" in page
    assert 'alt="&lt;Figure 1&gt;"' in page
    assert "<table><td>cell</td></table>" in page
    assert "secret_code" not in page
    assert "Trace" in page
    assert "\x1b" not in page
    assert "<summary>printed, 30 lines: <code>epoch &lt;1&gt;</code>" in page


def test_report_has_contents_and_states(page):
    assert '<a href="#01_data">What is there?</a>' in page
    assert '<a href="#01_data-shares-more">Shares &amp; more</a>' in page
    assert '<h3 id="01_data-shares-more">' in page
    assert re.findall(r'class="word state-\w+">([^<]+)<', page) == ["done", "failed", "not run"]
    assert "1 min 15 s" in page
    for fact in ("profile <b>smoke</b>", "seed <b>3</b>", "keras <b>3.99</b>"):
        assert fact in page


def test_report_has_the_results(page):
    assert "0.612 ± 0.010" in page
    assert "94,000" in page
    assert "prefers-color-scheme: dark" in page


def test_report_is_made_again_only_when_something_changed(run_dir, page):
    path = run_dir / "report.html"
    before = path.stat().st_ino, path.stat().st_mtime_ns
    report.refresh(run_dir, SUITE)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before
    (run_dir / "tiny" / "metrics.json").write_text('{"accuracy": 0.7777}')
    assert "0.778" in report.refresh(run_dir, SUITE).read_text(encoding="utf-8")
    path.unlink()
    assert report.refresh(run_dir, SUITE).exists()


def test_report_of_an_empty_run(tmp_path):
    assert "not run" in report.refresh(tmp_path, SUITE).read_text(encoding="utf-8")
    assert not (tmp_path / "results.csv").exists()


def test_results_csv_has_all_flat_values(run_dir, page):
    with open(run_dir / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["jhamski", "tiny"]
    assert list(rows[0]) == ["model", "parameters", "accuracy", "standard_error"]
    assert float(rows[0]["accuracy"]) == 0.6123


def test_damaged_metrics_are_left_out(run_dir):
    (run_dir / "tiny" / "metrics.json").write_text('{"half')
    assert [row["model"] for row in results.collect(run_dir)] == ["jhamski"]


def test_versions_and_their_ensemble_come_first(tmp_path):
    names = ["06_jh_v2", "versions", "happy_sad", "v1", "v5_svm", "v8_views"]
    for name in names:
        runs.write_json(tmp_path / name / "metrics.json", {"accuracy": 0.5})
    shown = [row["model"] for row in results.collect(tmp_path)]
    assert shown == ["v1", "v8_views", "versions", "06_jh_v2", "happy_sad", "v5_svm"]


def test_columns_that_few_rows_have_stay_in_the_csv():
    rows = [{"model": "a", "zeta": 1}, {"model": "b"}, {"model": "c", "epochs": 3}]
    assert results.columns(rows) == ["model", "epochs", "zeta"]
    assert results.table(rows) == (["model"], [["a"], ["b"], ["c"]])


def test_submission_is_what_the_run_noted(tmp_path):
    assert results.submission(tmp_path) is None
    (tmp_path / "submission.csv").write_text("1\n")
    assert results.submission(tmp_path) == tmp_path / "submission.csv"
    (tmp_path / "fer2013-v1.csv").write_text("1\n")
    (tmp_path / "submission.json").write_text('{"file": "fer2013-v1.csv", "ledger": "x"}')
    assert results.submission(tmp_path) == tmp_path / "fer2013-v1.csv"


def test_submission_that_another_run_replaced_is_not_named(tmp_path):
    (tmp_path / "submission.json").write_text('{"file": "fer2013-v1.csv"}')
    (tmp_path / "fer2013-v1.csv").write_text("2\n")
    assert results.submission(tmp_path) is None
    (tmp_path / "submission.csv").write_text("1\n")
    assert results.submission(tmp_path) == tmp_path / "submission.csv"
    (tmp_path / "fer2013-v1.csv").unlink()
    assert results.submission(tmp_path) == tmp_path / "submission.csv"
