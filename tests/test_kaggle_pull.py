"""Pull against a small Kaggle: all or nothing, and nothing of one's own is lost."""

import errno
import json

import pytest
from kaggle_output import FILES, NAME, RUN, contents, pulled, worked
from typer.testing import CliRunner

from fer_utils import cli, paths, submission
from fer_utils.errors import FerError
from fer_utils.kaggle import merging
from fer_utils.submission import ledger


@pytest.fixture
def site(kaggle_site, tmp_path):
    worked(tmp_path / "kernel", kaggle_site)
    return kaggle_site


@pytest.fixture
def root(tmp_path):
    return tmp_path / "project"


def test_everything_is_put_into_place(site, root):
    said = pulled(root)
    found = contents(root)
    assert FILES.items() <= found.items()
    assert set(found) == {*FILES, merging.LEDGER}
    assert (root / RUN / "v8" / "model.keras").stat().st_mtime_ns == 10**18 + 123456789
    assert "the suite: done\n18_write_submission  done" in said
    assert not (root / "runs" / "kaggle" / "waiting").exists()
    assert [row["public"] for row in ledger.read_ledger(root / merging.LEDGER)] == ["0.7000"]


def test_pulling_again_changes_nothing_and_takes_what_is_new(site, root, tmp_path):
    pulled(root)
    before = contents(root)
    pulled(root)
    assert contents(root) == before
    files = FILES | {f"{RUN}/v8/metrics.json": b'{"accuracy": 0.8}', f"{RUN}/v1/x.json": b"1"}
    del files[f"{RUN}/v8/model.keras"]
    worked(tmp_path / "kernel", site, files=files)
    pulled(root)
    assert set(contents(root)) == {*files, merging.LEDGER}
    assert contents(root)[f"{RUN}/v8/metrics.json"] == b'{"accuracy": 0.8}'


def test_pulled_submission_gives_way_to_a_newer_one(site, root, tmp_path):
    pulled(root)
    files = FILES | {"submissions/fer2013-v8.csv": b"4\n" * 10}
    worked(tmp_path / "kernel", site, files=files)
    pulled(root)
    assert contents(root)["submissions/fer2013-v8.csv"] == b"4\n" * 10
    assert not (root / "runs/kaggle/replaced").exists()


def test_all_runs_that_a_kernel_left_come_along(site, root, tmp_path):
    files = FILES | {"runs/fer2013-smoke/v1/metrics.json": b"{}"}
    worked(tmp_path / "kernel", site, files=files)
    pulled(root)
    pulled(root)
    assert set(contents(root)) == {*files, merging.LEDGER}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{RUN}/v8/metrics.json", b"mine"),
        (f"{RUN}/v9/metrics.json", b"mine"),
        ("submissions/fer2013-v8.csv", b"4\n"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_local_work_is_not_replaced_unasked(name, content, first, site, root, tmp_path):
    if not first:
        pulled(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)
    before = contents(root)
    ran = (root / RUN).exists()
    with pytest.raises(FerError, match="changed here, or never pulled: add --replace"):
        pulled(root)
    assert contents(root) == before
    assert (root / RUN).exists() == ran
    pulled(root, replace=True)
    assert FILES.items() <= contents(root).items()
    kept = [p for p in (root / "runs/kaggle/replaced").rglob("*") if p.is_file()]
    assert content in [path.read_bytes() for path in kept]


def test_scores_from_kaggle_stay_in_the_ledger(site, root, tmp_path):
    pulled(root)
    submission.record(root / merging.LEDGER, "mine.csv", {"model": "mine"}, {}, kaggle="0.5")
    sent = root / "submissions" / "fer2013-v8.csv"
    ledger.note_score(root / merging.LEDGER, sent, "0.69")
    pulled(root)
    scores = {r["file"]: r["kaggle"] for r in ledger.read_ledger(root / merging.LEDGER)}
    assert scores == {"fer2013-v8.csv": "0.69", "mine.csv": "0.5"}


@pytest.mark.parametrize(("content", "score"), [(b"3\n", "0.69"), (b"4\n", "")])
def test_rows_that_differ_leave_the_scores_of_equal_files(content, score, site, root, tmp_path):
    pulled(root)
    book, sent = root / merging.LEDGER, root / "submissions" / "fer2013-v8.csv"
    submission.record(book, sent, {"model": "mine"}, {}, kaggle="0.69")
    before = book.read_bytes()
    worked(tmp_path / "kernel", site, files=FILES | {"submissions/fer2013-v8.csv": content * 10})
    pulled(root)
    (row,) = ledger.read_ledger(book)
    assert (row["model"], row["kaggle"]) == ("v8", score)
    (kept,) = (root / "runs/kaggle/replaced").iterdir()
    assert kept.read_bytes() == before
    pulled(root)
    assert ledger.read_ledger(book) == [row]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (401, "does not accept the token"),
        (403, "the download of .*: its address expired .403.: run the same command again"),
        (404, "Kaggle has none of that name"),
        (500, "the download of .*: Kaggle failed .500"),
        ("drop", "the download of .*the connection to Kaggle broke"),
        ("short", "the download of .*the connection to Kaggle broke"),
    ],
)
def test_interrupted_download_places_nothing_and_continues(wanted, says, site, root):
    site.fail = {"output": [None, None, None] + [wanted] * 8}
    with pytest.raises(FerError, match=says):
        pulled(root)
    assert not (root / RUN).exists()
    site.fail, site.calls = {}, []
    pulled(root)
    assert FILES.items() <= contents(root).items()
    assert site.count("output") == 1 + len(FILES) + 1 - 2  # the two that were there already


def test_hiccups_are_waited_for(site, root):
    site.fail = {"output": ["short", None, 503, "drop"], "ListKernelSessionOutput": [429, 500]}
    pulled(root)
    assert FILES.items() <= contents(root).items()


def test_full_disk(site, root, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("fer_utils.runs.writing.os.replace", full)
        with pytest.raises(FerError, match="the disk is full: free some space, then run the same"):
            pulled(root)
    assert not contents(root)
    pulled(root)
    assert FILES.items() <= contents(root).items()


def test_kernel_that_runs_or_does_not_exist(site, root):
    site.status = "RUNNING"
    with pytest.raises(FerError, match=f"{NAME} is running: pull once it has ended"):
        pulled(root)
    site.kernels = []
    with pytest.raises(FerError, match="Kaggle has no kernel"):
        pulled(root)


def test_kernel_that_failed_before_the_suite(site, root):
    site.status, site.failure, site.outputs = "ERROR", "", {}
    site.log = json.dumps([{"data": "fer_utils cannot be installed\n"}])
    with pytest.raises(FerError, match="made nothing .error.: fer_utils cannot be installed"):
        pulled(root)
    log = (root / "runs" / "kaggle" / "kernel.log").read_text()
    assert log == "fer_utils cannot be installed\n"


def test_kernel_that_kaggle_ended_gives_what_it_had_noted(site, root, tmp_path):
    worked(tmp_path / "kernel", site, state="running")
    site.status, site.failure = "ERROR", "out of time"
    site.outputs[f"{RUN}/v8/metrics.json"] = b"written after the note"
    assert "the suite: running" in pulled(root)
    assert contents(root)[f"{RUN}/v8/metrics.json"] == b"written after the note"
    pulled(root)  # what came is no work of one's own


def test_kernel_that_kaggle_ended_may_lack_what_it_had_noted(site, root, tmp_path):
    worked(tmp_path / "kernel", site, state="running")
    site.status = "ERROR"
    del site.outputs[f"{RUN}/v8/model.keras"]
    assert "note: Kaggle's output lacks 1 of 6 files, the first is runs/" in pulled(root)
    assert set(contents(root)) == {*FILES, merging.LEDGER} - {f"{RUN}/v8/model.keras"}
    pulled(root)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "README.md", "runs/../../evil"])
def test_names_that_lead_elsewhere(name, site, root):
    noted = json.loads(site.outputs["kaggle_run.json"])
    noted["files"][name] = [1, 1, "x"]
    site.outputs["kaggle_run.json"] = json.dumps(noted).encode()
    with pytest.raises(FerError, match="which is no file of a run"):
        pulled(root)


def test_output_that_is_not_complete_yet(site, root):
    del site.outputs[f"{RUN}/v8/model.keras"]
    with pytest.raises(FerError, match="lacks 1 of 6 files, the first is .*model.keras"):
        pulled(root)
    assert not contents(root)


@pytest.mark.parametrize(("state", "code"), [("done", 0), ("failed", 1), ("out of time", 1)])
def test_command(state, code, site, root, tmp_path, monkeypatch):
    worked(tmp_path / "kernel", site, state=state)
    monkeypatch.setattr(paths, "output_root", lambda: root)
    ended = CliRunner().invoke(cli.app, ["kaggle", "pull"])
    assert ended.exit_code == code, ended.output
    assert f"the suite: {state}\n" in ended.stdout
    assert "submission  submissions/fer2013-v8.csv" in ended.stdout
