"""Sei: convolutions beside their own linear shadow, then splines over 4096 bp."""

import keras

from genome_keras.arguments import at_least_one
from genome_keras.layers.channels_last import MaxPooling1D
from genome_keras.layers.spline_basis import SplineBasis
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    convolved,
    dense,
    factory,
    positions_left,
    scores_out,
)

DILATED = 5  # width of the dilated convolutions
DILATIONS = (2, 4, 8, 16, 25)


@factory
def sei(
    *,
    window: int = 4096,
    tasks: Tasks = 21_907,
    filters: tuple[int, ...] = (480, 640, 960),
    width: int = 9,
    pool: int = 4,
    dilations: tuple[int, ...] = DILATIONS,
    splines: int = 16,
    hidden: int = 21_907,
    dropout: tuple[float, float, float] = (0.2, 0.1, 0.5),
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Blocks of a linear and a rectified path, dilated residuals, and sums by splines.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks).

    Args:
        window: length of the input in bp; at least 32 at the default sizes.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters: of the four convolutions of each block: two of the linear path, and two
            of the rectified path that reads what the linear one gives.
        width: of all these.
        pool: positions pooled between blocks.
        dilations: of the residual convolutions after the last block.
        splines: weighted sums over the positions, of each filter; at least 4.
        hidden: units of the dense layer; as published, as many as tasks.
        dropout: fractions dropped within blocks, before dilated convolutions, and before
            the splines.
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

    Source: Chen et al. 2022 (doi:10.1038/s41588-022-01102-2) and its program. Departures: Adam
        instead of momentum, no penalty.

    Example:
        >>> sizes = {"filters": (2, 3), "pool": 2, "dilations": (2,), "splines": 4, "hidden": 3}
        >>> model = sei(**sizes, window=20, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, hidden=hidden, width=width, pool=pool)
    at_least_one(**{f"filters[{number}]": size for number, size in enumerate(filters)})
    if not filters or len(dropout) != 3:
        raise ValueError(
            "filters must be of one block or more, and dropout three numbers. "
            f"Received: filters={filters!r}, dropout={dropout!r}"
        )
    pools = [pool] * (len(filters) - 1) + [2]  # splines lie between two positions or more
    positions_left(window, widths=[width] * len(filters), pools=pools, padding="same")
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)

    def left_out(x, share, name):
        return keras.layers.Dropout(share, seed=seeds(), name=name)(x)

    x = OneHot(name="letters")(strands)
    how = {"padding": "same"}
    for number, size in enumerate(filters, 1):
        if number > 1:
            pooled = {"data_format": "channels_last", "name": f"pool_{number - 1}"}
            x = MaxPooling1D(pool, **pooled)(x)
            x = left_out(x, dropout[0], f"linear_dropout_{number}")
        for part in "ab":
            x = convolved(x, size, width, f"linear_{number}{part}", seeds, **how)
        rectified = left_out(x, dropout[0], f"dropout_{number}") if number > 1 else x
        for part in "ab":
            name = f"convolution_{number}{part}"
            rectified = convolved(rectified, size, width, name, seeds, activation="relu", **how)
        x = keras.layers.Add(name=f"sum_{number}")([rectified, x])
    for number, dilation in enumerate(dilations, 1):
        # The first reads both paths, and is added to the rectified one alone.
        read = left_out(x if number == 1 else rectified, dropout[1], f"dilated_dropout_{number}")
        more = {"activation": "relu", "dilation_rate": dilation, **how}
        read = convolved(read, filters[-1], DILATED, f"dilated_{number}", seeds, **more)
        rectified = keras.layers.Add(name=f"dilated_sum_{number}")([rectified, read])
    x = SplineBasis(splines, name="splines")(left_out(rectified, dropout[2], "spline_dropout"))
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    x = dense(x, hidden, "hidden", seeds, activation="relu")
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out("sei", codes, x, head, learning_rate=learning_rate, both_strands=both_strands)
