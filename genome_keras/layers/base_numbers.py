"""Bases as numbers, for the baseline that takes their codes for quantities."""

from typing import Any

import keras
from keras import ops

from genome_keras.layers.codes import check_rank


@keras.saving.register_keras_serializable("genome_keras")
class BaseNumbers(keras.layers.Layer):
    """A 0, C 1, G 2, T 3 as they are, and N as 1.5, the mean of the others.

    Call arguments:
        inputs: integer codes (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        float32 (batch, window), whatever the dtype policy.

    Example:
        >>> import numpy as np
        >>> keras.ops.convert_to_numpy(BaseNumbers()(np.array([[3, 4]]))).tolist()
        [[3.0, 1.5]]
    """

    def call(self, inputs: Any) -> Any:
        check_rank(inputs)
        numbers = ops.cast(inputs, "float32")
        return ops.where(numbers > 3, 1.5, numbers)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        check_rank(inputs)
        return keras.KerasTensor(inputs.shape, dtype="float32")
