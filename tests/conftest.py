"""What all tests share: a cache of their own, quiet backends, small faces, settings."""

import atexit
import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from fer_utils import labels, runs, settings
from fer_utils.datasets import Dataset

# All of this is read when a backend is imported, which none of the above does.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
# A shell that starts pytest in the background has Ctrl-C ignored, here and in all children;
# the tests that press it mean the usual one.
signal.signal(signal.SIGINT, signal.default_int_handler)
if os.environ.get("KERAS_BACKEND") == "jax":
    # Steps of small networks, run a few times: XLA's optimising took a third of three files' time.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    # Each fit compiles the same steps again: jax keeps them from one to the next.
    COMPILED = contextlib.ExitStack()  # what a session that was killed left goes too
    atexit.register(COMPILED.close)
    place = runs.folder_beside(Path(tempfile.gettempdir(), "fer-compiled"))
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(COMPILED.enter_context(place))
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Keep the tests away from the user's cache and data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_UTILS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("FER_UTILS_DATA", raising=False)
        yield


def draw_faces(n=200, side=48, seed=0):
    """Return a Dataset of noisy stripes: brightness and width of the stripes tell the class.

    80% of the rows are train, 10% valid, 10% test; labels of test rows are -1; each group
    has two rows.
    """
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) % 7)
    ramp = np.arange(side)[None, :, None]
    stripes = np.sin(ramp * (0.3 + 0.25 * truth[:, None, None]))
    images = 40 + 25 * truth[:, None, None] + 25 * stripes + rng.normal(0, 8, (n, side, side))
    split = np.repeat(["train", "valid", "test"], [n - 2 * (n // 10), n // 10, n // 10])
    return Dataset(
        images=np.clip(images, 0, 255).astype(np.uint8),
        labels=np.where(split == "test", -1, truth).astype(np.int8),
        classes=labels.FER2013,
        split=split,
        groups=np.arange(n) // 2,
        names=np.arange(n).astype(str),
        name="synthetic",
        source="drawn by the tests",
    )


@pytest.fixture(scope="session")
def faces():
    """Return 200 images of 48x48; not to be changed."""
    return draw_faces()


@pytest.fixture
def small_faces():
    """Return 120 images of 16x16."""
    return draw_faces(120, side=16)


@pytest.fixture
def tmp_settings(tmp_path):
    """Return Settings of two epochs that write under the test's own folder."""
    profile = settings.Profile("test", rows=200, epochs=2, side_epochs=1, side_rows=100)
    return settings.Settings("synthetic", None, profile, tmp_path / "run", seed=0)


@pytest.fixture(scope="session")
def site():
    """Return the built web page's server; ``site.address`` opens it."""
    import webapp_site

    with webapp_site.served() as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    """Return a headless browser whose camera shows drawn faces."""
    import webapp_site

    with webapp_site.browsing() as browser:
        yield browser


@pytest.fixture
def fresh_page(chromium, site):
    """Return the web page in a context of its own, for tests that change what it finds."""
    import webapp_site

    with chromium.new_context(permissions=["camera"]) as context:
        page = webapp_site.opened(context, site.address)
        yield page
        assert page.errors == []


@pytest.fixture(scope="session")
def shared_page(chromium, site):
    """Return the web page that most tests share, as starting its networks takes a second."""
    import webapp_site

    with chromium.new_context(permissions=["camera"]) as context:
        yield webapp_site.opened(context, site.address)


@pytest.fixture
def page(shared_page):
    """Return the shared web page with its options as at first; no error is passed over."""
    import webapp_site

    webapp_site.reset(shared_page)
    yield shared_page
    assert shared_page.errors == []


@pytest.fixture
def kaggle_site(monkeypatch, tmp_path):
    """Return a small Kaggle that the kaggle package speaks to, logged in, without long pauses."""
    import kaggle_server
    from kagglesdk import kaggle_env

    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_KERNEL_RUN_TYPE", "VERBOSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setenv("KAGGLE_API_TOKEN", kaggle_server.TOKEN)
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))
    with kaggle_server.serving() as site:
        places = kaggle_env._env_to_endpoint
        monkeypatch.setitem(places, kaggle_env.KaggleEnv.PROD, site.url)
        yield site
