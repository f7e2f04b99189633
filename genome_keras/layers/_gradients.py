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
