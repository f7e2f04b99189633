"""What a network says about sequences it is given: probabilities, likelihoods, states."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.encode import reverse_complement, tokens
from genome_keras.lm.genome import Part
from genome_keras.lm.network import Network
from genome_keras.lm.perplexity import Tally, tally

if TYPE_CHECKING:
    import keras

N = 4
GROUP = 8_000_000  # bases scored before results are handed on


class _Piece(NamedTuple):
    """A stretch read in one row: from `begin`, with answers kept from `first` to `end`."""

    sequence: int
    begin: int
    first: int
    end: int


def read(
    network: Network,
    sequences: Sequence[np.ndarray],
    *,
    width: int,
    batch_size: int = 50,
    window: int = 500,
    piece: int | None = None,
    warm_up: int = 1000,
) -> list[np.ndarray]:
    """Runs a network over sequences, each from zero state to its end.

    Rows of a batch are independent: each reads one sequence, or one piece of one, window
    by window with the state carried on. The answer at position t comes from bases 0 to
    t - 1, whatever the window: streaming and reading a sequence whole agree.

    Args:
        network: `Network`.
        sequences: list of uint8 (n,).
        width: numbers that `network.read` gives for each base.
        batch_size: rows.
        window: bp at a time.
        piece: None reads every sequence whole: exact. Otherwise long sequences are cut
            into pieces of this many bp that are read in parallel, each after the
            `warm_up` bp before it.
        warm_up: bp.

    Returns:
        list of float32 (n, width): row t is the network's output after base t.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> sequences = [np.array([0, 1, 2, 3], np.uint8), np.array([3, 3], np.uint8)]
        >>> [rows.shape for rows in read(Network(model), sequences, width=4, window=8)]
        [(4, 4), (2, 4)]
    """
    outputs = [np.full((len(codes), width), np.nan, np.float32) for codes in sequences]
    waiting = list(_pieces([len(codes) for codes in sequences], piece, warm_up))[::-1]
    rows = min(batch_size, len(waiting))
    states, at = network.start(rows), [None] * rows
    codes = np.empty((rows, window), np.uint8)
    while True:
        fresh = [row for row in range(rows) if at[row] is None and waiting]
        for row in fresh:
            part = waiting.pop()
            at[row] = (part, part.begin)
        if all(place is None for place in at):
            return outputs
        states = _zeroed(states, fresh)
        codes[:] = N
        for row, place in enumerate(at):
            if place is not None:
                part, begin = place
                got = sequences[part.sequence][begin : min(begin + window, part.end)]
                codes[row, : len(got)] = got
        scores, states = network.read(codes, states)
        for row, place in enumerate(at):
            if place is None:
                continue
            part, begin = place
            first, end = max(begin, part.first), min(begin + window, part.end)
            outputs[part.sequence][first:end] = scores[row, first - begin : end - begin]
            at[row] = (part, end) if end < part.end else None


def probabilities(
    model: "keras.Model | Network",
    sequences: Sequence[np.ndarray],
    *,
    batch_size: int = 50,
    window: int = 500,
    piece: int | None = None,
    warm_up: int = 1000,
) -> list[np.ndarray]:
    """P(A), P(C), P(G), P(T) at every position, from the bases before it.

    Args:
        model: of `char_rnn`.
        sequences: list of uint8 codes (n,).
        batch_size, window, piece, warm_up: as in `read`.

    Returns:
        list of float32 (n, 4); the first row, which nothing precedes, is NaN.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> (found,) = probabilities(model, [np.array([0, 1, 2, 3], np.uint8)], window=8)
        >>> found.shape, bool(np.isnan(found[0]).all())  # nothing precedes the first base
        ((4, 4), True)
    """
    after = read(
        _network(model),
        sequences,
        width=4,
        batch_size=batch_size,
        window=window,
        piece=piece,
        warm_up=warm_up,
    )
    return [np.concatenate([np.full((1, 4), np.nan, "f4"), rows[:-1]]) for rows in after]


def of_bases(probabilities: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The probability of each base that came; NaN for N and where there is none.

    Args:
        probabilities: float (n, 4).
        codes: uint8 (n,).

    Returns:
        float (n,).

    Example:
        >>> of_bases(np.array([[0.1, 0.2, 0.3, 0.4]] * 3), np.array([3, 0, 4], np.uint8)).tolist()
        [0.4, 0.1, nan]
    """
    chosen = np.take_along_axis(probabilities, np.minimum(codes, 3)[:, None].astype(int), 1)[:, 0]
    return np.where(codes == N, np.float32(np.nan), chosen)


def held_out(
    model: "keras.Model | Network",
    parts: Sequence[Part],
    *,
    batch_size: int = 50,
    window: int = 500,
    piece: int | None = None,
    warm_up: int = 1000,
) -> Tally:
    """Perplexity of the held-out stretches of a genome.

    Args:
        model: of `char_rnn`.
        parts: list of `genome_keras.lm.genome.Part`.
        batch_size, window, piece: as in `read`.
        warm_up: bp read before each stretch, where there are as many.

    Returns:
        `Tally`.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> part = Part("chr1", np.array([0, 1, 2, 3] * 5, np.uint8), first=10)
        >>> held_out(model, [part], window=8).bases
        10
    """
    begins = [max(0, part.first - warm_up) for part in parts]
    sequences = [part.codes[begin:] for part, begin in zip(parts, begins, strict=True)]
    scored = probabilities(
        model, sequences, batch_size=batch_size, window=window, piece=piece, warm_up=warm_up
    )
    total = Tally()
    for part, begin, codes, scores in zip(parts, begins, sequences, scored, strict=True):
        total += tally(of_bases(scores, codes)[part.first - begin :])
    return total


def log_likelihoods(
    model: "keras.Model | Network",
    sequences: Sequence[str | np.ndarray],
    *,
    batch_size: int = 50,
    window: int = 500,
) -> np.ndarray:
    """ln P of each sequence, without its first base and without N.

    Args:
        model: of `char_rnn`.
        sequences: list of str or of uint8 codes (n,), of any lengths of at least 1.
        batch_size, window: as in `read`.

    Returns:
        float64 (sequences,).

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> found = log_likelihoods(model, ["ACGT", "ACGTACGT"], window=8)
        >>> found.shape, bool((found < 0).all())
        ((2,), True)
    """
    coded = [tokens(sequence)[0] for sequence in sequences]
    scored = probabilities(model, coded, batch_size=batch_size, window=window)
    return np.array(
        [
            tally(of_bases(scores, codes)).log_likelihood
            for scores, codes in zip(scored, coded, strict=True)
        ]
    )


def log_likelihood_ratios(
    model: "keras.Model | Network",
    ref: Sequence[str | np.ndarray],
    alt: Sequence[str | np.ndarray],
    *,
    both_strands: bool = False,
    batch_size: int = 50,
) -> np.ndarray:
    """ln P(alt) - ln P(ref) of pairs of sequences, such as the two alleles of variants.

    Give each allele with the same flanks: bases before the variant are context, those
    after it tell how well it fits what follows. Lengths may differ (indels).

    Args:
        model: of `char_rnn`.
        ref, alt: lists of as many str, or of uint8 codes (n,).
        both_strands: the mean of both strands.
        batch_size: sequences at a time.

    Returns:
        float64 (pairs,), in nats; above 0 where the model finds alt likelier.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> ratios = log_likelihood_ratios(model, ref=["ACGTA", "ACGTA"], alt=["ACTTA", "ACGTA"])
        >>> ratios.shape, abs(round(float(ratios[1]), 6))  # the second alleles are alike
        ((2,), 0.0)
    """
    if len(ref) != len(alt):
        raise ValueError(f"expected as many alt as ref, got {len(alt)} and {len(ref)}")
    pairs = [tokens(sequence)[0] for sequence in (*ref, *alt)]
    strands = [pairs]
    if both_strands:
        strands.append([reverse_complement(codes) for codes in pairs])
    ratios = []
    for strand in strands:
        likelihoods = log_likelihoods(model, strand, batch_size=batch_size)
        ratios.append(likelihoods[len(ref) :] - likelihoods[: len(ref)])
    return np.mean(ratios, 0)


def embeddings(
    model: "keras.Model",
    sequences: Sequence[str | np.ndarray],
    *,
    pool: str = "mean",
    batch_size: int = 50,
    window: int = 500,
) -> np.ndarray | list[np.ndarray]:
    """Outputs of the last recurrent layer, as features for other models.

    Args:
        model: of `char_rnn`.
        sequences: list of str or of uint8 codes (n,), of any lengths of at least 1.
        pool: "mean" over the sequence, "last" (the state after its last base), or
            "none".
        batch_size, window: as in `read`.

    Returns:
        float32 (sequences, units); with "none" a list of float32 (n, units).

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> embeddings(model, ["ACGT", "ACGTACGT"], pool="mean", window=8).shape
        (2, 3)
    """
    one_of(pool=pool, accepted=("mean", "last", "none"))
    network = Network(model, embeddings=True)
    units = model.get_layer("next_base").kernel.shape[0]
    coded = [tokens(sequence)[0] for sequence in sequences]
    states = read(network, coded, width=units, batch_size=batch_size, window=window)
    if pool == "none":
        return states
    return np.stack([rows[-1] if pool == "last" else rows.mean(0) for rows in states])


def _network(model):
    return model if isinstance(model, Network) else Network(model)


def _pieces(lengths, piece, warm_up):
    for sequence, length in enumerate(lengths):
        step = piece or max(1, length)
        for first in range(0, length, step):
            yield _Piece(sequence, max(0, first - warm_up), first, min(first + step, length))


def _zeroed(states, rows):
    if not rows:
        return states
    from keras import ops

    keep = np.ones((states[0].shape[0], 1), np.float32)
    keep[rows] = 0
    return [ops.convert_to_tensor(state) * ops.convert_to_tensor(keep) for state in states]
