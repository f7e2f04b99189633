"""Beluga and Sei in their published torch states."""

import os

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.models.sei import DILATIONS
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.torch_arrays import FROM_AGCT, after, check_ranks

Network = tuple[dict, dict[str, list[np.ndarray]]]  # a factory's arguments, arrays of layers

DENSE = ("hidden", "head")
BELUGA = (  # their number in the first part, and ours
    ("0", "convolution_1a"),
    ("2", "convolution_1b"),
    ("6", "convolution_2a"),
    ("8", "convolution_2b"),
    ("12", "convolution_3a"),
    ("14", "convolution_3b"),
)


def read_beluga(path: str | os.PathLike) -> Network:
    """Beluga: letters in the order A, G, C, T, convolutions of two dimensions.

    Args:
        path: `deepsea.beluga.pth`, or safetensors; names may have more before them.

    Returns:
        Arguments of `genome_keras.beluga`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_beluga("absent.pth")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.pth: not a torch state of tensors only
    """
    take = after(read_state(path), "0.0.weight", path, "Beluga")
    hidden, hidden_bias = take.array("1.2.1.weight"), take.array("1.2.1.bias")
    weights = {"hidden": [hidden, hidden_bias], "head": take.layer("1.4.1")}
    for number, name in BELUGA:
        kernel = take.array(f"0.{number}.weight")
        if kernel.ndim != 4 or kernel.shape[2] != 1:
            raise WeightsError(f"{path}: not a state of Beluga: {name} has shape {kernel.shape}")
        weights[name] = [kernel[:, :, 0].T, take.array(f"0.{number}.bias")]
    check_ranks(weights, path, "Beluga", dense=DENSE)
    kernel, bias = weights["convolution_1a"]
    if kernel.shape[1] != len(FROM_AGCT):
        raise WeightsError(f"{path}: its first convolution reads {kernel.shape[1]} letters, not 4")
    weights["convolution_1a"] = [kernel[:, FROM_AGCT], bias]
    filters = [len(weights[name][1]) for _, name in BELUGA[::2]]
    if hidden.shape[1] % filters[-1]:
        raise WeightsError(f"{path}: 1.2.1.weight has shape {hidden.shape}")
    # Torch reads all positions of a filter, then those of the next.
    by_position = hidden.reshape(len(hidden), filters[-1], -1).transpose(2, 1, 0)
    weights["hidden"] = [by_position.reshape(-1, len(hidden)), hidden_bias]
    sizes = {"filters": filters, "width": len(kernel), "hidden": len(hidden)}
    return sizes | {"tasks": len(weights["head"][1])}, weights


def read_sei(path: str | os.PathLike) -> Network:
    """Sei. Dilations are not in the file: they are the published ones.

    Args:
        path: `sei.pth`, or safetensors; names may have more before them.

    Returns:
        Arguments of `genome_keras.sei`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_sei("absent.pth")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.pth: not a torch state of tensors only
    """
    take = after(read_state(path), "lconv1.0.weight", path, "Sei")
    theirs = {"linear_1a": "lconv1.0", "linear_1b": "lconv1.1"}
    theirs |= {"convolution_1a": "conv1.0", "convolution_1b": "conv1.2"}
    blocks = 1
    while f"lconv{blocks + 1}.2.weight" in take.state:
        blocks += 1
        theirs |= {f"linear_{blocks}{part}": f"lconv{blocks}.{n}" for part, n in ("a2", "b3")}
        theirs |= {f"convolution_{blocks}{part}": f"conv{blocks}.{n}" for part, n in ("a1", "b3")}
    dilated = sum(f"dconv{number}.1.weight" in take.state for number in range(1, len(take.state)))
    theirs |= {f"dilated_{number}": f"dconv{number}.1" for number in range(1, dilated + 1)}
    theirs |= {"hidden": "classifier.0", "head": "classifier.2"}
    weights = {name: take.layer(place) for name, place in theirs.items()}
    check_ranks(weights, path, "Sei", dense=DENSE)
    filters = [len(weights[f"linear_{number}a"][1]) for number in range(1, blocks + 1)]
    features, hidden = weights["hidden"][0].shape
    if features % filters[-1] or dilated > len(DILATIONS):
        raise WeightsError(f"{path}: not a state of Sei: classifier.0 reads {features} numbers")
    sizes = {"filters": filters, "width": len(weights["linear_1a"][0])}
    sizes |= {"dilations": list(DILATIONS[:dilated]), "splines": features // filters[-1]}
    return sizes | {"hidden": hidden, "tasks": len(weights["head"][1])}, weights
