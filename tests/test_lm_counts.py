"""Order-k counts against a dictionary."""

from collections import Counter

import numpy as np
import pytest

from genome_keras.lm.counts import adaptive, static, uniform
from genome_keras.lm.genome import Part

CODES = np.random.default_rng(0).integers(0, 3, 300, dtype=np.uint8)


@pytest.mark.parametrize("order", [0, 1, 3, 14])
def test_adaptive_counts_equal_a_dictionary(order):
    codes = np.concatenate([CODES, CODES])  # repeats, so that long contexts are met again
    counts, expected = Counter(), []
    padded = np.concatenate([np.zeros(order, np.uint8), codes])
    for t, base in enumerate(codes):
        context = tuple(padded[t : t + order])
        total = sum(counts[context, b] for b in range(4))
        expected.append((counts[context, base] + 0.5) / (total + 2))
        counts[context, base] += 1
    np.testing.assert_allclose(adaptive(codes, order=order, prior=0.5), expected, rtol=1e-6)


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_static_counts_equal_a_dictionary(order, both_strands):
    training, whole = CODES[:250].copy(), CODES.copy()
    training[17] = whole[17] = whole[270] = 4
    counts = Counter()
    strands = [training.tolist()]
    if both_strands:
        strands.append([4 if b == 4 else 3 - b for b in training.tolist()[::-1]])
    for strand in strands:
        for t in range(order, len(strand)):
            word = tuple(strand[t - order : t + 1])
            if 4 not in word:
                counts[word] += 1
    (found,) = static([training], [Part("x", whole, 250)], order=order, both_strands=both_strands)
    for t in range(250, 300):
        word = tuple(whole[t - order : t + 1].tolist())
        if 4 in word:
            assert np.isnan(found[t - 250])
            continue
        total = sum(counts[(*word[:-1], b)] for b in range(4))
        assert found[t - 250] == pytest.approx((counts[word] + 1) / (total + 4), rel=1e-6)


def test_bases_without_enough_before_them_are_guessed():
    (found,) = static([CODES], [Part("x", np.array([0, 4, 1, 2], np.uint8), 0)], order=2)
    assert found[0] == 0.25 and np.isnan(found[1:]).all()
    (short,) = static([CODES], [Part("x", np.array([0], np.uint8), 0)], order=2)
    assert short.tolist() == [0.25]


def test_probabilities_sum_to_one():
    parts = [Part("x", np.append(CODES[:5], np.uint8(base)), 5) for base in range(4)]
    assert sum(p[0] for p in static([CODES], parts, order=3)) == pytest.approx(1, rel=1e-6)


def test_uniform_and_bad_orders():
    assert uniform(3).tolist() == [0.25] * 3
    with pytest.raises(ValueError, match="order must be 0 to 24"):
        adaptive(CODES, order=25)
    with pytest.raises(ValueError, match="order must be 0 to 12"):
        static([CODES], [], order=13)
