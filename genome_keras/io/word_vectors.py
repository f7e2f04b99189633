"""Files of word vectors, and the patterns of words."""

import os
from typing import NamedTuple

import numpy as np

from genome_keras.errors import FormatError, printable
from genome_keras.io.atomic import atomic
from genome_keras.io.h5_heaps import check_heaps, check_texts

LETTERS = 6  # of a word at most: pairs of words are counted in a matrix of 4**12 numbers


FORMAT = "genome_keras words 1"
_MOST = 1 << 26  # numbers that a file may claim


class WordVectors(NamedTuple):
    """Vectors of all words of a pattern.

    Attributes:
        pattern: such as "111111".
        vectors: float32 (4**k, embedding), in alphabetical order of the words.

    Example:
        >>> words = WordVectors("11", np.zeros((16, 3), np.float32))  # AA, AC ... TT
        >>> len(words.vectors) == 4 ** words.pattern.count("1")
        True
    """

    pattern: str
    vectors: np.ndarray


def word_offsets(word: int | str) -> list[int]:
    """Where the letters of a word stand.

    Args:
        word: its length, 1 to 6, or a pattern of 0 and 1 that begins and ends with 1.

    Returns:
        list of int: 0-based offsets of the letters that are read, the first 0.

    Raises:
        ValueError: another word.

    Example:
        >>> word_offsets(3), word_offsets("1101")
        ([0, 1, 2], [0, 1, 3])
    """
    pattern = "1" * word if type(word) is int and 1 <= word <= LETTERS else word
    if not (
        isinstance(pattern, str)
        and set(pattern) <= {"0", "1"}
        and pattern[:1] == pattern[-1:] == "1"
        and pattern.count("1") <= LETTERS
    ):
        raise ValueError(
            f"word must be a length from 1 to {LETTERS}, or a pattern of 1 (a letter) and 0 (a "
            f"gap) with at most {LETTERS} letters, first and last 1. Received: word={word!r}"
        )
    return [offset for offset, mark in enumerate(pattern) if mark == "1"]


def read_words(path: str | os.PathLike) -> WordVectors:
    """Reads what `learn_words` wrote.

    Returns:
        `WordVectors`.

    Raises:
        FormatError: not such a file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from genome_keras import learn_words
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fasta, path = Path(folder, "x.fa"), Path(folder, "words.h5")
        ...     _ = fasta.write_text(">chr1\\nACGTTGCAACGT\\n")
        ...     _ = learn_words(fasta, path, word=2, stride=1, embedding=3, steps=1)
        ...     words = read_words(path)
        >>> words.pattern, words.vectors.shape
        ('11', (16, 3))
    """
    import h5py

    check_heaps(path)
    try:
        with h5py.File(path) as file:
            check_texts(path, [h5py.h5o.get_info(file.id).addr])
            if file.attrs.get("format") != FORMAT:
                raise FormatError(path, None, "not word vectors of genome_keras")
            pattern, stored = str(file.attrs["pattern"]), file["vectors"]
            if stored.size > _MOST or stored.dtype.kind != "f":
                raise FormatError(path, None, f"expected at most {_MOST} numbers, floats")
            vectors = stored[:]
    except FormatError:
        raise
    except Exception as error:  # h5py raises many kinds on damaged files
        reason = printable(" ".join(str(error).split()))[:200]
        raise FormatError(path, None, f"not readable as word vectors: {reason}") from error
    try:
        many = 4 ** len(word_offsets(pattern))
    except ValueError as error:
        raise FormatError(path, None, str(error)) from error
    if vectors.ndim != 2 or len(vectors) != many or vectors.dtype != np.float32:
        problem = f"expected float32 ({many}, embedding), got {vectors.dtype} {vectors.shape}"
        raise FormatError(path, None, problem)
    return WordVectors(pattern, vectors)


def _write(out, words, sizes):
    import h5py

    with atomic(out) as path, h5py.File(path, "w") as file:
        file["vectors"] = words.vectors
        file.attrs.update({"format": FORMAT, "pattern": words.pattern, **sizes})
