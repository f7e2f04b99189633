"""Enformer in states of enformer-pytorch, as the published weights are on the Hub."""

import os
import re

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.torch_arrays import TorchArrays

# The trunk is in a state twice, and may be in one under these names alone.
_TRUNK = {"1": "stem", "2": "conv_tower", "4": "transformer", "6": "final_pointwise"}


def read_enformer(
    path: str | os.PathLike, *, head: str = "human"
) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """The trunk and one head.

    Args:
        path: a torch state, or safetensors.
        head: "human" or "mouse", or what another network calls its head.

    Returns:
        Arguments of `genome_keras.enformer`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.
        ValueError: no such head.

    Example:
        >>> read_enformer("absent.pth")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.pth: not a torch state of tensors only
    """
    state = _one_name_each(read_state(path))
    matches = [re.fullmatch(r"_heads\.(\w+)\.0\.bias", name) for name in state]
    heads = sorted(match[1] for match in matches if match)
    if not heads or "stem.0.weight" not in state:
        raise WeightsError(f"{path}: not a state of Enformer: expected stem.0.weight and _heads")
    one_of(head=head, accepted=heads)
    take = TorchArrays(state, path, "Enformer")
    tower, depth = take.count("conv_tower"), take.count("transformer")
    weights = _convolutions(take, "stem", 1)
    for number in range(tower):
        weights |= _convolutions(take, f"conv_tower.{number}", number + 2)
    for number in range(depth):
        weights |= take.block(number + 1)
    weights["last_norm"] = take.batch_norm("final_pointwise.1.0")
    weights["last_convolution"] = take.layer("final_pointwise.1.2")
    weights["head"] = take.layer(f"_heads.{head}.0")
    filters = [len(weights[f"convolution_{number + 1}"][1]) for number in range(tower + 1)]
    sizes = {"filters": filters, "depth": depth, "tasks": len(weights["head"][1])}
    return sizes | take.heads_and_key_size(depth), weights


def _one_name_each(state):
    """The state with the trunk's arrays under one name."""
    renamed = {}
    for name, values in state.items():
        first, _, rest = name.partition(".")
        number, _, rest_of_trunk = rest.partition(".")
        if first == "_trunk" and number in _TRUNK:
            renamed.setdefault(f"{_TRUNK[number]}.{rest_of_trunk}", values)
        else:
            renamed[name] = values
    return renamed


def _convolutions(take, place, number):
    """A stage of the tower; the first begins with its convolution."""
    name = f"convolution_{number}"
    if number == 1:
        layers = {name: take.layer(f"{place}.0")}
    else:
        layers = {name: take.layer(f"{place}.0.2")}
        layers[f"{name}_norm"] = take.batch_norm(f"{place}.0.0")
    layers[f"{name}_again_norm"] = take.batch_norm(f"{place}.1.fn.0")
    layers[f"{name}_again"] = take.layer(f"{place}.1.fn.2")
    pool = take.array(f"{place}.2.to_attn_logits.weight")
    layers[f"pool_{number}"] = [pool.reshape(pool.shape[:2]).T]
    return layers
