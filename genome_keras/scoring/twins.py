"""Layers that share the cell of another, so its variables."""

from typing import Any

import keras


def twin(layer: keras.layers.RNN, settings: dict[str, Any]) -> keras.layers.RNN:
    """A recurrent layer with the same cell, so the same variables, and other settings.

    Args:
        layer: a built `keras.layers.RNN`.
        settings: dict argument -> value.

    Example:
        >>> gru = keras.layers.GRU(3)
        >>> gru.build((None, None, 4))
        >>> other = twin(gru, {"return_sequences": True})
        >>> other.cell is gru.cell, other.return_sequences
        (True, True)
    """
    other = type(layer).from_config({**layer.get_config(), **settings})
    other.cell.built = True  # never used; an unbuilt layer would make Keras trace every call
    other.cell = layer.cell
    return other


def state_sizes(layer: keras.layers.RNN) -> list[int]:
    """Units of each state that a recurrent layer carries.

    Example:
        >>> state_sizes(keras.layers.GRU(3)), state_sizes(keras.layers.LSTM(3))
        ([3], [3, 3])
    """
    size = layer.cell.state_size
    return list(size) if isinstance(size, (list, tuple)) else [size]


def compiled(model: keras.Model) -> keras.Model:
    """The model itself, compiled for `predict_on_batch`.

    Example:
        >>> codes = keras.Input((4,))
        >>> compiled(keras.Model(codes, keras.layers.Dense(2)(codes))).output_shape
        (None, 2)
    """
    slow = keras.backend.backend() == "tensorflow"  # XLA slows recurrent layers there
    model.compile(jit_compile=False if slow else "auto")
    return model
