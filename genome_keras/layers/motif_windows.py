"""Many small motif networks side by side: detectors, their pooling, and dense layers."""

from typing import Any

import keras
from keras import ops

_NEVER = 1e30  # what keeps a detector that reaches no letter from being the maximum


@keras.saving.register_keras_serializable("genome_keras")
class MotifWindows(keras.layers.Layer):
    """Pooled responses of motif detectors in every stretch of 1.5 motif lengths.

    A detector may reach over both ends of a stretch by all but one letter, and reads 1/4
    of each letter there and at an N. Its response plus its threshold is rectified and
    pooled over the stretch: the maximum, or maximum and mean. A sequence that is shorter
    than a stretch is one stretch.

    Args:
        models: how many networks, each with detectors of its own.
        filters: detectors of each.
        width: letters of a detector, at least 2.
        readout: "max", or "both" for maximum and mean of each detector in turn.
        seed: of the initial detectors.

    Call arguments:
        inputs: float (batch, window, 4), letters A, C, G, T, zeros at an N.

    Returns:
        float (batch, stretches, models, features): `filters` features, or twice as many.

    Example:
        >>> import numpy as np
        >>> layer = MotifWindows(models=3, filters=16, width=4)
        >>> tuple(layer(np.zeros((2, 10, 4), "float32")).shape)
        (2, 5, 3, 16)

    Source: Alipanahi et al. 2015 (doi:10.1038/nbt.3300) and the authors' program.
    """

    def __init__(
        self,
        models: int,
        filters: int,
        width: int,
        *,
        readout: str = "max",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.models, self.filters, self.width = models, filters, width
        self.readout, self.seed = readout, seed
        self.stretch = width * 3 // 2

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        units = self.models * self.filters
        # As of one network: the others stand beside it.
        initializer = keras.initializers.RandomNormal(stddev=self.width**-0.5, seed=self.seed)
        self.detectors = self.add_weight(
            name="detectors", shape=(self.width, 4, units), initializer=initializer
        )
        self.thresholds = self.add_weight(name="thresholds", shape=(units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        # Less 1/4 where there is a letter: what lies beyond the ends, and N, is then zero.
        letters = inputs - ops.sum(inputs, -1, keepdims=True) / 4
        letters, excluded = self._at_least_one_stretch(letters)
        width, last = self.width, self.stretch - 1
        stretches = ops.shape(letters)[1] - last
        pool = _Pool(self.thresholds + ops.sum(self.detectors, (0, 1)) / 4, self.readout)
        # Detectors that reach over the start of a stretch, with their last letter in it,
        # their last two, and so on: one row more is one product more.
        sums = ops.matmul(letters, self.detectors[-1])
        pool.add(sums[:, :stretches])
        for row in range(width - 2, 0, -1):
            product = ops.matmul(letters[:, : 1 + row - width], self.detectors[row])
            sums = product + sums[:, 1:]
            pool.add(sums[:, :stretches])
        # Over its end, with their first letter in it, and so on.
        sums = ops.matmul(letters, self.detectors[0])
        sums = sums if excluded is None else sums - excluded
        for row in range(1, width):
            pool.add(sums[:, last + 1 - row :])
            sums = sums[:, :-1] + ops.matmul(letters[:, row:], self.detectors[row])
        # Wholly inside.
        for place in range(self.stretch - width + 1):
            pool.add(sums[:, place : place + stretches])
        features = pool.features(self._places(inputs))
        return ops.reshape(features, (-1, stretches, self.models, self._features))

    def _at_least_one_stretch(self, letters):
        """The letters, filled up with N, and what excludes detectors that begin there."""
        window = letters.shape[1]
        if window is not None and window >= self.stretch:
            return letters, None
        length = ops.maximum(ops.shape(letters)[1], self.stretch) if window is None else None
        fill = ((0, 0), (0, self.stretch - 1), (0, 0))
        end = self.stretch if length is None else length
        beyond = 1 - ops.pad(ops.ones_like(letters[:, :, :1]), fill)[:, :end]
        return ops.pad(letters, fill)[:, :end], beyond * _NEVER

    def _places(self, inputs):
        """How many places a detector has in a stretch."""
        window = inputs.shape[1]
        if window is None:
            window = ops.minimum(ops.shape(inputs)[1], self.stretch)
            return ops.cast(window + self.width - 1, self.compute_dtype)
        return min(window, self.stretch) + self.width - 1

    @property
    def _features(self):
        return self.filters * (2 if self.readout == "both" else 1)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        batch, window, _ = inputs.shape
        stretches = None if window is None else max(1, window - self.stretch + 1)
        shape = (batch, stretches, self.models, self._features)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        sizes = {"models": self.models, "filters": self.filters, "width": self.width}
        return {**super().get_config(), **sizes, "readout": self.readout, "seed": self.seed}


class _Pool:
    """Maximum, and sum, of what is added, each plus `base` and rectified."""

    def __init__(self, base, readout):
        self.base, self.most, self.sum = base, None, None
        self.summed = readout == "both"

    def add(self, values):
        self.most = values if self.most is None else ops.maximum(self.most, values)
        if self.summed:
            values = ops.relu(values + self.base)
            self.sum = values if self.sum is None else self.sum + values

    def features(self, places):
        most = ops.relu(self.most + self.base)
        return ops.stack([most, self.sum / places], -1) if self.summed else most


@keras.saving.register_keras_serializable("genome_keras")
class DenseEach(keras.layers.Layer):
    """A dense layer for each of many networks that stand side by side.

    Args:
        units: of each network's layer.
        activation: as in `keras.layers.Dense`.
        seed: of the initial weights.

    Call arguments:
        inputs: float (..., models, features).

    Returns:
        float (..., models, units).

    Example:
        >>> import numpy as np
        >>> layer = DenseEach(2)
        >>> tuple(layer(np.zeros((5, 3, 16), "float32")).shape), layer.count_params()
        ((5, 3, 2), 102)
    """

    def __init__(
        self, units: int, *, activation: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.seed = units, seed
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        models, features = input_shape[-2:]
        limit = (6 / (features + self.units)) ** 0.5  # Glorot's, of one network
        self.kernel = self.add_weight(
            name="kernel",
            shape=(models, features, self.units),
            initializer=keras.initializers.RandomUniform(-limit, limit, seed=self.seed),
        )
        self.bias = self.add_weight(name="bias", shape=(models, self.units), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return self.activation(ops.einsum("...mf,mfu->...mu", inputs, self.kernel) + self.bias)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        sizes = {"units": self.units, "activation": activation, "seed": self.seed}
        return {**super().get_config(), **sizes}


@keras.saving.register_keras_serializable("genome_keras")
class StrongestStretch(keras.layers.Layer):
    """The largest score of each network over all stretches.

    Call arguments:
        inputs: float (batch, stretches, models, 1).

    Returns:
        float (batch, models).

    Example:
        >>> import numpy as np
        >>> scores = np.array([1.0, 3.0, 2.0], "float32").reshape(1, 3, 1, 1)
        >>> float(StrongestStretch()(scores)[0, 0])
        3.0
    """

    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, (1, 3))

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor((inputs.shape[0], inputs.shape[2]), dtype=inputs.dtype)
