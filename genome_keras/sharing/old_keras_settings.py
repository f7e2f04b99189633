"""The settings of an old layer, by the names of any era."""

from typing import Any

import keras

from genome_keras.layers.activations import hard_sigmoid

_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus")
_ACTIVATIONS += ("softsign", "exponential", "gelu", "swish", "silu")
_REQUIRED = object()


class LayerSettings:
    """The settings of one layer.

    Args:
        values: dict of them.
        version: (major, minor) of the Keras that saved them.
        theano: whether convolutions read their kernels backwards, or None.

    Example:
        >>> settings = LayerSettings({"nb_filter": 16, "border_mode": "same"}, (1, 0), theano=True)
        >>> settings.take("filters", "nb_filter"), settings.padding
        (16, 'same')
    """

    def __init__(self, values: dict, version: tuple[int, int], theano: bool | None) -> None:
        self.values, self.version, self.theano = values, version, theano

    def take(self, *names: str, default: Any = _REQUIRED) -> Any:
        """The value under the first name there is."""
        for name in names:
            if name in self.values:
                return self.values[name]
        if default is _REQUIRED:
            raise ValueError(f"no setting {names[0]!r}")
        return default

    def sizes(self, rank: int, *names: str, default: Any = _REQUIRED) -> tuple | None:
        """One number for each dimension."""
        value = self.take(*names, default=default)
        if value is None or value == []:
            return None
        return tuple(value) if isinstance(value, list) else (value,) * rank

    def activation(self, *names: str) -> Any:
        """A known activation; the hard sigmoid of old has the slope 1/5."""
        name = self.take(*names, default=None) or "linear"
        if name == "hard_sigmoid":
            return hard_sigmoid
        if name not in _ACTIVATIONS:
            raise ValueError(f"unknown activation {name!r:.60}")
        return name

    @property
    def padding(self) -> str:
        """ "valid", "same" or "causal"."""
        padding = self.take("padding", "border_mode", default="valid")
        if padding not in ("valid", "same", "causal"):
            raise ValueError(f"padding {padding!r:.40} is not supported")
        return padding

    @property
    def channels_first(self) -> bool:
        """Whether two-dimensional layers have their channels before the dimensions."""
        order = self.take("data_format", "dim_ordering", default=None)
        if order in (None, "default"):
            return self.version < (2, 0)
        return order in ("th", "channels_first")


class ChannelsFirst:
    """A layer that reads (..., channels), called on (channels, ...).

    Not every backend has layers of that order.

    Example:
        >>> layer = ChannelsFirst(keras.layers.Conv2D(8, 3))
        >>> layer(keras.Input((4, 10, 10))).shape  # channels, then rows and columns
        (None, 8, 8, 8)
    """

    def __init__(self, layer: keras.layers.Layer) -> None:
        self.layer = layer

    def __call__(self, inputs: Any) -> Any:
        inputs = keras.layers.Permute((2, 3, 1))(inputs)
        return keras.layers.Permute((3, 1, 2))(self.layer(inputs))
