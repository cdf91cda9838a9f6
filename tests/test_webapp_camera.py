"""The live camera of the web page: starts that overlap or come early, frames that come late."""

import pytest
import webapp_site
from webapp_site import until

pytestmark = pytest.mark.browser
# The first camera takes its time, at one of the two points where one waits for it.
SLOW = """([where]) => {
    const wait = () => new Promise(done => setTimeout(done, 800));
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const play = HTMLMediaElement.prototype.play;
    globalThis.streams = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        if (streams.push(stream) === 1 && where === 'asked') await wait();
        return stream;
    };
    HTMLMediaElement.prototype.play = async function () {
        const first = streams.length === 1;
        await play.call(this);
        if (first && where === 'played') await wait();
    };
}"""
TRACKS = "streams.map(stream => stream.getVideoTracks()[0].readyState)"
MAIN = """
import { makeLive } from "./live.js";
const about = { name: "none", classes: ["happy"], sentences: { classes: {}, no_face: "no face" } };
document.body.dataset.source = "live";
globalThis.reads = [];
makeLive(() => ({ reading: {}, showing: { about, question: "all" } }), Promise.resolve(true));
document.body.dataset.ready = "yes";
"""
READING = """
export const read = (canvas) =>
  new Promise((resolve, reject) => globalThis.reads.push({ canvas, resolve, reject }));
"""


def choose_source(page, name):
    page.check(f"[name=source][value={name}]", force=True)


@pytest.mark.parametrize("where", ["asked", "played"])
def test_of_two_starts_one_camera_stays_on(fresh_page, where):
    page = fresh_page
    page.evaluate(SLOW, [where])
    choose_source(page, "live")
    page.click("#camera")
    until(page, "streams.length === 1")
    assert page.is_disabled("#turn")
    assert page.is_disabled("#camera")
    choose_source(page, "photo")
    choose_source(page, "live")
    page.click("#camera")
    until(page, "Number(document.body.dataset.frames) >= 2")
    page.wait_for_timeout(1000)  # the first start comes to its end
    assert page.evaluate(TRACKS) == ["ended", "live"]
    assert page.inner_text("#message") == ""
    assert page.inner_text("#camera") == "Stop the camera"
    page.click("#camera")
    assert page.evaluate(TRACKS) == ["ended", "ended"]


def test_other_camera_twice(fresh_page):
    page = fresh_page
    page.evaluate(SLOW, ["played"])
    choose_source(page, "live")
    page.dblclick("#turn")
    until(page, "Number(document.body.dataset.frames) >= 1")
    page.click("#turn")
    until(page, "streams.length === 2 && !document.querySelector('#turn').disabled")
    assert page.evaluate(TRACKS) == ["ended", "live"]


def test_the_camera_before_the_networks(chromium, site):
    with chromium.new_context(permissions=["camera"]) as context:
        page = context.new_page()
        held = []
        page.route("**/model.onnx", lambda route: held.append(route))
        page.goto(site.address)
        choose_source(page, "live")
        page.click("#camera")
        page.wait_for_timeout(300)
        assert page.inner_text("#message") == ""
        assert page.is_disabled("#camera")
        held.pop().continue_()
        until(page, "Number(document.body.dataset.frames) >= 2")
        assert page.inner_text("#message") == ""


@pytest.fixture
def slow_reader(chromium, site):
    """Return a page of which only the live half is there; the test answers for the networks."""

    def source(route):
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        other = {"main.js": MAIN, "reading.js": READING}.get(name)
        text = other or (webapp_site.WEBAPP / "src" / name).read_text("utf-8")
        route.fulfill(body=text, content_type="text/javascript")

    with chromium.new_context(permissions=["camera"]) as context:
        context.route("**/*.js*", source)
        yield webapp_site.opened(context, site.address)


@pytest.mark.parametrize("late", [
    "reject(new Error('late'))", "resolve({ faces: [], detectMs: 0, classifyMs: 0 })",
])  # fmt: skip
def test_a_frame_of_the_start_before_is_dropped(slow_reader, late):
    page = slow_reader
    page.click("#camera")
    until(page, "reads.length === 1")
    page.click("#camera")
    page.click("#camera")
    until(page, "reads.length === 2")
    page.evaluate(f"reads[0].{late}")
    page.wait_for_timeout(200)
    assert page.inner_text("#message") == ""
    assert page.inner_text("#camera") == "Stop the camera"
    assert page.evaluate("document.body.dataset.frames") is None
    assert page.evaluate("reads[0].canvas !== reads[1].canvas")
    assert page.errors == []
