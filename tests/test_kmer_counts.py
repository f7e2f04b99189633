"""The counting layer against a count by hand, on the backend of KERAS_BACKEND."""

from itertools import product

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.encode import kmer_counts, reverse_complement
from genome_keras.layers.kmer_counts import KmerCounts, reverse_complement_columns

K = (1, 2, 3, 4, 5)


def codes(n, window, seed=0, letters=5):
    return np.random.default_rng(seed).integers(0, letters, (n, window), dtype=np.uint8)


def count(x, **arguments):
    return keras.ops.convert_to_numpy(KmerCounts(**arguments)(x))


def naive(x, k):
    """Every k-mer looked for at every position."""
    rows = ["".join("ACGTN"[code] for code in row) for row in x]
    words = ["".join(word) for size in k for word in product("ACGT", repeat=size)]
    return np.array([[sum(r.startswith(w, i) for i in range(len(r))) for w in words] for r in rows])


@pytest.mark.parametrize("k", [(1,), (2,), (1, 3), (1, 2, 3, 4)])
@pytest.mark.parametrize("window", [1, 2, 3, 30])
def test_equals_a_count_by_hand(k, window):
    x = codes(3, window)
    got = count(x, k=k)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, naive(x, k))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_equals_the_counts_of_strings(row):
    x = np.array([row, row[::-1]], np.uint8)
    np.testing.assert_array_equal(count(x, k=K), kmer_counts(x, k=K))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_any_integer_type(dtype):
    x = codes(4, 100)
    np.testing.assert_array_equal(count(x.astype(dtype)), kmer_counts(x))


def test_counts_are_exact_whatever_the_dtype_policy():
    x = np.zeros((1, 1001), np.uint8)
    got = keras.ops.convert_to_numpy(KmerCounts(k=(1, 3), dtype="mixed_bfloat16")(x))
    assert got.dtype == np.float32 and got[0, 0] == 1001 and got[0, 4] == 999


def test_columns_of_the_reverse_complement():
    x, columns = codes(6, 40), reverse_complement_columns(K)
    np.testing.assert_array_equal(kmer_counts(x)[:, columns], kmer_counts(reverse_complement(x)))
    np.testing.assert_array_equal(columns[columns], np.arange(1364))


def test_both_strands():
    x = codes(6, 40)
    both = count(x, both_strands=True)
    np.testing.assert_array_equal(both, (count(x) + count(reverse_complement(x))) / 2)
    np.testing.assert_array_equal(both, count(reverse_complement(x), both_strands=True))
    assert not np.array_equal(both, count(x))


@pytest.mark.parametrize("both_strands", [False, True])
def test_a_model_of_any_window(both_strands):
    inputs = keras.Input((None,), dtype="uint8")
    model = keras.Model(inputs, KmerCounts(both_strands=both_strands)(inputs))
    assert model.output.shape == (None, 1364) and model.output.dtype == "float32"
    for window in (50, 3):
        x = codes(5, window)
        got = model.predict(x, batch_size=4, verbose=0)  # compiled, and a shorter last batch
        np.testing.assert_array_equal(got, count(x, both_strands=both_strands))


def test_save_and_load(tmp_path):
    inputs = keras.Input((20,), dtype="uint8")
    model = keras.Model(inputs, KmerCounts(k=(2, 3), both_strands=True)(inputs))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    x = codes(4, 20)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("k", [(), (0, 1), (1.0,), (2, 1), (1, 1), (9,)])
def test_bad_k(k):
    with pytest.raises(ValueError, match=r"k must be .* Received: k="):
        KmerCounts(k=k)
