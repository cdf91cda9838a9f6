"""Draws docs/images/data_flow.svg: how data flow through the rooms of the package.

Usage: python docs/images/data_flow.py

Boxes stand on a grid, an arrow is named by the boxes that it joins. A test keeps the picture equal
to what this draws.
"""

from pathlib import Path
from xml.sax.saxutils import escape

OUT = Path(__file__).with_suffix(".svg")
WIDTH, HEIGHT, WIDE, HIGH, TALL = 960, 590, 150, 50, 106  # pixels
BOXES = {
    "kaggle_files": (20, 60, ("FER2013's files", "from Kaggle")),
    "photographs": (20, 130, ("photographs, CK+", "folders, tables")),
    "drawn": (20, 200, ("synthetic faces", "where there are none")),
    ".datasets": (210, 130, ("Dataset, cached",)),
    ".faces": (210, 220, ("crops, a Dataset",)),
    ".balance": (400, 60, ("rare classes",)),
    ".augment": (400, 130, ("images moved anew",)),
    ".models": (400, 220, ("networks, recipes",)),
    ".training": (590, 130, ("fit or restore",)),
    ".tuning": (590, 220, ("searches",)),
    "run folder": (
        780,
        102,
        ("runs/RUN/MODEL/", "model.keras", "predictions.npz", "metrics.json"),
    ),
    ".explain": (20, 340, ("what it looks at",)),
    ".evaluation": (210, 340, ("scores with errors",)),
    ".ensemble": (400, 340, ("several networks",)),
    ".weights": (590, 340, ("networks that ship",)),
    ".export": (780, 340, ("ONNX",)),
    ".plots": (115, 430, ("every figure",)),
    ".submission": (400, 430, ("CSV, ledger",)),
    ".recognizer": (590, 430, ("a photo's faces",)),
    "page": (780, 430, ("webapp/", "the web page")),
    "report": (115, 520, ("report.html", "one page a run")),
    ".kaggle": (400, 520, ("push, pull, submit",)),
    ".predicting": (590, 520, ("folders, videos",)),
}
ARROWS = (
    *((source, ".datasets") for source in ("kaggle_files", "photographs", "drawn")),
    (".datasets", ".faces"),
    *((".datasets", room) for room in (".balance", ".augment")),
    *((room, ".training") for room in (".balance", ".augment", ".models")),
    (".tuning", ".training"),
    (".training", "run folder"),
    *(
        ("run folder", f".{room}")
        for room in ("explain", "evaluation", "ensemble", "weights", "export")
    ),
    *((room, ".plots") for room in (".explain", ".evaluation")),
    (".plots", "report"),
    (".ensemble", ".submission"),
    (".submission", ".kaggle"),
    (".weights", ".recognizer"),
    (".export", ".recognizer"),
    (".export", "page"),
    (".recognizer", ".predicting"),
)
LOOKS = """
  text { font: 13px Helvetica, Arial, sans-serif; fill: #1f2933; text-anchor: middle; }
  .room { font: bold 14px Menlo, Consolas, monospace; }
  .note { fill: #52606d; text-anchor: start; }
  .box { fill: #e3effb; stroke: #2f6fad; } .file { fill: #fdf3dc; stroke: #b7791f; }
  .arrow { fill: none; stroke: #52606d; stroke-width: 1.5; marker-end: url(#head); }"""
HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#52606d"/></marker>'
)


NOTES = (
    (20, 32, "notebooks/ call the rooms; pipeline runs them in the order of what they need"),
    (20, 306, "from one notebook to another only files pass"),
)


def size(name):
    """Return x, y, width and height of a box."""
    x, y, lines = BOXES[name]
    return x, y, WIDE, TALL if len(lines) > 2 else HIGH


def box(name):
    """Return a box with its lines; a room's own name is the first of them."""
    x, y, width, height = size(name)
    room = name.startswith(".")
    lines = (name[1:], *BOXES[name][2]) if room else BOXES[name][2]
    first = y + height / 2 - 9 * len(lines) + 14
    shape = f'<rect class="{"box" if room else "file"}" x="{x}" y="{y}" rx="7" '
    texts = [
        f'<text class="{"room" if room and i == 0 else "line"}" x="{x + width / 2:g}" '
        f'y="{first + 18 * i:g}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
    return "\n".join([f'{shape}width="{width}" height="{height}"/>', *texts])


def arrow(start, end):
    """Return an arrow with at most two corners, from a box to one on its right, below or above."""
    (x, y, width, height), (to_x, to_y, _, to_height) = size(start), size(end)
    middle, to_middle = x + width / 2, to_x + WIDE / 2
    if y + height + 30 < to_y:
        path = f"M{middle:g} {y + height}V{to_y - 22}H{to_middle:g}V{to_y}"
    elif x == to_x:
        path = f"M{middle:g} {y}V{to_y + to_height}"
    else:
        path = f"M{x + width} {y + height / 2:g}H{to_x - 20}V{to_y + to_height / 2:g}H{to_x}"
    return f'<path class="arrow" d="{path}"/>'


def draw():
    """Return the picture as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f"<style>{LOOKS}\n</style>",
        f"<defs>{HEAD}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *(f'<text class="note" x="{x}" y="{y}">{text}</text>' for x, y, text in NOTES),
        *(arrow(*ends) for ends in ARROWS),
        *map(box, BOXES),
        "</svg>\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
