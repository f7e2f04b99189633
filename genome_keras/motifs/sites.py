"""Where sequences match a position matrix, and whether attributions lie there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.encode import reverse_complement, tokens
from genome_keras.io.motifs import Motif
from genome_keras.motifs.match import CHANCE, probabilities
from genome_keras.scores import auroc

MIXED = 0.01  # of chance in a matrix, so that no letter is impossible
STEP = 0.01  # bits to which scores are rounded


class Sites(NamedTuple):
    """The best match of each window that has one.

    Attributes:
        windows: int64 (n,), rows of the codes, rising.
        starts: int64 (n,), 0-based, on the given strand.
        reverse: bool (n,), whether the match is on the other strand.
        scores: float64 (n,), bits: log2 of P(letters | matrix) / P(letters | background).
        length: bp of a match.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3, 2, 1, 3]]  # AACTGCT
        >>> sites = scan(["GGGGAACTGCTGGG", "GGGGGGGGGGGGGT"], matrix)
        >>> sites.windows.tolist(), sites.starts.tolist(), sites.reverse.tolist(), sites.length
        ([0], [4], [False], 7)
    """

    windows: np.ndarray
    starts: np.ndarray
    reverse: np.ndarray
    scores: np.ndarray
    length: int


class Inside(NamedTuple):
    """Whether attributions lie in sites, window by window.

    Attributes:
        auroc: float64 (n,), how well |attribution| tells the letters of the site from
            the others; 0.5 is chance. NaN where the site is the whole window.
        enrichment: float64 (n,), share of all |attribution| that is in the site over its
            share of the window; 1 is chance. NaN where all attributions are 0.

    Example:
        >>> found = Inside(np.array([0.9, 0.5]), np.array([4.0, 1.0]))
        >>> int((found.enrichment > 1).sum())
        1
    """

    auroc: np.ndarray
    enrichment: np.ndarray


def scan(
    seqs: Sequence[str] | np.ndarray, matrix: ArrayLike | Motif, *, p_value: float = 1e-4
) -> Sites:
    """Finds the best match of a position matrix in each window, on either strand.

    A match is a place whose score random letters reach with a probability of at most
    `p_value`, for one place and strand. They have the frequencies of the letters of all
    windows, both strands together. A place with an N is no match.

    Args:
        seqs: windows, as `genome_keras.encode.tokens` takes them.
        matrix: float (length, 4), probabilities of A, C, G, T, or
            `genome_keras.io.motifs.Motif`. 1 % of chance is mixed in.
        p_value: the largest one of a match.

    Returns:
        `Sites`; windows without a match are not in it. Of places that tie, the first,
        forward before reverse. There is none in windows of only A and T, or only C and G.

    Raises:
        SequenceError: what `tokens` refuses.
        ValueError: another `p_value`, or not a matrix of probabilities.

    Source: the p-value by dynamic programming over rounded scores, Staden 1989.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3, 2, 1, 3]]  # AACTGCT
        >>> sites = scan(["GGGGAACTGCTGGG", "GGGGGGGGGGGGGT"], matrix)
        >>> sites.windows.tolist(), sites.starts.tolist()  # the other window has no match
        ([0], [4])
    """
    if not 0 < p_value <= 1:
        raise ValueError(f"p_value must be in (0, 1]. Received: p_value={p_value!r}")
    codes = tokens(seqs)
    matrix = probabilities(matrix)
    length = len(matrix)
    empty = Sites(*(np.empty(0, kind) for kind in (int, int, bool, float)), length)
    letters = np.bincount(codes.ravel(), minlength=5)[:4]
    both = letters + letters[::-1]
    if codes.shape[1] < length or not both.all():
        return empty
    background = both / both.sum()
    bits = np.log2(((1 - MIXED) * matrix + MIXED * CHANCE) / background)
    steps = np.round(bits / STEP).astype(int)
    least = _threshold(steps, background, p_value)
    table = np.concatenate([steps, np.full((length, 1), -(10**7))], 1)  # N
    places = codes.shape[1] - length + 1
    totals = [
        sum(table[row, strand[:, row : row + places]] for row in range(length))
        for strand in (codes, reverse_complement(codes))
    ]
    totals[1] = totals[1][:, ::-1]
    best = np.concatenate(totals, 1)
    where = best.argmax(1)
    windows = np.flatnonzero(best.max(1) >= least)
    reverse, start = np.divmod(where[windows], places)
    return Sites(windows, start, reverse.astype(bool), best[windows, where[windows]] * STEP, length)


def inside(attributions: ArrayLike, sites: Sites) -> Inside:
    """Whether the attributions of windows lie in their sites.

    Args:
        attributions: float (n, window), of the windows' own letters, as
            `genome_keras.interpret.of_letters` gives. Their sign does not count.
        sites: `Sites` of the same windows.

    Returns:
        `Inside`, one number a site.

    Example:
        >>> matrix = np.eye(4)[[0, 0, 1, 3, 2, 1, 3]]  # AACTGCT
        >>> sites = scan(["GGGGAACTGCTGGG", "GGGGGGGGGGGGGT"], matrix)
        >>> attributions = np.zeros((2, 14))
        >>> attributions[0, 4:11] = 1
        >>> found = inside(attributions, sites)
        >>> found.auroc.tolist(), found.enrichment.tolist()
        ([1.0], [2.0])
    """
    sizes = np.abs(np.asarray(attributions, float))[sites.windows]
    at = np.arange(sizes.shape[1]) - sites.starts[:, None]
    within = (at >= 0) & (at < sites.length)
    total = sizes.sum(1)
    with np.errstate(invalid="ignore"):
        share = (sizes * within).sum(1) / total
    largest = sizes.max(1, keepdims=True, initial=0)
    ranked = np.divide(sizes, largest, np.zeros_like(sizes), where=largest > 0)
    return Inside(auroc(within.T.astype(np.int8), ranked.T), share / within.mean(1))


def _threshold(steps, background, p_value):
    """The least score, in steps, that random letters reach with at most `p_value`."""
    lowest = steps.min(1)
    chances = np.ones(1)
    for row, low in zip(steps, lowest, strict=True):
        longer = np.zeros(len(chances) + row.max() - low)
        for step, chance in zip(row - low, background, strict=True):
            longer[step : step + len(chances)] += chance * chances
        chances = longer
    reached = np.cumsum(chances[::-1])[::-1]  # P(score >= i + lowest.sum())
    enough = np.flatnonzero(reached <= p_value * (1 + 1e-9))
    return lowest.sum() + (enough[0] if len(enough) else len(chances))
