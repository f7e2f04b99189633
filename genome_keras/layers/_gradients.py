"""Gradients of a model's outputs for its input, which Keras has no common word for."""

import keras
import numpy as np


def gradient(model):
    """The derivative of weighted outputs for the input, as of `outputs_and_gradient`."""
    both = outputs_and_gradient(model)
    return lambda inputs, weights: both(inputs, weights)[1]


def gradients(model):
    """Derivatives of several weighted sums of the outputs, of one pass through the model.

    Recurrent models on TensorFlow take a pass for each.

    Args:
        model: as of `outputs_and_gradient`.

    Returns:
        A function from float32 inputs (batch, ...) and weights (sums, batch, outputs) to
        float32 (sums, batch, ...), the derivative of each sum for the inputs.

    Raises:
        ValueError: a backend without gradients.
    """
    return _way(_SEVERAL)(model)


def outputs_and_gradient(model):
    """The outputs and the derivative of their weighted sum for the input, on any backend.

    Args:
        model: a `keras.Model`, one float input and one output (batch, outputs). Its weights
            are read at each call.

    Returns:
        A function from float32 inputs (batch, ...) and weights (batch, outputs) to the outputs
        and to float32 of the shape of the inputs: d sum(weights * model(inputs)) / d inputs, not
        in training. On TensorFlow and JAX it is compiled for each shape of the inputs.

    Raises:
        ValueError: a backend without gradients.
    """
    return _way(_WAYS)(model)


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

    def total(inputs, weights, trainable, fixed):
        outputs, _ = model.stateless_call(trainable, fixed, inputs, training=False)
        return (outputs * weights).sum(), outputs

    compiled = jax.jit(jax.grad(total, has_aux=True))

    def call(inputs, weights):
        trainable = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        gradients, outputs = compiled(inputs, weights, trainable, fixed)
        return np.asarray(outputs), np.asarray(gradients)

    return call


def _tensorflow(model):
    import tensorflow as tf

    @tf.function
    def compiled(inputs, weights):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=False)
            total = tf.reduce_sum(outputs * weights)
        return outputs, tape.gradient(total, inputs, unconnected_gradients="zero")

    def call(inputs, weights):
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
            total = (outputs * ops.convert_to_tensor(weights)).sum()
            (gradients,) = torch.autograd.grad(total, inputs)
        return ops.convert_to_numpy(outputs), ops.convert_to_numpy(gradients)

    return call


_WAYS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def _several_jax(model):
    import jax

    @jax.jit
    def compiled(inputs, weights, trainable, fixed):
        def outputs(inputs):
            return model.stateless_call(trainable, fixed, inputs, training=False)[0]

        _, back = jax.vjp(outputs, inputs)
        return jax.lax.map(lambda each: back(each)[0], weights)

    def call(inputs, weights):
        trainable = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        return np.asarray(compiled(inputs, weights, trainable, fixed))

    return call


def _several_tensorflow(model):
    import tensorflow as tf

    layers = model._flatten_layers(include_self=False)
    if any(isinstance(layer, keras.layers.RNN) for layer in layers):
        # XLA keeps nothing of a compiled loop for a second derivative of it.
        derivative = gradient(model)
        return lambda inputs, weights: np.stack([derivative(inputs, each) for each in weights])

    @tf.function
    def compiled(inputs, weights):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=False)
        kept = {"unconnected_gradients": "zero"}
        return [
            tape.gradient(outputs, inputs, output_gradients=each, **kept)
            for each in tf.unstack(weights)
        ]

    def call(inputs, weights):
        parts = compiled(tf.constant(inputs), tf.constant(weights))
        return np.stack([part.numpy() for part in parts])

    return call


def _several_torch(model):
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
        return np.stack([ops.convert_to_numpy(part) for part in parts])

    return call


_SEVERAL = {"tensorflow": _several_tensorflow, "jax": _several_jax, "torch": _several_torch}


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
