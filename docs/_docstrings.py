"""How the docstrings of this package are written, told to griffe, which reads them."""

import re
from functools import partial

import griffe

EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
TOGETHER = re.compile(r"^( +)(\*{0,2}\w+(?:,\s+\*{0,2}\w+)+):( .*(?:\n\1 +\S.*)*)", re.MULTILINE)
ALIKE = re.compile(r"^Raises:\n +(As `.*(?:\n +\S.*)*)", re.MULTILINE)  # what others raise
SOURCE = re.compile(r"^Source: (.*(?:\n +\S.*)*)", re.MULTILINE)


def as_griffe_reads(docstring: str) -> str:
    """`Example:` is a section of griffe's under another name, `Source:` is a paragraph.

    Arguments that are told together, `starts, ends: ...`, are told one by one.
    """
    docstring = EXAMPLE.sub("Examples:", docstring)
    docstring = TOGETHER.sub(_one_by_one, docstring)
    for pattern, title in ((ALIKE, "Raises"), (SOURCE, "Source")):
        docstring = pattern.sub(partial(_paragraph, title), docstring)
    return docstring


def _paragraph(title, found):
    return f"**{title}** {' '.join(found[1].split())}"


def _one_by_one(found):
    indent, names, text = found.groups()
    return "\n".join(f"{indent}{name}:{text}" for name in re.split(r",\s+", names))


class Docstrings(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj, **_) -> None:
        if obj.docstring:
            obj.docstring.value = as_griffe_reads(obj.docstring.value)
