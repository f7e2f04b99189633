"""A model as a function of windows: what variants and mutagenesis ask it."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from genome_keras.encode import reverse_complement
from genome_keras.scoring.batch import (
    BatchSizes,
    batch_scores,
    compiles_sizes,
    is_keras,
    once_if_blank,
)
from genome_keras.scoring.effects import LIKELIHOOD, likelihood, logit, sigmoid

if TYPE_CHECKING:
    import keras

PROBED = 8  # one row in so many is computed both ways before what windows share is trusted


class Scorer:
    """Scores of windows by one model, in batches.

    A model of tasks gives P(label = 1) for each. A language model, one that was compiled
    with `NextBaseCrossEntropy`, gives one number, the log-likelihood of the window in
    nats: the sum of log P(base | the bases before it) over all but the first base; a base
    of N has none.

    Args:
        model: a `keras.Model` that takes codes (batch, window) and gives (batch, tasks),
            or a language model.
        tasks: their names; None are those that the model was made with, or numbers,
            "task_0" and so on.
        both_strands: average over the window and its reverse complement here: log-odds of
            tasks, log-likelihoods of a language model. A factory's own `both_strands`
            does the same inside the model, and needs nothing here.
        batch_size: windows at a time, at most.

    Attributes:
        tasks: list of str.
        window: bp that the model takes; None is any.
        is_language_model: whether its score is a log-likelihood.
        gives_probabilities: whether its scores have log-odds: those of
            `genome_keras.layers.summed_signal.SummedSignal` have none.

    Raises:
        ValueError: a model with another output, or one that keeps its state.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=2), both_strands=True)
        >>> scorer.tasks, scorer.scores(tokens(["ACGTACGTACGT"])).shape
        (['task_0', 'task_1'], (1, 2))
    """

    def __init__(
        self,
        model: "keras.Model",
        *,
        tasks: list[str] | None = None,
        both_strands: bool = False,
        batch_size: int = 256,
    ) -> None:
        self.model, self.both_strands, self.batch_size = model, both_strands, batch_size
        self.is_language_model = _gives_next_bases(model)
        self.gives_probabilities = getattr(model, "gives_probabilities", True)
        if both_strands and not self.gives_probabilities:
            raise ValueError(
                f"{model.name}: tracks may be of one strand: both_strands is not for them"
            )
        if any(getattr(layer, "stateful", False) for layer in model.layers):
            raise ValueError("expected a model that forgets between batches: stateful=False")
        shape = getattr(model, "output_shape", None)
        if not isinstance(shape, tuple) or len(shape) != 2 + self.is_language_model:
            raise ValueError(
                "expected a model of one output (batch, tasks), or one compiled with "
                f"NextBaseCrossEntropy. Received: {model.name}, whose output is {shape}"
            )
        self.window = model.input_shape[1]
        self.tasks = [LIKELIHOOD] if self.is_language_model else _names(model, tasks, shape[-1])
        self._sizes = BatchSizes(batch_size, compiled=compiles_sizes(model))
        self.sharing = "unknown"  # whether what windows share was found to change no score

    @cached_property
    def convolutions(self) -> Any:
        """The model as convolutions of which only what changes is computed, or None.

        See `genome_keras.scoring.shared_convolutions`.
        """
        if self.is_language_model:
            return None
        if hasattr(self.model, "convolutions"):
            return self.model.convolutions(self.batch_size)
        if not is_keras(self.model):
            return None
        from genome_keras.scoring.keras_trunk import network

        return network(self.model, self.batch_size)

    @cached_property
    def network(self) -> Any:
        """The model as `convolutions`, as stacks that carry their states, or None.

        See `genome_keras.scoring.shared_reading`.
        """
        if self.convolutions is not None or not is_keras(self.model):
            return self.convolutions
        from genome_keras.scoring.shared_reading import network

        return network(self.model, self.batch_size)

    def scores(self, codes: np.ndarray, *, alike: bool = False) -> np.ndarray:
        """Scores of windows; those of nothing but N are computed once.

        Args:
            codes: uint8 (n, window).
            alike: whether many windows begin or end with the same half, as the alleles of
                variants do. Recurrent models then read each half once, and convolutions what
                a letter changes; the numbers are the same to 1e-5.

        Returns:
            float32 (n, tasks).
        """
        if not len(codes):
            return np.empty((0, len(self.tasks)), np.float32)
        if alike and codes.shape[1] > 2 and (shared := self._shared(codes)) is not None:
            return shared
        scores = once_if_blank(lambda kept: self._averaged(self._one_strand, kept), codes)
        return scores.astype(np.float32, copy=False)

    def _shared(self, codes):
        """Scores by way of what windows share, or None where that is not to be had."""
        probed = min(self.batch_size, len(codes) // PROBED)
        if self.sharing == "none" or not probed or self.network is None:
            return None
        scores = self._averaged(self.network.scores, codes)
        if scores is None:
            return None
        if self.sharing == "unknown":  # it may be another network of the same layers
            same = agree(scores[:probed], self._averaged(self._one_strand, codes[:probed]))
            self.sharing = "exact" if same else "none"
        return scores if self.sharing == "exact" else None

    def _averaged(self, scores, codes):
        forward = scores(codes)
        if forward is None or not self.both_strands:
            return forward
        return self.mean(forward, scores(reverse_complement(codes)))

    def mean(self, forward: np.ndarray, reverse: np.ndarray) -> np.ndarray:
        """Mean of the scores of two strands: of log-odds, or of log-likelihoods."""
        if self.is_language_model:
            return (forward + reverse) / 2
        return sigmoid((logit(forward) + logit(reverse)) / 2).astype(np.float32)

    def _one_strand(self, codes):
        scores = batch_scores(self.model, codes, self.batch_size, self._sizes)
        return likelihood(scores, codes) if self.is_language_model else scores


def _gives_next_bases(model):
    if (known := getattr(model, "gives_next_bases", None)) is not None:
        return known
    if getattr(model, "loss", None) is None:
        return False
    from genome_keras.losses import NextBaseCrossEntropy

    return isinstance(model.loss, NextBaseCrossEntropy)


def _names(model, tasks, count):
    """Names of the tasks of a model.

    Raises:
        ValueError: another number of them.
    """
    if not tasks:
        known = (getattr(model, "made_with", None) or {}).get("tasks")
        return list(known) if known and len(known) == count else [f"task_{i}" for i in range(count)]
    if len(tasks) != count:
        raise ValueError(f"expected {count} tasks. Received: {len(tasks)}")
    return list(tasks)


def agree(scores: np.ndarray, others: np.ndarray) -> bool:
    """Whether scores by two ways are those of one network.

    Example:
        >>> agree(np.array([0.5, 0.25]), np.array([0.50001, 0.25]))
        True
    """
    return np.allclose(scores, others, atol=1e-4, rtol=1e-4)
