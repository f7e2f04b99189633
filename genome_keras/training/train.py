"""Training of multi-task models, resumable to the bit."""

import inspect
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import genome_keras
from genome_keras.arguments import one_of
from genome_keras.datasets.labelled import labelled
from genome_keras.datasets.positions import chromosomes
from genome_keras.datasets.splits import Data, open_split, paths_of
from genome_keras.io.atomic import protected
from genome_keras.io.folder_lock import held
from genome_keras.training.curves import draw_curves, pyplot
from genome_keras.training.fine_tune import (
    differences,
    start_from,
    started_by,
    tell,
    window_of,
)
from genome_keras.training.fit import Scaled, fit  # noqa: F401, states name Scaled
from genome_keras.training.parallel import batches_of, own_folder, parallel
from genome_keras.training.precision import PRECISIONS, computing_in
from genome_keras.training.read import check_measured, loaded, opened
from genome_keras.training.recipe import RECIPES, Recipe, recipe_of  # noqa: F401
from genome_keras.weights.run_files import RunFiles, claim
from genome_keras.weights.trained_on import trained_on

if TYPE_CHECKING:
    import keras

    from genome_keras.weights.checkpoint import Checkpoint


def train(
    data: Data,
    *,
    out: str | os.PathLike,
    model: str | None = None,
    recipe: str | Recipe | None = None,
    arguments: dict[str, Any] | None = None,
    window: int | None = None,
    sources: Iterable[str] | None = None,
    examples: int | None = None,
    fine_tune: "str | os.PathLike | Checkpoint | None" = None,
    precision: str = "float32",
    tensorboard: bool = False,
    plot: bool = False,
    devices: int = 1,
    seed: int = 0,
) -> "keras.Model":
    """Trains a multi-task model on the splits "train" and "valid" of a data set.

    Args:
        data: path of the data set, HDF5 or labelled sequences (CSV, TSV, FASTA), or of
            several with the same tasks, as in `genome_keras.datasets.splits.open_split`; or
            what `genome_keras.datasets.labelled.read_labelled` gives.
        out: folder of the run, see `genome_keras.training.run_folder.RunFolder`; it also
            gets `train.json`, what was asked for, and `best.json`, which makes
            `out/best.weights.h5` a checkpoint for all functions. The folder of an
            interrupted run goes on; that of another run is an error.
        model: name of a factory; None is the checkpoint's, or "bigru_multitask".
        recipe: how: a `Recipe`, or the name of one: "default"; "fine_tune", the default with
            `fine_tune`: a new head is fitted to convergence first, then all layers are
            trained at a low rate, and what is kept is never worse on the split "valid"
            than the start; or "paper", that of Zhang & Kamath 2016: batches of 20, Adam at
            1e-3, one strand, weights from (-0.01, 0.01), the weights of every epoch.
        arguments: dict of other arguments of the factory; window and tasks come from
            the data set, and with `fine_tune` the rest from the checkpoint.
        window: the middle so many bp of each example; None takes the checkpoint's window, or
            all, but for the room that the recipe's `shift` needs on both sides.
        sources: learn from and choose by these collections of the data alone, such as
            "tf_bins"; None takes all.
        examples: learn from so many, spread evenly over the split "train"; None takes
            all. The paper took 80,000.
        fine_tune: checkpoint to start from, its name, path or value: architecture, sizes,
            strands and window are its own, and what differs is logged. Its head stays where
            the tasks are the same, and is new otherwise.
        precision: "float32", "mixed_float16" or "mixed_bfloat16": of the computation;
            weights are float32.
        tensorboard: also write events to `out/tensorboard`; needs TensorBoard.
        plot: draw the learning curves in `out/curves.svg`; needs matplotlib.
        devices: how many share each batch, as in `genome_keras.training.parallel.parallel`.
        seed: of the initial weights, dropout, order and strands.

    Returns:
        The trained model, with its best weights.

    Raises:
        FormatError: the data set is not one, or `out` holds another run.
        ValueError: another value of an argument, or one the factory does not take.
        WeightsError: `fine_tune` is not a checkpoint of this model.
        GenomeKerasError: matplotlib is missing, before anything is trained.

    Source: Zhang & Kamath 2016, section 4.3 and the authors' program, for "paper".

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     how = {"model": "kmer_logreg", "arguments": {"k": (1, 2)}}
        ...     recipe = Recipe(epochs=1, batch_size=20)
        ...     model = train(f"{folder}/data.h5", out=f"{folder}/run", recipe=recipe, **how)
        ...     os.path.exists(f"{folder}/run/best.weights.h5")
        True
        >>> model.output_shape
        (None, 2)
    """
    recipe = recipe_of(recipe, fine_tune=fine_tune is not None)
    if model is not None:
        one_of(accepted=genome_keras.MODELS, model=model)
    one_of(accepted=PRECISIONS, precision=precision)
    start, model = started_by(fine_tune, model=model)
    if plot:
        pyplot()
    if sources is not None:
        sources = [sources] if isinstance(sources, str) else list(sources)
    data = labelled(data)
    width = open_split(data, "train", sources=sources).window
    window = window or window_of(start, width, shift=recipe.shift)
    learned, valid = opened(data, window=window, shift=recipe.shift, sources=sources)
    learned, valid = loaded(learned, examples), loaded(valid)
    check_measured(data, train=learned, valid=valid)
    sizes = recipe.arguments.get(model, {}) | (arguments or {})
    sizes |= {"window": valid.window, "tasks": len(valid.tasks)}
    if recipe.dropout is not None and _takes_dropout(model):
        sizes.setdefault("dropout", recipe.dropout)
    with parallel(devices):
        batches_of(learned, batch_size=recipe.batch_size)  # told before there is a folder
        network, sizes, trained = _network(
            model, sizes, start, tasks=learned.tasks, precision=precision, seed=seed
        )
        if start is not None:
            told = {"arguments": sizes, "tasks": list(learned.tasks), "recipe": recipe}
            tell(differences(start, examples=width, **told))
        asked = {"architecture": model, "arguments": sizes, **recipe.record()}
        asked |= {"fine_tune": _name(fine_tune), "precision": precision, "seed": seed}
        asked |= {"examples": examples} if examples is not None else {}
        asked |= {"sources": list(sources)} if sources is not None else {}
        asked["data_sha256"] = [source.fingerprint() for source in (learned, valid)]
        with own_folder(out) as folder:
            files = RunFiles(claim(folder, {**asked, "tasks": learned.tasks}))
            more = _untrained(learned) | _learned_on(data, sources, start)
            files.describe(network, learned.tasks, **more)
            with protected([*paths_of(data), fine_tune]), held(folder):
                log = fit(
                    network,
                    learned,
                    valid,
                    out=folder,
                    recipe=recipe,
                    trained=trained,
                    tensorboard=tensorboard,
                    seed=seed,
                )
            if plot:
                draw_curves(log, files.curves)
    network.made_with["tasks"] = list(learned.tasks)
    return network


def train_dataset(
    data: Data,
    *,
    out: str | os.PathLike,
    recipe: str | Recipe | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    warmup: int | None = None,
    patience: int | None = None,
    positive_weight: float | Sequence[float] | str | None = None,
    trunk_rate: float | None = None,
    keep_epochs: bool | None = None,
    dropout: float | None = None,
    fit_head: bool | None = None,
    model: str | None = None,
    arguments: dict[str, Any] | None = None,
    window: int | None = None,
    sources: Iterable[str] | None = None,
    examples: int | None = None,
    fine_tune: "str | os.PathLike | Checkpoint | None" = None,
    precision: str = "float32",
    tensorboard: bool = False,
    plot: bool = False,
    devices: int = 1,
    seed: int = 0,
) -> "keras.Model":
    """As `train`, with fields of the recipe as arguments; None is the recipe's.

    Args:
        data, out, recipe, model, arguments, window, sources, examples, fine_tune,
            precision, tensorboard, plot, devices, seed: as in `train`.
        epochs, batch_size, learning_rate, warmup, patience, positive_weight, trunk_rate,
            keep_epochs, dropout, fit_head: as in `genome_keras.training.recipe.Recipe`.

    Returns, raises: as `train`.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     how = {"model": "kmer_logreg", "arguments": {"k": (1, 2)}}
        ...     how |= {"epochs": 1, "batch_size": 20}
        ...     model = train_dataset(f"{folder}/data.h5", out=f"{folder}/run", **how)
        >>> model.output_shape
        (None, 2)
    """
    recipe = recipe_of(
        recipe,
        fine_tune=fine_tune is not None,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup=warmup,
        patience=patience,
        positive_weight=positive_weight,
        trunk_rate=trunk_rate,
        keep_epochs=keep_epochs,
        dropout=dropout,
        fit_head=fit_head,
    )
    return train(
        data,
        out=out,
        recipe=recipe,
        model=model,
        arguments=arguments,
        window=window,
        sources=sources,
        examples=examples,
        fine_tune=fine_tune,
        precision=precision,
        tensorboard=tensorboard,
        plot=plot,
        devices=devices,
        seed=seed,
    )


def _takes_dropout(model):
    return "dropout" in inspect.signature(getattr(genome_keras, model)).parameters


def _network(model, sizes, start, *, tasks, precision, seed):
    """The model to train, its arguments, and whether it has trained weights."""
    try:
        with computing_in(precision):
            if start is None:
                return getattr(genome_keras, model)(**sizes, seed=seed), sizes, False
            asked = {"architecture": model, "arguments": sizes, "tasks": tasks, "seed": seed}
            return start_from(start, **asked)
    except TypeError as error:  # an argument that the factory does not have
        raise ValueError(str(error)) from error


def _name(checkpoint):
    """What a record says of a checkpoint, which may be a name, a path or a value."""
    return checkpoint and str(getattr(checkpoint, "name", checkpoint))


def _learned_on(data, sources, start):
    """What a description says of the places that were learned from, where the data tell."""
    own, before = chromosomes(data, "train", sources=sources), frozenset()
    if start is not None:
        before = trained_on(start)
    return {"contigs": sorted(own | before)} if None not in (own, before) else {}


def _untrained(source):
    """What a description says of tasks that no training example has a label of."""
    pairs = zip(source.tasks, source.label_counts[1], strict=True)
    names = [task for task, measured in pairs if not measured]
    return {"untrained": names} if names else {}
