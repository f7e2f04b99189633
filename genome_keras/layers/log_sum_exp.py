"""Sums of numbers whose logarithms are at hand."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class LogSumExp(keras.layers.Layer):
    """Logarithm of the sum of what several tensors are the logarithms of.

    Call arguments:
        inputs: list of float tensors of one shape.

    Returns:
        float, of the same shape.

    Example:
        >>> import numpy as np
        >>> float(LogSumExp()([np.log([[3.0]]), np.log([[5.0]])])[0, 0])  # log 8
        2.0794...
    """

    def call(self, inputs: list[Any]) -> Any:
        return ops.logsumexp(ops.stack(inputs, -1), -1)

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        return tuple(input_shape[0])
