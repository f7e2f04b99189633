"""Gradients of a model's outputs for its input, which Keras has no common word for."""

import keras
import numpy as np


def gradient(model):
    """The derivative of weighted outputs for the input, on any backend that has gradients.

    Args:
        model: a `keras.Model`, one float input and one output (batch, outputs). Its weights
            are read at each call.

    Returns:
        A function from float32 inputs (batch, ...) and weights (batch, outputs) to float32
        of the shape of the inputs: d sum(weights * model(inputs)) / d inputs, not in
        training. On TensorFlow and JAX it is compiled for each shape of the inputs.

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
        return (outputs * weights).sum()

    compiled = jax.jit(jax.grad(total))

    def call(inputs, weights):
        trainable = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        return np.asarray(compiled(inputs, weights, trainable, fixed))

    return call


def _tensorflow(model):
    import tensorflow as tf

    @tf.function
    def compiled(inputs, weights):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(model(inputs, training=False) * weights)
        return tape.gradient(total, inputs, unconnected_gradients="zero")

    def call(inputs, weights):
        return compiled(tf.constant(inputs), tf.constant(weights)).numpy()

    return call


def _torch(model):
    import torch
    from keras import ops

    def call(inputs, weights):
        inputs = ops.convert_to_tensor(inputs).detach().requires_grad_()
        # cuDNN's recurrent kernels refuse gradients outside of training.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            total = (model(inputs, training=False) * ops.convert_to_tensor(weights)).sum()
            (found,) = torch.autograd.grad(total, inputs)
        return ops.convert_to_numpy(found)

    return call


_WAYS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
