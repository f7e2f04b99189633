"""MPRA-LegNet in the torch state of its program."""

import os

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.torch_arrays import FROM_AGCT, TorchArrays, after, check_ranks

DENSE = ("hidden", "head", "told_hidden", "share")


def read_legnet(path: str | os.PathLike) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """The network: letters in the order A, G, C, T. Pooling is not in a file: 2 everywhere.

    Args:
        path: a checkpoint of human_legnet, or safetensors; names may have more before them,
            such as `model.`.

    Returns:
        Arguments of `genome_keras.legnet`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_legnet("absent.ckpt")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.ckpt: not a torch state of tensors only
    """
    take = after(read_state(path), "stem.block.0.weight", path, "LegNet")
    weights = {"stem": _kernel(take, "stem.block.0"), "stem_norm": take.batch_norm("stem.block.1")}
    blocks = take.count("main")
    if not blocks:
        raise WeightsError(f"{path}: not a state of LegNet: expected main.0.1.block.0.weight")
    for number in range(1, blocks + 1):
        weights |= _block(take, number)
    weights |= {"mapped_norm": take.batch_norm("mapper.block.0")}
    weights |= {"mapped": take.layer("mapper.block.1"), "hidden": take.layer("head.0")}
    weights |= {"hidden_norm": take.batch_norm("head.1"), "head": take.layer("head.3")}
    check_ranks(weights, path, "LegNet", dense=DENSE)
    kernel = weights["stem"][0]
    if kernel.shape[1] != len(FROM_AGCT):
        raise WeightsError(f"{path}: its first convolution reads {kernel.shape[1]} channels, not 4")
    weights["stem"] = [kernel[:, FROM_AGCT]]
    sizes = {"stem": kernel.shape[-1], "stem_width": len(kernel)}
    filters = [weights[f"convolution_{number}"][0].shape[-1] for number in range(1, blocks + 1)]
    _, channels, wide = weights["wide_1"][0].shape
    sizes |= {"filters": filters, "pools": [2] * blocks, "width": len(weights["along_1"][0])}
    sizes |= {"expansion": max(1, wide // max(1, channels))}
    return sizes | {"tasks": weights["head"][0].shape[-1]}, weights


def _block(take: TorchArrays, number: int):
    place = f"main.{number - 1}.0.fn.block"
    return {
        f"wide_{number}": _kernel(take, f"{place}.0"),
        f"wide_{number}_norm": take.batch_norm(f"{place}.1"),
        f"along_{number}": [_along(take, f"{place}.3")],
        f"along_{number}_norm": take.batch_norm(f"{place}.4"),
        f"told_hidden_{number}": take.layer(f"{place}.6.fc.0"),
        f"share_{number}": take.layer(f"{place}.6.fc.2"),
        f"narrow_{number}": _kernel(take, f"{place}.7"),
        f"narrow_{number}_norm": take.batch_norm(f"{place}.8"),
        f"convolution_{number}": _kernel(take, f"main.{number - 1}.1.block.0"),
        f"convolution_{number}_norm": take.batch_norm(f"main.{number - 1}.1.block.1"),
    }


def _kernel(take, name):
    return [take.array(f"{name}.weight").T]


def _along(take, name):
    """Of a convolution filter by filter: (filters, 1, width) as (width, filters, 1)."""
    kernel = take.array(f"{name}.weight")
    return np.moveaxis(kernel, -1, 0) if kernel.ndim == 3 else kernel
