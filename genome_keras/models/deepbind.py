"""DeepBind: motif detectors, their largest and their mean response, both strands."""

import keras

from genome_keras.arguments import at_least_one, one_of
from genome_keras.layers.channels_last import Conv1D, MaxPooling1D
from genome_keras.layers.covered import CoveredMean, IsLetter
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    dense,
    factory,
    read_out,
    scores_out,
    side_by_side,
)


@factory
def deepbind(
    *,
    window: int | None = None,
    tasks: Tasks = 919,
    filters: int = 16,
    width: int = 24,
    readout: str = "both",
    hidden: int | None = 32,
    dropout: float = 0.5,
    both_strands: bool = True,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """One convolution pooled over the whole sequence, so that any length will do.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as
    zeros), and gives P(label = 1) as float32 (batch, tasks). Filters reach over both
    ends by all but one letter; places where a filter covers no letter but N do not
    count, so N around a sequence change nothing and lengths may be mixed in a batch.

    Args:
        window: length of the input in bp; None accepts any.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        filters, width: of the convolution.
        readout: of each filter: its "max", its "mean", or "both".
        hidden: units of the dense layer; None for none.
        dropout: fraction dropped before the last layer.
        both_strands: also read the reverse complement and take the larger score (the
            paper), at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, an unknown word, or an argument that contradicts
            the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Alipanahi et al. 2015 (doi:10.1038/nbt.3300), its models of ChIP-seq: 16
        detectors of 24 letters, and 32 hidden units or none, whichever calibrates better
        for a protein. Departures: one network for all tasks; N scores 0, not the mean of
        the letters, and padding does not count; Adam instead of momentum; no weight decay.

    Example:
        >>> model = deepbind(filters=2, width=3, hidden=4, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, filters=filters, width=width, hidden=1 if hidden is None else hidden)
    one_of(readout=readout, accepted=("both", "max", "mean"))
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    letters = OneHot(name="letters")(strands)
    letters = keras.layers.ZeroPadding1D(width - 1, data_format="channels_last", name="ends")(
        letters
    )
    # 1 where a filter covers a letter, 0 where only N or what is beyond the ends.
    covered = MaxPooling1D(width, strides=1, data_format="channels_last", name="covered")(
        IsLetter(name="is_letter")(letters)
    )
    x = Conv1D(
        filters,
        width,
        data_format="channels_last",
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        name="convolution",
    )(letters)
    x = keras.layers.Multiply(name="counted")([covered, x])
    read = []
    if readout != "mean":
        read.append(read_out(x, "max", "largest"))
    if readout != "max":
        read.append(CoveredMean(name="mean")([x, covered]))
    x = side_by_side(read, "read")
    if hidden is not None:
        x = dense(x, hidden, "hidden", seeds, activation="relu")
    x = keras.layers.Dropout(dropout, seed=seeds(), name="dropout")(x)
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "deepbind",
        codes,
        x,
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        merge="max",
    )
