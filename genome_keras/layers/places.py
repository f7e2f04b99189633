"""Sums over positions that tell where in a window something is."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class PlaceSums(keras.layers.Layer):
    """Weighted sums over positions, each channel with weights of its own at each position.

    Args:
        sums: how many for each channel.
        seed: of the initial weights, normal with mean and deviation 1 / positions.

    Call arguments:
        inputs: float (batch, positions, channels); the number of positions must be known.

    Returns:
        float (batch, sums * channels): the first sum of all channels, the second, and so on.

    Raises:
        ValueError: an unknown number of positions.

    Example:
        >>> import numpy as np
        >>> PlaceSums(sums=2)(np.ones((1, 5, 3), "float32")).shape[1]
        6
    """

    def __init__(self, sums: int = 2, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sums, self.seed = sums, seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, positions, channels = input_shape
        if positions is None:
            raise ValueError("window must be a number: each position has weights of its own")
        self.places = self.add_weight(
            name="places",
            shape=(self.sums, positions, channels),
            initializer=keras.initializers.RandomNormal(
                1 / positions, 1 / positions, seed=self.seed
            ),
        )

    def call(self, inputs: Any) -> Any:
        sums = [ops.sum(inputs * self.places[n], 1) for n in range(self.sums)]
        return ops.concatenate(sums, -1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        return (input_shape[0], self.sums * input_shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sums": self.sums, "seed": self.seed}
