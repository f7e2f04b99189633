"""Laws of alignments of position matrices: closed forms, strands, uniform p-values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.interpret import match, match_pvalue, similarities
from genome_keras.io.motifs import Motif


def letters(word):
    return np.eye(4)[["ACGT".index(letter) for letter in word]]


def matrix(seed, length):
    return np.random.default_rng(seed).dirichlet(np.full(4, 0.4), length)


def other_strand(matrix):
    return matrix[::-1, ::-1]


def by_hand(one, other):
    """The best of np.corrcoef over all alignments, 1/4 where a matrix has ended."""
    best = -1.0
    for turned in (other, other_strand(other)):
        for offset in range(1 - len(other), len(one)):
            frame = np.full((2, len(one) + 2 * len(other), 4), 0.25)
            frame[0, len(other) : len(other) + len(one)] = one
            frame[1, len(other) + offset : 2 * len(other) + offset] = turned
            used = (frame != 0.25).any((0, 2))
            best = max(best, np.corrcoef(frame[0, used].ravel(), frame[1, used].ravel())[0, 1])
    return best


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("AACG", "AACG", (1, 0, False)),
        ("AACG", "CGTT", (1, 0, True)),
        ("AAACG", "ACG", ((3 / 5) ** 0.5, 2, False)),
        ("ACG", "AAACG", ((3 / 5) ** 0.5, -2, False)),
        ("AAACG", "CGT", ((3 / 5) ** 0.5, 2, True)),
        ("AC", "AA", (1 / 2, -1, False)),
        # Rows of one letter each: cosine 1 where they agree, -1/3 where not.
        ("AA", "CC", (0.0, None, None)),
    ],
)
def test_closed_forms(one, other, expected):
    found = match(letters(one), letters(other))
    if expected[1] is None:
        # C on A: -1/3 of each pair, so that the least overlap is best: -1/6 of two rows.
        assert found.value == pytest.approx(-1 / 6)
        return
    assert found == (pytest.approx(expected[0]), *expected[1:])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(1, 7), st.integers(1, 7))
def test_it_is_the_best_pearson_correlation(seed, length, size):
    one, other = matrix(seed, length), matrix(seed + 1000, size)
    value = match(one, other).value
    assert value == pytest.approx(by_hand(one, other))
    assert match(other, one).value == pytest.approx(value)
    assert match(other_strand(one), other).value == pytest.approx(value)
    assert similarities(one, [other, Motif("m", one)]) == pytest.approx([value, 1])


def test_rows_without_information_change_nothing():
    one = matrix(1, 6)
    wide = np.pad(one, ((3, 2), (0, 0)), constant_values=0.25)
    assert match(wide, one) == (pytest.approx(1), 3, False)
    assert match(np.full((4, 4), 0.25), one).value == 0


def test_pvalues_of_random_matrices_are_uniform():
    known, n, shuffles = [matrix(5, 8), matrix(6, 11)], 400, 19
    found = np.array(
        [match_pvalue(matrix(s, 9), known, shuffles=shuffles) for s in range(100, 500)]
    )
    assert set(np.round(found * 20)) <= set(range(1, 21)) and found.min() == 1 / 20
    for level in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9):
        spread = (level * (1 - level) / n) ** 0.5
        assert (found <= level + 1e-9).mean() == pytest.approx(level, abs=3.5 * spread)


def test_pvalues_of_the_motif_itself_and_of_no_order():
    one = matrix(3, 10)
    assert match_pvalue(one, [matrix(4, 9), one], shuffles=199) == 1 / 200
    assert match_pvalue(other_strand(one), [one], shuffles=199) == 1 / 200
    assert match_pvalue(letters("CCCCCCC"), [one], shuffles=49) == 1  # any order is the same
    again = [match_pvalue(matrix(7, 9), [one], shuffles=49, seed=seed) for seed in (1, 1)]
    assert again[0] == again[1]


def test_bad_arguments():
    one = matrix(0, 5)
    for wrong in (one[:, :3], one[:0], one * 2, one - 1, one[0], one * np.nan):
        with pytest.raises(ValueError, match="expected probabilities"):
            match(wrong, one)
    with pytest.raises(ValueError, match="at least one motif"):
        match_pvalue(one, [])
    with pytest.raises(ValueError, match="shuffles must be"):
        match_pvalue(one, [one], shuffles=0)
