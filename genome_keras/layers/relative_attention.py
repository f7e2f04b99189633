"""Attention that knows how far apart two steps are."""

from typing import Any

import keras
from keras import ops

from genome_keras.arguments import at_least_one
from genome_keras.layers.distances import distance_features

QUERIES = 512  # steps that attend at a time: what they know of all others takes the memory


@keras.saving.register_keras_serializable("genome_keras")
class RelativeAttention(keras.layers.Layer):
    """Attention of all steps to all, with a term for their distance, as in Transformer-XL.

    Args:
        heads: that attend side by side.
        key_size, value_size: numbers of a key and of a value of each head.
        distances, distance_sizes: kind and number of the features of
            `genome_keras.layers.distances.distance_features`.
        dropout, distance_dropout: shares of the attention, and of those features, that are
            left out in training.
        seed: of the initial weights and of dropout.

    Call arguments:
        inputs: float (batch, steps, channels); the number of steps must be known.

    Returns:
        float, of the same shape. It is 0 before training.

    Raises:
        ValueError: an unknown number of steps, or a size that does not fit.

    Source: Avsec et al. 2021 (doi:10.1038/s41592-021-01252-x), methods, transformer blocks.

    Example:
        >>> import numpy as np
        >>> layer = RelativeAttention(2, key_size=3, value_size=4, distance_sizes=6)
        >>> tuple(layer(np.zeros((1, 5, 8), "float32")).shape), layer.count_params()
        ((1, 5, 8), 280)
    """

    def __init__(
        self,
        heads: int,
        *,
        key_size: int = 64,
        value_size: int = 192,
        distances: str = "enformer",
        distance_sizes: int = 192,
        dropout: float = 0.0,
        distance_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        at_least_one(heads=heads, key_size=key_size, value_size=value_size)
        distance_features(1, distance_sizes, distances)
        self.heads, self.key_size, self.value_size = heads, key_size, value_size
        self.distances, self.distance_sizes = distances, distance_sizes
        self.dropout, self.distance_dropout, self.seed = dropout, distance_dropout, seed
        self._left_out = keras.layers.Dropout(dropout, seed=seed)
        self._distances_left_out = keras.layers.Dropout(distance_dropout, seed=seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, steps, channels = input_shape
        if steps is None:
            raise ValueError("window must be a number: attention knows distances in it")
        self._features = distance_features(steps, self.distance_sizes, self.distances)
        keys, values = self.heads * self.key_size, self.heads * self.value_size
        start = keras.initializers
        for name, shape, initial in (
            ("query", (channels, keys), start.GlorotUniform(self._seed(1))),
            ("key", (channels, keys), start.GlorotUniform(self._seed(2))),
            ("value", (channels, values), start.GlorotUniform(self._seed(3))),
            ("distance", (self.distance_sizes, keys), start.GlorotUniform(self._seed(4))),
            ("content_bias", (self.heads, 1, self.key_size), start.HeNormal(self._seed(5))),
            ("distance_bias", (self.heads, 1, self.key_size), start.HeNormal(self._seed(6))),
            ("out", (values, channels), start.Zeros()),
            ("out_bias", (channels,), start.Zeros()),
        ):
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initial))

    def _seed(self, number):
        return None if self.seed is None else self.seed + number

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        steps = inputs.shape[1]
        query = self._by_head(ops.matmul(inputs, self.query), steps) * self.key_size**-0.5
        key = _turned(self._by_head(ops.matmul(inputs, self.key), steps))
        value = self._by_head(ops.matmul(inputs, self.value), steps)
        known = ops.convert_to_tensor(self._features, self.compute_dtype)
        known = self._distances_left_out(known, training=training)
        known = _turned(self._by_head(ops.matmul(known, self.distance)[None], 2 * steps - 1))
        attended = []
        for first in range(0, steps, QUERIES):
            last = min(first + QUERIES, steps)
            near = known[..., steps - last : 2 * steps - 1 - first]
            shares = self._shares(query[:, :, first:last], key, near)
            attended.append(ops.matmul(self._left_out(shares, training=training), value))
        attended = attended[0] if len(attended) == 1 else ops.concatenate(attended, axis=2)
        attended = ops.transpose(attended, (0, 2, 1, 3))
        attended = ops.reshape(attended, (-1, steps, self.heads * self.value_size))
        return ops.matmul(attended, self.out) + self.out_bias

    def _shares(self, query, key, known):
        """How much each of some steps attends to each step, by what it knows of distances."""
        logits = by_distance(ops.matmul(query + self.distance_bias, known))
        logits = ops.matmul(query + self.content_bias, key) + logits
        return ops.cast(ops.softmax(ops.cast(logits, "float32"), axis=-1), self.compute_dtype)

    def _by_head(self, x, steps):
        """(batch, steps, heads * size) as (batch, heads, steps, size)."""
        x = ops.reshape(x, (-1, steps, self.heads, x.shape[-1] // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        names = ("heads", "key_size", "value_size", "distances", "distance_sizes")
        names += ("dropout", "distance_dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _turned(x):
    return ops.transpose(x, (0, 1, 3, 2))


def by_distance(x: Any) -> Any:
    """Numbers of each step and distance as those of each step and other step.

    Args:
        x: (batch, heads, some, some + steps - 1), of some steps one after the other; the last
            column is of the distance from the first of them to the last of all steps.

    Returns:
        (batch, heads, some, steps): of step i and j, that of the distance j - i.

    Example:
        >>> import numpy as np
        >>> distances = np.array([[-1, 0, 1]] * 2)[None, None]  # two steps
        >>> keras.ops.convert_to_numpy(by_distance(distances))[0, 0].tolist()
        [[0, 1], [-1, 0]]
    """
    heads, some, distances = x.shape[1:]
    if some == 1:
        return x
    x = ops.reshape(x, (-1, heads, some * distances))[..., some - 1 : -1]
    return ops.reshape(x, (-1, heads, some, distances - 1))[..., : distances - some + 1]
