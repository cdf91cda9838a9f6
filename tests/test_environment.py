import re
import subprocess
import tomllib

import pytest
import yaml

from fer_utils import paths

ENVIRONMENT = paths.PROJECT / "environment.yml"
LOCK = paths.PROJECT / "requirements.lock"
# Spelled so that this file does not hold what it looks for.
MACHINE = re.compile(
    "|".join([r"\.\./shar" + "ed", "/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/\w"])
)
ANY_HOME = re.compile("/ho" + r"me/(?:user|you|me|jovyan)\b")


def read(path):
    return path.read_text(encoding="utf-8")


def by_name(requirements):
    """Return ``{"keras": ">=3.12", ...}``."""
    parts = [re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", line.strip()) for line in requirements]
    return {part[1].lower(): part[2].strip() for part in parts}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads(read(paths.PROJECT / "pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def declared(project):
    """Return what pyproject.toml asks for, the extras included."""
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    return by_name([*project["dependencies"], *extras])


@pytest.fixture(scope="module")
def pinned():
    """Return the lines of requirements.lock as (name, the rest)."""
    lines = [line for line in read(LOCK).splitlines() if line and not line.startswith("#")]
    return [re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", line).groups() for line in lines]


def test_conda_and_pip_ask_for_the_same(project, declared):
    environment = yaml.safe_load(read(ENVIRONMENT))
    assert environment["name"] == "fer"
    assert environment["channels"] == ["conda-forge"]
    *conda, by_pip = environment["dependencies"]
    found = by_name([*conda, *by_pip["pip"]])
    assert found.pop("pip") == ""
    assert sorted(found.pop("python").split(",")) == sorted(project["requires-python"].split(","))
    assert found == declared


def test_every_dependency_has_a_reason():
    lines = [line for line in read(ENVIRONMENT).splitlines() if re.match(" +- ", line)]
    lines = lines[lines.index("  - conda-forge") + 1 :]
    *conda, by_pip = yaml.safe_load(read(ENVIRONMENT))["dependencies"]
    assert len(lines) == len(conda) + 1 + len(by_pip["pip"])
    for line in lines:
        assert re.fullmatch(r" +- \S+  # \S.{3,}", line), line


def test_lock_pins_every_direct_dependency(declared, pinned):
    assert declared.keys() <= {name.lower() for name, _ in pinned}
    for name, rest in pinned:
        assert re.fullmatch(r"==[\w.!+]+( ; .+)?", rest), name + rest


def test_lock_tells_no_address():
    assert not re.search(r"://| @ |--|file:", read(LOCK))


def test_lock_fits_what_is_declared(declared, pinned):
    for name, rest in pinned:
        least = re.search(r">=([\d.]+)", declared.get(name.lower(), ""))
        if least:
            version = re.match(r"==([\d.]+)", rest)[1]
            numbers = [[int(n) for n in v.strip(".").split(".")] for v in (version, least[1])]
            assert numbers[0] >= numbers[1], name


def test_readme_names_the_two_commands():
    text = read(paths.PROJECT / "README.md")
    assert "make run" in text
    assert "make test" in text


def test_no_file_names_a_machine():
    listed = subprocess.run(
        ["git", "-C", str(paths.PROJECT), "ls-files", "-z"], capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = paths.PROJECT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" in content:
            continue  # a picture
        lines = content.decode("utf-8", "replace").splitlines()
        found += [
            f"{name}: {line[:99]}" for line in lines if MACHINE.search(ANY_HOME.sub("", line))
        ]
    assert found == []
