"""Borzoi: convolutions, attention over bins of 128 bp, and the way back to 32 bp."""

import keras

from genome_keras.arguments import at_least, at_least_one
from genome_keras.layers.activations import tanh_gelu
from genome_keras.layers.channels_last import MaxPooling1D
from genome_keras.layers.relative_attention import RelativeAttention
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Tasks, Weights, codes_in, convolved, factory
from genome_keras.models._signals import cropped, feed_forward, normed, tracks_out

FILTERS = (512, 608, 736, 896, 1056, 1280)
DISTANCES = 32  # numbers that attention knows of a distance


@factory
def borzoi(
    *,
    window: int = 524_288,
    bins: int = 6144,
    tasks: Tasks = 7611,
    filters: tuple[int, ...] = FILTERS,
    channels: int = 1536,
    depth: int = 8,
    heads: int = 8,
    key_size: int = 64,
    value_size: int = 192,
    last_filters: int = 1920,
    dropout: float = 0.2,
    attention_dropout: float = 0.05,
    distance_dropout: float = 0.01,
    learning_rate: float = 6e-5,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """A tower of convolutions, a transformer, and a U-net's steps back.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives float32 (batch, bins, tasks), signal of at least 0 in the middle bins, each of 2 bp
    to the power of one less than the number of `filters` (32). The published tracks are on
    the scale on which it was trained, where large values are squashed.

    Args:
        window: length of the input in bp, a multiple of 4 bins.
        bins: of the output.
        tasks: tracks or their names; 7611 of the human genome, 2608 of the mouse.
        filters: of the convolutions of the tower, with a pooling of two between them.
        channels: of the transformer, and of what follows.
        depth: blocks of attention and of dense layers.
        heads, key_size, value_size: of attention.
        last_filters: that the head reads.
        dropout, attention_dropout, distance_dropout: as in `enformer`.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`, with the Poisson loss.

    Raises:
        ValueError: a size below one, a window that does not fit, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Linder et al. 2025 (doi:10.1038/s41588-024-02053-6) and its program. Departures: one
        head, that of one of the two genomes; the Poisson loss in place of one of totals and
        shares.

    Example:
        >>> sizes = {"filters": (3, 4), "channels": 6, "depth": 1, "heads": 2, "key_size": 3}
        >>> model = borzoi(window=64, bins=20, tasks=2, value_size=4, last_filters=5, **sizes)
        >>> model.output_shape, model.bin
        ((None, 20, 2), 2)
    """
    at_least_one(window=window, bins=bins, tasks=tasks, channels=channels, heads=heads)
    at_least_one(key_size=key_size, value_size=value_size, last_filters=last_filters)
    at_least_one(**{f"filters[{number}]": size for number, size in enumerate(filters)})
    at_least(0, depth=depth)
    bin = 2 ** (len(filters) - 1)
    if len(filters) < 2 or window % (4 * bin):
        raise ValueError(
            "filters must be at least two, and window a multiple of 2 to the power of one more "
            f"than their number. Received: {len(filters)} filters, window={window}"
        )
    seeds = Seeds(seed)
    codes, strand = codes_in(window)
    letters = OneHot(name="letters")(strand)
    x = convolved(letters, filters[0], 15, "convolution_1", seeds, padding="same")
    for number, size in enumerate(filters[1:], 2):
        x = _block(_halved(x, f"pool_{number - 1}"), size, 5, f"convolution_{number}", seeds)
    first = x
    second = _block(_halved(first, "pool_first"), channels, 5, "convolution_second", seeds)
    x = _halved(second, "pool_second")
    for number in range(1, depth + 1):
        attention = RelativeAttention(
            heads,
            key_size=key_size,
            value_size=value_size,
            distances="borzoi",
            distance_sizes=DISTANCES,
            dropout=attention_dropout,
            distance_dropout=distance_dropout,
            seed=seeds(),
            name=f"attention_{number}",
        )
        x = feed_forward(x, attention, number, seeds, dropout=dropout, epsilon=1e-3)
    for kept, name in ((second, "second"), (first, "first")):
        x = _block(x, channels, 1, f"up_{name}", seeds)
        x = keras.layers.UpSampling1D(2, name=f"up_{name}_twice")(x)
        x = keras.layers.Add(name=f"{name}_sum")(
            [x, _block(kept, channels, 1, f"across_{name}", seeds)]
        )
        x = _separable(x, channels, f"separable_{name}", seeds)
    x = _block(cropped(x, bins, "middle"), last_filters, 1, "last_convolution", seeds)
    x = keras.layers.Dropout(dropout / 2, seed=seeds(), name="last_dropout")(x)
    x = keras.layers.Activation(tanh_gelu, name="features")(x)
    head = keras.layers.Dense(
        tasks,
        activation="softplus",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        dtype="float32",
        name="head",
    )
    return tracks_out("borzoi", codes, head(x), bin=bin, learning_rate=learning_rate)


def _halved(x, name):
    return MaxPooling1D(2, data_format="channels_last", name=name)(x)


def _block(x, filters, width, name, seeds):
    """A norm, GELU, and a convolution."""
    x = normed(x, f"{name}_norm", epsilon=1e-3)
    x = keras.layers.Activation(tanh_gelu, name=f"{name}_gelu")(x)
    return convolved(x, filters, width, name, seeds, padding="same")


def _separable(x, filters, name, seeds):
    """A convolution of 3 for each channel, then one of 1 for all."""
    return keras.layers.SeparableConv1D(
        filters,
        3,
        padding="same",
        data_format="channels_last",
        depthwise_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        pointwise_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name=name,
    )(x)
