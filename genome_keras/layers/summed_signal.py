"""A model of measured signal as one of tasks: the logarithm of the sum of its middle bins."""

import math
from typing import Any

import keras
from keras import ops

from genome_keras.arguments import at_least_one
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.signal_model import SignalModel


@keras.saving.register_keras_serializable("genome_keras")
class MiddleSum(keras.layers.Layer):
    """Signal in the middle bins of a window, one number a task.

    Args:
        bins: summed, as many of the middle; None is all.
        scale: of the inputs: "signal", of which it is log2(1 + sum); or "log2", of which it
            is the mean.

    Call arguments:
        inputs: float (batch, bins, tasks), or a dict of "profile" and "counts", as of
            `genome_keras.layers.signal_model.SignalModel`.

    Returns:
        float (batch, tasks).

    Example:
        >>> import numpy as np
        >>> float(MiddleSum(2)(np.array([[[9.0], [1.0], [2.0], [9.0]]]))[0, 0])  # log2(1 + 1 + 2)
        2.0
    """

    def __init__(self, bins: int | None = None, *, scale: str = "signal", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bins, self.scale = bins, scale

    def call(self, inputs: Any) -> Any:
        total = None
        if isinstance(inputs, dict):
            logits = inputs["profile"]
            bins, tasks = logits.shape[1:]
            shares = ops.softmax(ops.reshape(logits, (-1, bins * tasks)))
            total = ops.expm1(ops.maximum(inputs["counts"], 0.0))
            inputs = ops.reshape(shares, (-1, bins, tasks))
        before = (inputs.shape[1] - (self.bins or inputs.shape[1])) // 2
        middle = inputs[:, before : inputs.shape[1] - before]
        if self.scale == "log2":
            return ops.mean(middle, axis=1)
        summed = ops.sum(middle, axis=1)
        summed = summed if total is None else summed * total
        return ops.log1p(summed) / math.log(2)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shape = input_shape["profile"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins, "scale": self.scale}


@keras.saving.register_keras_serializable("genome_keras")
class SummedSignal(SequenceModel):
    """A model that gives logarithms of signal, (batch, tasks): differences are log-fold changes.

    Args: as `keras.Model(inputs, outputs, name=...)`.

    Attributes:
        gives_probabilities: False: nothing has log-odds here.

    Example:
        >>> codes = keras.Input((6,), dtype="uint8")
        >>> SummedSignal(codes, MiddleSum()(keras.layers.Embedding(5, 3)(codes))).output_shape
        (None, 3)
    """

    gives_probabilities = False


def summed_signal(model: SignalModel, *, bins: int | None = None) -> SummedSignal:
    """One number a task: log2(1 + the sum of the signal in the middle bins).

    Differences between alleles are log-fold changes, which `score_variants`, `ism` and
    `attribute` give with it. Of a profile and counts, the sum over all bins is the expected
    total, so that they are those of ChromBPNet's counts. Layers, and so weights, are shared
    with the model.

    Args:
        model: of a factory of `genome_keras.SIGNAL_MODELS`.
        bins: how many of the middle bins are summed; None is all of them.

    Raises:
        ValueError: a model whose bins do not add up (SpliceAI's chances), or of any window;
            more bins than it has, or an odd number of bins more or less.

    Example:
        >>> from genome_keras import bpnet
        >>> model = summed_signal(bpnet(window=120, bins=10, layers=2, filters=4), bins=4)
        >>> model.output_shape, model.tasks
        ((None, 2), ['task_0', 'task_1'])
    """
    if not isinstance(model, SignalModel):
        raise ValueError(f"expected a model of measured signal. Received: {model.name}")
    known = model.signal_shape[0]
    if model.scale == "chances" or known is None:
        raise ValueError(
            f"{model.name}: what it gives for each base does not add up to one number a task; "
            "predict_signal gives it base by base"
        )
    if bins is not None:
        at_least_one(bins=bins)
        if bins > known or (known - bins) % 2:
            raise ValueError(
                f"bins must be at most {known} and as even or odd as it is. Received: bins={bins}"
            )
    total = MiddleSum(bins, scale=model.scale, dtype="float32", name="middle_sum")
    summed = SummedSignal(model.inputs[0], total(model.output), name=model.name)
    summed.made_with = model.made_with
    summed.checkpoint = model.checkpoint
    return summed
