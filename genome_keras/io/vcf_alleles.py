"""The alleles of a VCF record: variants, or what is written in the place of one."""

import logging
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from genome_keras.genome import Variant

TOLD = 5  # malformed alleles of a file that are told one by one
LONGEST = 100  # letters of a column that are kept of a malformed allele

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_log = logging.getLogger(__name__)


class Malformed(NamedTuple):
    """An allele that is no `genome_keras.genome.Variant`, as the record writes it.

    Attributes:
        contig, ref, alt: text, "." where there is none, and cut with "..." where it is long.
        position: the number of POS, 1-based; None where it has none.
        id: of the variant, or None.
        problem: what is wrong.

    Example:
        >>> (allele,) = alleles(["chr1", "x", ".", "A", "C"])
        >>> allele.problem, allele.start
        ("POS: expected a whole number, 0 or more, got 'x'", -1)
    """

    contig: str
    position: int | None
    ref: str
    alt: str
    id: str | None
    problem: str

    @property
    def start(self) -> int:
        """0-based position of the first base; -1 where it is not known."""
        return -1 if self.position is None else self.position - 1


def alleles(fields: list[str]) -> Iterator[Variant | Malformed]:
    """The alleles of one record.

    Args:
        fields: contig, position, name, reference allele, and alternative alleles parted by
            commas, as text.

    Yields:
        `Variant` or `Malformed`, in their order.

    Example:
        >>> [variant.alt for variant in alleles(["chr1", "10", ".", "A", "C,T"])]
        ['C', 'T']
    """
    contig, position, name, ref, alts = fields
    number = int(position) if _WHOLE.fullmatch(position) else -1
    name = None if name == "." else name
    for alt in alts.split(","):
        try:
            if number < 0:
                raise ValueError(f"POS: expected a whole number, 0 or more, got {position!r:.40}")
            yield Variant(contig, number, ref, alt, name)
        except ValueError as error:
            yield malformed([*fields[:4], alt], str(error))


def malformed(fields: list[str], problem: str) -> Malformed:
    """An allele that is none.

    Args:
        fields: as in `alleles`, or fewer.
        problem: what is wrong.

    Example:
        >>> malformed(["chr1", "10"], "expected 5 columns or more, parted by tabs, got 2")[:5]
        ('chr1', 10, '.', '.', None)
    """
    shown = [_shown(field) or "." for field in fields]
    contig, position, name, ref, alt = [*shown, *["."] * (5 - len(shown))]
    number = int(position) if _WHOLE.fullmatch(position) else None
    return Malformed(contig, number, ref, alt, None if name == "." else name, problem)


def _shown(field):
    if len(field) > LONGEST:
        field = field[:LONGEST] + "..."
    return field if field.isprintable() else ascii(field)[1:-1]


class Teller:
    """Tells the first malformed alleles of a file, each with its line, as warnings.

    Args:
        path: the file.

    Example:
        >>> teller = Teller("x.vcf")
        >>> for line in range(2, 9):  # the first `TOLD` are logged
        ...     teller.tell(line, malformed(["chr1"], "expected 5 columns or more"))
        >>> teller.told
        7
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path, self.told = path, 0

    def tell(self, line: int, allele: Malformed) -> None:
        """Tells one, unless many were told."""
        if self.told < TOLD:
            _log.warning("%s:%d: malformed: %s", self.path, line, allele.problem[:200])
        self.told += 1
