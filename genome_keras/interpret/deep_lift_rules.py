"""Operations whose derivative, between a window and a reference, is the quotient of differences.

Rows of a batch stand in pairs: window, reference, window, reference... Every function gives
the values of the operation it stands for. Differentiated, it gives DeepLIFT's multipliers in
place of derivatives: what the output changes from the reference to the window is the sum of
multipliers times what the inputs change. So any backend's own gradients carry them through
a network, and operations that are linear need nothing. Only windows have multipliers: the
derivatives for their references are asked by nobody, and are 0.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.layers._gradients import derivative, with_own_gradient
from genome_keras.layers.clockwork import Clockwork

SMALL = 1e-6  # changes below it take the derivative: their quotient is rounding


def through(function: Callable, x: Any) -> Any:
    """A function of single numbers, by the rescale rule.

    Args:
        function: of one tensor, number by number.
        x: float (2 n, ...), pairs of rows.

    Returns:
        function(x); its derivative is (f(x) - f(x')) / (x - x').

    Source: Shrikumar et al. 2017 (arXiv:1704.02685), the rescale rule.

    Example:
        >>> pairs = ops.array([[3.0], [-1.0]])  # one window and its reference
        >>> ops.convert_to_numpy(through(ops.relu, pairs)).tolist()
        [[3.0], [0.0]]
    """

    def back(x, value, upstream):
        change, own = _change(x), x[::2]
        small = ops.abs(change) < SMALL
        slope = _change(value) / ops.where(small, ops.ones_like(change), change)
        return upstream[::2] * ops.where(small, derivative(function, own), slope)

    return with_own_gradient(function, back, x)


def product(a: Any, b: Any) -> Any:
    """a b: each factor's change counts with the mean of the other factor.

    The change of a product is shared evenly where both factors change, so the sum is right
    and the shares are a choice: an approximation of what each factor does.

    Args:
        a, b: float (2 n, ...) that broadcast, pairs of rows.

    Source: the Shapley value of the two factors (Lundberg & Lee 2017, arXiv:1705.07874).

    Example:
        >>> a, b = ops.array([[3.0], [1.0]]), ops.array([[5.0], [2.0]])
        >>> ops.convert_to_numpy(product(a, b)).tolist()
        [[15.0], [2.0]]
    """
    value = ops.stop_gradient(a * b)
    by_a = ops.stop_gradient(_mean(b)) * (a - ops.stop_gradient(a))
    by_b = ops.stop_gradient(_mean(a)) * (b - ops.stop_gradient(b))
    return value + by_a + by_b


def largest(windows: Any) -> Any:
    """The maximum along axis 2.

    Where the window's maximum is the larger one, the change counts for the place of the
    window's maximum; where the reference's is, for the place of the reference's.

    Args:
        windows: float (2 n, places, pooled, channels), pairs of rows; finite, or the dtype's
            lowest number for what is not there.

    Returns:
        float (2 n, places, channels).

    Source: the rule of DeepLIFT's program and of SHAP, Captum and tangermeme.

    Example:
        >>> pairs = ops.reshape(ops.array([1.0, 4.0, 3.0, 2.0]), (2, 1, 2, 1))
        >>> ops.convert_to_numpy(largest(pairs)).tolist()  # of the window, of the reference
        [[[4.0]], [[3.0]]]
    """
    return with_own_gradient(lambda windows: ops.max(windows, 2), _share_of_largest, windows)


def _share_of_largest(windows, value, upstream):
    size = windows.shape[2]
    places = np.arange(size, dtype="int32")[:, None]
    at = ops.where(ops.equal(windows, ops.expand_dims(value, 2)), places, size)
    at = ops.equal(places, ops.min(at, 2, keepdims=True))  # the first of equal ones
    at_own, at_other = _halves(ops.cast(at, windows.dtype))
    own, other = _halves(value)
    larger = ops.maximum(own, other)
    moved = at_own * ops.expand_dims(larger - other, 2)
    moved = moved + at_other * ops.expand_dims(own - larger, 2)
    change = _change(windows)
    still = ops.equal(change, 0)
    share = moved / ops.where(still, ops.ones_like(change), change)
    # What does not change moves nothing, but its multiplier counts for other letters.
    share = ops.where(still, at_own, share)
    return ops.expand_dims(upstream[::2], 2) * share


def pooled(x: Any, size: int, stride: int, padding: str) -> Any:
    """Maxima of stretches, by `largest`.

    Args:
        x: float (2 n, steps, channels), pairs of rows.
        size, stride: of the stretches.
        padding: "valid" or "same", as Keras has them.

    Returns:
        float (2 n, places, channels).

    Example:
        >>> pairs = ops.reshape(ops.array([1.0, 2.0, 4.0, 3.0, 2.0, 5.0]), (2, 3, 1))
        >>> ops.convert_to_numpy(pooled(pairs, 2, 2, "valid")).tolist()
        [[[2.0]], [[3.0]]]
    """
    steps = x.shape[1]
    if padding == "same":
        places = -(-steps // stride)
        missing = max(0, (places - 1) * stride + size - steps)
        lowest = float(np.finfo(keras.backend.standardize_dtype(x.dtype)).min)
        ends = (missing // 2, missing - missing // 2)
        x = ops.pad(x, ((0, 0), ends, (0, 0)), constant_values=lowest)
    else:
        places = (steps - size) // stride + 1
    if stride == size:
        return largest(ops.reshape(x[:, : places * size], (-1, places, size, x.shape[2])))
    index = np.arange(places)[:, None] * stride + np.arange(size)
    return largest(ops.take(x, index, 1))


def gated(layer: keras.layers.RNN, x: Any) -> Any:
    """A layer of GRU, LSTM or simple recurrent cells, step by step, by the rules above.

    The activations take the rescale rule, the products with gates `product`.

    Args:
        layer: built `keras.layers.GRU`, `LSTM` or `SimpleRNN`, or one of their kind.
        x: float (2 n, steps, features), pairs of rows.

    Returns:
        What the layer gives: float (2 n, units), or (2 n, steps, units).

    Example:
        >>> layer = keras.layers.GRU(3)
        >>> pairs = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")
        >>> own, ours = (ops.convert_to_numpy(x) for x in (layer(pairs), gated(layer, pairs)))
        >>> bool(np.allclose(own, ours, atol=1e-6))
        True
    """
    cell = layer.cell
    if isinstance(layer, keras.layers.GRU):
        width, (step, read) = cell.units, _gru(cell)
    elif isinstance(layer, keras.layers.LSTM):
        width, (step, read) = 2 * cell.units, _lstm(cell)
    else:
        width, (step, read) = cell.units, _simple(cell)
    inputs = ops.transpose(read(x), (1, 0, 2))
    if layer.go_backwards:
        inputs = ops.flip(inputs, 0)
    start = ops.repeat(ops.zeros_like(inputs[0, :, :1]), width, -1)
    _, outputs = ops.scan(step, start, inputs)
    outputs = outputs[..., : cell.units]
    return ops.transpose(outputs, (1, 0, 2)) if layer.return_sequences else outputs[-1]


def both_ways(layer: keras.layers.Bidirectional, x: Any) -> Any:
    """A `keras.layers.Bidirectional` of such layers.

    Args:
        layer: built, merging by "concat", "sum" or "ave".
        x: as in `gated`.

    Example:
        >>> layer = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True))
        >>> pairs = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")
        >>> own, ours = (ops.convert_to_numpy(x) for x in (layer(pairs), both_ways(layer, pairs)))
        >>> bool(np.allclose(own, ours, atol=1e-6))
        True
    """
    forward, backward = gated(layer.forward_layer, x), gated(layer.backward_layer, x)
    if layer.return_sequences:
        backward = ops.flip(backward, 1)
    if layer.merge_mode == "concat":
        return ops.concatenate([forward, backward], -1)
    return (forward + backward) / (2 if layer.merge_mode == "ave" else 1)


def ticking(layer: Clockwork, x: Any) -> Any:
    """A `Clockwork` layer, by the rescale rule.

    Args:
        layer: built.
        x: as in `gated`.

    Example:
        >>> layer = Clockwork(4, periods=(1, 2))
        >>> pairs = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")
        >>> own, ours = (ops.convert_to_numpy(x) for x in (layer(pairs), ticking(layer, pairs)))
        >>> bool(np.allclose(own, ours, atol=1e-6))
        True
    """

    def ticks(read, kernel):
        def step(state, read):
            state = through(ops.tanh, read + ops.matmul(state, kernel))
            return state, state

        first = ops.zeros_like(read[:, 0])
        return ops.transpose(ops.scan(step, first, ops.transpose(read, (1, 0, 2)))[1], (1, 0, 2))

    return layer.states(x, ticks)


def _gru(cell):
    units, kernel = cell.units, ops.convert_to_tensor(cell.recurrent_kernel)
    bias = ops.convert_to_tensor(cell.bias) if cell.use_bias else None
    after = bias[1] if bias is not None and cell.reset_after else 0.0

    def read(x):
        weighted = ops.matmul(x, cell.kernel)
        return weighted if bias is None else weighted + (bias[0] if cell.reset_after else bias)

    def step(state, x):
        if cell.reset_after:
            inner = ops.matmul(state, kernel) + after
            gates = x[:, : 2 * units] + inner[:, : 2 * units]
        else:
            gates = x[:, : 2 * units] + ops.matmul(state, kernel[:, : 2 * units])
        gates = through(cell.recurrent_activation, gates)
        update, reset = gates[:, :units], gates[:, units:]
        if cell.reset_after:
            inner = product(reset, inner[:, 2 * units :])
        else:
            inner = ops.matmul(product(reset, state), kernel[:, 2 * units :])
        candidate = through(cell.activation, x[:, 2 * units :] + inner)
        state = candidate + product(update, state - candidate)
        return state, state

    return step, read


def _lstm(cell):
    units, kernel = cell.units, ops.convert_to_tensor(cell.recurrent_kernel)

    def step(states, x):
        state, carried = states[:, :units], states[:, units:]
        gates = x + ops.matmul(state, kernel)
        inwards, forget, new, out = (
            gates[:, number * units : (number + 1) * units] for number in range(4)
        )
        inwards, forget, out = (
            through(cell.recurrent_activation, gate) for gate in (inwards, forget, out)
        )
        new = through(cell.activation, new)
        carried = product(forget, carried) + product(inwards, new)
        state = product(out, through(cell.activation, carried))
        states = ops.concatenate([state, carried], -1)
        return states, states

    return step, lambda x: _linear(cell, x)


def _simple(cell):
    kernel = ops.convert_to_tensor(cell.recurrent_kernel)

    def step(state, x):
        state = through(cell.activation, x + ops.matmul(state, kernel))
        return state, state

    return step, lambda x: _linear(cell, x)


def _linear(cell, x):
    product = ops.matmul(x, cell.kernel)
    return product + cell.bias if cell.use_bias else product


def _halves(x):
    """Windows, and their references."""
    return x[::2], x[1::2]


def _change(x):
    """Of windows from their references, (n, ...)."""
    own, other = _halves(x)
    return own - other


def _mean(x):
    """Of windows and their references, for both, (2 n, ...)."""
    own, other = _halves(x)
    return ops.repeat((own + other) / 2, 2, 0)
