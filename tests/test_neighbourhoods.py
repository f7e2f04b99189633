"""Scores along the neighbourhoods of variants: where the windows lie, and how many."""

import numpy as np
import pytest
from support.toy import Toy

from genome_keras.encode import tokens
from genome_keras.genome import Variant
from genome_keras.io.reference import open_genome
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.neighbourhoods import BESIDE, neighbourhoods
from genome_keras.windows import alleles

WINDOW = 20
LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 3000))


@pytest.fixture(scope="module")
def scorer():
    return Scorer(Toy(WINDOW, ["a", "b"]))


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    foreign = LETTERS[:1000] + "R" + LETTERS[1001:]
    path.write_text(f">long\n{foreign}\n>short\n{LETTERS[:45]}\n>tiny\nACGT\n")
    with open_genome(path) as opened:
        yield opened


def variant(contig, position, alt="A"):
    return Variant(contig, position, LETTERS[position - 1], alt)


def test_scores_are_those_of_the_windows_of_the_genome(genome, scorer):
    """The one in the middle is that of the reference allele, trimmed as variants are."""
    padded = Variant("long", 1499, LETTERS[1498:1502], LETTERS[1498] + LETTERS[1501])
    for one in (variant("long", 1500), padded):
        (found,) = neighbourhoods([one], genome, scorer, window=WINDOW)
        assert len(found.starts) == 2 * BESIDE + 1
        assert set(np.diff(found.starts)) == {WINDOW // 2}
        middle = one.trimmed().start - WINDOW // 2
        assert found.starts[BESIDE] == middle
        seqs = [LETTERS[start : start + WINDOW] for start in found.starts]
        whole = [i for i, start in enumerate(found.starts) if not start <= 1000 < start + WINDOW]
        expected = scorer.scores(tokens(seqs))
        np.testing.assert_allclose(found.scores[whole], expected[whole], atol=1e-6)
        own = alleles(one, genome, window=WINDOW).ref
        np.testing.assert_allclose(found.scores[[BESIDE]], scorer.scores(tokens(own)), atol=1e-6)


def test_a_foreign_letter_is_read_as_n(genome, scorer):
    (found,) = neighbourhoods([variant("long", 1000)], genome, scorer, window=WINDOW)
    at = BESIDE  # its window begins at 989 and has the letter at 1000
    seq = LETTERS[989:1000] + "N" + LETTERS[1001:1009]
    np.testing.assert_allclose(found.scores[[at]], scorer.scores(tokens(seq)), atol=1e-6)


def test_windows_end_with_the_contig(genome, scorer):
    several = [variant("short", 5), variant("tiny", 2, "T"), variant("long", 12)]
    found = neighbourhoods(several, genome, scorer, window=WINDOW)
    assert found[0].starts.tolist() == [4, 14, 24]
    assert len(found[1].starts) == 0 and found[1].scores.shape == (0, 2)
    assert found[2].starts.tolist() == [1 + 10 * i for i in range(BESIDE + 1)]
    (found,) = neighbourhoods([variant("tiny", 2, "T")], genome, scorer, window=WINDOW)
    assert found.scores.shape == (0, 2)


def test_the_cost_is_bounded(genome):
    """So many windows for each variant, whatever the window and the genome."""
    for window, step in ((WINDOW, 10), (7, 3), (1, 1)):
        scorer = Scorer(Toy(window, ["a", "b"]))
        given = [variant("long", 700 + 9 * i) for i in range(3)]
        found = neighbourhoods(given, genome, scorer, window=window, beside=4)
        assert [len(one.starts) for one in found] == [9] * 3
        assert all(set(np.diff(one.starts)) == {step} for one in found)
        assert {one.scores.shape for one in found} == {(9, 2)}
