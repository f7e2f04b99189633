"""DNA as text and as arrays: codes, one-hot, k-mer counts and the other strand.

The alphabet is A 0, C 1, G 2, T 3, N 4, everywhere in the package.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.errors import SequenceError

LETTERS = "ACGTN"
ACCEPTED = (
    "accepted are A, C, G, T and N in either case; unknown='N' (--unknown N on the command line) "
    "reads any other as N"
)
FOREIGN = 255  # in place of a code

_CODES = bytes(LETTERS.find(chr(byte).upper()) % 256 for byte in range(256))
# With unknown="N" white space and control characters stay foreign: they are no letters.
_CODES_OR_N = bytes(
    4 if code == FOREIGN and byte > 32 and byte != 127 else code for byte, code in enumerate(_CODES)
)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)
_COMPLEMENT_LETTERS = bytes.maketrans(b"ACGTNacgtn", b"TGCANtgcan")
_ONE_HOT = np.eye(5, 4, dtype=np.float32)


def translate(letters: bytes | bytearray, *, unknown: str | None = None) -> tuple[np.ndarray, int]:
    """Codes of a run of letters, without raising on a foreign one.

    Args:
        letters: bytes or bytearray.
        unknown: None, or "N" to give any other printable character the code of N.

    Returns:
        codes: uint8 (len(letters),), writable; 255 where a letter is foreign.
        foreign: 0-based index of the first foreign letter, or -1.

    Example:
        >>> codes, foreign = translate(b"ACGTn-")
        >>> codes.tolist(), foreign
        ([0, 1, 2, 3, 4, 255], 5)
    """
    coded = bytearray(letters).translate(_table(unknown))
    return np.frombuffer(coded, np.uint8), coded.find(FOREIGN)


def tokens(seqs: ArrayLike, *, unknown: str | None = None) -> np.ndarray:
    """Codes of sequences of one length: A 0, C 1, G 2, T 3, N 4.

    Args:
        seqs: a str or bytes, which is one sequence; a list, tuple or one-dimensional array
            (NumPy, pandas) of them; or an integer array of codes (n, window) or (window,).
            Lower case is accepted. Empty sequences are too and give window 0.
        unknown: None, where a letter outside ACGTN is an error, or "N", which reads any
            printable character as N. Codes are never mapped.

    Returns:
        uint8 (n, window); an array of uint8 codes comes back without a copy.

    Raises:
        SequenceError: no sequences, lengths that differ, a foreign letter or code.
        TypeError: `seqs` is none of the above.
        ValueError: another value of `unknown`.

    Example:
        >>> tokens(["ACGT", "nnca"]).tolist()
        [[0, 1, 2, 3], [4, 4, 1, 0]]
    """
    _table(unknown)
    if isinstance(seqs, (str, bytes)):
        seqs = [seqs]
    elif hasattr(seqs, "__array__"):
        seqs = np.asarray(seqs)
        if seqs.dtype.kind in "iu":
            return _checked(seqs)
    seqs = _strings(seqs)
    if not len(seqs):
        raise SequenceError("expected at least one sequence, got none")
    window = len(seqs[0])
    for record, seq in enumerate(seqs):
        if len(seq) != window:
            raise SequenceError(
                f"sequences must have one length: record 0 has {window} letters, "
                f"record {record} has {len(seq)}"
            )
    codes, foreign = translate(b"".join(map(_ascii, seqs)), unknown=unknown)
    if foreign >= 0:
        raise _foreign(seqs, *divmod(foreign, window))
    return codes.reshape(len(seqs), window)


def one_hot(seqs: ArrayLike, *, unknown: str | None = None) -> np.ndarray:
    """One-hot float32 (n, window, 4) in the order A, C, G, T; N is four zeros.

    Args:
        seqs, unknown: as in `tokens`, and the same errors.

    Example:
        >>> one_hot("AN").tolist()
        [[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]
    """
    return np.take(_ONE_HOT, tokens(seqs, unknown=unknown), axis=0, mode="clip")


def decode(codes: ArrayLike) -> list[str]:
    """Upper-case strings of codes.

    Args:
        codes: integer (n, window) or (window,), 0 to 4.

    Returns:
        list of n str.

    Raises:
        SequenceError: a code outside 0 to 4, or an array of another shape.
        TypeError: no integers.

    Example:
        >>> decode([[0, 1, 2, 3], [4, 4, 1, 0]])
        ['ACGT', 'NNCA']
    """
    codes = _checked(np.asarray(codes))
    text = codes.tobytes().translate(LETTERS.encode().ljust(256)).decode()
    n, window = codes.shape
    return [text[row * window : (row + 1) * window] for row in range(n)]


def reverse_complement(seqs: ArrayLike) -> Any:
    """The other strand, read in its own 5' to 3' direction.

    Args:
        seqs: a str or bytes; a list, tuple or one-dimensional array of them, of any
            lengths; integer codes (n, window) or (window,); or a float one-hot array
            (..., window, 4). Integers are always codes, never one-hot.

    Returns:
        The same kind, in a new array or list (a tuple gives a list). Text keeps its
        case; codes are uint8.

    Raises:
        SequenceError: a letter outside ACGTN, a code outside 0 to 4, a wrong shape.
        TypeError: `seqs` is none of the above.

    Example:
        >>> reverse_complement(["AACG", "tn"])
        ['CGTT', 'na']
        >>> reverse_complement(tokens("AACG")).tolist()
        [[1, 2, 3, 3]]
    """
    if isinstance(seqs, (str, bytes)):
        return _other_strand([seqs])[0]
    if not hasattr(seqs, "__array__"):
        return _other_strand(_strings(seqs))
    seqs = np.asarray(seqs)
    if seqs.dtype.kind in "iu":
        return _COMPLEMENT[_checked(seqs)[:, ::-1]].reshape(seqs.shape)
    if seqs.dtype.kind == "f":
        if seqs.ndim < 2 or seqs.shape[-1] != 4:
            raise SequenceError(f"expected one-hot (..., window, 4), got shape {seqs.shape}")
        return np.ascontiguousarray(seqs[..., ::-1, ::-1])
    return np.array(_other_strand(_strings(seqs)), seqs.dtype)


def kmer_counts(seqs: ArrayLike, *, k: Sequence[int] = (1, 2, 3, 4, 5)) -> np.ndarray:
    """How often each k-mer occurs in each sequence, overlapping, on the given strand.

    A k-mer with an N in it is not counted.

    Args:
        seqs: as in `tokens`, and the same errors.
        k: lengths of the k-mers, increasing, 1 to 8.

    Returns:
        (n, sum of 4**k), columns as in `kmer_names`; uint8 up to a window of 255,
        uint16 up to 65,535, uint32 beyond.

    Raises:
        ValueError: another `k`.

    Example:
        >>> counts = kmer_counts("ACAC", k=(1, 2))[0]
        >>> {name: int(n) for name, n in zip(kmer_names(k=(1, 2)), counts) if n}
        {'A': 2, 'C': 2, 'AC': 2, 'CA': 1}
    """
    _check_k(k)
    codes = tokens(seqs)
    n, window = codes.shape
    counts = np.zeros((n, sum(4**size for size in k)), np.min_scalar_type(window))
    # Bounds both the dense 8-byte counts and the 8-byte indices of a step to about 2 MB.
    rows = max(1, 2**18 // max(4 ** k[-1], window))
    for first in range(0, n, rows):
        _count(codes[first : first + rows], k, counts[first : first + rows])
    return counts


def kmer_names(*, k: Sequence[int] = (1, 2, 3, 4, 5)) -> list[str]:
    """Columns of `kmer_counts`: by length, then in the order A, C, G, T.

    Example:
        >>> kmer_names(k=(2,))[:5]
        ['AA', 'AC', 'AG', 'AT', 'CA']
    """
    _check_k(k)
    return ["".join(letters) for size in k for letters in product("ACGT", repeat=size)]


def reverse_complement_columns(k: Sequence[int]) -> np.ndarray:
    """Where each k-mer's reverse complement stands among the columns of counts.

    `counts[:, reverse_complement_columns(k)]` are the counts of the reverse
    complements.

    Args:
        k: lengths of the k-mers, in the order of the columns.

    Returns:
        int64 (sum of 4**k,), a permutation that is its own inverse.

    Example:
        >>> reverse_complement_columns((1,)).tolist()  # T, G, C, A for A, C, G, T
        [3, 2, 1, 0]
    """
    columns, first = [], 0
    for length in k:
        # Transposing reads the letters backwards; reversing the array complements them all.
        block = np.arange(4**length).reshape((4,) * length).T.ravel()[::-1]
        columns.append(first + block)
        first += 4**length
    return np.concatenate(columns)


def _count(codes, k, counts):
    none = 4 ** k[-1]
    digits = codes.astype(np.int64)
    digits[codes == 4] = none  # carries any k-mer with an N past the last index
    index, column = np.zeros_like(digits), 0
    for size in range(1, min(k[-1], codes.shape[1]) + 1):
        index = index[:, : codes.shape[1] - size + 1] * 4 + digits[:, size - 1 :]
        if size in k:
            bins = 4**size + 1
            flat = np.minimum(index, bins - 1) + np.arange(len(codes))[:, None] * bins
            dense = np.bincount(flat.ravel(), minlength=len(codes) * bins)
            counts[:, column : column + bins - 1] = dense.reshape(-1, bins)[:, :-1]
            column += bins - 1


def _check_k(k):
    whole = isinstance(k, (tuple, list, range)) and all(type(size) is int for size in k)
    if not whole or not k or list(k) != sorted(set(k)) or k[0] < 1 or k[-1] > 8:
        raise ValueError(f"k must be increasing integers from 1 to 8. Received: k={k!r}")


def _table(unknown):
    if unknown not in (None, "N"):
        raise ValueError(f"unknown must be None or 'N'. Received: unknown={unknown!r}")
    return _CODES if unknown is None else _CODES_OR_N


def _strings(seqs):
    if isinstance(seqs, np.ndarray) and seqs.dtype.kind in "SUOT":
        if seqs.ndim != 1:
            raise SequenceError(f"expected a one-dimensional array of text, got {seqs.shape}")
        seqs = seqs.tolist()
    if not isinstance(seqs, (list, tuple)):
        got = getattr(seqs, "dtype", type(seqs).__name__)
        raise TypeError(f"expected str, bytes, a list or array of them, or codes; got {got}")
    for record, seq in enumerate(seqs):
        if not isinstance(seq, (str, bytes)):
            raise SequenceError(f"record {record}: expected str or bytes, got {seq!r:.60}")
    return seqs


def _ascii(seq):
    # One byte for each character, so that positions hold; "?" is foreign.
    return seq.encode("ascii", "replace") if isinstance(seq, str) else seq


def _foreign(seqs, record, position):
    letter = seqs[record][position : position + 1]
    return SequenceError(f"record {record}, position {position} (0-based): {letter!r}; {ACCEPTED}")


def _other_strand(seqs):
    flipped = []
    for record, seq in enumerate(seqs):
        letters = _ascii(seq)
        foreign = letters.translate(_CODES).find(FOREIGN)
        if foreign >= 0:
            raise _foreign(seqs, record, foreign)
        letters = letters.translate(_COMPLEMENT_LETTERS)[::-1]
        flipped.append(letters.decode() if isinstance(seq, str) else letters)
    return flipped


def _checked(codes):
    if codes.dtype.kind not in "iu":
        raise TypeError(f"expected integer codes, got {codes.dtype}")
    if codes.ndim not in (1, 2):
        raise SequenceError(f"expected codes (n, window) or (window,), got shape {codes.shape}")
    codes = np.atleast_2d(codes)
    if codes.size and (codes.max() > 4 or codes.min() < 0):
        record, position = np.argwhere((codes > 4) | (codes < 0))[0]
        raise SequenceError(
            f"record {record}, position {position} (0-based): code {codes[record, position]}; "
            "accepted are A 0, C 1, G 2, T 3, N 4"
        )
    return codes.astype(np.uint8, copy=False)
