"""Perplexity: of which bases, under which protocol, and in which unit."""

import math
from typing import NamedTuple

import numpy as np

PROTOCOLS = {
    "training": "each base scored by a model that is learning from it; the mean over an epoch",
    "held-out": "bases no model has learned from",
    "prequential": "each base scored before it is learned, as a compressor does",
}


class Tally(NamedTuple):
    """What the bases of a sequence cost.

    Attributes:
        nats: sum of -ln P(base), over the bases that were scored.
        bases: how many; N and the first base of a contig, which nothing precedes, are
            not among them where a network scores.

    Example:
        >>> cost = Tally(100 * math.log(2), bases=100) + Tally(100 * math.log(8), bases=100)
        >>> round(cost.perplexity, 6), round(cost.bits_per_base, 6)
        (4.0, 2.0)
    """

    nats: float = 0.0
    bases: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.nats + other.nats, self.bases + other.bases)

    @property
    def log_likelihood(self) -> float:
        """ln P(bases)."""
        return -self.nats

    @property
    def perplexity(self) -> float:
        """exp of the mean of -ln P(base); 4 is a blind guess, NaN where nothing counts.

        Source: Zhang & Kamath 2016, section 3, PP.
        """
        return math.exp(self.nats / self.bases) if self.bases else math.nan

    @property
    def bits_per_base(self) -> float:
        """log2 of the perplexity."""
        return self.nats / self.bases / math.log(2) if self.bases else math.nan


def tally(probabilities: np.ndarray) -> Tally:
    """Counts up the probabilities of the bases that came.

    Args:
        probabilities: float (n,); NaN where a base is not scored.

    Returns:
        `Tally`.

    Example:
        >>> cost = tally(np.array([0.5, 0.5, np.nan]))
        >>> cost.bases, round(cost.perplexity, 6)
        (2, 2.0)
    """
    scored = probabilities[~np.isnan(probabilities)].astype(np.float64)
    return Tally(float(-np.log(scored).sum()), len(scored))
