"""Contigs, what is held out, parallel streams, and perplexity by its formula."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError, SequenceError
from genome_keras.lm.genome import Contig, contigs, read_genome, split
from genome_keras.lm.perplexity import Tally, tally
from genome_keras.lm.streams import Streams

GENOME = [
    Contig("a", np.arange(30, dtype=np.uint8) % 4),
    Contig("b", np.zeros(10, np.uint8)),
    Contig("c", np.ones(60, np.uint8)),
]


def test_contigs_are_read_whole(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a x\nACGT\nacgtN\n>b\nT\n")
    assert [(c.name, c.codes.tolist()) for c in contigs(path)] == [
        ("a", [0, 1, 2, 3, 0, 1, 2, 3, 4]),
        ("b", [3]),
    ]


def test_foreign_letters(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\nACGT\nACRT\n")
    with pytest.raises(SequenceError, match=r"g.fa: a, position 6 \(0-based\): 'R'"):
        read_genome(path)
    assert read_genome(path, unknown="N")[0].codes.tolist() == [0, 1, 2, 3, 0, 1, 4, 3]


def test_names_must_differ(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\nA\n>a\nC\n")
    with pytest.raises(FormatError, match="two records are named 'a'"):
        read_genome(path)


def test_the_tail_is_cut_inside_a_contig():
    training, held_out = split(GENOME, tail=0.1)
    assert [(p.name, p.first, len(p.codes)) for p in training] == [
        ("a", 0, 30),
        ("b", 0, 10),
        ("c", 0, 50),
    ]
    assert [(p.name, p.first, len(p.codes)) for p in held_out] == [("c", 50, 60)]


def test_contigs_held_out():
    training, held_out = split(GENOME, hold_out=["b"])
    assert [p.name for p in training] == ["a", "c"]
    assert [(p.name, p.first) for p in held_out] == [("b", 0)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hold_out": ["z"]}, "no contig 'z' to hold out. There are: 'a', 'b', 'c'"),
        ({"hold_out": ["a"], "tail": 0.1}, "not both"),
        ({"tail": 1}, "tail must be a fraction"),
        ({"hold_out": ["a", "b", "c"]}, "nothing left to learn from"),
    ],
)
def test_what_cannot_be_held_out(arguments, message):
    with pytest.raises(ValueError, match=message):
        split(GENOME, **arguments)


@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=4).filter(lambda n: max(n) > 1),
    batch_size=st.integers(1, 5),
    window=st.integers(1, 9),
    seed=st.integers(0, 3),
)
def test_every_pair_of_a_contig_comes_once(lengths, batch_size, window, seed):
    draw = np.random.default_rng(seed)
    sequences = [draw.integers(0, 4, n, dtype=np.uint8) for n in lengths]
    streams = Streams(sequences, batch_size=batch_size, window=window)
    windows = list(streams.epoch(0))
    assert len(windows) == len(streams)
    codes = np.concatenate([w[0] for w in windows], 1).ravel()
    following = np.concatenate([w[1] for w in windows], 1).ravel()
    pairs = np.stack([codes, following], 1)[(codes < 4) & (following < 4)]
    expected = np.concatenate([np.stack([s[:-1], s[1:]], 1) for s in sequences if len(s)])
    assert pairs.tolist() == expected.tolist()
    # Rows go on where they ended, whatever the window.
    for (_, before), (after, _) in itertools.pairwise(windows):
        assert np.array_equal(before[:, -1], after[:, 0])


def test_an_epoch_goes_on_from_any_window():
    streams = Streams(
        [np.arange(50, dtype=np.uint8) % 4],
        batch_size=4,
        window=3,
        reverse_complement=True,
    )
    whole = [w.tolist() for pair in streams.epoch(2) for w in pair]
    assert [w.tolist() for pair in streams.epoch(2, first=2) for w in pair] == whole[4:]


def test_half_of_the_streams_are_read_on_the_other_strand():
    draw = np.random.default_rng(0)
    sequence = draw.integers(0, 4, 41, dtype=np.uint8)
    arguments = {"batch_size": 4, "window": 10}
    (forward, _), *_ = Streams([sequence], **arguments).epoch(0)
    both = Streams([sequence], **arguments, reverse_complement=True)
    seen = set()
    for epoch in range(8):
        (codes, following), *_ = both.epoch(epoch)
        whole = np.concatenate([codes, following[:, -1:]], 1)
        same = [np.array_equal(row, old) for row, old in zip(codes, forward, strict=True)]
        assert sum(same) == 2
        for row in np.flatnonzero(~np.array(same)):
            expected = reverse_complement(sequence[row * 10 : row * 10 + 11])
            assert np.array_equal(whole[row], expected)
        seen.add(tuple(same))
    assert len(seen) > 1


def test_streams_of_nothing():
    with pytest.raises(ValueError, match="at least one sequence of two bases"):
        Streams([np.zeros(1, np.uint8)], batch_size=1, window=1)
    with pytest.raises(ValueError, match="window must be an integer of at least 1"):
        Streams([np.zeros(5, np.uint8)], batch_size=1, window=0)


def test_perplexity_is_the_formula_of_the_paper():
    draw = np.random.default_rng(1)
    p = draw.dirichlet(np.ones(4), 99)
    y = np.eye(4)[draw.integers(0, 4, 99)]
    n = 100  # bases; n - 1 are predicted
    expected = math.exp(-1 / (n - 1) * (y * np.log(p)).sum())
    cost = tally((p * y).sum(1))
    assert cost.perplexity == pytest.approx(expected, rel=1e-12)
    assert cost.bits_per_base == pytest.approx(math.log2(expected), rel=1e-12)


def test_a_tally_leaves_out_what_is_not_scored_and_adds_up():
    one, two = tally(np.array([0.5, np.nan])), tally(np.array([0.125]))
    assert one + two == Tally(pytest.approx(4 * math.log(2)), 2)
    assert (one + two).bits_per_base == pytest.approx(2)
    assert math.isnan(Tally().perplexity)
