"""Tables of what scores high: a row for each window and task at or above a threshold."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from genome_keras.io.tables import open_table


@contextmanager
def open_calls(
    path: str | os.PathLike,
    tasks: Sequence[str],
    *,
    above: float,
    fields: Mapping[str, type],
    half: bool = False,
) -> Iterator["_Calls"]:
    """Opens a table of calls; the file is there, whole, when the block succeeds.

    The columns are those of `fields`, then task and score.

    Args:
        path, fields, half: as in `genome_keras.io.tables.open_table`.
        tasks: names of the scores.
        above: the lowest score that is written.

    Yields:
        An object with `write(*columns, scores)`, as that of `open_table`.

    Raises:
        As `open_table`; ValueError also for a threshold that is no probability.

    Example:
        >>> import tempfile
        >>> from genome_keras.io.tables import PLACE
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "calls.tsv")
        ...     with open_calls(path, ["CTCF", "TAL1"], above=0.5, fields=PLACE) as table:
        ...         table.write(["chr1"], [0], [100], np.array([[0.25, 0.75]]))
        ...     with open(path) as file:
        ...         print(file.readlines()[1].split())
        ['chr1', '0', '100', 'TAL1', '0.75']
    """
    if not 0 <= above <= 1:
        raise ValueError(f"above must be a probability, 0 to 1. Received: above={above!r}")
    with open_table(path, ["score"], fields={**fields, "task": str}, half=half) as table:
        yield _Calls(table, list(tasks), above)


class _Calls:
    def __init__(self, table, tasks, above):
        self.table, self.tasks, self.above = table, tasks, above

    def write(self, *columns):
        *columns, scores = columns
        rows, tasks = np.nonzero(scores >= self.above)
        places = [[column[row] for row in rows.tolist()] for column in map(_plain, columns)]
        names = [self.tasks[task] for task in tasks.tolist()]
        self.table.write(*places, names, scores[rows, tasks][:, None])


def _plain(column):
    return column.tolist() if isinstance(column, np.ndarray) else column
