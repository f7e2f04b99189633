"""Several models' scores side by side: means over tasks, and who wins how often."""

from itertools import combinations

import numpy as np

from genome_keras.scores import f1, task_scores

METRICS = ("f1", "f1_tuned", "auroc", "auprc", "perplexity", "brier")


def compare(
    labels,
    scores_by_model,
    *,
    tasks,
    train_rates,
    source=None,
    sources=(),
    threshold=0.5,
    thresholds=None,
    min_rate=0.01,
):
    """Scores several models, and counts how often each beats each model after it.

    A task without a positive label in a subset counts in no mean of F1, AUROC and
    AUPRC there; one without a negative in none of AUROC. A win is a strictly higher
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

    Returns:
        The result, a dict fit for JSON, `["subsets"][subset]["groups"][group]` with
        `models` and `pairs`; and the rows of a table of subset, task and model.
    """
    labels = np.asarray(labels)
    subsets = {"all": slice(None)} | {name: np.asarray(source) == name for name in sources}
    for name in sources:
        if not np.any(subsets[name]):
            raise ValueError(f"sources must be values of source. Received: {name!r}")
    frequent = np.asarray(train_rates) >= min_rate
    groups = {"all": np.ones_like(frequent), "frequent": frequent, "rare": ~frequent}
    result = {"threshold": threshold, "min_rate": min_rate, "subsets": {}}
    rows = []
    for subset, chosen in subsets.items():
        part, tables = labels[chosen], {}
        for model, scores in scores_by_model.items():
            scores = scores[chosen]
            table = tables[model] = task_scores(part, scores, threshold=threshold)
            if thresholds is not None:
                table["f1_tuned"] = f1(part, scores, threshold=thresholds[model])
            for i, task in enumerate(tasks):
                row = {"subset": subset, "task": task, "model": model}
                row["train_rate"] = float(train_rates[i])
                rows.append(row | {name: _plain(column[i]) for name, column in table.items()})
        result["subsets"][subset] = {
            "examples": len(part),
            "groups": {name: _summary(tables, group) for name, group in groups.items()},
        }
    return result, rows


def _summary(tables, group):
    """Means over a group of tasks, a boolean (tasks,), and the pairs of models."""
    first = next(iter(tables.values()))
    count = first["measured"] * group
    scored = group & (first["positives"] > 0)
    metrics = [name for name in METRICS if name in first]
    models, pairs = {}, []
    for name, table in tables.items():
        models[name] = summary = {}
        for metric in metrics:
            values = table[metric][group if metric in ("perplexity", "brier") else scored]
            values = values[~np.isnan(values)]
            summary[f"{metric}_mean"] = values.mean().item() if values.size else None
            summary[f"{metric}_median"] = np.median(values).item() if values.size else None
        some = count > 0
        loss = np.log(table["perplexity"][some]) @ count[some]
        summary["overall_perplexity"] = np.exp(loss / count.sum()).item() if some.any() else None
    for one, other in combinations(tables, 2):
        pair = {"model": one, "baseline": other}
        for metric in metrics:
            if metric not in ("perplexity", "brier"):
                difference = (tables[one][metric] - tables[other][metric])[scored]
                pair[metric] = _wins(difference[~np.isnan(difference)])
        pairs.append(pair)
    return {
        "tasks": int(np.count_nonzero(scored)),
        "tasks_without_positives": int(np.count_nonzero(group & ~scored)),
        "models": models,
        "pairs": pairs,
    }


def _wins(difference):
    n, won, tied = difference.size, int((difference > 0).sum()), int((difference == 0).sum())
    return {
        "tasks": n,
        "won": won,
        "tied": tied,
        "won_share": won / n if n else None,
        "mean_difference": difference.mean().item() if n else None,
    }


def _plain(number):
    return None if np.isnan(number) else number.item()
