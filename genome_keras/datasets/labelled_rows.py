"""The rows of labelled sequences in CSV, TSV and FASTA, as text; see `labelled`."""

import csv
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from genome_keras.errors import FormatError, printable
from genome_keras.io import fasta
from genome_keras.io.lines import rows

TABLES, FASTA = (".csv", ".tsv", ".tab", ".txt"), (".fa", ".fasta", ".fna")
# What a known column is called -> what it is; the others that are known are not looked at.
KNOWN = {"sequence": "sequence", "seq": "sequence", "split": "split", "source": "source"}
KNOWN |= {"chrom": "chrom", "chr": "chrom", "start": "start"}
LEFT = ("", "end", "strand", "name", "id")


class Row(NamedTuple):
    """One labelled sequence, as text.

    Attributes:
        line: of the file, 1-based.
        values: "sequence", "split" and the like -> text.
        labels: task -> text.

    Example:
        >>> Row(2, {"sequence": "ACGT"}, {"CTCF": "1"}).labels["CTCF"]
        '1'
    """

    line: int
    values: dict[str, str]
    labels: dict[str, str]


def rows_of(path: str | os.PathLike, labels: Sequence[str] | None = None) -> Iterator[Row]:
    """Reads FASTA where the name of the file says so, and else CSV or TSV.

    Args:
        path: plain or gzip.
        labels: of a table, the columns that are labels; None takes all that are not known.

    Raises:
        FormatError: no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".fa") as file:
        ...     _ = file.write(">a split=train CTCF=1\\nACGT\\n")
        ...     file.flush()
        ...     print(*rows_of(file.name))
        Row(line=2, values={'sequence': 'ACGT', 'split': 'train'}, labels={'CTCF': '1'})
    """
    return _records(path) if is_fasta(path) else _table(path, labels)


def is_fasta(path: str | os.PathLike) -> bool:
    """Whether a file is FASTA by its name.

    Example:
        >>> is_fasta("peaks.fa.gz"), is_fasta("peaks.csv")
        (True, False)
    """
    return os.fspath(path).lower().removesuffix(".gz").endswith(FASTA)


def _table(path, labels) -> Iterator[Row]:
    """The rows of CSV or TSV; a tab in the header makes it TSV."""
    lines = rows(path, "CSV or TSV")
    first = next(lines, None)
    if first is None:
        raise FormatError(path, None, "empty; expected a header with a column 'sequence'")
    tab = "\t" if "\t" in first[1] else ","
    columns = [name.strip() for name in _fields(first[1], tab)]
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise FormatError(path, 1, f"two columns {twice[0]!r}")
    if missing := [name for name in labels or () if name not in columns]:
        listed = printable(", ".join(columns))
        raise FormatError(path, 1, f"no column of labels {missing[0]!r}; it has {listed}")
    kinds = ["label" if labels and name in labels else _kind(name, labels) for name in columns]
    if kinds.count("sequence") != 1:
        listed = printable(", ".join(columns))[:200]
        raise FormatError(path, 1, f"expected one column 'sequence'; it has {listed}")
    for number, line in lines:
        if not line.strip():
            continue
        fields = _fields(line, tab)
        if len(fields) != len(columns):
            problem = f"expected {len(columns)} columns as in the header, got {len(fields)}"
            raise FormatError(path, number, problem)
        told = list(zip(columns, kinds, map(str.strip, fields), strict=True))
        values = {kind: text for _, kind, text in told if kind not in (None, "label")}
        yield Row(number, values, {name: text for name, kind, text in told if kind == "label"})


def _fields(line, tab):
    return next(csv.reader([line], delimiter=tab)) if '"' in line else line.split(tab)


def _kind(name, labels):
    """What a column is: a known one, "label", or None where it is not looked at."""
    name = name.lower()
    if name in KNOWN:
        return KNOWN[name]
    return None if name in LEFT or labels else "label"


def _records(path) -> Iterator[Row]:
    """The records of FASTA, with what their headers say."""
    letters, line = [], None
    for piece in fasta.chunks(path):
        line = piece.line if line is None else line
        letters.append(piece.letters)
        if not piece.last:
            continue
        values, labels = {"sequence": b"".join(letters).decode("ascii")}, {}
        for word in piece.header.decode("utf-8", "replace").split()[1:]:
            name, equals, text = word.rpartition("=")
            kind = _kind(name, None) if equals else None
            if kind == "label":
                labels[name] = text
            elif kind is not None:
                values[kind] = text
        yield Row(line, values, labels)
        letters, line = [], None
