"""What the project's pages hold: code, commands, links, headings."""

import re

from fer_utils import paths

ROOT = paths.PROJECT
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "fer_utils/**/*.md", "kaggle/*.md", "webapp/*.md")
    for path in ROOT.glob(pattern)
)
# What begins a command within a line of text.
_INLINE = re.compile(r"(?:make|ray|npm|pip|conda|(?:\.venv/bin/)?(?:python|jupyter)) [a-z.\-]")
_FENCE = re.compile(r"^(?P<mark>```+)(?P<kind>\w*)[^\n]*\n(?P<code>.*?)^(?P=mark)\n", re.M | re.S)


def read(page):
    """Return the text of a page, a Path relative to the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, kind):
    """Return the code of the blocks of a kind: ``bash``, ``python``, or ``""`` for none."""
    return [found["code"] for found in _FENCE.finditer(read(page)) if found["kind"] == kind]


def kinds(page):
    """Return the kinds of the page's blocks."""
    return {found["kind"] for found in _FENCE.finditer(read(page))}


def prose(page):
    """Return the page without its blocks of code."""
    return _FENCE.sub("\n", read(page))


def spans(page):
    """Return what stands between single backticks in the text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def commands(page):
    """Return the commands of a page, a line each, without comments."""
    lines = "".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
    lines += [span for span in spans(page) if _INLINE.match(span)]
    plain = (" ".join(re.sub(r"(^|\s)#.*", "", line).split()) for line in lines)
    return [line for line in plain if line]


def links(page):
    """Return the targets of a page's links and pictures, other sites' left out."""
    text = prose(page)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page):
    """Return the anchors that GitHub gives the headings of a page."""
    found = []
    for heading in re.findall(r"^#+ +(.+?) *$", prose(page), re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return [f"{name}-{found[:i].count(name)}".removesuffix("-0") for i, name in enumerate(found)]
