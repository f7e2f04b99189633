"""Vectors of genomic words, learned from a genome before any label is seen.

A word is a k-mer, whole ("111111", or 6) or with gaps ("1101011": 1 is a letter that is
read, 0 one that is not). Words that stand near the same words get similar vectors.
"""

import os
from contextlib import closing

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import SequenceError
from genome_keras.io import fasta
from genome_keras.io.word_vectors import WordVectors, _write, word_offsets
from genome_keras.progress import progress


def learn_words(
    path: str | os.PathLike,
    out: str | os.PathLike,
    *,
    word: str | int = 6,
    stride: int = 2,
    context: int = 4,
    embedding: int = 64,
    negatives: int = 5,
    both_strands: bool = True,
    unknown: str | None = None,
    steps: int = 200,
    seed: int = 0,
) -> WordVectors:
    """Learns word vectors from FASTA by skip-gram with negative sampling.

    The neighbours of a word are the `context` words on either side of it, `stride` bp
    from one to the next; words are taken from every position, whatever the stride.
    Memory and time of the fit do not grow with the file.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        out: HDF5 file to write, for `read_words` and `kmer_rnn(words=...)`.
        word: as in `word_offsets`.
        stride: from a word to its neighbour, bp: 1 overlaps as much as can be.
        context: neighbours on each side.
        embedding: numbers of a vector.
        negatives: negative examples for each neighbour.
        both_strands: count the words of the reverse complement too.
        unknown: "N" reads foreign letters as N; None refuses them. Words with N are
            left out.
        steps: at most, of L-BFGS.
        seed: of the vectors at the start.

    Returns:
        `WordVectors`, as they were written.

    Raises:
        FormatError: not FASTA.
        SequenceError: a foreign letter, or no two words.
        ValueError: another value of an argument.

    Source: Mikolov et al. 2013 (arXiv:1310.4546) for the objective. Departure: the words
        are few and their pairs are counted first, so the expected value of the objective
        over all negative samples is minimised, by L-BFGS, without drawing any.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, sep="\\n", file=file)
        ...     words = learn_words(path, path + ".h5", word=2, embedding=3, steps=5)
        >>> words.vectors.shape  # one for each pair of letters
        (16, 3)
    """
    sizes = {"stride": stride, "context": context, "negatives": negatives, "steps": steps}
    at_least_one(**sizes, embedding=embedding)
    offsets = word_offsets(word)
    pattern = "".join("1" if at in offsets else "0" for at in range(offsets[-1] + 1))
    if both_strands and pattern != pattern[::-1]:
        raise ValueError(
            f"both_strands needs a pattern that reads the same backwards. Received: word={word!r}"
        )
    counts = count_pairs(path, word=word, stride=stride, context=context, unknown=unknown)
    if both_strands:
        other = _reverse_complements(len(offsets))
        counts += counts[np.ix_(other, other)]
    vectors = fit_vectors(counts, embedding=embedding, negatives=negatives, steps=steps, seed=seed)
    words = WordVectors(pattern, vectors)
    _write(out, words, sizes)
    return words


def count_pairs(
    path: str | os.PathLike,
    *,
    word: str | int,
    stride: int = 1,
    context: int = 1,
    unknown: str | None = None,
) -> np.ndarray:
    """How often each word has each other word as a neighbour, on either side.

    Args:
        path, word, stride, context, unknown: as in `learn_words`, and the same errors.

    Returns:
        float32 (4**k, 4**k), symmetric.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, sep="\\n", file=file)
        ...     counts = count_pairs(path, word=1)
        >>> int(counts.sum()), int(counts[0, 1])  # A and C are neighbours 40 times
        (318, 40)
    """
    offsets = word_offsets(word)
    span, many = offsets[-1] + 1, 4 ** len(offsets)
    reach = stride * context + span - 1  # bp before a new letter that its pairs may need
    counts, kept = np.zeros((many, many), np.float32), b""
    with closing(fasta.chunks(path)) as pieces, progress(unit=" bp") as bar:
        for piece in pieces:
            codes, foreign = translate(kept + piece.letters, unknown=unknown)
            if foreign >= 0:
                letter = piece.letters[foreign - len(kept) :][:1]
                raise SequenceError(f"{path}: record {piece.name!r}: {letter!r}; {ACCEPTED}")
            numbers = _numbers(codes, offsets)
            first = max(0, len(kept) - span + 1)  # words before it were counted as later ones
            for distance in range(stride, stride * context + 1, stride):
                begin = max(0, first - distance)
                earlier, later = (
                    numbers[begin : len(numbers) - distance],
                    numbers[begin + distance :],
                )
                whole = (earlier < many) & (later < many)
                pairs = np.bincount(earlier[whole] * many + later[whole], minlength=many * many)
                counts += pairs.reshape(many, many)
            kept = b"" if piece.last else (kept + piece.letters)[-reach:]
            bar.update(len(piece.letters))
    if not counts.any():
        raise SequenceError(f"{path}: expected words with neighbours, got none without N")
    return counts + counts.T


def fit_vectors(
    counts: np.ndarray, *, embedding: int, negatives: int = 5, steps: int = 200, seed: int = 0
) -> np.ndarray:
    """Vectors whose products tell neighbours from words drawn at random.

    For a word i and a neighbour j, drawn with the frequencies of `counts`, and for
    `negatives` words j drawn by frequency to the power 3/4, the logistic regression on
    the product of the vector of i and the context vector of j is to tell which is which.

    Args:
        counts: float (words, words), as from `count_pairs`.
        embedding, negatives, steps, seed: as in `learn_words`.

    Returns:
        float32 (words, embedding): the vectors, without the context vectors.

    Example:
        >>> counts = np.float32([[0, 9, 1], [9, 0, 1], [1, 1, 0]])
        >>> fit_vectors(counts, embedding=2).shape
        (3, 2)
    """
    return _fit(counts, embedding, negatives, steps, seed)[0]


def _fit(counts, embedding, negatives, steps, seed):
    from scipy.optimize import minimize  # its import takes a second

    neighbours = (counts / counts.sum(dtype=np.float64)).astype(np.float32)
    frequency = neighbours.sum(1, dtype=np.float64)
    drawn = frequency**0.75
    drawn *= negatives / drawn.sum()
    many = len(counts)

    def objective(flat):
        vectors, contexts = flat.astype(np.float32).reshape(2, many, embedding)
        loss, gradient = 0.0, np.zeros((2, many, embedding))
        for block in range(0, many, 512):
            rows = slice(block, block + 512)
            product = vectors[rows] @ contexts.T
            chance = np.outer(frequency[rows], drawn).astype(np.float32) + neighbours[rows]
            soft = np.logaddexp(0, product)
            loss += (chance * soft - neighbours[rows] * product).sum(dtype=np.float64)
            error = chance * np.exp(product - soft) - neighbours[rows]
            gradient[0, rows] = error @ contexts
            gradient[1] += error.T @ vectors[rows]
        return loss, gradient.ravel()

    draw = np.random.default_rng(seed)
    start = draw.uniform(-0.5, 0.5, (2, many, embedding)) / embedding
    with progress(total=steps, unit=" steps") as bar:
        solution = minimize(
            objective,
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: bar.update(),
            options={"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-9, "gtol": 1e-9},
        )
    return solution.x.reshape(2, many, embedding).astype(np.float32)


def _numbers(codes, offsets):
    """Numbers of the words at every position; with an N, one after the last."""
    begins = max(0, len(codes) - offsets[-1])
    number, known = np.zeros(begins, np.int64), np.ones(begins, bool)
    for offset in offsets:
        letter = codes[offset : offset + begins]
        number = 4 * number + letter
        known &= letter < 4
    return np.where(known, number, 4 ** len(offsets))


def _reverse_complements(letters):
    """The number of each word's reverse complement."""
    return np.arange(4**letters).reshape((4,) * letters).T.ravel()[::-1]
