"""Scores as AnnData in memory, which single-cell tools read."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.scoring.values import task_of
from genome_keras.weights.records import data_frame
from genome_keras.weights.task_fields import columns_of


def told_of(headings: Sequence[str]) -> dict[str, list[str]]:
    """What columns of values tell of their tasks, as `genome_keras.weights.task_fields` has it.

    Example:
        >>> told_of(["calibrated:K562|CTCF|None"])["cell"]
        ['K562']
    """
    return columns_of([*map(task_of, headings)])


def anndata_of(
    scores: np.ndarray,
    tasks: Sequence[str],
    *,
    obs: Mapping[str, Any],
    index: Sequence[str],
    layers: Mapping[str, np.ndarray] | None = None,
    about: Mapping[str, str] | None = None,
) -> Any:
    """An `anndata.AnnData`: rows are windows or alleles, columns tasks.

    Args:
        scores: float (n, tasks), of `X`.
        tasks: names of the columns.
        obs: name -> n values.
        index: n names of the rows.
        layers: name -> float (n, tasks).
        about: name -> text, of `uns`.

    Returns:
        An AnnData whose `var` has what the names of tasks tell: cell, target, treatment, group and
        accession.

    Raises:
        GenomeKerasError: anndata is missing.

    Example:
        >>> try:
        ...     shape = anndata_of(
        ...         np.float32([[0.25]]), ["K562|CTCF|None"], obs={"name": ["chr1"]}, index=["a"]
        ...     ).shape
        ... except GenomeKerasError:  # anndata is not there
        ...     shape = (1, 1)
        >>> shape
        (1, 1)
    """
    try:
        from anndata import AnnData
    except ModuleNotFoundError as error:
        raise GenomeKerasError("AnnData needs anndata: pip install anndata") from error
    rows, columns = data_frame(obs), data_frame(told_of(tasks))
    rows.index, columns.index = list(index), list(tasks)
    more = {"layers": dict(layers or {}), "uns": dict(about or {})}
    return AnnData(scores, obs=rows, var=columns, **more)
