"""A clockwork RNN over both directions of a sequence, for many tasks."""

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.channels_last import Conv1D
from genome_keras.layers.clockwork import PERIODS, Clockwork
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

_READOUTS = ("last", "max", "mean")


@factory
def clockwork_rnn(
    *,
    window: int | None = 100,
    tasks: Tasks = 919,
    embedding: int = 64,
    width: int = 9,
    units: int = 224,
    periods: tuple[int, ...] = PERIODS,
    depth: int = 1,
    dropout: float = 0.05,
    readout: str = "last",
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Two independent stacks of clockwork layers, one per direction, and one head.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). The last state holds what
    the slow modules saw far back.

    Args:
        window: length of the input in bp; None accepts any length.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        embedding: numbers for each position, from a convolution.
        width: letters each position's numbers depend on; 1 is an embedding of letters.
            Wider, since a slow module reads only the positions at which it ticks.
        units: clockwork units per layer and direction, a multiple of the modules.
        periods: of the modules, in bp.
        depth: layers in each stack.
        dropout: fraction dropped at the inputs and at the outputs of each stack.
        readout: what the head sees of each stack: its "last" state, or the "max" or
            "mean" of its states over the window.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, units that the modules cannot share, an unknown
            word, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Koutnik et al. 2014 (arXiv:1402.3511) for the layer; Zhang & Kamath 2016,
        section 5, propose it for genomes, without sizes: these are ours.

    Example:
        >>> model = clockwork_rnn(embedding=2, width=3, units=4, periods=(1, 2), window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, embedding=embedding, width=width, units=units, depth=depth)
    one_of(readout=readout, accepted=_READOUTS)
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    x = Conv1D(
        embedding,
        width,
        data_format="channels_last",
        padding="same",
        activation="relu" if width > 1 else None,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name="embedding",
    )(OneHot(name="letters")(strands))
    read = []
    for direction in ("forward", "backward"):
        y = x if direction == "forward" else Reverse(name="reversed")(x)
        y = keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_input_dropout")(y)
        for layer in range(1, depth + 1):
            y = Clockwork(
                units,
                periods=tuple(periods),
                return_sequences=layer < depth or readout != "last",
                kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
                recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
                name=f"{direction}_clockwork_{layer}",
            )(y)
        y = read_out(y, readout, f"{direction}_readout")
        read.append(keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_dropout")(y))
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "clockwork_rnn",
        codes,
        side_by_side(read, "read"),
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        recurrent=True,
    )
