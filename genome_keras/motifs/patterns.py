"""Patterns that come back in attributions: stretches cut out, aligned and averaged."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

WIDTH = 31  # bp of a stretch, and of the longest pattern
CORE = 9  # bp by whose sum stretches are found
SHIFT = 10  # bp a stretch may move to lie on a pattern
ALIKE = 0.6  # the least cosine of a stretch with its pattern
ROUNDS = 20
SEEDS = 300  # stretches that a pattern may begin with
EDGE = 0.1  # of the largest row of a pattern: what is less is cut off its ends


class Pattern(NamedTuple):
    """A pattern in attributions.

    Attributes:
        matrix: float64 (length, 4), how often A, C, G and T stand there, with one
            pseudocount a row.
        contributions: float64 (length, 4), the mean attribution.
        places: int64 (stretches, 3): window, start of the pattern in it (0-based; it may
            lie outside), and 1 where it is on the other strand.

    Example:
        >>> codes = np.random.default_rng(0).integers(0, 4, (30, 60))
        >>> codes[:, 20:29] = [0, 0, 1, 3, 2, 1, 3, 3, 0]  # AACTGCTTA in each window
        >>> attributions = np.zeros(codes.shape)
        >>> attributions[:, 20:29] = 1
        >>> (pattern,) = find_patterns(attributions, codes)
        >>> pattern.places[0].tolist()  # the first window, from base 20 on, forward
        [0, 20, 0]
    """

    matrix: np.ndarray
    contributions: np.ndarray
    places: np.ndarray


def find_patterns(
    attributions: ArrayLike, codes: ArrayLike, *, most: int = 3, each: int = 2, least: int = 20
) -> list[Pattern]:
    """Patterns that come back in attributions, the one with most stretches first.

    A simple procedure without chance in it. Of each window, the stretches of 31 bp around
    the 9 bp with the largest sums of attributions; of those, the one that the others are
    most like begins a pattern. A pattern is the mean of the stretches whose cosine with it
    is at least 0.6, each where and on the strand on which it is most alike (up to 10 bp
    aside); that is repeated until the same stretches lie at the same places. Rows at its
    ends with less than a tenth of the largest row are cut off. Then the letters at its
    places count no more, and the next pattern is looked for in the same way.

    It finds what most windows have, and only letters that raise the score; for many
    patterns at once there is TF-MoDISco.

    Args:
        attributions: float (n, window), of the windows' own letters, as
            `genome_keras.interpret.of_letters` gives; or (n, window, 4), of which the own
            letters are taken.
        codes: integer (n, window).
        most: patterns at most.
        each: stretches of a window at most; they do not share the 9 bp.
        least: stretches of a pattern at least.

    Returns:
        list of `Pattern`; empty where nothing comes back.

    Raises:
        ValueError: other shapes, or windows shorter than 9 bp.

    Example:
        >>> codes = np.random.default_rng(0).integers(0, 4, (30, 60))
        >>> codes[:, 20:29] = [0, 0, 1, 3, 2, 1, 3, 3, 0]  # AACTGCTTA in each window
        >>> attributions = np.zeros(codes.shape)
        >>> attributions[:, 20:29] = 1
        >>> (pattern,) = find_patterns(attributions, codes)
        >>> pattern.matrix.argmax(1).tolist(), len(pattern.places)
        ([0, 0, 1, 3, 2, 1, 3, 3, 0], 30)
    """
    codes = np.asarray(codes)
    letters = codes[..., None] == np.arange(4)
    attributions = np.asarray(attributions, np.float32)
    if attributions.shape not in (codes.shape, letters.shape) or codes.ndim != 2:
        raise ValueError(
            "expected attributions (n, window) or (n, window, 4) of codes (n, window). "
            f"Received: {attributions.shape} of {codes.shape}"
        )
    if codes.shape[1] < CORE:
        raise ValueError(f"expected windows of at least {CORE} bp. Received: {codes.shape[1]}")
    if attributions.ndim == 2:
        attributions = attributions[..., None]
    left, patterns = (attributions * letters).sum(2), []
    while len(patterns) < most:
        window, middle = _stretches(left, each)
        if len(window) < least:
            break
        values = _placed(left[..., None] * letters, window, middle)
        members, mean = _gathered(values)
        stretch, strand, shift = _apart(members, window, middle).T
        if len(stretch) < least:
            break
        places = np.stack([window[stretch], middle[stretch] + shift - SHIFT, strand], 1)
        patterns.append(_pattern(mean, places, codes))
        row, start, _ = patterns[-1].places.T
        at = np.arange(codes.shape[1]) - start[:, None]
        blank, position = np.nonzero((at >= 0) & (at < len(patterns[-1].matrix)))
        left[row[blank], position] = 0
    return sorted(patterns, key=lambda pattern: -len(pattern.places))


def _stretches(scores, each):
    """Window and middle of the stretches with the largest sums, positive ones only."""
    sums = np.lib.stride_tricks.sliding_window_view(scores, CORE, 1).sum(2)
    windows, middles, rows = [], [], np.arange(len(scores))
    for _ in range(each):
        best = sums.argmax(1)
        some = sums[rows, best] > 0
        windows.append(rows[some])
        middles.append(best[some] + CORE // 2)
        near = np.abs(np.arange(sums.shape[1]) - best[:, None]) < CORE
        sums = np.where(near, -np.inf, sums)
    return np.concatenate(windows), np.concatenate(middles)


def _placed(contributions, window, middle):
    """Stretches on both strands at all shifts: (stretches, 2, shifts, WIDTH, 4)."""
    around = WIDTH // 2 + SHIFT
    padded = np.pad(contributions, ((0, 0), (around, around), (0, 0)))
    at = middle[:, None] + np.arange(2 * around + 1)
    wide = padded[window[:, None], at]
    views = np.lib.stride_tricks.sliding_window_view(wide, WIDTH, 1).swapaxes(2, 3)
    # The other strand of the same place: shifts in the same order.
    return np.stack([views, views[:, :, ::-1, ::-1]], 1)


def _gathered(values):
    """Members (n, 3) of a pattern of the stretches: which, strand, shift; and their mean."""
    norms = np.linalg.norm(values, axis=(3, 4))
    flat = values.reshape(len(values), -1, WIDTH * 4)
    flat = flat / np.maximum(norms.reshape(*flat.shape[:2], 1), 1e-30)
    strongest = np.argsort(-norms[:, 0, SHIFT], kind="stable")
    seeds = flat[np.sort(strongest[:SEEDS]), SHIFT]
    cosines = np.sort((flat @ seeds.T).max(1), 0)  # of each stretch with each seed
    mean = seeds[cosines[-max(10, len(values) // 10) :].mean(0).argmax()]
    before = np.empty((0, 3), int)
    for _ in range(ROUNDS):
        cosine = flat @ (mean / np.linalg.norm(mean))
        chosen = np.flatnonzero(cosine.max(1) >= ALIKE)
        strand, shift = np.divmod(cosine[chosen].argmax(1), values.shape[2])
        members = np.stack([chosen, strand, shift], 1)
        if not len(chosen) or np.array_equal(members, before):
            break
        before, mean = members, values[tuple(members.T)].mean(0).ravel()
    return members, mean


def _apart(members, window, middle):
    """Members whose place no earlier one of the same window has."""
    stretch, _, shift = members.T
    window, middle = window[stretch], middle[stretch] + shift
    near = (window[:, None] == window) & (np.abs(middle[:, None] - middle) < CORE)
    return members[~np.tril(near, -1).any(1)]


def _pattern(mean, places, codes):
    """The pattern of aligned stretches, whose `places` have the middles, without its ends."""
    mean = mean.reshape(WIDTH, 4).astype(float)
    rows = np.abs(mean).sum(1)
    kept = np.flatnonzero(rows >= EDGE * rows.max())
    first, end = kept[0], kept[-1] + 1
    window, middle, strand = places.T
    forward = strand == 0
    start = middle - WIDTH // 2 + np.where(forward, first, WIDTH - end)
    at = start[:, None] + np.arange(end - first)
    at = np.where(forward[:, None], at, at[:, ::-1])
    inside = (at >= 0) & (at < codes.shape[1])
    letter = codes[window[:, None], np.clip(at, 0, codes.shape[1] - 1)].astype(int)
    letter = np.where(forward[:, None] | (letter > 3), letter, 3 - letter)
    counts = ((letter[..., None] == np.arange(4)) & inside[..., None]).sum(0) + 0.25
    return Pattern(
        counts / counts.sum(1, keepdims=True),
        mean[first:end],
        np.stack([window, start, strand], 1),
    )
