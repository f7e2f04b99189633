"""DanQ: a convolution, a bidirectional LSTM over its maxima, a dense layer."""

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.activations import hard_sigmoid
from genome_keras.layers.channels_last import Conv1D, MaxPooling1D
from genome_keras.layers.motifs import start_from_motifs
from genome_keras.layers.recurrent import LSTM
from genome_keras.layers.reverse import Reverse
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
    side_by_side,
)

_GATES = {"sigmoid": "sigmoid", "hard": hard_sigmoid}


@factory
def danq(
    *,
    window: int = 1000,
    tasks: Tasks = 919,
    filters: int = 320,
    width: int = 26,
    pool: int = 13,
    units: int = 320,
    hidden: int = 925,
    dropout: tuple[float, float] = (0.2, 0.5),
    gates: str = "sigmoid",
    padding: str = "valid",
    motifs: list | None = None,
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """A convolution, an LSTM in each direction, one dense layer, a unit for each task.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). DanQ-JASPAR is
    `danq(filters=1024, width=30, pool=15, units=512, motifs=...)`.

    Args:
        window: length of the input in bp; at least 38 at the default sizes.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters, width: of the convolution.
        pool: positions of which the largest is kept.
        units: of the LSTM of each direction.
        hidden: units of the dense layer.
        dropout: fractions dropped before and after the LSTMs.
        gates: "sigmoid", or "hard" as in the published program, for its weights.
        padding: of the convolution; "same" reads N beyond the ends.
        motifs: matrices of probabilities, as from `genome_keras.read_motifs`: so many
            filters begin as them, the others at random; None lets all begin at random.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, an unknown word, a window too short, motifs that do
            not fit, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Quang & Xie 2016 (doi:10.1093/nar/gkw226) and the authors' program; 46,926,479
        parameters at the default sizes, 67,892,175 at DanQ-JASPAR's. Departures: Adam
        instead of RMSprop; gates with the logistic function, which cuDNN computes.

    Example:
        >>> model = danq(filters=2, width=3, pool=2, units=2, hidden=4, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, filters=filters, width=width, pool=pool, units=units, hidden=hidden)
    one_of(gates=gates, accepted=tuple(_GATES))
    positions_left(window, widths=(width,), pools=(pool,), padding=padding)
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    convolution = Conv1D(
        filters,
        width,
        data_format="channels_last",
        padding=padding,
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name="convolution",
    )
    x = convolution(OneHot(name="letters")(strands))
    if motifs is not None:
        start_from_motifs(convolution, motifs, seed=seed)
    x = MaxPooling1D(pool, data_format="channels_last", name="pool")(x)
    x = keras.layers.Dropout(dropout[0], seed=seeds(), name="dropout_1")(x)
    read = []
    for direction in ("forward", "backward"):
        # Turned round by hand: Keras's `go_backwards` is wrong on JAX with a GPU.
        states = LSTM(
            units,
            return_sequences=True,
            recurrent_activation=_GATES[gates],
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
            name=f"{direction}_lstm",
        )(x if direction == "forward" else Reverse(name="reversed")(x))
        read.append(states if direction == "forward" else Reverse(name="turned_back")(states))
    x = side_by_side(read, "read")
    x = keras.layers.Dropout(dropout[1], seed=seeds(), name="dropout_2")(x)
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    x = dense(x, hidden, "hidden", seeds, activation="relu")
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "danq",
        codes,
        x,
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        recurrent=True,
    )
