"""New sequences, base by base, from what a language model expects."""

import os
import sys

import keras
import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.encode import decode, tokens
from genome_keras.io.atomic import atomic
from genome_keras.lm.network import Network
from genome_keras.lm.train import load_lm
from genome_keras.weights.checkpoint import Checkpoint

N = 4


def sample(
    model: keras.Model,
    *,
    length: int,
    samples: int = 1,
    prime: str = "",
    temperature: float = 1.0,
    top_k: int = 4,
    seed: int = 0,
) -> list[str]:
    """Draws sequences; the state is kept from base to base.

    Args:
        model: of `char_rnn`.
        length: bases to draw, in each sequence.
        samples: sequences, drawn side by side.
        prime: letters read before the first base is drawn; without, an N is read.
        temperature: probabilities are raised to 1 / temperature: below 1 the likely
            become likelier; 0 always takes the likeliest.
        top_k: draw among the k likeliest bases only, 1 to 4.
        seed: of the draws.

    Returns:
        list of `samples` str of `length` letters, without the prime.

    Raises:
        ValueError: an argument out of range.
        SequenceError: a foreign letter in the prime.

    Example:
        >>> from genome_keras import char_rnn
        >>> model = char_rnn(units=3, depth=1, seed=0)
        >>> seqs = sample(model, length=8, samples=2, prime="ACGT", seed=0)
        >>> [len(seq) for seq in seqs], set("".join(seqs)) <= set("ACGT")
        ([8, 8], True)
    """
    at_least_one(length=length, samples=samples)
    if not 1 <= top_k <= 4 or not temperature >= 0:
        raise ValueError(
            "expected top_k from 1 to 4 and a temperature of at least 0. "
            f"Received: {top_k}, {temperature}"
        )
    network, draw = Network(model), np.random.default_rng(seed)
    read = tokens(prime)[0] if prime else np.array([N], np.uint8)
    states = network.start(samples)
    for code in read:  # one base at a time, the only shape that is needed
        scores, states = network.read(np.full((samples, 1), code, np.uint8), states)
    drawn = np.empty((samples, length), np.uint8)
    for t in range(length):
        drawn[:, t] = _draw(scores[:, 0], temperature, top_k, draw.random(samples))
        if t + 1 < length:
            scores, states = network.read(drawn[:, t : t + 1], states)
    return decode(drawn)


def _draw(scores, temperature, top_k, uniform):
    """One base for each row of probabilities (rows, 4) and number in [0, 1)."""
    if temperature == 0:
        return scores.argmax(1)
    logits = np.log(np.maximum(scores.astype(np.float64), 1e-30)) / temperature
    least = np.sort(logits, 1)[:, 4 - top_k, None]
    weights = np.where(logits >= least, np.exp(logits - logits.max(1, keepdims=True)), 0)
    cumulative = np.cumsum(weights, 1)
    return (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(1)


def sample_fasta(
    out: str | os.PathLike = "-",
    *,
    weights: str | os.PathLike | Checkpoint,
    length: int,
    samples: int = 1,
    prime: str = "",
    temperature: float = 1.0,
    top_k: int = 4,
    seed: int = 0,
) -> None:
    """Writes sequences of `sample` as FASTA, named sample_1, sample_2, ...

    Args:
        out: a file; "-" is standard output.
        weights: as in `genome_keras.lm.train.load_lm`.
        length, samples, prime, temperature, top_k, seed: as in `sample`.

    Example:
        >>> sample_fasta(weights="char_rnn.ecoli.v1", length=8, seed=0)  # doctest: +ELLIPSIS
        >sample_1
        ...
    """
    drawn = sample(
        load_lm(weights),
        length=length,
        samples=samples,
        prime=prime,
        temperature=temperature,
        top_k=top_k,
        seed=seed,
    )
    lines = []
    for number, letters in enumerate(drawn, 1):
        lines.append(f">sample_{number}")
        lines += [letters[at : at + 60] for at in range(0, length, 60)]
    text = "\n".join(lines) + "\n"
    if out == "-":
        sys.stdout.write(text)
        return
    with atomic(out) as path:
        path.write_text(text, encoding="ascii")
