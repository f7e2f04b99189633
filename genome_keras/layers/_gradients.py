"""Gradients of a model's outputs for its input, which Keras has no common word for."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from genome_keras.layers.recurrent import keep_gates

TOGETHER = 8  # derivatives that share a pass through the model: all are in memory at once


def outputs_and_gradients(model):
    """Outputs, and derivatives of several weighted sums of them, of one pass through the model.

    Args:
        model: a `keras.Model`, one float input and one output (batch, outputs). Its weights
            are read at each call.

    Returns:
        A function from float32 inputs (batch, ...) and weights (sums, batch, outputs) to the
        outputs and to float32 (sums, batch, ...): d sum(weights * model(inputs)) / d inputs of
        each sum, not in training. On TensorFlow and JAX it is compiled for each shape.

    Raises:
        ValueError: a backend without gradients.
    """
    return _way(_WAYS)(model)


def weights_of_columns(
    columns: Sequence[int], *, rows: int, outputs: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Weights of `outputs_and_gradients` by which each sum is that of one column.

    Args:
        columns: of the outputs, at least one.
        rows, outputs: of a batch.

    Yields:
        How many columns came before; and float32 (sums, rows, outputs) of the next ones, at
        most 8. All are of one shape, compiled once: the last may have sums of nothing.
    """
    groups = -(-len(columns) // TOGETHER)
    size = -(-len(columns) // groups)
    for first in range(0, len(columns), size):
        some = columns[first : first + size]
        weights = np.zeros((size, rows, outputs), np.float32)
        weights[np.arange(len(some)), :, some] = 1
        yield first, weights


def derivative(function, x):
    """The derivative of a function of single numbers, at each of x.

    Args:
        function: of one tensor, number by number.
        x: a float tensor, which may be one of a function that is traced or differentiated.

    Raises:
        ValueError: a backend without gradients.
    """
    return _way(_DERIVATIVES)(function, x)


def with_own_gradient(function, back, x):
    """function(x) of pairs of rows, with a gradient of its own for the first of each pair.

    Args:
        function: of one tensor; what else it reads gets no gradient.
        back: of x, function(x) and a total's derivative for function(x), all (2 n, ...); it
            gives that for rows 0, 2, 4, ... of x, (n, ...). That for the others is 0.
        x: a tensor (2 n, ...).
    """

    def told(x):
        value = function(x)

        def backwards(*args, upstream=None):  # torch names it and gives x, others give it alone
            return apart(back(x, value, args[0] if upstream is None else upstream), x)

        return value, backwards

    apart = _torch_apart if keras.backend.backend() == "torch" else _apart
    return keras.ops.custom_gradient(told)(x)


def _apart(rows, like):
    """Rows (n, ...) with zeros after each, (2 n, ...)."""
    pairs = keras.ops.stack([rows, keras.ops.zeros_like(rows)], 1)
    return keras.ops.reshape(pairs, keras.ops.shape(like))


def _torch_apart(rows, like):
    """The same, in memory as `like` is: convolutions copy what lies otherwise."""
    import torch

    pairs = torch.zeros_like(like)
    pairs[::2] = rows
    return pairs


def _way(ways):
    backend = keras.backend.backend()
    if backend not in ways:
        raise ValueError(f"backend {backend!r} has no gradients. Accepted: {', '.join(ways)}")
    return ways[backend]


def _jax(model):
    import jax

    @jax.jit
    def compiled(inputs, weights, trainable, fixed):
        def outputs(inputs):
            return model.stateless_call(trainable, fixed, inputs, training=False)[0]

        computed, back = jax.vjp(outputs, inputs)
        return computed, jax.lax.map(lambda each: back(each)[0], weights)

    def call(inputs, weights):
        trainable = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        return tuple(map(np.asarray, compiled(inputs, weights, trainable, fixed)))

    return call


def _tensorflow(model):
    import tensorflow as tf

    @tf.function
    def compiled(inputs, weights):
        # A graph asks once, in the body of a loop; XLA's loops inside of the model refuse
        # tapes that may be asked again, which is what functions that run eagerly do.
        with tf.GradientTape(persistent=tf.executing_eagerly()) as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=False)

        def gradient(each):
            return tape.gradient(outputs, inputs, each, unconnected_gradients="zero")

        return outputs, tf.map_fn(gradient, weights)

    def call(inputs, weights):
        with keep_gates():
            outputs, gradients = compiled(tf.constant(inputs), tf.constant(weights))
        return outputs.numpy(), gradients.numpy()

    return call


def _torch(model):
    import torch
    from keras import ops

    def call(inputs, weights):
        inputs = ops.convert_to_tensor(inputs).detach().requires_grad_()
        # cuDNN's recurrent kernels refuse gradients outside of training.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            outputs = model(inputs, training=False)
            parts = []
            for number, each in enumerate(weights, 1):
                given = ops.convert_to_tensor(each)
                kept = number < len(weights)
                parts += torch.autograd.grad(outputs, inputs, given, retain_graph=kept)
        gradients = np.stack([ops.convert_to_numpy(part) for part in parts])
        return ops.convert_to_numpy(outputs), gradients

    return call


_WAYS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def _derivative_jax(function, x):
    import jax

    return jax.vjp(function, x)[1](jax.numpy.ones_like(x))[0]


def _derivative_tensorflow(function, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x, unconnected_gradients="zero")


def _derivative_torch(function, x):
    import torch

    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = function(x)
    return torch.autograd.grad(value, x, torch.ones_like(value))[0]


_DERIVATIVES = {
    "tensorflow": _derivative_tensorflow,
    "jax": _derivative_jax,
    "torch": _derivative_torch,
}
