"""FASTA whose first record tells which checkpoint is the default; nothing of it is lost."""

import os
from collections.abc import Iterator
from typing import Any

from genome_keras.io import fasta
from genome_keras.weights.resolve import DEFAULTS, default_for


class Records:
    """The pieces of a FASTA file, to be gone through once, also after a look at the first record.

    Args:
        path: FASTA, plain or gzip; "-" is standard input. It is opened when it is first read.
        on_short: as in `genome_keras.windows.Slider`; but for "error", a record without
            letters is short and not an error.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGT", ">more", "AC", sep="\\n", file=file)
        ...     records = Records(path)
        ...     records.first_length(1000)
        ...     [piece.letters for piece in records]
        8
        [b'ACGTACGT', b'AC']
    """

    def __init__(self, path: str | os.PathLike, *, on_short: str = "error") -> None:
        self.path = path
        self._seen: list[fasta.Piece] = []  # on the way to the first record's length
        self._pieces = fasta.chunks(path, empty="error" if on_short == "error" else "keep")

    def first_length(self, most: int) -> int:
        """Length of the first record that has letters, bp; 0 where none has.

        Args:
            most: no more of a record is read than this needs, bp; a longer one may have less
                than its length told.

        Raises:
            FormatError: as `genome_keras.io.fasta.chunks`.
        """
        length = 0
        for piece in self._pieces:
            self._seen.append(piece)
            length += len(piece.letters)
            if length >= most or (piece.last and length):
                break
        return length

    def __iter__(self) -> Iterator[fasta.Piece]:
        yield from self._seen
        self._seen = []
        yield from self._pieces

    def close(self) -> None:
        """Closes the file."""
        self._pieces.close()


def with_default(
    weights: object,
    path: Any,
    *,
    genome: object = None,
    on_short: str = "error",
) -> tuple[object, Any]:
    """The weights to use, and what to read in place of `path`.

    Args:
        weights: what a verb was given; None is the default, as
            `genome_keras.weights.resolve.default_for` has it.
        path: FASTA; or with `genome`, places.
        genome: as in `genome_keras.scoring.inputs.windows_of`.
        on_short: of FASTA, as in `genome_keras.windows.Slider`.

    Returns:
        `weights` and `path` as they came; or the name of the default and, of FASTA,
        `Records`, which the functions of `genome_keras.scoring.inputs` take.

    Raises:
        FormatError: not FASTA, where its first record is asked for.

    Example:
        >>> with_default("kmer_logreg.human_chromatin.v1", "seqs.fa")
        ('kmer_logreg.human_chromatin.v1', 'seqs.fa')
        >>> with_default(None, "peaks.bed", genome="genome.fa")
        ('center_context.deepsea919.v3', 'peaks.bed')
    """
    if weights is not None:
        return weights, path
    if genome is not None or path is None:
        return default_for(), path
    records = Records(path, on_short=on_short)
    return default_for(records.first_length(max(DEFAULTS))), records
