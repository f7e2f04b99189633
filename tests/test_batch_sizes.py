"""Laws of batches: nothing is filled where nothing is compiled, and little elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toy import Toy

from genome_keras.encode import tokens
from genome_keras.interpret import Mutagenesis, ism
from genome_keras.scoring.batch import GRAIN, SPARE, BatchSizes, batch_scores, once_if_blank
from genome_keras.scoring.scorer import Scorer

ROWS = st.integers(1, 3000)


@given(st.lists(ROWS, min_size=1, max_size=20), st.integers(1, 300))
def test_nothing_is_filled_where_nothing_is_compiled(calls, most):
    """Batches of one call are of about the same number of rows."""
    sizes = BatchSizes(most, compiled=False)
    for rows in calls:
        size = sizes.of(rows)
        batches = -(-rows // size)
        assert size <= most and batches == -(-rows // most) and size * batches - rows < batches


@given(st.lists(ROWS, min_size=1, max_size=40))
def test_little_is_filled_where_sizes_are_compiled(calls):
    """A tenth of all rows, and of each call an eighth; and the sizes are few."""
    sizes, spent, seen = BatchSizes(256, compiled=True), 0, set()
    for number, rows in enumerate(calls, 1):
        size = sizes.of(rows)
        filled = -(-rows // size) * size - rows
        spent += filled
        seen.add(size)
        asked = sum(calls[:number])
        assert size <= 256
        new = rows / GRAIN + 1 + rows / 256
        assert filled <= new or spent <= asked / SPARE
    assert len(seen) <= GRAIN * 5 + 2 * GRAIN


@pytest.mark.parametrize(
    ("rows", "passed"), [(1, 1), (2, 2), (301, 320), (256, 256), (257, 288), (903, 960)]
)
def test_what_waits_is_not_filled(rows, passed):
    """One sequence, one variant, and the 301 passes of mutagenesis at 100 bp."""
    size = BatchSizes(256, compiled=True).of(rows)
    assert -(-rows // size) * size == passed


def test_the_last_batch_of_many_takes_the_size_that_is_there():
    sizes = BatchSizes(256, compiled=True)
    assert [sizes.of(256) for _ in range(30)] == [256] * 30
    assert sizes.of(3) == 256
    assert BatchSizes(256, compiled=True).of(3) == 3


@pytest.mark.parametrize("n", [1, 2, 7, 16, 40])
def test_batches_change_no_score(n):
    model, codes = Toy(), np.random.default_rng(n).integers(0, 5, (n, 12), np.uint8)
    found = batch_scores(model, codes, 7, BatchSizes(7, compiled=True))
    np.testing.assert_array_equal(found, model.scores(codes))


def test_windows_of_nothing_but_n_are_computed_once():
    model, codes = Toy(), np.random.default_rng(0).integers(0, 5, (9, 12), np.uint8)
    codes[[1, 4, 5, 8]] = 4
    found = Scorer(model).scores(codes)
    np.testing.assert_array_equal(found, model.scores(codes))
    assert model.rows == 6
    blank = np.full((5, 12), 4, np.uint8)
    np.testing.assert_array_equal(once_if_blank(model.predict_on_batch, blank), found[[1] * 5])
    assert model.rows == 7
    model.shapes.clear()
    Scorer(model).scores(codes[[1]])
    assert model.rows == 1


def test_mutagenesis_costs_its_windows_and_no_more():
    """3 w + 1 passes a window of known letters, the window's own among them."""
    codes = np.random.default_rng(0).integers(0, 4, (3, 12), np.uint8)
    for some, batch_size in ((codes[:1], 256), (codes, 256), (codes, 10)):
        model = Toy()
        effects = ism(model, some, batch_size=batch_size)
        assert model.rows == len(some) * (3 * 12 + 1) and np.isfinite(effects).all()
    codes[0, :5] = 4
    model = Toy()
    ism(model, codes[:1])
    assert model.shapes == [(3 * 7 + 1, 12)]


def test_mutagenesis_is_the_difference_of_windows():
    model, window = Toy(), "ACGTNACGTACA"
    codes, change = tokens(window), Mutagenesis(Scorer(model))
    effects = change(codes)[0]
    own = model.scores(codes)[0]
    for at, letter in np.ndindex(12, 4):
        changed = codes.copy()
        changed[0, at] = letter
        expected = np.nan if window[at] == "N" else model.scores(changed)[0] - own
        np.testing.assert_allclose(effects[at, letter], expected, atol=1e-6)
    scores, of_windows = change.scores(codes)
    np.testing.assert_allclose(of_windows[0], own)
    assert np.isfinite(scores).all()
