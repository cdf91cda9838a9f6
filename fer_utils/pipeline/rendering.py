"""An executed notebook as HTML without its code."""

import dataclasses
import html
import re
from pathlib import Path

import nbformat
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

OPEN_LINES = 10  # what a cell printed is folded away beyond this
_OUTSIDE = re.compile(r"""<(script|link|iframe|object|embed)\b.*?(</\1>|/?>)""", re.I | re.S)
_IMAGE = re.compile(r"""<img\b[^>]*?\bsrc=["']?(?!data:)[^>]*>""", re.I)
_ALT = re.compile(r"""\balt=["']([^"']*)["']""", re.I)


@dataclasses.dataclass
class Page:
    """One notebook of the report.

    Args:
        name: the notebook's name, its anchor in the report.
        title: its first heading.
        sections: ``(anchor, heading)`` of its sections, for the table of contents.
        blocks: its cells as HTML.
    """

    name: str
    title: str = ""
    sections: list = dataclasses.field(default_factory=list)
    blocks: list = dataclasses.field(default_factory=list)


class _Renderer(IPythonRenderer):
    """Puts headings one level lower and under anchors of their own, and lists them."""

    def __init__(self, page, **options):
        super().__init__(escape=False, exclude_anchor_links=True, **options)
        self.page = page

    def heading(self, text, level, **attrs):
        """Return a heading; the first one becomes the page's title."""
        plain = html.unescape(re.sub(r"<[^>]+>", "", text)).strip()
        if level == 1 and not self.page.title:
            self.page.title = plain
            return ""
        anchor = f"{self.page.name}-{re.sub(r'[^a-z0-9]+', '-', plain.lower()).strip('-')}"
        if level == 2:
            self.page.sections.append((anchor, plain))
        return f'<h{level + 1} id="{html.escape(anchor)}">{text}</h{level + 1}>\n'


def page(name, path):
    """Return the Page of an executed notebook.

    Args:
        name: the notebook's name.
        path: its file.
    """
    result = Page(name)
    for cell in nbformat.read(path, as_version=4).cells:
        if "papermill-error-cell-tag" in cell.metadata.get("tags", []):
            continue  # papermill's own note; the error itself is shown below
        if cell.cell_type == "markdown":
            result.blocks.append(_markdown(cell, result, Path(path).parent))
        elif cell.cell_type == "code":
            result.blocks += [_output(output) for output in cell.outputs]
    result.title = result.title or name
    return result


def _markdown(cell, result, folder):
    renderer = _Renderer(result, path=str(folder), attachments=cell.get("attachments", {}))
    return _self_contained(MarkdownWithMath(renderer=renderer).render(cell.source))


def _output(output):
    if output.output_type == "stream":
        return _stream(output.text, output.name)
    if output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return f'<pre class="error">{ansi2html(text)}</pre>'
    data = output.data
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            alt = html.escape(str(data.get("text/plain", "figure")), quote=True)
            encoded = "".join(data[kind].split())
            return f'<figure><img alt="{alt}" src="data:{kind};base64,{encoded}"></figure>'
    if "image/svg+xml" in data:
        return f"<figure>{_self_contained(data['image/svg+xml'])}</figure>"
    if "text/html" in data:
        return f'<div class="wide">{_self_contained(data["text/html"])}</div>'
    return f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"


def _stream(text, name):
    lines = text.rstrip().splitlines()
    if name == "stdout" and len(lines) <= OPEN_LINES:
        return f"<pre>{ansi2html(text.rstrip())}</pre>"
    what = "printed" if name == "stdout" else "messages"
    last = html.escape(lines[-1][:90]) if lines else ""
    count = f"{len(lines)} line{'s' if len(lines) != 1 else ''}"
    summary = f"<summary>{what}, {count}: <code>{last}</code></summary>"
    return f"<details>{summary}<pre>{ansi2html(text.rstrip())}</pre></details>"


def _self_contained(text):
    # Badges and the like are images on other servers: their words stay.
    def words(match):
        alt = _ALT.search(match.group(0))
        return alt.group(1) if alt else ""

    return _IMAGE.sub(words, _OUTSIDE.sub("", text))
