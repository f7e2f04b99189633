"""SpliceAI in the files of its package: HDF5 that Keras 2.0 saved."""

import os

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_keras_layers

SITES = ("neither", "acceptor", "donor")  # what its three numbers are chances of
GROUPS, BLOCKS = 4, 4  # of SpliceAI-10k; its other networks have fewer groups


def read_spliceai(path: str | os.PathLike) -> tuple[dict, dict[str, list[np.ndarray]]]:
    """One of the five networks.

    Layers of the file are numbered: a convolution, one that is added at the end, then for
    each group two convolutions a block and one that is added, and the last one.

    Args:
        path: such as `spliceai1.h5`.

    Returns:
        Arguments of `genome_keras.spliceai`, and layer -> arrays.

    Raises:
        WeightsError: not such a file.

    Example:
        >>> read_spliceai("absent.h5")
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: absent.h5: no such file
    """
    layers = read_keras_layers(path)
    names = ["convolution", "skip_0"]
    norms = []
    for group in range(1, GROUPS + 1):
        norms += [
            f"convolution_{group}_{block}{part}" for block in range(1, BLOCKS + 1) for part in "ab"
        ]
        names += [*norms[-2 * BLOCKS :], f"skip_{group}"]
    names.append("sites")
    theirs = {name: f"conv1d_{number}" for number, name in enumerate(names, 1)}
    theirs |= {f"{name}_norm": f"batch_normalization_{n}" for n, name in enumerate(norms, 1)}
    if set(layers) != set(theirs.values()):
        odd = min(set(layers) ^ set(theirs.values()))
        raise WeightsError(
            f"{path}: not SpliceAI-10k: it {'has' if odd in layers else 'lacks'} {odd}"
        )
    return {"filters": len(layers["conv1d_1"][-1])}, {
        name: layers[there] for name, there in theirs.items()
    }
