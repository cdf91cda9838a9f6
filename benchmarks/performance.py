"""All benchmarks of speed that need no data set, one after the other: docs/results/performance.md.

Usage: python benchmarks/performance.py [NAME ...]

NAME is one of ``PARTS``, by default all: some 35 minutes on 2 cores, which should have nothing
else to do. What a part printed is kept in build/performance, so that parts can be run again one
by one; the page is put together from all that are there.
"""

import subprocess
import sys
from pathlib import Path

import measuring

from fer_utils import paths, runs

KEPT = paths.PROJECT / "build" / "performance"
PAGE = paths.PROJECT / "docs" / "results" / "performance.md"
PARTS = {  # name -> heading
    "startup": "Start-up",
    "parsing": "Parsing FER2013's tables",
    "synthetic_faces": "Synthetic faces",
    "augmentation": "Augmentation",
    "training_speed": "Training step",
    "small_network": "The small network",
    "explanation_speed": "Explanations",
    "face_detection": "Faces in photographs",
    "pipeline": "Pipeline and whole suite",
}
TOP = """# Speed, side by side with what people use today

`make bench` writes this page; `.venv/bin/python benchmarks/performance.py NAME` a part of it.
Ways take turns, medians count, "times as fast" is beside the way that stands last. The load is
that of the minute before a part began: above 1, other work disturbed it.
"""


def run(name):
    """Run one benchmark, show what it prints, and keep it."""
    command = [sys.executable, str(Path(__file__).parent / f"{name}.py")]
    printed = [f"{measuring.machine()}.\n\n"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    if process.returncode:
        sys.exit(f"{name} failed, the page is as before")
    runs.write_text(KEPT / f"{name}.md", "".join(printed))


def page():
    """Return the page, of the parts that were run."""
    parts = {n: KEPT / f"{n}.md" for n in PARTS if (KEPT / f"{n}.md").exists()}
    texts = {name: path.read_text(encoding="utf-8").strip() for name, path in parts.items()}
    said = [
        f"- {PARTS[name]}: {line.strip('*')}"
        for name, text in texts.items()
        for line in text.splitlines()
        if line.startswith("**")
    ]
    whole = [TOP, "\n".join(said)]
    for name, text in texts.items():
        whole.append(f"\n## {PARTS[name]}\n\n`benchmarks/{name}.py`, on {text}")
    return "\n".join(whole) + "\n"


def main():
    """Run the parts and write the page."""
    names = sys.argv[1:] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"there is no part {unknown[0]!r}: take of {', '.join(PARTS)}")
    for name in names:
        print(f"\n## {PARTS[name]}\n", flush=True)
        run(name)
    runs.write_text(PAGE, page())
    print(f"\n{PAGE}")


if __name__ == "__main__":
    main()
