"""How good models are on held-out windows, beside baselines, per task and per source."""

import json
import os
from pathlib import Path

import numpy as np

from genome_keras.baselines import gc_scores, prior_scores
from genome_keras.compare import compare
from genome_keras.errors import WeightsError
from genome_keras.io.atomic import atomic
from genome_keras.scores import best_threshold, positive_rates

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


def evaluate(
    data_path,
    *,
    weights,
    split="test",
    sources=None,
    batch_size=512,
    tuned_on="valid",
    out=None,
):
    """Scores checkpoints on one split of a data set, beside two baselines.

    The baselines, `gc` and `prior`, are fitted on the split "train". All scores are
    in memory at once: 4 to 8 bytes for each model, example and task.

    Args:
        data_path: HDF5 as `genome_keras.datasets.chromatin.chromatin` reads it.
        weights: checkpoints, a list of names and paths, the best expected first.
        split: "train", "valid" or "test".
        sources: collections to score on their own too; None takes those of
            "genome" and "windows" that are there.
        batch_size: windows at a time.
        tuned_on: split on which the thresholds of `f1_tuned` are chosen; None, or
            `split` itself, leaves it out.
        out: folder for `scores.json` and `per_task.tsv`; None writes nothing.

    Returns:
        The result of `compare`, with `split`, `tuned_on` and `window` (bp) before it.

    Raises:
        FormatError: a data set that cannot be read, or lacks a split.
        WeightsError: a checkpoint that cannot be loaded, or with other tasks or
            another window than the data.
    """
    from genome_keras.datasets.chromatin import chromatin
    from genome_keras.predict import load_model

    train, examples = chromatin(data_path, "train"), chromatin(data_path, split)
    parts = {split: examples}
    if tuned_on not in (None, split):
        parts[tuned_on] = chromatin(data_path, tuned_on)
    scores = {part: {} for part in parts}
    for name in map(os.fspath, weights):
        model, checkpoint = load_model(name)
        _check(name, checkpoint, examples, data_path)
        for part, windows in parts.items():
            predicted = model.predict(windows.codes, batch_size=batch_size, verbose=0)
            scores[part][name] = np.asarray(predicted)
    for part, windows in parts.items():
        scores[part]["gc"] = gc_scores(train.codes, train.labels, windows.codes)
        scores[part]["prior"] = prior_scores(train.labels, len(windows))
    thresholds = None
    if len(parts) == 2:
        labels = parts[tuned_on].labels
        thresholds = {name: best_threshold(labels, s) for name, s in scores[tuned_on].items()}
    if sources is None:
        sources = [name for name in ("genome", "windows") if name in examples.source]
    result, rows = compare(
        examples.labels,
        scores[split],
        tasks=examples.tasks,
        train_rates=positive_rates(train.labels),
        source=examples.source,
        sources=sources,
        thresholds=thresholds,
    )
    header = {"split": split, "tuned_on": tuned_on if thresholds else None}
    result = header | {"window": examples.codes.shape[1]} | result
    if out is not None:
        _write(Path(out), "scores.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
        lines = [rows[0], *(map(_cell, row.values()) for row in rows)]
        _write(Path(out), "per_task.tsv", "".join("\t".join(line) + "\n" for line in lines))
    return result


def as_markdown(result, *, groups=("frequent", "rare")):
    """The result of `evaluate` or `compare` as tables: means over tasks, and who wins.

    Args:
        result: the dict.
        groups: of tasks, among "all", "frequent" and "rare"; empty ones are left out.
    """
    lines = []
    for subset, part in result["subsets"].items():
        for name in groups:
            group = part["groups"][name]
            if group["tasks"]:
                what = GROUPS[name].format(100 * result["min_rate"])
                title = f"**{subset}**: {part['examples']:,} windows, {group['tasks']} {what}"
                if group["tasks_without_positives"]:
                    title += f" ({group['tasks_without_positives']} more without a positive here)"
                lines += [title, "", *_table(group["models"]), ""]
                lines += [*map(_sentence, group["pairs"]), ""]
    return "\n".join(lines)


def _table(models):
    columns = [name for name in _COLUMNS if name in next(iter(models.values()))]
    yield "| model | " + " | ".join(_COLUMNS[name] for name in columns) + " |"
    yield "|---" + "|---:" * len(columns) + "|"
    for model, summary in models.items():
        cells = ("" if summary[name] is None else f"{summary[name]:.4f}" for name in columns)
        yield f"| {model} | " + " | ".join(cells) + " |"


def _sentence(pair):
    f1 = pair["f1"]
    others = (
        f"{_COLUMNS[f'{metric}_mean']} in {pair[metric]['won']} of {pair[metric]['tasks']}"
        for metric in ("f1_tuned", "auroc", "auprc")
        if metric in pair
    )
    return (
        f"- {pair['model']} against {pair['baseline']}: higher F1 in {f1['won']} of {f1['tasks']} "
        f"tasks ({f1['won_share']:.1%}; {f1['tied']} equal), mean difference "
        f"{f1['mean_difference']:+.3f}; higher " + ", ".join(others)
    )


def _check(name, checkpoint, examples, data_path):
    if checkpoint.tasks != examples.tasks:
        raise WeightsError(
            f"{name}: its {len(checkpoint.tasks)} tasks are not the "
            f"{len(examples.tasks)} tasks of {data_path}, in that order"
        )
    window = checkpoint.arguments.get("window")
    if window not in (None, examples.codes.shape[1]):
        raise WeightsError(
            f"{name}: reads windows of {window} bp, not of {examples.codes.shape[1]} bp "
            f"as in {data_path}"
        )


def _cell(value):
    return "" if value is None else str(value)


def _write(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / name) as temporary:
        temporary.write_text(text, encoding="utf-8")
