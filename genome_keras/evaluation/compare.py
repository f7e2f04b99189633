"""Several models' scores side by side: means over tasks, and who wins how often."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from genome_keras.evaluation.bootstrap import METRICS, interval
from genome_keras.evaluation.measure import GROUPS, Measured, counts_in, measure, split_of

LOWER_IS_BETTER = ("perplexity", "brier", "calibration_error")
SUMMARISED = (*METRICS, "calibration_error")


def compare(
    labels: np.ndarray,
    scores_by_model: Mapping[str, np.ndarray],
    *,
    tasks: Sequence[str],
    train_rates: Sequence[float] | np.ndarray,
    source: Sequence[str] | np.ndarray | None = None,
    sources: Iterable[str] = (),
    threshold: float = 0.5,
    thresholds: Mapping[str, np.ndarray] | None = None,
    min_rate: float = 0.01,
    blocks: np.ndarray | None = None,
    replicates: int = 0,
    seed: int = 0,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Scores several models, and counts how often each beats each model after it.

    A task without a positive label in a subset counts in no mean of F1, AUROC and
    AUPRC there; one without a negative in none of AUROC. A win is a strictly better
    score.

    Args:
        labels: (n, tasks); 0, 1, and -1 or NaN for "not measured".
        scores_by_model: name -> probabilities (n, tasks); baselines last.
        tasks: names of the tasks.
        train_rates: (tasks,), share of positives in training.
        source: (n,) names; needed for `sources`.
        sources: values of `source` that are subsets of their own, beside "all".
        threshold: of the F1 that is called `f1`.
        thresholds: name -> thresholds (tasks,) of `f1_tuned`; None leaves it out.
        min_rate: tasks with at least this rate are "frequent", the others "rare".
        blocks: integers (n,), see `genome_keras.evaluation.bootstrap`; None takes those of rows.
        replicates: resamples of the blocks, for 95 % intervals; 0 leaves them out.
        seed: of the resamples.

    Returns:
        The result, a dict fit for JSON, `["subsets"][subset]["groups"][group]` with
        `models` and `pairs`, and what else is known of each model in `["models"]`; and
        the rows of a table of subset, task and model.

    Example:
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> group = result["subsets"]["all"]["groups"]["all"]
        >>> group["pairs"][0]["auroc"]["won"], group["models"]["good"]["auroc_mean"]
        (2, 1.0)
    """
    split = split_of(
        labels,
        train_rates=train_rates,
        source=source,
        sources=sources,
        blocks=blocks,
        replicates=replicates,
        seed=seed,
        min_rate=min_rate,
    )
    models = {
        name: measure(split, scores, threshold=threshold, tuned=thresholds and thresholds[name])
        for name, scores in scores_by_model.items()
    }
    sizes = {name: len(split.labels[chosen]) for name, chosen in split.subsets.items()}
    header = {"threshold": threshold, "min_rate": min_rate}
    return side_by_side(models, header=header, tasks=tasks, train_rates=train_rates, sizes=sizes)


def side_by_side(
    models: Mapping[str, Measured],
    *,
    header: dict[str, Any],
    tasks: Sequence[str],
    train_rates: Sequence[float] | np.ndarray,
    sizes: Mapping[str, int],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What `compare` returns, from models that are measured already.

    Args:
        models: name -> `genome_keras.evaluation.measure.Measured`; baselines last.
        header: what the result begins with; has `min_rate`.
        tasks, train_rates: as in `compare`.
        sizes: subset -> number of windows.

    Example:
        >>> labels, rates = np.array([[0], [1], [1]]), [0.5]
        >>> split = split_of(labels, train_rates=rates)
        >>> models = {"good": measure(split, labels * 0.8), "none": measure(split, labels * 0.0)}
        >>> about = {"tasks": ["CTCF"], "train_rates": rates, "sizes": {"all": 3}}
        >>> result, rows = side_by_side(models, header={"min_rate": 0.01}, **about)
        >>> [(row["model"], round(row["f1"], 2)) for row in rows]
        [('good', 1.0), ('none', 0.0)]
    """
    frequent = np.asarray(train_rates) >= header["min_rate"]
    groups = dict(zip(GROUPS, (np.ones_like(frequent), frequent, ~frequent), strict=True))
    result, rows = {**header, "models": {}, "subsets": {}}, []
    for name, model in models.items():
        result["models"][name] = {"kind": model.kind, **model.facts} | {
            kind: {
                subset: {
                    g: {key: _list(v) for key, v in metrics.items()}
                    for g, metrics in groups.items()
                }
                for subset, groups in getattr(model, kind).items()
            }
            for kind in ("reliability", "replicates")
        }
    for subset, size in sizes.items():
        tables = {name: model.tables[subset] for name, model in models.items()}
        for name, table in tables.items():
            for i, task in enumerate(tasks):
                row = {"subset": subset, "task": task, "model": name}
                row["train_rate"] = float(train_rates[i])
                rows.append(row | {column: _plain(table[column][i]) for column in table})
        entry = result["subsets"][subset] = {"examples": size, "groups": {}}
        for group, chosen in groups.items():
            means = {
                name: model.replicates.get(subset, {}).get(group, {})
                for name, model in models.items()
            }
            entry["groups"][group] = _summary(tables, chosen, means)
    return result, rows


def _summary(tables, group, means):
    """Means over a group of tasks, a boolean (tasks,), and the pairs of models."""
    first = next(iter(tables.values()))
    count = first["measured"] * group
    scored = group & (first["positives"] > 0)
    models, pairs = {}, []
    for name, table in tables.items():
        models[name] = summary = {}
        for metric in SUMMARISED:
            if metric not in table:
                continue
            values = table[metric][group & counts_in(metric, table)]
            values = values[~np.isnan(values)]
            summary[f"{metric}_mean"] = values.mean().item() if values.size else None
            summary[f"{metric}_median"] = np.median(values).item() if values.size else None
            if metric in means[name]:
                summary[f"{metric}_interval"] = _ends(means[name][metric])
        some = count > 0
        loss = np.log(table["perplexity"][some]) @ count[some]
        summary["overall_perplexity"] = _plain(np.exp(loss / count.sum())) if some.any() else None
    for model, baseline in combinations(tables, 2):
        pair = {"model": model, "baseline": baseline}
        for metric in SUMMARISED:
            if metric in tables[model] and metric in tables[baseline]:
                counted = group & counts_in(metric, first)
                difference = (tables[model][metric] - tables[baseline][metric])[counted]
                pair[metric] = _wins(difference[~np.isnan(difference)], metric)
                if metric in means[model] and metric in means[baseline]:
                    # The same resamples: the means differ as the tasks do, on average.
                    apart = np.subtract(means[model][metric], means[baseline][metric])
                    pair[metric]["interval"] = _ends(apart)
        pairs.append(pair)
    return {
        "tasks": int(np.count_nonzero(scored)),
        "tasks_without_positives": int(np.count_nonzero(count[~scored])),
        "models": models,
        "pairs": pairs,
    }


def _wins(difference, metric):
    n, tied = difference.size, int((difference == 0).sum())
    better = difference < 0 if metric in LOWER_IS_BETTER else difference > 0
    return {
        "tasks": n,
        "won": int(better.sum()),
        "tied": tied,
        "won_share": int(better.sum()) / n if n else None,
        "mean_difference": difference.mean().item() if n else None,
    }


def _ends(values):
    return [_plain(end) for end in interval(values)]


def _list(values):
    """Numbers to six digits: what is drawn or averaged needs no more."""
    return [None if np.isnan(value) else float(f"{value:.6g}") for value in values]


def _plain(number):
    return None if np.isnan(number) else number.item()
