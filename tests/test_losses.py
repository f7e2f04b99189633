"""Losses and streaming metrics against arithmetic on paper."""

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from genome_keras.losses import MaskedCrossEntropy, NextBaseCrossEntropy
from genome_keras.metrics import F1, CrossEntropy, NextBasePerplexity, Perplexity

LABELS = np.array([[1, 0, -1], [0, -1, -1], [1, 1, -1]], "int8")
SCORES = np.array([[0.8, 0.4, 0.9], [0.3, 0.2, 0.1], [0.6, 0.7, 0.5]], "float32")
LOSSES = -np.log([0.8, 0.6, 0.7, 0.6, 0.7])  # of the five measured labels


def number(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


def test_cross_entropy_counts_only_what_was_measured():
    assert number(MaskedCrossEntropy()(LABELS, SCORES)) == pytest.approx(LOSSES.mean(), rel=1e-6)


def test_nan_is_not_measured():
    labels = np.where(LABELS < 0, np.nan, LABELS).astype("float32")
    assert number(MaskedCrossEntropy()(labels, SCORES)) == pytest.approx(LOSSES.mean(), rel=1e-6)


def test_without_a_mask_it_is_log_loss():
    labels = (np.arange(40).reshape(8, 5) % 3 == 0).astype("int8")
    scores = np.random.default_rng(0).random((8, 5)).astype("float32")
    expected = log_loss(labels.ravel(), scores.ravel())
    assert number(MaskedCrossEntropy()(labels, scores)) == pytest.approx(expected, rel=1e-5)


def test_no_measured_label_is_no_loss():
    assert number(MaskedCrossEntropy()(np.full((2, 2), -1), np.full((2, 2), 0.5))) == 0


def test_certain_and_wrong_is_finite():
    loss = number(MaskedCrossEntropy()(np.array([[1]]), np.array([[0.0]], "float32")))
    assert loss == pytest.approx(-np.log(1e-7), rel=1e-3)


def test_sample_weights():
    weights = np.array([1.0, 0.0, 3.0], "float32")
    expected = (LOSSES[[0, 1]].sum() + 3 * LOSSES[[3, 4]].sum()) / 8
    loss = MaskedCrossEntropy()
    assert number(loss(LABELS, SCORES, sample_weight=weights)) == pytest.approx(expected, rel=1e-5)
    each = np.repeat(weights[:, None], 3, 1)
    assert number(loss(LABELS, SCORES, sample_weight=each)) == pytest.approx(expected, rel=1e-5)


def test_gradient_ignores_unmeasured_labels():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="sigmoid")])
    model.compile("sgd", MaskedCrossEntropy())
    before = model.get_weights()[1].copy()
    model.train_on_batch(np.ones((3, 2), "float32"), LABELS)
    moved = model.get_weights()[1] != before
    assert moved.tolist() == [True, True, False]


def test_metrics_stream():
    entropy, perplexity = CrossEntropy(), Perplexity()
    for row in (slice(0, 1), slice(1, 3)):
        entropy.update_state(LABELS[row], SCORES[row])
        perplexity.update_state(LABELS[row], SCORES[row])
    assert number(entropy.result()) == pytest.approx(LOSSES.mean(), rel=1e-6)
    assert number(perplexity.result()) == pytest.approx(np.exp(LOSSES.mean()), rel=1e-6)
    entropy.reset_state()
    assert number(entropy.result()) == 0


def test_perplexity_is_the_geometric_mean_over_tasks():
    labels = (np.arange(24).reshape(8, 3) % 2).astype("int8")
    scores = np.random.default_rng(1).uniform(0.1, 0.9, (8, 3)).astype("float32")
    metric = Perplexity()
    metric.update_state(labels, scores)
    tasks = [np.exp(log_loss(labels[:, t], scores[:, t])) for t in range(3)]
    assert number(metric.result()) == pytest.approx(np.prod(tasks) ** (1 / 3), rel=1e-5)


def test_f1_equals_scikit_learn():
    draw = np.random.default_rng(2)
    labels = draw.integers(-1, 2, (50, 4)).astype("int8")
    scores = draw.random((50, 4)).astype("float32")
    labels[:, 3], scores[:, 3] = 0, 0.1  # neither a label nor a call
    metric = F1(tasks=4)
    for part in (slice(0, 20), slice(20, 50)):
        metric.update_state(labels[part], scores[part])
    expected = []
    for y, p in zip(labels.T, scores.T, strict=True):
        expected.append(f1_score(y[y >= 0], p[y >= 0] > 0.5, zero_division=0))
    assert number(metric.result()) == pytest.approx(np.mean(expected), rel=1e-6)


def test_next_base_does_not_count_n():
    codes = np.array([[0, 4, 3]], "uint8")
    scores = np.array([[[0.5, 0.3, 0.1, 0.1], [0.25] * 4, [0.1, 0.1, 0.6, 0.2]]], "float32")
    expected = -np.log([0.5, 0.2]).mean()
    assert number(NextBaseCrossEntropy()(codes, scores)) == pytest.approx(expected, rel=1e-6)
    metric = NextBasePerplexity()
    metric.update_state(codes, scores)
    assert number(metric.result()) == pytest.approx(np.exp(expected), rel=1e-6)


def test_a_blind_guess_has_perplexity_four():
    metric = NextBasePerplexity()
    metric.update_state(np.array([[0, 1, 2, 3]]), np.full((1, 4, 4), 0.25, "float32"))
    assert number(metric.result()) == pytest.approx(4, rel=1e-6)


@pytest.mark.parametrize("weight", [3.0, [3.0, 0.5]])
def test_weights_of_positives(weight):
    """The best constant score of a task is its share of ones, each counted `weight` times."""
    labels = np.array([[1, 1], [0, 1], [0, -1], [0, 0]], "float32")
    loss = MaskedCrossEntropy(positive_weight=weight)
    w = np.broadcast_to(weight, 2)
    best = np.array([w[0] / (w[0] + 3), 2 * w[1] / (2 * w[1] + 1)], "float32")
    values = {}
    for step in (-0.01, 0.0, 0.01):
        for task in (0, 1):
            scores = np.tile(best, (4, 1))
            scores[:, task] += step
            values[step, task] = float(loss(labels, scores))
    assert all(values[0.0, task] < values[step, task] for step in (-0.01, 0.01) for task in (0, 1))
    again = MaskedCrossEntropy.from_config(loss.get_config())
    assert float(again(labels, scores)) == float(loss(labels, scores))
