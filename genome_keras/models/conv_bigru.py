"""Convolutions that find motifs and GRUs that read them in both directions."""

import keras

from genome_keras.arguments import at_least, at_least_one, layers_of, one_of
from genome_keras.layers.channels_last import BatchNormalization, Conv1D, MaxPooling1D
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
    side_by_side,
)


@factory
def conv_bigru(
    *,
    window: int | None = 100,
    tasks: Tasks = 919,
    filters: tuple[int, int] = (256, 128),
    width: int = 19,
    pool: int = 4,
    blocks: int = 2,
    units: int = 96,
    activation: str = "silu",
    dropout: float = 0.0,
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Normalised convolutions, a GRU in each direction, the maximum and mean of its states.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). It is made for windows no
    longer than what is labelled: the maximum and mean do not tell where in the window.

    Args:
        window: length of the input in bp; None accepts any length.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters: of the first convolution and of each of the others. All read N beyond the
            ends.
        width: of the first convolution; that of the others is 5.
        pool: positions after the first convolution of which the largest is kept (1: none).
        blocks: convolutions after the second, each added to what it read; they are
            dilated by 1, 2, 4 and so on. 0 is none.
        units: of the GRU of each direction; 0 reads the convolutions without one.
        activation: of the convolutions: "relu", "gelu" or "silu".
        dropout: fraction dropped after each convolution and before the head.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, `blocks` or `units` below zero, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: this package (docs/models.md): DanQ's order of layers (Quang & Xie 2016) with
        finer pooling, batch normalisation, smooth activations, more convolutions, GRUs,
        and in place of the flattened positions and the dense layer the maximum and the
        mean over positions.

    Example:
        >>> model = conv_bigru(filters=(2, 2), width=3, units=2, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, width=width, pool=pool)
    at_least(0, blocks=blocks, units=units)
    one_of(activation=activation, accepted=("relu", "gelu", "silu"))
    if len(sizes := layers_of(filters=filters)) != 2:
        raise ValueError(f"filters must be two integers. Received: filters={filters!r}")
    (first,), (others,) = sizes
    seeds = Seeds(seed)

    def convolved(x, name, filters, width=5, dilation=1):
        x = Conv1D(
            filters,
            width,
            data_format="channels_last",
            dilation_rate=dilation,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            name=name,
        )(x)
        x = BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
        return keras.layers.Activation(activation, name=f"{name}_activation")(x)

    def dropped(x, name):
        return keras.layers.Dropout(dropout, seed=seeds(), name=f"{name}_dropout")(x)

    def states(x, direction):
        return GRU(
            units,
            return_sequences=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
            bias_initializer=GateBias(),
            name=f"{direction}_gru",
        )(x)

    codes, strands = codes_in(window, both_strands=both_strands)
    x = convolved(OneHot(name="letters")(strands), "convolution", first, width)
    x = MaxPooling1D(pool, padding="same", data_format="channels_last", name="pool")(x)
    x = dropped(convolved(dropped(x, "pool"), "second", others), "second")
    for number in range(1, blocks + 1):
        name = f"block_{number}"
        more = dropped(convolved(x, name, others, dilation=2 ** (number - 1)), name)
        x = keras.layers.Add(name=f"{name}_sum")([x, more])
    read = {"": x}
    if units:
        turned = Reverse(name="reversed")(x)
        read = {"forward_": states(x, "forward"), "backward_": states(turned, "backward")}
    read = [
        read_out(outputs, readout, f"{direction}{readout}")
        for readout in ("max", "mean")
        for direction, outputs in read.items()
    ]
    read = dropped(side_by_side(read, "read"), "read")
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "conv_bigru",
        codes,
        read,
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        recurrent=True,
    )
