"""Write the README's pictures of the web page: python webapp/screenshots.py FOLDER.

Needs ``make browser``. All faces in them are drawn; the camera is a film of drawn faces.
"""

import functools
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils import paths, runs
from fer_utils.datasets import synthetic
from fer_utils.datasets.images import encoded

sys.path.insert(0, str(paths.PROJECT / "tests"))  # the tests' server and browser
import webapp_site as site  # noqa: E402

WIDE, PHONE = {"width": 1120, "height": 800}, {"width": 390, "height": 844}


def main():
    """Take them one after the other."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with site.served() as server, site.browsing(film()) as browser:
        for take in (photo, dark, live, happy_or_sad, error, phone):
            scheme = "dark" if take is dark else "light"
            size = PHONE if take is phone else WIDE
            options = {"viewport": size, "color_scheme": scheme, "permissions": ["camera"]}
            with browser.new_context(**options) as context:
                page = site.opened(context, server.address)
                take(page)
                save(page, folder / f"webapp_{take.__name__}.png", full=take is phone)


def photo(page):
    """Three faces in one picture."""
    site.choose(page, site.png(group()))


def dark(page):
    """The same in the dark."""
    photo(page)


def live(page):
    """The camera's faces, and their last seconds."""
    site.live(page, 3)
    page.wait_for_timeout(10_500)
    site.until(page, "/happy .[89]/.test(document.querySelector('.card h3')?.textContent)", 60)


def happy_or_sad(page):
    """Seed 001's question."""
    page.check("[name=question][value=two]", force=True)
    read(page)


def error(page):
    """A file that is cut short."""
    whole = site.png(scene(HAPPY), name="holiday.png")
    site.choose(page, {**whole, "buffer": whole["buffer"][:5000]})


def phone(page):
    """One face on a narrow screen, with crops to keep."""
    read(page)
    page.select_option("select", "happy")
    page.click("text=Keep crop")


def read(page):
    """Give the page a photo; again where other work of the machine held the network up."""
    for _ in range(10):
        site.choose(page, site.png(scene(HAPPY)))
        if float(page.get_attribute("#times", "data-classify")) < 10:
            break


# Drawn faces whose expression the network reads as drawn: not all of them are.
HAPPY, GROUP, FILM = 36, (36, 22, 46), (3, 5, 4)


@functools.cache
def scenes():
    """Return drawn photographs of 640x480, and where the faces are."""
    return synthetic.snapshots(60, size=(480, 640), seed=3, faces=(0.5, 0.6))


def scene(i):
    """Return one of them."""
    return scenes().dataset.images[i]


def group():
    """Return some of them side by side, each cut to its face."""
    parts = []
    for i in GROUP:
        x, _, width, _ = scenes().boxes[i]
        left = round(min(max(x + width / 2 - 180, 0), 640 - 360))
        parts.append(scene(i)[:, left : left + 360])
    return np.hstack(parts)


def film():
    """Return the frames of one person who goes into one expression after the other, and back."""
    drawn = synthetic.sequences(6, frames=14, size=(240, 320), seed=4, classes=7, persons=1)
    return np.concatenate(
        [np.concatenate([f, f[-1:].repeat(8, 0), f[::-1]]) for f in drawn.frames]
    )


def save(page, path, full=False):
    """Write a screenshot with 256 colours: half of them grey, as the photographs are."""
    shot = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    pixels = np.asarray(shot).reshape(-1, 3)
    coloured = pixels[np.ptp(pixels.astype(int), axis=1) > 1]
    own = Image.fromarray(coloured[None]).quantize(128).getpalette()[: 3 * 128]
    greys = np.linspace(0, 255, 128).round().astype(int).repeat(3).tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + greys)
    shot = shot.quantize(palette=palette, dither=Image.Dither.NONE)
    with runs.whole_file(path) as part:
        part.write_bytes(encoded(shot, "PNG", optimize=True))
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
