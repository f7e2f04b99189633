"""DeepSEA: three convolutions over 1000 bp."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.activations import threshold
from genome_keras.layers.channels_last import Conv1D, MaxPooling1D
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    dense,
    factory,
    positions_left,
    scores_out,
)


@factory
def deepsea(
    *,
    window: int = 1000,
    tasks: Tasks = 919,
    filters: tuple[int, ...] = (320, 480, 960),
    widths: tuple[int, ...] = (8, 8, 8),
    pools: tuple[int, ...] = (4, 4, 1),
    hidden: int = 925,
    dropout: tuple[float, ...] = (0.2, 0.2, 0.5),
    padding: str = "valid",
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Convolutions with max-pooling, one dense layer, a logistic unit for each task.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks).

    Args:
        window: length of the input in bp; at least 163 at the default sizes.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters, widths, pools, dropout: of each convolution: number of filters, their
            width, positions pooled after it (1: none), fraction dropped after that.
        hidden: units of the dense layer.
        padding: of the convolutions; "same" reads N beyond the ends, for short windows.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, a window too short, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhou & Troyanskaya 2015 (doi:10.1038/nmeth.3547), supplementary note, and the
        published program, whose rectifier gives 1e-6 for 0. Departures: Adam instead of
        momentum; no penalties (L2 5e-7, L1 1e-8 on the last layer), no limit of 0.9
        on the norm of weights; the published training set holds both strands.

    Example:
        >>> sizes = {"filters": (2,), "widths": (3,), "pools": (2,), "dropout": (0.1,)}
        >>> model = deepsea(**sizes, hidden=4, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, hidden=hidden)
    layers = layers_of(filters=filters, widths=widths, pools=pools)
    if len(dropout) != len(layers):
        raise ValueError(f"dropout must have one number for each layer. Received: {dropout!r}")
    positions_left(window, widths=widths, pools=pools, padding=padding)
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    x = OneHot(name="letters")(strands)
    for number, (size, width, pool) in enumerate(layers, 1):
        x = Conv1D(
            size,
            width,
            data_format="channels_last",
            padding=padding,
            activation=threshold,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            name=f"convolution_{number}",
        )(x)
        if pool > 1:
            x = MaxPooling1D(pool, data_format="channels_last", name=f"pool_{number}")(x)
        x = keras.layers.Dropout(dropout[number - 1], seed=seeds(), name=f"dropout_{number}")(x)
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    x = dense(x, hidden, "hidden", seeds, activation=threshold)
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "deepsea", codes, x, head, learning_rate=learning_rate, both_strands=both_strands
    )
