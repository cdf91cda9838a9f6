"""Every command of the pages runs, or at least its own parser takes it; options there are."""

import re
import shutil

import command_ways as by
import documents
import fer2013_layouts
import photographs
import pytest
import typer

import fer_utils.compete.__main__ as compete
import fer_utils.weights.__main__ as weights
from fer_utils import cli, paths
from fer_utils.kaggle import bundle

FACES = r"^fer2013: 112 images of 48x48 pixels"
HAPPY = ("^1.jpg: looks happy", "^me.jpg: looks happy", "^party.mp4 at 1.0 s: looks happy")
# How each command of the pages is checked: the first pattern that fits all of it. One that none
# fits is new and fails, until it is said here how it is checked.
WAYS = (
    (r"make .*", by.made),
    (r"pip install \S+", by.installs),
    (r"ray .*", by.rays),
    (r"jupyter lab .*", by.opens),
    (r"python -m papermill .*", by.papermills),
    (r"python benchmarks/.*", by.measures),
    (r"python docs/images/data_flow\.py", by.elsewhere("test_architecture.py", "drawing.draw()")),
    (r"python -m pytest tests/.*", by.are_there),
    (r"python -m fer_utils\.compete .*", by.taken_by(compete)),
    (r"python -m fer_utils\.weights .* --unpack", by.unpacks),
    (
        r"python -m fer_utils (run|outputs) --only 20\b.*",
        by.elsewhere("test_contributing.py", "ran"),
    ),
    (r"python -m fer_utils run( .*)?", by.plans),
    (r"python -m fer_utils data --download", by.wants_token),
    (r"python -m fer_utils data /path/to/the/folder", by.runs(FACES)),
    (r"python -m fer_utils kaggle push --budget 8h", by.runs("^kernel version 1 started: https")),
    (r"python -m fer_utils kaggle status", by.runs("^it made nothing")),
    (r"python -m fer_utils kaggle pull", by.runs("made nothing", code=2)),
    (r"python -m fer_utils kaggle submit submissions/.*", by.runs("0.69")),
    (r"python -m fer_utils predict holiday/ .*", by.runs(*HAPPY, "^4 pictures, 4 faces")),
    (r"python -m fer_utils predict FOLDER --out OUT", by.runs(HAPPY[0], "^results in .*/out$")),
    (
        r"python -m fer_utils export small .*",
        by.runs("^out/small: small in int8, .* on 512 faces$"),
    ),
    (r"python -m fer_utils report", by.runs("runs/report.html$")),
)
FOUND = sorted({command for page in documents.PAGES for command in documents.commands(page)})


def ways(command):
    """Return the patterns that a command fits."""
    plain = command.removeprefix(".venv/bin/")
    return [pattern for pattern, _ in WAYS if re.fullmatch(pattern, plain)]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return a copy of the project's root that commands may write in, as working directory."""
    for name in ("notebooks", "benchmarks", "kaggle", "pyproject.toml"):
        (tmp_path / name).symlink_to(paths.PROJECT / name)
    shutil.copy(paths.PROJECT / "README.md", tmp_path)
    shutil.copytree(paths.PROJECT / "submissions", tmp_path / "submissions")
    data = fer2013_layouts.faces()
    fer2013_layouts.write_usage(tmp_path / "fer2013.csv", data)
    (tmp_path / "holiday").mkdir()
    for name in ("me.jpg", "holiday/1.jpg"):
        photographs.jpeg(tmp_path / name)
    photographs.video(tmp_path / "party.mp4", [photographs.astronaut()] * 2, rate=1)
    monkeypatch.setattr(bundle, "FILES", tmp_path / "kaggle")
    monkeypatch.setattr(bundle, "_wheel", lambda folder: None)  # takes seconds to build
    monkeypatch.setattr(bundle, "_library", lambda *library: False)
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", FOUND)
def test_command(command, clone, request):
    assert ways(command), "new in the pages: say in WAYS how it is checked"
    if re.search(r" kaggle | --download", command):
        site = request.getfixturevalue("kaggle_site")
        if " push " not in command:  # else one has run there, and left nothing
            site.kernels, site.status = [{}], "ERROR"
    dict(WAYS)[ways(command)[0]](command, clone)


def test_no_way_is_left_over():
    used = {ways(command)[0] for command in FOUND if ways(command)}
    assert used == set(dict(WAYS))


def options(command):
    """Return all options of a click command and of the commands below it."""
    below = getattr(command, "commands", {}).values()
    own = [option for parameter in command.params for option in parameter.opts]
    return own + [option for one in below for option in options(one)]


def test_options_in_the_text_are_some_command_has(capsys):
    """Also those that no command of the pages shows."""
    group = typer.main.get_command(cli.app)
    known = set(options(group))
    for module in (compete, weights):
        with pytest.raises(SystemExit):
            module.main(["--help"])
        known |= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    for script in (documents.ROOT / "benchmarks").glob("*.py"):
        known |= set(re.findall(r"--[a-z]+", script.read_text(encoding="utf-8")))
    for page in documents.PAGES:
        said = [word.split()[0] for word in documents.spans(page) if word.startswith("--")]
        assert [option for option in said if option not in known] == [], page
