"""What people give the web page that is no plain photo, and what their device lacks."""

import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
import webapp_site
from PIL import Image
from webapp_site import choose, faces_of

from fer_utils import faces
from fer_utils.datasets import synthetic
from fer_utils.recognizer import photographs

pytestmark = pytest.mark.browser
UNREADABLE = "cannot be read as a picture"


def file(image, kind="PNG", **options):
    """Return a Pillow image as a file to choose."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return {"name": f"a.{kind.lower()}", "mimeType": f"image/{kind.lower()}",
            "buffer": out.getvalue()}  # fmt: skip


def photo(i=0):
    return Image.fromarray(webapp_site.drawn().dataset.images[i])


def cut_short(kind):
    whole = file(photo(), kind)
    return {**whole, "buffer": whole["buffer"][: len(whole["buffer"]) // 2]}


def claims_to_be_huge():
    """Return a small PNG whose head says 12,000 x 12,000 pixels."""
    head = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for name, inner in parts:
        check = zlib.crc32(name + inner)
        content += struct.pack(">I", len(inner)) + name + inner + struct.pack(">I", check)
    return {"name": "huge.png", "mimeType": "image/png", "buffer": content}


@pytest.mark.parametrize(("given", "said"), [
    ({"name": "a.txt", "mimeType": "text/plain", "buffer": b"no image"}, UNREADABLE),
    ({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no image"}, UNREADABLE),
    ({"name": "a.png", "mimeType": "image/png", "buffer": b""}, "This file is empty"),
    (lambda: cut_short("PNG"), UNREADABLE),
    (lambda: cut_short("JPEG"), UNREADABLE),
    (claims_to_be_huge, "too large (144 megapixels)"),
], ids=["text", "text as jpeg", "empty", "cut png", "cut jpeg", "bomb"])  # fmt: skip
def test_unreadable(page, given, said):
    choose(page, file(photo()))
    choose(page, given() if callable(given) else given)
    assert said in page.inner_text("#message")
    assert faces_of(page) == []  # nothing of the picture before stays
    choose(page, file(photo()))
    assert page.inner_text("#message") == ""
    assert len(faces_of(page)) == 1


def test_no_face(page):
    choose(page, file(Image.new("RGB", (300, 200), "green")))
    assert "No face found" in page.inner_text("#note")
    assert page.inner_text("#said") == "No face found"
    assert faces_of(page) == []


# Sides that leave a rest, so that it counts which side the smaller blocks are on.
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_twenty_megapixels_are_those_of_python(page, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    given = file(photo().resize((5185, 3889)).convert("RGB"), compress_level=1, exif=exif)
    path = tmp_path / "large.png"
    path.write_bytes(given["buffer"])
    expected, factor = photographs.as_photograph(path)
    assert factor == 2
    page.check("[name=whole]")  # a lying face is none to the detector
    choose(page, given)
    assert "Scaled down from 20 to 5 megapixels" in page.inner_text("#note")
    height, width = expected.shape[:2]
    assert page.evaluate("[picture.width, picture.height]") == [width, height]
    assert page.evaluate(SUM) == hashlib.sha256(opaque(expected)).hexdigest()
    (found,) = faces_of(page)
    crop = faces.crop(photographs.grey(expected), faces.Face((0, 0, width, height)), 48)
    assert (np.array(found["crop"]) == crop.ravel()).all()


# The SHA-256 of the pixels of the picture that is shown.
SUM = """(async () => {
    const {data} = picture.getContext('2d').getImageData(0, 0, picture.width, picture.height);
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    return [...sum].map(byte => byte.toString(16).padStart(2, '0')).join('');
})()"""


def opaque(rgb):
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).tobytes()


def test_fifty_megapixels_are_scaled_down(page):
    large = photo().resize((8160, 6120))
    choose(page, file(large, "JPEG", quality=60))
    (found,) = faces_of(page)
    assert "Scaled down from 50 to 12 megapixels" in page.inner_text("#note")
    x, y, width, height = webapp_site.drawn().boxes[0] * page.evaluate("picture.width") / 320
    left, top, across, down = found["box"]
    assert x < left + across / 2 < x + width
    assert y < top + down / 2 < y + height


def test_eight_pixels(page):
    choose(page, file(photo().resize((8, 8))))
    assert page.inner_text("#message") == ""
    page.check("[name=whole]")
    webapp_site.settled(page)
    (found,) = faces_of(page)
    assert found["box"] == [0, 0, 8, 8]
    assert sum(found["probabilities"]) == pytest.approx(1)


def test_transparent_is_white(page):
    page.check("[name=whole]")
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 32, 64, 64))
    choose(page, file(clear))
    (found,) = faces_of(page)
    crop = np.array(found["crop"]).reshape(48, 48)
    assert (crop[:23] == 255).all()
    assert (crop[25:] == 0).all()


def test_of_an_animation_the_first_frame(page):
    page.check("[name=whole]")
    white, black = (Image.new("L", (64, 64), value) for value in (255, 0))
    choose(page, file(white, "GIF", save_all=True, append_images=[black] * 3, duration=20))
    (found,) = faces_of(page)
    assert min(found["crop"]) == 255
    assert "the first frame is read" in page.inner_text("#note")


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_rotated_by_exif(page, orientation):
    turned = {3: Image.ROTATE_180, 6: Image.ROTATE_90, 8: Image.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    choose(page, file(photo()))
    (upright,) = faces_of(page)
    choose(page, file(photo().transpose(turned), exif=exif))
    (found,) = faces_of(page)
    assert page.evaluate("[picture.width, picture.height]") == [320, 240]
    assert found["crop"] == upright["crop"]


def test_pasted_and_dropped(page):
    give = """([name, bytes, on]) => {
        const file = new File([new Uint8Array(bytes)], 'face.png', {type: 'image/png'});
        const data = new DataTransfer();
        data.items.add(file);
        const options = {bubbles: true, cancelable: true};
        document.body.dispatchEvent(name === 'paste'
            ? new ClipboardEvent('paste', {...options, clipboardData: data})
            : new DragEvent('drop', {...options, dataTransfer: data}));
    }"""
    for name in ("paste", "drop"):
        choose(page, file(Image.new("L", (50, 50))))
        assert faces_of(page) == []
        page.evaluate(give, [name, list(file(photo())["buffer"])])
        webapp_site.settled(page)
        assert len(faces_of(page)) == 1


def test_the_last_of_two_counts(page):
    first, second = (file(photo(i)) for i in (0, 1))
    page.set_input_files("#file", first)
    choose(page, second)
    (found,) = faces_of(page)
    choose(page, second)
    assert faces_of(page) == [found]


def start_camera(page):
    page.check("[name=source][value=live]", force=True)
    page.click("#camera")
    page.wait_for_selector("#message:not(:empty)")
    return page.inner_text("#message")


def test_no_permission(chromium, site):
    with chromium.new_context() as context:
        page = webapp_site.opened(context, site.address)
        assert "may not use the camera" in start_camera(page)
        assert page.is_enabled("#camera")


@pytest.mark.parametrize(("error", "said"), [
    ("NotFoundError", "has no camera"),
    ("NotReadableError", "another program may be using it"),
    ("SomeNewError", "cannot be started (SomeNewError)"),
])  # fmt: skip
def test_no_camera(fresh_page, error, said):
    page = fresh_page
    # Chromium offers its fake camera to the whole browser: so the absence is what is faked here.
    page.evaluate(
        """name => navigator.mediaDevices.getUserMedia =
            () => Promise.reject(new DOMException('', name))""",
        error,
    )
    assert said in start_camera(page)


def test_no_secure_address(fresh_page):
    page = fresh_page
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    assert "only at an https address" in start_camera(page)


def broken(chromium, site, script=None, route=None):
    """Return what the page says where its device lacks something."""
    with chromium.new_context() as context:
        page = context.new_page()
        if script:
            page.add_init_script(script)
        if route:
            page.route(route, lambda request: request.abort())
        page.goto(site.address)
        page.wait_for_selector("#message:not(:empty)")
        assert page.is_disabled("#camera")
        assert page.is_disabled("#file")
        return page.inner_text("#message")


def test_no_webassembly(chromium, site):
    assert "no WebAssembly" in broken(chromium, site, "delete globalThis.WebAssembly")


def test_an_old_browser(chromium, site):
    assert "too old" in broken(chromium, site, "delete globalThis.DecompressionStream")


def test_a_file_does_not_arrive(chromium, site):
    assert "Load the page again" in broken(chromium, site, route="**/model.onnx")


def test_a_face_of_the_suite_opens_as_it_is_stored(page):
    face = synthetic.generate(1, size=48, seed=5).images[0]
    page.check("[name=whole]")
    choose(page, file(Image.fromarray(face)))
    assert (np.array(faces_of(page)[0]["crop"]) == face.ravel()).all()
