"""DeepSTARR in the HDF5 of its publication, weights of Keras 2."""

import os
import re

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_keras_layers
from genome_keras.sharing.torch_arrays import check_ranks


def read_deepstarr(path: str | os.PathLike) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """The network, its heads side by side.

    Args:
        path: `DeepSTARR.model.h5`; the JSON beside it is not needed.

    Returns:
        Arguments of `genome_keras.deepstarr`, with the names of the tasks, and layer ->
        arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_deepstarr("absent.h5")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.h5: no such file
    """
    layers = read_keras_layers(path)
    theirs = {"Conv1D_1st": "convolution_1"}
    theirs |= {f"Conv1D_{n}": f"convolution_{n}" for n in range(2, len(layers))}
    theirs |= {f"Dense_{n}": f"hidden_{n}" for n in range(1, len(layers))}
    weights = {theirs[name]: layers[name] for name in theirs if name in layers}
    heads = [name for name in layers if name.startswith("Dense_") and name not in theirs]
    norms = {name: re.fullmatch(r"batch_normalization(?:_(\d+))?", name) for name in layers}
    norms = sorted((name for name, match in norms.items() if match), key=_last_number)
    odd = set(layers) - set(theirs) - set(heads) - set(norms)
    known = {"convolution_1", "hidden_1"} <= set(weights)
    if odd or not heads or len(norms) != len(weights) or not known:
        told = f"it has {min(odd)}" if odd else f"its layers are {', '.join(layers)}"
        raise WeightsError(f"{path}: not the weights of DeepSTARR: {told:.200}")
    of_norms = {f"{name}_norm": layers[norm] for name, norm in zip(weights, norms, strict=True)}
    of_heads = {f"head_{number}": layers[name] for number, name in enumerate(heads, 1)}
    check_ranks(weights | of_norms | of_heads, path, "DeepSTARR", dense=("hidden", "head"))
    sizes = {"filters": [], "widths": [], "hidden": []}
    for name, (kernel, *_) in weights.items():
        if name.startswith("hidden"):
            sizes["hidden"].append(kernel.shape[-1])
        else:
            sizes["filters"].append(kernel.shape[-1])
            sizes["widths"].append(len(kernel))
    weights |= of_norms
    weights["head"] = [np.concatenate([layers[n][part] for n in heads], -1) for part in (0, 1)]
    return sizes | {"tasks": [name.removeprefix("Dense_") for name in heads]}, weights


def _last_number(name):
    number = name.rpartition("_")[2]
    return int(number) if number.isdigit() else 0
