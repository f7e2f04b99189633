"""The frame of a page of pictures: HTML that runs no script and asks nothing of anyone."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape

from genome_keras.io.atomic import atomic
from genome_keras.pictures.canvas import load_plotting
from genome_keras.pictures.html_page import document

# A browser holds the page to it: no script, no request.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
)
_STYLE = """figure svg { min-width: 900px; } figcaption { max-width: 110ch; }
figure { margin: 8px 0 22px; }
td:nth-child(2), th:nth-child(2) { text-align: left; } h2 { overflow-wrap: anywhere; }
"""


@contextmanager
def written_page(path: str | os.PathLike | None, title: str) -> Iterator[list[str]]:
    """Opens a page; it is there, whole, when the block succeeds.

    Args:
        path: the HTML file; an existing one is replaced. None writes nothing.
        title: text.

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
        page = document(title, "\n".join(parts), style=_STYLE, head=_POLICY)
        temporary.write_text(page, encoding="utf-8")


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

    Example:
        >>> html = table(("task", "effect"), [("CTCF", "+0.25"), (("DNase", "v1"), "-0.10")])
        >>> html.count("<tr>"), '<a href="#v1">DNase</a>' in html
        (3, True)
    """
    lines = ["".join(f'<th scope="col">{escape(head)}</th>' for head in heads)]
    lines += ["".join(f"<td>{_cell(cell)}</td>" for cell in row) for row in rows]
    first, *others = (f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="scroll"><table><thead>{first}</thead><tbody>{"".join(others)}</tbody>'
        "</table></div>"
    )


def _cell(cell):
    if isinstance(cell, tuple):
        text, anchor = cell
        return f'<a href="#{anchor}">{escape(text)}</a>'
    return escape(cell)
