"""One model on one split: its scores on every subset, and how sure they are."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from genome_keras.evaluation import bootstrap
from genome_keras.scores import f1, reliability, task_scores

GROUPS = ("all", "frequent", "rare")


class Split(NamedTuple):
    """The labels that models are measured on.

    Attributes:
        labels: (n, tasks); 0, 1, and -1 or NaN for "not measured".
        subsets: name -> rows, a boolean (n,) or a slice.
        groups: "all", "frequent" and "rare" -> tasks, boolean (tasks,).
        blocks: integers (n,), see `genome_keras.evaluation.bootstrap`.
        replicates: resamples of the blocks; 0 leaves out all intervals.
        seed: of the resamples.

    Example:
        >>> labels = np.array([[0], [1], [1]])
        >>> split = split_of(labels, train_rates=[0.5])
        >>> split.groups["frequent"].tolist(), split.blocks.tolist()
        ([True], [0, 1, 2])
    """

    labels: np.ndarray
    subsets: dict
    groups: dict
    blocks: np.ndarray
    replicates: int
    seed: int


class Measured(NamedTuple):
    """What is known of a model.

    Attributes:
        kind: "model", "baseline", "published" by others, "by task" where each task has
            its own epoch, and "optimistic" where the scores themselves chose it.
        tables: subset -> the columns of `task_scores`, and `f1_tuned`, `threshold`, and
            the ends of 95 % intervals, `f1_low`, `f1_high` and so on; each (tasks,).
        replicates: subset -> group -> metric -> mean over the tasks in each resample.
        reliability: subset -> group -> `count`, `positives` and `score`, sums over the
            tasks for each bin of `genome_keras.scores.BINS`.
        facts: what else is known, fit for JSON.

    Example:
        >>> labels = np.array([[0], [1], [1]])
        >>> split = split_of(labels, train_rates=[0.5])
        >>> measured = measure(split, labels * 0.8)
        >>> measured.kind, measured.tables["all"]["positives"].tolist()
        ('model', [2])
    """

    kind: str
    tables: dict
    replicates: dict
    reliability: dict
    facts: dict


def split_of(
    labels: np.ndarray,
    *,
    train_rates: Sequence[float] | np.ndarray,
    source: Sequence[str] | np.ndarray | None = None,
    sources: Iterable[str] = (),
    blocks: np.ndarray | None = None,
    replicates: int = 0,
    seed: int = 0,
    min_rate: float = 0.01,
) -> Split:
    """Puts together a `Split`; the arguments are those of `compare`.

    Example:
        >>> labels = np.array([[0], [1], [1]])
        >>> split = split_of(labels, train_rates=[0.5])
        >>> list(split.subsets), split.replicates
        (['all'], 0)
    """
    labels = np.asarray(labels)
    subsets = {"all": slice(None)} | {name: np.asarray(source) == name for name in sources}
    for name in sources:
        if not np.any(subsets[name]):
            raise ValueError(f"sources must be values of source. Received: {name!r}")
    frequent = np.asarray(train_rates) >= min_rate
    groups = dict(zip(GROUPS, (np.ones_like(frequent), frequent, ~frequent), strict=True))
    if blocks is None:
        blocks = bootstrap.row_blocks(len(labels))
    return Split(labels, subsets, groups, blocks, replicates, seed)


def measure(
    split: Split,
    scores: np.ndarray,
    *,
    threshold: float = 0.5,
    tuned: np.ndarray | None = None,
    kind: str = "model",
    facts: dict[str, Any] | None = None,
) -> Measured:
    """Scores a model on every subset.

    Args:
        split: `Split`.
        scores: (n, tasks), P(label = 1).
        threshold: of the F1 that is called `f1`.
        tuned: thresholds (tasks,) of `f1_tuned`; None leaves it out.
        kind, facts: as in `Measured`.

    Returns:
        `Measured`.

    Example:
        >>> labels = np.array([[0], [1], [1]])
        >>> split = split_of(labels, train_rates=[0.5])
        >>> measure(split, labels * 0.8).tables["all"]["auroc"].tolist()
        [1.0]
    """
    tables, replicates, bins = {}, {}, {}
    for subset, chosen in split.subsets.items():
        labels, part = split.labels[chosen], scores[chosen]
        table = tables[subset] = task_scores(labels, part, threshold=threshold)
        if tuned is not None:
            table["f1_tuned"] = f1(labels, part, threshold=tuned)
            table["threshold"] = np.asarray(tuned, float)
        bins[subset] = _pooled(reliability(labels, part), split.groups)
        if split.replicates:
            replicates[subset] = _resampled(split, chosen, part, table, threshold, tuned)
    return Measured(kind, tables, replicates, bins, facts or {})


def _resampled(split, chosen, scores, table, threshold, tuned):
    """Adds intervals to the table, and returns the means over each group of tasks."""
    blocks = np.unique(split.blocks[chosen], return_inverse=True)[1]
    drawn = bootstrap.resamples(int(blocks.max()) + 1, replicates=split.replicates, seed=split.seed)
    resampled = bootstrap.replicate(
        split.labels[chosen],
        scores,
        blocks=blocks,
        drawn=drawn,
        exact=table,
        threshold=threshold,
        tuned=tuned,
    )
    means = {group: {} for group in split.groups}
    for metric, values in resampled.items():
        table[f"{metric}_low"], table[f"{metric}_high"] = bootstrap.interval(values)
        for group, tasks in split.groups.items():
            counted = tasks & counts_in(metric, table)
            if counted.any():
                means[group][metric] = np.array([_mean(row[counted]) for row in values])
    return means


def counts_in(metric: str, table: dict[str, np.ndarray]) -> np.ndarray:
    """The tasks that count in means of a metric, boolean (tasks,).

    Without a positive label, F1, AUROC and AUPRC say nothing.

    Example:
        >>> table = {"measured": np.array([9, 9, 0]), "positives": np.array([3, 0, 0])}
        >>> counts_in("auroc", table).tolist(), counts_in("brier", table).tolist()
        ([True, False, False], [True, True, False])
    """
    if metric in ("perplexity", "brier", "calibration_error"):
        return table["measured"] > 0
    return table["positives"] > 0


def _mean(values):
    known = values[~np.isnan(values)]
    return known.mean(dtype=float) if known.size else np.nan


def _pooled(bins, groups):
    names = ("count", "positives", "score")
    return {
        group: dict(zip(names, (each[:, tasks].sum(1) for each in bins), strict=True))
        for group, tasks in groups.items()
    }
