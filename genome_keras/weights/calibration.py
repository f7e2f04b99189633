"""What a checkpoint's scores are worth where labels are as rare as in a genome.

A network is trained on regions that hold far more positives than a genome does, so its
scores are too high there. A calibration maps the log-odds of each task by a line of its
own, and has a threshold for each task above which a region is called. It is a table beside
the weights, `NAME.calibration.tsv`: lines of `#` that tell what it was fitted on, then one
row a task. Its column `how` tells whose line a task has: its own, one that it shares, or none.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.errors import FormatError, WeightsError
from genome_keras.io.atomic import atomic
from genome_keras.scores import CLIP
from genome_keras.weights.checkpoint import Checkpoint

SUFFIX = ".calibration.tsv"
OWN, SHARED, NONE = "own", "shared", "none"
_LONGEST = 1 << 20  # bytes of a table that is read


@dataclass(frozen=True, eq=False)
class Calibration:
    """Lines for the log-odds of tasks, and thresholds.

    Attributes:
        tasks: names, in the order of the scores.
        slope, offset: float (tasks,): calibrated log-odds = slope x log-odds + offset; NaN
            for a task that was not fitted.
        threshold: float (tasks,), of calibrated scores: a region is called where its score
            is at least this.
        precision, recall: float (tasks,), of these calls on regions that the threshold was
            not chosen on; NaN without a call or without a positive there.
        rate: float (tasks,), mean of the calibrated scores of the regions it was fitted on: the
            rate of positives that the line stands for.
        positives: int (tasks,), how many there were.
        about: what it was fitted on, a line of text or several.
        how: of each task "own", its line and threshold are fitted to its own labels; "shared", it
            has too few positives for that, so its line is that of all tasks together, and its
            threshold the median of those that have one; or "none", it has no label, so no line.
            As it is, "own" wherever there is a line.

    Example:
        >>> two = Calibration.from_lines(["CTCF", "REST"], slope=[1, 2], offset=[0, -1])
        >>> two.probabilities([[0.5, 0.5]]).round(3)
        array([[0.5  , 0.269]], dtype=float32)
    """

    tasks: tuple[str, ...]
    slope: np.ndarray
    offset: np.ndarray
    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    rate: np.ndarray
    positives: np.ndarray
    about: str = ""
    how: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.how:
            own = (NONE if missing else OWN for missing in np.isnan(self.slope).tolist())
            object.__setattr__(self, "how", tuple(own))

    @classmethod
    def from_lines(
        cls, tasks: Sequence[str], *, slope: ArrayLike, offset: ArrayLike, about: str = ""
    ) -> "Calibration":
        """One whose thresholds are 0.5 and of which nothing was measured.

        Example:
            >>> Calibration.from_lines(["CTCF"], slope=[1], offset=[0]).threshold.tolist()
            [0.5]
        """
        nothing = np.full(len(tasks), np.nan)
        return cls(
            tasks=tuple(tasks),
            slope=np.asarray(slope, float),
            offset=np.asarray(offset, float),
            threshold=np.full(len(tasks), 0.5),
            precision=nothing,
            recall=nothing,
            rate=nothing,
            positives=np.zeros(len(tasks), int),
            about=about,
        )

    @property
    def fitted(self) -> np.ndarray:
        """bool (tasks,): which tasks have a line."""
        return ~np.isnan(self.slope)

    def told(self) -> str:
        """How many tasks have a line of their own, share one, or have none, in words.

        Example:
            >>> Calibration.from_lines(["CTCF", "REST"], slope=[1, np.nan], offset=[0, 0]).told()
            '1 of 2 tasks by their own labels, 1 without a label left out'
        """
        count = {word: self.how.count(word) for word in (OWN, SHARED, NONE)}
        told = f"{count[OWN]} of {len(self.tasks)} tasks by their own labels"
        if count[SHARED]:
            told += f", {count[SHARED]} with too few positives by a line that they share"
        if count[NONE]:
            told += f", {count[NONE]} without a label left out"
        return told

    def probabilities(self, scores: ArrayLike, *, rates: ArrayLike | None = None) -> np.ndarray:
        """Calibrated P(label = 1); tasks that were not fitted keep their scores.

        Args:
            scores: float (n, tasks) of the checkpoint.
            rates: float (tasks,) or one number, share of positives expected where the scores
                are used; None takes that of the regions it was fitted on.

        Returns:
            float32 (n, tasks).

        Source: Platt 1999, Probabilistic outputs for support vector machines; for `rates`
            Saerens, Latinne and Decaestecker 2002 (Neural Computation 14:21).

        Example:
            >>> half = Calibration.from_lines(["CTCF"], slope=[1], offset=[np.log(1 / 9)])
            >>> half.probabilities([[0.5], [0.9]]).round(3)
            array([[0.1],
                   [0.5]], dtype=float32)
        """
        scores = np.asarray(scores)
        odds = log_odds(scores) * self.slope + self.offset
        if rates is not None:
            odds += log_odds(np.asarray(rates, float)) - log_odds(self.rate)
        calibrated = 1 / (1 + np.exp(-np.clip(odds, -80, 80)))
        return np.where(self.fitted, calibrated, scores).astype(np.float32)

    def calls(self, scores: ArrayLike) -> np.ndarray:
        """bool (n, tasks): which regions are called; none for a task that was not fitted.

        Args:
            scores: float (n, tasks) of the checkpoint, not calibrated.

        Example:
            >>> Calibration.from_lines(["CTCF"], slope=[1], offset=[0]).calls([[0.4], [0.6]])
            array([[False],
                   [ True]])
        """
        return (self.probabilities(scores) >= self.threshold) & self.fitted

    def only(self, chosen: Sequence[int]) -> "Calibration":
        """That of some tasks, by their numbers (0-based), in this order.

        Example:
            >>> both = Calibration.from_lines(["CTCF", "REST"], slope=[1, 2], offset=[0, 0])
            >>> both.only([1]).tasks
            ('REST',)
        """
        chosen = list(chosen)
        arrays = {name: getattr(self, name)[chosen] for name in _COLUMNS}
        names, how = (tuple(words[i] for i in chosen) for words in (self.tasks, self.how))
        return Calibration(names, **arrays, about=self.about, how=how)

    def write(self, path: str | os.PathLike) -> None:
        """Writes the table; an existing one is replaced."""
        numbers = zip(*(getattr(self, name) for name in _COLUMNS), strict=True)
        rows = zip(self.tasks, self.how, numbers, strict=True)
        with atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            for line in self.about.splitlines():
                file.write(f"# {line}\n")
            file.write("\t".join(_HEADER) + "\n")
            for task, how, values in rows:
                texts = [task, how, *(f"{value:.6g}" for value in values)]
                file.write("\t".join(texts) + "\n")

    @classmethod
    def read(cls, path: str | os.PathLike) -> "Calibration":
        """Reads a table that `write` wrote, also one of a version that knew no column `how`.

        Raises:
            FormatError: another file, or values out of their range.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     Calibration.from_lines(["CTCF"], slope=[2], offset=[0]).write(f"{folder}/c.tsv")
            ...     print(Calibration.read(f"{folder}/c.tsv").slope)
            [2.]
        """
        about, header, rows = [], None, []
        for number, line in enumerate(_lines(path), start=1):
            if line.startswith("#"):
                about.append(line[1:].strip())
            elif header is None:
                header = line.split("\t")
                if header not in (_HEADER, _BEFORE):
                    expected = ", ".join(_HEADER)
                    raise FormatError(path, number, f"expected the columns {expected}")
            else:
                rows.append(_row(path, number, line, header))
        if not rows:
            raise FormatError(path, None, "expected a row for each task. Received: none")
        tasks, how, values = zip(*rows, strict=True)
        columns = dict(zip(_COLUMNS, np.array(values).T, strict=True))
        columns["positives"] = columns["positives"].astype(int)
        how = how if header == _HEADER else ()
        return cls(tasks, **columns, about="\n".join(about), how=how)


_COLUMNS = tuple(f.name for f in fields(Calibration) if f.name not in ("tasks", "how", "about"))
_HEADER, _BEFORE = ["task", "how", *_COLUMNS], ["task", *_COLUMNS]
# Lowest and highest value of a column; NaN stands for "not known" but in `positives`.
_RANGES = {"slope": (0, 100), "offset": (-100, 100), "positives": (0, 2**53)}


def calibration_of(checkpoint: Checkpoint) -> Calibration | None:
    """The calibration beside the weights of a checkpoint, or None where there is none.

    Raises:
        FormatError: the table is damaged.
        WeightsError: it is missing though it was published, or of other tasks.

    Example:
        >>> from genome_keras.weights import find
        >>> calibration_of(find("char_rnn.ecoli.v1")) is None  # it has no tasks
        True
    """
    if checkpoint.calibration_sha256 is not None:
        path = checkpoint.published_beside(SUFFIX, checkpoint.calibration_sha256)
    elif checkpoint.sha256 is not None:
        return None  # published without one
    else:
        stem = checkpoint.path.name.removesuffix(".keras").removesuffix(".weights.h5")
        path = checkpoint.path.with_name(stem + SUFFIX)
        if not path.is_file():
            return None
    calibration = Calibration.read(path)
    if checkpoint.tasks and list(calibration.tasks) != checkpoint.tasks:
        raise WeightsError(f"{path}: its tasks are not those of {checkpoint.name}")
    return calibration


def log_odds(scores: ArrayLike) -> np.ndarray:
    """Log-odds of probabilities, which are clipped at 1e-7.

    Example:
        >>> log_odds([0.5, 0.9]).round(3).tolist()
        [0.0, 2.197]
    """
    scores = np.clip(np.asarray(scores, float), CLIP, 1 - CLIP)
    return np.log(scores) - np.log1p(-scores)


def _lines(path):
    try:
        if os.path.getsize(path) > _LONGEST:
            raise FormatError(path, None, f"expected a table of at most {_LONGEST:,} bytes")
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(path, None, "expected UTF-8 text") from error


def _row(path, number, line, header):
    task, *texts = line.split("\t")
    how = texts.pop(0) if texts and header == _HEADER else ""
    try:
        values = [float(text) for text in texts]
    except ValueError as error:
        raise FormatError(path, number, f"expected numbers after the task ({error})") from error
    if len(values) != len(_COLUMNS):
        received = len(line.split("\t"))
        raise FormatError(path, number, f"expected {len(header)} columns. Received: {received}")
    if header == _HEADER and (
        how not in (OWN, SHARED, NONE) or (how == NONE) != np.isnan(values[0])
    ):
        problem = f"expected how: {OWN}, {SHARED}, or {NONE} without a slope. Received: {how!r}"
        raise FormatError(path, number, problem)
    for name, value in zip(_COLUMNS, values, strict=True):
        low, high = _RANGES.get(name, (0, 1))
        if not (low <= value <= high or (np.isnan(value) and name != "positives")):
            problem = f"expected {name} from {low} to {high}, or nan. Received: {value}"
            raise FormatError(path, number, problem)
    return task, how, values
