"""How alike position matrices are: the best alignment, its p-value, ranks among many."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.arguments import at_least_one
from genome_keras.io.motifs import Motif

CHANCE = 0.25  # of a letter outside a matrix
TOGETHER = 50  # matrices that are compared at once: some ten megabytes


class Match(NamedTuple):
    """The best alignment of two matrices.

    Attributes:
        value: the correlation, -1 to 1.
        offset: row of the first matrix on which the first row of the other lies, turned
            round where `reverse`; negative where the other begins before it.
        reverse: whether the other is turned round.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3]]  # AACT
        >>> found = match(matrix, matrix[::-1, ::-1])  # AGTT, its other strand
        >>> round(found.value, 6), found.offset, found.reverse
        (1.0, 0, True)
    """

    value: float
    offset: int
    reverse: bool


def match(matrix: ArrayLike | Motif, other: ArrayLike | Motif) -> Match:
    """The alignment of two position matrices with the highest Pearson correlation.

    The correlation is of all numbers over the positions of either matrix; where one of
    them ends, it has 1/4 for each letter. So an overlap of a few letters is no match of
    two long motifs, and rows without information count little. Both strands of `other`
    are tried. Where alignments tie, it is the first, forward before reverse.

    Args:
        matrix, other: float (length, 4), probabilities of A, C, G, T.

    Returns:
        `Match`; its value is 0 where a matrix is 1/4 everywhere.

    Raises:
        ValueError: not a matrix of probabilities.

    Source: Pearson correlation of matrices as in Pietrokovski 1996 and Gupta et al. 2007
        (Tomtom). Departure: over the union of the positions, not only where they overlap.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3]]  # AACT
        >>> found = match(matrix, matrix[1:])
        >>> round(found.value, 3), found.offset, found.reverse
        (0.866, 1, False)
    """
    query, target = _centred(matrix), _centred(other)
    values = _values(query[None], target)[0]
    best = int(values.argmax())
    reverse, place = divmod(best, len(values) // 2)
    return Match(float(values[best]), place - len(target) + 1, bool(reverse))


def similarities(matrix: ArrayLike | Motif, motifs: Sequence[ArrayLike | Motif]) -> np.ndarray:
    """The correlation of a matrix with each of many, as `match`.

    Args:
        matrix: float (length, 4), probabilities of A, C, G, T.
        motifs: such matrices, or `genome_keras.io.motifs.Motif`.

    Returns:
        float64 (motifs,).

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3]]  # AACT
        >>> similarities(matrix, [matrix, matrix[1:]]).round(3).tolist()
        [1.0, 0.866]
    """
    query = _centred(matrix)[None]
    return np.array([_values(query, _centred(motif)).max() for motif in motifs])


def match_pvalue(
    matrix: ArrayLike | Motif,
    motifs: Sequence[ArrayLike | Motif],
    *,
    shuffles: int = 999,
    seed: int = 0,
) -> float:
    """How often a matrix with its rows in random order is as alike as the matrix itself.

    What is compared is the best correlation with any of `motifs`, so that trying several
    is paid for. The shuffled matrices have the same letters and the same information: a
    matrix is not found alike because it is rich in G and C. If the order of its rows
    means nothing, the p-value is uniform on 1 / (shuffles + 1), 2 / (shuffles + 1), ..., 1.

    Args:
        matrix: float (length, 4), probabilities of A, C, G, T.
        motifs: the known ones of one factor, as in `similarities`.
        shuffles: random orders; the least p-value is 1 / (shuffles + 1).
        seed: of the orders.

    Returns:
        float.

    Raises:
        ValueError: not matrices of probabilities, no motif, or no shuffle.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3, 2, 1]]  # AACTGC
        >>> 0 < match_pvalue(matrix, [matrix], shuffles=99) <= 0.05
        True
    """
    at_least_one(shuffles=shuffles)
    if not len(motifs):
        raise ValueError("expected at least one motif. Received: none")
    query, random = _centred(matrix), np.random.default_rng(seed)
    queries = [query, *(random.permutation(query) for _ in range(shuffles))]
    flat, best = np.array(queries).reshape(len(queries), -1), np.full(len(queries), -np.inf)
    norm = np.linalg.norm(query)  # of every order
    for first in range(0, len(motifs), TOGETHER):
        some = [_centred(motif) for motif in motifs[first : first + TOGETHER]]
        norms = [norm * np.linalg.norm(target) or np.inf for target in some]
        pairs = zip(some, norms, strict=True)
        places = np.concatenate([_places(target, len(query)) / by for target, by in pairs])
        best = np.maximum(best, (flat @ places.T).max(1))
    return float((best >= best[0] - 1e-9).mean())  # rounding decides no tie


def probabilities(matrix: ArrayLike | Motif) -> np.ndarray:
    """A position matrix, or that of a `genome_keras.io.motifs.Motif`, as float64 (length, 4).

    Rows that were rounded sum to 1 again.

    Raises:
        ValueError: not a matrix of probabilities.

    Example:
        >>> probabilities([[0.5, 0.5, 0, 0], [0.33, 0.33, 0.33, 0]]).round(3).tolist()
        [[0.5, 0.5, 0.0, 0.0], [0.333, 0.333, 0.333, 0.0]]
    """
    matrix = np.asarray(getattr(matrix, "matrix", matrix), float)
    whole = matrix.ndim == 2 and matrix.shape[1] == 4 and len(matrix)
    if not whole or not matrix.min() >= 0 or not np.allclose(matrix.sum(1), 1, atol=0.02):
        raise ValueError("expected probabilities (length, 4), each row 1 in all")
    return matrix / matrix.sum(1, keepdims=True)


def _centred(matrix):
    return probabilities(matrix) - CHANCE  # each row's mean is 0: the correlation is a cosine


def _values(queries, target):
    """Correlations (queries, places): those of the target forward, then those reverse."""
    n, length, _ = queries.shape
    norms = np.linalg.norm(queries.reshape(n, -1), axis=1) * np.linalg.norm(target)
    products = queries.reshape(n, -1) @ _places(target, length).T
    return np.divide(products, norms[:, None], np.zeros_like(products), where=norms[:, None] > 0)


def _places(target, length):
    """The target at all places beside `length` rows, forward, then reverse: (places, 4 length)."""
    ends, places = ((length - 1, length - 1), (0, 0)), []
    for strand in (target, target[::-1, ::-1]):
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(strand, ends), length, 0)
        places.append(windows[::-1].transpose(0, 2, 1).reshape(len(windows), -1))
    return np.concatenate(places)
