"""Pooling that learns which of neighbouring steps to take, channel by channel."""

from typing import Any

import keras
from keras import ops

from genome_keras.arguments import at_least_one


@keras.saving.register_keras_serializable("genome_keras")
class SoftmaxPool(keras.layers.Layer):
    """Weighted mean of every `size` steps: a softmax, over them, of a product of the channels.

    Args:
        size: steps that become one.
        initial: diagonal of the initial weights; 0 is the mean, and much is the maximum.

    Call arguments:
        inputs: float (batch, steps, channels); steps are a multiple of `size`.

    Returns:
        float (batch, steps / size, channels).

    Source: Avsec et al. 2021 (doi:10.1038/s41592-021-01252-x), methods, attention pooling.

    Example:
        >>> import numpy as np
        >>> pool = SoftmaxPool(2, initial=0.0)
        >>> keras.ops.convert_to_numpy(pool(np.array([[[1.0], [4.0]]]))).tolist()
        [[[2.5]]]
    """

    def __init__(self, size: int = 2, *, initial: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        at_least_one(size=size)
        self.size, self.initial = size, initial

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(channels, channels),
            initializer=keras.initializers.Identity(gain=self.initial),
        )

    def call(self, inputs: Any) -> Any:
        steps, channels = inputs.shape[1] // self.size, inputs.shape[2]
        inputs = ops.reshape(inputs, (-1, steps, self.size, channels))
        if self.size == 2:  # the same with half of the products: shares are of the difference
            more = inputs[:, :, 0] - inputs[:, :, 1]
            return inputs[:, :, 1] + more * ops.sigmoid(ops.matmul(more, self.kernel))
        shares = ops.softmax(ops.matmul(inputs, self.kernel), axis=2)
        return ops.sum(inputs * shares, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, steps, channels = input_shape
        return (batch, steps // self.size, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "initial": self.initial}
