"""What the web page keeps in the browser: files of its own build alone, and whole."""

import json
import os
import shutil
import subprocess

import pytest
import webapp_site
from webapp_site import choose, faces_of, opened, png, until

pytestmark = pytest.mark.browser
# The build's name is the end of the cache's.
CACHED = "caches.keys().then(names => names.map(name => name.split(' ').at(-1)))"
# What is kept of it, with the SHA-256 of each file.
SUMS = """(async () => {
    const cache = await caches.open((await caches.keys())[0]);
    const found = {};
    for (const request of await cache.keys()) {
        const bytes = await (await cache.match(request)).arrayBuffer();
        const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        const place = new URL('.', location).pathname.length;
        found[new URL(request.url).pathname.slice(place)] =
            [...sum].map(byte => byte.toString(16).padStart(2, '0')).join('');
    }
    return found;
})()"""


@pytest.fixture(scope="module")
def next_build(tmp_path_factory):
    """Return a build whose network has another name, and other scripts therefore."""
    webapp_site.chromium_path()
    folder = tmp_path_factory.mktemp("next")
    shutil.copytree(webapp_site.WEBAPP / "model", folder / "model")
    about = folder / "model" / "model.json"
    told = json.loads(about.read_text("utf-8"))
    about.write_text(json.dumps({**told, "name": "next"}), "utf-8")
    places = {"MODEL": str(folder / "model"), "OUT": str(folder / "dist")}
    subprocess.run(["node", "build.mjs"], cwd=webapp_site.WEBAPP, env={**os.environ, **places},
                   check=True, capture_output=True)  # fmt: skip
    return folder / "dist"


def name_of(page):
    choose(page, png(webapp_site.drawn().dataset.images[0]))
    return page.inner_text("#times").split("”")[0].removeprefix("Network “")


def sums(folder):
    import hashlib

    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "sw.js"]
    found = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in files}  # fmt: skip
    return {"": found["index.html"], **found}


def build_of(folder):
    text = (folder / "index.html").read_text("utf-8")
    return text.partition("main.js?")[2].partition('"')[0]


def test_a_new_build_is_kept_whole(chromium, next_build):
    with webapp_site.served(age=600) as server, chromium.new_context() as context:
        page = opened(context, server.address)
        assert name_of(page) == "small"
        until(page, f"{CACHED}.then(names => names.join() === '{build_of(webapp_site.DIST)}')")
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        server.folder = next_build
        page = opened(context, server.address)  # still the old one, while the new one is fetched
        until(page, f"{CACHED}.then(names => names.join() === '{build_of(next_build)}')")
        assert page.evaluate(SUMS) == sums(next_build)
        context.set_offline(True)
        page = opened(context, server.address)
        assert name_of(page) == "next"
        assert page.errors == []


def test_a_login_page_is_not_kept_for_a_network(chromium, site):
    with chromium.new_context() as context:
        page = context.new_page()
        login = {"status": 200, "content_type": "text/html", "body": "<h1>Log in</h1>"}
        page.route("**/model.onnx", lambda route: route.fulfill(**login))
        page.goto(site.address)
        page.wait_for_selector("#message:not(:empty)")
        assert "model.onnx is not the file that belongs to this page" in page.inner_text(
            "#message"
        )
        page.unroute("**/model.onnx")
        again = opened(context, site.address)
        choose(again, png(webapp_site.drawn().dataset.images[0]))
        assert len(faces_of(again)) == 1


def test_what_is_kept_damaged_is_fetched_again(chromium, site):
    with chromium.new_context() as context:
        page = opened(context, site.address)
        page.evaluate("""(async () => {
            const cache = await caches.open((await caches.keys())[0]);
            const [model] = (await cache.keys()).filter(({url}) => url.endsWith('model.onnx'));
            await cache.put(model, new Response('damaged'));
        })()""")
        again = opened(context, site.address)
        choose(again, png(webapp_site.drawn().dataset.images[0]))
        assert len(faces_of(again)) == 1
