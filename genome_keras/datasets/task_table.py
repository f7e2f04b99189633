"""The tasks of known data sets: names, groups, and what others have published of them."""

import csv
from dataclasses import dataclass

import numpy as np

from genome_keras.weights.locations import packaged
from genome_keras.weights.task_fields import TABLES


@dataclass(frozen=True, eq=False)
class Tasks:
    """The columns of a data set, in order. All but `table` and `published` are (tasks,).

    Attributes:
        table: the name it goes by.
        names: unique; what columns of predictions are called.
        cells, targets, treatments: what was measured, as published.
        groups: "TF", "histone" or "DNase".
        positive_rates: share of positives as published, float64; NaN where it is not.
        published: model -> {"auroc", "auprc"}, float64 (tasks,), NaN where not stated.
        deepsea_columns: tuples of the columns of "deepsea-919" (0-based) with the same
            cell and target; each column's own number in that table itself.

    Example:
        >>> table = tasks("human-chromatin-192")
        >>> len(table), table.names[0], table.groups[0]
        (192, 'A549|CEBPB|None', 'TF')
    """

    table: str
    names: tuple[str, ...]
    cells: tuple[str, ...]
    targets: tuple[str, ...]
    treatments: tuple[str, ...]
    groups: tuple[str, ...]
    positive_rates: np.ndarray
    published: dict[str, dict[str, np.ndarray]]
    deepsea_columns: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.names)


def tasks(table: str) -> Tasks:
    """The tasks of a known data set.

    "deepsea-919" are the columns of the DeepSEA training bundle, in its order: 125
    DNase, 690 TF and 104 histone. Only 843 of them differ in cell, target and
    treatment; where several share these, the name also says which peak file it is
    (`GM12878|CTCF|None|BroadGm12878Ctcf`). "human-chromatin-192" are the tasks of the
    checkpoints `*.human_chromatin.*`; 89 of them have 126 counterparts among the 919.

    Args:
        table: "deepsea-919" or "human-chromatin-192".

    Returns:
        `Tasks`.

    Raises:
        ValueError: another name.

    Source: Zhou & Troyanskaya 2015, supplementary table of tasks (names, peak files,
        positive rates); Quang & Xie 2016, supplementary table of areas (scores of
        DeepSEA, DanQ and DanQ-JASPAR on the DeepSEA test set).

    Example:
        >>> table = tasks("deepsea-919")
        >>> len(table), table.names[0], table.groups.count("TF")
        (919, '8988T|DNase|None', 690)
    """
    rows = list(csv.DictReader(text(table).splitlines(), delimiter="\t"))

    def words(column):
        return tuple(row[column] for row in rows)

    def numbers(column):
        return np.array([float(row.get(column) or "nan") for row in rows])

    models = [name.removesuffix("_auroc") for name in rows[0] if name.endswith("_auroc")]
    counterparts = (row.get("deepsea_columns", str(i)) for i, row in enumerate(rows))
    return Tasks(
        table=table,
        names=words("name"),
        cells=words("cell"),
        targets=words("target"),
        treatments=words("treatment"),
        groups=words("group"),
        positive_rates=numbers("positive_rate"),
        published={
            model: {area: numbers(f"{model}_{area}") for area in ("auroc", "auprc")}
            for model in models
        },
        deepsea_columns=tuple(tuple(map(int, filter(None, c.split(",")))) for c in counterparts),
    )


def text(table: str) -> str:
    """The table as it lies in the package: tab-separated values under a header.

    Args:
        table: as in `tasks`.

    Raises:
        ValueError: another name.

    Example:
        >>> text("human-chromatin-192").partition("\\n")[0].split("\\t")[:4]
        ['name', 'cell', 'target', 'treatment']
    """
    if table not in TABLES:
        raise ValueError(f"no table of tasks {table!r}. Accepted: {', '.join(TABLES)}")
    return (packaged() / f"{table}.tsv").read_text(encoding="utf-8")
