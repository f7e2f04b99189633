"""Beluga, the DeepSEA of 2018: pairs of convolutions over 2000 bp."""

import keras

from genome_keras.arguments import at_least_one
from genome_keras.layers.channels_last import MaxPooling1D
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


@factory
def beluga(
    *,
    window: int = 2000,
    tasks: Tasks = 2002,
    filters: tuple[int, ...] = (320, 480, 640),
    width: int = 8,
    pool: int = 4,
    hidden: int = 2003,
    dropout: tuple[float, float] = (0.2, 0.5),
    padding: str = "valid",
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Blocks of two convolutions with max-pooling between them, and a dense layer.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks).

    Args:
        window: length of the input in bp; at least 309 at the default sizes.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters: of both convolutions of each block.
        width: of all filters.
        pool: positions pooled after each block but the last.
        hidden: units of the dense layer.
        dropout: fractions dropped before each pooling, and before the dense layer.
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

    Source: Zhou et al. 2018 (doi:10.1038/s41588-018-0160-6) and its program ExPecto, whose
        convolutions are of two dimensions and one letter high. Departures: Adam instead of
        momentum, no penalties.

    Example:
        >>> sizes = {"filters": (2, 3), "width": 3, "pool": 2, "hidden": 4}
        >>> model = beluga(**sizes, window=20, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, hidden=hidden, width=width, pool=pool)
    at_least_one(**{f"filters[{number}]": size for number, size in enumerate(filters)})
    if not filters or len(dropout) != 2:
        raise ValueError(
            "filters must be of one block or more, and dropout two numbers. "
            f"Received: filters={filters!r}, dropout={dropout!r}"
        )
    pools = [pool] * (len(filters) - 1) + [1]
    both = {"widths": [width, width] * len(filters), "pools": [n for p in pools for n in (1, p)]}
    positions_left(window, **both, padding=padding)
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    x = OneHot(name="letters")(strands)
    how = {"padding": padding, "activation": "relu"}
    for number, (size, positions) in enumerate(zip(filters, pools, strict=True), 1):
        for part in "ab":
            x = convolved(x, size, width, f"convolution_{number}{part}", seeds, **how)
        if number < len(filters):
            x = keras.layers.Dropout(dropout[0], seed=seeds(), name=f"dropout_{number}")(x)
            pooled = {"data_format": "channels_last", "name": f"pool_{number}"}
            x = MaxPooling1D(positions, **pooled)(x)
    x = keras.layers.Dropout(dropout[1], seed=seeds(), name="dropout")(x)
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    x = dense(x, hidden, "hidden", seeds, activation="relu")
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "beluga", codes, x, head, learning_rate=learning_rate, both_strands=both_strands
    )
