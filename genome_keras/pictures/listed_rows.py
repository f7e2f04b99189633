"""The rows that a list of effects has room for: those with the largest, however many pass."""

from collections.abc import Sequence
from typing import Any

import numpy as np

LISTED = 10_000  # rows in the list, at most
NUMBERS = 2_000_000  # effects in the list, at most: rows x tasks


class ListedRows:
    """The rows with the largest effects, in the order in which they came.

    Args:
        most: rows, at most.
        numbers: effects of all of them, at most.

    Attributes:
        left_out: how many have no place in the list.
        largest_left_out: the largest absolute effect among those; 0 where there is none.

    Example:
        >>> listed = ListedRows(most=2, numbers=100)
        >>> effects = np.array([[0.3], [-0.1], [0.2]])
        >>> listed.add(["A>C", "A>G", "A>T"], effects, np.abs(effects).max(1))
        >>> listed.rows, listed.left_out
        (['A>C', 'A>T'], 1)
    """

    def __init__(self, most: int = LISTED, numbers: int = NUMBERS) -> None:
        self._most, self._numbers = most, numbers
        self._rows, self._effects, self._sizes = [], [], []
        self.left_out, self.largest_left_out = 0, 0.0

    def add(self, rows: Sequence[Any], effects: np.ndarray, sizes: np.ndarray) -> None:
        """Takes rows.

        Args:
            rows: n of anything.
            effects: float (n, tasks).
            sizes: float (n,), the largest absolute effect of each.
        """
        if not len(rows):
            return
        self._rows += rows
        self._effects.append(np.asarray(effects, np.float32))
        self._sizes.append(sizes)
        if len(self._rows) > 2 * self._room():
            self._prune()

    @property
    def rows(self) -> list[Any]:
        """Those that are listed."""
        self._prune()
        return self._rows

    @property
    def effects(self) -> np.ndarray:
        """float32 (listed, tasks)."""
        self._prune()
        return self._effects[0] if self._effects else np.empty((0, 0), np.float32)

    def _room(self):
        return max(1, min(self._most, self._numbers // max(1, self._effects[0].shape[1])))

    def _prune(self):
        if not self._effects:
            return
        effects, sizes = np.concatenate(self._effects), np.concatenate(self._sizes)
        order = np.argsort(-sizes, kind="stable")
        kept, lost = np.sort(order[: self._room()]), order[self._room() :]
        if len(lost):
            self.left_out += len(lost)
            self.largest_left_out = max(self.largest_left_out, float(sizes[lost[0]]))
            self._rows = [self._rows[i] for i in kept]
            effects, sizes = effects[kept], sizes[kept]
        self._effects, self._sizes = [effects], [sizes]
