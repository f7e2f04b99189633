"""SpliceAI: residual blocks of ever wider convolutions, for every base of a transcript."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.channels_last import BatchNormalization
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Weights, codes_in, convolved, factory
from genome_keras.models._signals import tracks_out

SITES = 3  # neither, acceptor, donor


@factory
def spliceai(
    *,
    window: int | None = 15_000,
    filters: int = 32,
    widths: tuple[int, ...] = (11, 11, 21, 41),
    dilations: tuple[int, ...] = (1, 4, 10, 25),
    blocks: int = 4,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """Groups of residual blocks, whose sums are added up, and a softmax for each base.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), of the
    strand of the transcript, and gives float32 (batch, bases, 3): the chances that a base is
    neither, the last of an acceptor or the first of a donor, in this order, for all bases but
    those that the convolutions cannot see all around: 5000 at either end.

    Args:
        window: length of the input in bp; None accepts any.
        filters: of every convolution.
        widths, dilations: of the convolutions of each group.
        blocks: of each group, of two convolutions each.
        learning_rate: of Adam.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, a window without a base that sees enough, or an argument
            that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Jaganathan et al. 2019 (doi:10.1016/j.cell.2018.12.015), SpliceAI-10k. The published
        scores are means of five such networks.

    Example:
        >>> model = spliceai(window=40, filters=4, widths=(3,), dilations=(2,), blocks=1)
        >>> model.output_shape
        (None, 32, 3)
    """
    at_least_one(filters=filters, blocks=blocks)
    groups = layers_of(widths=widths, dilations=dilations)
    unseen = blocks * sum((width - 1) * dilation for width, dilation in groups)
    if window is not None:
        at_least_one(window=window)
        if window <= 2 * unseen:
            raise ValueError(f"window must be more than {2 * unseen}. Received: window={window}")
    seeds = Seeds(seed)
    codes, strand = codes_in(window)
    x = convolved(OneHot(name="letters")(strand), filters, 1, "convolution", seeds)
    sums = [convolved(x, filters, 1, "skip_0", seeds)]
    for group, (width, dilation) in enumerate(groups, 1):
        for block in range(1, blocks + 1):
            branch = x
            for part in "ab":
                name = f"convolution_{group}_{block}{part}"
                branch = BatchNormalization(name=f"{name}_norm")(branch)
                branch = keras.layers.ReLU(name=f"{name}_relu")(branch)
                how = {"dilation_rate": dilation, "padding": "same"}
                branch = convolved(branch, filters, width, name, seeds, **how)
            x = keras.layers.Add(name=f"sum_{group}_{block}")([branch, x])
        sums.append(convolved(x, filters, 1, f"skip_{group}", seeds))
    x = keras.layers.Add(name="skips")(sums)
    x = keras.layers.Cropping1D(unseen, name="seen")(x)
    sites = convolved(x, SITES, 1, "sites", seeds, activation="softmax", dtype="float32")
    how = {"learning_rate": learning_rate, "loss": "categorical_crossentropy", "clip": None}
    how["scale"] = "chances"
    return tracks_out("spliceai", codes, sites, bin=1, **how)
