"""The figures of a report, each as pieces of HTML."""

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from genome_keras.evaluation.markdown import GROUPS
from genome_keras.pictures.charts import Chart

METRICS = {
    "f1": "F1",
    "f1_tuned": "tuned F1",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "perplexity": "perplexity",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}
FEW = 50  # labels; a share of fewer is left out of the calibration plots
LOWEST = 1e-4  # of the scores in these plots
LOSSES = ("perplexity", "val_perplexity")


def losses(result: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    """The paper's figure 2.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> list(losses(result, rows))  # no model has a log
        []
        >>> epochs = [{"epoch": n, "perplexity": 2 - n / 9, "val_perplexity": 2.0} for n in (1, 2)]
        >>> result["models"]["good"]["log"] = epochs
        >>> next(losses(result, rows))
        '<h2>Perplexity by epoch</h2>'
    """
    logs = {name: model.get("log") or [] for name, model in result["models"].items()}
    logs = {name: log for name, log in logs.items() if len(log) > 1}
    if not logs:
        return
    ends = [row[key] for log in logs.values() for row in log for key in LOSSES]
    last = max(row["epoch"] for log in logs.values() for row in log)
    first = min(row["epoch"] for log in logs.values() for row in log)
    room = 0.05 * (max(ends) - min(ends)) or 0.01
    chart = Chart(
        (first, last),
        (min(ends) - room, max(ends) + room),
        x_label="epoch",
        y_label="perplexity",
        x_ticks=range(first, last + 1, max(1, (last - first) // 10)),
    )
    colours = _colours(result)
    for name, log in logs.items():
        training, validation = ([(row["epoch"], row[key]) for row in log] for key in LOSSES)
        chart.line(training, colours[name], dashed=True)
        chart.line(validation, colours[name])
        best = min(validation, key=lambda point: point[1])
        title = f"{name}: {best[1]:.4f} in epoch {best[0]}"
        chart.dots([best], colours[name], titles=[title], radius=5)
    yield "<h2>Perplexity by epoch</h2>"
    yield legend(result, logs)
    yield f"<figure>{chart.svg('training and validation perplexity by epoch')}<figcaption>"
    yield "Training (dashed) and validation; the dot is the epoch with the lowest validation "
    yield "perplexity. Figure 2 of Zhang &amp; Kamath 2016.</figcaption></figure>"


def f1_by_task(result: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    """The paper's figure 3.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> next(f1_by_task(result, rows))
        '<h2>F1 of each task</h2>'
    """
    reference = _reference(result)
    colours = _colours(result)
    shown = [name for name in colours if name == reference or colours[name] is not None]
    table = {(row["model"], row["task"]): row for row in rows if row["subset"] == "all"}
    tasks = [row["task"] for row in rows if row["subset"] == "all" and row["model"] == reference]
    tasks = [
        task
        for task in tasks
        if table[reference, task]["train_rate"] >= result["min_rate"]
        and table[reference, task]["positives"]
    ]
    if not tasks:
        return
    yield "<h2>F1 of each task</h2>"
    yield legend(result, shown)
    for metric in ("f1", "f1_tuned"):
        if metric not in table[reference, tasks[0]]:
            continue
        # As in the paper: by the reference, and where that is 0, by the first model.
        order = sorted(
            tasks, key=lambda task: [table[name, task][metric] for name in (reference, shown[0])]
        )
        values = {name: [table[name, task][metric] for task in order] for name in shown}
        highest = max(max(each) for each in values.values())
        chart = Chart(
            (1, max(2, len(order))),
            (0, max(0.1, math.ceil(10 * highest) / 10)),
            x_label=f"tasks, in the order of {reference}",
            y_label=METRICS[metric],
            width=1120,
            height=360,
        )
        for name in [*(name for name in shown if name != reference), reference]:
            titles = [f"{t}: {v:.3f} ({name})" for t, v in zip(order, values[name], strict=True)]
            chart.dots(list(enumerate(values[name], 1)), colours[name], titles=titles)
        yield f"<figure>{chart.svg(f'{METRICS[metric]} of each task and model')}<figcaption>"
        what = GROUPS["frequent"].format(100 * result["min_rate"])
        yield escape(f"{METRICS[metric]} of the {len(order)} {what}.")
        if metric == "f1":
            yield " Figure 3 of Zhang &amp; Kamath 2016."
        yield "</figcaption></figure>"


def calibration(result: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    """How often labels are positive, by their score: a chart for each model and subset.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> next(calibration(result, rows))
        '<h2>Calibration</h2>'
    """
    colours = _colours(result)
    charts = []
    for subset in result["subsets"]:
        for name, model in result["models"].items():
            bins = model["reliability"].get(subset, {}).get("frequent")
            if bins and name != "prior":
                svg = _reliability(bins, colours[name], f"calibration of {name}, {subset}")
                count, error = sum(bins["count"]), 0
                for positives, score in zip(bins["positives"], bins["score"], strict=True):
                    error += abs(positives - score)
                text = f"{name}, {subset}; pooled calibration error {error / max(count, 1):.4f}"
                charts.append(f"<figure>{svg}<figcaption>{escape(text)}</figcaption></figure>")
    if charts:
        yield "<h2>Calibration</h2>"
        yield (
            "<p>How often labels are positive, by their score, over all frequent tasks. On the "
            "line, scores are probabilities; above it they are too low. Both axes are "
            "logarithmic.</p>"
        )
        yield f'<div class="side">{"".join(charts)}</div>'


def _reliability(bins, colour, label):
    axis = {"x_label": "mean score", "y_label": "share of positives"}
    chart = Chart((LOWEST, 1), (LOWEST, 1), width=360, height=300, log=True, **axis)
    chart.line([(LOWEST, LOWEST), (1, 1)], None, dashed=True)
    points, titles = [], []
    for count, positives, score in zip(*(bins[key] for key in bins), strict=True):
        if count >= FEW:
            points.append((max(score / count, LOWEST), max(positives / count, LOWEST)))
            titles.append(f"{positives / count:.4g} of {count:,.0f} at {score / count:.4g}")
    chart.line(points, colour)
    chart.dots(points, colour, titles=titles, radius=4)
    return chart.svg(label)


def _reference(result):
    """What the others are compared with: the last model, or a baseline beside one model."""
    kinds = {name: model["kind"] for name, model in result["models"].items()}
    models = [name for name, kind in kinds.items() if kind == "model"]
    baselines = [name for name, kind in kinds.items() if kind == "baseline"]
    return models[-1] if len(models) > 1 else (baselines or models)[0]


def _colours(result):
    """Name -> number of its colour; None for baselines and published models."""
    names = [
        name
        for name, model in result["models"].items()
        if model["kind"] not in ("baseline", "published")
    ]
    numbers = dict(zip(names, range(len(names)), strict=True))
    return {name: numbers.get(name) for name in result["models"]}


def legend(result: dict[str, Any], names: Iterable[str] | None = None) -> str:
    """The names of models beside their colours; None takes all.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> legend(result, ["good"])
        '<ul class="legend"><li><i class="c0"></i>good</li></ul>'
    """
    colours = _colours(result)
    entries = (
        f'<li><i class="{"neutral" if colours[n] is None else f"c{colours[n] % 6}"}"></i>'
        f"{escape(n)}</li>"
        for n in (colours if names is None else names)
    )
    return f'<ul class="legend">{"".join(entries)}</ul>'
