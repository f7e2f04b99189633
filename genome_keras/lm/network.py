"""A `char_rnn` whose state is in the caller's hands, to read and to learn, on any backend.

Keras's own `fit` and `predict` forget the state between batches on JAX; here the states
go in and come out of every call.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.losses import next_base_cross_entropy
from genome_keras.models.char_rnn import with_states


class Network:
    """Reads windows of codes, and learns from them.

    Args:
        model: compiled, of `char_rnn`; it has the weights, so what is learned is in it.
        embeddings: `read` gives the outputs of the last recurrent layer instead of
            probabilities.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> network = Network(model)
        >>> codes = np.array([[0, 1, 2, 3]], np.uint8)
        >>> scores, states = network.read(codes, network.start(rows=1))
        >>> scores.shape
        (1, 4, 4)
        >>> nats, bases, states = network.learn(codes[:, :-1], codes[:, 1:], network.start(rows=1))
        >>> int(bases)
        3
    """

    def __init__(self, model: keras.Model, *, embeddings: bool = False) -> None:
        self.model = model
        self._net = with_states(model, embeddings=embeddings)
        self._optimizer = model.optimizer
        self._steps = _BACKENDS[keras.backend.backend()](self._net, self._optimizer)

    def start(self, rows: int) -> list[np.ndarray]:
        """The states before the first base: a list of float32 (rows, units), zeros."""
        return [np.zeros((rows, state.shape[1]), np.float32) for state in self._net.inputs[1:]]

    def read(self, codes: np.ndarray, states: list) -> tuple[np.ndarray, list]:
        """Probabilities of the next bases.

        Args:
            codes: uint8 (rows, window).
            states: of `start` or of the call before.

        Returns:
            float32 (rows, window, 4), and the states after the window.
        """
        scores, *states = self._steps.read([ops.convert_to_tensor(codes), *_tensors(states)])
        return ops.convert_to_numpy(scores), states

    def learn(
        self, codes: np.ndarray, following: np.ndarray, states: list
    ) -> tuple[Any, Any, list]:
        """One step of the optimizer on one window; no gradient goes back beyond it.

        Args:
            codes, following: uint8 (rows, window), a base and the next one.
            states: of `start` or of the call before.

        Returns:
            The sum of -ln P(next base) before the step and the number of next bases
            that are not N, both 0-dimensional tensors, and the states after the window.
        """
        inputs = [ops.convert_to_tensor(codes), *_tensors(states)]
        return self._steps.learn(inputs, ops.convert_to_tensor(following))

    def variables(self) -> list[keras.Variable]:
        """Everything that training changes: weights, random state, optimizer."""
        return [*self._net.variables, *self._optimizer.variables]


def _tensors(states):
    return [ops.convert_to_tensor(state) for state in states]


def _cost(following, scores):
    """Mean cost of the bases that count, their sum and their number."""
    values, weight = next_base_cross_entropy(following, scores)
    nats, bases = ops.sum(values * weight), ops.sum(weight)
    return nats / ops.maximum(bases, 1.0), nats, bases


class _Jax:
    def __init__(self, net, optimizer):
        import jax

        self.net, self.optimizer = net, optimizer
        optimizer.build(net.trainable_variables)

        def read(trainable, fixed, inputs):
            return net.stateless_call(trainable, fixed, inputs, training=False)[0]

        def cost(trainable, fixed, inputs, following):
            outputs, fixed = net.stateless_call(trainable, fixed, inputs, training=True)
            mean, nats, bases = _cost(following, outputs[0])
            return mean, (nats, bases, outputs[1:], fixed)

        def learn(trainable, fixed, optimizing, inputs, following):
            gradient = jax.value_and_grad(cost, has_aux=True)
            (_, (nats, bases, states, fixed)), slopes = gradient(
                trainable, fixed, inputs, following
            )
            trainable, optimizing = optimizer.stateless_apply(optimizing, slopes, trainable)
            return nats, bases, states, trainable, fixed, optimizing

        self._read, self._learn = jax.jit(read), jax.jit(learn)

    def _values(self):
        net, optimizer = self.net, self.optimizer
        groups = (net.trainable_variables, net.non_trainable_variables, optimizer.variables)
        return [[variable.value for variable in group] for group in groups]

    def read(self, inputs):
        return self._read(*self._values()[:2], inputs)

    def learn(self, inputs, following):
        nats, bases, states, *after = self._learn(*self._values(), inputs, following)
        net, optimizer = self.net, self.optimizer
        groups = (net.trainable_variables, net.non_trainable_variables, optimizer.variables)
        for variables, values in zip(groups, after, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return nats, bases, states


class _TensorFlow:
    def __init__(self, net, optimizer):
        import tensorflow as tf

        optimizer.build(net.trainable_variables)

        @tf.function(reduce_retracing=True)
        def read(inputs):
            return net(inputs, training=False)

        @tf.function(reduce_retracing=True)
        def learn(inputs, following):
            with tf.GradientTape() as tape:
                scores, *states = net(inputs, training=True)
                mean, nats, bases = _cost(following, scores)
            weights = [variable.value for variable in net.trainable_variables]
            optimizer.apply(tape.gradient(mean, weights), net.trainable_variables)
            return nats, bases, states

        self.read, self.learn = read, learn


class _Torch:
    def __init__(self, net, optimizer):
        self.net, self.optimizer = net, optimizer
        optimizer.build(net.trainable_variables)

    def read(self, inputs):
        import torch

        with torch.no_grad():
            return self.net(inputs, training=False)

    def learn(self, inputs, following):
        import torch

        scores, *states = self.net(inputs, training=True)
        mean, nats, bases = _cost(following, scores)
        self.net.zero_grad()
        mean.backward()
        weights = self.net.trainable_variables
        with torch.no_grad():
            self.optimizer.apply([variable.value.grad for variable in weights], weights)
        return nats.detach(), bases, [state.detach() for state in states]


_BACKENDS = {"jax": _Jax, "tensorflow": _TensorFlow, "torch": _Torch}
