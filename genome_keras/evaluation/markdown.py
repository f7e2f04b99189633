"""Results of `evaluate` and `compare` as Markdown: means over tasks, and who wins."""

from collections.abc import Iterable
from typing import Any

GROUPS = {
    "all": "tasks",
    "frequent": "tasks with at least {:.3g} % positives in training",
    "rare": "tasks with fewer than {:.3g} % positives in training",
}
_COLUMNS = {
    "f1_mean": "F1",
    "f1_tuned_mean": "tuned F1",
    "auroc_mean": "AUROC",
    "auprc_mean": "AUPRC",
    "overall_perplexity": "perplexity",
}


def as_markdown(result: dict[str, Any], *, groups: Iterable[str] = ("frequent", "rare")) -> str:
    """The result of `evaluate` or `compare` as tables: means over tasks, and who wins.

    Args:
        result: the dict.
        groups: of tasks, among "all", "frequent" and "rare"; empty ones are left out.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> print(as_markdown(result).splitlines()[4])
        | good | 1.0000 | 1.0000 | 1.0000 | 1.2500 |
    """
    lines = [*_notes(result.get("models", {}), result.get("tuned_on"))]
    # A run with an epoch for each task is nothing to compare others with.
    kinds = {name: model["kind"] for name, model in result.get("models", {}).items()}
    tried = {name for name, kind in kinds.items() if kind in ("by task", "optimistic")}
    for subset, part in result["subsets"].items():
        for name in groups:
            group = part["groups"][name]
            if group["tasks"]:
                what = GROUPS[name].format(100 * result["min_rate"])
                if "rates_of" in result:  # there was no training split
                    what = what.replace("in training", "here")
                title = f"**{subset}**: {part['examples']:,} windows, {group['tasks']} {what}"
                if group["tasks_without_positives"]:
                    title += f" ({group['tasks_without_positives']} more without a positive here)"
                lines += [title, "", *_table(group["models"]), ""]
                lines += [*(_sentence(p) for p in group["pairs"] if p["baseline"] not in tried), ""]
    return "\n".join(lines)


def _notes(models, tuned_on):
    """What must be known of models before their scores are believed."""
    for name, model in models.items():
        if "epochs" in model:
            each, best = model["epochs"]["each"], model["epochs"]["best"]
            yield f"{name} is epoch {best} of {len(each)}, the best on {tuned_on}."
            yield ""
        if model["kind"] == "optimistic":
            yield (
                f"{name}: the epoch with the highest F1 was chosen for each task on the very "
                "windows it is scored on, as in the paper. No model reaches these scores on others."
            )
            yield ""


def _table(models):
    columns = [name for name in _COLUMNS if name in next(iter(models.values()))]
    yield "| model | " + " | ".join(_COLUMNS[name] for name in columns) + " |"
    yield "|---" + "|---:" * len(columns) + "|"
    for model, summary in models.items():
        cells = ("" if summary.get(name) is None else f"{summary[name]:.4f}" for name in columns)
        yield f"| {model} | " + " | ".join(cells) + " |"


def _sentence(pair):
    f1, said = pair["f1"], []
    if f1["tasks"]:
        sure = " ({:+.3f} to {:+.3f})".format(*f1["interval"]) if f1.get("interval") else ""
        said.append(
            f"higher F1 in {f1['won']} of {f1['tasks']} tasks ({f1['won_share']:.1%}; "
            f"{f1['tied']} equal), mean difference {f1['mean_difference']:+.3f}{sure}"
        )
    others = [
        f"{_COLUMNS[f'{metric}_mean']} in {pair[metric]['won']} of {pair[metric]['tasks']}"
        for metric in ("f1_tuned", "auroc", "auprc")
        if metric in pair and pair[metric]["tasks"]
    ]
    if others:
        said.append("higher " + ", ".join(others))
    return f"- {pair['model']} against {pair['baseline']}: " + "; ".join(said)
