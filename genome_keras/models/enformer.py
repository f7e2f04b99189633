"""Enformer: convolutions that halve the window, then attention over its bins."""

import keras

from genome_keras.arguments import at_least, at_least_one
from genome_keras.layers.activations import sigmoid_gelu
from genome_keras.layers.relative_attention import RelativeAttention
from genome_keras.layers.softmax_pool import SoftmaxPool
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Tasks, Weights, codes_in, convolved, factory
from genome_keras.models._signals import cropped, feed_forward, normed, tracks_out

FILTERS = (768, 768, 896, 1024, 1152, 1280, 1536)


@factory
def enformer(
    *,
    window: int = 196_608,
    bins: int = 896,
    tasks: Tasks = 5313,
    filters: tuple[int, ...] = FILTERS,
    depth: int = 11,
    heads: int = 8,
    key_size: int = 64,
    dropout: float = 0.4,
    attention_dropout: float = 0.05,
    distance_dropout: float = 0.01,
    learning_rate: float = 5e-4,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """Convolutions, each followed by a pooling of two steps, and a transformer.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives float32 (batch, bins, tasks), signal of at least 0 in the middle bins, each of 2 bp
    to the power of the number of `filters` (128). At the published size it is 1 GB of
    weights.

    Args:
        window: length of the input in bp, a multiple of a bin.
        bins: of the output.
        tasks: tracks or their names; 5313 of the human genome, 1643 of the mouse.
        filters: of the first convolution, and of one after each pooling.
        depth: blocks of attention and of dense layers.
        heads: of attention; each has values of filters[-1] / heads, a multiple of 6.
        key_size: numbers of a key.
        dropout, attention_dropout, distance_dropout: share that is left out in training, of
            each block's result, of the attention, and of what it knows of distances.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`, with the Poisson loss.

    Raises:
        ValueError: a size below one, a window or heads that do not fit, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Avsec et al. 2021 (doi:10.1038/s41592-021-01252-x) and its program. One head: that
        of one of the two genomes. Distances are as there, where enformer-pytorch departs from
        it unless it is asked for TensorFlow's gamma densities.

    Example:
        >>> sizes = {"filters": (6, 12), "depth": 1, "heads": 2, "key_size": 3}
        >>> model = enformer(window=64, bins=4, tasks=3, **sizes)
        >>> model.output_shape, model.bin
        ((None, 4, 3), 4)
    """
    at_least_one(window=window, bins=bins, tasks=tasks, heads=heads, key_size=key_size)
    at_least_one(**{f"filters[{number}]": size for number, size in enumerate(filters)})
    at_least(0, depth=depth)
    bin, channels = 2 ** len(filters), filters[-1]
    if window % bin:
        raise ValueError(f"window must be a multiple of {bin}. Received: window={window}")
    if channels % (6 * heads):
        raise ValueError(
            f"filters[-1] must be a multiple of 6 heads. Received: {channels}, heads={heads}"
        )
    seeds = Seeds(seed)
    codes, strand = codes_in(window)
    x = OneHot(name="letters")(strand)
    for number, size in enumerate(filters):
        x = _convolutions(x, size, 5 if number else 15, number, seeds)
    for number in range(1, depth + 1):
        attention = RelativeAttention(
            heads,
            key_size=key_size,
            value_size=channels // heads,
            distance_sizes=channels // heads,
            dropout=attention_dropout,
            distance_dropout=distance_dropout,
            seed=seeds(),
            name=f"attention_{number}",
        )
        x = feed_forward(x, attention, number, seeds, dropout=dropout, epsilon=1e-5)
    x = cropped(x, bins, "middle")
    x = _activated(x, "last")
    x = convolved(x, 2 * channels, 1, "last_convolution", seeds)
    x = keras.layers.Dropout(dropout / 8, seed=seeds(), name="last_dropout")(x)
    x = keras.layers.Activation(sigmoid_gelu, name="features")(x)
    head = keras.layers.Dense(
        tasks,
        activation="softplus",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        dtype="float32",
        name="head",
    )
    return tracks_out("enformer", codes, head(x), bin=bin, learning_rate=learning_rate)


def _convolutions(x, filters, width, number, seeds):
    """A convolution, one of a single step that is added to it, and pooling."""
    name = f"convolution_{number + 1}"
    if number:
        x = _activated(x, name)
    x = convolved(x, filters, width, name, seeds, padding="same")
    again = convolved(_activated(x, f"{name}_again"), filters, 1, f"{name}_again", seeds)
    x = keras.layers.Add(name=f"{name}_sum")([x, again])
    return SoftmaxPool(2, name=f"pool_{number + 1}")(x)


def _activated(x, name):
    return keras.layers.Activation(sigmoid_gelu, name=f"{name}_gelu")(normed(x, f"{name}_norm"))
