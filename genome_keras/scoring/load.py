"""From a checkpoint to its model."""

import os
from typing import TYPE_CHECKING, Any

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.quiet_keras import load_keras
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.resolve import DEFAULT, find

if TYPE_CHECKING:
    import keras


def load_model(
    weights: str | os.PathLike | Checkpoint = DEFAULT,
) -> tuple["keras.Model", Checkpoint]:
    """Builds the model of a checkpoint and loads its weights.

    Args:
        weights: a `genome_keras.weights.Checkpoint`, or what finds one: the name of a
            published checkpoint, `hf://owner/repo[@revision][/name]`, a folder of
            `save_pretrained` or of a training run, or the path of a `.weights.h5` file
            with its `.json` beside it.

    Returns:
        The compiled `keras.Model` and its `genome_keras.weights.Checkpoint`: model and
        description are of the same commit, and the bytes were hashed once.

    Raises:
        WeightsError: unknown, missing, damaged, or without a description.

    Example:
        >>> model, checkpoint = load_model("kmer_logreg.human_chromatin.v1")
        >>> model.output_shape, checkpoint.tasks[0]
        ((None, 192), 'A549|CEBPB|None')
    """
    checkpoint = described(weights)
    return build(checkpoint), checkpoint


def described(weights: str | os.PathLike | Checkpoint) -> Checkpoint:
    """The checkpoint, if its description names an architecture of this package.

    Args:
        weights: as in `load_model`.

    Raises:
        WeightsError: as `load_model`; no model is built yet.

    Example:
        >>> described("kmer_logreg.human_chromatin.v1").architecture
        'kmer_logreg'
    """
    checkpoint = find(weights)
    if checkpoint.architecture not in genome_keras.MODELS:
        raise WeightsError(
            f"{checkpoint.name}: expected a .json beside it whose architecture is one of "
            f"{', '.join(genome_keras.MODELS)}; got {checkpoint.architecture!r}"
        )
    return checkpoint


def build(checkpoint: Checkpoint, **given: Any) -> "keras.Model":
    """The compiled `keras.Model` of a checkpoint, with its weights.

    Args:
        checkpoint: of `described`.
        given: arguments of the factory that come before the checkpoint's.

    Raises:
        WeightsError: as `load_model`.

    Example:
        >>> build(described("kmer_logreg.human_chromatin.v1")).name
        'kmer_logreg'
    """
    load_keras()
    return getattr(genome_keras, checkpoint.architecture)(weights=checkpoint, **given)
