"""Basenji2: convolutions with pooling, then ever wider dilated residuals, to bins of 128 bp."""

import keras

from genome_keras.arguments import at_least_one
from genome_keras.layers.activations import sigmoid_gelu
from genome_keras.layers.channels_last import MaxPooling1D
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Tasks, Weights, codes_in, convolved, factory
from genome_keras.models._signals import cropped, normed, tracks_out

FILTERS = (288, 339, 399, 470, 554, 652, 768)
DILATIONS = (1, 2, 3, 4, 6, 9, 14, 21, 32, 48, 72)


@factory
def basenji2(
    *,
    window: int = 131_072,
    bins: int = 896,
    tasks: Tasks = 5313,
    filters: tuple[int, ...] = FILTERS,
    dilated_filters: int = 384,
    dilations: tuple[int, ...] = DILATIONS,
    last_filters: int = 1536,
    dropout: float = 0.3,
    learning_rate: float = 1e-4,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """A tower of convolutions, and dilated ones whose outputs are added to what they read.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives float32 (batch, bins, tasks), signal of at least 0 in the middle bins, each of 2 bp
    to the power of the number of `filters` (128).

    Args:
        window: length of the input in bp, a multiple of a bin.
        bins: of the output.
        tasks: tracks or their names; 5313 of the human genome, 1643 of the mouse.
        filters: of the convolutions of the tower, with a pooling of two after each.
        dilated_filters, dilations: of the dilated convolutions.
        last_filters: that the head reads.
        dropout: share of the dilated blocks' outputs left out in training.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`, with the Poisson loss.

    Raises:
        ValueError: a size below one, a window that does not fit, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Kelley 2020 (doi:10.1371/journal.pcbi.1008050) and its program. Departures: one head,
        that of one of the two genomes; Adam instead of momentum.

    Example:
        >>> sizes = {"filters": (3, 4), "dilated_filters": 2, "dilations": (1, 2)}
        >>> model = basenji2(window=64, bins=10, tasks=2, last_filters=5, **sizes)
        >>> model.output_shape, model.bin
        ((None, 10, 2), 4)
    """
    at_least_one(window=window, bins=bins, tasks=tasks)
    at_least_one(dilated_filters=dilated_filters, last_filters=last_filters)
    for name, sizes in (("filters", filters), ("dilations", dilations)):
        at_least_one(**{f"{name}[{number}]": size for number, size in enumerate(sizes)})
    bin = 2 ** len(filters)
    if not filters or window % bin:
        raise ValueError(
            "filters must be of one convolution or more, and window a multiple of 2 to the "
            f"power of their number. Received: {len(filters)} filters, window={window}"
        )
    seeds = Seeds(seed)
    codes, strand = codes_in(window)

    def block(x, size, width, name, **more):
        """GELU, a convolution, and a norm."""
        x = keras.layers.Activation(sigmoid_gelu, name=f"{name}_gelu")(x)
        x = convolved(x, size, width, name, seeds, padding="same", use_bias=False, **more)
        return normed(x, f"{name}_norm", epsilon=1e-3)

    x = OneHot(name="letters")(strand)
    for number, size in enumerate(filters, 1):
        x = block(x, size, 15 if number == 1 else 5, f"convolution_{number}")
        pooled = {"data_format": "channels_last", "name": f"pool_{number}"}
        x = MaxPooling1D(2, **pooled)(x)
    for number, dilation in enumerate(dilations, 1):
        change = block(x, dilated_filters, 3, f"dilated_{number}", dilation_rate=dilation)
        change = block(change, filters[-1], 1, f"back_{number}")
        change = keras.layers.Dropout(dropout, seed=seeds(), name=f"dropout_{number}")(change)
        x = keras.layers.Add(name=f"sum_{number}")([x, change])
    x = block(cropped(x, bins, "middle"), last_filters, 1, "last_convolution")
    x = keras.layers.Dropout(dropout / 6, seed=seeds(), name="last_dropout")(x)
    x = keras.layers.Activation(sigmoid_gelu, name="features")(x)
    head = keras.layers.Dense(
        tasks,
        activation="softplus",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        dtype="float32",
        name="head",
    )
    return tracks_out("basenji2", codes, head(x), bin=bin, learning_rate=learning_rate, clip=2.0)
