"""Starting from a checkpoint: the trunk stays, the head is new where the tasks are."""

import os
from collections.abc import Iterable
from typing import Any

import keras

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.resolve import find


def start_from(
    weights: str | os.PathLike | Checkpoint,
    *,
    architecture: str,
    arguments: dict[str, Any],
    tasks: Iterable[str],
    seed: int | None = None,
) -> tuple[keras.Model, dict[str, Any], bool]:
    """A model with a checkpoint's trained layers and a head for some tasks.

    The head is the checkpoint's where its tasks are the same, and in the same order;
    otherwise it is new.

    Args:
        weights: the checkpoint, its name or path.
        architecture: name of its factory.
        arguments: arguments of the factory that replace the checkpoint's, "window" and
            "tasks" among them. `both_strands` is off unless it is among them.
        tasks: names of the tasks.
        seed: of a new head and of dropout.

    Returns:
        The model, its arguments, and whether the head is the checkpoint's.

    Raises:
        WeightsError: not a checkpoint of this architecture, or one whose layers do not
            have the sizes that `arguments` ask for.

    Example:
        >>> model, arguments, same_head = start_from(
        ...     "kmer_logreg.human_chromatin.v1",
        ...     architecture="kmer_logreg",
        ...     arguments={"window": 100, "tasks": 1},
        ...     tasks=["ATAC"],
        ... )
        >>> model.output_shape, same_head
        ((None, 1), False)
    """
    checkpoint = find(weights, architecture=architecture)
    factory = getattr(genome_keras, architecture)
    sizes = {**checkpoint.arguments, "both_strands": False, **arguments}
    if not checkpoint.arguments.keys() & {"both_strands"}:
        sizes.pop("both_strands")
    sizes.pop("seed", None)  # that of the run before
    model = factory(**sizes, seed=seed)
    if checkpoint.tasks == list(tasks):
        checkpoint.load_into(model)
        return model, sizes, True
    # Reading both strands takes layers of its own: as many in both.
    strands = {name: sizes[name] for name in ("both_strands",) if name in sizes}
    trained = factory(weights=checkpoint, **strands)
    pairs = zip(trained.layers[:-1], model.layers[:-1], strict=True)
    for old, new in ((old, new) for old, new in pairs if new.weights):
        try:
            new.set_weights(old.get_weights())
        except ValueError as error:
            raise WeightsError(
                f"{checkpoint.name}: layer {new.name} has other sizes than asked for ({sizes})"
            ) from error
    return model, sizes, False
