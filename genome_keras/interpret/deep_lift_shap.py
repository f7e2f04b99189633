"""DeepLIFT/SHAP: what letters add to a score, beside references of the same composition."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.interpret.deep_lift_rules import (
    both_ways,
    gated,
    largest,
    pooled,
    product,
    through,
    ticking,
)
from genome_keras.interpret.letters import LogOdds, MeanCodes, MeanCounts, MeanVectors, WordChances
from genome_keras.layers._gradients import outputs_and_gradients, weights_of_columns
from genome_keras.layers.clockwork import Clockwork
from genome_keras.layers.covered import CoveredMean, IsLetter
from genome_keras.layers.places import PlaceSums
from genome_keras.layers.reverse import Reverse
from genome_keras.layers.strands import MergeStrands

_LAYERS = keras.layers
# Linear, as they compute outside of training: their derivatives are their multipliers.
LINEAR = (
    *(_LAYERS.Dropout, _LAYERS.SpatialDropout1D, _LAYERS.GaussianNoise, _LAYERS.BatchNormalization),
    *(_LAYERS.Reshape, _LAYERS.Flatten, _LAYERS.Permute, _LAYERS.Concatenate, _LAYERS.RepeatVector),
    *(_LAYERS.Add, _LAYERS.Subtract, _LAYERS.Average, _LAYERS.Cropping1D, _LAYERS.ZeroPadding1D),
    *(_LAYERS.AveragePooling1D, _LAYERS.GlobalAveragePooling1D, _LAYERS.UpSampling1D),
    *(LogOdds, MeanCodes, MeanVectors, PlaceSums, Reverse),
)
# Operations of `keras.ops`, by the names of their classes.
_LINEAR_NAMES = {"Add", "Subtract", "Negative", "GetItem", "Flip", "Concatenate", "Transpose"}
_LINEAR_NAMES |= {"Reshape", "Squeeze", "ExpandDims", "Mean", "Sum", "Cast", "Stack", "Pad"}
_ALONE_NAMES = {"Relu", "Sigmoid", "Tanh", "Silu", "Elu", "Gelu", "Softplus", "Exp", "Log"}
_ALONE_NAMES |= {"Log1p", "Clip", "Square", "Sqrt", "Abs", "LeakyRelu", "HardSigmoid"}
_ALONE = (_LAYERS.ReLU, _LAYERS.LeakyReLU, _LAYERS.ELU)  # number by number
_TOGETHER = ("softmax", "log_softmax")  # activations that read more than one number


def deep_lift_model(network: keras.Model) -> keras.Model:
    """A network whose gradients are DeepLIFT's multipliers; it shares layers and weights.

    Linear layers stay. Activations take the rescale rule, maxima the rule of SHAP's program;
    products, as of the gates of recurrent layers and of the letters of k-mers, share the change
    evenly between their factors: an approximation, whose sum is right.

    Args:
        network: a functional `keras.Model` of float inputs, as
            `genome_keras.interpret.letter_model` gives it.

    Returns:
        A `keras.Model` of the same inputs and outputs. The rows of its batches stand in pairs:
        window, reference, window, reference.

    Raises:
        ValueError: an operation whose multipliers are not known.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> from genome_keras.interpret import letter_model
        >>> network = letter_model(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> deep_lift_model(network).output_shape
        (None, 3)
    """
    inputs = keras.Input(network.inputs[0].shape[1:], name="letters")

    def call(operation, *args, **kwargs):
        rule = _rule(operation, args, network.name)
        if rule is None:
            return operation(*args, **kwargs)
        return Ruled(operation, rule)(*args)

    return keras.models.clone_model(
        network,
        input_tensors=keras.tree.map_structure(lambda _: inputs, network.input),
        clone_function=lambda layer: layer,
        call_function=call,
    )


class Ruled(keras.layers.Layer):
    """An operation, computed by a rule of `genome_keras.interpret.deep_lift_rules`.

    Args:
        operation: a layer, or an operation of `keras.ops`.
        rule: a function of the same arguments.

    Example:
        >>> layer = Ruled(keras.layers.ReLU(), partial(through, ops.relu))
        >>> ops.convert_to_numpy(layer(np.float32([[3], [-1]]))).tolist()
        [[3.0], [0.0]]
    """

    def __init__(self, operation: Any, rule: Callable) -> None:
        super().__init__(dtype="float32")
        self.operation, self.rule = operation, rule

    def call(self, *args: Any) -> Any:
        return self.rule(*args)

    def compute_output_spec(self, *args: Any) -> keras.KerasTensor:
        return self.operation.compute_output_spec(*args)


def _rule(operation, args, name):
    """The function that stands for an operation, or None where it stays as it is."""
    kind = type(operation).__name__
    if isinstance(operation, LINEAR) or (not _is_layer(operation) and kind in _LINEAR_NAMES):
        return None
    if isinstance(operation, _ALONE) or (not _is_layer(operation) and kind in _ALONE_NAMES):
        return partial(through, operation.call)
    activation = getattr(operation, "activation", None)
    if getattr(activation, "__name__", "") in _TOGETHER:
        raise _error(operation, name)
    if type(operation) is _LAYERS.Activation:
        return partial(through, activation)
    if isinstance(operation, _LAYERS.Dense | _LAYERS.Conv1D):
        return None if activation is keras.activations.linear else partial(_activated, operation)
    if _is_gated(operation):
        return partial(gated, operation)
    if isinstance(operation, _LAYERS.Bidirectional):
        both = operation.forward_layer, operation.backward_layer
        if all(map(_is_gated, both)) and operation.merge_mode in ("concat", "sum", "ave"):
            return partial(both_ways, operation)
        raise _error(operation, name)
    for layer, rule in _BY_CLASS:
        if isinstance(operation, layer):
            return partial(rule, operation)
    if isinstance(operation, _LAYERS.Multiply) and len(args[0]) == 2:
        return lambda factors: product(*factors)
    if kind in ("Multiply", "Divide", "TrueDivide") and not _is_layer(operation):
        both = all(isinstance(each, keras.KerasTensor) for each in args)
        if both and kind == "Multiply":
            return product
        if not both and isinstance(args[0], keras.KerasTensor):
            return None
    raise _error(operation, name)


def _is_gated(layer):
    known = isinstance(layer, _LAYERS.GRU | _LAYERS.LSTM | _LAYERS.SimpleRNN)
    return known and not (layer.stateful or layer.return_state)


def _is_layer(operation):
    return isinstance(operation, keras.layers.Layer)


def _error(operation, name):
    return ValueError(
        f"{name}: DeepLIFT's multipliers of {operation.name!r} ({type(operation).__name__}) are "
        "not known. Accepted: convolutions, dense and recurrent layers, maxima and means, "
        "batch normalisation, activations of single numbers, sums and products; or "
        "method='integrated_gradients' or 'occlusion'"
    )


def _activated(layer, x):
    """A dense or convolutional layer whose activation takes the rescale rule."""
    if isinstance(layer, keras.layers.Conv1D):
        before = layer.convolution_op(x, layer.kernel)
    else:
        before = ops.matmul(x, layer.kernel)
    if layer.use_bias:
        before = before + layer.bias
    return through(layer.activation, before)


def _own_slopes(layer, x):
    alpha = ops.convert_to_tensor(layer.alpha)  # TensorFlow wants no variable read inside
    return through(lambda x: ops.where(x > 0, x, alpha * x), x)


def _max_pooling(layer, x):
    return pooled(x, layer.pool_size[0], layer.strides[0], layer.padding)


def _global_maximum(layer, x):
    maximum = largest(ops.expand_dims(x, 1))
    return maximum if layer.keepdims else maximum[:, 0]


def _merged(layer, x):
    if layer.merge == "mean":
        return layer(x)
    return largest(ops.expand_dims(ops.stack(ops.split(x, 2, 0), 1), 1))[:, 0]


def _is_letter(layer, x):
    return ops.sum(x, -1, keepdims=True)  # of one-hot letters the maximum too


def _covered_mean(layer, inputs):
    values, counted = inputs
    places = ops.maximum(ops.sum(counted, 1), 1.0)
    return product(ops.sum(values, 1), through(ops.reciprocal, places))


_BY_CLASS = (
    (_LAYERS.PReLU, _own_slopes),
    (IsLetter, _is_letter),
    (CoveredMean, _covered_mean),
    (_LAYERS.MaxPooling1D, _max_pooling),
    (_LAYERS.GlobalMaxPooling1D, _global_maximum),
    (Clockwork, ticking),
    (MergeStrands, _merged),
    (WordChances, lambda layer, x: WordChances(layer.words, product)(x)),
    (MeanCounts, lambda layer, x: MeanCounts(layer.counts, product)(x)),
)


class DeepLift:
    """Contributions of letters beside references; what is compiled serves many calls.

    Args:
        network: as in `deep_lift_model`, from letters (batch, window, 4) to (batch, outputs).
        batch_size: rows at a time, two for each window and reference.

    Attributes:
        model: of `deep_lift_model`.

    Example:
        >>> from genome_keras import kmer_logreg, one_hot
        >>> from genome_keras.interpret import letter_model
        >>> lift = DeepLift(letter_model(kmer_logreg(k=(1, 2), window=12, tasks=3)))
        >>> letters, other = one_hot(["ACGTACGTACGT"]), one_hot(["AGCTACGTACGT"])
        >>> found, change = lift(letters, other[:, None], outputs=[0, 2])
        >>> found.shape, change.shape
        ((1, 12, 4, 2), (1, 2))
        >>> own = (found * letters[..., None]).sum((1, 2))
        >>> bool(np.allclose(own, change, atol=1e-5))
        True
    """

    def __init__(self, network: keras.Model, *, batch_size: int = 256) -> None:
        self.pairs = max(1, batch_size // 2)
        self._count = network.output_shape[-1]
        self.model = deep_lift_model(network)
        self._compute = outputs_and_gradients(self.model)
        self._compiled = keras.backend.backend() != "torch"

    def __call__(
        self, letters: np.ndarray, references: np.ndarray, *, outputs: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What each letter would add, the mean over the references of its window.

        Args:
            letters: float32 (n, window, 4), one-hot.
            references: float32 (n, references, window, 4).
            outputs: integer columns of the network's output.

        Returns:
            float64 (n, window, 4, outputs): the multipliers times letter minus reference, of
            all four letters; and float64 (n, outputs): the network's own output for the
            window minus that for its references, which the letters that stand there add up to.
        """
        (n, count), size = references.shape[:2], self.pairs
        attributions = np.zeros((*letters.shape, len(outputs)))
        change = np.zeros((n, len(outputs)))
        for first in range(0, n * count, size):
            row, number = np.divmod(np.arange(first, min(first + size, n * count)), count)
            rows = 2 * len(row)
            filled = 2 * size if self._compiled else rows  # what is compiled has one shape
            points = np.zeros((filled, *letters.shape[1:]), np.float32)
            points[:rows:2], points[1:rows:2] = letters[row], references[row, number]
            for before, chosen in weights_of_columns(outputs, rows=filled, outputs=self._count):
                chosen[:, 1::2] = 0
                scores, several = self._compute(points, chosen)
                for at, each in zip(range(before, len(outputs)), several, strict=False):
                    own = each[:rows:2].astype(np.float64)
                    own -= (own * points[1:rows:2]).sum(-1, keepdims=True)
                    np.add.at(attributions[..., at], row, own / count)
                    output = scores[:rows, outputs[at]].astype(np.float64)
                    np.add.at(change[:, at], row, (output[::2] - output[1::2]) / count)
        return attributions, change
