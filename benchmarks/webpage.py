"""The web page in headless Chromium: how large, how soon, how fast.

Usage: python benchmarks/webpage.py

Needs ``make browser``. Prints the table of docs/results/webpage.md: what is sent, the time from
opening the page to the first answer (a new browser profile each time, nothing cached), a photo's
and a camera frame's times as the page measures them.
"""

import os
import platform
import statistics
import sys
import time
from pathlib import Path

from fer_utils import paths
from fer_utils.datasets import synthetic

sys.path.insert(0, str(paths.PROJECT / "tests"))  # the tests' server and browser
import webapp_site as site  # noqa: E402

OPENINGS, PHOTOS, FRAMES = 7, 20, 120


def main():
    """Measure and print the table."""
    with site.served() as server, site.browsing() as browser:
        version = browser.version
        opened = [opening(browser, server) for _ in range(OPENINGS)]
        photos = list(photo_times(browser, server))
        frames = frame_times(browser, server)
    openings, busy, sent, network = zip(*opened, strict=True)
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    print(f"Chromium {version}, headless, {processor()}, {cores} cores, load {load:.1f}\n")
    print("| | n | median | least | most | at most |")
    print("|---|---|---|---|---|---|")
    print(f"| sent, MB | {len(sent)} | {summary(sent, 1e6)} | 20 |")
    print(f"| of it the network, MB | {len(sent)} | {summary(network, 1e6)} | 3 |")
    print(f"| opening to first answer, s | {len(openings)} | {summary(openings)} | 3 |")
    print(f"| of it the page's process computes, s | {len(busy)} | {summary(busy)} | |")
    classify, detect = zip(*photos, strict=True)
    print(f"| photo: classifier, ms a face | {len(photos)} | {summary(classify)} | 30 |")
    print(f"| photo: search in all its parts, ms | {len(photos)} | {summary(detect)} | |")
    classify, detect, whole = zip(*frames, strict=True)
    print(f"| camera: classifier, ms a face | {len(frames)} | {summary(classify)} | 30 |")
    print(f"| camera: detection, ms | {len(frames)} | {summary(detect)} | |")
    print(f"| camera: a whole frame, ms | {len(frames)} | {summary(whole)} | 150 |")


def summary(values, unit=1):
    """Return median, least and most as cells."""
    values = [value / unit for value in values]
    return " | ".join(f"{f(values):.2f}" for f in (statistics.median, min, max))


def opening(browser, server):
    """Return seconds from opening to the first answer, of them those of its process, and bytes.

    The process's seconds are what other work on the machine takes nothing of. Of the bytes, first
    all that are sent, then those of the network.
    """
    server.asked.clear()
    photo = drawn_photo(0)
    with browser.new_context() as context:
        began = time.perf_counter()
        page = site.opened(context, server.address)
        site.choose(page, photo)
        page.wait_for_selector(".card")
        seconds = time.perf_counter() - began
        debugger = context.new_cdp_session(page)
        debugger.send("Performance.enable")
        told = debugger.send("Performance.getMetrics")["metrics"]
        busy = next(one["value"] for one in told if one["name"] == "ProcessTime")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    sizes = [(site.DIST / path[len(site.BELOW) :]) for path in server.asked]
    sizes = {path: path.stat().st_size for path in sizes if path.is_file()}
    index = (site.DIST / "index.html").stat().st_size
    return seconds, busy, sum(sizes.values()) + index, sizes[site.DIST / "model" / "model.onnx"]


def photo_times(browser, server):
    """Yield classifier and detector times in ms for one photo after the other."""
    with browser.new_context() as context:
        page = site.opened(context, server.address)
        for i in range(PHOTOS):
            site.choose(page, drawn_photo(i % 4))
            told = page.evaluate("({...document.querySelector('#times').dataset})")
            yield float(told["classify"]), float(told["detect"])


def frame_times(browser, server):
    """Return classifier, detector and frame times in ms for frames with one face."""
    with browser.new_context(permissions=["camera"]) as context:
        page = site.opened(context, server.address)
        site.live(page, 10)
        return page.evaluate(
            """n => new Promise(resolve => {
                const frames = [];
                const {dataset} = document.querySelector('#times');
                new MutationObserver(() => {
                    const faces = document.querySelectorAll('.card').length;
                    const {classify, detect, frame} = dataset;
                    if (faces === 1) frames.push([classify, detect, frame].map(Number));
                    if (frames.length >= n) resolve(frames);
                }).observe(document.querySelector('#times'), {attributeFilter: ['data-frame']});
            })""",
            FRAMES,
        )


def drawn_photo(i):
    """Return a drawn photograph of 640x480 as a file to choose."""
    image = synthetic.snapshots(i + 1, size=(480, 640), seed=3, faces=(0.4, 0.6)).dataset.images[i]
    return site.png(image)


def processor():
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
