"""Recurrent layers: Keras's weights and numbers, by a faster path where there is one."""

import contextlib
import contextvars
import functools
import logging
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

_log = logging.getLogger(__name__)
_keras_only = contextvars.ContextVar("keras_only", default=False)
_gates_kept = contextvars.ContextVar("gates_kept", default=False)


@contextlib.contextmanager
def keras_only() -> Iterator[None]:
    """Within it, layers take Keras's own path: converters know its operations.

    Example:
        >>> with keras_only():
        ...     path, reason = GRU(2).fast_path()
        >>> path is None
        True
    """
    token = _keras_only.set(True)
    try:
        yield
    finally:
        _keras_only.reset(token)


@contextlib.contextmanager
def keep_gates() -> Iterator[None]:
    """Within it, TensorFlow keeps the gates of a `GRU` outside of training too.

    The derivatives of what is computed then need no second pass; they are the same.

    Example:
        >>> with keep_gates():
        ...     tuple(GRU(4)(np.zeros((3, 8, 5), "float32")).shape)
        (3, 4)
    """
    token = _gates_kept.set(True)
    try:
        yield
    finally:
        _gates_kept.reset(token)


def torch_at_once(x: Any) -> bool:
    """Whether torch may take an array in one operation: float32 on a CPU, not in `keras_only`.

    Example:
        >>> torch_at_once(keras.ops.zeros(2)) in (True, False)
        True
    """
    if keras.backend.backend() != "torch" or _keras_only.get():
        return False
    return x.device.type == "cpu" and keras.backend.standardize_dtype(x.dtype) == "float32"


@keras.saving.register_keras_serializable("genome_keras")
class GRU(keras.layers.GRU):
    """`keras.layers.GRU` with fast paths for TensorFlow, JAX and torch on CPUs.

    The backward pass computes the gradients of the weights in large matrix products; on
    torch, gradients of gradients are an error. Weights, order of gates, states and
    serialisation are inherited, so a checkpoint of one loads into the other. Masks, dropout
    inside the layer, other activations, mixed precision and GPUs take Keras's own path;
    `fast_path()` tells which and why, and the reason is logged once: as a warning where
    there would be a fast path, as information on a GPU and while a model is exported.

    Args: as `keras.layers.GRU`.

    Call arguments:
        sequences: float (batch, window, features).

    Returns:
        float (batch, units), or (batch, window, units) with
        `return_sequences=True`.

    Source: Cho et al. 2014 (arXiv:1406.1078) for the cell; `reset_after=True`
        is the variant of cuDNN, `reset_after=False` that of Zhang & Kamath 2016.

    Example:
        >>> tuple(GRU(4)(np.zeros((3, 8, 5), "float32")).shape)
        (3, 4)
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        path, reason = self.fast_path()
        if path and mask is not None:
            path, reason = None, "a mask"
        elif path and training and (self.dropout or self.recurrent_dropout):
            path, reason = None, "dropout inside the layer"
        if path is None:
            _tell(reason)
            return super().inner_loop(sequences, initial_state, mask, training=training)
        state = initial_state[0] if isinstance(initial_state, (list, tuple)) else initial_state
        cell = self.cell
        outputs, last = self._compute(
            path,
            sequences,
            state,
            *map(keras.ops.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias)),
            training=bool(training),
        )
        return last, outputs if self.return_sequences else last[:, None], [last]

    def fast_path(self) -> tuple[str | None, str]:
        """Which fast path calls without mask and dropout take, and why.

        Returns:
            ("tensorflow", "jax" or "torch", ""), or (None, the reason).
        """
        backend = keras.backend.backend()
        usual = (
            self.use_bias
            and not self.unroll
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
        )
        if backend not in ("tensorflow", "jax", "torch"):
            return None, f"no fast path for {backend}"
        if not on_cpu(backend):
            return None, _ELSEWHERE
        if _keras_only.get():
            return None, _ASKED
        if not usual:
            return None, "unroll, no bias, or other activations"
        if self.compute_dtype != "float32":
            return None, f"{self.compute_dtype}, not float32"
        return backend, ""

    def _compute(self, path, *arguments, training):
        how = {"reset_after": self.reset_after, "go_backwards": self.go_backwards}
        if path == "tensorflow":
            from genome_keras.layers._gru_tensorflow import gru

            return gru(*arguments, training=training or _gates_kept.get(), **how)
        if path == "torch":
            from genome_keras.layers._gru_torch import gru

            return gru(*arguments, sequences=self.return_sequences, **how)
        from genome_keras.layers._gru_jax import gru

        outputs = gru(*arguments, **how)
        return outputs, outputs[:, -1]


@keras.saving.register_keras_serializable("genome_keras")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with torch's own kernel on CPUs, in place of a loop of Keras's.

    Weights, states and serialisation are inherited. Masks, dropout inside the layer, other
    activations, `go_backwards`, mixed precision, GPUs and the other backends take Keras's path.

    Args: as `keras.layers.LSTM`.

    Source: Hochreiter & Schmidhuber 1997 (doi:10.1162/neco.1997.9.8.1735).

    Example:
        >>> tuple(LSTM(4)(np.zeros((3, 8, 5), "float32")).shape)
        (3, 4)
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        dropped = training and (self.dropout or self.recurrent_dropout)
        if mask is not None or dropped or not self._by_torch(sequences):
            return super().inner_loop(sequences, initial_state, mask, training=training)
        import torch

        cell, states = self.cell, [state[None].contiguous() for state in initial_state]
        kernels = (cell.kernel, cell.recurrent_kernel)
        weights = [keras.ops.convert_to_tensor(kernel).T.contiguous() for kernel in kernels]
        bias = keras.ops.convert_to_tensor(cell.bias)
        outputs, last, inside = torch._VF.lstm(
            sequences.contiguous(),
            states,
            [*weights, bias, torch.zeros_like(bias)],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=bool(training),
            bidirectional=False,
            batch_first=True,
        )
        return last[0], outputs if self.return_sequences else last[0][:, None], [last[0], inside[0]]

    def _by_torch(self, sequences):
        usual = (
            self.use_bias
            and not (self.unroll or self.go_backwards)
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.compute_dtype == "float32"
        )
        return usual and torch_at_once(sequences)


@keras.saving.register_keras_serializable("genome_keras")
class GateBias(keras.initializers.Initializer):
    """Biases of a GRU: 1 for the update and the reset gate, 0 for the candidate.

    The second row of a `reset_after` bias (the recurrent one) stays 0.

    Source: Zhang & Kamath 2016, the authors' program.

    Example:
        >>> keras.ops.convert_to_numpy(GateBias()((6,))).tolist()
        [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        bias = np.zeros(shape)
        row = bias[0] if len(shape) == 2 else bias
        row[: 2 * shape[-1] // 3] = 1
        return keras.ops.convert_to_tensor(bias, dtype=dtype)


_ELSEWHERE, _ASKED = "not on a CPU", "a graph for other programs"


@functools.cache
def _tell(reason):
    """Logs once why Keras's own path is taken."""
    usual = reason in (_ELSEWHERE, _ASKED)  # where it is the best there is
    _log.log(logging.INFO if usual else logging.WARNING, "GRU by Keras's own path: %s", reason)


def on_cpu(backend: str) -> bool:
    """Whether a backend, one of Keras's three, has nothing but CPUs.

    Example:
        >>> on_cpu(keras.backend.backend()) in (True, False)
        True
    """
    if backend == "tensorflow":
        import tensorflow as tf

        return all(device.device_type == "CPU" for device in tf.config.list_physical_devices())
    if backend == "jax":
        import jax

        return jax.default_backend() == "cpu"
    import torch

    others = torch.cuda, torch.backends.mps, torch.xpu
    return torch.get_default_device().type == "cpu" and not any(
        other.is_available() for other in others
    )
