"""Convolutions that find motifs and GRUs that read them in both directions."""

import keras
from keras import ops

from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import Seeds, at_least_one, codes_in, factory, scores_out


@factory
def conv_bigru(
    *,
    window: int | None = 100,
    tasks: int = 919,
    filters: int = 128,
    width: int = 15,
    pool: int = 4,
    blocks: int = 2,
    units: int = 96,
    dropout: float = 0.1,
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: str | None = None,
) -> keras.Model:
    """Normalised convolutions, a GRU in each direction, the maximum and mean of its states.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). It is made for short windows;
    for long ones a larger `pool` keeps it cheap, such as 10 for 1000 bp.

    Args:
        window: length of the input in bp; None accepts any length.
        tasks: number of binary tasks.
        filters, width: of the first convolution; all read N beyond the ends.
        pool: positions of which the largest is kept (1: none).
        blocks: convolutions of width 5 after that, each added to what it read; they are
            dilated by 1, 2, 4 and so on. 0 is none.
        units: of the GRU of each direction.
        dropout: fraction dropped after each convolution and before the head.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, the name of a checkpoint, or a path.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: this package (docs/models.md): DanQ's order of layers (Quang & Xie 2016) with
        fewer filters and finer pooling, batch normalisation, residual convolutions, GRUs,
        and in place of the flattened positions and the dense layer the maximum and the
        mean over positions.
    """
    at_least_one(tasks=tasks, filters=filters, width=width, pool=pool, units=units)
    if blocks != 0:
        at_least_one(blocks=blocks)
    seeds = Seeds(seed)

    def convolved(x, name, width, dilation=1):
        x = keras.layers.Conv1D(
            filters,
            width,
            dilation_rate=dilation,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            name=name,
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(x)

    def dropped(x, name):
        return keras.layers.Dropout(dropout, seed=seeds(), name=f"{name}_dropout")(x)

    codes, strands = codes_in(window, both_strands=both_strands)
    x = convolved(OneHot(name="letters")(strands), "convolution", width)
    x = keras.layers.MaxPooling1D(pool, padding="same", name="pool")(x)
    x = dropped(x, "convolution")
    for number in range(1, blocks + 1):
        name = f"block_{number}"
        x = x + dropped(convolved(x, name, 5, dilation=2 ** (number - 1)), name)
    read = []
    for direction in ("forward", "backward"):
        states = GRU(
            units,
            return_sequences=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
            bias_initializer=GateBias(),
            name=f"{direction}_gru",
        )(x if direction == "forward" else ops.flip(x, 1))
        read.append(states)
    read = ops.concatenate([f(states, 1) for f in (ops.max, ops.mean) for states in read], -1)
    read = dropped(read, "read")
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
