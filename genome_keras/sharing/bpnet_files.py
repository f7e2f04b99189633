"""BPNet and ChromBPNet in files of their programs, and of bpnet-lite."""

import os
import re

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import is_hdf5, read_keras_layers, read_state

WITHOUT_BIAS = "wo_bias_"  # before the names of layers of accessibility
LAYERS = {  # here -> in Keras's files of ChromBPNet
    "convolution": "bpnet_1st_conv",
    "dilated_{}": "bpnet_{}conv",
    "profile_of_all": "prof_out_precrop",
    "log_counts": "logcount_predictions",
}
_LITE = {
    "convolution": "iconv",
    "dilated_{}": "rconvs.{}",
    "profile_of_all": "fconv",
    "log_counts": "linear",
}

Network = tuple[dict, dict[str, list[np.ndarray]]]  # a factory's arguments, arrays of layers


def read_bpnet(path: str | os.PathLike) -> Network:
    """One network: of a whole ChromBPNet, that of accessibility.

    Args:
        path: as in `genome_keras.sharing.import_signals.import_signals`.

    Returns:
        Arguments of `genome_keras.bpnet`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_bpnet("absent.h5")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.h5: no such file
    """
    if is_hdf5(path):
        layers = read_keras_layers(path)
        whole = any(name.startswith(WITHOUT_BIAS) for name in layers)
        return _of_keras(layers, WITHOUT_BIAS if whole else "", path)
    state = read_state(path)
    return _of_lite(state, "accessibility." if "bias.iconv.weight" in state else "", path)


def read_chrombpnet(path: str | os.PathLike) -> Network:
    """Both networks of a whole ChromBPNet.

    Args:
        path: as in `genome_keras.sharing.import_signals.import_signals`.

    Returns:
        Arguments of `genome_keras.chrombpnet`, and layer -> arrays.

    Raises:
        WeightsError: not such a file, or one of a single network.

    Example:
        >>> read_chrombpnet("absent.h5")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.h5: no such file
    """
    if is_hdf5(path):
        layers = read_keras_layers(path)
        sizes, weights = _of_keras(layers, WITHOUT_BIAS, path)
        bias_sizes, bias = _of_keras(layers, "", path)
    else:
        state = read_state(path)
        sizes, weights = _of_lite(state, "accessibility.", path)
        bias_sizes, bias = _of_lite(state, "bias.", path)
    if bias_sizes["tasks"] != sizes["tasks"]:
        raise WeightsError(f"{path}: its two networks have profiles of other numbers of tracks")
    sizes |= {f"bias_{name}": bias_sizes[name] for name in ("filters", "layers")}
    return sizes, weights | {f"bias_{name}": arrays for name, arrays in bias.items()}


def _of_keras(layers, before, path):
    """The network whose layers' names begin so; Keras's arrays are as they must be."""
    names = dict(LAYERS)
    if before:  # its last layers have another name there
        names |= {key: f"bpnet_{names[key]}" for key in ("profile_of_all", "log_counts")}
    dilated = re.compile(re.escape(before + names["dilated_{}"]).replace(r"\{\}", r"(\d+)"))
    numbers = [int(match[1]) for match in map(dilated.fullmatch, layers) if match]
    return _network(lambda name: layers.get(before + name), names, numbers, path, first=1)


def _of_lite(state, before, path):
    """The network whose arrays' names begin so; torch has channels before places."""

    def array_of(name):
        arrays = [state.get(f"{before}{name}.{part}") for part in ("weight", "bias")]
        if any(values is None for values in arrays):
            return None
        return [arrays[0].T, arrays[1]]

    dilated = re.compile(re.escape(before) + r"rconvs\.(\d+)\.weight")
    numbers = [int(match[1]) for match in map(dilated.fullmatch, state) if match]
    sizes, weights = _network(array_of, _LITE, numbers, path, first=0)
    return sizes, _without_controls(weights, sizes["filters"])


def _network(array_of, names, numbers, path, *, first):
    """Sizes, and the arrays of layers under the names that they have here."""
    wanted = {key: name for key, name in names.items() if "{}" not in key}
    wanted |= {
        f"dilated_{n + 1}": names["dilated_{}"].format(n + first) for n in range(len(numbers))
    }
    weights = {key: array_of(name) for key, name in wanted.items()}
    for key, arrays in weights.items():
        if arrays is None or len(arrays) != 2:
            raise WeightsError(f"{path}: not the weights of BPNet: expected {wanted[key]}")
    kernel, profile = weights["convolution"][0], weights["profile_of_all"][0]
    if kernel.ndim != 3 or profile.ndim != 3:
        raise WeightsError(
            f"{path}: not the weights of BPNet: {wanted['convolution']} has shape {kernel.shape}"
        )
    sizes = {"filters": kernel.shape[2], "tasks": profile.shape[2], "layers": len(numbers)}
    return sizes, weights


def _without_controls(weights, filters):
    """Without what reads control tracks: tracks of zeros add nothing to either output."""
    cut = {"profile_of_all": (slice(None), slice(filters)), "log_counts": (slice(filters),)}
    for name, kept in cut.items():
        kernel, bias = weights[name]
        weights[name] = [kernel[kept], bias]
    return weights
