"""Whether what a model is given are codes of the window that it takes."""

from typing import Any

import keras
import numpy as np

from genome_keras.errors import SequenceError

TOLD = "as genome_keras.tokens gives them"


def check_codes(x: Any, *, window: int | None = None) -> None:
    """Checks the shape, the type and the range of codes.

    Args:
        x: an array, or a tensor of the backend; of one inside a graph only the shape and the
            type are known, and checked.
        window: bp; None is any.

    Raises:
        SequenceError: not integers (batch, window) from 0 to 4.

    Example:
        >>> check_codes(np.array([[0, 1, 2, 3, 4]]), window=5)
        >>> check_codes(np.array([[0, 7]]))
        Traceback (most recent call last):
        genome_keras.errors.SequenceError: expected codes from 0 to 4 (A, C, G, T, N), as \
genome_keras.tokens gives them. Received: code 7 at row 0, position 1
    """
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    check_shape(x, window=window)
    codes = _numbers(x)
    if codes is None or not codes.size:
        return
    if codes.max() <= 4 and (codes.dtype.kind == "u" or codes.min() >= 0):
        return
    row, at = np.argwhere((codes < 0) | (codes > 4))[0].tolist()
    raise SequenceError(
        f"expected codes from 0 to 4 (A, C, G, T, N), {TOLD}. "
        f"Received: code {codes[row, at]} at row {row}, position {at}"
    )


def check_shape(x: Any, *, window: int | None = None, integers: bool = True) -> None:
    """Checks the shape and the type of codes, as far as they are known.

    Args:
        x: an array or a tensor, also one inside a graph.
        window: bp; None is any.
        integers: whether the type is looked at.

    Raises:
        SequenceError: not integers (batch, window).

    Example:
        >>> check_shape(keras.KerasTensor((None, 12), dtype="uint8"), window=12)
    """
    shape = x.shape
    if getattr(shape, "rank", 2) is None:
        return
    shape, dtype = tuple(shape), getattr(x.dtype, "name", str(x.dtype)).removeprefix("torch.")
    if len(shape) != 2 or (None not in (window, shape[1]) and shape[1] != window):
        received = f"shape {shape}"
    elif integers and "int" not in dtype:
        received = f"{dtype} {shape}"
    else:
        return
    wanted = "window" if window is None else window
    raise SequenceError(f"expected integer codes (batch, {wanted}), {TOLD}. Received: {received}")


def check_rank(x: Any) -> None:
    """Checks that what a layer reads as codes has the axes (batch, window).

    Args:
        x: an array or a tensor, also one inside a graph.

    Raises:
        SequenceError: another number of axes, as of one-hot letters.

    Example:
        >>> check_rank(np.zeros((1, 8, 4)))
        Traceback (most recent call last):
        genome_keras.errors.SequenceError: expected integer codes (batch, window), as \
genome_keras.tokens gives them. Received: shape (1, 8, 4)
    """
    if getattr(x.shape, "rank", 2) is not None and len(x.shape) != 2:
        raise SequenceError(
            f"expected integer codes (batch, window), {TOLD}. Received: shape {tuple(x.shape)}"
        )


def _numbers(x):
    """The codes as a NumPy array, or None where they are not known yet, inside a graph."""
    if isinstance(x, np.ndarray):
        return x
    if isinstance(x, keras.KerasTensor) or not keras.ops.is_tensor(x):
        return None if isinstance(x, keras.KerasTensor) else np.asarray(x)
    return None if _in_graph(x) else keras.ops.convert_to_numpy(x)


def _in_graph(x):
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.is_symbolic_tensor(x)
    if backend == "jax":
        import jax

        return isinstance(x, jax.core.Tracer)
    import torch

    return x.is_meta or torch.compiler.is_compiling() or torch.jit.is_tracing()
