"""Basset: three convolutions and two dense layers with batch normalisation."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.channels_last import BatchNormalization, Conv1D, MaxPooling1D
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    factory,
    positions_left,
    scores_out,
)


@factory
def basset(
    *,
    window: int = 600,
    tasks: Tasks = 164,
    filters: tuple[int, ...] = (300, 200, 200),
    widths: tuple[int, ...] = (19, 11, 7),
    pools: tuple[int, ...] = (3, 4, 4),
    hidden: tuple[int, ...] = (1000, 1000),
    dropout: float = 0.3,
    padding: str = "valid",
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Convolutions and dense layers, each normalised over the batch before its rectifier.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks).

    Args:
        window: length of the input in bp; at least 168 at the default sizes.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters, widths, pools: of each convolution: number of filters, their width,
            positions pooled after it (1: none).
        hidden: units of each dense layer.
        dropout: fraction dropped after each dense layer.
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

    Source: Kelley, Snoek & Rinn 2016 (doi:10.1101/gr.200535.115) and its pretrained
        model. Departure: Adam instead of RMSprop.

    Example:
        >>> sizes = {"filters": (2, 2), "widths": (3, 3), "pools": (2, 2), "hidden": (4,)}
        >>> model = basset(**sizes, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks)
    layers = layers_of(filters=filters, widths=widths, pools=pools)
    dense = layers_of(hidden=hidden)
    positions_left(window, widths=widths, pools=pools, padding=padding)
    seeds = Seeds(seed)

    def rectified(x, name):
        """Torch's epsilon and momentum of the normalisation, for its weights."""
        x = BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_norm")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(x)

    codes, strands = codes_in(window, both_strands=both_strands)
    x = OneHot(name="letters")(strands)
    for number, (size, width, pool) in enumerate(layers, 1):
        x = Conv1D(
            size,
            width,
            data_format="channels_last",
            padding=padding,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            name=f"convolution_{number}",
        )(x)
        x = rectified(x, f"convolution_{number}")
        if pool > 1:
            x = MaxPooling1D(pool, data_format="channels_last", name=f"pool_{number}")(x)
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    for number, (size,) in enumerate(dense, 1):
        x = keras.layers.Dense(
            size,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            name=f"hidden_{number}",
        )(x)
        x = rectified(x, f"hidden_{number}")
        x = keras.layers.Dropout(dropout, seed=seeds(), name=f"dropout_{number}")(x)
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "basset", codes, x, head, learning_rate=learning_rate, both_strands=both_strands
    )
