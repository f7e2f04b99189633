"""Published models of measured signal as checkpoints of this package."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import genome_keras
from genome_keras.arguments import at_least_one, one_of
from genome_keras.errors import WeightsError
from genome_keras.sharing.basenji_files import read_basenji2
from genome_keras.sharing.borzoi_files import read_borzoi
from genome_keras.sharing.bpnet_files import read_bpnet, read_chrombpnet
from genome_keras.sharing.deepstarr_files import read_deepstarr
from genome_keras.sharing.enformer_files import read_enformer
from genome_keras.sharing.import_cards import origin_of, write_card
from genome_keras.sharing.legnet_files import read_legnet
from genome_keras.sharing.spliceai_files import SITES, read_spliceai
from genome_keras.sharing.task_names import task_names
from genome_keras.weights.checkpoint import save_described
from genome_keras.weights.locations import beside
from genome_keras.weights.parameter_budget import at_most

if TYPE_CHECKING:
    import keras

READERS = {
    "basenji2": read_basenji2,
    "borzoi": read_borzoi,
    "bpnet": read_bpnet,
    "chrombpnet": read_chrombpnet,
    "deepstarr": read_deepstarr,
    "enformer": read_enformer,
    "legnet": read_legnet,
    "spliceai": read_spliceai,
}
WITH_HEADS = ("borzoi", "enformer")  # of which a checkpoint has one
WITHOUT_BINS = ("deepstarr", "legnet", "spliceai")  # to choose


def import_signals(
    architecture: str,
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    tasks: str | os.PathLike | None = None,
    window: int | None = None,
    bins: int | None = None,
    head: str | None = None,
) -> "keras.Model":
    """Writes weights of a published model of measured signal as a checkpoint.

    Sizes come from the shapes in the file; every array of the network must be there, and no
    other.

    Args:
        architecture: "bpnet" (Keras's `.h5` of ChromBPNet's program: a bias model, a model
            without bias, or the first network of the whole; or a state of bpnet-lite) or
            "chrombpnet" (the whole of either), "enformer" or "borzoi" (a state of
            enformer-pytorch or of borzoi-pytorch), "basenji2" (its program's `.h5`, or a
            state of basenji2-pytorch), "deepstarr" (its `.h5` of weights), "legnet" (a
            checkpoint of human_legnet), or "spliceai" (a `.h5` of its package).
        path: Keras's HDF5 where it ends in .h5 or .hdf5, safetensors where it ends so, else
            a torch state.
        out: the `.weights.h5` file to write; a `.json` and a card, `.md`, are beside it.
        tasks: path of the names of the tracks, one a line; None calls them task_1..., but
            for those of spliceai and deepstarr.
        window, bins: of the input in bp, and of the output; None is what was published.
        head: of a network with several, "human" or "mouse"; None is "human".

    Returns:
        The compiled `keras.Model`.

    Raises:
        WeightsError: not a file of such weights, or other shapes.
        GenomeKerasError: a file cannot be written.
        ValueError: an unknown architecture or head, a window that does not fit, or `out` does
            not end in .weights.h5.

    Example:
        >>> import tempfile
        >>> from safetensors.numpy import save_file
        >>> shapes = {"iconv.weight": (3, 4, 21), "iconv.bias": (3,), "fconv.weight": (1, 3, 75)}
        >>> shapes |= {"fconv.bias": (1,), "linear.weight": (1, 3), "linear.bias": (1,)}
        >>> state = {name: np.ones(shape, "float32") for name, shape in shapes.items()}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, out = f"{folder}/x.safetensors", f"{folder}/x.weights.h5"
        ...     save_file(state, path)
        ...     model = import_signals("bpnet", path, out, window=100, bins=6)
        >>> model.made_with["arguments"]["filters"]
        3
    """
    one_of(architecture=architecture, accepted=READERS)
    given = {name: n for name, n in (("window", window), ("bins", bins)) if n is not None}
    at_least_one(**given)
    out = Path(out)
    if not out.name.endswith(".weights.h5"):
        raise ValueError(f"out must end in .weights.h5. Received: {str(out)!r}")
    if head is not None and architecture not in WITH_HEADS:
        raise ValueError(f"head is for {', '.join(WITH_HEADS)}. Received: head={head!r}")
    if architecture == "spliceai" and tasks is not None:
        raise ValueError("spliceai has no tasks to choose. Received: tasks")
    if architecture in WITHOUT_BINS and bins is not None:
        raise ValueError(f"{architecture} has no bins to choose. Received: bins={bins}")
    how = {} if head is None else {"head": head}
    arguments, weights = READERS[architecture](path, **how)
    names = SITES if architecture == "spliceai" else arguments["tasks"]
    if isinstance(names, int) or tasks is not None:  # no names in the file, or others
        names = task_names(tasks, names if isinstance(names, int) else len(names))
    model = filled(architecture, arguments | given, weights, path)
    save_imported(model, architecture, path, out, tasks=names)
    return model


def save_imported(
    model: "keras.Model",
    architecture: str,
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    tasks: Sequence[str],
) -> None:
    """Saves a model as a checkpoint, with a card that tells whose weights they are.

    Args:
        model: with the weights of the file.
        architecture: one of `genome_keras.sharing.import_cards.ORIGINS`.
        path: the file.
        out: the `.weights.h5` file to write; a `.json` and a `.md` are beside it.
        tasks: names.

    Raises:
        GenomeKerasError: a file cannot be written.

    Example:
        >>> import tempfile
        >>> from genome_keras import deepstarr
        >>> model = deepstarr(window=20, filters=(3,), widths=(3,), hidden=(5,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, out = Path(folder, "x.h5"), Path(folder, "x.weights.h5")
        ...     path.write_bytes(b"as published")
        ...     save_imported(model, "deepstarr", path, out, tasks=["Dev", "Hk"])
        ...     sorted(file.name for file in Path(folder).iterdir())
        12
        ['x.h5', 'x.json', 'x.md', 'x.weights.h5']
    """
    about = {"parameters": model.count_params(), **origin_of(architecture, path)}
    save_described(model, out, tasks=tasks, **about)
    write_card(beside(out)("card"), architecture, about)


def filled(
    architecture: str,
    arguments: Mapping[str, object],
    weights: Mapping[str, Sequence[np.ndarray]],
    path: object,
) -> "keras.Model":
    """The model of an architecture with the arrays of a file, and no more than those.

    Args:
        architecture: name of a factory.
        arguments: of it.
        weights, path: as in `fill`.

    Raises:
        WeightsError: as `fill`; or arguments that ask for more weights than there are, in
            which case none is made.

    Example:
        >>> arrays = {"head": [np.ones((3, 1)), np.zeros(1)]}
        >>> filled("integer_logreg", {"window": 3, "tasks": 1}, arrays, "x.h5").count_params()
        4
    """
    arrays = [array for layer in weights.values() for array in layer]
    with at_most(arrays=len(arrays), numbers=sum(map(np.size, arrays)), where=path):
        model = getattr(genome_keras, architecture)(**arguments)
    fill(model, weights, path)
    return model


def fill(model: "keras.Model", weights: Mapping[str, Sequence[np.ndarray]], path: object) -> None:
    """Gives a model the arrays of all of its layers.

    Args:
        model: a `keras.Model`.
        weights: name of a layer -> its arrays, in Keras's order.
        path: what to call their file in errors.

    Raises:
        WeightsError: a layer that has no arrays or is not there, or other shapes.

    Example:
        >>> from genome_keras import integer_logreg
        >>> model = integer_logreg(window=3, tasks=1)
        >>> fill(model, {"head": [np.ones((3, 1)), np.zeros(1)]}, "x.h5")
        >>> model.get_layer("head").get_weights()[0].tolist()
        [[1.0], [1.0], [1.0]]
    """
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    if set(layers) != set(weights):
        odd = min(set(layers) ^ set(weights))
        told = "has none for" if odd in layers else "has more than that:"
        raise WeightsError(f"{path}: not the weights of {model.name}: it {told} {odd}")
    for name, arrays in weights.items():
        shapes = [tuple(weight.shape) for weight in layers[name].weights]
        got = [tuple(values.shape) for values in arrays]
        if got != shapes:
            raise WeightsError(
                f"{path}: not the weights of {model.name}: {name} has shapes {got}, "
                f"expected {shapes}"
            )
        layers[name].set_weights([np.asarray(values, "float32") for values in arrays])
