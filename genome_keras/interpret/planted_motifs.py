"""Motifs put into backgrounds: what one does by itself, and what two do together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.arguments import at_least
from genome_keras.encode import tokens
from genome_keras.interpret.experiments import (
    Experiment,
    Function,
    applied,
    log_odds,
    motif_codes,
    put,
    scorer_for,
)


def marginalize(
    model: object,
    motifs: str | Sequence[str],
    backgrounds: Sequence[str] | np.ndarray,
    *,
    start: int | None = None,
    function: Function = log_odds,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> Experiment:
    """What a function says of backgrounds without and with each of k motifs.

    Args:
        model: a checkpoint's name, a `Checkpoint`, a `keras.Model` or a `Scorer`.
        motifs: letters of one, or a list; where one has N, the background stays.
        backgrounds: windows, as `genome_keras.tokens` takes them.
        start: of each motif, 0-based; None puts its middle in the middle of the window.
        function: of a `Scorer` and codes; see `genome_keras.interpret.experiments`.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.

    Returns:
        `Experiment`: before (n, ...), after (n, k, ...). The mean of `change` over the
        backgrounds is the marginal effect.

    Raises:
        SequenceError: what `tokens` refuses.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another window than the model's, a motif outside it.

    Source: `marginalize` of tangermeme (Schreiber, arXiv:2509.21421), whose results these are.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> done = marginalize(model, ["GATA", "CACGTG"], ["ACGT" * 3, "AATT" * 3])
        >>> done.before.shape, done.change.shape
        ((2, 3), (2, 2, 3))
    """
    codes = tokens(backgrounds)
    motifs = [motifs] if isinstance(motifs, str) else list(motifs)
    if not motifs:
        raise ValueError("expected at least one motif. Received: none")
    scorer = scorer_for(function, model, both_strands=both_strands, batch_size=batch_size)
    with_one = [put(codes, motif, _start(start, codes, len(motif))) for motif in motifs]
    scores = applied(function, scorer, np.stack([codes, *with_one], 1))
    return Experiment(scores[:, 0], scores[:, 1:])


class Spacing(NamedTuple):
    """What a function says of backgrounds with one of two motifs, and with both.

    Attributes:
        distances: int (k,), bp between the motifs.
        neither, first: (n, ...).
        second, both: (n, k, ...).

    Example:
        >>> one, two = np.array([1.0]), np.array([[1.0, 1.0]])
        >>> found = Spacing(np.array([0, 5]), 0 * one, one, two, np.array([[3.5, 2.0]]))
        >>> found.cooperativity.tolist()  # 1.5 more than both add, next to each other
        [[1.5, 0.0]]
    """

    distances: np.ndarray
    neither: np.ndarray
    first: np.ndarray
    second: np.ndarray
    both: np.ndarray

    @property
    def cooperativity(self) -> np.ndarray:
        """(n, k, ...): what both do beyond the sum of what each does alone."""
        return self.both - self.second - (self.first - self.neither)[:, None]


def space(
    model: object,
    motif_a: str,
    motif_b: str,
    backgrounds: Sequence[str] | np.ndarray,
    *,
    distances: Iterable[int] = range(0, 21),
    start: int | None = None,
    function: Function = log_odds,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> Spacing:
    """What two motifs do together at each distance.

    Args:
        model, backgrounds, function, both_strands, batch_size: as in `marginalize`.
        motif_a, motif_b: letters; the second lies right of the first. Give them the other way
            round, or one as its reverse complement, for other arrangements.
        distances: bp from the end of the first to the begin of the second, at least 0.
        start: of the first motif, 0-based, the same at all distances; None puts the middle of
            the widest pair in the middle of the window.

    Returns:
        `Spacing`; on log-odds its `cooperativity` is 0 where the effects add up.

    Raises:
        As `marginalize`; ValueError also for no distances.

    Source: `space` of tangermeme (arXiv:2509.21421); the additive expectation is that of
        Avsec et al. 2021 (Nat Genet 53:354, figure 4), here on log-odds.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=20, tasks=3)
        >>> found = space(model, "GATA", "CACGTG", ["ACGTA" * 4], distances=range(5))
        >>> found.both.shape, found.cooperativity.shape
        ((1, 5, 3), (1, 5, 3))
    """
    codes = tokens(backgrounds)
    distances = list(distances)
    if not distances:
        raise ValueError("expected at least one distance. Received: none")
    for distance in distances:
        at_least(0, distance=distance)
    lengths = len(motif_codes(motif_a)), len(motif_codes(motif_b))
    start = _start(start, codes, sum(lengths) + max(distances))
    scorer = scorer_for(function, model, both_strands=both_strands, batch_size=batch_size)
    first = put(codes, motif_a, start)
    places = [start + lengths[0] + distance for distance in distances]
    second = [put(codes, motif_b, place) for place in places]
    both = [put(first, motif_b, place) for place in places]
    scores = applied(function, scorer, np.stack([codes, first, *second, *both], 1))
    neither, first, scores = scores[:, 0], scores[:, 1], scores[:, 2:]
    k = len(distances)
    return Spacing(np.array(distances), neither, first, scores[:, :k], scores[:, k:])


def _start(start, codes, length):
    return (codes.shape[1] - length) // 2 if start is None else start
