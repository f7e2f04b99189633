"""bigWig: tracks of numbers along a genome, for genome browsers."""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic

SUFFIXES = (".bw", ".bigwig")
LONGEST = 2**32 - 1  # bp of a contig, what the format holds
LARGEST = float(np.finfo(np.float32).max)
ROOM = 64  # bytes of disk asked for a value, with its share of the summaries
SPARE = 1 << 20  # bytes for the header


@contextmanager
def open_bigwig(path: str | os.PathLike, contigs: Mapping[str, int]) -> Iterator["_Track"]:
    """Opens a bigWig file; it is there, whole, when the block succeeds.

    pyBigWig never comes back from a full disk: so there must be room for 64 bytes a value,
    several times what it takes in the end.

    Args:
        path: the file; an existing one is replaced.
        contigs: mapping name -> length, bp, as `Genome.contigs`, in the order in which
            their values will come.

    Yields:
        An object with `write(contig, starts, ends, values)`: places of one contig,
        integers (n,), 0-based and half-open, sorted and not overlapping, after all that
        came before; and a number for each, (n,), which becomes float32. NaN leaves the
        place out.

    Raises:
        GenomeKerasError: pyBigWig is missing, or the file cannot be written; before the
            block runs.
        ValueError: no contigs, or longer ones than the format holds; places and values
            that are not as above.
        OSError: the disk is full; no file is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pyBigWig
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.bw")
        ...     with open_bigwig(path, {"chr1": 1000}) as track:
        ...         track.write("chr1", [0, 10], [10, 20], [0.5, 0.25])
        ...     with pyBigWig.open(str(path)) as file:
        ...         print(file.intervals("chr1"))
        ((0, 10, 0.5), (10, 20, 0.25))
    """
    library = _pybigwig()
    contigs = {name: int(length) for name, length in contigs.items()}
    if not contigs or not all(0 < length <= LONGEST for length in contigs.values()):
        raise ValueError(f"expected contigs of 1 to {LONGEST} bp. Received: {contigs!r:.100}")
    with atomic(path) as temporary:
        _check_room(temporary, 0)
        with closing(library.open(str(temporary), "w")) as file:
            file.addHeader(list(contigs.items()))
            yield _Track(file, temporary, contigs)


class _Track:
    def __init__(self, file, path, contigs):
        self.file, self.path, self.contigs = file, path, contigs
        self.order = {name: number for number, name in enumerate(contigs)}
        self.contig, self.end, self.values = None, 0, 0

    def write(self, contig, starts, ends, values):
        starts, ends, values = _checked(starts, ends, values)
        if contig not in self.contigs:
            raise ValueError(f"expected a contig of the file. Received: {contig!r}")
        if self.contig is not None and self.order[contig] < self.order[self.contig]:
            raise ValueError(
                f"expected contigs in the order of the file. Received: {contig!r} after "
                f"{self.contig!r}"
            )
        if not len(starts):
            return
        after = self.end if contig == self.contig else 0
        if starts[0] < after or (starts >= ends).any() or (starts[1:] < ends[:-1]).any():
            raise ValueError(
                f"expected places of {contig!r} from {after} on, of at least one base, sorted and "
                "not overlapping"
            )
        if ends[-1] > self.contigs[contig]:
            raise ValueError(
                f"expected places within the {self.contigs[contig]} bp of {contig!r}. "
                f"Received: an end of {ends[-1]}"
            )
        self.contig, self.end = contig, int(ends[-1])
        known = ~np.isnan(values)
        if known.any():
            self.values += int(known.sum())
            _check_room(self.path, self.values)
            names = np.full(int(known.sum()), contig)
            self.file.addEntries(names, starts[known], ends=ends[known], values=values[known])


def _checked(starts, ends, values):
    starts, ends = np.asarray(starts), np.asarray(ends)
    values = np.asarray(values, np.float64)
    if not starts.shape == ends.shape == values.shape or starts.ndim != 1:
        raise ValueError(
            "expected starts, ends and values (n,). "
            f"Received: {starts.shape}, {ends.shape} and {values.shape}"
        )
    if len(starts) and not starts.dtype.kind == ends.dtype.kind == "i":
        raise ValueError(f"expected integers. Received: {starts.dtype} and {ends.dtype}")
    if (np.abs(values) > LARGEST).any():
        raise ValueError("expected values of float32 or NaN. Received: a larger one")
    return starts.astype(np.int64), ends.astype(np.int64), values


def _check_room(path, values):
    if shutil.disk_usage(path.parent).free < SPARE + ROOM * values:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _pybigwig():
    try:
        import pyBigWig
    except ImportError as error:
        raise GenomeKerasError(
            'bigWig needs pyBigWig: pip install "genome_keras[bigwig]"'
        ) from error
    return pyBigWig
