"""ChromBPNet: a BPNet of accessibility and one of the enzyme's own preference."""

import keras

from genome_keras.arguments import at_least, at_least_one
from genome_keras.layers.log_sum_exp import LogSumExp
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import Seeds, Weights, codes_in, factory
from genome_keras.models._signals import profile_and_counts, profiles_out


@factory
def chrombpnet(
    *,
    window: int = 2114,
    bins: int = 1000,
    tasks: int = 1,
    filters: int = 512,
    layers: int = 8,
    bias_filters: int = 128,
    bias_layers: int = 4,
    counts_weight: float = 1.0,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """Two BPNets that read the same window: what is measured is both together.

    Input and outputs are those of `bpnet`. Logits of the profiles are added, and totals too:
    the sum on the scale of counts. The second network, trained before on regions without
    peaks, is not trained here. Accessibility alone, without the enzyme's preference, is a
    `bpnet` of the first network: `genome-keras import bpnet` takes it out of the same file.

    Args:
        window, bins, counts_weight: as in `bpnet`.
        tasks: tracks of the profile.
        filters, layers: of the network of accessibility.
        bias_filters, bias_layers: of the network of the enzyme's preference.
        learning_rate: of Adam.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: as `bpnet`.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Pampari et al. 2024 (doi:10.1101/2024.12.25.630221) and its program `chrombpnet`.
        Departure: the second network's total is not scaled to the first one's training set.

    Example:
        >>> sizes = {"filters": 4, "layers": 2, "bias_filters": 2, "bias_layers": 1}
        >>> model = chrombpnet(window=120, bins=10, **sizes)
        >>> {name: output.shape for name, output in model.output.items()}
        {'profile': (None, 10, 1), 'counts': (None, 1)}
    """
    sizes = {"filters": filters, "bias_filters": bias_filters}
    at_least_one(window=window, bins=bins, tasks=tasks, **sizes)
    at_least(0, layers=layers)
    at_least(0, bias_layers=bias_layers)
    seeds = Seeds(seed)
    codes, strand = codes_in(window)
    letters = OneHot(name="letters")(strand)
    same = {"window": window, "bins": bins, "tasks": tasks, "seeds": seeds}
    profile, counts = profile_and_counts(letters, filters=filters, layers=layers, **same)
    others = profile_and_counts(
        letters, filters=bias_filters, layers=bias_layers, name="bias_", **same
    )
    profile = keras.layers.Add(name="profile", dtype="float32")([profile, others[0]])
    counts = LogSumExp(name="counts", dtype="float32")([counts, others[1]])
    how = {"learning_rate": learning_rate, "counts_weight": counts_weight}
    model = profiles_out("chrombpnet", codes, profile, counts, **how)
    for layer in model.layers:
        if layer.name.startswith("bias_"):
            layer.trainable = False
    return model
