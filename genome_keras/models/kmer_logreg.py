"""The baseline of Zhang & Kamath 2016: logistic regression on k-mer counts."""

import keras

from genome_keras.arguments import at_least_one
from genome_keras.layers.kmer_counts import KmerCounts
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.models._factory import Seeds, Tasks, Weights, compiled, factory


@factory
def kmer_logreg(
    *,
    window: int | None = 100,
    tasks: Tasks = 919,
    k: tuple[int, ...] = (1, 2, 3, 4, 5),
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """A logistic regression for each task on the counts of all k-mers.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4, counts the
    k-mers itself (those with N do not count) and gives P(label = 1) as float32
    (batch, tasks). Weights fitted elsewhere load with
    `model.get_layer("head").set_weights([coefficients, intercepts])`, of shapes
    (sum of 4**k, tasks) and (tasks,), rows in the order of
    `genome_keras.encode.kmer_names`.

    Args:
        window: length of the input in bp; None accepts any length.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        k: lengths of the k-mers; the default has 1364 columns.
        both_strands: also count the k-mers of the reverse complement and average:
            the scores no longer depend on the strand. No weight changes.
        learning_rate: of Adam, for training with `fit`.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: no task, no k-mer, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhang & Kamath 2016, section 4.3. Departure: one model for all tasks,
        which `genome_keras.training.logreg.fit` brings to convergence.

    Example:
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks)
    codes = keras.Input((window,), dtype="uint8", name="codes")
    counts = KmerCounts(k, both_strands=both_strands, name="kmer_counts")(codes)
    head = keras.layers.Dense(
        tasks,
        activation="sigmoid",
        dtype="float32",  # in mixed precision too
        kernel_initializer=keras.initializers.GlorotUniform(seed=Seeds(seed)()),
        name="head",
    )
    model = SequenceModel(codes, head(counts), name="kmer_logreg")
    return compiled(model, learning_rate=learning_rate)
