"""Held-out scores for a card: by kind of label, and how often what was expected came."""

import numpy as np

METRICS = ("f1", "f1_tuned", "auroc", "auprc", "lift")
TITLES = {"f1": "F1", "f1_tuned": "tuned F1", "auroc": "AUROC", "auprc": "AUPRC"}
TITLES |= {"lift": "AUPRC over rate"}


def means_by_kind(rows: list[dict], kinds: dict[str, str]) -> dict:
    """Means over the columns of each kind of label.

    Args:
        rows: of `genome_keras.evaluation.compare.compare`, one a subset, task and model.
        kinds: task -> kind of its labels.

    Returns:
        subset -> kind -> model -> `columns`, those with a positive label, and the mean of each
        of METRICS over them; `lift` is the mean of AUPRC over the rate of positives, column by
        column. Kinds without such a column are left out.
    """
    found = {}
    for row in rows:
        if row["positives"]:
            of = found.setdefault(row["subset"], {}).setdefault(kinds[row["task"]], {})
            of.setdefault(row["model"], []).append(row)
    return {
        subset: {
            kind: {model: _means(some) for model, some in models.items()}
            for kind, models in parts.items()
        }
        for subset, parts in found.items()
    }


def _means(rows):
    """Of one kind and model; a score that is not known is left out."""
    values = {metric: [row.get(metric) for row in rows] for metric in METRICS[:-1]}
    rates = [row["positives"] / row["measured"] for row in rows]
    values["lift"] = [
        None if area is None else area / rate
        for area, rate in zip(values["auprc"], rates, strict=True)
    ]
    means = {"columns": len(rows)}
    for metric, each in values.items():
        known = [value for value in each if value is not None]
        if known:
            means[metric] = float(np.mean(known))
    return means


def by_kind(means: dict) -> str:
    """Means of `means_by_kind` as Markdown, a table a subset."""
    lines = []
    for subset, kinds in means.items():
        lines += [f"**{subset}** by kind of label, columns with a positive label:", ""]
        lines.append("| labels | columns | model | " + " | ".join(TITLES.values()) + " |")
        lines.append("|---|---:|---" + "|---:" * len(TITLES) + "|")
        for kind, models in kinds.items():
            for model, of in models.items():
                cells = [kind, str(of["columns"]), model]
                cells += [f"{of[m]:.4f}" if m in of else "" for m in METRICS]
                lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def expected_and_observed(result: dict, names: list[str]) -> str:
    """The mean score of all labels beside the share of positives, for each subset.

    Args:
        result: of `genome_keras.evaluate`.
        names: of the models to tell of.
    """
    lines = ["Positives for each thousand labels, expected (the mean score) and observed:", ""]
    lines += ["| model | windows | expected | observed |", "|---|---|---:|---:|"]
    for name in names:
        for subset, groups in result["models"][name]["reliability"].items():
            bins = {key: np.nansum(np.array(of, float)) for key, of in groups["all"].items()}
            if bins["count"]:
                rates = (1000 * bins[key] / bins["count"] for key in ("score", "positives"))
                lines.append(
                    f"| {name} | {subset} | " + " | ".join(f"{r:.2f}" for r in rates) + " |"
                )
    return "\n".join(lines)
