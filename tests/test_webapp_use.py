"""The web page in everybody's hands: keyboard, screen reader, phone, dark, and saved crops."""

import io
import zipfile

import numpy as np
import pytest
import webapp_site
from PIL import Image
from webapp_site import choose, faces_of, live, until

from fer_utils import datasets

pytestmark = pytest.mark.browser
AXE = webapp_site.WEBAPP / "node_modules" / "axe-core" / "axe.min.js"


def photo(i=0):
    return webapp_site.png(webapp_site.drawn().dataset.images[i])


def violations(page):
    """Return what axe finds wrong, in words."""
    # By the debugging protocol: the page's policy lets no foreign script in.
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run().then(answer => answer.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html']}: {one['help']}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(fresh_page, scheme):
    page = fresh_page
    page.emulate_media(color_scheme=scheme)
    assert violations(page) == []
    choose(page, photo())
    page.select_option("select", "happy")
    page.click("text=Keep crop")
    assert violations(page) == []
    choose(page, {"name": "a.png", "mimeType": "image/png", "buffer": b""})
    assert violations(page) == []
    live(page)
    page.wait_for_selector(".card")
    page.check("[name=question][value=two]", force=True)
    assert violations(page) == []
    page.goto(page.url + "card.html")
    assert violations(page) == []


def test_keyboard_alone(fresh_page):
    page = fresh_page
    # From here on: where choosers are caught no sooner than a key asks for one, the key may win.
    page.on("filechooser", lambda chooser: None)

    def focused():
        return page.evaluate("document.activeElement.name || document.activeElement.id")

    page.keyboard.press("Tab")
    assert focused() == "source"
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#camera")
    page.keyboard.press("ArrowLeft")
    for expected in ("question", "whole", "file"):
        page.keyboard.press("Tab")
        assert focused() == expected
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photo())
    page.wait_for_selector(".card")


def test_focus_is_seen(fresh_page):
    page = fresh_page
    for _ in range(4):
        page.keyboard.press("Tab")
        width = page.evaluate("""() => {
            const at = document.activeElement;
            const seen = [at, at.nextElementSibling, at.parentElement].filter(Boolean);
            return Math.max(...seen.map(one => parseFloat(getComputedStyle(one).outlineWidth) *
                (getComputedStyle(one).outlineStyle !== 'none')));
        }""")
        assert width >= 2


def test_a_screen_reader_is_told(page):
    choose(page, photo())
    assert page.get_attribute("#said", "role") == "status"
    (found,) = faces_of(page)
    assert page.inner_text("#said") == found["said"]
    assert page.get_attribute("#message", "role") == "alert"


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens_need_no_scrolling_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 780})
    for i in range(2):
        choose(page, photo(i))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.locator("#picture").bounding_box()
    marks = page.locator("#marks").bounding_box()
    assert picture["width"] > width / 2
    assert marks["width"] == pytest.approx(picture["width"], abs=4)


def kept(page):
    """Keep one crop as happy and two as sad; return their pixels."""
    crops = []
    for i, label in ((0, "happy"), (1, "sad"), (4, "sad")):
        choose(page, photo(i))
        (found,) = faces_of(page)
        crops.append(np.array(found["crop"], np.uint8).reshape(48, 48))
        page.select_option("select", label)
        page.click("text=Keep crop")
    assert "3 crops kept" in page.inner_text("#kept")
    return crops


def assert_read_by_the_suite(folder, crops):
    dataset = datasets.load("folder", folder)
    assert [dataset.classes[label] for label in dataset.labels] == ["happy", "sad", "sad"]
    assert (dataset.images == np.stack(crops)).all()


def written(page):
    """Return label, name and content of each file in the browser's own folder."""
    return page.evaluate("""async () => {
        const files = [];
        for await (const [label, folder] of await navigator.storage.getDirectory()) {
            for await (const [name, file] of folder) {
                const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
                files.push([label, name, [...bytes]]);
            }
        }
        return files;
    }""")


def test_crops_are_saved_as_the_folder_data_set_reads_them(fresh_page, tmp_path):
    page = fresh_page
    page.evaluate("delete globalThis.showDirectoryPicker")  # as in Firefox and Safari
    crops = kept(page)
    with page.expect_download() as download:
        page.click("#save")
    zipfile.ZipFile(download.value.path()).extractall(tmp_path)
    assert_read_by_the_suite(tmp_path, crops)
    assert page.is_hidden("#training")
    page.wait_for_selector("#saved:text('Saved into faces.zip')")
    assert page.get_attribute("#saved", "role") == "status"
    assert page.evaluate("document.activeElement.id") == "file"


def test_crops_are_saved_into_a_folder(fresh_page, tmp_path):
    page = fresh_page
    # The dialogue is the system's; the folder that it would give is the browser's own one.
    page.evaluate("globalThis.showDirectoryPicker = () => navigator.storage.getDirectory()")
    crops = kept(page)
    page.click("#save")
    page.wait_for_selector("#training", state="hidden")
    files = written(page)
    for label, name, content in files:
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / name).write_bytes(bytes(content))
    assert_read_by_the_suite(tmp_path, crops)


def test_live_the_crop_that_was_labelled_is_kept(fresh_page):
    page = fresh_page
    page.evaluate("globalThis.showDirectoryPicker = () => navigator.storage.getDirectory()")
    live(page)
    page.wait_for_selector(".card")
    labelled = page.evaluate("""() => {
        const select = document.querySelector('.card select');
        select.value = 'sad';
        select.dispatchEvent(new Event('change'));
        return [...select.closest('.card').face.crop];
    }""")
    shown = "document.querySelector('.card')?.face.crop.join()"
    until(page, f"{shown} && {shown} !== '{','.join(map(str, labelled))}'")
    page.click("text=Keep crop")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    assert page.input_value(".card select") == ""
    page.click("#save")
    page.wait_for_selector("#training", state="hidden")
    until(page, "document.querySelector('#saved').textContent.includes('Saved into')")
    assert page.evaluate("document.activeElement.id") == "camera"
    ((label, _, content),) = written(page)
    assert label == "sad"
    assert (np.asarray(Image.open(io.BytesIO(bytes(content)))).ravel() == labelled).all()


def test_nothing_is_saved_unasked(fresh_page):
    page = fresh_page
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    page.evaluate("""() => globalThis.showDirectoryPicker =
        () => Promise.reject(new DOMException('', 'AbortError'))""")
    kept(page)
    page.click("#save")  # and the dialogue is closed
    assert "3 crops kept" in page.inner_text("#kept")
    assert page.inner_text("#message") == ""
    page.click("#discard")
    assert page.is_hidden("#training")
    assert page.evaluate("document.activeElement.id") == "file"
    assert downloads == []


def test_a_folder_that_cannot_be_written(fresh_page):
    page = fresh_page
    page.evaluate("""() => globalThis.showDirectoryPicker =
        () => Promise.reject(new DOMException('no space', 'QuotaExceededError'))""")
    kept(page)
    page.click("#save")
    page.wait_for_selector("#message:not(:empty)")
    assert "could not be saved (no space). They are still kept." in page.inner_text("#message")
