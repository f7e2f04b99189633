import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genome_keras.evaluation.baselines import gc_fraction, gc_scores, prior_scores

A, C, G, T, N = range(5)


def problem(*, n=600, tasks=3, window=30, seed=0):
    """Windows whose labels depend on their GC content, partly unmeasured."""
    draw = np.random.default_rng(seed)
    gc = draw.random(n)[:, None]
    strong = draw.random((n, window)) < gc
    codes = np.where(strong, draw.integers(1, 3, (n, window)), 3 * draw.integers(0, 2, (n, window)))
    codes[draw.random((n, window)) < 0.1] = N
    chance = np.concatenate([0.8 * gc, gc * (1 - gc), 0.1 + 0 * gc], 1)[:, :tasks]
    labels = (draw.random((n, tasks)) < chance).astype(np.int8)
    labels[draw.random((n, tasks)) < 0.2] = -1
    return codes.astype(np.uint8), labels


def test_gc_fraction_does_not_count_n():
    codes = np.array([[A, C, G, T], [G, C, N, N], [N, N, N, A], [N, N, N, N]], np.uint8)
    np.testing.assert_array_equal(gc_fraction(codes), [0.5, 1.0, 0.0, np.nan])


def test_prior_is_the_training_rate_in_every_row():
    labels = np.array([[1, 0], [0, 0], [1, -1]])
    np.testing.assert_allclose(prior_scores(labels, 2), [[2.5 / 4, 0.5 / 3]] * 2)


def test_gc_scores_equal_scikit_learn():
    codes, labels = problem()
    new, _ = problem(n=50, seed=1)
    found = gc_scores(codes, labels, new)

    def powers(codes):
        gc = gc_fraction(codes)
        return np.stack([gc, gc**2], 1)

    center, spread = powers(codes).mean(0), powers(codes).std(0)
    for task in range(labels.shape[1]):
        kept = labels[:, task] >= 0
        fit = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(
            (powers(codes)[kept] - center) / spread, labels[kept, task]
        )
        wanted = fit.predict_proba((powers(new) - center) / spread)[:, 1]
        np.testing.assert_allclose(found[:, task], wanted, atol=1e-6)
    assert np.ptp(found[:, 0]) > 0.3


def test_gc_scores_find_the_optimum_where_gc_separates_the_labels():
    draw = np.random.default_rng(0)
    high = np.arange(4000) % 400 == 0  # ten positives, all of them at the extreme
    codes = np.where(high[:, None], G, np.where(draw.random((4000, 40)) < 0.3, G, A))
    found = gc_scores(codes, high[:, None].astype(np.int8), codes)[:, 0]
    assert found[high].min() > 0.5 > 0.1 > found[~high].max()
    assert found.mean() == pytest.approx(high.mean(), abs=1e-9)  # holds at the optimum only


def test_labels_not_measured_do_not_count():
    codes, labels = problem()
    kept = labels[:, 0] >= 0
    hidden = np.where(kept, labels[:, 0], np.nan)[:, None]
    every = gc_scores(codes, np.where(kept, labels[:, 0], 0)[:, None], codes)
    np.testing.assert_array_equal(
        gc_scores(codes, hidden, codes), gc_scores(codes, labels[:, :1], codes)
    )
    assert np.abs(every - gc_scores(codes, hidden, codes)).max() > 0.01


def test_a_task_of_one_kind_has_its_prior():
    codes, _ = problem(n=20)
    labels = np.zeros((20, 3), np.int8)
    labels[:, 1], labels[:, 2] = 1, -1
    np.testing.assert_allclose(gc_scores(codes, labels, codes), prior_scores(labels, 20))


def test_windows_without_a_base_have_the_mean_gc():
    codes = np.repeat(np.array([[A] * 4, [G] * 4, [N] * 4], np.uint8), 10, axis=0)
    labels = np.concatenate([np.eye(10)[:1].T, 1 - np.eye(10)[:1].T, np.eye(10)[:1].T])
    new = np.array([[N, N, N, N], [A, A, G, G], [A, A, A, A], [G, G, G, G]], np.uint8)
    nothing, middle, low, high = gc_scores(codes, labels, new)[:, 0]
    assert nothing == middle
    assert low < middle < high
