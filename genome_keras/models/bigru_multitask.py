"""The bidirectional GRU of Zhang & Kamath 2016."""

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.reverse import Reverse
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import TaskHead
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
def bigru_multitask(
    *,
    window: int | None = 100,
    tasks: Tasks = 919,
    embedding: int = 2,
    units: int = 128,
    depth: int = 2,
    dropout: float = 0.05,
    readout: str = "last",
    reset_after: bool = True,
    both_strands: bool = False,
    initializer: str = "glorot",
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """Two independent stacks of GRUs, one per direction, and one head for all tasks.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4, and
    gives P(label = 1) as float32 (batch, tasks). Each direction has its own
    embedding (N is zeros) and its own stack; layer 2 of a stack reads layer 1
    of the same stack only.

    Args:
        window: length of the input in bp; None accepts any length.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        embedding: numbers per letter.
        units: GRU units per layer and direction.
        depth: layers in each stack.
        dropout: fraction dropped at the inputs and at the outputs of each stack.
        readout: what the head sees of each stack: its "last" state (the paper),
            or the "max" or "mean" of its states over the window.
        reset_after: True is the cell that cuDNN computes. False is the paper's
            cell; with it the default sizes have exactly 770,366 parameters.
        both_strands: also read the reverse complement and average the log-odds:
            the scores no longer depend on the strand, at twice the cost. No
            weight changes.
        initializer: "glorot" (orthogonal recurrent weights), or "uniform" in
            (-0.01, 0.01) as in the paper. Gate biases start at 1 in both.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, an unknown word, or an argument that
            contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhang & Kamath 2016, section 3, figure 1 and the authors' program.
        Departures: `reset_after=True` and "glorot" are the defaults.

    Example:
        >>> model = bigru_multitask(units=2, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, embedding=embedding, units=units, depth=depth)
    one_of(readout=readout, accepted=_READOUTS)
    one_of(initializer=initializer, accepted=("glorot", "uniform"))
    seeds = Seeds(seed)
    last = readout == "last"

    def init(usual):
        if initializer == "uniform":
            return keras.initializers.RandomUniform(-0.01, 0.01, seed=seeds())
        return usual(seed=seeds())

    codes, strands = codes_in(window, both_strands=both_strands)
    letters = OneHot(name="letters")(strands)
    read = []
    for direction in ("forward", "backward"):
        x = letters if direction == "forward" else Reverse(name="reversed")(letters)
        x = keras.layers.Dense(
            embedding,
            use_bias=False,
            kernel_initializer=init(keras.initializers.RandomNormal),
            name=f"{direction}_embedding",
        )(x)
        x = keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_input_dropout")(x)
        for layer in range(1, depth + 1):
            x = GRU(
                units,
                return_sequences=not (last and layer == depth),
                reset_after=reset_after,
                kernel_initializer=init(keras.initializers.GlorotUniform),
                recurrent_initializer=init(keras.initializers.Orthogonal),
                bias_initializer=GateBias(),
                name=f"{direction}_gru_{layer}",
            )(x)
        x = read_out(x, readout, f"{direction}_readout")
        read.append(keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_dropout")(x))
    head = TaskHead(tasks, kernel_initializer=init(keras.initializers.GlorotUniform), name="head")
    return scores_out(
        "bigru_multitask",
        codes,
        side_by_side(read, "read"),
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        recurrent=True,
    )
