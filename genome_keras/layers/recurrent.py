"""Recurrent layers: Keras's weights and numbers, by a faster path where there is one."""

import keras
import numpy as np


@keras.saving.register_keras_serializable("genome_keras")
class GRU(keras.layers.GRU):
    """`keras.layers.GRU` with fast paths for JAX and torch on CPUs.

    On JAX the backward pass computes the gradients of the weights in one large
    matrix product; on torch the native kernel replaces Keras's loop over time
    steps. Weights, order of gates, states and serialisation are inherited, so a
    checkpoint of one loads into the other. Masks, dropout inside the layer,
    other activations and GPUs take Keras's own path, as does
    `reset_after=False` on torch; `fast_path()` tells which and why.

    Args: as `keras.layers.GRU`.

    Call arguments:
        sequences: float (batch, window, features).

    Returns:
        float (batch, units), or (batch, window, units) with
        `return_sequences=True`.

    Source: Cho et al. 2014 (arXiv:1406.1078) for the cell; `reset_after=True`
        is the variant of cuDNN, `reset_after=False` that of Zhang & Kamath 2016.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        dropping = training and (self.dropout or self.recurrent_dropout)
        if mask is not None or dropping or self.fast_path()[0] is None:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        state = initial_state[0] if isinstance(initial_state, (list, tuple)) else initial_state
        cell = self.cell
        outputs = self._compute(
            sequences,
            state,
            *map(keras.ops.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias)),
        )
        last = outputs[:, -1]
        return last, outputs if self.return_sequences else last[:, None], [last]

    def fast_path(self):
        """Which fast path calls without mask and dropout take, and why.

        Returns:
            ("jax" or "torch", ""), or (None, the reason).
        """
        backend = keras.backend.backend()
        usual = (
            self.use_bias
            and not self.unroll
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
        )
        if backend not in ("jax", "torch"):
            return None, f"no fast path for {backend}"
        if not usual:
            return None, "unroll, no bias, or other activations"
        if backend == "torch" and not self.reset_after:
            return None, "torch has no native kernel for reset_after=False"
        if not _on_cpu():
            return None, "not on a CPU"
        return backend, ""

    def _compute(self, x, state, kernel, recurrent_kernel, bias):
        if keras.backend.backend() == "torch":
            from genome_keras.layers._gru_torch import gru

            return gru(x, state, kernel, recurrent_kernel, bias, go_backwards=self.go_backwards)
        from genome_keras.layers._gru_jax import gru

        return gru(
            x,
            state,
            kernel,
            recurrent_kernel,
            bias,
            reset_after=self.reset_after,
            go_backwards=self.go_backwards,
        )


@keras.saving.register_keras_serializable("genome_keras")
class GateBias(keras.initializers.Initializer):
    """Biases of a GRU: 1 for the update and the reset gate, 0 for the candidate.

    The second row of a `reset_after` bias (the recurrent one) stays 0.

    Source: Zhang & Kamath 2016, the authors' program.
    """

    def __call__(self, shape, dtype=None):
        bias = np.zeros(shape)
        row = bias[0] if len(shape) == 2 else bias
        row[: 2 * shape[-1] // 3] = 1
        return keras.ops.convert_to_tensor(bias, dtype=dtype)


def _on_cpu():
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "cpu"
    import torch

    return torch.get_default_device().type == "cpu" and not torch.cuda.is_available()
