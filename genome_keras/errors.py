"""Errors a user can cause; each message is one line that says what to change."""

import os

_LONGEST = 1_500  # letters of a message


class GenomeKerasError(Exception):
    """Base of the errors below; the command line prints it and exits with status 1.

    Example:
        >>> try:
        ...     raise WeightsError("no checkpoint 'x'")
        ... except GenomeKerasError as error:
        ...     print(error)
        no checkpoint 'x'
    """

    def __str__(self) -> str:
        text = super().__str__()  # a name in a file may be as long as the file
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


class SequenceError(GenomeKerasError, ValueError):
    """A sequence that cannot be encoded: a foreign letter, or lengths that differ.

    Example:
        >>> from genome_keras.encode import tokens
        >>> try:
        ...     tokens(["ACG", "AC"])
        ... except SequenceError as error:
        ...     print(error)
        sequences must have one length: record 0 has 3 letters, record 1 has 2
    """


class FormatError(GenomeKerasError, ValueError):
    """A malformed file.

    Args:
        path: the file; "-" is standard input.
        line: 1-based line number, or None where a line means nothing.
        problem: what was expected and what came.

    Example:
        >>> print(FormatError("peaks.bed", 7, "expected at least 3 columns, got 2"))
        peaks.bed:7: expected at least 3 columns, got 2
    """

    def __init__(self, path: str | os.PathLike, line: int | None, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {problem}")

    def __reduce__(self):
        return type(self), (self.path, self.line, self.problem)


class WeightsError(GenomeKerasError, ValueError):
    """A checkpoint that is unknown, missing, damaged or of another architecture.

    Example:
        >>> from genome_keras.weights import find
        >>> try:
        ...     find("x.weights.h5")
        ... except WeightsError as error:
        ...     print(error)
        x.weights.h5: no such file
    """


def printable(text: str, *, keep: str = "") -> str:
    """A text in which what is no letter, sign or space is escaped.

    What a stranger wrote (a card, a server's answer, a name in a file) may otherwise move
    the cursor of a terminal, or change what stands there.

    Args:
        text: of anybody.
        keep: characters that stay as they are, such as newlines.

    Returns:
        The same text where nothing had to be escaped.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)
