"""A genome for a language model: contigs as codes, and what of them is held out."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import FormatError, SequenceError
from genome_keras.io import fasta


class Contig(NamedTuple):
    """One record of a genome.

    Attributes:
        name: first word of its header.
        codes: uint8 (n,), A 0, C 1, G 2, T 3, N 4.

    Example:
        >>> Contig("chr1", np.array([0, 1, 2, 3], np.uint8)).codes.tolist()
        [0, 1, 2, 3]
    """

    name: str
    codes: np.ndarray


class Part(NamedTuple):
    """A stretch of a contig to learn from or to score.

    Attributes:
        name: of the contig.
        codes: uint8 (n,), from the contig's first base to the stretch's last.
        first: 0-based position of the stretch's first base; what lies before it
            may be read but not scored.

    Example:
        >>> part = Part("chr1", np.array([0, 1, 2, 3], np.uint8), first=2)
        >>> part.codes[part.first :].tolist()  # what is scored
        [2, 3]
    """

    name: str
    codes: np.ndarray
    first: int


def contigs(path: str | os.PathLike, *, unknown: str | None = None) -> Iterator[Contig]:
    """Reads FASTA, one contig at a time.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        unknown: "N" reads letters other than A, C, G, T, N as N; None refuses them.

    Yields:
        `Contig`.

    Raises:
        FormatError: not FASTA.
        SequenceError: a foreign letter.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     [(contig.name, len(contig.codes)) for contig in contigs(f"{folder}/genome.fa")]
        [('chr1', 160), ('chr2', 20)]
    """
    pieces, length = [], 0
    for piece in fasta.chunks(path):
        codes, foreign = translate(piece.letters, unknown=unknown)
        if foreign >= 0:
            letter = chr(piece.letters[foreign])
            place = f"{piece.name}, position {length + foreign} (0-based)"
            raise SequenceError(f"{path}: {place}: {letter!r}; {ACCEPTED}")
        pieces.append(codes)
        length += len(codes)
        if piece.last:
            yield Contig(piece.name, np.concatenate(pieces))
            pieces, length = [], 0


def read_genome(path: str | os.PathLike, *, unknown: str | None = None) -> list[Contig]:
    """All contigs of a FASTA file, whose names must differ.

    Args, Raises: as `contigs`.

    Returns:
        list of `Contig`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     genome = read_genome(f"{folder}/genome.fa")
        >>> genome[1].codes[:4].tolist()
        [0, 1, 2, 3]
    """
    genome, names = [], set()
    for contig in contigs(path, unknown=unknown):
        if contig.name in names:
            raise FormatError(path, None, f"two records are named {contig.name!r}")
        names.add(contig.name)
        genome.append(contig)
    return genome


def split(
    genome: Sequence[Contig], *, hold_out: Sequence[str] = (), tail: float = 0.0
) -> tuple[list[Part], list[Part]]:
    """Parts to learn from, and parts to score.

    Args:
        genome: list of `Contig`.
        hold_out: names of contigs to score and not to learn from.
        tail: fraction of the genome, in the order of the file, to score and not to
            learn from; the cut may fall inside a contig, and the held-out part then
            has the contig's beginning as context. Not together with `hold_out`.

    Returns:
        Two lists of `Part`: training, held out.

    Raises:
        ValueError: an unknown name, both arguments, a tail outside [0, 1), or
            nothing left to learn from.

    Example:
        >>> genome = [Contig("chr1", np.zeros(8, np.uint8)), Contig("chr2", np.zeros(4, np.uint8))]
        >>> training, held_out = split(genome, hold_out=["chr2"])
        >>> [part.name for part in training], [part.name for part in held_out]
        (['chr1'], ['chr2'])
        >>> split(genome[:1], tail=0.25)[1][0].first
        6
    """
    names = {contig.name for contig in genome}
    for name in hold_out:
        if name not in names:
            raise ValueError(f"no contig {name!r} to hold out. There are: {_some(names)}")
    if hold_out and tail:
        raise ValueError("give contigs to hold out, or a tail, not both")
    if not 0 <= tail < 1:
        raise ValueError(f"tail must be a fraction from 0 to below 1. Received: tail={tail!r}")
    left = int(sum(len(contig.codes) for contig in genome) * (1 - tail))
    training, held_out = [], []
    for name, codes in genome:
        cut = 0 if name in hold_out else len(codes)
        if tail:
            cut = min(len(codes), left)
            left -= cut
        if cut:
            training.append(Part(name, codes[:cut], 0))
        if cut < len(codes):
            held_out.append(Part(name, codes, cut))
    if not training:
        raise ValueError("nothing left to learn from: every contig is held out")
    return training, held_out


def _some(names):
    shown = sorted(names)[:8]
    return ", ".join(map(repr, shown)) + (", ..." if len(names) > len(shown) else "")
