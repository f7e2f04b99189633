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

CLIP = 1e-7  # as in genome_keras.losses


def f1(labels, scores, *, threshold=0.5):
    """F1 of calling a label positive where its score is above the threshold.

    Args:
        labels, scores: (n, tasks).
        threshold: one number, or one for each task; rounded to the precision of
            the scores, as Keras does.

    Returns:
        float64 (tasks,); 0 without positives and without calls, NaN without labels.
    """
    columns = zip(_columns(labels, scores), _each(threshold, scores), strict=True)
    return np.array([_f1(label, score, cut) for (label, score), cut in columns], float)


def auroc(labels, scores):
    """Area under the ROC curve, float64 (tasks,); NaN without both kinds of label."""
    return np.array([_areas(*column)[0] for column in _columns(labels, scores)], float)


def auprc(labels, scores):
    """Average precision, float64 (tasks,); NaN without a positive label.

    It is the step-wise area under the precision-recall curve, not the trapezoids.
    """
    return np.array([_areas(*column)[1] for column in _columns(labels, scores)], float)


def perplexity(labels, scores):
    """exp of each task's mean cross-entropy in nats, scores clipped at 1e-7.

    Returns:
        float64 (tasks,); 1 is perfect, NaN without labels.

    Source: Zhang & Kamath 2016, section 3.
    """
    total, count = _totals(labels, scores)
    return np.exp(_ratio(total, count))


def overall_perplexity(labels, scores):
    """exp of the mean cross-entropy over all measured labels of all tasks, one float.

    Source: Zhang & Kamath 2016, section 3: the loss of the paper.
    """
    total, count = _totals(labels, scores)
    return float(np.exp(_ratio(total.sum(), count.sum())))


def brier(labels, scores):
    """Mean squared difference of score and label, float64 (tasks,)."""
    return np.array([_brier(*column) for column in _columns(labels, scores)], float)


def best_threshold(labels, scores):
    """The threshold with the highest F1 on these examples, for use on others.

    Returns:
        float64 (tasks,), just below one of the scores; 1 (no call) without positives.
    """
    return np.array([_best_threshold(*column) for column in _columns(labels, scores)], float)


def task_scores(labels, scores, *, threshold=0.5):
    """All scores in one pass over the tasks.

    Args:
        labels, scores: (n, tasks).
        threshold: of F1; one number, or one for each task.

    Returns:
        A dict of arrays (tasks,): `measured` and `positives` (int64, labels
        counted), `f1`, `auroc`, `auprc`, `perplexity` and `brier` (float64).
    """
    rows = []
    for (label, score), cut in zip(_columns(labels, scores), _each(threshold, scores), strict=True):
        loss = np.exp(_ratio(_cross_entropy(label, score), label.size))
        row = (_f1(label, score, cut), *_areas(label, score), loss, _brier(label, score))
        rows.append((label.size, np.count_nonzero(label), *row))
    table = np.array(rows, float).reshape(-1, 7).T
    names = ("f1", "auroc", "auprc", "perplexity", "brier")
    counts = {"measured": table[0].astype(int), "positives": table[1].astype(int)}
    return counts | dict(zip(names, table[2:], strict=True))


def positive_rates(labels):
    """Share of 1 among the measured labels of each task, float64 (tasks,).

    Half an example of each kind is added, so a rate is never 0 or 1.
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


def _ranks(label, score):
    """Sorts the scores of one task; ties are one rank.

    The bits of a float of 0 or more, read as an integer, sort as the floats do, and
    its sign bit is free: shifted out, it leaves room for the label.

    Returns:
        For each positive label, in rising order of score: its score, how many labels
        have a lower score, how many have one as high, and both counts for positives.
    """
    bits = np.uint32 if score.dtype == np.float32 else np.uint64
    keys = np.sort((score.view(bits) << 1) | label)
    positives = keys[(keys & 1) == 1]
    lower, positives_lower = (np.searchsorted(a, positives - 1) for a in (keys, positives))
    upto, positives_upto = (np.searchsorted(a, positives, "right") for a in (keys, positives))
    values = (positives >> 1).view(score.dtype)
    return values, lower, upto - lower, positives_lower, positives_upto - positives_lower


def _areas(label, score):
    """AUROC and average precision of one task."""
    _, lower, tied, positives_lower, positives_tied = _ranks(label, score)
    n, positives = label.size, lower.size
    if not positives:
        return np.nan, np.nan
    # Pairs of a positive and a negative in the right order; a tie is half a pair.
    pairs = (lower - positives_lower).sum() + (tied - positives_tied).sum() / 2
    precision = (positives - positives_lower) / (n - lower)
    return _ratio(pairs, positives * (n - positives)), precision.mean()


def _best_threshold(label, score):
    values, lower, _, positives_lower, _ = _ranks(label, score)
    if not values.size:
        return 1.0
    hits, calls = values.size - positives_lower, label.size - lower
    return np.nextafter(values[np.argmax(hits / (calls + values.size))], score.dtype.type(-1))


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
