"""Borzoi in states of borzoi-pytorch, as its weights are on the Hub."""

import os

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_state
from genome_keras.sharing.torch_arrays import TorchArrays

_BLOCKS = {  # here -> there
    "convolution_second": "unet1.1",
    "across_first": "horizontal_conv0",
    "across_second": "horizontal_conv1",
    "up_first": "upsampling_unet0.0",
    "up_second": "upsampling_unet1.0",
    "last_convolution": "final_joined_convs.0",
}


def read_borzoi(
    path: str | os.PathLike, *, head: str = "human"
) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """The trunk and one head.

    Args:
        path: a torch state, or safetensors.
        head: "human" or "mouse".

    Returns:
        Arguments of `genome_keras.borzoi`, and layer -> arrays.

    Raises:
        WeightsError: not such a file; one of the variant with other attention, too.
        ValueError: no such head.

    Example:
        >>> read_borzoi("absent.pth")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.pth: not a torch state of tensors only
    """
    state = read_state(path)
    heads = [name for name in ("human", "mouse") if f"{name}_head.bias" in state]
    if not heads or "conv_dna.conv_layer.weight" not in state:
        raise WeightsError(f"{path}: not a state of Borzoi: expected conv_dna and a head")
    one_of(head=head, accepted=heads)
    take = TorchArrays(state, path, "Borzoi")
    tower, depth = take.count("res_tower"), take.count("transformer")
    weights = {"convolution_1": take.layer("conv_dna.conv_layer")}
    places = {f"convolution_{number + 2}": f"res_tower.{2 * number}" for number in range(tower)}
    for name, place in (places | _BLOCKS).items():
        weights[name] = take.layer(f"{place}.conv_layer")
        weights[f"{name}_norm"] = take.batch_norm(f"{place}.norm")
    for name, place in (("separable_first", "separable0"), ("separable_second", "separable1")):
        depthwise = take.array(f"{place}.conv_layer.0.weight").transpose(2, 0, 1)
        weights[name] = [depthwise, *take.layer(f"{place}.conv_layer.1")]
    for number in range(depth):
        weights |= take.block(number + 1)
    kernel, bias = take.layer(f"{head}_head")
    weights["head"] = [kernel.reshape(-1, len(bias)), bias]
    filters = [len(weights[f"convolution_{number + 1}"][1]) for number in range(tower + 1)]
    sizes = take.heads_and_key_size(depth)
    if depth:
        sizes["value_size"] = weights["attention_1"][2].shape[1] // sizes["heads"]
    sizes |= {"filters": filters, "depth": depth, "tasks": len(bias)}
    sizes["channels"] = len(weights["across_first"][1])
    return {**sizes, "last_filters": len(weights["last_convolution"][1])}, weights
