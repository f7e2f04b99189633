"""Scores of one task along contigs, as bigWig."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby

import numpy as np

from genome_keras.io.bigwig import open_bigwig


@contextmanager
def open_track(
    out: str | os.PathLike,
    tasks: list[str],
    *,
    contigs: Callable[[], Mapping[str, int]],
    bases: int | None = None,
) -> Iterator["_Track"]:
    """Opens a bigWig for the scores of one task, as a table of `genome_keras.io.tables`.

    Args:
        out: path of the file, as in `genome_keras.io.bigwig.open_bigwig`.
        tasks: the name of the one task.
        contigs: gives names and lengths, bp, in the order in which scores will come.
        bases: so many in the middle of a window have its score, but for those that have one of
            a window before; None is the whole window, and none may overlap.

    Yields:
        An object with `write(names, starts, ends, *columns, scores)`, as a table has: names
        of contigs, places 0-based and half-open, and scores (n, 1). Other columns are left
        out.

    Raises:
        ValueError: more than one task; places that overlap, or are not sorted.
        GenomeKerasError, OSError: as `open_bigwig`.

    Example:
        >>> import tempfile
        >>> import pyBigWig
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open_track(f"{folder}/x.bw", ["CTCF"], contigs=lambda: {"c": 30}) as track:
        ...         starts, ends = np.array([0, 10]), np.array([10, 20])
        ...         track.write(["c", "c"], starts, ends, np.array([[0.5], [0.25]]))
        ...     with pyBigWig.open(f"{folder}/x.bw") as file:
        ...         print(file.intervals("c"))
        ((0, 10, 0.5), (10, 20, 0.25))
    """
    if len(tasks) != 1:
        raise ValueError(
            f"{os.fspath(out)}: a bigWig is for one task, which tasks (--task) chooses. "
            f"Received: {len(tasks)} tasks"
        )
    lengths = dict(contigs())
    with open_bigwig(out, lengths) as file:
        yield _Track(file, lengths, bases)


class _Track:
    def __init__(self, file, lengths, bases):
        self.file, self.lengths, self.bases = file, lengths, bases
        self.last = None, 0  # contig and end of the last window

    def write(self, names, starts, ends, *columns):
        starts, ends = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
        if self.bases is not None:
            starts = starts + (ends - starts - self.bases) // 2
            ends = starts + self.bases
        first, scores = 0, np.asarray(columns[-1])[:, 0]
        for name, same in groupby(names):
            some = slice(first, first + len([*same]))
            first = some.stop
            begin, end = starts[some].clip(0), ends[some].clip(0, self.lengths.get(name, 0))
            if self.bases is None:
                self.file.write(name, begin, end, scores[some])
                continue
            before = self.last[1] if self.last[0] == name else 0
            begin = np.maximum(begin, np.concatenate([[before], end[:-1]]))
            self.last, kept = (name, int(end[-1])), begin < end
            self.file.write(name, begin[kept], end[kept], scores[some][kept])
