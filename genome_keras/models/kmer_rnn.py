"""A recurrent network that reads genomic words instead of letters."""

import keras
import numpy as np

from genome_keras.arguments import at_least_one, one_of
from genome_keras.io.word_vectors import read_words
from genome_keras.layers.kmer_words import KmerWords
from genome_keras.layers.recurrent import GRU, GateBias
from genome_keras.layers.reverse import Reverse
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    factory,
    read_out,
    scores_out,
    side_by_side,
)

_READOUTS = ("last", "max", "mean")


@factory
def kmer_rnn(
    *,
    window: int | None = 100,
    tasks: Tasks = 919,
    word: int | str = 6,
    stride: int = 2,
    embedding: int = 64,
    words: str | None = None,
    units: int = 128,
    depth: int = 1,
    dropout: float = 0.05,
    readout: str = "last",
    both_strands: bool = False,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """k-mers embedded as words, independent stacks of GRUs per direction, one head.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4, and gives
    P(label = 1) as float32 (batch, tasks). All words with an N share one vector.

    Args:
        window: length of the input in bp; None accepts any that holds a word.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        word: length of the words, 1 to 6, or a pattern with gaps such as "1101011".
        stride: from one word to the next, bp: 1 overlaps as much as can be, the length
            of a word not at all.
        embedding: numbers of a word's vector.
        words: path of vectors from `genome-keras words` that the embedding starts from;
            None starts at random. They are trained on either way.
        units: GRU units per layer and direction.
        depth: layers in each stack.
        dropout: fraction dropped at the inputs and at the outputs of each stack.
        readout: what the head sees of each stack: its "last" state, or the "max" or
            "mean" of its states over the words.
        both_strands: also read the reverse complement and average the log-odds: the
            scores no longer depend on the strand, at twice the cost. No weight changes.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        FormatError: `words` is not a file of word vectors.
        ValueError: a size below one, an unknown word, a window shorter than a word,
            vectors of other words or another size, or an argument that contradicts the
            checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhang & Kamath 2016, section 5, propose it, without sizes; Shen, Bao & Huang
        2018 (doi:10.1038/s41598-018-33321-1) read word2vec k-mers with a bidirectional
        GRU. The sizes are ours.

    Example:
        >>> model = kmer_rnn(word=2, embedding=2, units=2, window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(tasks=tasks, embedding=embedding, units=units, depth=depth)
    one_of(readout=readout, accepted=_READOUTS)
    seeds = Seeds(seed)
    codes, strands = codes_in(window, both_strands=both_strands)
    numbers = KmerWords(word, stride=stride, name="words")
    table = keras.layers.Embedding(
        numbers.vocabulary + 1,
        embedding,
        embeddings_initializer=keras.initializers.RandomUniform(seed=seeds()),
        name="embedding",
    )
    x = table(numbers(strands))
    if words is not None:
        table.set_weights([_vectors(words, numbers, embedding)])
    read = []
    for direction in ("forward", "backward"):
        y = x if direction == "forward" else Reverse(name="reversed")(x)
        y = keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_input_dropout")(y)
        for layer in range(1, depth + 1):
            y = GRU(
                units,
                return_sequences=layer < depth or readout != "last",
                kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
                recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
                bias_initializer=GateBias(),
                name=f"{direction}_gru_{layer}",
            )(y)
        y = read_out(y, readout, f"{direction}_readout")
        read.append(keras.layers.Dropout(dropout, seed=seeds(), name=f"{direction}_dropout")(y))
    head = SigmoidHead(
        tasks, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()), name="head"
    )
    return scores_out(
        "kmer_rnn",
        codes,
        side_by_side(read, "read"),
        head,
        learning_rate=learning_rate,
        both_strands=both_strands,
        recurrent=True,
    )


def _vectors(path, numbers, embedding):
    """The table of a file of word vectors, with zeros for words with N."""
    pattern, vectors = read_words(path)
    mine = "".join("1" if at in numbers.offsets else "0" for at in range(numbers.span))
    if (pattern, vectors.shape[1]) != (mine, embedding):
        raise ValueError(
            f"words={path!r} has words {pattern!r} with embedding={vectors.shape[1]}. "
            f"Received: word={mine!r}, embedding={embedding}"
        )
    return np.concatenate([vectors, np.zeros((1, embedding), "float32")])
