"""Pictures inside a page of HTML, in the page's own colours."""

import io
import re
import warnings
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from genome_keras.pictures.html_page import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {colour: f"var(--{name})" for name, colour in LIGHT.items()}
_COLOUR = re.compile("|".join(_VARIABLES))
_LOOK = "stroke-linejoin: round; stroke-linecap: butt; font-family: 'DejaVu Sans', sans-serif"
_USED = re.compile(r'(?:href="|url\()#([^")]+)')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has none
_FONT = re.compile(r"font-family: [^;]*; ?")  # of every text; the picture says it once
_NUMBER = re.compile(r"(\d+\.\d{2})\d+")


def inline(figure: "Figure", label: str, *, name: str) -> str:
    """A figure as SVG to stand in HTML: no other file, light or dark with the page.

    Args:
        figure: `matplotlib.figure.Figure`.
        label: what a screen reader says.
        name: of the picture, a word that no other one on the page has.

    Returns:
        HTML, str.

    Example:
        >>> from matplotlib.figure import Figure
        >>> html = inline(Figure(figsize=(2, 1)), "an empty figure", name="v0")
        >>> html.startswith("<svg"), 'aria-label="an empty figure"' in html
        (True, True)
    """
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # the browser has other fonts
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.getvalue()))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    used = set(_USED.findall(text.getvalue()))
    for element in root.iter():
        element.tag, element.tail = element.tag.rpartition("}")[2], ""
        given = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if given.get("id") not in used:
            given.pop("id", None)
        element.attrib = {key: _own(key, value, name) for key, value in given.items()}
        if element.tag != "text":
            element.text = ""
    width = float(root.get("width").removesuffix("pt")) / 72 * 96
    root.attrib = {
        "viewBox": root.get("viewBox"),
        "role": "img",
        "aria-label": label,
        "style": f"max-width: {width:.0f}px; {_LOOK}",
    }
    return ElementTree.tostring(root, encoding="unicode")


def figure_html(figure: "Figure", label: str, *, name: str) -> str:
    """A figure with its caption, wide enough to be read on a narrow screen.

    Args:
        figure, name: as in `inline`.
        label: the caption, and what a screen reader says.

    Example:
        >>> from matplotlib.figure import Figure
        >>> html = figure_html(Figure(figsize=(2, 1)), "An empty figure", name="v0")
        >>> html.endswith("<figcaption>An empty figure.</figcaption></figure>")
        True
    """
    return (
        f'<figure><div class="scroll">{inline(figure, label, name=name)}</div>'
        f"<figcaption>{escape(label)}.</figcaption></figure>"
    )


def _own(key, value, name):
    """An attribute with the page's colours, short numbers, and names of this picture only."""
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    if key in ("d", "x", "y", "transform"):
        return " ".join(_NUMBER.sub(r"\1", value).split())
    value = value.replace("url(#", f"url(#{name}-")
    if key == "style":
        value = _COLOUR.sub(lambda match: _VARIABLES[match[0]], _FONT.sub("", value))
    return value
