"""The data set at a small Kaggle: sent once, waited for, sent again where Kaggle lost it."""

import json

import pytest
from test_kaggle_push import pushed, wheel  # noqa: F401

from fer_utils.errors import FerError
from fer_utils.kaggle import bundle, dataset


def versions(site):
    return len(site.datasets["fer-utils-package"])


@pytest.fixture
def unready(kaggle_site, tmp_path, monkeypatch):
    """Return a site that has a data set of which it has not said yet that it is ready."""
    kaggle_site.pending = 1000
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "_PATIENCE", 0.1)
        with pytest.raises(FerError, match="still being prepared .blobs_received.: run the same"):
            pushed(tmp_path)
    assert not kaggle_site.kernels
    kaggle_site.pending = 0
    return kaggle_site


def test_the_kernel_waits_for_the_data_set(kaggle_site, tmp_path):
    kaggle_site.pending = 3
    pushed(tmp_path)
    assert kaggle_site.count("GetDatasetStatus") >= 3


def test_what_takes_longer_than_a_call_is_not_sent_again(unready, tmp_path, monkeypatch):
    unready.pending = 1000
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "_PATIENCE", 0.1)
        with pytest.raises(FerError, match="still being prepared"):
            pushed(tmp_path)
    unready.pending = 0
    assert "there already" in pushed(tmp_path)[1]
    assert (versions(unready), len(unready.kernels)) == (1, 1)


def test_what_changed_meanwhile_is_sent(unready, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_hash", lambda folder: "another")
    assert "sending" in pushed(tmp_path)[1]
    assert versions(unready) == 2


def test_version_that_kaggle_did_not_process_is_sent_again(unready, tmp_path, monkeypatch):
    unready.prepared = "FAILED"
    create = unready.CreateDatasetVersion

    def mended(request):
        unready.prepared = "READY"
        return create(request)

    monkeypatch.setattr(unready, "CreateDatasetVersion", mended)
    assert "sending" in pushed(tmp_path)[1]
    assert versions(unready) == 2


def test_data_set_that_is_gone_is_sent_again(kaggle_site, tmp_path):
    pushed(tmp_path)
    kaggle_site.status, kaggle_site.datasets = "COMPLETE", {}
    assert "sending" in pushed(tmp_path)[1]
    assert versions(kaggle_site) == 1


def test_new_data_set_may_be_hidden_for_a_while(unready, tmp_path, monkeypatch):
    sent, unready.datasets = unready.datasets, {}
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "_PATIENCE", 0.1)
        with pytest.raises(FerError, match="still being prepared .hidden."):
            pushed(tmp_path)
    unready.datasets = sent
    assert "there already" in pushed(tmp_path)[1]


def test_version_that_never_shows_is_given_up(unready, tmp_path, monkeypatch):
    unready.datasets["fer-utils-package"].clear()
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "_PATIENCE", 0.1)
        with pytest.raises(FerError, match="still being prepared .ready."):
            pushed(tmp_path)
    assert versions(unready) == 0
    note = tmp_path / "sent.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"until": 0}))
    assert "sending" in pushed(tmp_path)[1]


def test_what_another_clone_sent_since_is_not_taken_for_ours(kaggle_site, tmp_path, monkeypatch):
    pushed(tmp_path / "a")
    kaggle_site.status = "COMPLETE"
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_hash", lambda folder: "another")
        pushed(tmp_path / "b")
    kaggle_site.status = "COMPLETE"
    assert "sending" in pushed(tmp_path / "a")[1]
    assert versions(kaggle_site) == 3
