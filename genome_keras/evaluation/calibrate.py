"""Calibrations of checkpoints, fitted on held-out regions with labels at their natural rate."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.errors import WeightsError
from genome_keras.scores import best_threshold
from genome_keras.weights.calibration import NONE, OWN, SHARED, Calibration, log_odds

if TYPE_CHECKING:
    from genome_keras.datasets.splits import Data

# How far the line of a task may lie from that of all, and how many positives it takes to have one
# of its own: `benchmarks/few_positives.py` compares some.
SPREAD, FEW = (0.3, 1.0), 10
_PIECES = 10  # runs of rows: every second is one half for precision and recall
_STEPS = 50  # of Newton's method


def calibrate(
    data: "Data",
    *,
    weights: object,
    split: str = "valid",
    sources: Iterable[str] | None = None,
    batch_size: int = 512,
) -> Calibration:
    """Fits a calibration of a model on regions that it was not trained on.

    The labels should be as rare in these regions as where the scores will be used: in the
    data sets of this package those of the source "windows". Thresholds, precision and recall
    are those of the split "valid" too; the scores of the split "test" are untouched by them.

    Args:
        data: as of `genome_keras.evaluate`.
        weights: name or path of a checkpoint, the folder of a run, a `Checkpoint`, a
            `keras.Model` or a `Scorer`.
        split: of `data`.
        sources: collections of `data` to read; None reads all.
        batch_size: windows at a time.

    Returns:
        A `Calibration`; what it was fitted on is in its `about`.

    Raises:
        FormatError: a data set that cannot be read, or lacks the split or a source.
        WeightsError: a checkpoint that cannot be loaded, or with other tasks than the data.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> from genome_keras import kmer_logreg
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid"], [40, 40])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        ...     calibration = calibrate(f"{folder}/data.h5", weights=model)
        >>> calibration.about
        'data.h5, split valid, all sources: 40 regions'
    """
    from genome_keras.datasets.splits import paths_of
    from genome_keras.evaluation.data import held_out
    from genome_keras.scoring.model_in_use import model_in_use
    from genome_keras.windows import centre

    model = model_in_use(weights, batch_size=batch_size, engine="auto")
    sources = None if sources is None else list(sources)
    examples = held_out(data, split, sources=sources)
    names = model.tasks
    if names[:1] == ["task_0"] and len(names) == len(examples.tasks):
        names = examples.tasks
    if names != examples.tasks:
        raise WeightsError(f"{model.name}: its {len(names)} tasks are not those of the data")
    middle = centre(examples.codes.shape[1], model.window)
    scores = model.scorer.scores(examples.codes[:, middle])
    labels = np.where(model.trained, examples.labels, -1)
    files = ", ".join(Path(path).name for path in paths_of(data))
    read = "sources " + ", ".join(sources) if sources else "all sources"
    about = f"{files}, split {split}, {read}"
    return fitted(labels, scores, names, about=f"{about}: {len(labels):,} regions")


def fitted(
    labels: ArrayLike, scores: ArrayLike, tasks: Sequence[str], *, about: str = ""
) -> Calibration:
    """Fits lines and thresholds to scores and labels.

    The line of a task is the most probable one where lines of tasks are spread (normally)
    around that of all tasks together, and with fewer than 10 positives it is that line: labels of
    neighbouring regions go together, so few of them say less than their number. A
    threshold is that of the highest F1 of the calibrated scores; with fewer than 10 positives
    it is the median of the others. Precision and recall are those on one half of the
    regions for a threshold of the other half, both halves together.

    Args:
        labels: (n, tasks): 0, 1, and -1 or NaN for not measured; a task without a label
            is not fitted. Neighbouring regions are neighbouring rows.
        scores: float (n, tasks), P(label = 1).
        tasks: their names.
        about: what the regions are.

    Example:
        >>> labels = np.repeat([[0], [1], [0], [1]], [90, 10, 50, 50], axis=0)
        >>> scores = np.repeat([[0.3], [0.8]], [100, 100], axis=0)
        >>> calibration = fitted(labels, scores, ["CTCF"])
        >>> calibration.probabilities([[0.3], [0.8]]).round(1)
        array([[0.1],
               [0.5]], dtype=float32)
    """
    labels = np.asarray(labels)
    known = labels >= 0
    positives = (labels == 1).sum(0)
    slope, offset = lines(labels, scores)
    result = Calibration.from_lines(tasks, slope=slope, offset=offset, about=about)
    calibrated = result.probabilities(scores).astype(float)
    labels = np.where(known, labels, -1)
    precision, recall = _on_halves(labels, calibrated)
    with np.errstate(invalid="ignore"):
        rate = np.where(known, calibrated, 0).sum(0) / known.sum(0)
    whose = np.select([~known.any(0), positives < FEW], [NONE, SHARED], OWN)
    return replace(
        result,
        how=tuple(whose.tolist()),
        threshold=_thresholds(labels, calibrated),
        precision=precision,
        recall=recall,
        rate=rate,
        positives=positives,
    )


def lines(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    spread: tuple[float, float] = SPREAD,
    few: int = FEW,
) -> np.ndarray:
    """The lines of tasks, as `fitted` has them.

    Args:
        labels, scores: as in `fitted`.
        spread: standard deviations of slopes and of offsets around those of all tasks together.
        few: positives below which a task has the line of all.

    Returns:
        float (2, tasks): slopes and offsets; NaN for a task without a label.

    Example:
        >>> labels = np.repeat([[0], [1], [0], [1]], [90, 10, 50, 50], axis=0)
        >>> scores = np.repeat([[0.3], [0.8]], [100, 100], axis=0)
        >>> lines(labels, scores).round(2).tolist()
        [[0.98], [-1.36]]
    """
    labels, odds = np.asarray(labels), log_odds(scores)
    known, positive = labels >= 0, labels == 1
    together = _line(odds[known][None].T, positive[known][None].T, np.ones((known.sum(), 1), bool))
    own = _line(odds, positive, known, about=together[:, 0], spread=spread)
    chosen = np.where(positive.sum(0) < few, together, own)
    chosen[:, ~known.any(0)] = np.nan
    return chosen


def _line(odds, positive, known, *, about=None, spread=SPREAD):
    """Slopes and offsets (2, tasks) by Newton's method, near the line `about` where given."""
    weight = known.astype(float)
    line = np.array([[1.0], [0.0]] if about is None else about[:, None]) + np.zeros(odds.shape[1])
    centre, strength = line.copy(), np.zeros(2)
    if about is not None:
        strength = 1 / np.array(spread) ** 2
    strength = np.maximum(strength, 1e-6)[:, None]
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(line[0] * odds + line[1], -30, 30)))
        off, bend = (p - positive) * weight, p * (1 - p) * weight
        slope, offset = np.array([(off * odds).sum(0), off.sum(0)]) + strength * (line - centre)
        a = (bend * odds**2).sum(0) + strength[0]
        b = (bend * odds).sum(0)
        d = bend.sum(0) + strength[1]
        step = np.array([d * slope - b * offset, a * offset - b * slope]) / (a * d - b * b)
        line = line - np.clip(step, -1, 1)
        line[0] = np.maximum(line[0], 0.01)  # a higher score never means less
        if np.abs(step).max() < 1e-6:
            break
    return line


def _thresholds(labels, calibrated):
    """That of the highest F1 of each task; the median of the others with few positives."""
    best = best_threshold(labels, calibrated)
    few = (labels == 1).sum(0) < FEW
    usual = float(np.median(best[~few])) if (~few).any() else 0.5
    return np.where(few, usual, best)


def _on_halves(labels, calibrated):
    """Precision and recall of each half called by the threshold of the other."""
    half = (np.arange(len(labels)) * _PIECES // max(1, len(labels))) % 2
    right, called = np.zeros((2, labels.shape[1]))
    for own in (0, 1):
        threshold = _thresholds(labels[half != own], calibrated[half != own])
        calls = (calibrated[half == own] >= threshold) & (labels[half == own] >= 0)
        right += (calls & (labels[half == own] == 1)).sum(0)
        called += calls.sum(0)
    with np.errstate(invalid="ignore"):
        return right / called, right / (labels == 1).sum(0)
