"""A model as a function of windows: what variants and mutagenesis ask it."""

import inspect
from functools import cached_property

import numpy as np

import genome_keras
from genome_keras.encode import reverse_complement
from genome_keras.errors import WeightsError
from genome_keras.scoring.batch import batch_scores
from genome_keras.scoring.effects import LIKELIHOOD, likelihood, logit, sigmoid
from genome_keras.scoring.load import load_model
from genome_keras.weights.resolve import DEFAULT


class Scorer:
    """Scores of windows by one model, in batches of one shape.

    A model of tasks gives P(label = 1) for each. A language model, one that was compiled
    with `NextBaseCrossEntropy`, gives one number, the log-likelihood of the window in
    nats: the sum of log P(base | the bases before it) over all but the first base; a base
    of N has none.

    Args:
        model: a `keras.Model` that takes codes (batch, window) and gives (batch, tasks),
            or a language model.
        tasks: their names; None numbers them, "task_0" and so on.
        both_strands: average over the window and its reverse complement here: log-odds of
            tasks, log-likelihoods of a language model. A factory's own `both_strands`
            does the same inside the model, and needs nothing here.
        batch_size: windows at a time.

    Attributes:
        tasks: list of str.
        window: bp that the model takes; None is any.
        is_language_model: whether its score is a log-likelihood.

    Raises:
        ValueError: a model with another output, or one that keeps its state.
    """

    def __init__(self, model, *, tasks=None, both_strands=False, batch_size=256):
        from genome_keras.losses import NextBaseCrossEntropy

        self.model, self.both_strands, self.batch_size = model, both_strands, batch_size
        self.is_language_model = isinstance(getattr(model, "loss", None), NextBaseCrossEntropy)
        if any(getattr(layer, "stateful", False) for layer in model.layers):
            raise ValueError("expected a model that forgets between batches: stateful=False")
        shape = getattr(model, "output_shape", None)
        if not isinstance(shape, tuple) or len(shape) != 2 + self.is_language_model:
            raise ValueError(
                "expected a model of one output (batch, tasks), or one compiled with "
                f"NextBaseCrossEntropy. Received: {model.name}, whose output is {shape}"
            )
        self.window = model.input_shape[1]
        if self.is_language_model:
            tasks = [LIKELIHOOD]
        elif not tasks:
            tasks = [f"task_{task}" for task in range(shape[-1])]
        elif len(tasks) != shape[-1]:
            raise ValueError(f"expected {shape[-1]} tasks. Received: {len(tasks)}")
        self.tasks, self._shares = list(tasks), "unknown"

    @cached_property
    def network(self):
        """The model as stacks that carry their states, or None: `interpret.recurrent`."""
        from genome_keras.scoring.shared_reading import network

        return network(self.model, self.batch_size)

    def scores(self, codes, *, alike=False):
        """Scores of windows.

        Args:
            codes: uint8 (n, window).
            alike: whether many windows begin or end with the same half, as the alleles of
                variants do. Recurrent models then read each half once; the numbers are
                the same to 1e-5.

        Returns:
            float32 (n, tasks).
        """
        share = alike and self._shares and min(codes.shape[0], codes.shape[1] - 2) > 0
        if share and self.network is not None:
            shared = self._averaged(self.network.scores, codes)
            if self._shares == "known":
                return shared
            first = slice(self.batch_size)
            if agree(shared[first], self._averaged(self._one_strand, codes[first])):
                self._shares = "known"
                return shared
            self._shares = None  # another network under a known name
        scores = np.empty((len(codes), len(self.tasks)), np.float32)
        for first in range(0, len(codes), self.batch_size):
            batch = codes[first : first + self.batch_size]
            scores[first : first + len(batch)] = self._averaged(self._one_strand, batch)
        return scores

    def _averaged(self, scores, codes):
        if not self.both_strands:
            return scores(codes)
        return self.mean(scores(codes), scores(reverse_complement(codes)))

    def mean(self, forward, reverse):
        """Mean of the scores of two strands: of log-odds, or of log-likelihoods."""
        if self.is_language_model:
            return (forward + reverse) / 2
        return sigmoid((logit(forward) + logit(reverse)) / 2).astype(np.float32)

    def _one_strand(self, codes):
        scores = batch_scores(self.model, codes, self.batch_size)
        return likelihood(scores, codes) if self.is_language_model else scores


def agree(one, other):
    """Whether scores by two ways are those of one network."""
    return np.allclose(one, other, atol=1e-4, rtol=1e-4)


def open_scorer(weights=DEFAULT, *, both_strands=None, batch_size=256):
    """The scorer of a checkpoint.

    Args:
        weights: as in `genome_keras.scoring.load.load_model`.
        both_strands: average over both strands; None does what the checkpoint does.
        batch_size: windows at a time.

    Raises:
        WeightsError: a checkpoint that cannot be used.
    """
    model, checkpoint = load_model(weights)
    outside = False
    if both_strands is not None:
        build = getattr(genome_keras, checkpoint.config["architecture"])
        if "both_strands" not in inspect.signature(build).parameters:
            outside = both_strands
        elif both_strands != checkpoint.arguments.get("both_strands", False):
            model = build(weights=checkpoint.name, both_strands=both_strands)
    try:
        return Scorer(model, tasks=checkpoint.tasks, both_strands=outside, batch_size=batch_size)
    except ValueError as error:
        raise WeightsError(f"{weights}: {error}") from error
