"""Faults at each change of the disk that ``kaggle pull`` makes, beside a small Kaggle."""

import shutil

import numpy as np
import pytest
from faults import Faults
from test_faults import FAULTS, dead, emptied, outcome  # noqa: F401
from test_kaggle_pull import FILES, RUN, contents, pulled, worked

from fer_utils.errors import FerError

NEW = FILES | {
    f"{RUN}/v8/metrics.json": b'{"accuracy": 0.8}',
    "submissions/fer2013-v8.csv": b"4\n",
}


@pytest.fixture
def pull(kaggle_site, tmp_path):
    """Return the project's folder with an older pull, and a copy of it."""
    root = tmp_path / "project"
    worked(tmp_path / "kernel", kaggle_site)
    pulled(root)
    shutil.copytree(root, tmp_path / "before")
    worked(tmp_path / "kernel", kaggle_site, files=NEW)
    return root


def walked(root, dead, numbers, what, lasting):  # noqa: F811
    def once(folder, new):
        pulled(folder)

    with Faults(root) as faults:
        once(root, 1)
    whole = contents(root)
    for number in numbers(len(faults.seen)):
        emptied(root)
        shutil.copytree(root.parent / "before", root, dirs_exist_ok=True)
        old = contents(root)
        ended = outcome(once, root, Faults(root, number, what, lasting), dead)
        where = faults.seen[number]
        assert not isinstance(ended, FerError) or "\n" not in str(ended), where
        found = {k: v for k, v in contents(root).items() if "/." not in f"/{k}"}
        for name in found:
            assert found[name] in (old.get(name), whole.get(name)), f"{where}: {name}"
        try:
            once(root, 1)
        except FerError as error:
            pytest.fail(f"{what} at {where}: {error}")
        assert contents(root) == whole, where
        assert not (root / "runs" / "kaggle" / "waiting").exists()


@pytest.mark.parametrize(("what", "lasting"), [FAULTS[1], FAULTS[4]])
def test_some_changes(pull, dead, what, lasting):  # noqa: F811
    walked(pull, dead, lambda count: np.linspace(0, count - 1, 6, dtype=int), what, lasting)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "lasting"), FAULTS)
def test_each_change(pull, dead, what, lasting):  # noqa: F811
    walked(pull, dead, range, what, lasting)
