"""The labelled bases read finely, beside the bases around them read coarsely."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.channels_last import BatchNormalization, Conv1D, MaxPooling1D
from genome_keras.layers.places import PlaceSums
from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.reverse import Reverse
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    factory,
    read_out,
    scores_out,
)


@factory
def center_context(
    *,
    window: int = 1000,
    tasks: Tasks = 919,
    center: int = 200,
    filters: tuple[int, int] = (256, 128),
    units: int = 96,
    context_filters: tuple[int, int] = (96, 128),
    context_units: int = 96,
    places: int = 2,
    dropout: float = 0.0,
    head_dropout: float = 0.1,
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Two trunks of convolutions and GRUs: the middle of the window, and all of it.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). Each trunk is two
    convolutions and a GRU in each direction, of which the head sees the maximum, the mean
    and sums by position: every 4 bp of the middle, every 16 bp of all. A window no longer
    than the middle has the first trunk only.

    Args:
        window: length of the input in bp.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        center: middle of the window, the bases that labels are about, that is read finely.
        filters: of the two convolutions of the middle, 19 and 5 wide.
        units: of each GRU of the middle.
        context_filters: of the two convolutions of the whole window, 15 and 5 wide.
        context_units: of each GRU of the whole window.
        places: sums weighted by position for each unit.
        dropout: fraction dropped after each convolution.
        head_dropout: fraction dropped before the head.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: this package (docs/results.md): each trunk is DanQ's order of layers (Quang &
        Xie 2016) as in `conv_bigru`, with pooling before the norm and activation, and
        weights for each position beside the maximum and the mean.

    Example:
        >>> model = center_context(window=40, center=20, filters=(2, 2), units=2, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(window=window, tasks=tasks, center=center, places=places)
    at_least_one(units=units, context_units=context_units)
    for name, both in {"filters": filters, "context_filters": context_filters}.items():
        if len(layers_of(**{name: both})) != 2:
            raise ValueError(f"{name} must be two integers. Received: {name}={both!r}")
    seeds = Seeds(seed)

    def glorot():
        return keras.initializers.GlorotUniform(seed=seeds())

    def convolved(x, name, filters, width, pool=1):
        convolution = {"padding": "same", "use_bias": False, "kernel_initializer": glorot()}
        x = Conv1D(filters, width, **convolution, name=name)(x)
        if pool > 1:  # before the rest, which then costs a fraction
            x = MaxPooling1D(pool, padding="same", name=f"{name}_pool")(x)
        x = BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
        x = keras.layers.Activation("silu", name=f"{name}_activation")(x)
        return keras.layers.Dropout(dropout, seed=seeds(), name=f"{name}_dropout")(x)

    def states(x, name, units):
        start = {"kernel_initializer": glorot(), "bias_initializer": GateBias()}
        start["recurrent_initializer"] = keras.initializers.Orthogonal(seed=seeds())
        return GRU(units, return_sequences=True, **start, name=f"{name}_gru")(x)

    def trunk(x, prefix, filters, widths, pools, units):
        names = [f"{prefix}{name}" for name in ("convolution", "second")]
        for layer in zip(names, filters, widths, pools, strict=True):
            x = convolved(x, *layer)
        back = states(Reverse(name=f"{prefix}reversed")(x), f"{prefix}backward", units)
        back = Reverse(name=f"{prefix}in_order")(back)
        both = [states(x, f"{prefix}forward", units), back]
        both = keras.layers.Concatenate(name=f"{prefix}states")(both)
        read = [read_out(both, how, f"{prefix}{how}") for how in ("max", "mean")]
        return [*read, PlaceSums(places, seed=seeds(), name=f"{prefix}places")(both)]

    codes, strands = codes_in(window, both_strands=both_strands)
    letters = middle = OneHot(name="letters")(strands)
    if around := max(0, window - center):
        left = around // 2
        middle = keras.layers.Cropping1D((left, around - left), name="center")(letters)
    read = trunk(middle, "", filters, (19, 5), (4, 1), units)
    if around:
        read += trunk(letters, "context_", context_filters, (15, 5), (8, 2), context_units)
    read = keras.layers.Concatenate(name="read")(read)
    read = keras.layers.Dropout(head_dropout, seed=seeds(), name="read_dropout")(read)
    head = SigmoidHead(tasks, kernel_initializer=glorot(), name="head")
    strands = {"learning_rate": learning_rate, "both_strands": both_strands}
    return scores_out("center_context", codes, read, head, **strands, recurrent=True)
