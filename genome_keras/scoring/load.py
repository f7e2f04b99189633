"""From a checkpoint to its model."""

import os
from typing import TYPE_CHECKING, Any

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.quiet_keras import load_keras
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.resolve import default_for, find

if TYPE_CHECKING:
    from genome_keras.layers.sequence_model import SequenceModel


def load_model(weights: str | os.PathLike | Checkpoint | None = None) -> "SequenceModel":
    """Builds the model of a checkpoint and loads its weights.

    Args:
        weights: a `genome_keras.weights.Checkpoint`, or what finds one: the name of a
            published checkpoint, `hf://owner/repo[@revision][/name]`, a folder of
            `save_pretrained` or of a training run, or the path of a `.weights.h5` file
            with its `.json` beside it. None is the default for places of a genome, as
            `genome_keras.weights.resolve.default_for` has it.

    Returns:
        The compiled model, with its `tasks`, `window` and `card`; and as `checkpoint` the
        `genome_keras.weights.Checkpoint`, of the same commit.

    Raises:
        TypeError: none of these.
        WeightsError: unknown, missing, damaged, or without a description.

    Example:
        >>> model = load_model("kmer_logreg.human_chromatin.v1")
        >>> model.output_shape, model.tasks[0]
        ((None, 192), 'A549|CEBPB|None')
    """
    return build(described(default_for() if weights is None else weights, signal=None))


def described(
    weights: str | os.PathLike | Checkpoint, *, signal: bool | None = False
) -> Checkpoint:
    """The checkpoint, if its description names an architecture of this package.

    Args:
        weights: as in `load_model`.
        signal: whether it is one of measured signal, which verbs of tasks do not take; None
            takes either.

    Raises:
        WeightsError: as `load_model`; no model is built yet.

    Example:
        >>> described("kmer_logreg.human_chromatin.v1").architecture
        'kmer_logreg'
    """
    checkpoint = find(weights)
    known, others = genome_keras.MODELS, genome_keras.SIGNAL_MODELS
    if signal is False and checkpoint.architecture in others:
        raise WeightsError(
            f"{checkpoint.name}: {checkpoint.architecture} gives measured signal, not "
            "P(label = 1) of tasks; predict_signal and load_model take it, and genome-keras "
            "predict, variants, ism and attribute"
        )
    if signal is not False:
        known = others if signal else (*known, *others)
    if checkpoint.architecture not in known:
        is_saved = str(checkpoint.path).endswith(".keras")
        hint = "; keras.saving.load_model reads what model.save wrote" if is_saved else ""
        raise WeightsError(
            f"{checkpoint.name}: expected a .json beside it whose architecture is one of "
            f"{', '.join(known)}; got {checkpoint.architecture!r}{hint}"
        )
    return checkpoint


def build(checkpoint: Checkpoint, **given: Any) -> "SequenceModel":
    """The compiled model of a checkpoint, with its weights.

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
