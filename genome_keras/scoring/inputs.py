"""Windows to score, from sequences or from places of a genome."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from genome_keras.encode import LETTERS
from genome_keras.genome import Interval
from genome_keras.io import bed
from genome_keras.io.atomic import protected
from genome_keras.io.reference import Genome, open_genome
from genome_keras.scoring.data_frames import intervals_in, is_frame
from genome_keras.scoring.first_record import Records
from genome_keras.windows import Batch, Slider, of_intervals

WINDOWS = 32  # read at a time
BASES = np.array(list(LETTERS))
FIELDS = {"name": str, "start": int, "end": int, "pos": int, "ref": str}  # of `places`

_log = logging.getLogger(__name__)


@contextmanager
def opened_genome(genome: str | os.PathLike | Genome) -> Iterator[Genome]:
    """A genome for a block: of a path it is closed after it, one that is open stays so.

    No file that is written in the block may be the genome.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTACGT", sep="\\n", file=file)
        ...     with opened_genome(path) as genome:
        ...         genome.contigs
        {'chr1': 8}
    """
    if isinstance(genome, Genome):
        with protected([genome.path]):
            yield genome
    else:
        with protected([genome]), open_genome(genome) as letters:
            yield letters


class PlaceBatch(NamedTuple):
    """Windows around places.

    Attributes:
        names, starts, ends: of the places: contigs, int64 (n,), 0-based and half-open.
        codes: uint8 (n, window), of the windows.
        labels, strands: n names and strands of the places, "." where one has none.

    Example:
        >>> places = ["chr1"], np.array([4]), np.array([8])
        >>> batch = PlaceBatch(*places, np.zeros((1, 4), np.uint8), ["peak"], ["+"])
        >>> batch.codes.shape, batch.labels
        ((1, 4), ['peak'])
    """

    names: list[str]
    starts: np.ndarray
    ends: np.ndarray
    codes: np.ndarray
    labels: list[str]
    strands: list[str]


@contextmanager
def along_records(path: str | os.PathLike | Records, **how: Any) -> Iterator[Slider]:
    """Opens FASTA and gives the windows along its records.

    No file that is written in the block may be this one.

    Args:
        path: FASTA, plain or gzip; "-" is standard input; or its records.
        how: arguments of `genome_keras.windows.Slider`. A record without letters is short.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGT", sep="\\n", file=file)
        ...     with along_records(path, window=4, stride=2, batch_size=8) as batches:
        ...         [batch.starts.tolist() for batch in batches]
        [[0, 2, 4]]
    """
    is_begun = isinstance(path, Records)
    records = path if is_begun else Records(path, on_short=how.get("on_short", "error"))
    with protected([records.path]), closing(records):
        yield Slider(records, **how)


@contextmanager
def around_places(
    places: str | os.PathLike | Iterable[Interval | str],
    genome: str | os.PathLike | Genome,
    *,
    on_outside: str = "error",
    **sizes: Any,
) -> Iterator[Iterator[PlaceBatch]]:
    """Gives a window around each place, with the starts and ends of the places.

    Args:
        places: path of BED; `Interval`s, or text such as "chr1:11-20" (1-based); or a
            DataFrame, as in `genome_keras.scoring.data_frames.intervals_in`.
        genome: its path, or open.
        on_outside: of BED, as in `genome_keras.io.bed.read`; what is left out is logged.
        sizes: `window`, `batch_size` and `unknown` of `genome_keras.windows.of_intervals`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTACGTACGT", sep="\\n", file=file)
        ...     peaks = [Interval("chr1", 4, 6)]
        ...     with around_places(peaks, path, window=4, batch_size=8) as batches:
        ...         [(batch.starts.tolist(), batch.codes.tolist()) for batch in batches]
        [([4], [[3, 0, 1, 2]])]
    """
    with opened_genome(genome) as letters, _intervals(places, letters, on_outside) as intervals:
        yield _around(intervals, letters, **sizes)


@contextmanager
def _intervals(places, genome, on_outside):
    if not isinstance(places, str | os.PathLike):
        yield intervals_in(places) if is_frame(places) else map(_interval, places)
        return
    reader = bed.read(places, contigs=genome.contigs, on_outside=on_outside)
    with protected([places]), closing(reader) as intervals:
        yield intervals
    if told := intervals.told():
        _log.info("%s", told)


def _interval(place):
    if isinstance(place, str):
        return Interval.from_region(place)
    if isinstance(place, Interval):
        return place
    raise ValueError(
        "expected genome_keras.Interval values, or text such as 'chr1:11-20' (1-based). "
        f"Received: {place!r:.80}"
    )


def _around(places, genome, **sizes):
    of_intervals([], genome, **sizes)  # arguments are checked before any place is read
    while some := list(islice(places, sizes["batch_size"])):
        starts, ends = np.array([(place.start, place.end) for place in some]).T
        for batch in of_intervals(some, genome, **sizes):
            labels = [place.name or "." for place in some]
            strands = [place.strand or "." for place in some]
            yield PlaceBatch(batch.names, starts, ends, batch.codes, labels, strands)


@contextmanager
def windows_of(
    path: str | os.PathLike | Records | None,
    genome: str | os.PathLike | Genome | None,
    region: str | None,
    *,
    window: int,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    rows: int = WINDOWS,
) -> Iterator["Placed"]:
    """Gives the windows that `write_ism` reads.

    Args:
        path, genome, region, window, on_short, on_outside, unknown: as in `write_ism`.
        rows: windows of a batch, at most.

    Yields:
        `Placed`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTACGTACGT", sep="\\n", file=file)
        ...     with windows_of(None, path, "chr1:5-8", window=4) as windows:
        ...         [batch.codes.tolist() for batch in windows]
        [[[0, 1, 2, 3]]]
    """
    sizes = {"window": window, "batch_size": rows, "unknown": unknown}
    if (path is None) == (region is None) or (region is not None and genome is None):
        given = (("a file", path), ("a genome", genome), ("a region", region))
        received = " and ".join(what for what, value in given if value is not None) or "nothing"
        raise ValueError(
            f"expected FASTA, or a genome with BED or with a region. Received: {received}"
        )
    if genome is None:
        with along_records(path, on_short=on_short, **sizes) as slider:
            yield Placed(slider)
        return
    with opened_genome(genome) as letters:
        places = [Interval.from_region(region)] if path is None else path
        with _intervals(places, letters, on_outside) as intervals:
            yield Placed(of_intervals(intervals, letters, **sizes))


class Placed:
    """Batches of windows, gone through once; starts and ends are those of whole windows.

    The window of a short record begins before it, in N, as one beyond a contig does.

    Args:
        batches: iterable of `genome_keras.windows.Batch`.

    Example:
        >>> from genome_keras import tokens
        >>> batch = Batch(["short"], np.array([0]), np.array([4]), tokens(["NACGTN"]))
        >>> [(each.starts.tolist(), each.ends.tolist()) for each in Placed([batch])]
        [([-1], [5])]
    """

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.batches:
            window = batch.codes.shape[1]
            starts = batch.starts - (window - (batch.ends - batch.starts)) // 2
            yield batch._replace(starts=starts, ends=starts + window)

    def tell_skipped(self) -> None:
        """Logs how many short records were left out, if any."""
        if skipped := getattr(self.batches, "skipped", 0):
            _log.info("left out %d short records", skipped)


def places(batch: Batch, row: np.ndarray, at: np.ndarray) -> list[list]:
    """The columns of `FIELDS`, of letters of windows.

    Args:
        batch: `genome_keras.windows.Batch`.
        row, at: integer (n,), the window, and the place in it from 0.

    Example:
        >>> from genome_keras import tokens
        >>> batch = Batch(["chr1"], np.array([10]), np.array([14]), tokens(["ACGT"]))
        >>> places(batch, np.array([0, 0]), np.array([1, 3]))
        [['chr1', 'chr1'], [10, 10], [14, 14], [12, 14], ['C', 'T']]
    """
    names = [batch.names[i] for i in row.tolist()]
    columns = [names, batch.starts[row].tolist(), batch.ends[row].tolist()]
    return [*columns, (batch.starts[row] + at + 1).tolist(), BASES[batch.codes[row, at]].tolist()]
