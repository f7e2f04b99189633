"""Letters of any place of a genome: FASTA, bgzip FASTA or 2bit."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from genome_keras.errors import FormatError, SequenceError
from genome_keras.genome import Interval
from genome_keras.io import faidx, fasta
from genome_keras.io.bgzf import HEADER, Blocks, is_bgzf
from genome_keras.io.lines import check_regular, opened
from genome_keras.io.two_bit import SIGNATURES, TwoBit

NAMED = 5  # contigs that a message names

_UPPER = bytes(range(256)).upper()


def open_genome(path: str | os.PathLike) -> "Genome":
    """Opens a genome for reading at any place.

    FASTA, plain or bgzip, is read with the index beside it, `path` + ".fai", unless the
    index is older than the file, or the headers do not stand where it says. Otherwise the
    index is made in memory, which reads the whole file once, and nothing is written:
    `samtools faidx` makes one that lasts.

    Args:
        path: a file of FASTA, bgzip FASTA or 2bit, whatever its name. Plain gzip has no
            way to a place but through all before it and is an error.

    Returns:
        `Genome`, which is its own context manager.

    Raises:
        FormatError: the file or its index cannot be read, is damaged or of another format.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nACGTacgt\\n")
        ...     with open_genome(path) as genome:
        ...         print(genome.contigs, genome.fetch(("chr1", 2, 6)))
        {'chr1': 8} GTAC
    """
    check_regular(path)
    try:
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except ValueError as error:  # what mmap makes of no bytes
        raise FormatError(path, None, "empty; expected FASTA or 2bit") from error
    try:
        return Genome(path, _source(path, data), data)
    except BaseException:
        data.close()
        raise


def stream(path: str | os.PathLike) -> Iterator[fasta.Piece]:
    """Reads a genome from its first letter to its last, in pieces.

    Args:
        path: a file of FASTA, plain or gzip (bgzip too), or 2bit.

    Yields:
        `genome_keras.io.fasta.Piece`; those of 2bit have line 0.

    Raises:
        FormatError: as `open_genome` and `genome_keras.io.fasta.chunks`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nACGTacgt\\n")
        ...     print([(piece.name, piece.letters, piece.last) for piece in stream(path)])
        [('chr1', b'ACGTacgt', True)]
    """
    with opened(path) as file:  # once, for it may be a pipe
        if file.peek(4)[:4] not in SIGNATURES:
            yield from fasta.chunks(path, file=file)
            return
    with open_genome(path) as genome:
        for contig, length in genome.contigs.items():
            for start in range(0, length, fasta.PIECE):
                end = min(start + fasta.PIECE, length)
                letters = genome.fetch((contig, start, end)).encode("ascii")
                yield fasta.Piece(contig, 0, letters, end == length)


def _source(path, data):
    head = data[:HEADER]
    if head[:4] in SIGNATURES:
        return TwoBit(path, data)
    if is_bgzf(head):
        return _Fasta(path, Blocks(path, data))
    if head[:2] == b"\x1f\x8b":
        raise FormatError(
            path,
            None,
            "plain gzip cannot be read at any place; decompress it (gunzip), "
            "or compress it with bgzip: gunzip -c x.fa.gz | bgzip > x.bgz.fa.gz; --bgzip on the "
            "command line does it once",
        )
    return _Fasta(path, data)


class Genome:
    """An open genome, from `open_genome`.

    Threads may share one.

    Attributes:
        path: the file.
        contigs: dict name -> length, bp, in the order of the file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nACGTacgt\\n")
        ...     with open_genome(path) as genome:
        ...         print(genome.length("chr1"), genome.fetch(Interval("chr1", -2, 3)))
        8 NNACG
    """

    def __init__(self, path: str | os.PathLike, source: "_Fasta | TwoBit", data: mmap.mmap) -> None:
        self.path, self.contigs = path, source.lengths
        self._source, self._data = source, data

    def fetch(self, place: Interval | tuple[str, int, int], *, pad: bool = True) -> str:
        """Letters of a place on the forward strand, upper case, exactly of its length.

        Lower case, which marks repeats, is not kept. Letters other than A, C, G, T and N
        come as they are in the file.

        Args:
            place: an `Interval`, or (contig, start, end), 0-based and half-open. Its
                strand is not looked at.
            pad: whether positions outside the contig are N; if not, they are an error.

        Returns:
            str.

        Raises:
            SequenceError: no such contig, which is never looked for under another name;
                or a place that reaches outside, without `pad`.
            FormatError: the file is damaged, or does not fit its index.
        """
        if not isinstance(place, Interval):
            place = Interval(*place)
        length = self.length(place.contig)
        start, end = max(place.start, 0), min(place.end, length)
        if not pad and (start, end) != (place.start, place.end):
            raise SequenceError(
                f"{self.path}: {place.start} to {place.end} (0-based, half-open) is outside "
                f"{place.contig!r} of {length} bp"
            )
        if start >= end:
            return "N" * place.length
        letters = self._source.letters(place.contig, start, end)
        return "N" * (start - place.start) + letters + "N" * (place.end - end)

    def length(self, contig: str) -> int:
        """Length of a contig, bp.

        Raises:
            SequenceError: no such contig.
        """
        if contig not in self.contigs:
            first = ", ".join(map(repr, list(self.contigs)[:NAMED]))
            more = ", ..." if len(self.contigs) > NAMED else ""
            raise SequenceError(
                f"{self.path}: no contig {contig!r}; it has {len(self.contigs)}: {first}{more}"
            )
        return self.contigs[contig]

    def close(self) -> None:
        """Closes the file; closing twice is no error."""
        self._data.close()

    def __enter__(self) -> "Genome":
        return self

    def __exit__(self, *_):
        self.close()


class _Fasta:
    """Letters of FASTA, found by counting."""

    def __init__(self, path, data):
        self.path, self.data = path, data
        index = Path(f"{path}.fai")
        self.index = None
        if index.exists() and os.path.getmtime(index) >= os.path.getmtime(path):
            self.index = faidx.read(index)
        if self.index is None or not faidx.fits(self.index, data):
            self.index = faidx.build(path)
        self.lengths = {name: entry.length for name, entry in self.index.items()}

    def letters(self, contig, start, end):
        first, after = self.index[contig].span(start, end)
        letters = self.data[first:after].translate(_UPPER, fasta.BLANKS)
        if len(letters) != end - start or b">" in letters or not letters.isascii():
            raise self._unfit(f"no {end - start} letters at {start} of {contig!r}")
        return letters.decode("ascii")

    def _unfit(self, problem):
        problem = f"does not fit the FASTA: {problem}; remove it, or make it anew"
        return FormatError(f"{self.path}.fai", None, problem)
