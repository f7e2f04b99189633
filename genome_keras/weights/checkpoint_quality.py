"""How good a checkpoint is, as it says itself: what must be known before its effects are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.weights.calibration import calibration_of
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.factors import factors_of
from genome_keras.weights.task_fields import fields_of

_MEANS = {"auroc": "AUROC", "auprc": "AUPRC", "f1": "F1"}
UNKNOWN = (
    "How good the model is nobody told: its description has no held-out scores, and no calibration "
    "lies beside its weights. `genome-keras evaluate` and `calibrate` measure it on data."
)


class TrackQuality(NamedTuple):
    """How good the calls of one task are, on regions that its threshold was not chosen on.

    Attributes:
        precision, recall: NaN without a call or a positive.
        positives: among the regions.

    Example:
        >>> print(TrackQuality(0.5, 0.25, 12))
        0.50 / 0.25 (12)
    """

    precision: float
    recall: float
    positives: int

    def __str__(self) -> str:
        shown = ("?" if np.isnan(x) else f"{x:.2f}" for x in (self.precision, self.recall))
        return f"{' / '.join(shown)} ({self.positives:,})"


class Quality(NamedTuple):
    """What a checkpoint ships of its held-out scores.

    Attributes:
        lines: sentences.
        tracks: name of a task -> `TrackQuality`; empty where nothing was measured of each.

    Example:
        >>> quality_of(None).tracks
        {}
    """

    lines: list[str]
    tracks: dict[str, TrackQuality]

    def of_tasks(self, tasks: Sequence[str]) -> list[tuple[str, str, str, str, str]]:
        """What a page's list is told of each task: name, factor, group, cell, quality in words.

        Example:
            >>> Quality([], {}).of_tasks(["K562|CTCF|None"])
            [('K562|CTCF|None', 'CTCF', 'TF', 'K562', '')]
        """
        factors = {i: factor for factor in factors_of(tasks) for i in factor.columns}
        return [
            (name, factors[i].name, factors[i].group, fields_of(name).cell, self.in_words(name))
            for i, name in enumerate(tasks)
        ]

    def in_words(self, task: str) -> str:
        """How good a task is; "" where nobody told."""
        return str(self.tracks.get(task, ""))


def quality_of(checkpoint: Checkpoint | None) -> Quality:
    """The held-out scores of a checkpoint.

    Args:
        checkpoint: None of a model in memory.

    Raises:
        FormatError, WeightsError: as `genome_keras.weights.calibration.calibration_of`.

    Example:
        >>> from genome_keras.weights import find
        >>> quality = quality_of(find("bigru_multitask.human_chromatin.v2"))
        >>> "AUROC" in quality.lines[0], len(quality.tracks)
        (True, 188)
    """
    if checkpoint is None:
        return Quality([UNKNOWN], {})
    lines, tracks = list(_means(checkpoint)), {}
    calibration = calibration_of(checkpoint) if checkpoint.tasks else None
    if calibration is not None:
        columns = (calibration.precision, calibration.recall, calibration.positives)
        values = zip(*(column.tolist() for column in columns), strict=True)
        tracks = {
            task: TrackQuality(*three)
            for task, three in zip(calibration.tasks, values, strict=True)
            if three[2]
        }
    if tracks:
        where = f" ({' '.join(calibration.about.split())})" if calibration.about else ""
        lines.append(
            "Precision / recall (positives) are of each track's calls by its own threshold on "
            f"validation regions{where}; ? is not known. With few positives they say little."
        )
    return Quality(lines or [UNKNOWN], tracks)


def _means(checkpoint):
    held_out = checkpoint.config.get("held_out")
    figures = held_out.get("all") if isinstance(held_out, dict) else None
    if not isinstance(figures, dict):
        return
    told = [
        f"{word} {figures[f'{name}_mean']:.3f}"
        for name, word in _MEANS.items()
        if isinstance(figures.get(f"{name}_mean"), float)
    ]
    if isinstance(figures.get("perplexity"), float):  # of a language model
        told.append(f"perplexity {figures['perplexity']:.4f} a base")
    if told:
        sizes = [figures.get("tasks"), figures.get("examples")]
        where = " on held-out regions"
        if all(isinstance(size, int) for size in sizes):
            where = " over {:,} tasks and {:,} held-out regions".format(*sizes)
        yield f"Held-out scores of {checkpoint.name}: {', '.join(told)}, means{where}."
