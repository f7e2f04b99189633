"""Planted motifs are found again: exactly in a model of arithmetic, CTCF in a real one."""

import keras
import numpy as np
import pytest

from genome_keras import conv_bigru
from genome_keras.datasets.chromatin_data import open_chromatin
from genome_keras.encode import reverse_complement, tokens
from genome_keras.interpret import attribute, find_patterns, match, match_pvalue, of_letters
from genome_keras.layers.strands import OneHot
from genome_keras.scoring.load import load_model

WORDS = ("GGTTACGCA", "GGTTTCGCA", "GGTTACGCA", "GGTTACGAA")
# What each letter of the filter adds; a site adds 9 or more, of which 8.5 are needed.
KERNEL = np.array([[-1, -1, 1, -1]] * 2 + [[-1, -1, -1, 1]] * 2 + [[0.5, -1, -1, 0.75]])
KERNEL = np.concatenate(
    [KERNEL, [[-1, 1, -1, -1], [-1, -1, 1, -1], [0.5, 1.5, -1, -1], [2, -1, -1, -1]]]
).astype("float32")
WINDOW = 40


def planted(n=64, seed=0):
    """Windows with one word each, where it begins, and whether on the other strand."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (n, WINDOW), dtype=np.uint8)
    starts, reverse = random.integers(0, WINDOW - len(KERNEL), n), np.arange(n) % 2 == 1
    for row, start in enumerate(starts):
        word = tokens([WORDS[row // 2 % 4]])
        word = reverse_complement(word) if reverse[row] else word
        codes[row, start : start + len(KERNEL)] = word[0]
    return codes, starts, reverse


@pytest.fixture(scope="module")
def toy():
    """The log-odds are the sum of max(0, filter - 8.5) over places and strands."""
    codes = keras.Input((WINDOW,), dtype="uint8")
    filters = keras.layers.Conv1D(2, len(KERNEL), activation="relu")
    x = keras.layers.Flatten()(filters(OneHot()(codes)))
    head = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(codes, head(x))
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    filters.set_weights([np.stack([KERNEL, KERNEL[::-1, ::-1]], 2), np.full(2, -8.5, "float32")])
    head.set_weights([np.ones((x.shape[1], 1)), np.zeros(1)])
    return model


def test_a_filter_is_found_again_exactly(toy):
    codes, starts, reverse = planted()
    attributions = attribute(toy, codes, tasks=0, method="gradient_x_input")
    for given in (attributions, of_letters(attributions, codes)):
        (found,) = find_patterns(given, codes)
        strand = found.places[:, 2] == reverse
        turned = not strand[0]
        ours = found.matrix[::-1, ::-1] if turned else found.matrix
        added = found.contributions[::-1, ::-1] if turned else found.contributions
        counts = sum(np.eye(4)[tokens([word])[0]] for word in WORDS) * 16
        np.testing.assert_allclose(ours, (counts + 0.25) / 65)
        np.testing.assert_allclose(added, KERNEL * counts / 64, atol=1e-6)
        assert (strand ^ turned).all()
        assert found.places[:, 0].tolist() == list(range(64))
        assert found.places[:, 1].tolist() == starts.tolist()


def test_places_of_a_pattern_that_is_not_in_the_middle_of_its_stretches():
    word, random = tokens(["GATTACAGGCCA"]), np.random.default_rng(8)
    codes = random.integers(0, 4, (40, WINDOW), dtype=np.uint8)
    starts, reverse = random.integers(0, WINDOW - 12, 40), np.arange(40) % 2
    attributions = np.zeros(codes.shape)
    for row, start in enumerate(starts):
        codes[row, start : start + 12] = (reverse_complement(word) if reverse[row] else word)[0]
        attributions[row, start : start + 12] = 1
    (found,) = find_patterns(attributions, codes, most=1)
    assert found.places[:, 0].tolist() == list(range(40)) and len(found.matrix) == 12
    assert found.places[:, 1].tolist() == starts.tolist()
    assert len(set(found.places[:, 2] ^ reverse)) == 1
    assert match(found.matrix, np.eye(4)[word[0]]).value > 0.99


def test_the_other_strand_tells_the_same():
    codes, starts, _ = planted(80, seed=3)
    random = np.random.default_rng(4)
    noise = random.normal(0, 0.2, codes.shape)
    for row, start in enumerate(starts):
        noise[row, start : start + len(KERNEL)] += random.uniform(0.8, 1.2, len(KERNEL))
    (one, *_), (other, *_) = (
        find_patterns(noise, codes),
        find_patterns(noise[:, ::-1], reverse_complement(codes)),
    )
    assert len(one.places) == len(other.places) >= 75
    assert match(one.matrix, other.matrix).value == pytest.approx(1, abs=1e-6)


def test_two_motifs_are_two_patterns():
    codes, starts, _ = planted(90, seed=5)
    noise = np.random.default_rng(6).normal(0, 0.1, codes.shape)
    for row, start in enumerate(starts):
        if row % 3 == 0:
            codes[row, start : start + 9] = tokens(["CAGGTGAAA"])[0]
        noise[row, start : start + 9] += 1
    found = find_patterns(noise, codes)[:2]
    assert [len(pattern.places) for pattern in found] == [60, pytest.approx(30, abs=2)]
    for pattern, word in zip(found, (WORDS[0], "CAGGTGAAA"), strict=True):
        assert match_pvalue(pattern.matrix, [np.eye(4)[tokens([word])[0]]], shuffles=199) <= 0.01
        assert match(pattern.matrix, np.eye(4)[tokens([word])[0]]).value > 0.85


def test_a_place_counts_once():
    """Both stretches of a window move onto one motif that is longer than they are apart."""
    random = np.random.default_rng(7)
    codes = random.integers(0, 4, (60, 60), dtype=np.uint8)
    attributions, long = np.zeros(codes.shape), tokens(["TTCAGCACCATGGACAGCGCC"])[0]
    for row, start in enumerate(random.integers(0, 39, 60)):
        codes[row, start : start + 21] = long
        attributions[row, start : start + 21] = 1
    (found,) = find_patterns(attributions, codes, most=1)
    assert sorted(found.places[:, 0]) == list(range(60))
    assert match(found.matrix, np.eye(4)[long]).value > 0.95


def test_nothing_comes_back():
    codes, _, _ = planted()
    assert find_patterns(np.zeros(codes.shape), codes) == []
    assert find_patterns(-np.ones(codes.shape), codes) == []
    assert find_patterns(np.ones(codes.shape), np.full_like(codes, 4)) == []
    assert find_patterns(np.ones((5, WINDOW)), codes[:5]) == []  # fewer than `least`
    with pytest.raises(ValueError, match=r"expected attributions \(n, window\)"):
        find_patterns(np.zeros((3, 5)), codes)
    with pytest.raises(ValueError, match="at least 9 bp"):
        find_patterns(np.zeros((3, 5)), codes[:3, :5])


IUPAC = {"C": "C", "A": "A", "G": "G", "S": "CG", "Y": "CT", "R": "AG", "K": "GT"}
CTCF = [[letter in IUPAC[code] for letter in "ACGT"] for code in "CCASYAGRKGGCRS"]
CTCF = np.array(CTCF) / np.sum(CTCF, 1, keepdims=True)


@pytest.mark.thorough
@pytest.mark.shared_data
def test_the_published_weights_know_ctcf(shared_data):
    """What they learned of windows of test chromosomes, and random weights have not."""
    data = open_chromatin(
        shared_data / "human_chromatin" / "human_chromatin_100bp.h5", "test", sources=["ctcf"]
    )
    task = data.tasks.index("nervousSystem|CTCF|ENCFF403SBB")
    known = load_model("conv_bigru.human_chromatin.v1")
    codes = data.read_codes(0, 512)
    scores = known.predict(codes, batch_size=256, verbose=0)[:, task]
    codes = codes[np.argsort(-scores, kind="stable")[:60]]
    random = conv_bigru(**known.checkpoint.arguments, seed=0)
    found = {}
    for name, model in (("known", known), ("random", random)):
        attributions = attribute(model, codes, tasks=task, steps=4, batch_size=60)
        patterns = find_patterns(attributions, codes, most=1, least=10)
        found[name] = [
            (match(pattern.matrix, CTCF).value, match_pvalue(pattern.matrix, [CTCF]))
            for pattern in patterns
        ] or [(0, 1)]
    (known_value, known_p), (random_value, random_p) = found["known"][0], found["random"][0]
    assert known_value > 0.7 and known_p <= 0.005
    assert random_value < 0.5 and random_p > 0.05
