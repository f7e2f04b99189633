"""Forward passes in batches, with as little filling as the framework allows."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

GRAIN = 8  # sizes of batches from one power of two to the next
SPARE = 10  # a tenth of all rows, at most, fills batches up to a size that is there already


class BatchSizes:
    """Sizes of batches for so many rows.

    Where a framework compiles each size anew, there are few sizes, and a batch is filled up
    to one: to a size that was compiled before, as long as all that was filled is no more
    than a tenth of all rows; or else to the next of `GRAIN` sizes in each power of two, an
    eighth more rows at most. Elsewhere nothing is filled. Rows are shared out evenly, so
    that 301 of at most 256 are two batches of one size.

    Args:
        most: rows of a batch.
        compiled: whether each size is compiled anew.

    Example:
        >>> BatchSizes(256, compiled=True).of(301), BatchSizes(256, compiled=False).of(301)
        (160, 151)
    """

    def __init__(self, most: int, *, compiled: bool) -> None:
        self.most, self.compiled = most, compiled
        self._rows, self._filled, self._known = 0, 0, set()

    def of(self, rows: int) -> int:
        """Rows of each batch for so many rows, at least 1; the last batch may lack some."""
        batches = -(-rows // self.most)
        size = -(-rows // batches)
        if not self.compiled:
            return size
        self._rows += rows
        grain = max(1, (1 << (size - 1).bit_length()) // (2 * GRAIN))
        fitting = min(self.most, -(-size // grain) * grain)
        spare = self._rows / SPARE - self._filled + rows
        size = min(
            (known for known in self._known if size <= known <= spare / batches), default=fitting
        )
        self._filled += size * batches - rows
        self._known.add(size)
        return size


def is_keras(model: object) -> bool:
    """Whether a model is one of Keras, told without loading it.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> is_keras(kmer_logreg(k=(1, 2), window=12, tasks=3)), is_keras("a name")
        (True, False)
    """
    return hasattr(model, "make_predict_function")


def compiles_sizes(model: object) -> bool:
    """Whether each size of a batch is compiled anew: by Keras, but for torch.

    Args:
        model: a `keras.Model`, or another object with `predict_on_batch`.

    Example:
        >>> compiles_sizes("not of Keras")
        False
    """
    if not is_keras(model):
        return False
    import keras

    return keras.backend.backend() != "torch" and not model.run_eagerly


def filled(codes: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """Batches of one size, the last filled with N, or zeros in place of other numbers.

    Args:
        codes: uint8 (n, window), or float (n, features).
        size: rows of each.

    Yields:
        Arrays of `size` rows, and how many of the rows were given.

    Example:
        >>> codes = np.zeros((3, 2), np.uint8)
        >>> [(batch.tolist(), count) for batch, count in filled(codes, 2)]
        [([[0, 0], [0, 0]], 2), ([[0, 0], [4, 4]], 1)]
    """
    filling = 4 if codes.dtype.kind in "iu" else 0
    for first in range(0, len(codes), size):
        batch = codes[first : first + size]
        count = len(batch)
        if count < size:
            batch = np.pad(batch, ((0, size - count), (0, 0)), constant_values=filling)
        yield batch, count


def batch_scores(
    model: "keras.Model", codes: np.ndarray, batch_size: int, sizes: BatchSizes | None = None
) -> np.ndarray:
    """What a model gives for windows.

    Args:
        model: a `keras.Model`, or another object with `predict_on_batch`.
        codes: uint8 (n, window), n at least 1.
        batch_size: windows at a time, at most.
        sizes: those of earlier calls, for models that are compiled; None begins anew.

    Returns:
        Array of n rows.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> batch_scores(model, tokens(["ACGTACGTACGT"] * 5), 2).shape
        (5, 3)
    """
    sizes = sizes or BatchSizes(batch_size, compiled=compiles_sizes(model))
    parts = [
        np.asarray(model.predict_on_batch(batch))[:count]
        for batch, count in filled(codes, sizes.of(len(codes)))
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def once_if_blank(scores: Callable[[np.ndarray], np.ndarray], codes: np.ndarray) -> np.ndarray:
    """Scores of windows, with those of nothing but N computed once.

    Args:
        scores: function of codes (m, window), m at least 1, that gives m rows.
        codes: uint8 (n, window), n at least 1.

    Returns:
        Array of n rows.

    Example:
        >>> def scores(codes):
        ...     print(len(codes), "windows")
        ...     return codes.sum(1)
        >>> once_if_blank(scores, np.array([[4, 4], [0, 1], [4, 4]])).tolist()
        2 windows
        [8, 1, 8]
    """
    blank = (codes[:, 0] == 4) & (codes == 4).all(1)
    if blank.sum() < 2:
        return scores(codes)
    first = int(blank.argmax())
    kept = ~blank
    kept[first] = True
    kept_scores = scores(codes[kept])
    row = np.cumsum(kept) - 1
    row[blank] = row[first]
    return kept_scores[row]
