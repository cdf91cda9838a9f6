"""What a kernel takes up from the one before, and what it hands on, however it ends."""

import errno
import json
import os
import re
import runpy
import shutil
import time

import pytest

from fer_utils import paths
from fer_utils.errors import FerError
from fer_utils.kaggle import push, record, restoring, session, status

KERNEL = "someone/fer-utils-suite"
CHOSEN = {"bundle": "hash", "kernel": KERNEL, "budget": 100.0, "only": [], "seed": 0}
CHOSEN |= {"data": "synthetic", "profile": "smoke"}
MODEL = "runs/x/v8/model.keras"
TIME = 10**18


@pytest.fixture
def working(monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    monkeypatch.setattr(paths, "KAGGLE_INPUT", tmp_path / "input")
    monkeypatch.setattr(paths, "KAGGLE_WORKING", tmp_path / "working")
    (tmp_path / "input").mkdir()
    (tmp_path / "working").mkdir()
    return tmp_path / "working"


def earlier(place, kernel=KERNEL, written="2026-11-29T10:00:00+00:00", content=b"old"):
    """Lay out an earlier kernel's output, with the times that Kaggle's storage gives."""
    (place / MODEL).parent.mkdir(parents=True)
    (place / MODEL).write_bytes(content)
    os.utime(place / MODEL, ns=(TIME, TIME))
    record.write(place, kernel, "hash", "out of time", "runs/x", [])
    change(place, written=written)
    (place / MODEL).touch()
    return place


def change(place, **more):
    noted = json.loads((place / "kaggle_run.json").read_text())
    (place / "kaggle_run.json").write_text(json.dumps(noted | more))


def restored(working, **more):
    return restoring.restore(paths.KAGGLE_INPUT, working, KERNEL, **more)[0]


@pytest.mark.parametrize(
    "mount", ["fer-utils-suite", "notebooks/someone/fer-utils-suite", "a/b/c/d"]
)
def test_continues_from_what_is_attached(mount, working):
    place = earlier(paths.KAGGLE_INPUT / mount)
    assert restored(working) == f"continued from {place}, which was out of time"
    assert (working / MODEL).stat().st_mtime_ns == TIME


def test_latest_output_of_this_kernel_counts(working):
    earlier(paths.KAGGLE_INPUT / "a", written="2026-11-29T10:00:00+00:00")
    earlier(paths.KAGGLE_INPUT / "b", written="2026-11-29T12:00:00+00:00", content=b"new")
    earlier(paths.KAGGLE_INPUT / "c", kernel="other/suite", content=b"another's")
    restored(working)
    assert (working / MODEL).read_bytes() == b"new"


def test_only_what_the_record_lists_is_copied(working):
    place = earlier(paths.KAGGLE_INPUT / "a")
    (place / "runs" / "x" / "unlisted.json").write_text("half of it")
    (paths.KAGGLE_INPUT / "outside").write_text("x")
    files = record.read(place / "kaggle_run.json")["files"]
    evil = {name: [1, TIME, "x"] for name in ("../outside", "runs/kaggle/x.json", "README.md")}
    lost = {"runs/x/lost.json": [1, TIME, "x"]}
    change(place, files=files | evil | lost)
    assert restored(working).endswith("; 1 of its 2 files are not there")
    assert [p for p in working.rglob("*") if p.is_file()] == [working / MODEL]
    assert not (working.parent / "outside").exists()


def test_times_are_those_of_equal_files_only(working):
    place = earlier(paths.KAGGLE_INPUT / "a")
    (place / MODEL).write_bytes(b"new")  # after the record, of equal size
    restored(working)
    assert (working / MODEL).stat().st_mtime_ns != TIME


@pytest.mark.parametrize(
    ("lay_out", "why"),
    [
        (lambda root: None, f"Kaggle has attached no output of {KERNEL}"),
        (lambda root: (root / "notebooks/someone/fer-utils-suite").mkdir(parents=True),
         "fer-utils-suite holds no kaggle_run.json: the last kernel died before it wrote one"),
        (lambda root: (earlier(root / "a") / "kaggle_run.json").write_text("{"),
         "a/kaggle_run.json is damaged"),
        (lambda root: earlier(root / "a", kernel="other/suite"),
         r"what is attached is another kernel's: .*a .other/suite."),
    ],
)  # fmt: skip
def test_begins_anew_and_says_why(lay_out, why, working, monkeypatch, capfd):
    lay_out(paths.KAGGLE_INPUT)
    monkeypatch.setattr(session._Session, "run_all", lambda self: (0, False))
    assert session.run(CHOSEN, paths.PROJECT / "notebooks", time.monotonic()) == 0
    noted = record.read(working / "kaggle_run.json")
    assert status.told(noted)[1] == noted["origin"]
    assert re.fullmatch(f"begins anew: .*{why}", noted["origin"])
    assert noted["origin"] in capfd.readouterr().out


def test_begins_anew_as_it_is_told(working):
    assert restored(working, anew="--fresh was given") == "begins anew: --fresh was given"


@pytest.mark.parametrize("dies", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_kernel_that_dies_at_once_leaves_a_record_of_what_it_took_up(dies, working, monkeypatch):
    earlier(paths.KAGGLE_INPUT / "a")

    def die(chosen):
        raise dies

    monkeypatch.setattr(session, "_settings", die)
    with pytest.raises(dies):
        session.run(CHOSEN, paths.PROJECT / "notebooks", time.monotonic())
    noted = record.read(working / "kaggle_run.json")
    assert (noted["state"], noted["error"]) == ("failed", dies.__name__)
    assert list(noted["files"]) == [MODEL]


# The script, where the package cannot be installed, or the suite not begin


@pytest.fixture
def script(working, monkeypatch):
    monkeypatch.setenv("FER_UTILS_KAGGLE", str(working.parent))
    path = working.parent / "script.py"
    path.write_text(push.script({"bundle": "right", "kernel": KERNEL}))
    return runpy.run_path(str(path))


def test_script_hands_on_what_the_kernel_before_made(script, working, capsys):
    place = earlier(paths.KAGGLE_INPUT / "a")
    earlier(paths.KAGGLE_INPUT / "b", kernel="other/suite")
    before = record.read(place / "kaggle_run.json")
    with pytest.raises(SystemExit, match="no data set of fer_utils"):
        script["main"]()
    noted = record.read(working / "kaggle_run.json")
    assert noted["error"].endswith("not the one sent with this kernel: push again")
    assert (noted["state"], noted["written"]) == ("failed", before["written"])
    shutil.rmtree(paths.KAGGLE_INPUT)
    shutil.copytree(working, paths.KAGGLE_INPUT / "next")
    shutil.rmtree(working)
    assert restored(working).endswith("which was failed")
    assert (working / MODEL).stat().st_mtime_ns == TIME


@pytest.fixture
def installed(script):
    """Return the script beside a data set that it takes for installed."""
    folder = paths.KAGGLE_INPUT / "package"
    folder.mkdir()
    (folder / "fer_utils_setup.py").write_text("")
    (folder / "fer_utils_bundle.json").write_text('{"hash": "right"}')
    script["SETTINGS"].update(CHOSEN | {"bundle": "right"})
    return script


def test_a_part_of_the_output_is_not_taken_for_the_whole(installed, working, monkeypatch):
    place = earlier(paths.KAGGLE_INPUT / "a")
    for name in ("runs/x/v1/model.keras", "runs/x/v9/model.keras"):
        (place / name).parent.mkdir()
        (place / name).write_bytes(b"small")
    change(place, files=record.listing(place), began="2026-11-29T09")
    before, copy = record.read(place / "kaggle_run.json"), shutil.copyfile

    def full(source, target):
        if "v8" in str(source):
            target.write_bytes(b"o")
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(FerError, match="v8/model.keras, of the kernel before, cannot be cop"):
            installed["main"]()
    noted = record.read(working / "kaggle_run.json")
    assert "cannot be copied" in noted["error"]
    assert noted["state"] == "failed"
    assert all(noted[key] == before[key] for key in ("files", "began", "written"))
    assert list(record.listing(working)) == ["runs/x/v1/model.keras", "runs/x/v9/model.keras"]
    assert not list(working.rglob(".*"))


def test_an_error_nobody_thought_of_hands_on(installed, working, monkeypatch):
    earlier(paths.KAGGLE_INPUT / "a")
    monkeypatch.setattr(restoring, "restore", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        installed["main"]()
    assert list(record.read(working / "kaggle_run.json")["files"]) == [MODEL]
    assert (working / MODEL).read_bytes() == b"old"


def test_the_suites_own_record_is_not_replaced(installed, working, monkeypatch):
    earlier(paths.KAGGLE_INPUT / "a")
    monkeypatch.setattr(session._Session, "run_all", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        installed["main"]()
    noted = record.read(working / "kaggle_run.json")
    assert (noted["bundle"], noted["error"]) == ("right", "ZeroDivisionError: division by zero")


def test_odd_files_keep_nothing_from_being_handed_on(script, working):
    odd = ["[]", "7", "{", "[" * 10**5, f'{{"kernel": "{KERNEL}", "written": "9"}}',
           f'{{"kernel": "{KERNEL}", "written": 9, "files": []}}']  # fmt: skip
    for number, text in enumerate(odd):
        folder = paths.KAGGLE_INPUT / f"odd-{number}"
        folder.mkdir()
        (folder / "kaggle_run.json").write_text(text)
        (folder / "fer_utils_bundle.json").write_text(text)
    with pytest.raises(SystemExit, match="not the one sent"):
        script["main"]()
    assert not list(working.iterdir())
    earlier(paths.KAGGLE_INPUT / "whole")
    with pytest.raises(SystemExit, match="not the one sent"):
        script["main"]()
    assert (working / MODEL).read_bytes() == b"old"


def test_names_of_a_run():
    good = ["runs/x/a", "runs/x/v8/a", "submissions/a.csv"]
    bad = [
        "",
        ".",
        "/runs/x/a",
        "runs",
        "runs/x",
        "runs/kaggle/x",
        "runs/x/../a",
        "a",
        "submissions",
    ]
    assert [name for name in good + bad if record.is_kept(name)] == good
