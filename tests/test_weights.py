"""Networks that come with the package: small files, and what they answer."""

import numpy as np
import pytest

import fer_utils
from fer_utils import labels, models, weights
from fer_utils.errors import FerError
from fer_utils.weights.card import card

TOLD = {"network": "tiny", "classes": labels.FER2013, "input": (48, 48), "size": 24}


@pytest.fixture
def saved(tmp_path):
    network = models.build("tiny", labels.FER2013, (48, 48), 24)
    weights.save_pretrained("probe", network, {**TOLD, "scores": {"accuracy": 0.5}}, tmp_path)
    return network, tmp_path


@pytest.mark.backend
def test_a_saved_network_answers_as_before(saved, faces):
    network, folder = saved
    loaded = weights.load_pretrained("probe", folder)
    images = faces.images[:8, ..., None]
    old, new = (np.asarray(m.predict(images, verbose=0)) for m in (network, loaded))
    assert np.abs(old - new).max() < 5e-3
    assert np.allclose(new.sum(axis=1), 1, atol=1e-5)
    assert weights.about("probe", folder)["scores"] == {"accuracy": 0.5}
    assert weights.list_pretrained(folder) == ["probe"]


def test_faults_are_named(saved, tmp_path):
    with pytest.raises(FerError, match="no pretrained network 'big': there are probe"):
        weights.load_pretrained("big", tmp_path)
    network, _ = saved
    weights.save_pretrained("other", network, {**TOLD, "network": "vgg_gap"}, tmp_path)
    with pytest.raises(FerError, match="another 'vgg_gap'"):
        weights.load_pretrained("other", tmp_path)
    path = tmp_path / "probe.npz"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FerError, match="is not a network's file"):
        weights.load_pretrained("probe", tmp_path)
    network.set_weights([np.full(w.shape, 1e6, "float32") for w in network.get_weights()])
    with pytest.raises(FerError, match="float16"):
        weights.save_pretrained("probe", network, TOLD, tmp_path)


def test_the_shipped_ones():
    for name in fer_utils.list_pretrained():
        network, told = fer_utils.load_pretrained(name), weights.about(name)
        path = weights._HERE / f"{name}.npz"
        assert path.stat().st_size <= (3e6 if name == "small" else 20e6)
        assert path.with_suffix(".md").is_file()
        assert network.count_params() == told["parameters"]
        text = card(name, told, path.stat().st_size)
        assert path.with_suffix(".md").read_text(encoding="utf-8") == text
