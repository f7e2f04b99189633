"""Regions of windows made meaningless: what a function says without them."""

from collections.abc import Sequence

import numpy as np

from genome_keras.arguments import at_least, one_of
from genome_keras.encode import tokens
from genome_keras.interpret.dinucleotides import KEPT, shuffled
from genome_keras.interpret.experiments import (
    Experiment,
    Function,
    applied,
    log_odds,
    scorer_for,
)

WAYS = (*KEPT, "n")


def ablate(
    model: object,
    seqs: Sequence[str] | np.ndarray,
    region: tuple[int, int],
    *,
    how: str = "letters",
    shuffles: int = 20,
    seed: int = 0,
    function: Function = log_odds,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> Experiment:
    """What a function says of windows whole, and with a region shuffled or hidden.

    Args:
        model, function, both_strands, batch_size: as in
            `genome_keras.interpret.marginalize`.
        seqs: windows, as `genome_keras.tokens` takes them.
        region: start and end in the window, 0-based, half-open.
        how: "letters" or "dinucleotides" shuffles what is in the region, and keeps how often
            each is there; "n" makes it N, once. A short region has few orders that keep its
            dinucleotides, so that much of a motif may stay.
        shuffles: of each window.
        seed: of the shuffles.

    Returns:
        `Experiment`: before (n, ...), after (n, shuffles, ...); of "n", (n, 1, ...).

    Raises:
        As `marginalize`; ValueError also for a region outside the window.

    Source: `ablate` of tangermeme (arXiv:2509.21421).

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> ablate(model, "ACGTACGTACGT", (2, 9)).change.shape
        (1, 20, 3)
    """
    codes = tokens(seqs)
    scorer = scorer_for(function, model, both_strands=both_strands, batch_size=batch_size)
    without = ablated(codes, region, how=how, shuffles=shuffles, seed=seed)
    scores = applied(function, scorer, np.concatenate([codes[:, None], without], 1))
    return Experiment(scores[:, 0], scores[:, 1:])


def ablated(
    codes: np.ndarray, region: tuple[int, int], *, how: str, shuffles: int, seed: int
) -> np.ndarray:
    """The windows that `ablate` scores.

    Args:
        codes: uint8 (n, window).
        region, how, shuffles, seed: as in `ablate`.

    Returns:
        uint8 (n, shuffles, window); of "n", (n, 1, window).

    Example:
        >>> about = {"how": "n", "shuffles": 5, "seed": 0}
        >>> ablated(np.zeros((1, 5), np.uint8), (1, 3), **about).tolist()
        [[[0, 4, 4, 0, 0]]]
    """
    one_of(how=how, accepted=WAYS)
    at_least(1, shuffles=shuffles)
    at_least(0, seed=seed)
    start, end = check_region(region, codes.shape[1])
    copies = 1 if how == "n" else shuffles
    windows = np.repeat(codes[:, None], copies, 1)
    inside = np.ascontiguousarray(codes[:, start:end])
    windows[:, :, start:end] = 4 if how == "n" else shuffled(inside, copies, seed=seed, kept=how)
    return windows


def check_region(region: tuple[int, int], window: int) -> tuple[int, int]:
    """A region as start and end.

    Args:
        region: start and end, 0-based, half-open.
        window: bp.

    Raises:
        ValueError: another one than inside the window, with at least one bp.

    Example:
        >>> check_region((2, 3), 12)
        (2, 3)
    """
    try:
        start, end = (int(each) for each in region)
    except (TypeError, ValueError):
        start, end = -1, -1
    if not 0 <= start < end <= window:
        raise ValueError(
            f"a region must be (start, end), 0-based and half-open, inside the window of {window} "
            f"bp. Received: {region!r}"
        )
    return start, end
