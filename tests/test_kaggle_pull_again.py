"""Pull again: after one that was stopped, and where Kaggle has less than the record lists."""

import json

import pytest
from kaggle_output import FILES, RUN, contents, pulled, worked

from fer_utils import submission
from fer_utils.errors import FerError
from fer_utils.kaggle import client, merging, push


@pytest.fixture
def site(kaggle_site, tmp_path):
    worked(tmp_path / "kernel", kaggle_site)
    return kaggle_site


@pytest.fixture
def root(tmp_path):
    return tmp_path / "project"


def test_stopped_while_placing_the_same_call_finishes(site, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(
            merging, "_merge_ledger", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            pulled(root)
    pulled(root)
    assert set(contents(root)) == {*FILES, merging.LEDGER}


def test_stopped_before_the_note_of_a_newer_run(site, root, tmp_path, monkeypatch):
    pulled(root)
    files = FILES | {f"{RUN}/v8/metrics.json": b'{"accuracy": 0.8}', f"{RUN}/v1/x.json": b"1"}
    worked(tmp_path / "kernel", site, files=files)
    with monkeypatch.context() as patch:
        place = merging._place_run

        def stopped(*arguments):
            place(*arguments)
            raise KeyboardInterrupt

        patch.setattr(merging, "_place_run", stopped)
        with pytest.raises(KeyboardInterrupt):
            pulled(root)
    pulled(root)
    assert set(contents(root)) == {*files, merging.LEDGER}
    assert not (root / "runs/kaggle/replaced").exists()


def test_what_an_older_kernel_made_does_not_come_along(site, root, tmp_path):
    site.fail = {"output": [None] * 5 + [404]}
    with pytest.raises(FerError):
        pulled(root)
    files = {f"{RUN}/v1/metrics.json": b"1"}
    site.fail = {}
    worked(tmp_path / "kernel", site, files=files)
    pulled(root)
    assert set(contents(root)) == set(files)


def test_what_a_kernel_could_not_take_up_is_here(site, root):
    pulled(root)
    before, model = contents(root), f"{RUN}/v8/model.keras"
    noted = json.loads(site.outputs["kaggle_run.json"])
    site.outputs["kaggle_run.json"] = json.dumps(noted | {"state": "failed"}).encode()
    del site.outputs[model]
    assert "the suite: failed" in pulled(root)
    assert contents(root) == before
    (root / model).unlink()
    with pytest.raises(FerError, match="lacks 1 of 6 files, the first is .*model.keras"):
        pulled(root)


def test_submissions_of_no_run_are_pulled_once(site, root, tmp_path):
    files = {name: content for name, content in FILES.items() if name.startswith("submissions/")}
    worked(tmp_path / "kernel", site, files=files)

    def check():
        push._check_pulled(client.Client(), "someone/x", None, root / "runs" / "kaggle")

    with pytest.raises(FerError, match="2 of 2 files .* are not pulled"):
        check()
    submission.record(root / merging.LEDGER, "mine.csv", {"model": "mine"}, {})
    with pytest.raises(FerError, match="2 of 2 files .* are not pulled"):
        check()
    pulled(root)
    check()
    (root / "submissions" / "fer2013-v8.csv").write_bytes(b"mine")
    with pytest.raises(FerError, match="are not pulled"):
        check()
