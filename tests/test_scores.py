import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as sk

from genome_keras import scores as gk

NAMES = ("f1", "auroc", "auprc", "perplexity", "brier", "calibration_error")


@st.composite
def examples(draw):
    """Labels with gaps and scores with many ties, in both precisions."""
    shape = (draw(st.integers(0, 40)), draw(st.integers(1, 3)))
    kinds = draw(st.sampled_from([[0, 1], [0, 1, -1], [0, 1, np.nan], [0, -1], [1, np.nan]]))
    labels = draw(arrays.arrays(float, shape, elements=st.sampled_from(kinds)))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    grid = st.sampled_from([0.0, -0.0, 1e-7, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
    any_score = st.floats(0, 1, width=16)
    return labels, draw(arrays.arrays(dtype, shape, elements=st.one_of(grid, any_score)))


def of_scikit_learn(label, score, called, edges):
    """scikit-learn's scores of one task, NaN where it has no answer."""
    if not label.size:
        return dict.fromkeys(NAMES, np.nan)
    clipped = np.clip(score, 1e-7, 1 - 1e-7)
    return {
        "f1": sk.f1_score(label, called, zero_division=0.0),
        "auroc": sk.roc_auc_score(label, score) if 0 < label.mean() < 1 else np.nan,
        "auprc": sk.average_precision_score(label, score) if label.any() else np.nan,
        "perplexity": np.exp(sk.log_loss(label, clipped, labels=[0, 1])),
        "brier": sk.brier_score_loss(label, score, pos_label=1),
        "calibration_error": by_bin(label, score, edges),
    }


def by_bin(label, score, edges):
    """Expected calibration error, bin by bin."""
    error = 0
    for low, high in itertools.pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == 1))
        if inside.any():
            error += inside.mean() * abs(label[inside].mean() - score[inside].mean())
    return error


@settings(max_examples=100, deadline=None)
@given(examples(), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_equals_scikit_learn(both, threshold):
    labels, scores = both
    kind = np.float64 if scores.dtype == np.float64 else np.float32
    cut, edges = kind(threshold), np.array(gk.BINS, kind)
    found = gk.task_scores(labels, scores, threshold=threshold)
    for task in range(labels.shape[1]):
        kept = labels[:, task] >= 0
        label, score = labels[kept, task].astype(int), scores[kept, task].astype(float)
        wanted = of_scikit_learn(label, score, score > cut, edges)
        wanted |= {"measured": kept.sum(), "positives": label.sum()}
        assert wanted.keys() == found.keys()
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name][task], value, rtol=1e-9, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(examples())
def test_each_function_is_its_column_of_task_scores(both):
    together = gk.task_scores(*both, threshold=0.25)
    np.testing.assert_array_equal(gk.f1(*both, threshold=0.25), together["f1"])
    for name in NAMES[1:]:
        alone = getattr(gk, name)(*both)
        assert alone.dtype == np.float64
        np.testing.assert_array_equal(alone, together[name])


@settings(max_examples=100, deadline=None)
@given(examples())
def test_no_threshold_beats_the_best(both):
    labels, scores = both
    best = gk.f1(labels, scores, threshold=gk.best_threshold(labels, scores))
    candidates = np.unique(np.append(scores.astype(float), -1.0))
    every = np.array([gk.f1(labels, scores, threshold=cut) for cut in candidates])
    np.testing.assert_array_equal(best, every.max(0))


def test_reliability_by_hand():
    labels = np.array([[1, 0], [0, -1], [1, 1], [0, 0]])
    scores = np.array([[0.03, 1.0], [0.03, 0.5], [0.1, 0.3], [0.0, 0.35]])
    count, positives, total = gk.reliability(labels, scores)
    assert count.shape == (len(gk.BINS) - 1, 2)
    low, ten, thirty = (gk.BINS.index(edge) for edge in (0.02, 0.1, 0.3))
    assert count[[0, low, ten], 0].tolist() == [1, 2, 1]  # 0.1 is an edge: the bin above it
    assert positives[[0, low, ten], 0].tolist() == [0, 1, 1]
    np.testing.assert_allclose(total[[0, low, ten], 0], [0, 0.06, 0.1])
    assert count[[thirty, -1], 1].tolist() == [2, 1] and count[:, 1].sum() == 3
    error = gk.calibration_error(labels, scores)
    np.testing.assert_allclose(error, [(0.94 + 0.9) / 4, (0.35 + 1) / 3])


def test_frequencies_as_scores_are_calibrated():
    draw = np.random.default_rng(0)
    scores = draw.random((200_000, 1)) ** 4
    labels = draw.random((200_000, 1)) < scores
    assert gk.calibration_error(labels.astype(int), scores) < 0.005
    assert gk.calibration_error(labels.astype(int), scores**0.5) > 0.1


def test_many_tasks_and_unmeasured_labels():
    draw = np.random.default_rng(0)
    labels = draw.integers(-1, 2, (500, 37)).astype(np.int8)
    scores = draw.random((500, 37), np.float32)
    for task in range(37):
        kept = labels[:, task] >= 0
        wanted = sk.roc_auc_score(labels[kept, task], scores[kept, task])
        assert gk.auroc(labels, scores)[task] == pytest.approx(wanted, abs=1e-12)


def test_double_precision_is_not_rounded_into_ties():
    labels = np.array([[0], [1]])
    scores = np.array([[0.5], [0.5 + 1e-15]])
    assert gk.auroc(labels, scores) == [1.0]
    assert gk.auroc(labels, scores.astype(np.float32)) == [0.5]


def test_scores_below_the_smallest_normal_number_keep_their_order():
    scores = np.array([[0.0], [1e-45], [1e-40], [1.0]], np.float32)
    assert gk.auroc(np.array([[0], [1], [0], [1]]), scores) == [0.75]


def test_a_score_at_the_threshold_is_no_call():
    labels, scores = np.array([[1], [0]]), np.array([[0.5], [0.25]])
    assert gk.f1(labels, scores) == [0.0]
    assert gk.f1(labels, scores, threshold=0.25) == [1.0]
    tight = np.array([[0.3], [0.2]], np.float32)  # float32(0.3) is above 0.3
    assert gk.f1(labels, tight, threshold=0.3) == [0.0]


def test_one_threshold_for_each_task():
    labels, scores = np.ones((1, 2)), np.full((1, 2), 0.5)
    np.testing.assert_array_equal(gk.f1(labels, scores, threshold=[0.4, 0.6]), [1.0, 0.0])


def test_perplexity_by_hand():
    labels = np.array([[1, 0], [1, -1]])
    scores = np.array([[0.5, 0.75], [0.125, 0.9]])
    np.testing.assert_allclose(gk.perplexity(labels, scores), [4.0, 4.0])
    assert gk.overall_perplexity(labels, scores) == pytest.approx(4.0)
    assert gk.overall_perplexity([[1, 0], [1, -1]], [[1, 0.0], [1, 0]]) == pytest.approx(
        1, abs=1e-6
    )
    assert gk.perplexity([[1]], [[0.0]]) == pytest.approx([1e7])


def test_overall_perplexity_weighs_labels_not_tasks():
    labels = np.array([[1, 1], [1, -1], [1, -1]])
    scores = np.full((3, 2), 0.5) * [1, 0.125]
    assert gk.overall_perplexity(labels, scores) == pytest.approx((2**3 * 16) ** (1 / 4))


def test_nothing_measured_is_undefined():
    labels, scores = np.full((3, 2), -1), np.full((3, 2), np.nan)
    found = gk.task_scores(labels, scores)
    assert found["measured"].tolist() == [0, 0]
    assert all(np.isnan(found[name]).all() for name in ("f1", "auroc", "auprc", "perplexity"))
    assert np.isnan(gk.overall_perplexity(labels, scores))
    np.testing.assert_array_equal(gk.best_threshold(labels, scores), [1, 1])


def test_positive_rates_are_never_zero_or_one():
    rates = gk.positive_rates(np.array([[0, 1, -1], [0, 1, -1], [0, -1, -1]]))
    np.testing.assert_allclose(rates, [0.5 / 4, 2.5 / 3, 0.5])


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([[1], [0]], [[0.5, 0.5]], r"labels \(2, 1\), scores \(1, 2\)"),
        ([1, 0], [0.5, 0.5], r"must both be \(n, tasks\)"),
        ([[2], [0]], [[0.5], [0.5]], "task 0"),
        ([[0, 0.5]], [[0.5, 0.5]], "task 1"),
        ([[1], [0]], [[1.5], [0.5]], "0.5 to 1.5"),
        ([[1], [0]], [[-0.5], [0.5]], "-0.5 to 0.5"),
        ([[1], [0]], [[np.nan], [0.5]], "nan"),
    ],
)
def test_refuses_what_it_cannot_score(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        gk.task_scores(np.array(labels), np.array(scores))
    with pytest.raises(ValueError, match=message):
        gk.auprc(np.array(labels), np.array(scores))


def test_errors_name_the_task():
    labels = np.zeros((1, 20))
    labels[0, 18] = 2
    with pytest.raises(ValueError, match="task 18"):
        gk.f1(labels, np.zeros((1, 20)))


def test_importing_loads_numpy_only():
    code = (
        "import sys, genome_keras.evaluation.evaluate\n"
        "sys.exit(bool({'keras', 'sklearn', 'h5py', 'scipy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
