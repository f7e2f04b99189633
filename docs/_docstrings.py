"""How the docstrings of this package are written, told to griffe, which reads them."""

import re

import griffe

EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
SOURCE = re.compile(r"^Source: (.*(?:\n +\S.*)*)", re.MULTILINE)


def as_griffe_reads(docstring: str) -> str:
    """`Example:` is a section of griffe's under another name, `Source:` is a paragraph."""
    docstring = EXAMPLE.sub("Examples:", docstring)
    return SOURCE.sub(lambda found: "**Source** " + " ".join(found[1].split()), docstring)


class Docstrings(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj, **_) -> None:
        if obj.docstring:
            obj.docstring.value = as_griffe_reads(obj.docstring.value)
