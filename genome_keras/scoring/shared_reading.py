"""What windows under recurrent models share: nothing before a letter changes with it.

Substitutions: a window is read in pieces. At the start of each piece the substitutions
inside it join the batch with the states that the window itself has there, so that a
substitution costs only the steps from its piece on: about half, on average. Layer 2 of a
stack reads layer 1 of the same stack and direction, so the same holds for every layer.

Alleles: both windows of a variant begin alike, and those of an SNV end alike. Each half
that several windows have in common is read once.
"""

from itertools import takewhile
from typing import NamedTuple

import keras
import numpy as np

from genome_keras.encode import reverse_complement
from genome_keras.layers.reverse import Reverse
from genome_keras.layers.strands import MergeStrands, OneHot, StackStrands
from genome_keras.scoring.batch import BatchSizes, batch_scores, compiles_sizes
from genome_keras.scoring.recurrent_stacks import Stack
from genome_keras.scoring.twins import compiled

# Layers and operations that read out the states of a stack.
_READOUTS = {
    "GlobalAveragePooling1D": "mean",
    "GlobalMaxPooling1D": "max",
    "Max": "max",
    "Mean": "mean",
}


def network(model: keras.Model, batch_size: int) -> "_SideBySide | _Likelihood | None":
    """The model as stacks that carry their states, found from its layers.

    Two kinds are known: stacks of recurrent layers over embedded letters, from either end,
    whose read-outs a head reads side by side, as in `bigru_multitask`; and one stack that
    gives the probabilities of each next base, as `char_rnn`. The names do not matter, so a
    model that was saved and loaded is known too.

    Args:
        model: a functional `keras.Model`.
        batch_size: rows at a time, about.

    Returns:
        An object with `scores(codes)` and `substitutions(codes)`, from codes uint8
        (n, window) to float32 (n, tasks), and (n, window, 4, tasks) with (n, tasks) of the
        windows themselves; or None, for other models.

    Example:
        >>> from genome_keras import bigru_multitask, kmer_logreg
        >>> model = bigru_multitask(embedding=4, units=3, depth=1, window=12, tasks=2)
        >>> changed, own = network(model, 64).substitutions(np.zeros((1, 12), np.uint8))
        >>> changed.shape, own.shape
        ((1, 12, 4, 2), (1, 2))
        >>> network(kmer_logreg(k=(1, 2), window=12, tasks=2), 64) is None
        True
    """
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        return None
    operations, given = _back(model.outputs[0])
    head, *before = operations
    if len(model.output_shape) == 3:
        branch = _branch(before)
        is_known = branch is not None and branch.readout == "all" and not branch.both_strands
        return _Likelihood(branch, head, batch_size) if is_known else None
    merges = bool(before) and isinstance(before[0], MergeStrands)
    before = before[merges:]
    if _named(before, "Concatenate"):  # a layer, or the operation of that name
        branches = [_branch(_back(tensor)[0]) for tensor in given]
    else:
        branches = [_branch(before)]
    if any(branch is None or branch.readout == "all" for branch in branches):
        return None
    if any(branch.both_strands != merges for branch in branches):
        return None
    return _SideBySide(branches, head, batch_size)


class _Branch(NamedTuple):
    """A stack of recurrent layers and how it reads: `readout` is "all" of every step."""

    both_strands: bool
    backward: bool
    embedding: keras.layers.Layer
    recurrent: list
    readout: str


def _back(tensor):
    """Operations that made a tensor, the last first, and what the earliest of them was given.

    That are no tensors at the input of the model, or several where parts meet.
    """
    operations, given = [], [tensor]
    while len(given) == 1:
        operation, node, _ = given[0]._keras_history
        operations.append(operation)
        given = operation._inbound_nodes[node].input_tensors
    return operations, given


def _named(operations, *names):
    """Whether there is a next operation, of one of these classes."""
    return bool(operations) and type(operations[0]).__name__ in names


def _branch(operations):
    """The branch that operations are, the last first, or None."""
    passed = (keras.layers.InputLayer, keras.layers.Dropout)
    steps = [operation for operation in operations[::-1] if not isinstance(operation, passed)]
    both_strands = bool(steps) and isinstance(steps[0], StackStrands)
    steps = steps[both_strands:]
    if not steps or not isinstance(steps[0], OneHot):
        return None
    steps = steps[1:]
    backward = _named(steps, Reverse.__name__, "Flip")
    steps = steps[backward:]
    if not steps or not isinstance(steps[0], keras.layers.Dense):
        return None
    embedding, *steps = steps
    recurrent = list(takewhile(lambda step: isinstance(step, keras.layers.RNN), steps))
    if not recurrent or len(steps) > len(recurrent) + 1:
        return None
    readout = "all" if recurrent[-1].return_sequences else "last"
    if len(steps) > len(recurrent):
        readout = _READOUTS.get(type(steps[-1]).__name__)
        if readout is None or not recurrent[-1].return_sequences:
            return None
    return _Branch(both_strands, backward, embedding, recurrent, readout)


class _SideBySide:
    """Stacks and a head that reads all of them, of one strand or both."""

    way = "states"

    def __init__(self, branches, head, batch_size):
        self.both_strands, self.batch_size = branches[0].both_strands, batch_size
        self.backward = [branch.backward for branch in branches]
        self.stacks = [
            Stack(branch.embedding, branch.recurrent, branch.readout, batch_size)
            for branch in branches
        ]
        features = keras.Input((sum(stack.width for stack in self.stacks),))
        self.head = compiled(keras.Model(features, head(features)))
        self._sizes = BatchSizes(batch_size, compiled=compiles_sizes(self.head))

    def scores(self, codes):
        features = self._halves(codes)
        if self.both_strands:
            features = (features + self._halves(reverse_complement(codes))) / 2
        return self._scores(features)

    def substitutions(self, codes):
        changed, own = self._features(codes)
        if self.both_strands:
            other, own_of_other = self._features(reverse_complement(codes))
            changed, own = (changed + other[:, ::-1, ::-1]) / 2, (own + own_of_other) / 2
        return self._scores(changed), self._scores(own)

    def _halves(self, codes):
        # `windows.alleles` puts the variant at window // 2: before it the alleles are
        # alike, and after it those of an SNV. On the other strand it lies at most one off.
        window = codes.shape[1]
        before = max(1, min(window // 2, window - window // 2 - 1))
        read = zip(self.stacks, self.backward, strict=True)
        return np.concatenate(
            [stack.scores(codes[:, ::-1] if back else codes, before) for stack, back in read], -1
        )

    def _features(self, codes):
        changed, own = [], []
        for stack, back in zip(self.stacks, self.backward, strict=True):
            values, of_windows = stack.substitutions(codes[:, ::-1] if back else codes)
            changed.append(values[:, ::-1] if back else values)
            own.append(of_windows)
        return np.concatenate(changed, -1), np.concatenate(own, -1)

    def _scores(self, features):
        flat = features.reshape(-1, features.shape[-1])
        scores = batch_scores(self.head, flat, self.batch_size, self._sizes)
        return scores.reshape(*features.shape[:-1], -1)


class _Likelihood:
    """One stack that gives each next base: the log-likelihood of a window."""

    way = "states"

    def __init__(self, branch, head, batch_size):
        self.stack = Stack(
            branch.embedding, branch.recurrent, "likelihood", batch_size, next_base=head
        )

    def scores(self, codes):
        return self.stack.scores(codes, max(1, codes.shape[1] // 2))

    def substitutions(self, codes):
        return self.stack.substitutions(codes)
