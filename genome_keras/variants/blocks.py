"""Variants, many at once: windows of both alleles, each window once, and what cannot be shown."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from genome_keras.arguments import at_least
from genome_keras.encode import FOREIGN, translate
from genome_keras.genome import Variant
from genome_keras.io.reference import Genome
from genome_keras.io.vcf_alleles import Malformed
from genome_keras.windows import alleles

SCORED, NOT_FINITE = "ok", "not_finite"
STATUS = {
    SCORED: "scored",
    "ref_mismatch": "the genome has other letters than REF",
    "no_contig": "the genome has no such contig",
    "outside": "REF is not inside its contig",
    "star": "ALT is *, deleted by another variant",
    "no_alt": "ALT is ., not observed",
    "symbolic": "ALT is named and not spelled: <DEL>, a breakend",
    "malformed": "the record is not as VCF has it",
    "foreign_letter": "a letter of the window is none of A, C, G, T, N; see unknown",
    NOT_FINITE: "the model's score is not a finite number",
}
BLOCK = 2048  # windows of a block, the unit of resuming
LETTERS = 2**26  # of a block: of long windows there are fewer


class Block(NamedTuple):
    """Neighbouring alleles and their windows, each window once.

    An allele that cannot be shown, or whose `ref` is not what the genome has, has no
    window and a status that says so.

    Attributes:
        lines, variants, status: n of each.
        ref, alt: int64 (n,), rows of `codes`; -1 where there is no window.
        codes: uint8 (windows, window).

    Example:
        >>> from genome_keras.io.reference import open_genome
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTACGT", sep="\\n", file=file)
        ...     with open_genome(f"{folder}/genome.fa") as genome:
        ...         (block,) = blocks([(1, Variant("chr1", 5, "A", "C"))], genome, window=4)
        >>> block.status, block.codes.tolist()
        (['ok'], [[2, 3, 0, 1], [2, 3, 1, 1]])
        >>> block.ref.tolist(), block.alt.tolist()  # rows of the codes
        ([0], [1])
    """

    lines: list
    variants: list[Variant]
    status: list[str]
    ref: np.ndarray
    alt: np.ndarray
    codes: np.ndarray


def blocks(
    lines: Iterable[tuple[Any, Variant]],
    genome: Genome,
    *,
    window: int,
    size: int = BLOCK,
    unknown: str | None = None,
) -> Iterator[Block]:
    """Groups alleles whose windows are scored together.

    Args:
        lines: (line, `Variant`) pairs, as `genome_keras.io.vcf.read` yields them.
        genome: an open `genome_keras.io.reference.Genome`.
        window: bp; windows lie as `genome_keras.windows.alleles` has them.
        size: windows, and alleles, of a block at most; of windows longer than 32,768 bp
            fewer, so that a block has 64 million letters.
        unknown: "N" reads letters other than A, C, G, T, N as N; with None, windows that
            have one are not scored.

    Yields:
        `Block`, in the order of `lines`.

    Example:
        >>> from genome_keras.io.reference import open_genome
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTACGT", sep="\\n", file=file)
        ...     lines = [(1, Variant("chr1", 5, "A", "C")), (2, Variant("chr1", 5, "G", "C"))]
        ...     with open_genome(f"{folder}/genome.fa") as genome:
        ...         [block.status for block in blocks(lines, genome, window=4)]
        [['ok', 'ref_mismatch']]
    """
    at_least(2, block_size=size)
    size = min(size, max(2, LETTERS // window))
    translate(b"", unknown=unknown)
    row_of, held = {}, []  # window -> its row

    def block():
        codes, _ = translate("".join(row_of).encode("ascii", "replace"), unknown=unknown)
        codes = codes.reshape(len(row_of), window)
        foreign = (codes == FOREIGN).any(1)
        numbers, variants, status, ref, alt = (list(column) for column in zip(*held, strict=True))
        ref, alt = np.array(ref), np.array(alt)
        known = np.flatnonzero(ref >= 0)
        lost = known[foreign[ref[known]] | foreign[alt[known]]]
        for i in lost.tolist():
            status[i] = "foreign_letter"
        ref[lost] = alt[lost] = -1
        codes[foreign] = 4  # scored with the others, and nobody looks
        return Block(numbers, variants, status, ref, alt, codes)

    for line, variant in lines:
        status, ref, alt = _seen(variant, genome, window)
        if status == SCORED:
            rows = [row_of.setdefault(seq, len(row_of)) for seq in (ref, alt)]
        else:
            rows = [-1, -1]
        held.append((line, variant, status, *rows))
        if len(row_of) + 2 > size or len(held) >= size:
            yield block()
            row_of, held = {}, []
    if held:
        yield block()


def without_lost(block: Block, effects: np.ndarray) -> Block:
    """The block with the status "not_finite" for alleles whose effects are not finite.

    Args:
        block: as `blocks` gives it.
        effects: float (n, tasks), NaN where there are none.

    Example:
        >>> variants, alike = [Variant("chr1", 5, "A", "C")], np.zeros((2, 4), np.uint8)
        >>> block = Block([1], variants, ["ok"], np.zeros(1, int), np.ones(1, int), alike)
        >>> without_lost(block, np.array([[np.nan, 0.5]])).status
        ['not_finite']
    """
    lost = (block.ref >= 0) & np.isnan(effects).any(1)
    if not lost.any():
        return block
    status = [NOT_FINITE if gone else word for word, gone in zip(block.status, lost, strict=True)]
    none = np.where(lost, -1, [block.ref, block.alt])
    return block._replace(status=status, ref=none[0], alt=none[1])


def _seen(variant, genome, window):
    """Status of an allele, and its two windows where that is "ok"."""
    if isinstance(variant, Malformed):
        return "malformed", "", ""
    if not variant.is_sequence:
        named = "star" if variant.is_star else "no_alt" if variant.is_missing else "symbolic"
        return named, "", ""
    if variant.contig not in genome.contigs:
        return "no_contig", "", ""
    if variant.start < 0 or variant.end > genome.contigs[variant.contig]:
        return "outside", "", ""
    ref, alt, matches = alleles(variant, genome, window=window)
    return (SCORED if matches else "ref_mismatch"), ref, alt
