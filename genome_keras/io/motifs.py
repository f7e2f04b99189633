"""Position matrices of motifs: MEME's minimal format, and JASPAR's to read."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.io.lines import rows

_JASPAR_ROW = re.compile(r"([ACGT])\s*\[([^\[\]]*)\]\s*")
_WIDTH = re.compile(r"\bw\s*=\s*(\d{1,9})\b")
_SITES = re.compile(r"\bnsites\s*=\s*(\d{1,18})(?![\d.])")


class Motif(NamedTuple):
    """A motif.

    Attributes:
        name: identifier, and the second name where there is one, such as "MA0139.1 CTCF".
        matrix: float64 (length, 4), probabilities of A, C, G, T; each row sums to 1.
        sites: number of sequences it was made of; None is unknown.

    Example:
        >>> matrix = np.array([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]])
        >>> Motif("M1 ANY_C", matrix, sites=20).matrix.shape
        (2, 4)
    """

    name: str
    matrix: np.ndarray
    sites: int | None = None


def read_motifs(path: str | os.PathLike) -> list[Motif]:
    """Reads the motifs of a file, in MEME's minimal format or JASPAR's.

    JASPAR's counts become probabilities, without pseudocounts; its older form, rows of
    numbers without letters and brackets, is read as A, C, G, T. The rest of a MEME file
    (sites, background, regular expressions) is not looked at.

    Args:
        path: a file, plain or gzip whatever its name; "-" is standard input.

    Returns:
        list of `Motif`, in the order of the file.

    Raises:
        FormatError: neither format, no motif, or a malformed matrix.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.jaspar")
        ...     _ = path.write_text(">MA1 X\\nA [4 0]\\nC [0 1]\\nG [0 1]\\nT [0 2]\\n")
        ...     print(read_motifs(path)[0].matrix.tolist())
        [[1.0, 0.0, 0.0, 0.0], [0.0, 0.25, 0.25, 0.5]]
    """
    lines = ((number, line.strip()) for number, line in rows(path, "motif"))
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise FormatError(path, None, "empty; expected motifs, MEME or JASPAR")
    number, first = lines[0]
    if first.startswith("MEME version"):
        motifs = list(_meme(path, lines))
    elif first.startswith(">"):
        motifs = list(_jaspar(path, lines))
    else:
        raise FormatError(
            path, number, f"expected 'MEME version' or '>' (JASPAR), got {first!r:.40}"
        )
    if not motifs:
        raise FormatError(path, None, "expected at least one motif, got none")
    return motifs


def write_meme(
    path: str | os.PathLike, motifs: Iterable[Motif], *, background: ArrayLike | None = None
) -> None:
    """Writes motifs in MEME's minimal format, as `tomtom` and `read_motifs` read it.

    Probabilities have all their digits: `read_motifs` gives the same float64.

    Args:
        path: the file, whole or not at all; "-" is standard output.
        motifs: of `Motif`; of a name, the first word is MEME's identifier. Without any,
            the file is a header only.
        background: probabilities of A, C, G, T; None is a quarter of each.

    Raises:
        ValueError: two of one identifier, or what is no matrix of probabilities.
        GenomeKerasError: `path` cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.meme")
        ...     write_meme(path, [Motif("MA1 X", np.array([[0.5, 0.25, 0.25, 0.0]]))])
        ...     print([(motif.name, motif.matrix.tolist()) for motif in read_motifs(path)])
        [('MA1 X', [[0.5, 0.25, 0.25, 0.0]])]
    """
    with open_meme(path) as write:
        write(motifs, background=background)


@contextmanager
def open_meme(path: str | os.PathLike) -> Iterator[Callable[..., int]]:
    """Opens a file of motifs before they are known; it is there when the block succeeds.

    Args:
        path: as in `write_meme`.

    Yields:
        A function with the other arguments of `write_meme`, to be called once.

    Example:
        >>> with open_meme("-") as write:  # standard output
        ...     written = write([Motif("MA1", np.array([[0.5, 0.25, 0.25, 0.0]]))])
        MEME version 4
        <BLANKLINE>
        ALPHABET= ACGT
        <BLANKLINE>
        strands: + -
        <BLANKLINE>
        Background letter frequencies
        A 0.25 C 0.25 G 0.25 T 0.25
        <BLANKLINE>
        MOTIF MA1
        letter-probability matrix: alength= 4 w= 1 E= 0
        0.5 0.25 0.25 0.0
    """
    if str(path) == "-":
        yield lambda motifs, *, background=None: sys.stdout.write(_text(motifs, background))
        return
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        yield lambda motifs, *, background=None: file.write(_text(motifs, background))


def _text(motifs, background):
    background = np.full(4, 0.25) if background is None else np.asarray(background, np.float64)
    _check_matrix("background", background[None])
    letters = " ".join(f"{x} {n}" for x, n in zip("ACGT", _plain(background), strict=True))
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    lines += ["Background letter frequencies", letters, ""]
    seen = set()
    for motif in motifs:
        words, matrix = motif.name.split(), np.asarray(motif.matrix, np.float64)
        if not words or words[0] in seen:
            raise ValueError(f"expected motifs with names of their own. Received: {motif.name!r}")
        _check_matrix(motif.name, matrix)
        seen.add(words[0])
        sites = "" if motif.sites is None else f" nsites= {motif.sites}"
        lines += [f"MOTIF {' '.join(words)}"]
        lines += [f"letter-probability matrix: alength= 4 w= {len(matrix)}{sites} E= 0"]
        lines += [" ".join(_plain(row)) for row in matrix] + [""]
    return "\n".join(lines)


def _plain(numbers):
    """The shortest digits that tell a number, never with an exponent."""
    return [np.format_float_positional(number, trim="0") for number in numbers]


def _check_matrix(name, matrix):
    whole = matrix.ndim == 2 and matrix.shape[1:] == (4,) and len(matrix)
    if not whole or not matrix.min() >= 0 or not np.allclose(matrix.sum(1), 1, atol=1e-6):
        raise ValueError(f"{name}: expected probabilities (length, 4), each row of sum 1")


def _meme(path, lines):
    name, at = None, 0
    while at < len(lines):
        number, line = lines[at]
        fields, at = line.split(), at + 1
        if fields[0] == "ALPHABET=" and fields[1:] != ["ACGT"]:
            raise FormatError(path, number, f"expected 'ALPHABET= ACGT', got {line!r:.40}")
        if fields[0] == "MOTIF":
            name = _name(path, number, line.removeprefix("MOTIF"))
        elif line.startswith("letter-probability matrix"):
            if name is None:
                raise FormatError(path, number, "a matrix before any 'MOTIF name'")
            first = at
            while at < len(lines) and _is_number(lines[at][1].split()[0]):
                at += 1
            matrix = [_numbers(path, n, text.split()) for n, text in lines[first:at]]
            width = _WIDTH.search(line)
            if not matrix or (width and int(width[1]) != len(matrix)):
                expected = f"{width[1]} rows (w=)" if width else "rows of numbers"
                raise FormatError(path, number, f"expected {expected}, got {len(matrix)}")
            for (n, _), row in zip(lines[first:at], matrix, strict=True):
                if len(row) != 4 or abs(sum(row) - 1) > 0.02:
                    problem = f"expected four probabilities (A C G T) of sum 1, got {row}"
                    raise FormatError(path, n, problem)
            sites = _SITES.search(line)
            sites = int(sites[1]) if sites else None
            yield _motif(path, number, name, np.array(matrix), sites)


def _jaspar(path, lines):
    begins = [i for i, (_, line) in enumerate(lines) if line.startswith(">")]
    for first, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        number, header = lines[first]
        name = _name(path, number, header[1:])
        columns = [
            _jaspar_row(path, *row, letter)
            for row, letter in zip(lines[first + 1 : end], "ACGT", strict=False)
        ]
        lengths = [len(column) for column in columns]
        if end - first != 5 or len(set(lengths)) != 1:
            problem = f"expected four rows of one length, got {end - first - 1}, lengths {lengths}"
            raise FormatError(path, number, problem)
        yield _motif(path, number, name, np.array(columns).T)


def _jaspar_row(path, number, line, letter):
    bracketed = _JASPAR_ROW.fullmatch(line)
    if bracketed and bracketed[1] != letter:
        problem = f"expected the row of {letter} (order A, C, G, T), got that of {bracketed[1]}"
        raise FormatError(path, number, problem)
    return _numbers(path, number, (bracketed[2] if bracketed else line).split())


def _name(path, number, text):
    if not text.split():
        raise FormatError(path, number, "a motif without a name")
    return " ".join(text.split())


def _motif(path, number, name, matrix, sites=None):
    sums = matrix.sum(1, keepdims=True)
    if not sums.all():
        raise FormatError(path, number, f"motif {name}: a position without any letter")
    rounded = np.abs(sums - 1) > 1e-12  # others are probabilities to the last digit
    return Motif(name, matrix / np.where(rounded, sums, 1), sites)


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(path, number, fields):
    values = [float(field) for field in fields if _is_number(field)]
    if not values or len(values) != len(fields) or not all(0 <= x < float("inf") for x in values):
        problem = f"expected numbers, 0 or more, got {' '.join(fields)!r:.60}"
        raise FormatError(path, number, problem)
    return values
