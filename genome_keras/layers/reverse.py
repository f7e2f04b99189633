"""A sequence from its end to its beginning."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class Reverse(keras.layers.Layer):
    """The steps of a sequence in the other order.

    Call arguments:
        inputs: (batch, window, ...), of any type.

    Returns:
        The same shape and type.

    Example:
        >>> import numpy as np
        >>> keras.ops.convert_to_numpy(Reverse()(np.array([[1, 2, 3]]))).tolist()
        [[3, 2, 1]]
    """

    def call(self, inputs: Any) -> Any:
        return ops.flip(inputs, 1)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)
