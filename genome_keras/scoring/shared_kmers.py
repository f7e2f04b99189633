"""Substitutions under a linear model of k-mer counts: only the k-mers over a letter change."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from genome_keras.encode import reverse_complement_columns
from genome_keras.scoring.batch import is_keras
from genome_keras.scoring.effects import sigmoid
from genome_keras.scoring.numpy_models import KmerLogreg


def substitutions(model: object) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None:
    """A function from codes to the scores of all substitutions, or None for other models.

    Returns:
        From codes uint8 (n, window), float32 (n, window, 4, tasks) and the windows' own
        (n, tasks); or None.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scores = substitutions(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> changed, own = scores(tokens(["ACGTACGTACGT"]))
        >>> changed.shape, own.shape
        ((1, 12, 4, 3), (1, 3))
    """
    if isinstance(model, KmerLogreg):
        return partial(_substituted, model.kernel, model.bias, model.k)
    if not is_keras(model):
        return None
    import keras

    from genome_keras.layers.kmer_counts import KmerCounts

    layers = [type(layer) for layer in model.layers]
    if layers != [keras.layers.InputLayer, KmerCounts, keras.layers.Dense]:
        return None
    _, counts, head = model.layers
    if head.activation is not keras.activations.sigmoid or not head.use_bias:
        return None

    def scores(codes):
        kernel, bias = head.get_weights()
        if counts.both_strands:
            kernel = (kernel + kernel[reverse_complement_columns(counts.k)]) / 2
        return _substituted(kernel, bias, counts.k, codes)

    return scores


def _substituted(kernel, bias, k, codes):
    return tuple(sigmoid(bias + sums).astype(np.float32) for sums in logits(codes, kernel, k))


def logits(
    codes: np.ndarray, kernel: np.ndarray, k: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the k-mers' coefficients.

    Args:
        codes: uint8 (n, window).
        kernel: float32 (sum of 4**k, tasks).
        k: lengths of the k-mers, as in `genome_keras.encode.kmer_counts`.

    Returns:
        float32 (n, window, 4, tasks) for the substituted windows, (n, tasks) for those
        as they are. What stands at an N means nothing.

    Example:
        >>> kernel = np.float32([[0], [1], [1], [0]])  # of the letters A, C, G, T
        >>> changed, own = logits(np.array([[0, 1]], np.uint8), kernel, (1,))
        >>> own.tolist(), changed[0, :, :, 0].tolist()
        ([[1.0]], [[1.0, 2.0, 2.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    """
    n, window = codes.shape
    tasks = kernel.shape[1]
    own = np.zeros((n, tasks), np.float32)
    change = np.zeros((n, window, 4, tasks), np.float32)
    known, letters = codes < 4, codes.astype(np.int64) * (codes < 4)
    by = np.arange(4) - letters[..., None]  # (n, window, 4): from the letter to each other
    block = 0
    for size in k:
        starts = window - size + 1
        if starts < 1:
            break
        index, whole = np.zeros((n, starts), np.int64), np.ones((n, starts), bool)
        for at in range(size):
            index = 4 * index + letters[:, at : at + starts]
            whole &= known[:, at : at + starts]
        # One more row of zeros stands for the k-mers that are not counted.
        rows = np.concatenate([kernel[block : block + 4**size], np.zeros((1, tasks), np.float32)])
        old = rows[np.where(whole, index, 4**size)]
        own += old.sum(1)
        for at in range(size):
            new = index[..., None] + by[:, at : at + starts] * 4 ** (size - 1 - at)
            new = np.where(whole[..., None], new, 4**size)
            change[:, at : at + starts] += rows[new] - old[:, :, None]
        block += 4**size
    return own[:, None, None] + change, own
