"""BPNet: a profile of single bases and its total, by dilated convolutions."""

import keras

from genome_keras.arguments import at_least, at_least_one
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Tasks, Weights, codes_in, factory
from genome_keras.models._signals import profile_and_counts, profiles_out


@factory
def bpnet(
    *,
    window: int = 2114,
    bins: int = 1000,
    tasks: Tasks = 2,
    filters: int = 64,
    layers: int = 8,
    counts_weight: float = 1.0,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """A wide convolution, dilated ones that are added up, and two outputs.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives a dict: "profile", logits (batch, bins, tasks) of the middle `bins` bases, whose
    softmax over bins and tasks together is where reads begin; and "counts" (batch, 1), the
    logarithm of one plus their total. `model.signal(model.predict(codes))` are expected
    counts. `fit` takes both by name: counts of reads of any scale, and such logarithms.

    Args:
        window: length of the input in bp; the convolutions lose its ends.
        bins: bases of the profile.
        tasks: tracks of the profile or their names: 2 strands, or 1.
        filters: of every convolution.
        layers: dilated convolutions, of 2, 4, 8... bases from letter to letter.
        counts_weight: of the total in the loss, beside 1 for the profile.
        learning_rate: of Adam.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, a window that does not fit `bins` and `layers`, or an
            argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Avsec et al. 2021 (doi:10.1038/s41588-021-00782-6), in the form of ChromBPNet's
        program (Pampari et al. 2024, doi:10.1101/2024.12.25.630221) and of bpnet-lite: no
        padding, a first convolution of 21 and a last one of 75 bases, one head. There are no
        control tracks: networks with them are read as with controls of zeros.

    Example:
        >>> model = bpnet(window=120, bins=10, layers=2, filters=4)
        >>> {name: output.shape for name, output in model.output.items()}
        {'profile': (None, 10, 2), 'counts': (None, 1)}
    """
    at_least_one(window=window, bins=bins, tasks=tasks, filters=filters)
    at_least(0, layers=layers)
    seeds = Seeds(seed)
    codes, strand = codes_in(window)
    profile, counts = profile_and_counts(
        OneHot(name="letters")(strand),
        window=window,
        bins=bins,
        tasks=tasks,
        filters=filters,
        layers=layers,
        seeds=seeds,
    )
    how = {"learning_rate": learning_rate, "counts_weight": counts_weight}
    return profiles_out("bpnet", codes, profile, counts, **how)
