"""Losses and streaming metrics against arithmetic on paper."""

import re

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from genome_keras.losses import REDUCTIONS, MaskedCrossEntropy, NextBaseCrossEntropy
from genome_keras.metrics import F1, CrossEntropy, NextBasePerplexity, Perplexity

BACKEND = keras.backend.backend()
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


# Shapes: nothing is repeated to fit

ONE_TASK = np.array([[1.0], [0.0], [1.0], [-1.0]], "float32")
ONE_SCORE = np.array([[0.9], [0.2], [0.6], [0.7]], "float32")
NATS = -np.log([0.9, 0.8, 0.6])  # of its three measured labels


KINDS = pytest.mark.parametrize("kind", [MaskedCrossEntropy, CrossEntropy, Perplexity, F1])
INSIDE = pytest.mark.parametrize(
    "inside",
    [
        pytest.param(False, id="eager"),
        pytest.param(True, id="graph", marks=pytest.mark.compiled),
    ],
)


def call(kind, inside, labels, scores, sample_weight=None):
    """The value, eagerly or with all arrays as inputs of a compiled graph."""
    made = kind(**({"tasks": scores.shape[-1]} if kind is F1 else {}))

    def value(*arrays):
        if isinstance(made, keras.losses.Loss):
            return made(*arrays)
        made.reset_state()
        made.update_state(*arrays)
        return made.result()

    arrays = [labels, scores] + ([] if sample_weight is None else [sample_weight])
    if not inside:
        return number(value(*arrays))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        # Any number of rows, as of the last batch: only the ranks and the tasks are known.
        value = tf.function(
            value,
            input_signature=[tf.TensorSpec((None, *a.shape[1:]), a.dtype) for a in arrays],
        )
        return number(value(*map(tf.constant, arrays)))
    if BACKEND == "jax":
        import jax

        if isinstance(made, keras.metrics.Metric):

            def value(*arrays):
                start = [variable.value for variable in made.variables]
                start = [keras.ops.zeros_like(one) for one in start]
                return made.stateless_result(made.stateless_update_state(start, *arrays))

        return number(jax.jit(value)(*arrays))
    return number(value(*map(keras.ops.convert_to_tensor, arrays)))


@KINDS
@INSIDE
def test_one_task_may_be_without_its_axis(kind, inside):
    column = call(kind, inside, ONE_TASK, ONE_SCORE)
    assert call(kind, inside, ONE_TASK[:, 0], ONE_SCORE) == column
    expected = {MaskedCrossEntropy: NATS.mean(), CrossEntropy: NATS.mean()}
    expected |= {Perplexity: np.exp(NATS.mean()), F1: 1.0}
    assert column == pytest.approx(expected[kind], rel=1e-5)


@KINDS
@INSIDE
@pytest.mark.parametrize(
    ("shape", "sample_weight"),
    [
        ((4, 1), None),
        ((4,), None),
        ((3,), None),
        ((1, 3), None),
        ((3, 4), None),
        ((12,), None),
        ((4, 3, 1), None),
        ((4, 3), (3,)),
        ((4, 3), (1, 3)),
        ((4, 3), (4, 2)),
        ((4, 3), (3, 4)),
        ((4, 3), ()),
    ],
)
def test_other_shapes_are_an_error(kind, inside, shape, sample_weight):
    weights = None if sample_weight is None else np.ones(sample_weight, "float32")
    if weights is not None and not weights.ndim and inside:
        pytest.skip("a graph's inputs have rows here")
    wrong = shape if weights is None else sample_weight
    # Where a graph takes any number of rows, the shapes are told when it runs.
    is_unknown = inside and BACKEND == "tensorflow"
    message = rf"Received: \w+ {re.escape(str(wrong))}, scores \(4, 3\)"
    message += r"|Received: \w+, scores\] .*\[4 3\]|\(None" if is_unknown else ""
    with pytest.raises(Exception, match=message):
        call(kind, inside, np.ones(shape, "float32"), np.full((4, 3), 0.5, "float32"), weights)


def test_fit_learns_from_labels_without_an_axis():
    """The same weights as from a column, step by step."""
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 32).astype("float32")
    x = draw.normal(size=(32, 3)).astype("float32") + y[:, None]
    after = []
    for labels in (y, y[:, None]):
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")]
        )
        model.compile("sgd", MaskedCrossEntropy(), metrics=[Perplexity(), F1(tasks=1)])
        history = model.fit(x, labels, epochs=2, batch_size=10, verbose=0, shuffle=False).history
        after.append((history, model.get_weights()))
    assert after[0][0] == after[1][0]
    assert all(map(np.array_equal, after[0][1], after[1][1]))


# Reductions and weights, against a loop


def by_loop(labels, scores, weights, positive, reduction):
    """What the documentation of `reduction` says, label by label."""
    total = divisor = 0.0
    each = np.zeros(labels.shape)
    for i, j in np.ndindex(*labels.shape):
        if not labels[i, j] >= 0:
            continue
        weight = weights[i, j] * (positive[j] if labels[i, j] == 1 else 1)
        chance = scores[i, j] if labels[i, j] == 1 else 1 - scores[i, j]
        each[i, j] = -np.log(chance) * weight
        total += each[i, j]
        divisor += weight if reduction == "mean_with_sample_weight" else 1
    if reduction in ("none", None):
        return each
    return total if reduction == "sum" else total / divisor


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights", [None, (3,), (3, 1), (3, 3)])
def test_reductions(reduction, weights):
    positive = [2.0, 0.5, 3.0]
    draw = np.random.default_rng(1)
    given = None if weights is None else draw.uniform(0.5, 2, weights).astype("float32")
    each = np.ones((3, 3)) if given is None else given.reshape(3, -1) * np.ones((3, 3))
    loss = MaskedCrossEntropy(positive, reduction=reduction)
    expected = by_loop(LABELS, SCORES, each, positive, reduction)
    got = keras.ops.convert_to_numpy(loss(LABELS, SCORES, sample_weight=given))
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.reduction == reduction and again.positive_weight == positive


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_of_the_next_base(reduction):
    codes = np.array([[0, 4, 3], [1, 2, 4]])
    scores = np.random.default_rng(0).dirichlet(np.ones(4), (2, 3)).astype("float32")
    weights = np.array([2.0, 0.5], "float32")
    nats = np.zeros((2, 3))
    for i, j in np.ndindex(2, 3):
        if codes[i, j] < 4:
            nats[i, j] = -np.log(scores[i, j, codes[i, j]])
    each = nats * weights[:, None]
    known = codes < 4
    expected = {
        "sum": each.sum(),
        "mean_with_sample_weight": each.sum() / (known * weights[:, None]).sum(),
    }
    expected = expected.get(reduction, each if reduction in ("none", None) else each.sum() / 4)
    loss = NextBaseCrossEntropy(reduction=reduction)
    got = keras.ops.convert_to_numpy(loss(codes, scores, sample_weight=weights))
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    metric = NextBasePerplexity()
    metric.update_state(codes, scores, sample_weight=weights)
    mean = each.sum() / (known * weights[:, None]).sum()
    assert number(metric.result()) == pytest.approx(np.exp(mean), rel=1e-5)


@pytest.mark.parametrize(
    ("codes", "scores", "weights"),
    [
        ((2,), (2, 3, 4), None),
        ((1, 3), (2, 3, 4), None),
        ((2, 3), (2, 3, 5), None),
        ((2, 3), (2, 4), None),
        ((2, 3), (2, 3, 4), (3,)),
    ],
)
@pytest.mark.parametrize("kind", [NextBaseCrossEntropy, NextBasePerplexity])
def test_other_shapes_of_the_next_base_are_an_error(kind, codes, scores, weights):
    weights = None if weights is None else np.ones(weights, "float32")
    made = kind()
    with pytest.raises(ValueError, match=r"Received: "):
        (made if kind is NextBaseCrossEntropy else made.update_state)(
            np.zeros(codes, "uint8"), np.full(scores, 0.25, "float32"), sample_weight=weights
        )


@pytest.mark.parametrize("kind", [CrossEntropy, Perplexity, F1])
def test_sample_weights_of_metrics(kind):
    """Weight 0 leaves a row out; equal weights change nothing."""
    made = {"tasks": 3} if kind is F1 else {}
    some, whole, equal = kind(**made), kind(**made), kind(**made)
    some.update_state(LABELS, SCORES, sample_weight=np.array([1.0, 0.0, 1.0]))
    whole.update_state(LABELS[[0, 2]], SCORES[[0, 2]])
    equal.update_state(LABELS[[0, 2]], SCORES[[0, 2]], sample_weight=np.full((2, 3), 5.0))
    assert number(some.result()) == pytest.approx(number(whole.result()), rel=1e-6)
    assert number(equal.result()) == pytest.approx(number(whole.result()), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaskedCrossEntropy(reduction="max"), "reduction must be one of"),
        (lambda: MaskedCrossEntropy([1.0, 2.0])(LABELS, SCORES), "one for each task"),
        (lambda: F1(tasks=0), "tasks must be an integer of at least 1"),
        (lambda: F1(tasks=1).update_state(LABELS, SCORES), r"scores must be \(batch, 1\)"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
