"""Nothing that was computed, here or at Kaggle, is lost unsaid between pushes and pulls."""

import subprocess
import sys

import pytest
from kaggle_output import FILES, NAME, RUN, contents, pulled, worked
from typer.testing import CliRunner

from fer_utils import cli, paths
from fer_utils.errors import FerError
from fer_utils.kaggle import bundle, client, merging, pull, push
from fer_utils.pipeline import lock

V8 = f"{RUN}/v8/metrics.json"
HOLD = """
import pathlib, sys
from fer_utils.pipeline import lock
with lock.held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def site(kaggle_site, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_wheel", lambda folder: None)
    worked(tmp_path / "kernel", kaggle_site)
    return kaggle_site


@pytest.fixture
def root(tmp_path):
    return tmp_path / "project"


def pushed(root, **options):
    order, said = push.Order(3600.0, **options), []
    push.push(client.Client(), order, root / "runs" / "kaggle" / "push", (), said.append)
    return "\n".join(said)


def replaced(root):
    """Return the contents of what was put aside."""
    kept = [p for p in (root / "runs/kaggle/replaced").rglob("*") if p.is_file()]
    return [path.read_bytes() for path in kept if path.name != ".lock"]


# Push


def test_push_goes_on_once_the_last_output_is_pulled(site, root):
    with pytest.raises(FerError, match=f"6 of 6 files of the last kernel {NAME} are not pulled"):
        pushed(root)
    with pytest.raises(FerError, match="are not pulled.*kaggle pull.*push --unpulled"):
        pushed(root, fresh=True)
    assert site.kernels == [{}]
    pulled(root)
    pushed(root)
    assert site.kernels[-1]["kernelDataSources"] == [NAME]
    assert "'anew': None" in site.kernels[-1]["text"]


def test_push_may_be_told_to_go_on(site, root, monkeypatch):
    monkeypatch.setattr(paths, "output_root", lambda: root)
    monkeypatch.setattr(bundle, "_library", lambda *_: False)
    ended = CliRunner().invoke(cli.app, ["kaggle", "push", "--unpulled", "--fresh"])
    assert ended.exit_code == 0, ended.output
    assert "the suite begins anew: --fresh was given" in ended.stdout
    assert "'anew': '--fresh was given'" in site.kernels[-1]["text"]


def test_what_the_next_kernel_added_is_not_pulled(site, root, tmp_path):
    pulled(root)
    worked(tmp_path / "kernel", site, files=FILES | {f"{RUN}/v1/metrics.json": b"{}"})
    with pytest.raises(FerError, match="^1 of 7 files .* the first is .*v1/metrics.json"):
        pushed(root)


def test_kernel_that_added_nothing_is_no_obstacle(site, root, tmp_path):
    pulled(root)
    noted = (tmp_path / "kernel" / "kaggle_run.json").read_text()
    worked(tmp_path / "kernel", site, state="failed", error="no FER2013")
    site.outputs["kaggle_run.json"] = noted.replace('"written": "2', '"written": "3').encode()
    pushed(root)


def test_pull_that_was_interrupted_is_none(site, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(merging, "_merge_ledger", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pulled(root)
    with pytest.raises(FerError, match="are not pulled"):
        pushed(root)
    pulled(root)
    pushed(root)


@pytest.mark.parametrize("content", [None, b"{", b'{"state": "done", "files": {}}'])
def test_kernel_that_ended_without_a_record_is_said(content, site, root):
    site.outputs, site.status, site.log = {}, "ERROR", "no memory"
    if content:
        site.outputs["kaggle_run.json"] = content
    why = "its kaggle_run.json is damaged" if content else "it made nothing: no memory"
    says = f"ended .error. without a record: {why}.*begin anew.*older versions.*push --unpulled"
    with pytest.raises(FerError, match=says):
        pushed(root)
    assert site.kernels == [{}]
    pushed(root, unpulled=True)
    assert len(site.kernels) == 2


def test_one_push_at_a_time(site, root):
    pulled(root)
    with (
        lock.held(root / "runs" / "kaggle" / "push"),
        pytest.raises(FerError, match="push is in use by process .*: wait until it ends$"),
    ):
        pushed(root)
    assert site.kernels == [{}]


# Pull


@pytest.fixture
def local_run(root):
    """Hold the run folder as a local run does, in a process of its own."""
    command = [sys.executable, "-c", HOLD, str(root / RUN)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_local_run_at_work_is_not_disturbed(site, root, local_run):
    says = f"{RUN} is in use by process {local_run.pid}: wait until it ends, then pull again"
    with pytest.raises(FerError, match=says):
        pulled(root)
    assert not contents(root)


def test_no_local_run_begins_meanwhile(site, root, monkeypatch):
    refused, place_run, merge = [], merging._place_run, merging._merge_ledger

    def attempt():
        with pytest.raises(FerError, match="in use by process"), lock.held(root / RUN):
            pass
        refused.append(True)

    monkeypatch.setattr(merging, "_place_run", lambda *a: (attempt(), place_run(*a), attempt()))
    monkeypatch.setattr(merging, "_merge_ledger", lambda *a: (attempt(), merge(*a)))
    pulled(root)
    pulled(root)
    assert len(refused) == 6
    with lock.held(root / RUN):
        pass


def test_one_pull_at_a_time(site, root):
    with lock.held(root / "runs" / "kaggle"), pytest.raises(FerError, match="kaggle is in use by"):
        pulled(root)


@pytest.mark.parametrize("name", [V8, "submissions/fer2013-v8.csv", f"{RUN}/mine/new.txt"])
def test_a_change_made_while_fetching_is_not_lost(name, site, root, tmp_path, monkeypatch):
    pulled(root)
    worked(tmp_path / "kernel", site, files=FILES | {V8: b"newer"})
    fetch = pull._fetch_all

    def fetch_while_someone_writes(*arguments):
        fetch(*arguments)
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"mine")

    with monkeypatch.context() as patch:
        patch.setattr(pull, "_fetch_all", fetch_while_someone_writes)
        with pytest.raises(FerError, match="changed here, or never pulled: add --replace"):
            pulled(root)
    assert contents(root)[name] == b"mine"
    pulled(root, replace=True)
    assert contents(root)[V8] == b"newer"
    assert b"mine" in replaced(root)


def test_what_is_here_already_is_not_fetched_again(site, root, tmp_path):
    pulled(root)
    worked(tmp_path / "kernel", site, files=FILES | {V8: b"newer"})
    site.calls.clear()
    pulled(root)
    assert site.count("output") == 2  # the record and what is new
    assert contents(root)[V8] == b"newer"


def test_what_a_kernel_does_not_bring_again_is_kept(site, root, tmp_path):
    pulled(root)
    few = {name: content for name, content in FILES.items() if name != f"{RUN}/v8/model.keras"}
    worked(tmp_path / "kernel", site, files=few)
    assert (
        "fer2013-gpu lacks 1 files, such as v8/model.keras: the one before is kept in"
        in pulled(root)
    )
    assert FILES[f"{RUN}/v8/model.keras"] in replaced(root)


def test_a_fit_that_went_on_is_not_missed(site, root, tmp_path):
    passing = {f"{RUN}/v8/checkpoint/1.h5": b"1", f"{RUN}/notebooks/12_x.failed.ipynb": b"{}"}
    worked(tmp_path / "kernel", site, files=FILES | passing)
    pulled(root)
    worked(tmp_path / "kernel", site)
    assert "kept" not in pulled(root)
    assert not replaced(root)


def test_new_submissions_of_a_suite_that_began_anew(site, root, tmp_path):
    pulled(root)
    new = {"submissions/fer2013-v1.csv": b"1\n"}
    worked(tmp_path / "kernel", site, files=FILES | new, began="2026-11-30")
    pulled(root)
    assert (FILES | new).items() <= contents(root).items()


def test_results_of_a_suite_that_began_anew_do_not_bury_those_before(site, root, tmp_path):
    pulled(root)
    files = FILES | {V8: b"worse", "submissions/fer2013-v8.csv": b"4\n"}
    worked(tmp_path / "kernel", site, files=files, began="2026-11-30")
    assert "what this kernel made of fer2013-gpu began anew: the one before is kept" in pulled(
        root
    )
    assert {FILES[V8], FILES["submissions/fer2013-v8.csv"]} <= set(replaced(root))
    assert contents(root)[V8] == b"worse"
    before = replaced(root)
    worked(tmp_path / "kernel", site, files=files | {V8: b"later"}, began="2026-11-30")
    pulled(root)
    assert replaced(root) == before
