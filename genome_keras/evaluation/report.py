"""One HTML file that shows an evaluation: the paper's figures, calibration, all tasks."""

import os
from html import escape
from typing import Any

from genome_keras.evaluation.figures import METRICS, calibration, f1_by_task, legend, losses
from genome_keras.evaluation.markdown import GROUPS
from genome_keras.evaluation.page import page
from genome_keras.io.atomic import atomic


def write_report(
    path: str | os.PathLike, result: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """Writes the report; it needs no other file and no network.

    Args:
        path: the HTML file; an existing one is replaced.
        result, rows: what `genome_keras.evaluation.compare.compare` returns.

    Raises:
        GenomeKerasError: `path` cannot be written.

    Example:
        >>> import numpy as np
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(f"{folder}/report.html", result, rows)
        ...     os.listdir(folder)
        ['report.html']
    """
    sections = (_head, _summary, losses, f1_by_task, calibration, _tasks)
    body = "\n".join(part for make in sections for part in make(result, rows))
    with atomic(path) as temporary:
        temporary.write_text(page("Held-out scores", body, _data(result, rows)), encoding="utf-8")


def _head(result, rows):
    tasks = len({row["task"] for row in rows})
    examples = result["subsets"]["all"]["examples"]
    yield "<h1>Held-out scores</h1>"
    text = f"{examples:,} windows, {tasks} tasks"
    if "split" in result:
        text += f", split “{result['split']}”"
    text += f". F1 is at threshold {result['threshold']:g}"
    if result.get("tuned_on"):
        text += f"; thresholds of tuned F1 were chosen on “{result['tuned_on']}”"
    yield f'<p class="soft">{escape(text)}.</p>'
    drawn = result.get("bootstrap", {})
    if drawn.get("replicates"):
        where = {"genome": "up to 1 Mb of a chromosome", "rows": "neighbouring rows"}
        yield (
            f'<p class="soft">Intervals are 95 %, from {drawn["replicates"]} resamples of '
            f"{drawn['number']} blocks ({where[drawn['blocks']]}), the same for all models.</p>"
        )
    for name, model in result["models"].items():
        if "epochs" in model:
            each, best = model["epochs"]["each"], model["epochs"]["best"]
            text = f"is epoch {best} of {len(each)}, the best on “{result['tuned_on']}”."
            yield f"<p><b>{escape(name)}</b> {escape(text)}</p>"
        if model["kind"] == "optimistic":
            yield (
                f"<p><b>{escape(name)}</b> takes for each task the epoch with the highest F1 on "
                "these very windows, as the paper does. No model reaches these scores on "
                "others.</p>"
            )


def _summary(result, rows):
    yield "<h2>Means over tasks</h2>"
    yield (
        '<p class="soft">Perplexity is e to the power of the mean cross-entropy of a label, 1 at '
        "best. “Perplexity” is first taken of each task, then its mean over tasks, so that a task "
        "counts as much as another; “perplexity of all labels” is that of the labels of these "
        "tasks in one heap, as the paper and the logs of training have it.</p>"
    )
    yield legend(result)
    for number, (subset, part) in enumerate(result["subsets"].items()):
        yield f"<details{' open' if not number else ''}><summary>"
        yield f"{escape(subset)}: {part['examples']:,} windows</summary>"
        for name in ("frequent", "rare"):
            group = part["groups"][name]
            if group["tasks"]:
                what = GROUPS[name].format(100 * result["min_rate"])
                yield f"<h3>{group['tasks']} {escape(what)}</h3>"
                yield from _means(group["models"])
                yield from _pairs(group["pairs"])
        yield "</details>"


def _means(models):
    shown = [m for m in METRICS if any(f"{m}_mean" in means for means in models.values())]
    heads = ("model", *(METRICS[metric] for metric in shown), "perplexity of all labels")
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{head}</th>" for head in heads) + "</tr></thead><tbody>"
    for name, summary in models.items():
        cells = [_cell(summary, metric) for metric in shown]
        overall = summary["overall_perplexity"]
        cells.append("<td></td>" if overall is None else f"<td>{overall:.4f}</td>")
        yield f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _cell(summary, metric):
    mean, ends = summary.get(f"{metric}_mean"), summary.get(f"{metric}_interval")
    if mean is None:
        return "<td></td>"
    sure = f"<br><small>{ends[0]:.4f} to {ends[1]:.4f}</small>" if ends and None not in ends else ""
    return f"<td>{mean:.4f}{sure}</td>"


def _pairs(pairs):
    yield '<details><summary>Who wins</summary><div class="scroll"><table><thead><tr>'
    yield "<th>model</th><th>against</th>"
    shown = [m for m in METRICS if m in pairs[0]] if pairs else []
    yield "".join(f"<th>{METRICS[m]}: wins, mean difference</th>" for m in shown)
    yield "</tr></thead><tbody>"
    for pair in pairs:
        yield f"<tr><td>{escape(pair['model'])}</td><td>{escape(pair['baseline'])}</td>"
        yield "".join(_won(pair.get(metric)) for metric in shown) + "</tr>"
    yield "</tbody></table></div></details>"


def _won(comparison):
    if not comparison or not comparison["tasks"]:
        return "<td></td>"
    tied = f", {comparison['tied']} equal" if comparison["tied"] else ""
    ends = comparison.get("interval")
    sure = (
        f"<br><small>{ends[0]:+.4f} to {ends[1]:+.4f}</small>" if ends and None not in ends else ""
    )
    return (
        f"<td>{comparison['won']} of {comparison['tasks']} ({comparison['won_share']:.1%}{tied})"
        f"<br>{comparison['mean_difference']:+.4f}{sure}</td>"
    )


def _tasks(result, rows):
    yield """<h2>All tasks</h2>
<div class="tools"><label>windows <select id="subset"></select></label>
<label>score <select id="metric"></select></label>
<label>tasks with <input id="filter" placeholder="CTCF K562"></label>
<span class="soft" id="count"></span></div>
<div class="scroll" id="tasks"><table><thead id="head"></thead><tbody id="body"></tbody></table>
</div><noscript>This table needs JavaScript.</noscript>"""


def _data(result, rows):
    """What the table of tasks shows."""
    models = list(result["models"])
    shown = [m for m in METRICS if any(m in row for row in rows)]
    subsets = {subset: {} for subset in result["subsets"]}
    for row in rows:
        line = subsets[row["subset"]].setdefault(
            row["task"],
            {
                "task": row["task"],
                "train_rate": _short(row["train_rate"]),
                "positives": row["positives"],
                "scores": {metric: [[None] for _ in models] for metric in shown},
            },
        )
        for metric in shown:
            ends = [_short(row.get(f"{metric}_{end}")) for end in ("low", "high")]
            values = [_short(row.get(metric)), *(ends if None not in ends else ())]
            line["scores"][metric][models.index(row["model"])] = values
    return {
        "models": models,
        "metrics": {metric: METRICS[metric] for metric in shown},
        "subsets": {name: name for name in subsets},
        "rows": {subset: list(lines.values()) for subset, lines in subsets.items()},
    }


def _short(value):
    return None if value is None else float(f"{value:.4g}")
