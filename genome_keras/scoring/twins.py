"""Layers that share the cell of another, so its variables."""

import keras


def twin(layer, settings):
    """A recurrent layer with the same cell, so the same variables, and other settings.

    Args:
        layer: a built `keras.layers.RNN`.
        settings: dict argument -> value.
    """
    other = type(layer).from_config({**layer.get_config(), **settings})
    other.cell.built = True  # never used; an unbuilt layer would make Keras trace every call
    other.cell = layer.cell
    return other


def state_sizes(layer):
    size = layer.cell.state_size
    return list(size) if isinstance(size, (list, tuple)) else [size]


def compiled(model):
    slow = keras.backend.backend() == "tensorflow"  # XLA slows recurrent layers there
    model.compile(jit_compile=False if slow else "auto")
    return model
