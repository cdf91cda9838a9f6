"""A suite inside a kernel that is stopped, and a disk that is full meanwhile."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from fer_utils.kaggle import processes, push, record, session

# Starts a kernel as papermill does, in a session of its own, and a helper in its own group.
SUITE = r"""
import pathlib, signal, subprocess, sys, time
loud = "import signal, time\nsignal.signal(2, lambda *_: 0)\nprint(flush=True)\ntime.sleep(60)"
options = {"stdout": subprocess.PIPE}
kernel = subprocess.Popen([sys.executable, "-c", loud], start_new_session=True, **options)
helper = subprocess.Popen([sys.executable, "-c", loud], **options)
kernel.stdout.readline(), helper.stdout.readline()
pathlib.Path("pids").write_text(f"{kernel.pid} {helper.pid}")
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path("stopped").write_text("as with Ctrl-C")
    STUBBORN
"""


def start(folder, stubborn):
    code = SUITE.replace("STUBBORN", "time.sleep(60)" if stubborn else "raise SystemExit(130)")
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, start_new_session=True)
    until(lambda: (folder / "pids").exists() and (folder / "pids").read_text().count(" "))
    return process


def until(true):
    end = time.monotonic() + 20
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    assert true()


def ended(pid):
    """Return whether a process is gone, or only waits for its parent to notice."""
    try:
        return processes.psutil.Process(pid).status() == "zombie"
    except processes.psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize(("stubborn", "code"), [(False, 130), (True, -signal.SIGKILL)])
def test_all_that_a_run_started_ends_with_it(stubborn, code, tmp_path):
    process = start(tmp_path, stubborn)
    processes.stop(process, 0.5 if stubborn else 20)
    assert process.returncode == code
    assert (tmp_path / "stopped").exists()
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        until(lambda pid=pid: ended(pid))


def test_what_has_ended_is_left_alone(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    processes.stop(process, 1)
    assert process.returncode == 0


class Chosen:
    """A session whose suite is a stand-in."""

    def __init__(self, folder, code):
        self.folder, self.code = folder, code

    def run(self):
        from fer_utils import settings

        chosen = {"kernel": "a/b", "bundle": "x", "budget": 60, "only": []}
        made = session._Session(chosen, self.folder, self.folder, time.monotonic())
        made.settings = settings.resolve("synthetic", "smoke", self.folder / "runs" / "x")
        begin = subprocess.Popen

        def popen(command, **options):
            self.process = begin([sys.executable, "-c", self.code], **options)
            return self.process

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session.subprocess, "Popen", popen)
            patch.setattr(session, "_LOOK", 0.1)
            return made._run((), time.monotonic() + 40)


def test_a_full_disk_does_not_stop_the_suite(tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(record, "write", full)
    assert Chosen(tmp_path, "import time; time.sleep(1); raise SystemExit(7)").run() == (7, False)
    said = capfd.readouterr().out
    assert "note: kaggle_run.json is not up to date (OSError: [Errno 28] No space left" in said


def test_results_that_cannot_be_told_are_listed_all_the_same(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(record, "notebook_states", lambda run_dir: 1 / 0)
    (tmp_path / "runs" / "x" / "v8").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "v8" / "metrics.json").write_text("{}")
    assert Chosen(tmp_path, "import time; time.sleep(1)").run() == (0, False)
    assert "runs/x/v8/metrics.json" in record.read(tmp_path / "kaggle_run.json")["files"]
    assert "is not up to date (ZeroDivisionError" in capfd.readouterr().out


def test_what_a_long_training_left_is_listed(tmp_path, monkeypatch):
    code = "import time; time.sleep(1); open('runs/x/v8/1.h5', 'w').close(); time.sleep(1)"
    (tmp_path / "runs" / "x" / "v8").mkdir(parents=True)
    monkeypatch.setattr(session, "_RENEW", 0.3)
    assert Chosen(tmp_path, code).run() == (0, False)
    assert "runs/x/v8/1.h5" in record.read(tmp_path / "kaggle_run.json")["files"]


def test_the_suite_ends_with_the_session(tmp_path, monkeypatch):
    def stop(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(session._Session, "_note", stop)
    chosen = Chosen(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        chosen.run()
    assert chosen.process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(chosen.process.pid, 0)


# A suite that, stopped, keeps what the record said by then, and leaves a checkpoint.
TRAINING = r"""
import pathlib, time
made = pathlib.Path("runs/x/v8")
made.mkdir(parents=True)
try:
    (made / "model.keras").write_text("network")
    time.sleep(60)
except KeyboardInterrupt:
    (made / "seen.json").write_bytes(pathlib.Path("kaggle_run.json").read_bytes())
"""
KERNEL = """
import runpy, subprocess, sys
start = subprocess.Popen
def popen(command, **options):
    return start([sys.executable, "-c", sys.argv[2]] if "-m" in command else command, **options)
subprocess.Popen = popen
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_what_is_there_is_noted_where_kaggle_stops_the_kernel(tmp_path):
    working, package = tmp_path / "working", tmp_path / "input" / "package"
    working.mkdir()
    package.mkdir(parents=True)
    (package / "fer_utils_setup.py").write_text("")
    (package / "fer_utils_bundle.json").write_text('{"hash": "x"}')
    chosen = {"kernel": "a/b", "bundle": "x", "budget": 60.0, "only": [], "seed": 0}
    chosen |= {"data": "synthetic", "profile": "smoke"}
    (tmp_path / "script.py").write_text(push.script(chosen))
    command = [sys.executable, "-c", KERNEL, tmp_path / "script.py", TRAINING]
    kaggle = {"FER_UTILS_KAGGLE": str(tmp_path), "KAGGLE_KERNEL_RUN_TYPE": "Batch"}
    with subprocess.Popen(command, cwd=working, env=os.environ | kaggle) as process:
        until((working / "runs" / "x" / "v8" / "model.keras").exists)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 1
    seen = json.loads((working / "runs" / "x" / "v8" / "seen.json").read_text())
    assert (seen["state"], list(seen["files"])) == ("running", ["runs/x/v8/model.keras"])
    noted = record.read(working / "kaggle_run.json")
    assert noted["error"] == "SystemExit: Kaggle stops the kernel"
    assert noted["state"] == "failed"
    assert set(noted["files"]) == {"runs/x/v8/model.keras", "runs/x/v8/seen.json"}
