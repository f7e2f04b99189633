"""The batched solver against scikit-learn and against the conditions of an optimum."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genome_keras.encode import kmer_counts
from genome_keras.training.logreg import fit

RATES = (0.5, 0.1, 0.02)


@pytest.fixture(scope="module")
def problem():
    """k-mer counts with collinear columns, and labels that they explain in part."""
    draw = np.random.default_rng(0)
    x = draw.choice(4, (1500, 60), p=(0.3, 0.25, 0.25, 0.2)).astype(np.uint8)
    counts = kmer_counts(x, k=(1, 2, 3))
    margins = (counts - counts.mean(0)) @ draw.normal(0, 0.2, (84, len(RATES)))
    labels = draw.random(margins.shape) < 1 / (1 + np.exp(-margins - np.log(RATES)))
    return counts, labels.astype(np.int8)


def objective(counts, labels, weights, intercept, C):
    """For one task, in float64, straight from its definition."""
    seen = labels >= 0
    margins = counts[seen].astype(float) @ weights + intercept
    losses = np.logaddexp(0, margins) - labels[seen] * margins
    return C * losses.sum() + weights @ weights / 2


def scikit_learn(counts, labels, C):
    """The lowest objective it finds; centred, which changes the intercept only."""
    seen = labels >= 0
    x = counts[seen] - counts[seen].mean(0)
    model = LogisticRegression(C=C, max_iter=20_000, tol=1e-8).fit(x, labels[seen])
    return objective(x, labels[seen], model.coef_[0], model.intercept_[0], C)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e6])
def test_no_higher_than_scikit_learn(problem, C):
    counts, labels = problem
    found = fit(counts, labels, C=C)
    assert found.converged.all()
    for task, column in enumerate(labels.T):
        ours = objective(counts, column, found.weights[:, task], found.intercepts[task], C)
        assert ours <= scikit_learn(counts, column, C) * (1 + 1e-6)
        assert found.objective[task] == pytest.approx(ours, rel=1e-6)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_raw_steps_lead_to_the_same_optimum_more_slowly(problem):
    counts, labels = problem
    best, raw = fit(counts, labels, C=1.0), fit(counts, labels, C=1.0, preconditioned=False)
    assert raw.converged.all() and raw.iterations.min() > 2 * best.iterations.max()
    np.testing.assert_allclose(raw.objective, best.objective, rtol=1e-4)
    few = fit(counts, labels, C=1.0, preconditioned=False, max_iter=10)
    assert np.all(few.objective > best.objective) and not few.converged.any()
    # scikit-learn is as far after as many steps, within what its line search differs by
    for task, column in enumerate(labels.T):
        model = LogisticRegression(C=1.0, max_iter=10).fit(counts, column)
        theirs = objective(counts, column, model.coef_[0], model.intercept_[0], 1.0)
        assert few.objective[task] <= 1.1 * theirs


def test_gradient_is_zero(problem):
    """But for the rounding of float32 sums: 1e-6 of the size of what is summed."""
    counts, labels = problem
    found = fit(counts, labels, C=0.1, tol=1e-12)
    wrong = 1 / (1 + np.exp(-(counts @ found.weights) - found.intercepts)) - labels
    size = counts.astype(float).T @ abs(wrong)
    gradient = counts.T @ wrong + found.weights / 0.1
    assert np.all(abs(gradient) <= 1e-6 * size)
    assert np.all(abs(wrong.sum(0)) <= 1e-6 * abs(wrong).sum(0))


def test_unmeasured_labels_do_not_count(problem):
    counts, labels = problem
    seen = np.random.default_rng(1).random(labels.shape) < 0.7
    found = fit(counts, np.where(seen, labels, -1).astype(np.int8), C=1.0)
    for task, kept in enumerate(seen.T):
        alone = fit(counts[kept], labels[kept, task : task + 1], C=1.0)
        assert found.objective[task] == pytest.approx(alone.objective[0], rel=1e-6)
        np.testing.assert_allclose(found.weights[:, task], alone.weights[:, 0], atol=1e-3)


def test_a_task_of_one_kind_is_its_rate(problem):
    counts, labels = problem
    labels = labels.copy()
    labels[:, 0], labels[:500, 1], labels[500:, 1], labels[:, 2] = 0, 1, -1, -1
    found = fit(counts, labels, C=1.0)
    assert np.all(found.weights == 0) and found.converged.all()
    rates = 1 / (1 + np.exp(-found.intercepts))
    np.testing.assert_allclose(rates, [0.5 / 1501, 500.5 / 501, 0.5])
    for task in range(3):
        expected = objective(counts, labels[:, task], np.zeros(84), found.intercepts[task], 1.0)
        assert found.objective[task] == pytest.approx(expected)


def test_a_warm_start_saves_steps(problem):
    counts, labels = problem
    first = fit(counts, labels, C=1.0)
    again = fit(counts, labels, C=1.0, start=first)
    near = fit(counts, labels, C=1.1, start=first)
    cold = fit(counts, labels, C=1.1)
    assert again.iterations.max() <= 1
    assert near.iterations.sum() < cold.iterations.sum()
    np.testing.assert_allclose(near.objective, cold.objective, rtol=1e-6)


def test_tasks_do_not_influence_each_other(problem):
    counts, labels = problem
    together = fit(counts, labels, C=1.0)
    apart = fit(counts, labels, C=1.0, tasks_at_once=1)
    np.testing.assert_allclose(apart.objective, together.objective, rtol=1e-6)
    np.testing.assert_allclose(apart.weights, together.weights, atol=1e-3)


def test_most_steps(problem):
    counts, labels = problem
    found = fit(counts, labels, C=1e6, max_iter=2)
    assert np.all(found.iterations == 2) and not found.converged.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"C": 0}, "C must be above 0. Received: C=0"),
        ({"labels": np.zeros((3, 2), int)}, r"Received: \(1500, 84\) and \(3, 2\)"),
        ({"labels": np.full((1500, 2), 2)}, r"labels must be integers -1, 0, 1. Received: \[2\]"),
        ({"labels": np.zeros((1500, 2))}, "labels must be integers"),
    ],
)
def test_bad_arguments(problem, change, message):
    counts, labels = problem
    with pytest.raises(ValueError, match=message):
        fit(**{"counts": counts, "labels": labels, "C": 1.0, **change})


def test_a_start_of_other_tasks_is_refused(problem):
    counts, labels = problem
    with pytest.raises(ValueError, match="start must be of these features and tasks"):
        fit(counts, labels, C=1.0, start=fit(counts, labels[:, :1], C=1e-3))
