"""Published weights of other packages, as checkpoints of this one.

Nothing in a file is run: torch states are read as tensors only.
"""

import inspect
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import genome_keras
from genome_keras.arguments import one_of
from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.import_signals import filled, save_imported
from genome_keras.sharing.sei_files import read_beluga, read_sei
from genome_keras.sharing.task_names import task_names
from genome_keras.sharing.torch_arrays import FROM_AGCT

if TYPE_CHECKING:
    import keras

_NAME = re.compile(r"((?:\d+\.)+)(weight|bias|running_mean|running_var|num_batches_tracked)")
_POOLS = {"deepsea": (4, 4, 1), "basset": (3, 4, 4)}


def import_weights(
    architecture: str,
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    tasks: str | os.PathLike | None = None,
    window: int | None = None,
) -> "keras.Model":
    """Writes weights in a published layout as a checkpoint.

    Sizes come from the shapes in the file. The scores are those of the original
    network on one strand; `strand_symmetric(model, merge="probability")` gives those
    of Kipoi's DeepSEA, which averages both.

    Args:
        architecture: "deepsea" (Kipoi's torch state: letters A, G, C, T), "basset"
            (Kipoi's torch state), "danq" (the authors' HDF5 of Keras 0.2 and Theano,
            DanQ-JASPAR too: letters A, G, C, T, filters stored backwards), "beluga" (the
            authors' torch state: letters A, G, C, T) or "sei" (the authors' torch state).
        path: a torch state (needs torch), safetensors (needs safetensors) or HDF5.
        out: the `.weights.h5` file to write; a `.json` and a card, `.md`, are beside it.
        tasks: path of the names of the tasks, one a line; None calls them task_1...
        window: length of the input in bp; None is the published one.

    Returns:
        The compiled `keras.Model`.

    Raises:
        WeightsError: not a file of such weights, or other shapes.
        GenomeKerasError: a file cannot be written.
        ValueError: an unknown architecture, or `out` does not end in .weights.h5.

    Example:
        >>> import_weights("deepsea", "deepsea.pth", "deepsea.weights.h5")  # doctest: +SKIP
        <SequenceModel name=deepsea, built=True>
    """
    readers = {"basset": _basset, "danq": _danq, "deepsea": _deepsea}
    named = {"beluga": read_beluga, "sei": read_sei}  # layers are told by their names
    one_of(architecture=architecture, accepted=(*readers, *named))
    out = Path(out)
    if not out.name.endswith(".weights.h5"):
        raise ValueError(f"out must end in .weights.h5. Received: {str(out)!r}")
    if architecture in named:
        arguments, weights = named[architecture](path)
        arguments |= {"window": window} if window else {}
        return _saved(filled(architecture, arguments, weights, path), path, out, tasks)
    factory = getattr(genome_keras, architecture)
    window = window or inspect.signature(factory).parameters["window"].default
    arrays = _hdf5(path) if architecture == "danq" else _state(path)
    try:
        arguments, weights = readers[architecture](arrays, window)
    except _Misfit as error:
        raise WeightsError(f"{path}: not the weights of {architecture}: {error}") from error
    model = factory(**arguments)
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    return _saved(model, path, out, tasks)


def _saved(model, path, out, tasks):
    """The model, once its checkpoint is written with the names of its tasks."""
    names = task_names(tasks, len(model.tasks))
    save_imported(model, model.name, path, out, tasks=names)
    return model


class _Misfit(Exception):
    """The arrays of a file are not those of the architecture."""


# Layouts.


def _deepsea(layers, window):
    """Three convolutions (filters, letters, 1, width), two dense layers."""
    *convolutions, hidden, head = _counted(layers, [2, 2, 2, 2, 2])
    arguments, weights, positions = _convolutions(convolutions, "deepsea", window)
    weights["convolution_1"][0] = weights["convolution_1"][0][:, FROM_AGCT]
    weights["hidden"] = _dense(hidden, positions, arguments["filters"][-1])
    weights["head"] = _dense(head, 1, len(hidden[1]))
    return {**arguments, "hidden": len(hidden[1]), "tasks": len(head[1])}, weights


def _basset(layers, window):
    """Convolutions (filters, letters, width, 1) and dense layers, each with its norm."""
    layers = _counted(layers, [2, 4] * 5 + [2])
    convolutions, norms = layers[:6:2], layers[1:10:2]
    hidden_1, hidden_2, head = layers[6], layers[8], layers[10]
    arguments, weights, positions = _convolutions(convolutions, "basset", window)
    weights["hidden_1"] = _dense(hidden_1, positions, arguments["filters"][-1])
    weights["hidden_2"] = _dense(hidden_2, 1, len(hidden_1[1]))
    weights["head"] = _dense(head, 1, len(hidden_2[1]))
    names = ["convolution_1", "convolution_2", "convolution_3", "hidden_1", "hidden_2"]
    for name, norm in zip(names, norms, strict=True):
        for values in norm:  # scale, shift, mean, variance: Keras's order too
            _shape(values, weights[name][1].shape, f"the norm after {name}")
        weights[f"{name}_norm"] = norm
    hidden = (len(hidden_1[1]), len(hidden_2[1]))
    return {**arguments, "hidden": hidden, "tasks": len(head[1])}, weights


def _danq(layers, window):
    """A convolution, two LSTMs of 12 arrays each, two dense layers."""
    (kernel, bias), lstms, hidden, head = _counted(layers, [2, 24, 2, 2])
    filters, _, width, _ = _shape(kernel, (None, 4, None, 1), "the convolution")
    _shape(bias, (filters,), "the bias of the convolution")
    units = lstms[0].shape[-1]
    # Theano's convolution reads its filters backwards.
    kernel = kernel[..., 0][:, FROM_AGCT, ::-1].transpose(2, 1, 0)
    weights = {"convolution": [kernel, bias]}
    for direction, parts in (("forward", lstms[:12]), ("backward", lstms[12:])):
        # Input gate, cell, forget gate, output gate, of three arrays each.
        gates = [parts[3 * gate : 3 * gate + 3] for gate in (0, 2, 1, 3)]
        for gate in gates:
            shapes = (filters, units), (units, units), (units,)
            for values, shape in zip(gate, shapes, strict=True):
                _shape(values, shape, f"the {direction} LSTM")
        weights[f"{direction}_lstm"] = [
            np.concatenate(gate, -1) for gate in zip(*gates, strict=True)
        ]
    features, size = _shape(hidden[0], (None, None), "the dense layer")
    _shape(hidden[1], (size,), "the bias of the dense layer")
    tasks = _shape(head[0], (size, None), "the last layer")[1]
    _shape(head[1], (tasks,), "the bias of the last layer")
    weights |= {"hidden": hidden, "head": head}
    positions, before = features // (2 * units), window - width + 1
    pool = before // positions if positions else 0
    if not pool or before // pool != positions or features != positions * 2 * units:
        raise _Misfit(f"a dense layer of {features} inputs does not follow a window of {window} bp")
    arguments = {"filters": filters, "width": width, "pool": pool, "units": units}
    arguments |= {"hidden": size, "tasks": tasks, "window": window, "gates": "hard"}
    return arguments, weights


def _convolutions(layers, architecture, window):
    """Torch's 2-D convolutions over one line, as Keras's of one dimension."""
    weights, filters, widths, left, channels = {}, [], [], window, 4
    pools = _POOLS[architecture]
    for number, ((kernel, bias), pool) in enumerate(zip(layers, pools, strict=True), 1):
        if kernel.ndim == 4 and 1 in kernel.shape[2:]:
            kernel = kernel.reshape(*kernel.shape[:2], -1)
        size, _, width = _shape(kernel, (None, channels, None), f"convolution {number}")
        _shape(bias, (size,), f"the bias of convolution {number}")
        weights[f"convolution_{number}"] = [kernel.transpose(2, 1, 0), bias]
        filters.append(size)
        widths.append(width)
        left, channels = max(0, left - width + 1) // pool, size
    arguments = {"window": window, "filters": filters, "widths": widths, "pools": list(pools)}
    return arguments, weights, left


def _dense(layer, positions, channels):
    """A dense layer of torch, which reads features position by position within a channel."""
    kernel, bias = layer
    units = _shape(kernel, (None, positions * channels), "a dense layer")[0]
    _shape(bias, (units,), "the bias of a dense layer")
    kernel = kernel.reshape(units, channels, positions).transpose(2, 1, 0)
    return [kernel.reshape(positions * channels, units), bias]


def _counted(layers, counts):
    if [len(layer) for layer in layers] != counts:
        sizes = [len(layer) for layer in layers]
        raise _Misfit(f"expected layers of {counts} arrays, got {sizes}")
    return layers


def _shape(values, shape, what):
    """The shape of an array, if it is `shape` wherever that is not None."""
    fits = len(values.shape) == len(shape)
    if not fits or any(b not in (None, a) for a, b in zip(values.shape, shape, strict=True)):
        wanted = tuple("any" if n is None else n for n in shape)
        raise _Misfit(f"{what} has shape {values.shape}, expected {wanted}")
    return values.shape


# Files.


def _state(path):
    """Arrays of a torch state, layer by layer, in the order of their numbers."""
    layers = {}
    for name, values in read_state(path).items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise WeightsError(
                f"{path}: expected names such as 0.weight or 2.12.1.bias, got {name!r}"
            )
        if match[2] != "num_batches_tracked":
            place = tuple(int(n) for n in match[1].split(".")[:-1])
            layers.setdefault(place, {})[match[2]] = np.asarray(values, "float32")
    order = ("weight", "bias", "running_mean", "running_var")
    return [[layers[at][part] for part in order if part in layers[at]] for at in sorted(layers)]


def _hdf5(path):
    """Arrays of weights that Keras 0.x saved, of the layers that have any."""
    import h5py

    try:
        with h5py.File(path) as file:
            layers = []
            for number in range(int(file.attrs["nb_layers"])):
                group = file[f"layer_{number}"]
                many = range(int(group.attrs["nb_params"]))
                layers.append([np.asarray(group[f"param_{i}"], "float32") for i in many])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: not weights that Keras 0.x saved ({error})") from error
    return [layer for layer in layers if layer]
