"""Scores along the neighbourhoods of variants."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.genome import Interval, Variant
from genome_keras.io.reference import Genome
from genome_keras.scoring.scorer import Scorer
from genome_keras.windows import of_intervals

BESIDE = 50  # windows on each side of the variant's own, half a window apart


class Neighbourhood(NamedTuple):
    """Scores of the reference genome around a variant.

    Attributes:
        starts: int64 (windows,), 0-based, rising; one is that of the variant's own window.
        scores: float32 (windows, tasks).

    Example:
        >>> near = Neighbourhood(np.array([0, 50, 100]), np.float32([[0.1], [0.7], [0.2]]))
        >>> int(near.starts[near.scores[:, 0].argmax()])
        50
    """

    starts: np.ndarray
    scores: np.ndarray


def step_of(window: int) -> int:
    """bp from one window of a neighbourhood to the next.

    Example:
        >>> step_of(200)
        100
    """
    return max(1, window // 2)


def neighbourhoods(
    variants: Sequence[Variant],
    genome: Genome,
    scorer: Scorer,
    *,
    window: int,
    beside: int = BESIDE,
) -> list[Neighbourhood]:
    """Scores of the reference genome along the neighbourhoods of variants.

    The cost does not hang on the genome. A foreign letter counts as N.

    Args:
        variants: list of `genome_keras.genome.Variant`.
        genome: an open `genome_keras.io.reference.Genome` that has their contigs.
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        window: bp.
        beside: windows to the left of the variant's own, and to the right, as far as they
            lie inside the contig.

    Returns:
        A `Neighbourhood` for each variant.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg, open_genome
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGT" * 10, sep="\\n", file=file)
        ...     with open_genome(f"{folder}/genome.fa") as genome:
        ...         variants = [Variant("chr1", 21, "A", "C")]
        ...         (near,) = neighbourhoods(variants, genome, scorer, window=12, beside=1)
        >>> near.starts.tolist(), near.scores.shape
        ([8, 14, 20], (3, 3))
    """
    steps = step_of(window) * np.arange(-beside, beside + 1)
    starts, places = [], []
    for variant in variants:
        near = variant.trimmed().start - window // 2 + steps
        last = genome.length(variant.contig) - window
        starts.append(near[(near >= 0) & (near <= last)])
        places += [Interval(variant.contig, start, start + window) for start in starts[-1].tolist()]
    if not places:
        return [Neighbourhood(own, np.empty((0, len(scorer.tasks)), np.float32)) for own in starts]
    batches = of_intervals(places, genome, window=window, unknown="N")
    scores = np.concatenate([scorer.scores(batch.codes) for batch in batches])
    ends = np.cumsum([len(own) for own in starts])[:-1]
    return [Neighbourhood(*both) for both in zip(starts, np.split(scores, ends), strict=True)]
