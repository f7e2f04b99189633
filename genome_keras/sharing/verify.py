"""Whether a checkpoint is what it says: bytes, structure, scores of the probe, card."""

import math
import os
from typing import NamedTuple

import numpy as np

from genome_keras.encode import tokens
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.digest import is_intact
from genome_keras.weights import file_checks
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.graphs import published_graph
from genome_keras.weights.registry import PUBLISHED
from genome_keras.weights.resolve import find

HEADINGS = ("Training data", "Training", "Held-out scores", "Limits", "Licence")
_METRICS = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")
_OF_LETTERS = ("perplexity", "bits_per_base")  # of language models
_TOLERANCE = 1e-4


class Check(NamedTuple):
    """One check of a checkpoint.

    Attributes:
        name: of the checkpoint.
        what: "description", "bytes", "structure", "probe", "tasks", "card", "origin" (of
            imported weights, what was compared and what not) or "scores".
        passed: None where there was nothing to compare with.
        detail: what was found.

    Example:
        >>> check = Check("my_model", "card", False, "nothing under 'Limits'")
        >>> f"{check.what}: {check.detail}"
        "card: nothing under 'Limits'"
    """

    name: str
    what: str
    passed: bool | None
    detail: str


def verify(
    weights: str | os.PathLike | Checkpoint, *, data: str | os.PathLike | None = None
) -> list[Check]:
    """Checks a checkpoint; nothing is changed.

    Args:
        weights: as in `genome_keras.weights.resolve.find`.
        data: HDF5 data set to score its split "test" afresh, which takes minutes; None
            leaves the held-out scores unchecked.

    Returns:
        A list of `Check`, in the order of `Check.what`.

    Example:
        >>> checks = verify("kmer_logreg.human_chromatin.v1")
        >>> [check.what for check in checks if check.passed]
        ['description', 'bytes', 'structure', 'probe', 'tasks', 'card']
    """
    name = getattr(weights, "name", None) or str(weights)
    try:
        checkpoint = find(weights)
    except WeightsError as error:
        return [Check(name, "description", False, str(error))]
    checks = [Check(name, "description", True, "readable and complete")]
    todo = {"bytes": _bytes, "structure": _structure, "probe": _probe, "tasks": _tasks}
    for what, check in (todo | {"card": _card}).items():
        checks.append(Check(name, what, *_told(check, checkpoint)))
    if told := checkpoint.config.get("compared") or _compared(checkpoint):
        checks.append(Check(name, "origin", None, str(told)))
    if data is None:
        result = None, "not compared: no data given"
    else:
        result = _told(_scores, checkpoint, data)
    return [*checks, Check(name, "scores", *result)]


def _told(check, *arguments):
    try:
        return check(*arguments)
    except GenomeKerasError as error:
        return False, str(error)
    except Exception as error:  # a stranger's description may hold anything
        return False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _bytes(checkpoint):
    checkpoint.check_sha256()
    published = PUBLISHED.get(checkpoint.name)
    if published is not None:
        if not is_intact(checkpoint.path, size=published.size, sha256=published.sha256):
            return False, f"expected {published.size} bytes"
        published_graph(checkpoint)
        return True, f"sha256 and {published.size} bytes as published"
    if "sha256" in checkpoint.config:
        return True, "sha256 as described"
    return None, "nobody has published a sha256 for this file"


def _structure(checkpoint):
    with file_checks.weights_inside(checkpoint.path) as path:
        contents = file_checks.check_h5(path, checkpoint.path)
    return True, f"{contents.arrays} arrays, {contents.numbers} numbers, all finite"


def _probe(checkpoint):
    from genome_keras.scoring.load import load_model

    letters, scores = (checkpoint.config.get(key) for key in ("probe", "probe_scores"))
    if not letters or scores is None:
        return None, "no probe in the description"
    model = load_model(checkpoint)
    got = np.asarray(model.predict(tokens(letters), verbose=0))
    expected = np.asarray(scores, "float64")
    if got.shape != expected.shape:
        return False, f"scores of shape {got.shape}, described {expected.shape}"
    worst = float(np.abs(got - expected).max())
    # Also False where a score is not a number.
    return worst <= _TOLERANCE, f"scores differ by at most {worst:.1e}"


def _tasks(checkpoint):
    many = len(checkpoint.tasks)
    if not many:
        return None, "no tasks in the description"
    expected = checkpoint.arguments.get("tasks")
    if isinstance(expected, list):  # names, or the numbers of groups
        expected = sum(each if isinstance(each, int) else 1 for each in expected)
    if many != expected or len(set(checkpoint.tasks)) != many:
        return False, f"{len(set(checkpoint.tasks))} different names for {expected} tasks"
    return True, f"{many} different names"


def _card(checkpoint):
    card = checkpoint.card
    for heading in HEADINGS:
        _, separator, rest = card.partition(f"\n## {heading}\n")
        section = rest.partition("\n## ")[0].strip()
        if not separator or section.rstrip(".") in ("", "Not stated"):
            return False, f"nothing under {heading!r}"
    numbers = 0
    for subset, scores in checkpoint.config.get("held_out", {}).items():
        for metric in (*_METRICS, *_OF_LETTERS) if isinstance(scores, dict) else ():
            if metric in scores:
                numbers += 1
                if f"{scores[metric]:.4f}" not in card:
                    return False, f"{metric} of {subset!r} is not that of the description"
    return True, f"complete; {numbers} scores as in the description"


def _compared(checkpoint):
    """What the card of an imported `.keras` file tells, which has no description of its own."""
    try:
        lines = checkpoint.card.splitlines()
    except WeightsError:
        return None
    return next((line for line in lines if line.startswith("The network was compared ")), None)


def _other_windows(described, subset, many):
    """Why fresh scores of so many windows cannot be compared; None where they can."""
    were = described.get(subset, {}).get("examples", many)
    if many == were:
        return None
    return f"not compared: scores are of {were} windows ({subset}), here are {many}"


def _scores(checkpoint, data):
    from genome_keras.datasets.splits import open_split
    from genome_keras.evaluation.evaluate import evaluate

    described = checkpoint.config.get("held_out")
    if not described or not any(
        metric in part for part in described.values() for metric in _METRICS
    ):
        return None, "no held-out scores of tasks in the description"
    if told := _other_windows(described, "all", len(open_split(data, "test"))):
        return None, told
    try:
        sources = [subset for subset in described if subset != "all"]
        result = evaluate(data, weights=[checkpoint.name], sources=sources)
    except WeightsError as error:  # of other tasks or longer windows; a broken file failed above
        return None, f"not compared: {error}"
    for subset, part in result["subsets"].items():
        if told := _other_windows(described, subset, part["examples"]):
            return None, told
    worst, compared = 0.0, 0
    for subset, expected in described.items():
        fresh = result["subsets"].get(subset, {"groups": {}})["groups"].get("frequent")
        if fresh is None:
            return False, f"the data have no subset {subset!r}"
        summary = fresh["models"][checkpoint.name]
        for metric in _METRICS:
            if metric in expected:
                difference = abs(summary[metric] - expected[metric])
                if math.isnan(difference) or difference > _TOLERANCE:
                    return False, (
                        f"{metric} of {subset!r} is {summary[metric]:.4f}, "
                        f"described {expected[metric]:.4f}"
                    )
                worst, compared = max(worst, difference), compared + 1
    return True, f"{compared} means differ by at most {worst:.1e}"
