"""Tasks of one factor together: its cells seldom tell different stories of a variant."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.weights.task_fields import fields_of


class Factor(NamedTuple):
    """What was measured in one cell or in several.

    Attributes:
        name: its target: "CTCF", "DNase"; or the name of a task that tells none.
        group: "TF", "histone", "DNase" or "".
        columns: of its tasks.

    Example:
        >>> Factor("CTCF", "TF", [0, 2]).columns
        [0, 2]
    """

    name: str
    group: str
    columns: list[int]


def factors_of(tasks: Sequence[str]) -> list[Factor]:
    """The factors of tasks, in the order of their first task.

    Example:
        >>> [factor.columns for factor in factors_of(["A549|CTCF|None", "p300", "K562|CTCF|None"])]
        [[0, 2], [1]]
    """
    factors = {}
    for column, task in enumerate(tasks):
        told = fields_of(task)
        name = told.target or task
        factors.setdefault((name, told.group), Factor(name, told.group, [])).columns.append(column)
    return list(factors.values())


def by_largest(factors: Sequence[Factor], effects: np.ndarray) -> list[Factor]:
    """Factors, the one with the largest absolute effect first; so are the columns of each.

    Args:
        factors: of `factors_of`.
        effects: float (tasks,).

    Example:
        >>> factors = factors_of(["A549|CTCF|None", "p300", "K562|CTCF|None"])
        >>> [factor.columns for factor in by_largest(factors, np.array([0.1, -0.2, -0.3]))]
        [[2, 0], [1]]
    """
    size = np.abs(np.nan_to_num(effects))
    sorted_inside = [
        factor._replace(columns=sorted(factor.columns, key=lambda column: -size[column]))
        for factor in factors
    ]
    return sorted(sorted_inside, key=lambda factor: -size[factor.columns[0]])
