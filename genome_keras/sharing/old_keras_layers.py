"""Layers of Keras 0.2 to 2.x as layers of Keras 3, one function a kind.

A function takes the settings, by the names of any era, and gives the layer and what turns
the old arrays into the new ones.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from genome_keras.sharing import old_keras_weights as weights
from genome_keras.sharing.old_keras_settings import ChannelsFirst, LayerSettings

_MERGES = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}


def convert(kind: str, settings: LayerSettings, name: str | None) -> tuple[Any, Callable]:
    """The Keras 3 layer for an old one.

    Args:
        kind: class in the old Keras.
        settings: of the layer.
        name: for the layer.

    Returns:
        What to call on tensors (a layer, or a `ChannelsFirst` around one), and a function
        of the old arrays that gives the new ones.

    Raises:
        ValueError: an unknown kind, or settings that are missing or not supported.

    Example:
        >>> settings = LayerSettings({"output_dim": 2, "activation": "relu"}, (1, 0), theano=True)
        >>> layer, arrays = convert("Dense", settings, "hidden")
        >>> layer.units, layer.name
        (2, 'hidden')
    """
    if kind in ("Lambda", "TFOpLambda", "SlicingOpLambda"):
        raise ValueError("has code in it, which is not run")
    if kind not in _KINDS:
        raise ValueError("is not known")
    layer, arrays = _KINDS[kind](settings, name)
    return layer, arrays


def _same(arrays):
    return arrays


def _convolution(settings, name, *, rank):
    filters = settings.take("filters", "nb_filter")
    if rank == 1:
        size = settings.sizes(1, "kernel_size", "filter_length")
        strides = settings.sizes(1, "strides", "subsample_length", default=1)
        dilation = settings.sizes(1, "dilation_rate", "atrous_rate", default=1)
    else:
        rows = settings.take("nb_row", default=None)
        size = (rows, settings.take("nb_col")) if rows else settings.sizes(2, "kernel_size")
        strides = settings.sizes(2, "strides", "subsample", default=1)
        dilation = settings.sizes(2, "dilation_rate", "atrous_rate", default=1)
    if settings.theano is None and max(size) > 1:
        raise ValueError(
            "the file does not tell whether Theano saved it, which read kernels backwards: "
            "say backend='theano' or 'tensorflow'"
        )
    make = keras.layers.Conv1D if rank == 1 else keras.layers.Conv2D
    layer = make(
        filters,
        size,
        strides=strides,
        padding=settings.padding,
        dilation_rate=dilation,
        activation=settings.activation("activation"),
        use_bias=settings.take("use_bias", "bias", default=True),
        name=name,
    )
    first = rank == 2 and settings.channels_first
    arrays = partial(
        weights.convolution,
        filters=filters,
        size=size,
        theano=bool(settings.theano),
        first=first and settings.version < (2, 0),
    )
    return ChannelsFirst(layer) if first else layer, arrays


def _pooling(settings, name, *, make, rank):
    size = settings.sizes(rank, "pool_size", "pool_length")
    strides = settings.sizes(rank, "strides", "stride", default=None)
    layer = make(size, strides=strides, padding=settings.padding, name=name)
    return ChannelsFirst(layer) if rank == 2 and settings.channels_first else layer, _same


def _global_pooling(settings, name, *, make, rank):
    first = rank == 2 and settings.channels_first
    return make(name=name, data_format="channels_first" if first else "channels_last"), _same


def _dense(settings, name):
    layer = keras.layers.Dense(
        settings.take("units", "output_dim"),
        activation=settings.activation("activation"),
        use_bias=settings.take("use_bias", "bias", default=True),
        name=name,
    )
    return layer, _same


def _recurrent(settings, name, *, kind):
    if settings.take("stateful", default=False):
        raise ValueError("keeps its state from batch to batch, which is not supported")
    options = {
        "recurrent_activation": settings.activation("recurrent_activation", "inner_activation")
    }
    if kind == "SimpleRNN":
        options = {}
    if kind == "GRU":
        options["reset_after"] = settings.take("reset_after", default=False)
    layer = getattr(keras.layers, kind)(
        settings.take("units", "output_dim"),
        activation=settings.activation("activation"),
        use_bias=settings.take("use_bias", default=True),
        dropout=settings.take("dropout", "dropout_W", default=0.0),
        recurrent_dropout=settings.take("recurrent_dropout", "dropout_U", default=0.0),
        return_sequences=settings.take("return_sequences", default=False),
        go_backwards=settings.take("go_backwards", default=False),
        name=name,
        **options,
    )
    return layer, partial(weights.recurrent, kind=kind)


def _inner(settings, kinds):
    """Kind and settings of the layer that another wraps."""
    entry = settings.take("layer")
    kind = entry.get("class_name", entry.get("name"))
    if kind not in kinds:
        raise ValueError(f"around {kind!r:.60} is not supported")
    return kind, LayerSettings(entry.get("config", entry), settings.version, settings.theano)


def _bidirectional(settings, name):
    kind, inner = _inner(settings, ("LSTM", "GRU", "SimpleRNN"))
    merge = settings.take("merge_mode", default="concat")
    layer = keras.layers.Bidirectional(
        _recurrent(inner, None, kind=kind)[0], merge_mode=merge, name=name
    )
    return layer, partial(weights.bidirectional, kind=kind)


def _time_distributed(settings, name):
    kind, inner = _inner(settings, ("Dense", "Activation", "Dropout", "Flatten"))
    layer, arrays = _KINDS[kind](inner, None)
    return keras.layers.TimeDistributed(layer, name=name), arrays


def _normalization(settings, name):
    if settings.take("mode", default=0) != 0:
        raise ValueError("normalizes within a sample or a batch (mode 1 or 2): not supported")
    epsilon = settings.take("epsilon")
    (axis,) = settings.sizes(1, "axis", default=-1)  # a list of one from Keras 2.2 on
    layer = keras.layers.BatchNormalization(
        axis=axis,
        momentum=settings.take("momentum", default=0.99),
        epsilon=epsilon,
        center=settings.take("center", default=True),
        scale=settings.take("scale", default=True),
        name=name,
    )
    era = {"version": settings.version, "theano": settings.theano}
    return layer, partial(weights.normalization, epsilon=epsilon, **era)


def _merge(settings, name):
    mode = settings.take("mode")
    if mode == "concat":
        axis = settings.take("concat_axis", default=-1)
        return keras.layers.Concatenate(axis=axis, name=name), _same
    if mode not in _MERGES:
        raise ValueError(f"mode {mode!r:.40} is not supported")
    return getattr(keras.layers, _MERGES[mode])(name=name), _same


def _embedding(settings, name):
    if settings.take("mask_zero", default=False):
        raise ValueError("masks zeros, which is not supported")
    sizes = settings.take("input_dim"), settings.take("output_dim")
    return keras.layers.Embedding(*sizes, name=name), _same


def _resized(settings, name, *, make, rank, names):
    """Padding, cropping and repeating of positions."""
    value = settings.take(*names)
    value = (
        tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if (isinstance(value, list))
        else value
    )
    layer = make(value, name=name)
    return ChannelsFirst(layer) if rank == 2 and settings.channels_first else layer, _same


def _plain(settings, name, *, make, **names):
    """A layer without arrays: its arguments, each under the names of several eras."""
    arguments = {}
    for argument, old in names.items():
        value = settings.take(*old)
        arguments[argument] = tuple(value) if isinstance(value, list) else value
    return make(name=name, **arguments), _same


def _activation(settings, name):
    return keras.layers.Activation(settings.activation("activation"), name=name), _same


def _rectifier(settings, name):
    layer = keras.layers.ReLU(
        max_value=settings.take("max_value", default=None),
        negative_slope=settings.take("negative_slope", default=0.0),
        threshold=settings.take("threshold", default=0.0),
        name=name,
    )
    return layer, _same


def _slopes(settings, name):
    shared = settings.take("shared_axes", default=None)
    return keras.layers.PReLU(shared_axes=shared, name=name), _same


def _kinds():
    layers = keras.layers
    kinds = {
        "Dense": _dense,
        "BatchNormalization": _normalization,
        "Bidirectional": _bidirectional,
        "TimeDistributed": _time_distributed,
        "TimeDistributedDense": _dense,
        "Merge": _merge,
        "Embedding": _embedding,
        "Activation": _activation,
        "ReLU": _rectifier,
        "PReLU": _slopes,
        "LeakyReLU": partial(
            _plain, make=layers.LeakyReLU, negative_slope=("alpha", "negative_slope")
        ),
        "ELU": partial(_plain, make=layers.ELU, alpha=("alpha",)),
        "Softmax": partial(_plain, make=layers.Softmax, axis=("axis",)),
        "Flatten": partial(_plain, make=layers.Flatten),
        "Permute": partial(_plain, make=layers.Permute, dims=("dims",)),
        "Reshape": partial(_plain, make=layers.Reshape, target_shape=("target_shape", "dims")),
        "RepeatVector": partial(_plain, make=layers.RepeatVector, n=("n",)),
        "Dropout": partial(_plain, make=layers.Dropout, rate=("rate", "p")),
        "GaussianDropout": partial(_plain, make=layers.GaussianDropout, rate=("rate", "p")),
        "GaussianNoise": partial(_plain, make=layers.GaussianNoise, stddev=("stddev", "sigma")),
        "SpatialDropout1D": partial(_plain, make=layers.SpatialDropout1D, rate=("rate", "p")),
        "Concatenate": partial(_plain, make=layers.Concatenate, axis=("axis",)),
    }
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        kinds[name] = partial(_plain, make=getattr(layers, name))
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        kinds[kind] = partial(_recurrent, kind=kind)
    for name in ("Conv{}D", "Convolution{}D", "AtrousConvolution{}D"):
        for rank in (1, 2):
            kinds[name.format(rank)] = partial(_convolution, rank=rank)
    for what in ("MaxPooling", "AveragePooling"):
        for rank in (1, 2):
            make = {"rank": rank, "make": getattr(layers, f"{what}{rank}D")}
            kinds[f"{what}{rank}D"] = partial(_pooling, **make)
            make = {"rank": rank, "make": getattr(layers, f"Global{what}{rank}D")}
            kinds[f"Global{what}{rank}D"] = partial(_global_pooling, **make)
    for what, names in {
        "ZeroPadding": ("padding",),
        "Cropping": ("cropping",),
        "UpSampling": ("size", "length"),
    }.items():
        for rank in (1, 2):
            make = {"rank": rank, "make": getattr(layers, f"{what}{rank}D"), "names": names}
            kinds[f"{what}{rank}D"] = partial(_resized, **make)
    return kinds


_KINDS = _kinds()
