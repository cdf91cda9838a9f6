"""The page's grey, square and resize, in Node, beside the package's: docs/crop.md."""

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest
import webapp_site as site
from PIL import Image

from fer_utils import faces
from fer_utils.datasets.images import resized
from fer_utils.faces import crops

pytestmark = pytest.mark.browser
SCRIPT = """
import { readFileSync } from "node:fs";
import * as crop from "CROP";
import { reduced } from "REDUCE";
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const text = (array) => Buffer.from(array).toString("base64");
const ways = {
  grey: ({ rgba }) => text(crop.toGrey(bytes(rgba))),
  reduce: ({ rgba, width, height, factor }) => text(reduced(bytes(rgba), width, height, factor)),
  resize: ({ grey, side, size }) =>
    text(crop.resized(bytes(grey), side, side, { left: 0, top: 0, side }, size)),
  face({ grey, width, height, box, margin, size }) {
    const place = crop.square(box, width, height, margin);
    return text(crop.resized(bytes(grey), width, height, place, size));
  },
};
const asked = JSON.parse(readFileSync(0));
console.log(JSON.stringify(asked.map(({ way, ...rest }) => ways[way](rest))));
"""


def in_node(asked):
    """Return what the page's crop.js answers: a uint8 array for each question."""
    if shutil.which("node") is None:
        pytest.fail("the web page's tests need node: make browser")
    script = SCRIPT
    for word in ("CROP", "REDUCE"):
        script = script.replace(word, (site.WEBAPP / "src" / f"{word.lower()}.js").as_uri())
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [np.frombuffer(base64.b64decode(one), np.uint8) for one in json.loads(done.stdout)]


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def agree(there, here):
    """Equal; where another processor's OpenCV rounds in another order, 1 level in 1 of 1,000."""
    apart = np.abs(there.astype(int) - here.ravel())
    assert apart.max() <= 1
    assert (apart > 0).mean() <= 0.001


def test_grey_is_the_packages():
    rgba = np.random.default_rng(0).integers(0, 256, (400, 500, 4), np.uint8)
    (grey,) = in_node([{"way": "grey", "rgba": text(rgba)}])
    assert (grey == np.asarray(Image.fromarray(rgba[..., :3]).convert("L")).ravel()).all()


def test_resize_is_opencvs():
    rng = np.random.default_rng(1)
    sides = [*range(1, 150), 192, 211, 240, 333, 480, 611]
    images = [rng.integers(0, 256, (side, side), np.uint8) for side in sides]
    asked = [
        {"way": "resize", "grey": text(image), "side": len(image), "size": 48} for image in images
    ]
    answers = in_node(asked)
    agree(np.concatenate(answers), np.stack([resized(image, (48, 48)) for image in images]))


def test_face_is_the_packages_crop():
    rng = np.random.default_rng(2)
    asked, expected = [], []
    for _ in range(120):
        height, width = rng.integers(20, 200, 2)
        photo = rng.integers(0, 256, (height, width), np.uint8)
        corner = rng.uniform(-0.3, 0.9, 2) * (width, height)
        box = (*corner, *(rng.uniform(0.1, 1.2, 2) * (width, height)))
        if corner[0] + box[2] < 1 or corner[1] + box[3] < 1:
            continue  # outside the photograph
        if rng.random() < 0.3:
            box = tuple(np.round(box))  # halves, to be rounded to even
        box = tuple(map(float, box))
        asked.append({"way": "face", "grey": text(photo), "width": int(width), "box": box,
                      "height": int(height), "margin": crops.MARGIN, "size": 48})  # fmt: skip
        expected.append(crops.crop(photo, faces.Face(box, 1.0, None), 48))
    assert len(asked) > 80
    agree(np.concatenate(in_node(asked)), np.stack(expected))


def test_an_extremely_long_face_takes_little_memory():
    photo = np.random.default_rng(3).integers(0, 256, (130, 60_000), np.uint8)
    asked = {"way": "face", "grey": text(photo), "width": 60_000, "height": 130, "size": 48,
             "box": (0, 0, 60_000, 130), "margin": crops.MARGIN}  # fmt: skip
    (long,) = in_node([asked])
    repeated = photo[0].reshape(48, 1250).mean(1)
    assert np.abs(long.reshape(48, 48)[:23] - repeated).max() <= 0.5
    # A shorter one against Python, which stores the square.
    short = np.ascontiguousarray(photo[:30, :2001])
    box = (0.0, 0.0, 2001.0, 30.0)
    (found,) = in_node([asked | {"grey": text(short), "width": 2001, "height": 30, "box": box}])
    agree(found, crops.crop(short, faces.Face(box, 1.0, None), 48))


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_large_photographs_are_reduced_as_by_pillow(factor):
    rng = np.random.default_rng(4)
    noise = rng.integers(0, 256, (201, 302, 4), np.uint8)
    flat = np.full((50, 64, 4), 200, np.uint8)
    for rgba in (noise, flat):
        rgba[..., 3] = 255
        height, width = rgba.shape[:2]
        (found,) = in_node([{"way": "reduce", "rgba": text(rgba), "width": width,
                             "height": height, "factor": factor}])  # fmt: skip
        expected = np.asarray(Image.fromarray(rgba[..., :3]).reduce(factor))
        assert (found.reshape(*expected.shape[:2], 4)[..., :3] == expected).all()
