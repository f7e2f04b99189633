"""Windows of one length: along records, around places, and of a variant's two alleles."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from genome_keras.arguments import at_least_one, one_of
from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import SequenceError
from genome_keras.genome import Interval, Variant

ON_SHORT = ("error", "pad", "skip")
# What REF has where the genome has a letter of several bases: the first of them (VCF 4.3, 1.6.1).
IN_REF = str.maketrans("RYSWKMBDHV", "ACCAGACAAA")
SHORT_IS_ERROR = (
    "on_short (--on-short) is 'error'; accepted are 'pad' (N on both sides), 'skip' and 'error'; "
    "or take a checkpoint (--weights) of a shorter window"
)


class _Genome(Protocol):
    """What windows need of `genome_keras.io.reference.Genome`."""

    def fetch(self, place: Any) -> str: ...

    def length(self, contig: str) -> int: ...


class _Piece(Protocol):
    """What windows need of `genome_keras.io.fasta.Piece`."""

    name: str
    letters: bytes
    last: bool


class Batch(NamedTuple):
    """Windows of one or several records.

    Attributes:
        names: n names of records, or contigs.
        starts, ends: int64 (n,), 0-based, half-open, in the record.
        codes: uint8 (n, window), A 0, C 1, G 2, T 3, N 4.

    Example:
        >>> from genome_keras.io.fasta import Piece
        >>> batch = next(iter(Slider([Piece("seq1", 1, b"ACGTA", True)], window=4)))
        >>> batch.names, batch.starts.tolist(), batch.ends.tolist(), batch.codes.tolist()
        (['seq1', 'seq1'], [0, 1], [4, 5], [[0, 1, 2, 3], [1, 2, 3, 0]])
    """

    names: list[str]
    starts: np.ndarray
    ends: np.ndarray
    codes: np.ndarray


class Slider:
    """Batches of windows along records of any length, in memory that does not grow.

    Windows start at 0, stride, 2 * stride... as long as they fit. Where `stride` is at
    most `window` and letters are left over at the end, one more window ends with the
    record, so that every letter is in a window.

    Iterate over it once: it yields `Batch` after `Batch`, across records, all of
    `batch_size` windows but the last.

    Args:
        chunks: pieces of records with `name`, `letters` and `last`, as from
            `genome_keras.io.fasta.chunks`.
        window: length of a window, bp.
        stride: from one start to the next, bp; None is `window`.
        batch_size: windows a batch.
        on_short: what becomes of a record shorter than `window`: "error"; "pad", centred
            between N, one more on the right where they are odd, with start 0 and end its
            length; or "skip". One without letters has nothing to pad, and is left out by both.
        unknown: as in `genome_keras.encode.tokens`.

    Attributes:
        skipped: number of records left out so far.

    Raises:
        SequenceError: a foreign letter, or a short record where it is an error, while
            iterating.
        ValueError: another value of an argument.

    Example:
        >>> from genome_keras.io.fasta import Piece
        >>> pieces = [Piece("seq1", 1, b"ACGT", False), Piece("seq1", 2, b"ACGTAC", True)]
        >>> slider = Slider(pieces, window=4, stride=2, batch_size=3)
        >>> [batch.starts.tolist() for batch in slider]
        [[0, 2, 4], [6]]
    """

    def __init__(
        self,
        chunks: Iterable[_Piece],
        *,
        window: int,
        stride: int | None = None,
        batch_size: int = 256,
        on_short: str = "error",
        unknown: str | None = None,
    ) -> None:
        stride = window if stride is None else stride
        at_least_one(window=window, stride=stride, batch_size=batch_size)
        one_of(on_short=on_short, accepted=ON_SHORT)
        translate(b"", unknown=unknown)
        self.chunks, self.window, self.stride = chunks, window, stride
        self.batch_size, self.on_short, self.unknown = batch_size, on_short, unknown
        self.skipped = 0

    def __iter__(self) -> Iterator[Batch]:
        batch, filled = self._empty(), 0
        for name, starts, ends, rows in self._runs():
            done = 0
            while done < len(rows):
                n = min(len(rows) - done, self.batch_size - filled)
                to, taken = slice(filled, filled + n), slice(done, done + n)
                batch.names.extend([name] * n)
                batch.starts[to], batch.ends[to] = starts[taken], ends[taken]
                batch.codes[to] = rows[taken]
                filled, done = filled + n, done + n
                if filled == self.batch_size:
                    yield batch
                    batch, filled = self._empty(), 0
        if filled:
            yield Batch(batch.names, *(array[:filled] for array in batch[1:]))

    def _empty(self):
        n = self.batch_size
        starts, ends = np.empty((2, n), np.int64)
        return Batch([], starts, ends, np.empty((n, self.window), np.uint8))

    def _runs(self):
        """Yields name, starts, ends and codes (windows, window) of neighbouring windows."""
        window, stride = self.window, self.stride
        held = np.empty(0, np.uint8)  # letters that a window to come may need,
        begin = 0  # the first of them at this position of the record
        following = 0  # start of the next window
        for piece in self.chunks:
            codes = self._codes(piece, begin + len(held))
            held = np.concatenate([held, codes]) if len(held) else codes
            end = begin + len(held)
            if following + window <= end:
                starts = np.arange(following, end - window + 1, stride)
                rows = np.ndarray(  # overlapping rows of `held`, not copied
                    (len(starts), window), np.uint8, held, following - begin, (stride, 1)
                )
                yield piece.name, starts, starts + window, rows
                following = int(starts[-1]) + stride
            if not piece.last:
                keep = max(begin, min(following, end - window))
                held, begin = held[keep - begin :], keep
                continue
            if end < window:
                yield from self._short(piece.name, held)
            elif stride <= window and following - stride + window < end:
                yield piece.name, [end - window], [end], held[None, len(held) - window :]
            held, begin, following = held[:0], 0, 0

    def _short(self, name, codes):
        length, window = len(codes), self.window
        if self.on_short == "error":
            raise SequenceError(
                f"{name}: a record of {length} bp, shorter than the window of {window} bp; "
                + SHORT_IS_ERROR
            )
        if self.on_short == "skip" or not length:
            self.skipped += 1
            return
        row = np.full((1, window), 4, np.uint8)
        left = (window - length) // 2
        row[0, left : left + length] = codes
        yield name, [0], [length], row

    def _codes(self, piece, before):
        codes, foreign = translate(piece.letters, unknown=self.unknown)
        if foreign >= 0:
            letter = chr(piece.letters[foreign])
            raise SequenceError(
                f"{piece.name}: position {before + foreign + 1} (1-based): {letter!r}; {ACCEPTED}"
            )
        return codes


def of_intervals(
    intervals: Iterable[Interval],
    genome: _Genome,
    *,
    window: int,
    batch_size: int = 256,
    unknown: str | None = None,
) -> Iterator[Batch]:
    """Batches of windows, each around the centre of one interval, on the forward strand.

    Args:
        intervals: iterable of `genome_keras.genome.Interval`, in any order; each must lie
            in its contig, while its window may reach outside, where it is N.
        genome: an open `genome_keras.io.reference.Genome`.
        window: length of a window, bp; placed by `Interval.resized`.
        batch_size, unknown: as in `Slider`.

    Returns:
        Iterator of `Batch`, one window an interval, in their order; the name is the
        contig, and starts and ends are the window's, so a start may be below 0.

    Raises:
        SequenceError: an absent contig, an interval outside it, a foreign letter; while
            iterating.
        ValueError: another value of an argument, at once.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras.io.reference import open_genome
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nACGTACGT\\n")
        ...     with open_genome(path) as genome:
        ...         (batch,) = of_intervals([Interval("chr1", 3, 5)], genome, window=4)
        >>> batch.starts.tolist(), batch.codes.tolist()
        ([2], [[2, 3, 0, 1]])
    """
    at_least_one(window=window, batch_size=batch_size)
    translate(b"", unknown=unknown)
    return _around(iter(intervals), genome, window, batch_size, unknown)


def _around(intervals, genome, window, batch_size, unknown):
    while places := list(islice(intervals, batch_size)):
        for place in places:
            _check_inside(genome, place, f"{place.contig}: {place.start} to {place.end} (0-based)")
        places = [place.resized(window) for place in places]
        letters = "".join(map(genome.fetch, places))
        codes, foreign = translate(letters.encode(), unknown=unknown)
        if foreign >= 0:
            row, column = divmod(foreign, window)
            raise SequenceError(
                f"{places[row].contig}: position {places[row].start + column + 1} (1-based): "
                f"{letters[foreign]!r}; {ACCEPTED}"
            )
        starts = np.array([place.start for place in places], np.int64)
        names = [place.contig for place in places]
        yield Batch(names, starts, starts + window, codes.reshape(-1, window))


class AlleleWindows(NamedTuple):
    """Two windows that differ by one variant.

    Attributes:
        ref, alt: str of the window's length, upper case.
        matches: whether the genome has the variant's `ref` at its place.

    Example:
        >>> found = AlleleWindows(ref="AACG", alt="AATG", matches=True)
        >>> [at for at, pair in enumerate(zip(found.ref, found.alt)) if len(set(pair)) > 1]
        [2]
    """

    ref: str
    alt: str
    matches: bool


Alleles = AlleleWindows  # its name until 0.2


def alleles(variant: Variant, genome: _Genome, *, window: int) -> AlleleWindows:
    """Windows with the reference and with the alternative allele of a variant.

    The variant is trimmed first, so padding letters do not change the windows. In both,
    its allele begins at base `window // 2` (0-based), where `Interval.resized` has its
    centre, after the same bases; an insertion or deletion follows VCF's base before it.
    The shorter allele shows more of what follows; what does not fit is cut on the right.

    Both alleles are as the variant writes them, the bases around them the genome's, or N
    outside the contig; `matches` tells whether the genome agrees, or has a letter of several
    bases (R) where `ref` has the first of them (A), as VCF wants it.

    Args:
        variant: a `genome_keras.genome.Variant` whose `alt` is a sequence.
        genome: an open `genome_keras.io.reference.Genome`.
        window: length of both windows, bp.

    Returns:
        `AlleleWindows`.

    Raises:
        SequenceError: an `alt` that is no sequence, an absent contig, a `ref` outside it.
        ValueError: a window below 1.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras.io.reference import open_genome
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nAACGTTTT\\n")
        ...     with open_genome(path) as genome:
        ...         found = alleles(Variant("chr1", 3, "C", "T"), genome, window=4)
        >>> found
        AlleleWindows(ref='AACG', alt='AATG', matches=True)
    """
    at_least_one(window=window)
    where = f"{variant.contig}:{variant.position} (1-based)"
    if not variant.is_sequence:
        raise SequenceError(f"{where}: expected an alt of letters, got {variant.alt!r}")
    _check_inside(genome, variant, where)
    start, end, written = variant.start, variant.end, variant.ref.upper()
    variant = variant.trimmed()
    first, last = variant.start - window // 2, variant.end + window - window // 2
    begin = min(start, first)
    letters = genome.fetch((variant.contig, begin, max(end, last)))  # once, for it costs most
    there = letters[start - begin : end - begin]
    matches = written == there or written == there.translate(IN_REF)
    left = letters[first - begin : variant.start - begin]
    right = letters[variant.end - begin : last - begin]
    ref, alt = ((left + allele.upper() + right)[:window] for allele in (variant.ref, variant.alt))
    return AlleleWindows(ref, alt, matches)


def _check_inside(genome, place, where):
    length = genome.length(place.contig)
    if place.start < 0 or place.end > length:
        raise SequenceError(
            f"{where}: expected a place inside {place.contig!r}, which has {length} bp; "
            "is it of another assembly?"
        )


def centre(stored: int, window: int | None, *, exact: bool = True) -> slice:
    """The slice of `window` bp in the middle of `stored` bp.

    Args:
        stored: bp.
        window: bp; None takes all.
        exact: refuse what has no middle there, an even window of odd bp or the reverse, of
            which the two strands would not have the same bases. Else base `window // 2` of
            the window is base `stored // 2`, as around an interval of BED.

    Raises:
        ValueError: it does not fit, or has no middle there.

    Example:
        >>> centre(1000, 200)
        slice(400, 600, None)
        >>> centre(101, 100, exact=False)
        slice(0, 100, None)
    """
    if window is None:
        return slice(0, stored)
    if not 0 < window <= stored or (exact and (stored - window) % 2):
        kind = f" and {'odd' if stored % 2 else 'even'}" if exact else ""
        raise ValueError(
            f"window must be 1 to {stored}{kind}, to lie in the "
            f"middle of {stored} bp. Received: window={window!r}"
        )
    start = stored // 2 - window // 2
    return slice(start, start + window)
