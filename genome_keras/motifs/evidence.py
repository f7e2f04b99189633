"""What speaks for a motif: the known one it is like, where it stands, what hangs on it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.interpret.dinucleotides import shuffled
from genome_keras.interpret.experiments import log_odds
from genome_keras.io.motifs import Motif
from genome_keras.motifs.match import match_pvalue, similarities
from genome_keras.motifs.sites import Sites, scan
from genome_keras.scoring.scorer import Scorer


class Closest(NamedTuple):
    """The known motif that is most like another one.

    Attributes:
        motif: it.
        correlation: of `genome_keras.motifs.match.match`.
        p_value: how often the same columns in random order are as like any of the known.

    Example:
        >>> known = Motif("MA1 AACT", np.eye(4)[[0, 0, 1, 3]])
        >>> Closest(known, correlation=0.9, p_value=0.01).motif.name
        'MA1 AACT'
    """

    motif: Motif
    correlation: float
    p_value: float


class Support(NamedTuple):
    """Where a motif stands in windows, and what hangs on it there.

    Attributes:
        windows: how many were looked at.
        with_site: how many have a site.
        by_chance: how many have one when each window is shuffled, dinucleotides kept.
        contributions: float64 (tasks,), the mean fall of the log-odds over the windows with
            a site when the best site is hidden in N; NaN where there is no site.

    Example:
        >>> Support(200, 50, 4, np.array([0.8, 0.0])).share
        0.25
    """

    windows: int
    with_site: int
    by_chance: int
    contributions: np.ndarray

    @property
    def share(self) -> float:
        """Of the windows that have a site, 0 to 1; NaN without windows."""
        return self.with_site / self.windows if self.windows else float("nan")


def closest(motif: Motif, known: Sequence[Motif], *, shuffles: int = 999, seed: int = 0) -> Closest:
    """The known motif that is most like a motif.

    The p-value pays for all of `known`: columns in random order count when they are as like
    any of them. So it needs no correction for the size of the collection, and the least is
    1 / (shuffles + 1); it does for the number of motifs that are asked about.

    Args:
        motif: the one that was found.
        known: a collection, such as JASPAR or HOCOMOCO in a file of
            `genome_keras.io.motifs.read_motifs`.
        shuffles, seed: as in `genome_keras.motifs.match.match_pvalue`.

    Raises:
        ValueError: as `match_pvalue`.

    Example:
        >>> known = [Motif(n, np.eye(4)[c]) for n, c in {"a": [0, 0, 1, 3], "b": [2, 2]}.items()]
        >>> found = closest(Motif("mine", np.eye(4)[[0, 2, 3, 3]]), known, shuffles=9)
        >>> found.motif.name, round(found.correlation, 3)  # AGTT is the other strand of AACT
        ('a', 1.0)
    """
    p_value = match_pvalue(motif, known, shuffles=shuffles, seed=seed)
    values = similarities(motif, known)
    best = int(values.argmax())
    return Closest(known[best], float(values[best]), p_value)


def support(
    scorer: Scorer,
    codes: np.ndarray,
    motif: Motif,
    *,
    columns: Sequence[int],
    p_value: float = 1e-4,
    seed: int = 0,
) -> Support:
    """Sites of a motif in windows, and what their scores lose without them.

    Args:
        scorer: `genome_keras.scoring.scorer.Scorer`.
        codes: uint8 (n, window).
        motif: of the sites, as in `genome_keras.motifs.sites.scan`.
        columns: of the scores.
        p_value: of a site, as in `scan`.
        seed: of the shuffles.

    Raises:
        ValueError: as `scan`.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=14, tasks=3))
        >>> codes = tokens(["GGGGAACTGCTGGG", "GGGGGGGGGGGGGT"])
        >>> motif = Motif("mine", np.eye(4)[[0, 0, 1, 3, 2, 1, 3]])  # AACTGCT
        >>> found = support(scorer, codes, motif, columns=[0, 2])
        >>> found.windows, found.with_site, found.contributions.shape
        (2, 1, (2,))
    """
    sites = scan(codes, motif, p_value=p_value) if len(codes) else _none(motif)
    chance = scan(shuffled(codes, 1, seed=seed)[:, 0], motif, p_value=p_value) if len(codes) else ()
    contributions = np.full(len(columns), np.nan)
    if len(sites.windows):
        contributions = _falls(scorer, codes, sites, columns).mean(0)
    by_chance = len(chance.windows) if len(codes) else 0
    return Support(len(codes), len(sites.windows), by_chance, contributions)


def _none(motif):
    return Sites(*(np.empty(0, kind) for kind in (int, int, bool, float)), len(motif.matrix))


def _falls(scorer, codes, sites, columns):
    """What the log-odds of windows fall without their sites, float64 (n, tasks)."""
    own = codes[sites.windows]
    hidden, rows = own.copy(), np.arange(len(own))[:, None]
    hidden[rows, sites.starts[:, None] + np.arange(sites.length)] = 4
    both = log_odds(scorer, np.concatenate([own, hidden]))[:, columns]
    return both[: len(own)] - both[len(own) :]
