"""From the description and the arrays of an old network to a Keras 3 model."""

import os

import keras

from genome_keras.errors import WeightsError
from genome_keras.sharing.old_keras_files import Layer, Saved
from genome_keras.sharing.old_keras_layers import convert
from genome_keras.sharing.old_keras_settings import ChannelsFirst, LayerSettings
from genome_keras.weights.parameter_budget import at_most


def build(saved: Saved, path: str | os.PathLike) -> keras.Model:
    """The Keras 3 model of a saved network, with its weights.

    Args:
        saved: of `read_old_keras`.
        path: what to call the file in errors.

    Raises:
        WeightsError: a layer that is not known (named), arrays that do not fit it, or more
            weights than the file holds.

    Example:
        >>> import numpy as np
        >>> from genome_keras.sharing.old_keras_files import Tensor
        >>> from genome_keras.weights.file_checks import Contents
        >>> ends = [Tensor("x")], [Tensor("y")]
        >>> layers = [Layer("x", "InputLayer", {"batch_input_shape": [None, 3]}, [[]])]
        >>> layers += [Layer("y", "Dense", {"output_dim": 2, "bias": False}, [ends[0]])]
        >>> arrays = {"y": [np.ones((3, 2), "float32")]}
        >>> saved = Saved(layers, *ends, arrays, (1, 0), True, Contents(arrays=1, numbers=6))
        >>> build(saved, "old.h5").output_shape
        (None, 2)
    """
    budget = {"arrays": saved.contents.arrays, "numbers": saved.contents.numbers}
    with at_most(**budget, where=str(path)):
        layers = {layer.name: _converted(layer, saved, path) for layer in saved.layers}
        tensors = _connected(saved, layers, path)
    try:
        inputs = [tensors[end.layer, end.call] for end in saved.inputs]
        outputs = [tensors[end.layer, end.call] for end in saved.outputs]
    except KeyError as error:
        raise WeightsError(f"{path}: no tensor {error.args[0]!r:.60} in the network") from error
    for name, (layer, arrays) in layers.items():
        _set(layer, arrays, saved.arrays.get(name, []), f"{path}: layer {name!r}")
    single = len(inputs) == 1, len(outputs) == 1
    return keras.Model(inputs[0] if single[0] else inputs, outputs[0] if single[1] else outputs)


def _converted(layer: Layer, saved, path):
    """The Keras 3 layer, or an input's tensor, and the function that turns its arrays."""
    settings = LayerSettings(layer.settings, saved.version, saved.theano)
    try:
        if layer.kind == "InputLayer":
            shape = settings.take("batch_input_shape", "batch_shape")[1:]
            dtype = settings.take("dtype", "input_dtype", default="float32")
            return keras.Input(shape, dtype=dtype or "float32", name=layer.name), None
        return convert(layer.kind, settings, layer.name)
    except Exception as error:  # Keras raises many kinds on sizes that make no sense
        raise WeightsError(_problem(path, layer, error)) from error


def _connected(saved, layers, path):
    """Calls every layer on what it reads: (name, call) -> tensor."""
    tensors, waiting = (
        {},
        [(layer, call) for layer in saved.layers for call in range(len(layer.calls))],
    )
    while waiting:
        left = []
        for layer, call in waiting:
            if layer.kind == "InputLayer":
                tensors[layer.name, call] = layers[layer.name][0]
                continue
            read = layer.calls[call]
            if not read or any(end.part for end in read):
                raise WeightsError(f"{path}: layer {layer.name!r} is connected in no known way")
            # Calls of one layer are numbered in their order.
            ready = all((end.layer, end.call) in tensors for end in read)
            if not ready or (call and (layer.name, call - 1) not in tensors):
                left.append((layer, call))
                continue
            inputs = [tensors[end.layer, end.call] for end in read]
            try:
                tensors[layer.name, call] = layers[layer.name][0](
                    inputs if len(inputs) > 1 else inputs[0]
                )
            except WeightsError:
                raise
            except Exception as error:  # Keras raises many kinds on shapes that do not fit
                raise WeightsError(_problem(path, layer, error)) from error
        if len(left) == len(waiting):
            raise WeightsError(f"{path}: layer {left[0][0].name!r} reads what nothing gives")
        waiting = left
    return tensors


def _set(layer, arrays, old, where):
    """Gives a layer its weights."""
    layer = layer.layer if isinstance(layer, ChannelsFirst) else layer
    wanted = [tuple(weight.shape) for weight in getattr(layer, "weights", [])]
    wanted = [] if arrays is None else wanted
    try:
        new = arrays(old) if wanted else old
    except (ValueError, IndexError) as error:
        raise WeightsError(f"{where}: {error}") from error
    if [array.shape for array in new] != wanted:
        shapes = [array.shape for array in new]
        raise WeightsError(f"{where}: arrays of shapes {shapes}, expected {wanted}"[:300])
    if wanted:
        layer.set_weights(new)


def _problem(path, layer, error):
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return f"{path}: layer {layer.name!r:.60} ({layer.kind:.60}): {reason}"
