"""The kernel's script, from the data set to a submission, in a small Kaggle on this machine."""

import json
import shutil
import sys

import kaggle_world as world
import nbformat
import pytest

from fer_utils import paths, submission
from fer_utils.kaggle import bundle, push, record

KERNEL = "someone/fer-utils-suite"
SLUG = paths.COMPETITION
WANTED = ["01", "05", "17", "18"]
RAN = ["01", "05", "12", "17", "18"]  # 17 and 18 need 12
PROBE = "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Kaggle runs on Linux")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="module")
def python(place):
    return world.environment(place / "environment")


@pytest.fixture(scope="module")
def package(place):
    """Return the folder of the data set, without libraries: they would have to be fetched."""
    bundle.build(place / "package", libraries=())
    return place / "package"


@pytest.fixture(scope="module")
def data(place):
    return world.write_data(place / "data")


def kernel(folder, package, **settings):
    """Write the script as push would send it; return its path."""
    found = json.loads((package / "fer_utils_bundle.json").read_text())
    chosen = {"bundle": found["hash"], "kernel": KERNEL, "budget": 3600.0, "data": "auto"}
    chosen |= {"only": WANTED, "profile": "smoke", "seed": 0, **settings}
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text(push.script(chosen))
    return folder / "script.py"


def mounted(folder, **sources):
    for name, source in sources.items():
        shutil.copytree(source, folder / "input" / name.replace("__", "/"))
    (folder / "working").mkdir()
    return folder


def stats(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def states(working):
    noted = record.read(working / "kaggle_run.json")
    return noted, {n["name"][:2]: n["state"] for n in noted["notebooks"]}


@pytest.fixture(scope="module")
def ran(place, python, package, data):
    """Return the folder in the place of /kaggle after a run; the new mounts, the package twice."""
    kaggle = mounted(
        place / "new",
        **{
            f"competitions__{SLUG}": data,
            "datasets__someone__fer-utils-package": package,
            "fer-utils-package": package,
        },
    )
    before = stats(kaggle / "input")
    script = kernel(place / "script", package)
    ended, how = world.run([python, script], kaggle, python, place / "home")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert stats(kaggle / "input") == before
    return kaggle, ended.stdout, how


def test_suite_runs_offline_to_a_valid_submission(ran, python, capsys):
    kaggle, printed, how = ran
    noted, found = states(kaggle / "working")
    assert noted["state"] == "done", printed
    assert [name for name, state in found.items() if state == "done"] == RAN
    assert len(submission.check_fer2013(kaggle / "working" / "submission.csv", 112)) == 112
    assert (kaggle / "working" / noted["run"] / "report.html").exists()
    with capsys.disabled():
        sys.stdout.write(f" [{how}]")


def test_the_package_comes_from_the_data_set(ran, place, python):
    ended, how = world.run([python, "-c", PROBE], ran[0], python, place / "home")
    assert "Network is unreachable" in ended.stderr, how
    code = "import fer_utils, sys\nprint(fer_utils.__file__, fer_utils.__path__)"
    ended, _ = world.run([python, "-c", code], ran[0], python, place / "home")
    assert ended.stdout.startswith(str(place / "environment")), ended


def test_next_kernel_continues_at_the_old_mounts(ran, place, python, package, data):
    before = ran[0] / "working"
    kaggle = mounted(
        place / "old",
        **{
            SLUG: data,
            "fer-utils-package": package,
            "notebooks__someone__fer-utils-suite": before,
        },
    )
    for path in (kaggle / "input").rglob("*"):
        path.touch()  # Kaggle's storage has other times
    script = kernel(place / "script", package)
    ended, _ = world.run([python, script], kaggle, python, place / "home")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("up to date") == len(RAN), ended.stdout
    first, second = states(before)[0], states(kaggle / "working")[0]
    assert second["files"] == first["files"]


def test_a_notebook_alone_finds_the_package(package, tmp_path):
    kaggle = mounted(tmp_path / "kaggle", **{"datasets__someone__fer-utils-package": package})
    python = world.environment(tmp_path / "environment")
    notebook = nbformat.read(paths.PROJECT / "notebooks" / "17_ensemble.ipynb", 4)
    parameters, first = [c.source for c in notebook.cells if c.cell_type == "code"][:2]
    code = f"{parameters}\n{first}".replace("/kaggle/input", str(kaggle / "input"))
    code = code.replace('DATA = "auto"', 'DATA = "synthetic"') + "\nprint(runs.__file__)"
    ended, _ = world.run([python, "-c", code], kaggle, python, tmp_path / "home")
    said = ended.stdout.splitlines()
    assert said[0] == "data synthetic, profile smoke, seed 0", ended
    assert said[1].startswith(str(tmp_path / "environment"))
