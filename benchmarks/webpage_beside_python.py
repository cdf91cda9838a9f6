"""The web page beside Python on the same photographs.

Usage: python benchmarks/webpage_beside_python.py [PHOTOS] [N]

PHOTOS is a folder of photographs (default: drawn ones), N how many of them (default 200), evenly
spread. Needs ``make browser``. Each photograph goes through the page in headless Chromium and
through ``Recognizer``, which looks for faces with another detector. Prints

- the same crop: the page's probabilities beside those that Keras gives for the page's crop
- the crop: pixels of the page's crop beside what ``faces.crop`` cuts by the page's box (JPEG
  decoders may differ by a grey level)
- each its own: how often both name the same expression, and the page's boxes beside MTCNN's
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils import Recognizer, evaluation, faces, paths, weights
from fer_utils.datasets import photographs, synthetic

sys.path.insert(0, str(paths.PROJECT / "tests"))  # the tests' server and browser
import webapp_site as site  # noqa: E402


def main():
    """Compare and print."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    files = drawn(count) if len(sys.argv) < 2 else chosen(Path(sys.argv[1]), count)
    read = in_page(files)
    found = [(file, page[0]) for file, page in zip(files, read, strict=True) if page]
    print(f"{len(files)} photographs; the page finds a face in {len(found)}\n")
    print("| compared | n | result |")
    print("|---|---|---|")
    same_crop([page for _, page in found])
    own_crop(found)
    each_its_own(found)


def drawn(count):
    """Return drawn photographs as files."""
    shots = synthetic.snapshots(count, size=(240, 320), seed=3, faces=(0.4, 0.8))
    return [site.png(image) for image in shots.dataset.images]


def chosen(folder, count):
    """Return photographs of a folder as files, evenly spread."""
    every = photographs.images_in(folder)
    every = every[:: max(len(every) // count, 1)][:count]
    return [{"name": path.name, "mimeType": "image/jpeg", "buffer": path.read_bytes()}
            for path in every]  # fmt: skip


def in_page(files):
    """Return what the page finds in each file."""
    found = []
    with site.served() as server, site.browsing() as browser, browser.new_context() as context:
        page = site.opened(context, server.address)
        for file in files:
            site.choose(page, file)
            found.append(site.faces_of(page))
    return found


def same_crop(found):
    """Print how far the page's probabilities are from Keras's for its own crops."""
    crops = np.array([face["crop"] for face in found], "float32").reshape(-1, 48, 48, 1)
    temperature = weights.about("small")["calibration"]["temperature"]
    answers = weights.load_pretrained("small").predict(crops, verbose=0)
    expected = evaluation.tempered(answers, temperature)
    given = np.array([face["probabilities"] for face in found])
    labels = (given.argmax(1) == expected.argmax(1)).sum()
    apart = np.abs(given - expected).max()
    print(f"| the same crop: largest difference of a probability | {len(found)} | {apart:.1e} |")
    print(f"| the same crop: same label | {len(found)} | {labels} |")


def own_crop(found):
    """Print how far the page's crops are from the package's for the page's boxes."""
    apart = []
    for file, page in found:
        grey = np.asarray(opened(file).convert("L"))
        crop = faces.crop(grey, faces.Face(tuple(page["box"])), 48)
        apart.append(np.abs(np.array(page["crop"]) - crop.ravel().astype(int)))
    equal = sum(not one.any() for one in apart)
    most, share = np.max(apart), (np.array(apart) > 0).mean()
    said = f"{equal} are equal; at most {most} levels apart, {share:.3%} of the pixels"
    print(f"| the crop of the same box | {len(found)} | {said} |")


def each_its_own(found):
    """Print how often page and Recognizer agree, each with its own detector."""
    theirs = Recognizer().predict([np.asarray(opened(file)) for file, _ in found])
    pairs = [(page, own[0]) for (_, page), own in zip(found, theirs, strict=True) if own]
    pairs = [(page, own) for page, own in pairs if overlap(page["box"], own.box) > 0.3]
    same = sum(page["name"] == own.label for page, own in pairs)
    print(f"| each its own box: same label | {len(pairs)} | {same} ({same / len(pairs):.1%}) |")
    boxes = np.array([(page["box"], own.box) for page, own in pairs])
    middles, longer = boxes[..., :2] + boxes[..., 2:] / 2, boxes[:, 1, 2:].max(1)
    sizes = np.median(boxes[:, 0, 2:] / boxes[:, 1, 2:], axis=0)
    x, y = np.median((middles[:, 0] - middles[:, 1]) / longer[:, None], axis=0)
    said = f"{sizes[0]:.2f} as wide, {sizes[1]:.2f} as high, {x:+.3f} right, {y:+.3f} down"
    print(f"| page's boxes beside MTCNN's, medians | {len(pairs)} | {said} |")


def opened(file):
    """Return a file's picture."""
    return Image.open(io.BytesIO(file["buffer"])).convert("RGB")


def overlap(a, b):
    """Return the shared part of two boxes in their union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


if __name__ == "__main__":
    main()
