"""A check that cannot be fooled: motifs that were planted come back, with rank, place and gap.

A small network is trained on windows in which A raises the first task unless R stands there too:
on log-odds R takes away what A adds. The second task is A, then B, with exactly four letters
between them: neither the other order nor another gap will do. What it learned is then asked of
it by every experiment, as of any network; and an untrained one has none of it.
"""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from genome_keras.encode import reverse_complement, tokens
from genome_keras.interpret import (
    attribute,
    find_patterns,
    ism,
    marginalize,
    of_letters,
    region_epistasis,
    similarities,
    space,
)
from genome_keras.layers.strands import OneHot
from genome_keras.scoring.scorer import Scorer

pytestmark = [pytest.mark.thorough, pytest.mark.compiled]

WINDOW, GAP, SEED = 48, 4, 7
A, B, R = (tokens([word])[0] for word in ("TGACCAA", "GGAAGTC", "CAGCTGT"))
WIDTH = len(A)
TASKS = REPRESSED, PAIR = 0, 1
CLEAR = 1.5  # log-odds: what counts as an effect
DECOYS = [np.eye(4)[tokens([word])[0]] for word in ("ACGTGCA", "ATTCGGA", "GCGCATT", "CTTGAGC")]


def planted(n, seed):
    """Codes (n, WINDOW), labels (n, 2), and starts of A, B and R, -1 where there is none."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (n, WINDOW), dtype=np.uint8)
    places = np.full((n, 3), -1)
    kind = random.integers(0, 8, n)
    for row in range(n):
        start = random.integers(0, WINDOW - 4 * WIDTH)
        a, b, r = [
            (None, None, None),
            (start, None, None),
            (None, start, None),
            (None, None, start),
            (start, None, start + WIDTH + random.integers(0, 2 * WIDTH)),
            (start, start + WIDTH + GAP, None),  # the pair
            (start + WIDTH + GAP, start, None),  # the other order
            (start, start + WIDTH + random.choice([0, 1, 2, 6, 8, 10]), None),  # another gap
        ][kind[row]]
        for column, (word, at) in enumerate(zip((A, B, R), (a, b, r), strict=True)):
            if at is not None:
                codes[row, at : at + WIDTH], places[row, column] = word, at
    there = places >= 0
    labels = np.stack([there[:, 0] & ~there[:, 2], kind == 5], 1)
    return codes, labels.astype(np.float32), places


def network():
    codes = keras.Input((WINDOW,), dtype="uint8")
    x = OneHot()(codes)
    x = keras.layers.Conv1D(12, WIDTH, activation="relu")(x)
    x = keras.layers.Conv1D(12, WIDTH + GAP + 1, activation="relu")(x)
    x = keras.layers.GlobalMaxPooling1D()(x)
    model = keras.Model(codes, keras.layers.Dense(2, activation="sigmoid")(x))
    random = np.random.default_rng(SEED)
    for weight in model.trainable_weights:  # the same on each backend
        if len(weight.shape) > 1:
            ends = weight.shape[-2] + weight.shape[-1]
            limit = np.sqrt(6 / (ends * np.prod(weight.shape[:-2], initial=1)))
            weight.assign(random.uniform(-limit, limit, weight.shape))
    return model


@pytest.fixture(scope="module")
def learned():
    """A trained network, an untrained one, and windows that neither has seen."""
    model, blank = network(), network()
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
    codes, labels, _ = planted(16000, seed=1)
    model.fit(codes, labels, batch_size=64, epochs=3, verbose=0, shuffle=False)
    codes, labels, places = planted(800, seed=2)
    return SimpleNamespace(
        model=Scorer(model), blank=Scorer(blank), codes=codes, labels=labels, places=places
    )


def backgrounds(n=40, seed=3):
    return np.random.default_rng(seed).integers(0, 4, (n, WINDOW), dtype=np.uint8)


def letters(codes):
    return "".join("ACGT"[code] for code in codes)


def test_it_learned_what_was_planted(learned):
    right = (learned.model.scores(learned.codes) > 0.5) == (learned.labels > 0.5)
    assert (right.mean(0) > 0.95).all()


@pytest.mark.parametrize("method", ["occlusion", "deep_lift_shap", "integrated_gradients"])
def test_the_motif_has_the_first_rank_and_lies_where_it_was_planted(learned, method):
    rows = np.flatnonzero((learned.places[:, 0] >= 0) & (learned.places[:, 1:] < 0).all(1))[:80]
    codes, start = learned.codes[rows], learned.places[rows, 0]
    found = of_letters(attribute(learned.model, codes, tasks=REPRESSED, method=method), codes)
    sums = np.lib.stride_tricks.sliding_window_view(found, WIDTH, 1).sum(2)
    assert (np.abs(sums.argmax(1) - start) <= 1).mean() > 0.9
    pattern = find_patterns(found, codes, each=1)[0]
    known = [np.eye(4)[word] for word in (A, B, R)] + DECOYS
    values = similarities(pattern.matrix, known)
    assert values.argmax() == 0 and values[0] > 0.8 and np.sort(values)[-2] < 0.7


def test_mutagenesis_loses_the_letters_of_the_motif(learned):
    rows = np.flatnonzero((learned.places[:, 0] >= 0) & (learned.places[:, 1:] < 0).all(1))[:30]
    effects = ism(learned.model, learned.codes[rows], effect="logodds")[..., REPRESSED]
    loss = -np.nanmin(effects, 2)  # of the worst substitution
    inside = np.arange(WINDOW) - learned.places[rows, :1]
    inside = (inside >= 0) & (inside < WIDTH)
    assert np.median(loss[inside]) > CLEAR > 3 * np.median(loss[~inside])


def test_what_a_motif_does_to_backgrounds(learned):
    words = [letters(word) for word in (A, B, R)] + ["ACGTGCA"]
    change = marginalize(learned.model, words, backgrounds()).change.mean(0)
    assert change[0, REPRESSED] > CLEAR
    assert (np.abs(change[[1, 3], REPRESSED]) < change[0, REPRESSED] / 3).all()
    assert change[2, REPRESSED] < change[0, REPRESSED] / 3  # R adds nothing
    none = marginalize(learned.blank, words, backgrounds()).change.mean(0)
    assert np.abs(none).max() < CLEAR / 3


def test_two_motifs_at_the_planted_gap_in_the_planted_order(learned):
    pair = letters(A), letters(B)
    found = space(learned.model, *pair, backgrounds(), distances=range(0, 11))
    beyond = found.cooperativity[..., PAIR].mean(0)
    assert beyond.argmax() == GAP and beyond[GAP] > CLEAR
    others = np.delete(beyond, GAP)
    assert others.max() < beyond[GAP] / 2
    turned = space(learned.model, *pair[::-1], backgrounds(), distances=range(0, 11))
    assert turned.cooperativity[..., PAIR].mean(0).max() < beyond[GAP] / 2
    none = space(learned.blank, *pair, backgrounds(), distances=range(0, 11))
    assert np.abs(none.cooperativity.mean(0)).max() < CLEAR / 3


def test_the_repressor_takes_away_what_the_motif_does(learned):
    found = space(learned.model, letters(A), letters(R), backgrounds(), distances=range(2, 12, 3))
    alone = (found.first - found.neither)[:, REPRESSED].mean()
    with_it = (found.both - found.neither[:, None])[..., REPRESSED].mean(0)
    assert alone > CLEAR and (with_it < alone / 3).all()
    rows = np.flatnonzero((learned.places[:, 0] >= 0) & (learned.places[:, 2] >= 0))[:80]
    codes = learned.codes[rows]
    carried = of_letters(
        attribute(learned.model, codes, tasks=REPRESSED, method="occlusion"), codes
    )
    at = learned.places[rows, 2][:, None] + np.arange(WIDTH)
    assert np.take_along_axis(carried, at, 1).sum(1).mean() < -CLEAR / 2  # R lowers the score


def test_the_two_motifs_of_a_pair_interact(learned):
    """A with B; neither with the letters between them."""
    rows = np.flatnonzero(learned.labels[:, PAIR] > 0)[:20]
    found = []
    for row in rows:
        a = int(learned.places[row, 0])
        b = a + WIDTH + GAP
        regions = [(a, a + WIDTH), (b, b + WIDTH), (a + WIDTH, b)]
        codes = learned.codes[row : row + 1]
        found.append(region_epistasis(learned.model, codes, regions, how="n")[0, ..., PAIR])
    mean = np.mean(found, 0)
    assert mean[0, 1] > CLEAR
    assert abs(mean[0, 2]) < mean[0, 1] / 2 and abs(mean[1, 2]) < mean[0, 1] / 2


def test_the_other_strand_is_not_the_motif(learned):
    """The network reads one strand, and nothing was planted on the other."""
    turned = letters(reverse_complement(A[None])[0])
    change = marginalize(learned.model, [letters(A), turned], backgrounds()).change
    assert abs(change[:, 1, REPRESSED].mean()) < change[:, 0, REPRESSED].mean() / 3
