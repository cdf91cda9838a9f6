"""Writes small FER2013 files in every form, independently of the code that reads them."""

import dataclasses
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")


@dataclasses.dataclass
class Faces:
    images: np.ndarray
    labels: np.ndarray
    usage: np.ndarray

    def take(self, rows):
        return Faces(self.images[rows], self.labels[rows], self.usage[rows])

    def of(self, *usages):
        return self.take(np.isin(self.usage, usages))


def faces(train=84, public=14, private=14):
    """Return random images: rows 0 and 5, 2 and the second of PublicTest equal; 7 is blank."""
    n = train + public + private
    images = np.random.default_rng(0).integers(0, 256, (n, 48, 48), dtype=np.uint8)
    images[5] = images[0]
    images[7] = 0
    images[train + 1] = images[2]
    labels = (np.arange(n) % 7).astype(np.int8)
    return Faces(images, labels, np.repeat(USAGES, (train, public, private)))


def row_text(image):
    return " ".join(map(str, image.ravel().tolist()))


def table_text(
    data, columns=("emotion", "pixels", "Usage"), quote="", newline="\n", last=True, blank=""
):
    """Return the text of a table; ``blank`` stands before each name but the first."""
    lines = [("," + blank).join(columns)]
    for image, label, usage in zip(data.images, data.labels, data.usage, strict=True):
        cells = {
            "emotion": str(label) if label >= 0 else "",
            "pixels": quote + row_text(image) + quote,
            "Usage": usage,
        }
        lines.append(",".join(cells[column] for column in columns))
    return newline.join(lines) + (newline if last else "")


def write_usage(path, data, **how):
    path.write_bytes(table_text(data, **how).encode())
    return path


def write_pair(folder, data, **how):
    folder.mkdir(parents=True, exist_ok=True)
    write_usage(folder / "train.csv", data.of("Training"), columns=("emotion", "pixels"), **how)
    test = data.of("PublicTest", "PrivateTest")
    write_usage(folder / "test.csv", test, columns=("pixels",), **how)
    return folder


def zipped(path, name=None, out=None):
    """Replace a file by a .zip of it."""
    out = out or path.with_name(path.name + ".zip")
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, name or path.name)
    path.unlink()
    return out


def tarred(out, **files):
    """Write a .tar.gz with a README first, then the given members (name -> bytes)."""
    with tarfile.open(out, "w:gz") as archive:
        for name, text in {"fer2013/README": b"see the paper", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return out


def write_sheets(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{x if x >= 0 else ''},{u}\n" for x, u in zip(data.labels, data.usage, strict=True)]
    (folder / "labels.csv").write_text("emotion,Usage\n" + "".join(rows))
    for usage in USAGES:
        images = data.of(usage).images
        sheet = np.zeros((-(-len(images) // 64) * 48, 64 * 48), np.uint8)
        for i, image in enumerate(images):
            y, x = divmod(i, 64)
            sheet[y * 48 : y * 48 + 48, x * 48 : x * 48 + 48] = image
        if len(images):
            Image.fromarray(sheet).save(folder / f"{usage}.png")
    return folder


def write_folders(folder, data, classes=CLASSES, parts=("train", "test", "test")):
    for i, (image, label, usage) in enumerate(
        zip(data.images, data.labels, data.usage, strict=True)
    ):
        place = folder / parts[USAGES.index(usage)] / classes[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{i:05d}.png")
    return folder
