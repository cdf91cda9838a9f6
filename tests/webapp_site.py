"""The built web page as the browser tests open it: served below a path, in Debian's Chromium."""

import contextlib
import functools
import http.server
import io
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright import sync_api

from fer_utils import paths
from fer_utils.datasets import synthetic

WEBAPP = paths.PROJECT / "webapp"
DIST = WEBAPP / "dist"
# Without it Playwright tells nothing of what service workers ask for.
os.environ.setdefault("PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS", "1")
BELOW = "/some/where/"  # the page must not need the root of its server
# What the README tells servers to send with the service worker.
POLICY = "default-src 'none'; connect-src 'self'"
SIDE = (240, 320)


def chromium_path():
    """Return the path of Chromium; fail with the command to call where something lacks."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None or shutil.which("node") is None:
        pytest.fail("the web page's tests need node and Chromium: make browser")
    built = DIST / "main.js"
    if not built.exists():
        pytest.fail("the web page is not built: make browser")
    sources = [*(WEBAPP / "src").iterdir(), WEBAPP / "build.mjs", WEBAPP / "package-lock.json",
               paths.PROJECT / "fer_utils" / "weights" / "small.npz"]  # fmt: skip
    changed = [path.name for path in sources if path.stat().st_mtime > built.stat().st_mtime]
    if changed:
        pytest.fail(f"{changed[0]} is newer than the built web page: make browser")
    return chromium


class _Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        if not path.startswith(BELOW):
            return str(DIST / "nothing")
        self.directory = str(self.server.folder)
        return super().translate_path(path[len(BELOW) - 1 :])

    def log_message(self, *args):
        pass

    def end_headers(self):
        self.server.asked.append(self.path)
        if self.path.endswith("/sw.js"):
            self.send_header("Content-Security-Policy", POLICY)
        if self.server.age:
            self.send_header("Cache-Control", f"max-age={self.server.age}")
        super().end_headers()


@contextlib.contextmanager
def served(age=None):
    """Give the address of the page; what is asked for is in ``server.asked``.

    The files come from ``server.folder``, which may be changed; for ``age`` seconds a browser may
    take them from its own cache.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked, server.folder, server.age = [], DIST, age
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.address = f"http://127.0.0.1:{server.server_port}{BELOW}"
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def browsing(frames=None):
    """Give a headless Chromium; its camera shows drawn faces, or given grey frames."""
    chromium = chromium_path()
    # Containers run tests as root, where Chromium's sandbox refuses to start.
    arguments = ["--no-sandbox"]
    with tempfile.TemporaryDirectory() as folder, sync_api.sync_playwright() as playwright:
        video = Path(folder) / "camera.y4m"
        write_video(video, drawn().dataset.images.repeat(5, axis=0) if frames is None else frames)
        arguments += ["--use-fake-device-for-media-stream",
                      f"--use-file-for-fake-video-capture={video}"]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


def write_video(path, frames):
    """Write grey frames ``(n, height, width)`` as the video that Chromium shows for a camera."""
    _, height, width = frames.shape
    grey = np.full((height // 2, width // 2), 128, np.uint8).tobytes()
    with Path(path).open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n" + frame.tobytes() + grey + grey)


def png(array, name="photo.png"):
    """Return an array as a file to choose."""
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


@functools.cache
def drawn(n=12, seed=3):
    """Return Snapshots of drawn faces that fill half of the picture: what the detector finds."""
    return synthetic.snapshots(n, size=SIDE, seed=seed, faces=(0.5, 0.7))


def opened(context, address):
    """Return a page that has loaded its networks."""
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=30_000)
    return page


def reset(page):
    """Put the options of a used page back."""
    page.errors.clear()
    page.evaluate("""() => {
        const options = document.querySelector('#options').elements;
        for (const name of ['source', 'question']) {
            if (!options[name][0].checked) options[name][0].click();
        }
        if (options.whole.checked) options.whole.click();
        document.querySelector('#discard').click();
        delete document.body.dataset.frames;
    }""")
    settled(page)


def choose(page, file):
    """Give the page a photo and wait until it is read or refused."""
    page.set_input_files("#file", file)
    settled(page)


def settled(page):
    """Wait until the page reads nothing."""
    page.wait_for_selector("#results[aria-busy=false]", state="attached", timeout=30_000)


def until(page, expression, seconds=20):
    """Wait for a JavaScript expression: Playwright's own way needs what the page's policy bans."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not so within {seconds} s: {expression}"
        page.wait_for_timeout(50)


def live(page, frames=3):
    """Start the camera and wait until some frames are read."""
    page.check("[name=source][value=live]", force=True)
    page.click("#camera")
    until(page, f"Number(document.body.dataset.frames) >= {frames}")


def faces_of(page):
    """Return what the page read: a list of dicts with box, crop and probabilities."""
    return page.evaluate(
        """[...document.querySelectorAll('.card')].map(({face}) => ({
            box: face.box, crop: [...face.crop], probabilities: face.probabilities,
            said: face.said.text, name: face.said.name}))"""
    )
