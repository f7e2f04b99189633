"""What windows under recurrent models share: nothing before a letter changes with it.

Substitutions: a window is read in pieces. At the start of each piece the substitutions
inside it join the batch with the states that the window itself has there, so that a
substitution costs only the steps from its piece on: about half, on average. Layer 2 of a
stack reads layer 1 of the same stack and direction, so the same holds for every layer.

Alleles: both windows of a variant begin alike, and those of an SNV end alike. Each half
that several windows have in common is read once.
"""

import keras
import numpy as np

from genome_keras.encode import reverse_complement
from genome_keras.scoring.recurrent_stacks import Stack
from genome_keras.scoring.twins import compiled


def network(model, batch_size):
    """The model as stacks that carry their states.

    Args:
        model: a `keras.Model`.
        batch_size: rows at a time, about.

    Returns:
        An object with `scores(codes)` and `substitutions(codes)`, from codes uint8
        (n, window) to float32 (n, tasks), and (n, window, 4, tasks) with (n, tasks) of the
        windows themselves; or None, for other models.
    """
    layers = {layer.name: layer for layer in model.layers}
    if model.name == "bigru_multitask" and {"forward_gru_1", "backward_gru_1"} <= set(layers):
        return _Bidirectional(model, layers, batch_size)
    if model.name == "char_rnn" and "next_base" in layers:
        return _Likelihood(layers, batch_size)
    return None


class _Bidirectional:
    """`bigru_multitask`: two stacks and a head, of one strand or both."""

    def __init__(self, model, layers, batch_size):
        readout = "last"
        for operation in model.operations:
            readout = {"Max": "max", "Mean": "mean"}.get(type(operation).__name__, readout)
        self.forward = Stack(layers, "forward_", readout, batch_size)
        self.backward = Stack(layers, "backward_", readout, batch_size)
        self.both_strands, self.batch_size = "stack_strands" in layers, batch_size
        features = keras.Input((self.forward.width + self.backward.width,))
        self.head = compiled(keras.Model(features, layers["head"](features)))

    def scores(self, codes):
        features = self._halves(codes)
        if self.both_strands:
            features = (features + self._halves(reverse_complement(codes))) / 2
        return self._scores(features)

    def substitutions(self, codes):
        every, own = self._features(codes)
        if self.both_strands:
            other, theirs = self._features(reverse_complement(codes))
            every, own = (every + other[:, ::-1, ::-1]) / 2, (own + theirs) / 2
        return self._scores(every), self._scores(own)

    def _halves(self, codes):
        # `windows.alleles` puts the variant at window // 2: before it the alleles are
        # alike, and after it those of an SNV. On the other strand it lies at most one off.
        window = codes.shape[1]
        before = max(1, min(window // 2, window - window // 2 - 1))
        forward = self.forward.scores(codes, before)
        return np.concatenate([forward, self.backward.scores(codes[:, ::-1], before)], -1)

    def _features(self, codes):
        forward, own = self.forward.substitutions(codes)
        backward, own_backward = self.backward.substitutions(codes[:, ::-1])
        every = np.concatenate([forward, backward[:, ::-1]], -1)
        return every, np.concatenate([own, own_backward], -1)

    def _scores(self, features):
        flat = features.reshape(-1, features.shape[-1])
        scores = []
        for first in range(0, len(flat), self.batch_size):
            rows = flat[first : first + self.batch_size]
            padded = np.pad(rows, ((0, self.batch_size - len(rows)), (0, 0)))
            scores.append(np.asarray(self.head.predict_on_batch(padded))[: len(rows)])
        return np.concatenate(scores).reshape(*features.shape[:-1], -1)


class _Likelihood:
    """`char_rnn`: the log-likelihood of a window."""

    def __init__(self, layers, batch_size):
        self.stack = Stack(layers, "", "likelihood", batch_size)

    def scores(self, codes):
        return self.stack.scores(codes, max(1, codes.shape[1] // 2))

    def substitutions(self, codes):
        return self.stack.substitutions(codes)
