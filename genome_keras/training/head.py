"""The head of a model, fitted to convergence on what its other layers give."""

import keras
import numpy as np

from genome_keras.datasets.source import Source
from genome_keras.datasets.splits import in_memory
from genome_keras.encode import reverse_complement
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.progress import progress
from genome_keras.training import logreg
from genome_keras.windows import centre

# Penalties on |weights|^2 / 2 of standardised features, beside the mean loss of an example.
PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001)
MOST = 2**29  # bytes of features; as many examples as fit, spread evenly, are learned from
BATCH = 256  # windows at a time


def fit_head(
    model: SequenceModel,
    train: Source,
    valid: Source,
    *,
    penalties: tuple[float, ...] = PENALTIES,
    tol: float = 1e-6,
) -> None:
    """Fits the last layer with weights to convergence; all others stay as they are.

    It is a logistic regression for each task on the features that the model gives its head,
    standardised over the training windows: on both strands of each where the model reads
    one. Fits go from strong to weak L2 penalty, each from the one before; each task keeps
    that with the lowest loss on `valid`. Means and spreads are folded back into the head.

    Args:
        model: of a factory, with one head for all tasks.
        train: what to learn from, in windows that may be wider than the model's.
        valid: what to choose the penalty by, in the model's windows.
        penalties: falling.
        tol: as in `genome_keras.training.logreg.fit`.

    Raises:
        ValueError: a model without one head for all tasks.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> codes = np.random.default_rng(0).integers(0, 4, (60, 12), np.uint8)
        >>> labels = ((codes == 1) | (codes == 2)).sum(1, keepdims=True) > 6  # C and G
        >>> examples = Examples(codes, labels.astype(np.int8), np.full(60, ""), ["GC-rich"])
        >>> model = kmer_logreg(window=12, tasks=1, k=(1,))
        >>> fit_head(model, examples, examples)
        >>> scores = model.predict_on_batch(codes)
        >>> bool(scores[labels].min() > scores[~labels].max())
        True
    """
    features = model.features()
    one_strand = not (model.made_with or {}).get("arguments", {}).get("both_strands")
    width = 4 * features.output_shape[-1] * (2 if one_strand else 1)
    part, held_out = in_memory(train, max(1, MOST // width)), in_memory(valid)
    codes, labels = part.codes[:, centre(part.window, valid.window, exact=False)], part.labels
    if one_strand:
        codes, labels = np.concatenate([codes, reverse_complement(codes)]), np.tile(labels, (2, 1))
    rows = len(codes)
    x = _features(features, np.concatenate([codes, held_out.codes]))
    mean, spread = x[:rows].mean(0, dtype="float64"), x[:rows].std(0, dtype="float64")
    spread[spread == 0] = 1
    for first in range(0, len(x), 8192):  # in place: there may be as much as fits in memory
        x[first : first + 8192] = (x[first : first + 8192] - mean) / spread
    weights, intercepts = _chosen(
        x[:rows], labels, x[rows:], held_out.labels, penalties=penalties, tol=tol
    )
    kernel = weights / spread[:, None]
    _set(model.head, kernel, intercepts - mean @ kernel)


def shift_odds(model: SequenceModel, factors: float | list[float]) -> None:
    """Multiplies the odds of each task: labels 1 that weigh so much have about those.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(window=12, tasks=2, k=(1,))
        >>> shift_odds(model, [1.0, np.e])
        >>> model.head.get_weights()[1].round(3).tolist()
        [0.0, 1.0]
    """
    kernel, bias = model.head.get_weights()
    bias[-1 if bias.ndim == 2 else ...] += np.log(factors)
    model.head.set_weights([kernel, bias])


def _features(model, codes):
    """float32 (n, features), batch by batch; the last is filled with windows of N."""
    features = np.empty((len(codes), model.output_shape[-1]), "float32")
    with progress(total=len(codes), desc="features", unit=" examples", leave=False) as bar:
        for first in range(0, len(codes), BATCH):
            batch = codes[first : first + BATCH]
            missing = BATCH - len(batch) if first else 0
            filled = np.pad(batch, ((0, missing), (0, 0)), constant_values=4)
            values = keras.ops.convert_to_numpy(model.predict_on_batch(filled))
            features[first : first + len(batch)] = values[: len(batch)]
            bar.update(len(batch))
    return features


def _chosen(x, labels, held_out, wanted, *, penalties, tol):
    """For each task the weights and intercept with the lowest loss on held-out windows."""
    tasks, fit = labels.shape[1], None
    weights, intercepts = np.zeros((x.shape[1], tasks)), np.zeros(tasks)
    best, measured = np.full(tasks, np.inf), wanted >= 0
    for penalty in progress(penalties, desc="head", unit=" fits", leave=False):
        C = 1 / (len(x) * penalty)
        fit = logreg.fit(x, labels, C=C, start=fit, tol=tol, quiet=True)
        margins = held_out @ fit.weights + fit.intercepts
        losses = np.logaddexp(0, np.where(wanted == 1, -margins, margins)) * measured
        better = losses.sum(0) < best
        if not better.any():
            break
        best[better] = losses.sum(0)[better]
        weights[:, better], intercepts[better] = fit.weights[:, better], fit.intercepts[better]
    return weights, intercepts


def _set(head, kernel, bias):
    if head.get_weights()[0].ndim == 3:  # a softmax of two classes: the first one's are zeros
        kernel, bias = (np.stack([np.zeros_like(a), a]) for a in (kernel, bias))
    head.set_weights([kernel, bias])
