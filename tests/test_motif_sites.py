"""Matches of position matrices: exact thresholds, strands, and shares by hand."""

from itertools import product

import numpy as np
import pytest

from genome_keras.encode import reverse_complement, tokens
from genome_keras.interpret import inside, scan
from genome_keras.motifs.sites import MIXED


def matrix(seed, length):
    return np.random.default_rng(seed).dirichlet(np.full(4, 0.5), length)


def consensus(word):
    return np.eye(4)[tokens([word])[0]]


def test_a_word_is_found_on_both_strands():
    motif = consensus("GATTACA")
    seqs = ["CCCCGATTACACCCCG", "CCTGTAATCCCCCCCG", "CCCCGATNACACCCCG", "CGCGCGCGCGCGCGCG"]
    found = scan(seqs, motif)
    assert found.windows.tolist() == [0, 1] and found.length == 7
    assert found.starts.tolist() == [4, 2] and found.reverse.tolist() == [False, True]


def test_letters_of_one_strand_are_those_of_both():
    found = scan(["CCTGTTCC"], consensus("TGTT"), p_value=0.01)  # without an A
    assert found.starts.tolist() == [2] and not found.reverse.any()
    assert len(scan(["CCGCGGCC"], consensus("GCGG"), p_value=0.5).windows) == 0


def test_the_threshold_is_the_exact_probability():
    """Against all words: a word is a match if those at least as good are rare enough."""
    motif, length = matrix(1, 5), 5
    words = np.array(list(product(range(4), repeat=length)), np.uint8)
    random = np.random.default_rng(2)
    codes = np.concatenate([words, random.integers(0, 2, (400, length), dtype=np.uint8)])
    rates = np.bincount(codes.ravel(), minlength=4)
    rates = (rates + rates[::-1]) / (2 * rates.sum())
    bits = np.log2(((1 - MIXED) * motif + MIXED / 4) / rates)

    def score(codes):
        return bits[np.arange(length), codes].sum(1)

    every, chance = score(words), rates[words].prod(1)
    for p_value in (0.3, 0.02, 0.005):
        best = np.maximum(score(codes), score(reverse_complement(codes)))
        # Scores are rounded: what lies within it of the threshold is not asked.
        reach = [chance[every >= value - margin].sum() for margin in (-0.1, 0.1) for value in best]
        surely, perhaps = np.array(reach).reshape(2, -1)[::-1] <= p_value
        found = scan(codes, motif, p_value=p_value)
        called = np.isin(np.arange(len(codes)), found.windows)
        assert (called | ~surely).all() and (perhaps | ~called).all()
        assert found.scores == pytest.approx(best[called], abs=0.05)
        assert 0 < called.sum() < len(codes)


def test_no_place_for_a_match():
    assert len(scan(["ACGT"], matrix(0, 5)).windows) == 0  # shorter than the matrix
    assert len(scan(["ACGTACGT"], consensus("ACGT"), p_value=1e-9).windows) == 0
    assert len(scan(["NNNNNNNN", "NACGTNNN"], consensus("ACGTACGT"), p_value=1.0).windows) == 0
    with pytest.raises(ValueError, match="p_value must be"):
        scan(["ACGT"], consensus("A"), p_value=0)
    for wrong in (consensus("ACGTA").T, consensus("ACGT") * 2):
        with pytest.raises(ValueError, match="expected probabilities"):
            scan(["ACGT"], wrong)


def test_shares_by_hand():
    codes = tokens(["CCCCGATTACACCCCGTGTC"] * 4)
    sites = scan(codes, consensus("GATTACA"))
    assert sites.starts.tolist() == [4] * 4
    attributions = np.zeros((4, 20))
    attributions[0, 4:11] = [-1, 2, 3, 4, 5, 6, 7]  # all in the site, whatever the sign
    attributions[1] = 2
    attributions[2, :4] = 1  # beside it
    found = inside(attributions, sites)
    # In window 2, 7 letters of the site tie with 9 of the 13 others and lose to 4.
    assert found.auroc == pytest.approx([1, 0.5, 9 / 2 / 13, 0.5])
    assert found.enrichment[:3] == pytest.approx([20 / 7, 1, 0])
    assert np.isnan(found.enrichment[3])
    none = inside(attributions, scan(codes, consensus("GGGGGGGG")))
    assert none.auroc.shape == none.enrichment.shape == (0,)
