"""Gradients of a model's outputs for its input, which Keras has no common word for."""

import keras
import numpy as np


def gradient(model):
    """The derivative of weighted outputs for the input, as of `outputs_and_gradient`."""
    both = outputs_and_gradient(model)
    return lambda inputs, weights: both(inputs, weights)[1]


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
    backend = keras.backend.backend()
    if backend not in _WAYS:
        raise ValueError(f"backend {backend!r} has no gradients. Accepted: {', '.join(_WAYS)}")
    return _WAYS[backend](model)


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
