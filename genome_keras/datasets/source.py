"""What every set of labelled windows can do, in memory or on disk."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from genome_keras.windows import centre

__all__ = ["Source", "centre", "checked_labels", "spans"]

STEP = 16_384  # examples whose labels are in memory at once to count them
WHOLE = 1 << 30  # bytes of examples that are all read to know them again
STRETCHES, STRETCH = 64, 256  # of more, and examples in each


class Source(ABC):
    """Labelled windows that are read a range at a time.

    Several threads may read at once; a copy in another process (forked or pickled)
    opens its files anew.

    Attributes:
        window: bp.
        tasks: names of the tasks.
        chunk: examples that are cheap to read together, those from a multiple of
            `chunk` up to the next one.
        group: this many examples in a row belong together: 2 where each window is
            followed by its reverse complement, else 1.
        in_memory: reading copies nothing.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> labels = np.array([[1], [0], [0], [-1]], np.int8)
        >>> source: Source = Examples(np.zeros((4, 8), np.uint8), labels, np.full(4, ""), ["CTCF"])
        >>> [counts.tolist() for counts in source.label_counts], source.positive_rates.tolist()
        ([[1], [3]], [0.375])
    """

    group = 1
    in_memory = False

    @abstractmethod
    def __len__(self) -> int:
        """Number of examples."""

    @abstractmethod
    def read_codes(self, start: int, stop: int) -> np.ndarray:
        """uint8 (stop - start, window): A 0, C 1, G 2, T 3, N 4."""

    @abstractmethod
    def read_labels(self, start: int, stop: int) -> np.ndarray:
        """int8 (stop - start, tasks): 0, 1, and -1 for "not measured"."""

    @cached_property
    def label_counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Labels 1, and labels 0 and 1, of each task: int64 (tasks,); one pass over them."""
        step = len(self) or 1
        if not self.in_memory:
            step = -(-STEP // self.chunk) * self.chunk
        positives = measured = np.zeros(len(self.tasks), np.int64)
        for start in range(0, len(self), step):
            labels = self.read_labels(start, min(start + step, len(self)))
            positives = positives + (labels == 1).sum(0)
            measured = measured + (labels >= 0).sum(0)
        return positives, measured

    def fingerprint(self) -> str:
        """SHA-256 of the examples: of all, or of 64 stretches where they have over 1 GiB.

        The same in memory and on disk.
        """
        whole = len(self) * (self.window + len(self.tasks)) <= WHOLE
        step = STEP if whole else STRETCH
        starts = range(0, len(self), step if whole else len(self) // STRETCHES)
        digest = hashlib.sha256(repr((len(self), self.window, list(self.tasks))).encode())
        for start in starts:
            stop = min(start + step, len(self))
            for part in (self.read_codes(start, stop), self.read_labels(start, stop)):
                digest.update(np.ascontiguousarray(part))
        return digest.hexdigest()

    @cached_property
    def positive_rates(self) -> np.ndarray:
        """As `genome_keras.scores.positive_rates`, float64 (tasks,)."""
        positives, measured = self.label_counts
        return (positives + 0.5) / (measured + 1)


def checked_labels(labels: np.ndarray) -> bool:
    """Whether all labels are 0, 1 or -1.

    Example:
        >>> checked_labels(np.array([[0, 1], [-1, 0]])), checked_labels(np.array([[2]]))
        (True, False)
    """
    return not labels.size or bool(labels.min() >= -1 and labels.max() <= 1)


def spans(rows: np.ndarray, size: int) -> Iterator[tuple[int, int, slice]]:
    """Splits rising row numbers by the blocks of `size` rows they lie in.

    Args:
        rows: int64 (n,), rising.
        size: rows of a block.

    Yields:
        (first, last, part): the slice `part` of `rows` lies in rows first to last - 1,
        all of one block.

    Example:
        >>> [(first, last, part.stop) for first, last, part in spans(np.array([1, 3, 4, 9]), 4)]
        [(1, 4, 2), (4, 5, 3), (9, 10, 4)]
    """
    cuts = np.flatnonzero(np.diff(rows // size)) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        if stop > start:
            yield int(rows[start]), int(rows[stop - 1]) + 1, slice(int(start), int(stop))
