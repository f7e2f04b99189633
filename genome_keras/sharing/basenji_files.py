"""Basenji2 in Keras's HDF5 of its program, and in states of basenji2-pytorch."""

import os
import re
from collections.abc import Iterator, Mapping

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.models.basenji2 import DILATIONS
from genome_keras.sharing.array_files import is_hdf5, read_keras_layers, read_state
from genome_keras.sharing.torch_arrays import NORM

DILATED = 3  # width of the dilated convolutions; those of the tower are wider

Layers = list[list[np.ndarray]]


def read_basenji2(path: str | os.PathLike) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """The trunk and its head. Layers are told apart by their arrays, and by their numbers.

    Dilations are in neither file: they are the published ones.

    Args:
        path: `model_human.h5` or `model_mouse.h5`; or a torch state, or safetensors.

    Returns:
        Arguments of `genome_keras.basenji2`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_basenji2("absent.h5")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.h5: no such file
    """
    if is_hdf5(path):
        layers = read_keras_layers(path)
        layers = [layers[name] for name in sorted(layers, key=_by_number)]
    else:
        layers = list(_torch_layers(read_state(path)))
    convolutions = [arrays for arrays in layers if [a.ndim for a in arrays] == [3]]
    norms = [arrays for arrays in layers if [a.ndim for a in arrays] == [1] * 4]
    heads = [arrays for arrays in layers if [a.ndim for a in arrays] == [2, 1]]
    tower = next((n for n, (kernel,) in enumerate(convolutions) if len(kernel) == DILATED), 0)
    blocks, left = divmod(len(convolutions) - tower - 1, 2)
    whole = len(convolutions) + len(norms) + len(heads) == len(layers)
    counts = len(norms) == len(convolutions) and len(heads) == 1 and not left
    if not (whole and counts and tower and 0 < blocks <= len(DILATIONS)):
        raise WeightsError(
            f"{path}: not the weights of Basenji2: {len(convolutions)} convolutions, "
            f"{len(norms)} norms and {len(heads)} dense layers of {len(layers)}"
        )
    names = [f"convolution_{number}" for number in range(1, tower + 1)]
    names += [f"{part}_{number}" for number in range(1, blocks + 1) for part in ("dilated", "back")]
    names.append("last_convolution")
    weights = dict(zip(names, convolutions, strict=True)) | {"head": heads[0]}
    weights |= {f"{name}_norm": arrays for name, arrays in zip(names, norms, strict=True)}
    sizes = {
        "filters": [kernel.shape[2] for (kernel,) in convolutions[:tower]],
        "dilated_filters": convolutions[tower][0].shape[2],
        "dilations": list(DILATIONS[:blocks]),
        "last_filters": convolutions[-1][0].shape[2],
        "tasks": len(heads[0][1]),
    }
    return sizes, weights


def _by_number(name):
    """conv1d, conv1d_1, ..., conv1d_10: as Keras numbers layers of a kind."""
    kind, number = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()
    return kind, int(number or 0)


def _torch_layers(state: Mapping[str, np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Arrays of each layer, as Keras has them, in the order of the numbers in their names."""
    layers = {}
    for name, values in state.items():
        place, _, part = name.rpartition(".")
        if part != "num_batches_tracked":
            layers.setdefault(place, {})[part] = values
    for place in sorted(layers, key=lambda place: [*map(_number, place.split("."))]):
        arrays = layers[place]
        # What comes in another order or number is no layer of this network.
        yield [arrays[part].T for part in NORM if part in arrays]


def _number(part):
    return (0, int(part), "") if part.isdigit() else (1, 0, part)
