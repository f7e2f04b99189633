"""A recurrent layer whose modules tick at periods of their own."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

PERIODS = (1, 2, 4, 8, 16, 32, 64)


@keras.saving.register_keras_serializable("genome_keras")
class Clockwork(keras.layers.Layer):
    """Clockwork RNN: units in modules of one size, each updated every so many steps.

    At step t (from 0), the modules whose period divides t read the input of this step
    and the states that the modules of their own and of longer periods had after the
    step before: h = tanh(W x + U h_before + b). The others keep their state. A module
    never reads a faster one, so U is block-upper-triangular (`recurrent_matrix`).

    As slow modules do not depend on fast ones, the layer runs them one after the other,
    slowest first, each over its own ticks only: fewer than 2 window steps of small
    matrices for periods 1, 2, 4..., and one large matrix product for all that a module
    reads from outside itself.

    Args:
        units: of all modules together; a multiple of their number.
        periods: of the modules, in steps, increasing.
        return_sequences: give the states after every step, not only the last.

    Call arguments:
        inputs: float (batch, window, features).

    Returns:
        float (batch, units), or (batch, window, units): fastest module first.

    Raises:
        ValueError: other units or periods.

    Source: Koutnik et al. 2014 (arXiv:1402.3511). Departures: steps count from 0, so
        that every module reads the first input; weights start as in Keras (Glorot,
        orthogonal), not Gaussian.

    Example:
        >>> layer = Clockwork(4, periods=(1, 2))
        >>> tuple(layer(np.zeros((3, 8, 5), "float32")).shape)
        (3, 4)
    """

    def __init__(
        self,
        units: int,
        *,
        periods: tuple[int, ...] = PERIODS,
        return_sequences: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.periods = units, tuple(periods)
        self.return_sequences = return_sequences
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        if not self.periods or any(type(n) is not int or n < 1 for n in self.periods):
            raise ValueError(f"periods must be integers of at least 1. Received: {periods!r}")
        if list(self.periods) != sorted(set(self.periods)):
            raise ValueError(f"periods must be increasing. Received: periods={periods!r}")
        if type(units) is not int or units < 1 or units % len(self.periods):
            raise ValueError(
                f"units must be a multiple of the {len(self.periods)} modules. "
                f"Received: units={units!r}"
            )
        self.size = units // len(self.periods)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernels, self.recurrent_kernels, self.biases = [], [], []
        for i, period in enumerate(self.periods):
            slower = self.size * (len(self.periods) - i - 1)
            kernel = self.add_weight(
                name=f"kernel_{period}",
                shape=(input_shape[-1] + slower, self.size),
                initializer=_of_module(self.kernel_initializer, i),
            )
            recurrent = self.add_weight(
                name=f"recurrent_kernel_{period}",
                shape=(self.size, self.size),
                initializer=_of_module(self.recurrent_initializer, i),
            )
            bias = self.add_weight(name=f"bias_{period}", shape=(self.size,), initializer="zeros")
            self.kernels.append(kernel)
            self.recurrent_kernels.append(recurrent)
            self.biases.append(bias)

    def call(self, inputs: Any) -> Any:
        return self.states(inputs, _ticks)

    def states(self, inputs: Any, ticks: Callable[[Any, Any], Any]) -> Any:
        """The output, by a function that runs one module over its ticks.

        Args:
            inputs: as of a call.
            ticks: from what a module reads (batch, ticks, size) and its own recurrent kernel
                to its states (batch, ticks, size): h = tanh(read + h_before U).
        """
        window = ops.shape(inputs)[1]
        states, before = [], []  # of the modules so far, slowest first; one step earlier
        for i, period in reversed(list(enumerate(self.periods))):
            read = ops.concatenate([x[:, ::period] for x in (inputs, *before)], -1)
            read = ops.matmul(read, self.kernels[i]) + self.biases[i]
            own = ticks(read, ops.convert_to_tensor(self.recurrent_kernels[i]))
            held = ops.repeat(own, period, 1)[:, :window]
            states.insert(0, held)
            before.insert(0, ops.pad(held, ((0, 0), (1, 0), (0, 0)))[:, :window])
        states = ops.concatenate(states, -1)
        return states if self.return_sequences else states[:, -1]

    def recurrent_matrix(self) -> np.ndarray:
        """U of the equation above, which acts on a column of states.

        Returns:
            float32 (units, units), zero where a module would read a faster one.
        """
        matrix, size = np.zeros((self.units, self.units), "float32"), self.size
        for i, (kernel, own) in enumerate(zip(self.kernels, self.recurrent_kernels, strict=True)):
            rows = slice(i * size, (i + 1) * size)
            matrix[rows, rows] = ops.convert_to_numpy(own).T
            slower = self.units - (i + 1) * size
            if slower:
                matrix[rows, -slower:] = ops.convert_to_numpy(kernel)[-slower:].T
        return matrix

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        steps = (input_shape[1],) if self.return_sequences else ()
        return (input_shape[0], *steps, self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "periods": list(self.periods),
            "return_sequences": self.return_sequences,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }


def _ticks(read, kernel):
    """States of one module after each of its ticks: h = tanh(read + h_before U)."""
    if keras.backend.backend() == "torch":
        import torch

        identity = torch.eye(kernel.shape[0], dtype=read.dtype, device=read.device)
        start = read.new_zeros(1, read.shape[0], kernel.shape[0])
        weights, training = [identity, kernel.T.to(read.dtype)], torch.is_grad_enabled()
        # No biases, one layer, no dropout; one direction, batch first.
        return torch.rnn_tanh(read, start, weights, False, 1, 0.0, training, False, True)[0]

    def step(state, read):
        state = ops.tanh(read + ops.matmul(state, kernel))
        return state, state

    first = ops.zeros_like(read[:, 0])
    states = ops.scan(step, first, ops.transpose(read, (1, 0, 2)))[1]
    return ops.transpose(states, (1, 0, 2))


def _of_module(initializer, module):
    """The same initializer with another seed: one seed gives equal weights to equal shapes."""
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] += 1_000_000 * module
    return type(initializer).from_config(config)
