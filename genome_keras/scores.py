"""Exact scores of many binary tasks at once, by one sort for each task.

Everywhere `labels` is (n, tasks) with 0, 1, and -1 or NaN for "not measured", and
`scores` is (n, tasks) with P(label = 1). What was not measured counts nowhere.
float16 and float32 scores are compared as float32, all others as float64: no score
is rounded, so there are no ties but those that came. A result is float64 (tasks,),
NaN where it is undefined. Labels or measured scores outside these ranges, NaN scores
among them, and shapes that differ raise ValueError.

Source: scikit-learn's definitions, ties included: `f1_score`, `roc_auc_score`,
    `average_precision_score`, `log_loss`, `brier_score_loss`.
"""

import numpy as np
from numpy.typing import ArrayLike

CLIP = 1e-7  # as in genome_keras.losses

# Edges of the bins of scores whose calibration is looked at; narrow near 0, where the
# scores of rare labels are. A score at an edge is in the bin above it, 1 in the last.
BINS = (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, *(n / 10 for n in range(1, 11)))


def f1(labels: ArrayLike, scores: ArrayLike, *, threshold: ArrayLike = 0.5) -> np.ndarray:
    """F1 of calling a label positive where its score is above the threshold.

    Args:
        labels, scores: (n, tasks).
        threshold: one number, or one for each task; rounded to the precision of
            the scores, as Keras does.

    Returns:
        float64 (tasks,); 0 without positives and without calls, NaN without labels.

    Example:
        >>> labels, scores = [[1], [0], [1], [-1]], [[0.9], [0.2], [0.4], [0.3]]
        >>> f1(labels, scores).round(4).tolist()  # precision 1, recall 1/2
        [0.6667]
    """
    columns = zip(_columns(labels, scores), _each(threshold, scores), strict=True)
    return np.array([_f1(label, score, cut) for (label, score), cut in columns], float)


def auroc(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """Area under the ROC curve, float64 (tasks,); NaN without both kinds of label.

    Example:
        >>> auroc([[1], [0], [1], [0]], [[0.9], [0.2], [0.4], [0.6]]).tolist()  # 3 pairs of 4
        [0.75]
    """
    return _each_area(labels, scores)[0]


def auprc(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """Average precision, float64 (tasks,); NaN without a positive label.

    It is the step-wise area under the precision-recall curve, not the trapezoids.

    Example:
        >>> auprc([[1], [0], [1], [0]], [[0.9], [0.6], [0.4], [0.2]]).round(4).tolist()
        [0.8333]
    """
    return _each_area(labels, scores)[1]


def perplexity(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """exp of each task's mean cross-entropy in nats, scores clipped at 1e-7.

    Returns:
        float64 (tasks,); 1 is perfect, NaN without labels.

    Source: Zhang & Kamath 2016, section 3.

    Example:
        >>> perplexity([[1, 1], [0, -1]], [[0.5, 0.25], [0.5, 0.9]]).round(4).tolist()
        [2.0, 4.0]
    """
    total, count = _totals(labels, scores)
    return np.exp(_ratio(total, count))


def overall_perplexity(labels: ArrayLike, scores: ArrayLike) -> float:
    """exp of the mean cross-entropy over all measured labels of all tasks, one float.

    Source: Zhang & Kamath 2016, section 3: the loss of the paper.

    Example:
        >>> round(overall_perplexity([[1, 1], [0, -1]], [[0.5, 0.5], [0.5, 0.9]]), 4)
        2.0
    """
    total, count = _totals(labels, scores)
    return float(np.exp(_ratio(total.sum(), count.sum())))


def brier(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """Mean squared difference of score and label, float64 (tasks,).

    Example:
        >>> brier([[1], [0]], [[0.5], [0.5]]).tolist()
        [0.25]
    """
    return np.array([_brier(*column) for column in _columns(labels, scores)], float)


def reliability(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a reliability diagram shows: how often labels are positive, by score.

    Returns:
        Three float64 arrays (bins, tasks), one row for each bin between two `BINS`: how
        many labels, how many positive ones, and the sum of their scores.

    Example:
        >>> counts, positives, sums = reliability([[1], [0]], [[0.5], [0.5]])
        >>> n = BINS.index(0.5)  # the bin from 0.5 to 0.6
        >>> counts[n].tolist(), positives[n].tolist(), sums[n].tolist()
        ([2.0], [1.0], [1.0])
    """
    rows = [_reliability(_keys(*c), c[1].dtype) for c in _columns(labels, scores)]
    return tuple(np.array(rows, float).reshape(-1, 3, len(BINS) - 1).transpose(1, 2, 0))


def calibration_error(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """Expected calibration error, float64 (tasks,): 0 is calibrated, 1 always wrong.

    The mean over all labels of the difference, within the bin of the label's score,
    between the share of positives and the mean score.

    Source: Naeini et al. 2015, ECE, here with the bins of `BINS`.

    Example:
        >>> calibration_error([[1], [0], [1], [1]], [[0.5]] * 4).tolist()  # 3/4 against 0.5
        [0.25]
    """
    return _calibration_error(*reliability(labels, scores))


def best_threshold(labels: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """The threshold with the highest F1 on these examples, for use on others.

    Returns:
        float64 (tasks,), just below one of the scores; 1 (no call) without positives.

    Example:
        >>> threshold = best_threshold([[0], [1], [1]], [[0.2], [0.4], [0.9]])
        >>> f1([[0], [1], [1]], [[0.2], [0.4], [0.9]], threshold=threshold).tolist()
        [1.0]
    """
    return np.array([_best_threshold(*column) for column in _columns(labels, scores)], float)


def task_scores(
    labels: ArrayLike, scores: ArrayLike, *, threshold: ArrayLike = 0.5
) -> dict[str, np.ndarray]:
    """All scores in one pass over the tasks.

    Args:
        labels, scores: (n, tasks).
        threshold: of F1; one number, or one for each task.

    Returns:
        A dict of arrays (tasks,): `measured` and `positives` (int64, labels
        counted), `f1`, `auroc`, `auprc`, `perplexity`, `brier` and
        `calibration_error` (float64).

    Example:
        >>> scores = task_scores([[1], [0], [-1]], [[0.9], [0.2], [0.4]])
        >>> {name: scores[name].tolist() for name in ("measured", "positives", "auroc")}
        {'measured': [2], 'positives': [1], 'auroc': [1.0]}
    """
    rows = []
    for (label, score), cut in zip(_columns(labels, scores), _each(threshold, scores), strict=True):
        keys = _keys(label, score)
        loss = np.exp(_ratio(_cross_entropy(label, score), label.size))
        row = (_f1(label, score, cut), *_areas(keys), loss, _brier(label, score))
        row += (_calibration_error(*_reliability(keys, score.dtype)),)
        rows.append((label.size, np.count_nonzero(label), *row))
    table = np.array(rows, float).reshape(-1, 8).T
    names = ("f1", "auroc", "auprc", "perplexity", "brier", "calibration_error")
    counts = {"measured": table[0].astype(int), "positives": table[1].astype(int)}
    return counts | dict(zip(names, table[2:], strict=True))


def positive_rates(labels: ArrayLike) -> np.ndarray:
    """Share of 1 among the measured labels of each task, float64 (tasks,).

    Half an example of each kind is added, so a rate is never 0 or 1.

    Example:
        >>> positive_rates([[1], [0], [0], [-1]]).tolist()
        [0.375]
    """
    labels = np.asarray(labels)
    return ((labels == 1).sum(0) + 0.5) / ((labels >= 0).sum(0) + 1)


def _columns(labels, scores):
    """Yields each task's measured labels (bool) and their scores, both contiguous."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise ValueError(
            "labels and scores must both be (n, tasks). "
            f"Received: labels {labels.shape}, scores {scores.shape}"
        )
    kept = np.float32 if scores.dtype in (np.float16, np.float32) else np.float64
    for start in range(0, labels.shape[1], 16):  # 16 tasks share their cache lines
        block = slice(start, start + 16)
        pairs = (np.ascontiguousarray(array[:, block].T) for array in (labels, scores))
        for task, (label, score) in enumerate(zip(*pairs, strict=True), start):
            measured = label >= 0  # false for NaN too
            if not measured.all():
                label, score = label[measured], score[measured]
            positive, score = label == 1, score.astype(kept, copy=False)
            if np.count_nonzero(label == 0) + np.count_nonzero(positive) != label.size:
                raise ValueError(f"labels must be 0, 1, -1 or NaN. Received others in task {task}")
            if score.size and not (score.min() >= 0 and score.max() <= 1):
                raise ValueError(
                    "scores must be probabilities, 0 to 1. "
                    f"Received: {score.min()} to {score.max()} in task {task}"
                )
            yield positive, score


def _each(threshold, scores):
    return np.broadcast_to(np.asarray(threshold, float), np.shape(scores)[-1:])


def _keys(label, score):
    """Scores of one task with their labels, sorted, as integers.

    The bits of a float of 0 or more, read as an integer, sort as the floats do, and
    its sign bit is free: shifted out, it leaves room for the label.
    """
    bits = np.uint32 if score.dtype == np.float32 else np.uint64
    return np.sort((score.view(bits) << 1) | label)


def _positives(keys):
    return keys[(keys & 1) == 1]


def _ranks(keys):
    """How many labels have a lower score than each positive label; ties are one rank.

    Returns:
        For each positive label, in rising order of score: how many labels have a
        lower score, how many have one as high, and both counts for positives.
    """
    positives = _positives(keys)
    lower, positives_lower = (np.searchsorted(a, positives - 1) for a in (keys, positives))
    upto, positives_upto = (np.searchsorted(a, positives, "right") for a in (keys, positives))
    return lower, upto - lower, positives_lower, positives_upto - positives_lower


def _areas(keys):
    """AUROC and average precision of one task."""
    lower, tied, positives_lower, positives_tied = _ranks(keys)
    n, positives = keys.size, lower.size
    if not positives:
        return np.nan, np.nan
    # Pairs of a positive and a negative in the right order; a tie is half a pair.
    pairs = (lower - positives_lower).sum() + (tied - positives_tied).sum() / 2
    precision = (positives - positives_lower) / (n - lower)
    return _ratio(pairs, positives * (n - positives)), precision.mean()


def _each_area(labels, scores):
    rows = [_areas(_keys(*column)) for column in _columns(labels, scores)]
    return np.array(rows, float).reshape(-1, 2).T


def _best_threshold(label, score):
    keys = _keys(label, score)
    lower, _, positives_lower, _ = _ranks(keys)
    if not lower.size:
        return 1.0
    hits, calls = lower.size - positives_lower, keys.size - lower
    best = _positives(keys)[np.argmax(hits / (calls + lower.size))] >> 1
    return np.nextafter(best.view(score.dtype), score.dtype.type(-1))


def _reliability(keys, dtype):
    values = (keys >> 1).view(dtype)
    edges = np.array(BINS[1:-1], dtype)
    below = np.searchsorted(values, edges)
    positives_below = np.searchsorted((_positives(keys) >> 1).view(dtype), edges)
    total = np.concatenate([[0.0], np.cumsum(values, dtype=float)])
    ends = (0, *below, keys.size), (0, *positives_below, np.count_nonzero(keys & 1))
    return np.diff(ends[0]), np.diff(ends[1]), np.diff(total[list(ends[0])])


def _calibration_error(labels, positives, scores):
    return _ratio(np.abs(positives - scores).sum(0), labels.sum(0))


def _f1(label, score, threshold):
    called = score > score.dtype.type(threshold)
    both = np.count_nonzero(called) + np.count_nonzero(label)
    hits = np.count_nonzero(called & label)
    return 2 * hits / max(both, 1) if label.size else np.nan


def _brier(label, score):
    return _ratio(np.square(score.astype(float) - label).sum(), label.size)


def _cross_entropy(label, score):
    """Sum over the labels of one task, in nats."""
    score = score.astype(float)
    right = np.where(label, score, 1 - score)
    return -np.log(np.clip(right, CLIP, 1 - CLIP)).sum()


def _totals(labels, scores):
    """Summed cross-entropy and number of labels of each task."""
    rows = [(_cross_entropy(*column), column[0].size) for column in _columns(labels, scores)]
    return np.array(rows, float).reshape(-1, 2).T


def _ratio(total, count):
    """total / count, NaN where nothing was counted."""
    with np.errstate(invalid="ignore"):
        return np.divide(total, count)
