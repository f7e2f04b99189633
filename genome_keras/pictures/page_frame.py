"""The frame of a page of pictures: HTML that runs at most one script and asks nothing of anyone."""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from genome_keras.io.atomic import atomic
from genome_keras.pictures.canvas import load_plotting
from genome_keras.pictures.html_page import document

# A browser holds the page to it: no request, and no script but one of these very bytes.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; {scripts}style-src 'unsafe-inline'; img-src data:\">\n"
)
_STYLE = """figure svg { min-width: 900px; } figcaption { max-width: 110ch; }
figure { margin: 8px 0 22px; }
td:nth-child(2), th:nth-child(2) { text-align: left; } h2 { overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; gap: 8px 16px; margin: 8px 0; align-items: center; }
select, input, .tools button { font: inherit; padding: 3px 6px; color: inherit;
  background: var(--shade); border: 1px solid var(--rule); border-radius: 4px; max-width: 100%; }
th button { all: unset; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--c0); } button:disabled { opacity: .5; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
th.text, td.text { text-align: left; } td.wide { white-space: normal; min-width: 30ch; }
.more { color: var(--c1); } .less { color: var(--c0); }
@media (max-width: 900px) { th, td { padding: 4px 6px; } td { white-space: normal; }
  td.text { overflow-wrap: anywhere; min-width: 20ch; } td.wide { min-width: 18ch; } }
"""
_LONG = 60  # characters of a cell that may be broken into lines


@contextmanager
def written_page(
    path: str | os.PathLike | None, title: str, *, script: str | None = None
) -> Iterator[list[str]]:
    """Opens a page; it is there, whole, when the block succeeds.

    Args:
        path: the HTML file; an existing one is replaced. None writes nothing.
        title: text.
        script: JavaScript that runs at the end; None is none. A browser runs no other.

    Yields:
        A list, for pieces of HTML after the heading.

    Raises:
        GenomeKerasError: `path` cannot be written, or matplotlib or logomaker is missing;
            before the block runs.
        ValueError: `path` ends in something else than .html.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "page.html")
        ...     with written_page(path, "Variants") as parts:
        ...         parts.append(paragraph("None was scored."))
        ...     "<h1>Variants</h1>" in path.read_text()
        True
    """
    if path is None:
        yield []
        return
    if not str(path).endswith(".html"):  # never the table, nor what is read
        raise ValueError(f"{path}: a page must end in .html")
    load_plotting()
    with atomic(path) as temporary:
        parts = [f"<h1>{escape(title)}</h1>"]
        yield parts
        scripts, end = "", ""
        if script is not None:
            script = f"/*<![CDATA[*/{script}/*]]>*/"
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            scripts, end = f"script-src 'sha256-{digest}'; ", f"<script>{script}</script>\n"
        head = _POLICY.format(scripts=scripts)
        page = document(title, "\n".join(parts), style=_STYLE, head=head, end=end)
        temporary.write_text(page, encoding="utf-8")


def data_for_script(name: str, value: Any) -> str:
    """A value that the script of a page reads as JSON; nothing in it is read as HTML.

    Args:
        name: of the element, a word that no other one on the page has.
        value: fit for JSON.

    Example:
        >>> data_for_script("tasks", ["</script>"])
        '<script type="application/json" id="tasks">["\\\\u003c/script\\\\u003e"]</script>'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":  # the end of a script, say
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{name}">{text}</script>'


def paragraph(text: str, *, soft: bool = False) -> str:
    """A paragraph of HTML; `soft` is in the colour of remarks.

    Example:
        >>> paragraph("A > G", soft=True)
        '<p class="soft">A &gt; G</p>'
    """
    kind = ' class="soft"' if soft else ""
    return f"<p{kind}>{escape(text)}</p>"


def table(heads: Iterable[str], rows: Iterable[Iterable[str | tuple[str, str]]]) -> str:
    """A table; cells are text, or pairs of text and the anchor on the page they lead to.

    Columns of long texts are broken into lines, so that they stay on the page.

    Example:
        >>> html = table(("task", "effect"), [("CTCF", "+0.25"), (("DNase", "v1"), "-0.10")])
        >>> html.count("<tr>"), '<a href="#v1">DNase</a>' in html
        (3, True)
    """
    heads, rows = list(heads), [list(row) for row in rows]
    columns = zip(*rows, strict=True) if rows else [()] * len(heads)
    kinds = [' class="text wide"' if _is_long(column) else "" for column in columns]
    lines = [_line(heads, kinds, "th", ' scope="col"'), *(_line(row, kinds, "td") for row in rows)]
    first, *others = (f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="scroll"><table><thead>{first}</thead><tbody>{"".join(others)}</tbody>'
        "</table></div>"
    )


def _line(cells, kinds, tag, more=""):
    pairs = zip(cells, kinds, strict=True)
    return "".join(f"<{tag}{more}{kind}>{_cell(cell)}</{tag}>" for cell, kind in pairs)


def _is_long(cells):
    """Whether a text of a column is so long that it is broken into lines; links are not."""
    return any(len(cell) > _LONG for cell in cells if not isinstance(cell, tuple))


def _cell(cell):
    if isinstance(cell, tuple):
        text, anchor = cell
        return f'<a href="#{anchor}">{escape(text)}</a>'
    return escape(cell)
