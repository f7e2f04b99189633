"""One number an allele for a cell: what it does to the cell's accessible chromatin."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from genome_keras.scoring.model_in_use import ModelInUse
from genome_keras.weights.task_fields import fields_of

ACCESSIBLE = "DNase"  # the group of DNase, ATAC and FAIRE
_SAYS_WHICH = re.compile(r"\b(group|target)=")


def accessible_columns(use: ModelInUse, choice: Iterable[str] | str) -> list[int]:
    """Columns of the tracks that a choice of tasks means to sum up.

    Those of accessible chromatin among the tasks of the choice; where the choice itself says
    which targets or groups, as in "cell=K562 group=*", all of its tasks.

    Args:
        use: the model, of `genome_keras.scoring.model_in_use.model_in_use`.
        choice: one or several, as of tasks, such as "cell=K562".

    Raises:
        ValueError: a choice that means no task, or none of accessible chromatin.

    Example:
        >>> from genome_keras.scoring.model_in_use import model_in_use
        >>> use = model_in_use("kmer_logreg.human_chromatin.v1")
        >>> [use.tasks[column] for column in accessible_columns(use, "cell=GM12878")]
        ['gm12878|DNase|ENCFF097LEF']
    """
    choices = [choice] if isinstance(choice, str) else list(choice)
    number = {task: column for column, task in enumerate(use.tasks)}
    columns = {}
    for each in choices:
        _, names = use.columns(each)
        if not _SAYS_WHICH.search(each):
            kept = [name for name in names if fields_of(name).group == ACCESSIBLE]
            if not kept:
                raise ValueError(_none(use, each, len(names)))
            names = kept
        columns |= {number[name]: None for name in names}
    return list(columns)


def _none(use, choice, count):
    tasks = map(fields_of, use.columns()[1])
    cells = sorted({task.cell for task in tasks if task.group == ACCESSIBLE})
    there = f"it knows that of {', '.join(cells)}" if cells else "it knows none"
    return (
        f"{use.name}: no accessible chromatin among the {count} tasks of {choice!r}; {there}; "
        f"'{choice} group=*' takes all of these tasks"
    )


def summary(ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """The largest change of P over tracks, with its sign.

    Of the numbers that `benchmarks/variant_summary.py` compares it is right most often on
    which allele is the more active one, whatever the tracks.

    Args:
        ref, alt: float (n, tracks), scores of both alleles.

    Returns:
        float32 (n,): P(alt) - P(ref) of the track where it is largest; 0 and above opens.

    Example:
        >>> summary(np.array([[0.5, 0.5]]), np.array([[0.6, 0.25]])).tolist()
        [-0.25]
    """
    change = np.asarray(alt, np.float64) - ref
    most = np.abs(change).argmax(1)
    return change[np.arange(len(change)), most].astype(np.float32)


def beside(values: np.ndarray, summaries: np.ndarray) -> np.ndarray:
    """Effects with the summary as one more column of each kind, so that both are kept together.

    Args:
        values: float32 (effects, n, tasks).
        summaries: float32 (n,).

    Example:
        >>> beside(np.zeros((2, 3, 4), np.float32), np.ones(3, np.float32)).shape
        (2, 3, 5)
    """
    column = np.broadcast_to(summaries[None, :, None], (*values.shape[:2], 1))
    return np.concatenate([values, column], 2)


def apart(values: np.ndarray) -> tuple[np.ndarray, Sequence[float]]:
    """What `beside` put together.

    Example:
        >>> values, summaries = apart(np.ones((2, 3, 5)))
        >>> values.shape, summaries.shape
        ((2, 3, 4), (3,))
    """
    return values[..., :-1], values[0, :, -1]
