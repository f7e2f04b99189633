"""Arrays of layers of torch, turned round as Keras has them."""

import re
from collections.abc import Mapping

import numpy as np

from genome_keras.errors import WeightsError

FROM_AGCT = [0, 2, 1, 3]  # where A, C, G, T stand in A, G, C, T
NORM = ("weight", "bias", "running_mean", "running_var")


class TorchArrays:
    """Takes arrays of a state by the names of layers.

    Args:
        state: name -> array.
        path: what to call the file in errors.
        network: what it should be of.

    Raises:
        WeightsError: when asked for an array that the state does not have.

    Example:
        >>> state = {"fc.weight": np.zeros((2, 3)), "fc.bias": np.zeros(2)}
        >>> [array.shape for array in TorchArrays(state, "x.pth", "toy").layer("fc")]
        [(3, 2), (2,)]
    """

    def __init__(self, state: Mapping[str, np.ndarray], path: object, network: str) -> None:
        self.state, self.path, self.network = state, path, network

    def array(self, name: str) -> np.ndarray:
        """One array, as it is."""
        if name not in self.state:
            raise WeightsError(f"{self.path}: not a state of {self.network}: expected {name}")
        return self.state[name]

    def layer(self, name: str) -> list[np.ndarray]:
        """Kernel and bias of a dense layer or a convolution; torch has them the other way."""
        return [self.array(f"{name}.weight").T, self.array(f"{name}.bias")]

    def batch_norm(self, name: str) -> list[np.ndarray]:
        """Scale, shift, mean and variance."""
        return [self.array(f"{name}.{part}") for part in NORM]

    def layer_norm(self, name: str) -> list[np.ndarray]:
        """Scale and shift."""
        return [self.array(f"{name}.{part}") for part in NORM[:2]]

    def count(self, name: str) -> int:
        """How many numbered layers lie under a name."""
        matches = (re.match(rf"{re.escape(name)}\.(\d+)\.", each) for each in self.state)
        return len({match[1] for match in matches if match})

    def heads_and_key_size(self, blocks: int) -> dict[str, int]:
        """Sizes of attention, from the first block."""
        if not blocks:
            return {}
        name = "transformer.0.0.fn.1.rel_content_bias"
        shape = self.array(name).shape
        if len(shape) != 4:
            raise WeightsError(f"{self.path}: {name} has shape {shape}")
        return {"heads": shape[1], "key_size": shape[3]}

    def block(self, number: int) -> dict[str, list[np.ndarray]]:
        """Layers of the block of this number, from 1, of `transformer`."""
        place = f"transformer.{number - 1}"
        attention = f"{place}.0.fn.1"
        arrays = [
            self.array(f"{attention}.to_{name}.weight").T for name in ("q", "k", "v", "rel_k")
        ]
        biases = [self.array(f"{attention}.rel_{name}_bias") for name in ("content", "pos")]
        arrays += [bias.reshape(bias.shape[1:]) for bias in biases]
        return {
            f"attention_norm_{number}": self.layer_norm(f"{place}.0.fn.0"),
            f"attention_{number}": arrays + self.layer(f"{attention}.to_out"),
            f"dense_norm_{number}": self.layer_norm(f"{place}.1.fn.0"),
            f"dense_{number}": self.layer(f"{place}.1.fn.1"),
            f"dense_out_{number}": self.layer(f"{place}.1.fn.4"),
        }


def after(state: Mapping[str, np.ndarray], first: str, path: object, network: str) -> TorchArrays:
    """The state with names from where `first` is one of them, without what is before it.

    Args:
        state: name -> array.
        first: a name that such a state has.
        path, network: as in `TorchArrays`.

    Raises:
        WeightsError: no name ends so.

    Example:
        >>> state = {"model.fc.weight": np.zeros((2, 3)), "model.fc.bias": np.zeros(2)}
        >>> sorted(after(state, "fc.weight", "x.pth", "toy").state)
        ['fc.bias', 'fc.weight']
    """
    before = next((name[: -len(first)] for name in state if name.endswith(first)), None)
    if before is None:
        raise WeightsError(f"{path}: not a state of {network}: expected {first}")
    kept = {name.removeprefix(before): values for name, values in state.items()}
    return TorchArrays(kept, path, network)


def check_ranks(
    weights: Mapping[str, list[np.ndarray]], path: object, network: str, *, dense: tuple[str, ...]
) -> None:
    """Checks that arrays have as many axes as the layers they are for.

    Args:
        weights: layer -> arrays. Kernels of dense layers have two axes, those of convolutions
            three, all other arrays one, and so have all of a layer whose name ends in "_norm".
        path, network: as in `TorchArrays`.
        dense: names of the dense layers, without the numbers at their ends.

    Raises:
        WeightsError: an array has other axes.

    Example:
        >>> check_ranks({"head": [np.ones((2, 3)), np.ones(3)]}, "x.pth", "toy", dense=("head",))
    """
    for name, arrays in weights.items():
        rank = 1 if name.endswith("_norm") else 2 if name.rstrip("_0123456789") in dense else 3
        if [array.ndim for array in arrays] != [rank, *[1] * (len(arrays) - 1)]:
            shapes = " and ".join(str(array.shape) for array in arrays)
            raise WeightsError(f"{path}: not a state of {network}: {name} has shapes {shapes}")
