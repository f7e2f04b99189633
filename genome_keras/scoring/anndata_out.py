"""Scores as AnnData, which single-cell tools read."""

from typing import TYPE_CHECKING, Any

from genome_keras.errors import GenomeKerasError
from genome_keras.weights.records import data_frame
from genome_keras.weights.task_fields import FIELDS, fields_of

if TYPE_CHECKING:
    from genome_keras.scoring.predict import Scores


def anndata_of(scores: "Scores") -> Any:
    """An `anndata.AnnData`: rows are windows, columns tasks.

    Args:
        scores: of `genome_keras.predict`.

    Returns:
        `X` float32 (n, tasks); `obs` has name, start and end (0-based, half-open), `var` what
        the names of tasks tell: cell, target, treatment, group and accession.

    Raises:
        GenomeKerasError: anndata is missing.

    Example:
        >>> import numpy as np
        >>> from genome_keras.scoring.predict import Scores
        >>> place = np.array([0]), np.array([200])
        >>> scores = Scores(["chr1"], *place, np.float32([[0.25]]), ["K562|CTCF|None"])
        >>> try:
        ...     shape = anndata_of(scores).shape
        ... except GenomeKerasError:  # anndata is not there
        ...     shape = (1, 1)
        >>> shape
        (1, 1)
    """
    try:
        from anndata import AnnData
    except ModuleNotFoundError as error:
        raise GenomeKerasError("AnnData needs anndata: pip install anndata") from error
    places = {"name": scores.names, "start": scores.starts, "end": scores.ends}
    obs = data_frame(places)
    obs.index = [f"{name}:{start}-{end}" for name, start, end in zip(*places.values(), strict=True)]
    told = [fields_of(task) for task in scores.tasks]
    var = data_frame({field: [getattr(task, field) for task in told] for field in FIELDS})
    var.index = list(scores.tasks)
    return AnnData(scores.scores, obs=obs, var=var)
