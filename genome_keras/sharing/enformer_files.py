"""Enformer in states of enformer-pytorch, as the published weights are on the Hub."""

import os
import re

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_state

# The trunk is in a state twice, and may be in one under these names alone.
_TRUNK = {"1": "stem", "2": "conv_tower", "4": "transformer", "6": "final_pointwise"}
_NORM = ("weight", "bias", "running_mean", "running_var")


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
        >>> read_enformer("absent.pth")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.pth: not a torch state of tensors only...
    """
    state = _one_name_each(read_state(path))
    heads = sorted(
        name.split(".")[1] for name in state if re.fullmatch(r"_heads\.\w+\.0\.bias", name)
    )
    if not heads or "stem.0.weight" not in state:
        raise WeightsError(f"{path}: not a state of Enformer: expected stem.0.weight and _heads")
    one_of(head=head, accepted=heads)
    take = _Arrays(state, path)
    tower = take.count(r"conv_tower\.(\d+)\..*")
    depth = take.count(r"transformer\.(\d+)\..*")
    weights = _convolutions(take, "stem", 1)
    for n in range(tower):
        weights |= _convolutions(take, f"conv_tower.{n}", n + 2)
    for n in range(depth):
        weights |= _block(take, f"transformer.{n}", n + 1)
    weights["last_norm"] = take.norm("final_pointwise.1.0")
    weights["last_convolution"] = take.turned("final_pointwise.1.2")
    weights["head"] = take.turned(f"_heads.{head}.0")
    content = take("transformer.0.0.fn.1.rel_content_bias") if depth else np.zeros((1, 1, 1, 1))
    filters = [len(weights[f"convolution_{n + 1}"][1]) for n in range(tower + 1)]
    sizes = {"filters": filters, "depth": depth, "tasks": len(weights["head"][1])}
    if content.ndim != 4:
        raise WeightsError(f"{path}: rel_content_bias has shape {content.shape}")
    return {**sizes, "heads": content.shape[1], "key_size": content.shape[3]}, weights


def _one_name_each(state):
    """The state with the trunk's arrays under one name."""
    found = {}
    for name, values in state.items():
        first, _, rest = name.partition(".")
        number, _, rest_of_trunk = rest.partition(".")
        if first == "_trunk" and number in _TRUNK:
            found.setdefault(f"{_TRUNK[number]}.{rest_of_trunk}", values)
        else:
            found[name] = values
    return found


class _Arrays:
    """Takes arrays by name."""

    def __init__(self, state, path):
        self.state, self.path = state, path

    def __call__(self, name):
        if name not in self.state:
            raise WeightsError(f"{self.path}: not a state of Enformer: expected {name}")
        return self.state[name]

    def count(self, pattern):
        found = [re.fullmatch(pattern, name) for name in self.state]
        return len({match[1] for match in found if match})

    def norm(self, name):
        return [self(f"{name}.{part}") for part in _NORM]

    def turned(self, name):
        """Kernel and bias; torch has the channels that come before those that are read."""
        return [self(f"{name}.weight").T, self(f"{name}.bias")]


def _convolutions(take, place, number):
    name = f"convolution_{number}"
    own = ("0", "") if place == "stem" else ("0.2", "0.0")
    found = {name: take.turned(f"{place}.{own[0]}")}
    if own[1]:
        found[f"{name}_norm"] = take.norm(f"{place}.{own[1]}")
    found[f"{name}_again_norm"] = take.norm(f"{place}.1.fn.0")
    found[f"{name}_again"] = take.turned(f"{place}.1.fn.2")
    pool = take(f"{place}.2.to_attn_logits.weight")
    found[f"pool_{number}"] = [pool.reshape(pool.shape[:2]).T]
    return found


def _block(take, place, number):
    attention = f"{place}.0.fn.1"
    arrays = [take(f"{attention}.to_{part}.weight").T for part in ("q", "k", "v", "rel_k")]
    arrays += [take(f"{attention}.{part}")[0] for part in ("rel_content_bias", "rel_pos_bias")]
    arrays += take.turned(f"{attention}.to_out")
    return {
        f"attention_norm_{number}": [take(f"{place}.0.fn.0.{part}") for part in _NORM[:2]],
        f"attention_{number}": arrays,
        f"dense_norm_{number}": [take(f"{place}.1.fn.0.{part}") for part in _NORM[:2]],
        f"dense_{number}": take.turned(f"{place}.1.fn.1"),
        f"dense_out_{number}": take.turned(f"{place}.1.fn.4"),
    }
