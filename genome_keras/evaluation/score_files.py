"""The files that `evaluate` leaves: scores of models, for comparing and reporting later.

`scores.json` holds means, intervals and all that is not told task by task; `per_task.tsv`
one row for each subset, task and model.
"""

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from genome_keras.errors import FormatError, printable
from genome_keras.evaluation.compare import side_by_side
from genome_keras.evaluation.measure import Measured
from genome_keras.io.atomic import atomic

SCORES, PER_TASK = "scores.json", "per_task.tsv"
KEYS = ("subset", "task", "model", "train_rate")
COUNTS = ("measured", "positives", "epoch")
# What must be the same for scores to be comparable.
SAME = ("labels_sha256", "split", "tuned_on", "threshold", "min_rate", "bootstrap")
_TWISTED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    StopIteration,
    RecursionError,
    csv.Error,
)


def write_scores(
    folder: str | os.PathLike, result: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """Writes what `genome_keras.evaluation.compare.compare` returns into a folder.

    Example:
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_scores(folder, result, rows)
        ...     sorted(os.listdir(folder))
        ['per_task.tsv', 'scores.json']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    with atomic(folder / PER_TASK) as path:
        path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    with atomic(folder / SCORES) as path:
        path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def compare_scores(
    folders: Iterable[str | os.PathLike],
    *,
    out: str | os.PathLike | None = None,
    report: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Puts the models of several evaluations side by side.

    Args:
        folders: that `genome_keras.evaluation.evaluate.evaluate` wrote, of the same windows.
        out, report: as in `genome_keras.evaluation.evaluate.evaluate`.

    Returns:
        The result, as `genome_keras.evaluation.compare.compare` returns it.

    Raises:
        FormatError: as in `read_scores`.

    Example:
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_scores(folder, result, rows)
        ...     list(compare_scores([folder])["models"])
        ['good', 'none']
    """
    result, rows = read_scores(folders)
    keep(result, rows, out=out, report=report)
    return result


def keep(
    result: dict[str, Any],
    rows: list[dict[str, Any]],
    *,
    out: str | os.PathLike | None = None,
    report: str | os.PathLike | None = None,
) -> None:
    """Writes the folder of scores and the HTML report that are asked for.

    Example:
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keep(result, rows, out=folder)
        ...     sorted(os.listdir(folder))
        ['per_task.tsv', 'scores.json']
    """
    if out is not None:
        write_scores(out, result, rows)
    if report is not None:
        from genome_keras.evaluation.report import write_report

        write_report(report, result, rows)


def read_scores(
    folders: Iterable[str | os.PathLike],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Reads one or several folders of scores as if all models had been scored at once.

    Args:
        folders: paths; their scores must be of the same windows, labels and settings.

    Returns:
        The result and the rows, as `genome_keras.evaluation.compare.compare` returns them. Models
        come first, baselines last; what several folders have in common comes once.

    Raises:
        FormatError: a folder without scores, or with scores of something else; two
            different models of one name.

    Example:
        >>> from genome_keras.evaluation.compare import compare
        >>> labels = np.random.default_rng(0).integers(0, 2, (40, 2))
        >>> models = {"good": np.where(labels == 1, 0.8, 0.2), "none": np.full((40, 2), 0.5)}
        >>> about = {"tasks": ["CTCF", "DNase"], "train_rates": [0.5, 0.5]}
        >>> result, rows = compare(labels, models, **about)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_scores(folder, result, rows)
        ...     read_scores([folder])[1] == rows
        True
    """
    models, first = {}, None
    for folder in map(Path, folders):
        header, tasks, rates, sizes, of_folder = _read(folder)
        if first is None:
            first, at = (header, tasks, rates, sizes), folder
        for name in SAME:
            if header.get(name) != first[0].get(name):
                problem = f"its {name} is not that of {at}, so the scores are not comparable"
                raise FormatError(folder / SCORES, None, problem)
        if (tasks, sizes) != (first[1], first[3]):
            problem = f"its tasks and subsets are not those of {at / PER_TASK}"
            raise FormatError(folder / PER_TASK, None, problem)
        for name, model in of_folder.items():
            if name in models and not _equal(models[name], model):
                problem = f"another model is called {name!r} too, in a folder before this one"
                raise FormatError(folder / SCORES, None, problem)
            models.setdefault(name, model)
    if first is None:
        raise ValueError("expected at least one folder of scores. Received: none")
    header, tasks, rates, sizes = first
    models = dict(sorted(models.items(), key=lambda item: item[1].kind == "baseline"))
    return side_by_side(models, header=header, tasks=tasks, train_rates=rates, sizes=sizes)


def _read(folder):
    path = folder / SCORES
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        header = {k: v for k, v in result.items() if k not in ("models", "subsets")}
        sizes = {name: part["examples"] for name, part in result["subsets"].items()}
        facts = {name: dict(model) for name, model in result["models"].items()}
        path = folder / PER_TASK
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        some = [row for row in rows if row["subset"] == "all" and row["model"] == next(iter(facts))]
        tasks = [row["task"] for row in some]
        rates = [float(row["train_rate"]) for row in some]
        tables = _tables(rows, list(facts), list(sizes), tasks)
        models = {
            name: Measured(
                fact.pop("kind"),
                tables[name],
                _arrays(fact.pop("replicates")),
                _arrays(fact.pop("reliability")),
                fact,
            )
            for name, fact in facts.items()
        }
        # Whatever is missing or twisted shows here, and not later.
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            side_by_side(models, header=header, tasks=tasks, train_rates=rates, sizes=sizes)
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except _TWISTED as error:
        problem = f"not what `evaluate` writes ({printable(repr(error)):.200})"
        raise FormatError(path, None, problem) from error
    return header, tasks, rates, sizes, models


def _tables(rows, models, subsets, tasks):
    """model -> subset -> column -> (tasks,)."""
    tables = {model: {subset: {} for subset in subsets} for model in models}
    told = {model: {subset: [] for subset in subsets} for model in models}
    for row in rows:
        told[row["model"]][row["subset"]].append(row["task"])
        table = tables[row["model"]][row["subset"]]
        for column, value in row.items():
            if column not in KEYS:
                table.setdefault(column, []).append(value)
    if any(names != tasks for named in told.values() for names in named.values()):
        raise ValueError("rows are missing, or in another order")
    return {
        model: {
            subset: {
                column: np.array(values, int) if column in COUNTS else _floats(values)
                for column, values in table.items()
                if any(values) or not _optional(column)
            }
            for subset, table in subsets.items()
        }
        for model, subsets in tables.items()
    }


def _optional(column):
    return column.endswith(("_low", "_high")) or column in ("f1_tuned", "threshold", "epoch")


def _floats(values):
    return np.array([float(value) if value else np.nan for value in values])


def _arrays(nested):
    if isinstance(nested, dict):
        return {key: _arrays(value) for key, value in nested.items()}
    return np.array(nested, float)


def _equal(result, other):
    same = result.tables.keys() == other.tables.keys()
    for subset in result.tables if same else ():
        first, second = result.tables[subset], other.tables[subset]
        same &= first.keys() == second.keys() and all(
            np.array_equal(first[column], second[column], equal_nan=True) for column in first
        )
    return same


def _cell(value):
    return "" if value is None else str(value)
