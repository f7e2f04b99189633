"""Which places of a convolution cover a letter, and the mean over those."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class IsLetter(keras.layers.Layer):
    """1 at a letter and 0 at an N.

    Call arguments:
        inputs: float (batch, window, 4), one-hot letters, zeros at an N.

    Returns:
        float (batch, window, 1).

    Example:
        >>> import numpy as np
        >>> letters = np.array([[[0, 0, 1, 0], [0, 0, 0, 0]]], "float32")
        >>> keras.ops.convert_to_numpy(IsLetter()(letters)).ravel().tolist()
        [1.0, 0.0]
    """

    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, -1, keepdims=True)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor((*inputs.shape[:-1], 1), dtype=inputs.dtype)


@keras.saving.register_keras_serializable("genome_keras")
class CoveredMean(keras.layers.Layer):
    """The mean over the places that count; 0 where none does.

    Call arguments:
        inputs: two of float: values (batch, places, features), 0 at places that do not
            count, and (batch, places, 1), 1 at those that do.

    Returns:
        float (batch, features).

    Example:
        >>> import numpy as np
        >>> values = np.array([[[6.0], [4.0], [0.0]]], "float32")
        >>> float(CoveredMean()([values, (values > 0).astype("float32")])[0, 0])
        5.0
    """

    def call(self, inputs: Any) -> Any:
        values, counted = inputs
        return ops.sum(values, 1) / ops.maximum(ops.sum(counted, 1), 1.0)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        values, _ = inputs
        return keras.KerasTensor((values.shape[0], values.shape[2]), dtype=values.dtype)
