"""Baselines that count: uniform, and order-k counts, static or adaptive."""

from collections.abc import Iterable

import numpy as np

from genome_keras.encode import reverse_complement
from genome_keras.lm.genome import Part

MOST = 12  # 4**13 counts are 0.5 GB


def uniform(n: int) -> np.ndarray:
    """One quarter for each base, float32 (n,).

    Example:
        >>> uniform(2).tolist()
        [0.25, 0.25]
    """
    return np.full(n, 0.25, np.float32)


def adaptive(codes: np.ndarray, *, order: int, prior: float = 1.0) -> np.ndarray:
    """Probability of each base from the counts of what followed its last k bases before.

    (count of the base in this context + prior) / (count of the context + 4 prior), all
    counted up to the base, which is then counted too: prequential.

    Args:
        codes: uint8 (n,), 0 to 3.
        order: k, 0 to 24; the first k bases have fewer bases before them, as if A stood
            there.
        prior: added to every count.

    Returns:
        float32 (n,).

    Example:
        >>> adaptive(np.array([0, 0, 0], np.uint8), order=0).round(2)
        array([0.25, 0.4 , 0.5 ], dtype=float32)
    """
    _check(order, 24)
    context = _contexts(codes, order)
    joint = _earlier(context * 4 + codes)
    return ((joint + prior) / (_earlier(context) + 4 * prior)).astype(np.float32)


def static(
    training: Iterable[np.ndarray],
    held_out: Iterable[Part],
    *,
    order: int,
    prior: float = 1.0,
    both_strands: bool = False,
) -> list[np.ndarray]:
    """Probability of held-out bases from the counts of others.

    Args:
        training: list of uint8 (n,), codes; what contains N is not counted.
        held_out: list of `genome_keras.lm.genome.Part`.
        order: k, 0 to 12.
        prior: added to every count.
        both_strands: count the reverse complement of the training bases too.

    Returns:
        list of float32, one for each part: NaN for N and where an N is in the context,
        one quarter where fewer than k bases precede.

    Example:
        >>> training = [np.array([0, 1] * 8, np.uint8)]  # ACACAC...
        >>> (found,) = static(training, [Part("chr2", np.array([0, 1, 4], np.uint8), 0)], order=1)
        >>> found.tolist()  # nothing before the first; C after A; N
        [0.25, 0.75, nan]
    """
    _check(order, MOST)
    counts = np.zeros(4 ** (order + 1))
    for codes in training:
        for strand in (codes, reverse_complement(codes)) if both_strands else (codes,):
            word, known = _words(strand, order + 1)
            counts += np.bincount(word[known], minlength=len(counts))
    counts = counts.reshape(-1, 4) + prior
    table = (counts / counts.sum(1, keepdims=True)).astype(np.float32).ravel()
    all_scores = []
    for part in held_out:
        begin = max(0, part.first - order)
        word, known = _words(part.codes[begin:], order + 1)
        scored = np.where(known, table[word], np.float32(np.nan))
        missing = len(part.codes) - part.first - len(scored)
        early = np.full(missing, np.float32(0.25))
        early[part.codes[part.first : part.first + missing] == 4] = np.nan
        all_scores.append(np.concatenate([early, scored]))
    return all_scores


def _check(order, most):
    if not 0 <= order <= most:
        raise ValueError(f"order must be 0 to {most}. Received: order={order!r}")


def _contexts(codes, order):
    context = np.zeros(len(codes), np.int64)
    for back in range(1, order + 1):
        context[back:] += codes[:-back].astype(np.int64) << 2 * (back - 1)
    return context


def _earlier(keys):
    """How often each key came before its place."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sizes = np.diff(np.append(starts, len(keys)))
    earlier = np.empty(len(keys), np.int64)
    earlier[order] = np.arange(len(keys)) - np.repeat(starts, sizes)
    return earlier


def _words(codes, size):
    """Numbers of the words of `size` bases, first base highest, and whether without N."""
    n = max(0, len(codes) - size + 1)
    word, known = np.zeros(n, np.int64), np.ones(n, bool)
    for place in range(size):
        letters = codes[place : place + n]
        word = word * 4 + np.minimum(letters, 3)
        known &= letters < 4
    return word, known
