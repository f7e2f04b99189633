"""What is told of a score: itself, the calibrated probability, or whether it is a call."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.errors import WeightsError
from genome_keras.scoring.model_in_use import ModelInUse
from genome_keras.weights.calibration import OWN, calibration_of

VALUES = ("scores", "calibrated", "calls")
_log = logging.getLogger(__name__)
_PREFIX = {"scores": "", "calibrated": "calibrated:", "calls": "call:"}


class Values(NamedTuple):
    """How the scores of chosen tasks become what is written.

    Attributes:
        convert: a function of scores, float (n, chosen tasks), that gives float32 of that shape.
        prefix: what stands before the names of tasks in the header of a table.

    Example:
        >>> Values(convert=np.sqrt, prefix="root:").prefix
        'root:'
    """

    convert: Callable[[np.ndarray], np.ndarray]
    prefix: str


def task_of(heading: str) -> str:
    """The task that a column of values is of.

    Example:
        >>> task_of("call:K562|CTCF|None"), task_of("K562|CTCF|None")
        ('K562|CTCF|None', 'K562|CTCF|None')
    """
    for prefix in filter(None, _PREFIX.values()):
        heading = heading.removeprefix(prefix)
    return heading


def values_of(values: str, use: ModelInUse, chosen: slice | Sequence[int]) -> Values:
    """What turns scores into the values that were asked for.

    Args:
        values: "scores"; "calibrated", probabilities where labels are as rare as in the regions
            the checkpoint was calibrated on, NaN for tasks without a calibration; or "calls",
            1 where these reach the task's threshold, 0 elsewhere, NaN as before. How many tasks
            share a calibration or have none is logged.
        use: the model.
        chosen: columns of its scores.

    Raises:
        ValueError: another value.
        WeightsError: a model without a calibration.
        FormatError: a calibration that is damaged.

    Example:
        >>> from genome_keras.scoring.model_in_use import model_in_use
        >>> use = model_in_use("kmer_logreg.human_chromatin.v1")
        >>> values_of("scores", use, slice(None)).convert(np.array([[0.5]]))
        array([[0.5]])
    """
    one_of(values=values, accepted=VALUES)
    if values == "scores":
        return Values(lambda scores: scores, "")
    calibration = None if use.checkpoint is None else calibration_of(use.checkpoint)
    if calibration is None:
        raise WeightsError(
            f"{use.name}: no calibration beside its weights; `genome-keras calibrate` makes one"
        )
    numbers = range(len(calibration.tasks))[chosen] if isinstance(chosen, slice) else chosen
    some = calibration.only(numbers)
    if set(some.how) != {OWN}:
        _log.info("calibrated %s (column how of its table)", some.told())
    turn = some.probabilities if values == "calibrated" else some.calls
    return Values(
        lambda scores: np.where(some.fitted, turn(scores), np.nan).astype(np.float32),
        _PREFIX[values],
    )
