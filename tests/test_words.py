"""Words: their numbers, how often they meet, and the vectors learned from that."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import decode, kmer_names, reverse_complement, tokens
from genome_keras.errors import FormatError, SequenceError
from genome_keras.io import fasta
from genome_keras.io.word_vectors import read_words, word_offsets
from genome_keras.layers.kmer_words import KmerWords
from genome_keras.training.words import count_pairs, fit_vectors, learn_words

CODES = np.random.default_rng(0).choice(5, (6, 23), p=(0.3, 0.2, 0.2, 0.2, 0.1)).astype(np.uint8)


def word_at(seq, place, offsets):
    """The letters of a word, or None with an N or beyond the end."""
    if place + offsets[-1] >= len(seq):
        return None
    letters = "".join(seq[place + offset] for offset in offsets)
    return None if "N" in letters else letters


def test_offsets():
    assert word_offsets(3) == word_offsets("111") == [0, 1, 2]
    assert word_offsets("1101") == [0, 1, 3]


@pytest.mark.parametrize("word", [0, 7, True, "", "0", "101x", "011", "110", "1" * 7, None, 2.0])
def test_bad_words(word):
    with pytest.raises(ValueError, match="word must be a length from 1 to 6, or a pattern"):
        word_offsets(word)


@pytest.mark.parametrize("word", [1, 3, "101", "1001"])
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_numbers_of_words(word, stride):
    """Each is the place of the word among all in alphabetical order; with N, one after."""
    layer, offsets = KmerWords(word, stride=stride), word_offsets(word)
    names = kmer_names(k=(len(offsets),))
    got = keras.ops.convert_to_numpy(layer(CODES))
    for row, seq in zip(got, decode(CODES), strict=True):
        found = [word_at(seq, at, offsets) for at in range(0, 23 - offsets[-1], stride)]
        assert row.tolist() == [len(names) if w is None else names.index(w) for w in found]
    assert layer.compute_output_spec(keras.KerasTensor((None, 23), "uint8")).shape[1] == len(row)
    assert KmerWords.from_config(layer.get_config()).offsets == offsets


def pairs_by_hand(seqs, offsets, stride, context):
    names = kmer_names(k=(len(offsets),))
    counts = np.zeros((len(names), len(names)))
    for seq in seqs:
        for at in range(len(seq)):
            for step in range(1, context + 1):
                one, two = (word_at(seq, i, offsets) for i in (at, at + step * stride))
                if one and two:
                    counts[names.index(one), names.index(two)] += 1
                    counts[names.index(two), names.index(one)] += 1
    return counts


@pytest.mark.parametrize(("word", "stride", "context"), [(2, 1, 1), ("101", 2, 3), (1, 4, 2)])
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_pairs_are_counted_whatever_the_pieces(tmp_path, monkeypatch, word, stride, context, piece):
    seqs = decode(CODES)
    path = tmp_path / "x.fa"
    path.write_text("".join(f">r{i}\n{seq[:9]}\n{seq[9:]}\n" for i, seq in enumerate(seqs)))
    monkeypatch.setattr(fasta, "PIECE", piece)
    got = count_pairs(path, word=word, stride=stride, context=context)
    assert np.array_equal(got, pairs_by_hand(seqs, word_offsets(word), stride, context))


def test_with_room_enough_the_products_are_the_known_optimum():
    """Levy & Goldberg 2014: the product tends to log(P(i, j) / (negatives P(i) Q(j)))."""
    draw = np.random.default_rng(1)
    counts = draw.integers(20, 200, (4, 4)).astype("float32")
    counts += counts.T
    from genome_keras.training.words import _fit

    vectors, contexts = _fit(counts, 4, 3, 2000, 0)
    joint = counts / counts.sum()
    drawn = joint.sum(1) ** 0.75
    expected = np.log(joint / (3 * np.outer(joint.sum(1), drawn / drawn.sum())))
    np.testing.assert_allclose(vectors @ contexts.T, expected, atol=0.02)


def test_words_with_the_same_neighbours_get_similar_vectors():
    """A and C are drawn alike, G and T too, and the two pairs keep to themselves."""
    counts = np.kron(np.array([[9, 1], [1, 9]]), np.ones((2, 2))).astype("float32")
    v = fit_vectors(counts, embedding=2, negatives=1)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    near = v @ v.T
    assert near[0, 1] > 0.95 and near[2, 3] > 0.95 and near[:2, 2:].max() < 0.5
    again = fit_vectors(counts, embedding=2, negatives=1)
    assert not np.array_equal(again, fit_vectors(counts, embedding=2, negatives=1, seed=5))


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">g\n" + decode(np.random.default_rng(2).integers(0, 4, 3000))[0] + "\n")
    return path


def test_a_strand_and_its_reverse_complement_teach_the_same(genome, tmp_path):
    seq = next(fasta.read(genome))[1]
    other = tmp_path / "rc.fa"
    other.write_text(f">g\n{reverse_complement(seq)}\n")
    sizes = {"word": 2, "embedding": 3, "steps": 5}
    one, two = (learn_words(p, tmp_path / "w.h5", **sizes) for p in (genome, other))
    np.testing.assert_allclose(one.vectors, two.vectors, atol=1e-4)


def test_from_a_genome_to_a_model(genome, tmp_path, capsys):
    out = tmp_path / "words.h5"
    command = ["words", str(genome), "--out", str(out), "--word", "101", "--embedding", "3"]
    assert main([*command, "--steps", "5"]) == 0
    words = read_words(out)
    assert words.pattern == "101" and words.vectors.shape == (16, 3)
    sizes = {"window": 12, "tasks": 2, "units": 2, "word": "101", "embedding": 3}
    model = genome_keras.kmer_rnn(**sizes, words=str(out), seed=1)
    table = model.get_layer("embedding").get_weights()[0]
    assert np.array_equal(table[:16], words.vectors) and not table[16].any()
    assert "words" not in model.made_with["arguments"]  # trained weights do not need them
    with pytest.raises(ValueError, match=r"has words '101' with embedding=3. Received: word='11'"):
        genome_keras.kmer_rnn(**{**sizes, "word": 2}, words=str(out))
    assert main([*command, "--word", "9x"]) == 2
    assert "word must be a length" in capsys.readouterr().err
    genome.write_text(">g\nACGXACGT\n")
    assert main(command) == 1
    assert "record 'g': b'X'; accepted are A, C, G, T" in capsys.readouterr().err


def test_errors(genome, tmp_path):
    with pytest.raises(ValueError, match="reads the same backwards"):
        learn_words(genome, tmp_path / "w.h5", word="1011")
    with pytest.raises(ValueError, match="context must be an integer of at least 1"):
        learn_words(genome, tmp_path / "w.h5", context=0)
    genome.write_text(">g\nNNNNNNNNNNNNN\n")
    with pytest.raises(SequenceError, match="expected words with neighbours"):
        learn_words(genome, tmp_path / "w.h5")
    assert not (tmp_path / "w.h5").exists()
    with pytest.raises(FormatError, match="not readable as word vectors"):
        read_words(genome)
    with pytest.raises(ValueError, match="window must be at least 6, a word"):
        genome_keras.kmer_rnn(window=5)
    assert tokens("ACGT").shape == (1, 4)
