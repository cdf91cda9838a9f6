"""Two virtual devices train the network that one trains."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_utils import paths
from fer_utils.training import devices

CHILD = Path(__file__).with_name("two_devices.py")


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def cases(request, tmp_path_factory):
    """Return what the child process of a backend found."""
    environment = os.environ | {"PYTHONPATH": str(paths.PROJECT), "KERAS_BACKEND": request.param}
    command = [sys.executable, str(CHILD), str(tmp_path_factory.mktemp(request.param))]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout.splitlines()[-1])


def close(pair, column=slice(None)):
    """Assert that two fits' losses and answers are equal."""
    one, two = pair
    np.testing.assert_allclose(
        np.array(one["losses"])[:, column], np.array(two["losses"])[:, column], atol=1e-4
    )
    np.testing.assert_allclose(one["probabilities"], two["probabilities"], atol=1e-4)


def test_twenty_steps_give_the_same_network(cases):
    assert cases["devices"] == 2
    close(cases["even"])
    assert len(cases["even"][0]["losses"]) == 3, "of seven steps each"


def test_an_uneven_last_batch_gives_the_same_network(cases):
    """Sharpness-aware steps, averaged weights and images on the devices too."""
    close(cases["uneven"], column=1)  # in the mean of an epoch the last batch weighs double


def test_a_finished_fit_is_restored_on_any_number(cases):
    for one, again in zip(cases["even"], reversed(cases["restored"]), strict=True):
        assert again["said"] == "small: restored, 3 epochs\n"
        close([one, again])


def test_an_interrupted_fit_continues_on_another_number(cases):
    assert "continues after epoch 2" in cases["parts"]["said"]
    close([cases["even"][0], cases["parts"]])  # on one device, then on two, then on one


def test_an_overflow_on_one_replica_leaves_the_step_out_on_all(cases):
    """In float16: the scale is halved once, and both replicas go on with the same network."""
    if "overflow" not in cases:
        pytest.skip("jax computes one gradient for all devices")
    one, two = cases["overflow"]
    np.testing.assert_allclose(one["losses"], two["losses"], atol=2e-3)
    np.testing.assert_allclose(one["probabilities"], two["probabilities"], atol=2e-3)
    assert one["ended"]["scales"] == [2.0**14]
    assert two["ended"]["scales"] == [2.0**14] * 2
    assert one["ended"]["steps"] == two["ended"]["steps"] == 20, "of 21"
    first, second = two["ended"]["weights"]
    assert first == second
    assert np.isfinite(first).all()


def test_rows_are_repeated_until_they_deal_out():
    shared = devices.Devices(count=4)
    assert shared.even(np.arange(8)).tolist() == list(range(8))
    assert shared.even(np.array([3, 5])).tolist() == [3, 5, 3, 5]
    assert shared.even(np.array([3, 5, 9])).tolist() == [3, 5, 9] * 4
    assert devices.ONE.even(np.array([3, 5, 9])).tolist() == [3, 5, 9]


@pytest.mark.parametrize(("batch", "names"), [(16, 1), (5, 2), (7, 4), (1, 8)])
def test_one_device_is_left_to_keras(batch, names, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0"] * names)
    assert devices.all_devices(batch) is devices.ONE
