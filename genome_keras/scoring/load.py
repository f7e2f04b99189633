"""From a checkpoint to its model."""

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.quiet_keras import quiet_keras
from genome_keras.weights.resolve import DEFAULT, find


def load_model(weights=DEFAULT):
    """Builds the model of a checkpoint and loads its weights.

    Args:
        weights: name of a published checkpoint, or path of a `.weights.h5` file with
            its `.json` beside it.

    Returns:
        The compiled `keras.Model` and its `genome_keras.weights.Checkpoint`.

    Raises:
        WeightsError: unknown, missing, damaged, or without a description.
    """
    checkpoint = described(weights)
    return _build(checkpoint), checkpoint


def of_windows(weights):
    """A checkpoint that has tasks and one window, and its window.

    Raises:
        WeightsError: another checkpoint.
    """
    checkpoint = described(weights)
    window = checkpoint.arguments.get("window")
    if not checkpoint.tasks or window is None:
        raise WeightsError(f"{weights}: not a multi-task model of a fixed window")
    return checkpoint, window


def described(weights):
    """The checkpoint, if its description names an architecture of this package.

    Args:
        weights: as in `load_model`.

    Raises:
        WeightsError: as `load_model`; no model is built yet.
    """
    checkpoint = find(weights)
    architecture = checkpoint.config.get("architecture")
    if architecture not in genome_keras.MODELS:
        raise WeightsError(
            f"{weights}: expected a .json beside it whose architecture is one of "
            f"{', '.join(genome_keras.MODELS)}; got {architecture!r}"
        )
    return checkpoint


def _build(checkpoint):
    with quiet_keras():
        return getattr(genome_keras, checkpoint.config["architecture"])(weights=checkpoint.name)
