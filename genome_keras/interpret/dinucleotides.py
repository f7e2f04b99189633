"""Windows with their letters in another order: plain, or with every pair of neighbours kept."""

import zlib

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.encode import reverse_complement

KEPT = ("dinucleotides", "letters")  # what a shuffle leaves as often as it was


def shuffled(
    codes: np.ndarray, count: int = 20, *, seed: int = 0, kept: str = "dinucleotides"
) -> np.ndarray:
    """Random rearrangements of windows.

    With "dinucleotides" each is drawn from all sequences that have the same pairs of
    neighbouring letters as often, the same first and the same last letter; with "letters"
    from all orders of the letters. Every N stays where it is, and what is between two of them
    is shuffled by itself. What a window gets depends on `seed` and its letters alone, not on
    the windows beside it; its reverse complement gets the reverse complements.

    Args:
        codes: uint8 (n, window).
        count: rearrangements of each.
        seed: of what is drawn.
        kept: "dinucleotides" or "letters".

    Returns:
        uint8 (n, count, window).

    Source: Altschul & Erickson 1985 (Mol Biol Evol 2:526), random walks along all edges.

    Example:
        >>> shuffled(np.array([[0, 1, 4, 2, 2]], np.uint8), 2).tolist()  # nothing to draw here
        [[[0, 1, 4, 2, 2], [0, 1, 4, 2, 2]]]
    """
    at_least_one(count=count)
    arrange = {"dinucleotides": _walks, "letters": _permuted}[kept]
    shuffles = np.empty((len(codes), count, codes.shape[1]), np.uint8)
    for row, window in enumerate(codes):
        other = reverse_complement(window[None])[0]
        turned = other.tobytes() < window.tobytes()
        window = other if turned else window
        draw = np.random.default_rng([seed, zlib.crc32(window.tobytes())])
        copies = np.repeat(window[None], count, 0)
        known = np.flatnonzero(window < 4)
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            if len(run) > 1:
                copies[:, run] = arrange(window[run], count, draw)
        shuffles[row] = reverse_complement(copies) if turned else copies
    return shuffles


def _permuted(letters, count, draw):
    return draw.permuted(np.repeat(letters[None], count, 0), axis=1)


def _walks(letters, count, draw):
    """Walks along all edges of the graph whose edges are the pairs of neighbours."""
    following = [letters[1:][letters[:-1] == letter] for letter in range(4)]
    queues = np.zeros((count, 4, len(letters)), np.uint8)
    ends = np.zeros((count, 4), np.uint8)
    drawn = np.arange(count)
    while len(drawn):  # the last edge out of each letter must lead on to the last letter
        for letter, edges in enumerate(following):
            if len(edges):
                queue = _permuted(edges, len(drawn), draw)
                queues[drawn, letter, : len(edges)], ends[drawn, letter] = queue, queue[:, -1]
        ends[drawn, letters[-1]] = letters[-1]
        drawn = drawn[~_arrive(ends[drawn], following, letters[-1])]
    copies, used = np.arange(count), np.zeros((count, 4), np.int64)
    walks = np.repeat(letters[None], count, 0)
    for at in range(1, len(letters)):
        here = walks[:, at - 1]
        walks[:, at] = queues[copies, here, used[copies, here]]
        used[copies, here] += 1
    return walks


def _arrive(ends, following, last):
    """For each row whether every letter that has edges comes to the last letter."""
    rows, arrived = np.arange(len(ends)), np.ones(len(ends), bool)
    for letter in (letter for letter in range(4) if len(following[letter])):
        at = np.full(len(ends), letter)
        for _ in range(3):
            at = ends[rows, at]
        arrived &= at == last
    return arrived
