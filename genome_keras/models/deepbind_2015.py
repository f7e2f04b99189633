"""DeepBind's published networks, exactly: one or many, of the same strands, in one pass."""

import keras

from genome_keras.arguments import at_least, at_least_one, one_of
from genome_keras.layers.motif_windows import DenseEach, MotifWindows, StrongestStretch
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.strands import MergeStrands, OneHot
from genome_keras.models._factory import Seeds, Weights, codes_in, compiled, factory, side_by_side


@factory
def deepbind_2015(
    *,
    window: int | None = 101,
    tasks: int | tuple[int, ...] = 919,
    widths: int | tuple[int, ...] = 24,
    readouts: str | tuple[str, ...] = "max",
    hidden: int | tuple[int, ...] = 32,
    filters: int = 16,
    both_strands: bool = True,
    output: str = "probability",
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """The authors' networks for single proteins, many of them side by side.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (read as 1/4 of
    each letter), and gives float32 (batch, tasks). The score of a protein is the largest
    over all stretches of 1.5 motif lengths, and over both strands. Every task has a network
    with detectors and dense layers of its own; those of one shape are a group, and the tasks
    stand group by group. `genome-keras import deepbind` makes the checkpoints.

    Args:
        window: length of the input in bp; None accepts any.
        tasks, widths, readouts, hidden: one value, or one for each group:
            networks; letters of a detector, at least 2; "max" of a detector, or "both" its
            maximum and its mean; units of the hidden layer, 0 for none.
        filters: detectors of a network.
        both_strands: take the larger score of the two strands, as for all proteins that
            bind DNA; those of RNA read one strand. No weight changes.
        output: "probability", the sigmoid of the score, which is thereby its log-odds; or
            "score" as the authors' program prints it.
        learning_rate: of Adam, for training with `fit`.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, an unknown word, groups told of by tuples of several
            lengths, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Alipanahi et al. 2015 (doi:10.1038/nbt.3300) and its program `deepbind` 0.11.
        `deepbind` of this package is one network for all tasks instead.

    Example:
        >>> model = deepbind_2015(tasks=2, widths=6, hidden=4, filters=2)
        >>> model.input_shape, model.output_shape
        ((None, 101), (None, 2))
    """
    groups = _groups(tasks=tasks, widths=widths, readouts=readouts, hidden=hidden)
    at_least_one(filters=filters)
    one_of(output=output, accepted=("probability", "score"))
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    letters = OneHot(name="letters")(strands)
    scores = []
    for number, (many, width, readout, units) in enumerate(groups, 1):
        x = MotifWindows(
            many, filters, width, readout=readout, seed=seeds(), name=f"detectors_{number}"
        )(letters)
        if units:
            x = DenseEach(units, activation="relu", seed=seeds(), name=f"hidden_{number}")(x)
        x = DenseEach(1, seed=seeds(), name=f"score_{number}")(x)
        scores.append(StrongestStretch(name=f"strongest_{number}")(x))
    score = side_by_side(scores, "groups")
    if both_strands:
        score = MergeStrands("max", name="merge_strands")(score)
    if output == "probability":
        score = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(score)
    model = SequenceModel(codes, score, name="deepbind_2015")
    return compiled(model, learning_rate=learning_rate)


def _groups(**values):
    """A tuple of the values of each group; one value is one group."""
    values = {
        name: tuple(value) if isinstance(value, (tuple, list)) else (value,)
        for name, value in values.items()
    }
    lengths = {name: len(value) for name, value in values.items()}
    if len(set(lengths.values())) > 1 or not lengths["tasks"]:
        raise ValueError(f"need one value for each group in each. Received lengths: {lengths}")
    groups = list(zip(*values.values(), strict=True))
    for number, (tasks, width, readout, hidden) in enumerate(groups):
        at_least(1, **{f"tasks[{number}]": tasks})
        at_least(2, **{f"widths[{number}]": width})
        one_of(accepted=("max", "both"), **{f"readouts[{number}]": readout})
        at_least(0, **{f"hidden[{number}]": hidden})
    return groups
