"""Places on one contig as sorted arrays: their union, bases inside, bins they touch."""

import numpy as np
from numpy.typing import ArrayLike


class MergedPlaces:
    """The union of places: sorted, and no two of them touch.

    Args:
        starts, ends: integers (n,), 0-based and half-open, in any order; they may overlap.

    Attributes:
        starts, ends: int64 (m,), of the union.

    Example:
        >>> merged = MergedPlaces([10, 0, 15], [20, 5, 30])
        >>> merged.starts.tolist(), merged.ends.tolist()
        ([0, 10], [5, 30])
        >>> merged.count(np.array([0]), np.array([12])).tolist(), merged.bins(10).tolist()
        ([7], [0, 1, 2])
    """

    def __init__(self, starts: ArrayLike, ends: ArrayLike) -> None:
        starts, ends = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        begins = np.ones(len(starts), bool)
        begins[1:] = starts[1:] > ends[:-1]
        self.starts = starts[begins]
        self.ends = ends[np.append(begins[1:], True)] if len(ends) else ends
        self._sums = np.append(0, np.cumsum(self.ends - self.starts))

    def __len__(self) -> int:
        return len(self.starts)

    def count(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Positions of the union inside each of some places.

        Args:
            starts, ends: int64 (k,), 0-based and half-open.

        Returns:
            int64 (k,).
        """
        return self._before(ends) - self._before(starts)

    def holds(self, positions: np.ndarray) -> np.ndarray:
        """Whether each position is in the union, bool (k,)."""
        at = np.searchsorted(self.starts, positions, "right")
        return (at > 0) & (np.append(0, self.ends)[at] > positions)

    def bins(self, size: int) -> np.ndarray:
        """Numbers of the bins of `size` bp that share a base with the union, int64, sorted."""
        return np.unique(ranges(self.starts // size, (self.ends - 1) // size + 1))

    def _before(self, positions):
        at = np.searchsorted(self.starts, positions)
        past = np.maximum(np.append(0, self.ends)[at] - positions, 0)
        return self._sums[at] - np.where(at > 0, past, 0)


def ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The integers of several ranges, one range after the other.

    Args:
        starts, ends: int64 (n,); a range whose end is not above its start has none.

    Returns:
        int64 array.

    Example:
        >>> ranges(np.array([0, 10, 7]), np.array([2, 13, 7])).tolist()
        [0, 1, 10, 11, 12]
    """
    sizes = np.maximum(ends - starts, 0)
    shifts = starts - (np.cumsum(sizes) - sizes)
    return np.arange(sizes.sum()) + np.repeat(shifts, sizes)
