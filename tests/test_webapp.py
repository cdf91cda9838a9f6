"""The web page in Chromium: the same answers as Python, live, and on the device alone."""

import json
import re
import subprocess

import numpy as np
import pytest
import webapp_site
from PIL import Image
from webapp_site import choose, faces_of, live, png, settled, until

from fer_utils import evaluation, faces, paths, sentences, weights
from fer_utils.datasets import synthetic

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def in_python():
    """Return a function from crops to the probabilities of the same network in Keras."""
    network = weights.load_pretrained("small")
    temperature = weights.about("small")["calibration"]["temperature"]

    def answer(crops):
        pixels = np.asarray(crops, "float32").reshape(-1, 48, 48, 1)
        return evaluation.tempered(network.predict(pixels, verbose=0), temperature)

    return answer


def assert_same(found, photo, answer):
    """Crop, probabilities, label and sentence are those of the package for the page's box."""
    box = faces.Face(tuple(found["box"]))
    crop = faces.crop(photo, box, 48)
    assert (np.array(found["crop"]) == crop.ravel()).all()
    (expected,) = answer(crop)
    assert np.abs(np.array(found["probabilities"]) - expected).max() < 0.002
    top = expected.argmax()
    name = weights.about("small")["classes"][top]
    assert found["name"] == name
    said = sentences.of_class(name, found["probabilities"][top])
    assert found["said"].lower() == said.lower()


def test_a_drawn_photo_is_read_as_in_python(page, in_python):
    shots = webapp_site.drawn()
    for i in (0, 1):
        photo = shots.dataset.images[i]
        choose(page, png(photo))
        (found,) = faces_of(page)
        assert_same(found, photo, in_python)
        x, y, width, height = shots.boxes[i]
        left, top, across, down = found["box"]
        assert x < left + across / 2 < x + width
        assert y < top + down / 2 < y + height


def test_a_photograph_is_read_as_in_python(page, in_python):
    from skimage import data

    photo = data.astronaut()
    choose(page, png(photo))
    (found,) = faces_of(page)
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    assert_same(found, grey, in_python)
    assert found["name"] == "happy"
    assert "Looks happy" in page.inner_text("#cards")
    assert re.search(
        r"Network “small”, [\d.]+ ms a face · found in \d+ ms", page.inner_text("#times")
    )


def test_the_whole_picture_is_a_face(page, in_python):
    face = synthetic.generate(1, size=48, seed=1).images[0]
    page.check("[name=whole]")
    choose(page, png(face))
    (found,) = faces_of(page)
    assert found["box"] == [0, 0, 48, 48]
    assert_same(found, face, in_python)


def test_happy_or_sad(page, in_python):
    choose(page, png(webapp_site.drawn().dataset.images[0]))
    (before,) = faces_of(page)
    page.check("[name=question][value=two]", force=True)
    settled(page)
    happy, sad = before["probabilities"][3], before["probabilities"][4]
    assert page.inner_text(".card h3").lower() == sentences.of_two(happy / (happy + sad))
    assert page.locator(".bars li").count() == 2


def test_twenty_faces(page):
    from skimage import data

    photo = np.full((1000, 1250, 3), 120, np.uint8)
    for row in range(4):
        for column in range(5):
            top, left = row * 250 + 25, column * 250 + 25
            photo[top : top + 200, left : left + 200] = data.astronaut()[20:220, 120:320]
    choose(page, png(photo))
    found = faces_of(page)
    assert len(found) == 20
    assert {face["name"] for face in found} == {"happy"}
    assert "20 faces" in page.inner_text("#times")
    places = [(int(face["box"][1] // 250), int(face["box"][0] // 250)) for face in found]
    assert places == [(row, column) for row in range(4) for column in range(5)]


def frames(page):
    return page.evaluate("Number(document.body.dataset.frames ?? 0)")


def still(page):
    """Return the number of frames once none is on its way any more."""
    before = -1
    for _ in range(20):
        now = frames(page)
        if now == before:
            return now
        before = now
        page.wait_for_timeout(500)
    pytest.fail("frames are read all the time")


def test_live(page):
    live(page, 8)
    # In one call: the next frame may have no face.
    until(page, "document.querySelector('.card')?.face.probabilities.length === 7")
    assert "now " in page.get_attribute("#chart", "aria-label")
    drawn = (
        "Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).some(v => v)"
    )
    assert page.evaluate(f"(c => {drawn})(document.querySelector('#marks'))")
    page.click("#camera")
    assert page.inner_text("#camera") == "Start the camera"
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_asleep_nothing_is_read(page):
    live(page)
    sleep = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});" \
            "document.dispatchEvent(new Event('visibilitychange'))"  # fmt: skip
    page.evaluate(sleep % "true")
    before = still(page)
    page.wait_for_timeout(600)
    assert frames(page) == before
    enabled = "document.querySelector('video').srcObject.getVideoTracks()[0].enabled"
    assert page.evaluate(enabled) is False
    page.evaluate(sleep % "false")
    until(page, f"document.body.dataset.frames > {before}")
    assert page.evaluate(enabled) is True
    page.evaluate("delete document.hidden")


def test_the_camera_is_taken_away(page):
    live(page)
    page.evaluate("""() => {
        const [track] = document.querySelector('video').srcObject.getVideoTracks();
        track.stop(); track.dispatchEvent(new Event('ended'));
    }""")
    assert "The camera was taken away" in page.inner_text("#message")
    assert page.inner_text("#camera") == "Start the camera"
    page.click("#camera")
    page.wait_for_selector(".card")
    assert page.inner_text("#message") == ""


def test_nothing_leaves_the_device_and_it_works_offline(chromium):
    with webapp_site.served() as server, chromium.new_context(permissions=["camera"]) as context:
        asked = []
        context.on("request", lambda request: asked.append((request.method, request.url)))
        workers = []
        context.on("request", lambda one: one.service_worker and workers.append(one.url))
        page = webapp_site.opened(context, server.address)
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        choose(page, png(webapp_site.drawn().dataset.images[0]))
        (online,) = faces_of(page)
        live(page)
        own = {server.address, "blob:" + server.address[: server.address.index("/some")]}
        for method, url in asked:
            assert method == "GET"
            assert url.startswith(tuple(own)), url
        # The page's policy does not reach its service worker, so that is listened to as well.
        assert any(url.endswith("card.html") for url in workers)
        # The networks are sent once, though the service worker keeps them too.
        sent = [path for path in server.asked if path.endswith((".onnx", ".bin"))]
        assert len(sent) == len(set(sent)) == 4
        context.set_offline(True)
        server.shutdown()
        server.server_close()
        again = webapp_site.opened(context, server.address)
        choose(again, png(webapp_site.drawn().dataset.images[0]))
        (offline,) = faces_of(again)
        assert offline["probabilities"] == online["probabilities"]
        again.click("text=What it can and cannot do")
        assert "When not to use it" in again.inner_text("main")
        assert page.errors == again.errors == []


# Neither is ever fetched: a name that XML knows this drawing language by, and a page that
# ONNX Runtime tells of in a message about threads, which are off.
KNOWN = {"http://www.w3.org/2000/svg", "https://web.dev/cross-origin-isolation-guide/"}


def test_the_build_holds_no_foreign_address():
    webapp_site.chromium_path()
    kinds = (".js", ".html", ".css", ".svg", ".json", ".webmanifest")
    files = [path for path in webapp_site.DIST.rglob("*") if path.suffix in kinds]
    assert len(files) > 6
    found = set()
    for path in files:
        text = path.read_text("utf-8")
        found |= set(re.findall(r"(?:https?|wss?):/*[\w\[][^\s\"'`<>)\\]*", text))
        assert not re.search(r"""(?:src=|href=|url\(|import\(|fetch\()["'`]?//""", text), path
    assert found <= KNOWN


def test_a_policy_from_the_server_binds_the_service_worker(chromium, site):
    assert webapp_site.POLICY in (paths.PROJECT / "README.md").read_text("utf-8")
    fetched = "url => fetch(url, {mode: 'no-cors'}).then(() => 'sent', () => 'blocked')"
    with webapp_site.served() as foreign, chromium.new_context() as context:
        page = webapp_site.opened(context, site.address)
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        (worker,) = context.service_workers
        assert worker.evaluate(fetched, site.address) == "sent"
        assert worker.evaluate(fetched, foreign.address) == "blocked"
        assert foreign.asked == []


@pytest.mark.parametrize("name", ["index.html", "card.html"])
def test_a_policy_keeps_the_page_to_itself(name):
    webapp_site.chromium_path()
    text = (webapp_site.DIST / name).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy"\s+content="([^"]+)', text)[1]
    assert policy.startswith("default-src 'none'; ")
    for word in ("http", "*", "data:", "unsafe-inline", "'unsafe-eval'"):
        assert word not in policy


def test_the_policy_works(page):
    blocked = "fetch('https://example.org/').then(() => 'sent', () => 'blocked')"
    assert page.evaluate(blocked) == "blocked"
    assert "Content Security Policy" in page.errors.pop(0)
    page.errors.clear()


def test_the_source_is_formatted():
    webapp_site.chromium_path()
    prettier = webapp_site.WEBAPP / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    subprocess.run(["node", prettier, "--check", "."], cwd=webapp_site.WEBAPP, check=True)


def test_the_pinned_packages_tell_no_registry():
    lock = json.loads((webapp_site.WEBAPP / "package-lock.json").read_text("utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert all("resolved" not in package and package["integrity"] for package in packages)
    asked = {**lock["packages"][""]["dependencies"], **lock["packages"][""]["devDependencies"]}
    assert all(re.fullmatch(r"[\d.]+", version) for version in asked.values())
