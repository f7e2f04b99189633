"""LegNet for human reporter assays (MPRA-LegNet): the activity of a sequence of 230 bp."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.channels_last import MaxPooling1D
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    convolved,
    dense,
    factory,
    positions_left,
)
from genome_keras.models._signals import normed, tracks_out


@factory
def legnet(
    *,
    window: int = 230,
    tasks: Tasks = 1,
    stem: int = 64,
    stem_width: int = 11,
    filters: tuple[int, ...] = (80, 96, 112, 128),
    pools: tuple[int, ...] = (2, 2, 2, 2),
    width: int = 9,
    expansion: int = 4,
    learning_rate: float = 4e-4,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """Blocks that widen, look along the window filter by filter, weigh filters and narrow again.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives float32 (batch, 1, tasks): one bin as wide as the window, the logarithm to base 2 of
    how much more it is transcribed than was put in. Values may be below 0.

    Args:
        window: length of the input in bp; at least 16 at the default sizes.
        tasks: their number, or their names.
        stem, stem_width: filters of the first convolution, and their letters.
        filters, pools: of each block, its filters and how many positions become one after it.
        width: letters of the convolutions in blocks.
        expansion: how many times wider a block is inside.
        learning_rate: of Adam.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`, with the mean of squared errors as its loss.

    Raises:
        ValueError: a size below one, a window too short, or an argument that contradicts the
            checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Agarwal et al. 2025 (doi:10.1038/s41586-024-08430-9), whose program is human_legnet,
        after Penzar et al. 2023 (doi:10.1093/bioinformatics/btad457). Departure: no channel
        that tells of the strand, which its published models do not have either.

    Example:
        >>> model = legnet(window=16, stem=3, stem_width=3, filters=(4,), pools=(2,), width=3)
        >>> model.output_shape, model.bin
        ((None, 1, 1), 16)
    """
    at_least_one(tasks=tasks, stem=stem, stem_width=stem_width, width=width, expansion=expansion)
    blocks = layers_of(filters=filters, pools=pools)
    positions_left(window, widths=[1] * len(blocks), pools=pools, padding="same")
    seeds = Seeds(seed)
    codes, strand = codes_in(window)

    def local(x, size, width, name):
        how = {"padding": "same", "use_bias": False}
        return _activated(convolved(x, size, width, name, seeds, **how), name)

    x = local(OneHot(name="letters")(strand), stem, stem_width, "stem")
    for number, (size, pool) in enumerate(blocks, 1):
        branch = _inverted(x, width, expansion, number, seeds, local)
        x = keras.layers.Concatenate(name=f"beside_{number}")([branch, x])
        x = local(x, size, width, f"convolution_{number}")
        pooled = {"data_format": "channels_last", "name": f"pool_{number}"}
        x = MaxPooling1D(pool, **pooled)(x) if pool > 1 else x
    x = convolved(normed(x, "mapped_norm"), 2 * filters[-1], 1, "mapped", seeds)
    x = keras.layers.GlobalAveragePooling1D(data_format="channels_last", name="mean")(x)
    x = _activated(dense(x, 2 * filters[-1], "hidden", seeds), "hidden")
    x = keras.layers.Reshape((1, 2 * filters[-1]), name="one_bin")(x)
    activity = dense(x, tasks, "head", seeds, dtype="float32")
    how = {"loss": "mean_squared_error", "clip": 1.0, "scale": "log2"}
    return tracks_out("legnet", codes, activity, bin=window, learning_rate=learning_rate, **how)


def _activated(x, name):
    return keras.layers.Activation("silu", name=f"{name}_silu")(normed(x, f"{name}_norm"))


def _inverted(x, width, expansion, number, seeds, local):
    """Wider, filter by filter, each weighed by what all tell of the whole window, narrow."""
    channels = x.shape[-1]
    wide = expansion * channels
    x = local(x, wide, 1, f"wide_{number}")
    along = keras.layers.DepthwiseConv1D(
        width,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        depthwise_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name=f"along_{number}",
    )
    x = _activated(along(x), f"along_{number}")
    told = {"data_format": "channels_last", "keepdims": True, "name": f"told_{number}"}
    share = keras.layers.GlobalAveragePooling1D(**told)(x)
    share = dense(share, channels, f"told_hidden_{number}", seeds, activation="silu")
    share = dense(share, wide, f"share_{number}", seeds, activation="sigmoid")
    x = keras.layers.Multiply(name=f"weighed_{number}")([x, share])
    return local(x, channels, 1, f"narrow_{number}")
