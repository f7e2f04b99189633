"""Places, variants and sequences from the rows of a DataFrame, of pandas or another package."""

from collections.abc import Iterator
from typing import Any

from genome_keras.genome import Interval, Variant

_CONTIG = ("chrom", "chromosome", "contig", "chr", "#chrom", "seqnames")
_PLACE = {
    "contig": _CONTIG,
    "start": ("start", "chromstart"),
    "end": ("end", "chromend"),
    "name": ("name",),
    "strand": ("strand",),
}
_VARIANT = {
    "contig": _CONTIG,
    "position": ("pos", "position"),
    "ref": ("ref",),
    "alt": ("alt",),
    "id": ("id",),
}
_SEQUENCE = {"sequence": ("sequence", "seq"), "name": ("name",)}
_OPTIONAL = ("name", "strand", "id")


def is_frame(value: object) -> bool:
    """Whether a value is a DataFrame: rows under named columns.

    Example:
        >>> is_frame(["ACGT"])
        False
    """
    return hasattr(value, "columns") and len(getattr(value, "shape", ())) == 2


def intervals_in(frame: Any) -> Iterator[Interval]:
    """The place of each row.

    Args:
        frame: columns chrom, start and end (0-based, half-open, as in BED), and name and
            strand where they are there; upper case, chromosome and contig are accepted.

    Raises:
        ValueError: no such columns, or a row that is no place.

    Example:
        >>> from pandas import DataFrame
        >>> list(intervals_in(DataFrame({"Chromosome": ["chr1"], "Start": [5], "End": [9]})))
        [Interval(contig='chr1', start=5, end=9, name=None, strand=None)]
    """
    return _rows(frame, _PLACE, Interval)


def variants_in(frame: Any) -> Iterator[Variant]:
    """The variant of each row.

    Args:
        frame: columns chrom, pos (1-based, as in VCF), ref and alt, one allele a row, and id
            where it is there; upper case, chromosome, contig and position are accepted.

    Raises:
        ValueError: no such columns, or a row that is no variant.

    Example:
        >>> from pandas import DataFrame
        >>> table = DataFrame({"CHROM": ["chr1"], "POS": [5], "REF": ["A"], "ALT": ["C"]})
        >>> list(variants_in(table))
        [Variant(contig='chr1', position=5, ref='A', alt='C', id=None)]
    """
    return _rows(frame, _VARIANT, Variant)


def sequences_in(frame: Any) -> tuple[list[str], list[str] | None]:
    """The sequences of the rows, and their names, None where there is no such column.

    Args:
        frame: a column sequence or seq, and name where it is there.

    Raises:
        ValueError: no such column.

    Example:
        >>> from pandas import DataFrame
        >>> sequences_in(DataFrame({"seq": ["ACGT"], "name": ["peak"]}))
        (['ACGT'], ['peak'])
    """
    columns = _columns(frame, _SEQUENCE)
    names = columns.get("name")
    return columns["sequence"], None if names is None else [*map(str, names)]


def _columns(frame, known):
    """Name of a field -> its values, of the fields that are there."""
    there = {str(name).casefold(): name for name in reversed([*frame.columns])}
    columns = {}
    for field, spellings in known.items():
        name = next((there[spelling] for spelling in spellings if spelling in there), None)
        if name is not None:
            columns[field] = list(frame[name])
        elif field not in _OPTIONAL:
            wanted = ", ".join(words[0] for each, words in known.items() if each not in _OPTIONAL)
            got = ", ".join(map(str, frame.columns))
            raise ValueError(f"expected a table with the columns {wanted}. Received: {got:.200}")
    return columns


def _rows(frame, known, make):
    columns = _columns(frame, known)
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        row = {field: _value(field, value) for field, value in zip(columns, values, strict=True)}
        try:
            yield make(**row)
        except (TypeError, ValueError) as error:
            raise ValueError(f"row {number} (from 0): {error}") from error


def _value(field, value):
    """None for what is missing; text for contigs that pandas read as numbers."""
    if value is None or value != value or (field in _OPTIONAL and value == "."):
        return None
    return str(value) if field in ("contig", "name", "id") else value
