"""Starting from a checkpoint: what is taken from it, and what is told that differs."""

import logging
import os
from collections.abc import Iterable
from typing import Any

import keras

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.models._factory import take_over
from genome_keras.training.recipe import RECIPES, Recipe
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.resolve import find

_log = logging.getLogger(__name__)


def started_by(
    weights: str | os.PathLike | Checkpoint | None, *, model: str | None = None
) -> tuple[Checkpoint | None, str]:
    """The checkpoint that training starts from, and the architecture to train.

    Args:
        weights: the checkpoint, its name or path; None is none.
        model: name of a factory that was asked for; None is the checkpoint's, or
            "bigru_multitask" without one.

    Raises:
        WeightsError: no such checkpoint, or bare weights that do not tell what they are of.
        ValueError: a model that the checkpoint is not of.

    Example:
        >>> checkpoint, model = started_by("kmer_logreg.human_chromatin.v1")
        >>> checkpoint.sizes["window"], model
        (100, 'kmer_logreg')
    """
    if weights is None:
        return None, model or "bigru_multitask"
    checkpoint = find(weights)
    if checkpoint.architecture is None and model is None:
        raise WeightsError(f"{checkpoint.name}: does not tell its architecture; give model")
    if model not in (None, checkpoint.architecture) and checkpoint.architecture is not None:
        raise ValueError(
            f"{checkpoint.name} is a {checkpoint.architecture}, not a {model}. Leave model out."
        )
    return checkpoint, checkpoint.architecture or model


def window_of(checkpoint: Checkpoint | None, examples: int, *, shift: int = 0) -> int | None:
    """bp to read of each example: what the checkpoint reads, or all where that is more.

    Args:
        checkpoint: None, or one with any window, leaves it to the examples: None.
        examples: bp of them.
        shift: bp of room that training needs on both sides.

    Example:
        >>> checkpoint = find("kmer_logreg.human_chromatin.v1")
        >>> window_of(checkpoint, 1000), window_of(checkpoint, 80), window_of(None, 80)
        (100, None, None)
    """
    window = None if checkpoint is None else checkpoint.arguments.get("window")
    return window if window is not None and window + 2 * shift <= examples else None


def start_from(
    weights: str | os.PathLike | Checkpoint,
    *,
    tasks: Iterable[str],
    architecture: str | None = None,
    arguments: dict[str, Any] | None = None,
    seed: int | None = None,
) -> tuple[keras.Model, dict[str, Any], bool]:
    """A model with a checkpoint's trained layers and a head for some tasks.

    The head is the checkpoint's where its tasks are the same, and in the same order;
    otherwise it is new.

    Args:
        weights: the checkpoint, its name or path.
        tasks: names of the tasks.
        architecture: name of its factory; None is the checkpoint's.
        arguments: arguments of the factory in place of the checkpoint's, on which no weight
            depends, such as "dropout" or "both_strands"; and "window", where the layers
            take another one.
        seed: of a new head and of dropout.

    Returns:
        The model, its arguments, and whether the head is the checkpoint's.

    Raises:
        WeightsError: not a checkpoint of this architecture, or one whose layers do not
            take this window.
        ValueError: an argument that contradicts the checkpoint.

    Example:
        >>> model, arguments, same_head = start_from(
        ...     "kmer_logreg.human_chromatin.v1", tasks=["ATAC"], arguments={"window": 80}
        ... )
        >>> model.input_shape, model.output_shape, same_head
        ((None, 80), (None, 1), False)
    """
    checkpoint, architecture = started_by(weights, model=architecture)
    factory, tasks = getattr(genome_keras, architecture), list(tasks)
    arguments = dict(arguments or {})
    _check(checkpoint, arguments)
    sizes = {**checkpoint.arguments, **arguments, "tasks": len(tasks)}
    sizes.pop("seed", None)  # that of the run before
    try:
        model = factory(**sizes, seed=seed)
        if checkpoint.tasks == tasks:
            checkpoint.load_into(model)
            return model, sizes, True
        # Reading both strands takes layers of its own: as many in both.
        strands = {name: sizes[name] for name in ("both_strands",) if name in sizes}
        take_over(factory(weights=checkpoint, **strands), model)
    except (ValueError, WeightsError) as error:
        window = checkpoint.arguments.get("window")
        if sizes.get("window") == window:
            raise
        raise WeightsError(
            f"{checkpoint.name}: reads {window} bp, and its layers take no {sizes['window']} bp"
        ) from error
    return model, sizes, False


def differences(
    checkpoint: Checkpoint,
    *,
    arguments: dict[str, Any],
    examples: int,
    tasks: list[str],
    recipe: Recipe,
) -> list[str]:
    """What differs between a checkpoint, or training from scratch, and what is done: a line each.

    Args:
        checkpoint: where it starts.
        arguments: of the model that is trained.
        examples: bp of each.
        tasks: to train.
        recipe: how.

    Example:
        >>> told = differences(
        ...     find("kmer_logreg.human_chromatin.v1"),
        ...     arguments={"window": 100, "tasks": 1, "both_strands": True},
        ...     examples=1000,
        ...     tasks=["ATAC"],
        ...     recipe=RECIPES["default"],
        ... )
        >>> print(*told, sep="\\n")
        starting from kmer_logreg.human_chromatin.v1: kmer_logreg, 100 bp, both strands
        window: the middle 100 bp of examples of 1000 bp
        head: new, of 1 task in place of 192
    """
    before, window = checkpoint.arguments, arguments.get("window")
    strands = "both strands" if before.get("both_strands") else "one strand"
    width = f"{before['window']} bp" if before.get("window") else "any window"
    lines = [f"starting from {checkpoint.name}: {checkpoint.architecture}, {width}, {strands}"]
    if window != before.get("window"):
        lines.append(f"window: {window} bp, in place of {width}")
    elif window is not None and window < examples:
        lines.append(f"window: the middle {window} bp of examples of {examples} bp")
    if checkpoint.tasks == tasks:
        lines.append(f"head: the checkpoint's, for its {_count(tasks)}")
    else:
        old = len(checkpoint.tasks) or before.get("tasks")
        fitted = ", fitted first" if recipe.fit_head else ""
        lines.append(f"head: new, of {_count(tasks)} in place of {old}{fitted}")
    for name, value in arguments.items():
        if name not in ("window", "tasks") and value != before.get(name, value):
            lines.append(f"{name}: {value}, in place of {before[name]}")
    usual = RECIPES["default"]
    for name in ("learning_rate", "batch_size", "epochs"):
        if (value := getattr(recipe, name)) != getattr(usual, name):
            told = name.replace("_", " ")
            lines.append(f"{told}: {value:g}, in place of {getattr(usual, name):g} from scratch")
    return lines


def tell(lines: Iterable[str]) -> None:
    """Logs them, at level INFO.

    Example:
        >>> tell(["window: the middle 100 bp of examples of 1000 bp"])
    """
    for line in lines:
        _log.info("%s", line)


def _check(checkpoint, arguments):
    for name, value in arguments.items():
        known = checkpoint.sizes.get(name, value)
        if name not in ("window", "tasks") and _plain(value) != _plain(known):
            raise ValueError(
                f"{name}={value!r} contradicts {checkpoint.name}, which has {name}={known!r}. "
                f"Leave {name} out."
            )


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _count(tasks):
    return f"{len(tasks)} task" + "s" * (len(tasks) != 1)
