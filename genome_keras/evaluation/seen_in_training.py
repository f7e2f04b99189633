"""Windows of an evaluation that a model may have seen in training, by letters and by place."""

from collections.abc import Iterator

import numpy as np

K = 31  # letters: longer than what repeats by chance in a genome
MOST = 2**24  # k-mers of training that are compared: seconds
_ROWS = 1 << 14


def sharing(codes: np.ndarray, others: np.ndarray, *, k: int = K) -> int:
    """How many windows have `k` letters in a row in common with any of others, on either strand.

    Args:
        codes: uint8 (n, window), A 0, C 1, G 2, T 3; runs with N count nowhere.
        others: uint8 (m, window).
        k: at most 31.

    Example:
        >>> from genome_keras.encode import tokens
        >>> sharing(tokens(["AACCG", "TTTTT"]), tokens(["ACGGT", "CCCCC"]), k=4)  # ACCG is CGGT
        1
        >>> sharing(tokens(["AACCG", "TTTTT"]), tokens(["ACGGT", "CCCCC"]), k=5)
        0
    """
    wanted = np.unique(np.concatenate([part[valid] for part, valid in _kmers(codes, k)] or [[]]))
    if not len(wanted):
        return 0
    seen = np.zeros(len(wanted), bool)
    for part, valid in _kmers(others, k):
        kmers = part[valid]
        at = np.minimum(np.searchsorted(wanted, kmers), len(wanted) - 1)
        seen[at[wanted[at] == kmers]] = True
    common = wanted[seen]
    return sum(
        int((np.isin(part, common) & valid).any(1).sum()) for part, valid in _kmers(codes, k)
    )


def cost(others: np.ndarray, k: int = K) -> int:
    """k-mers that `sharing` looks at in others.

    Example:
        >>> cost(np.zeros((10, 100), np.uint8))
        700
    """
    return len(others) * max(0, others.shape[1] - k + 1)


def _kmers(codes, k) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The smaller number of both strands for each k-mer, and whether it has no N."""
    width = codes.shape[1] - k + 1
    if width < 1:
        return
    for first in range(0, len(codes), _ROWS):
        part = codes[first : first + _ROWS].astype(np.uint64)
        forward = np.zeros((len(part), width), np.uint64)
        reverse, valid = forward.copy(), np.ones(forward.shape, bool)
        for i in range(k):
            letter = part[:, i : i + width]
            valid &= letter < 4
            letter = letter & np.uint64(3)
            forward = (forward << np.uint64(2)) | letter
            reverse |= (np.uint64(3) - letter) << np.uint64(2 * i)
        yield np.minimum(forward, reverse), valid
