"""What a task is about, as its name and the tables of known data sets tell."""

import csv
import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from genome_keras.weights.locations import packaged

TABLES = ("deepsea-919", "human-chromatin-192")
_ACCESSION = re.compile(r"(ENCFF|ENCSR|GSM|SRX)[0-9A-Z]+|DS[0-9]+")
_HISTONE = re.compile(r"H[1-4][ABK][0-9A-Z]+([a-z]+[0-9]*)?")
_OPEN = ("DNase", "ATAC", "FAIRE")


class Task(NamedTuple):
    """One column of a model's scores. What is not known is "".

    Attributes:
        name: of the column.
        cell, target, treatment: what was measured; a treatment of "None" is none.
        group: "TF", "histone", "DNase", or "".
        accession: of the peaks, as their archive has it: an ENCODE accession or the name of
            a file of UCSC.

    Example:
        >>> fields_of("A549|CTCF|None").target
        'CTCF'
    """

    name: str
    cell: str
    target: str
    treatment: str
    group: str
    accession: str


FIELDS = Task._fields[1:]


def fields_of(name: str) -> Task:
    """What the name of a task tells: its parts between "|" are cell, target and treatment.

    A third part that is an accession is no treatment. A name of one part is a target.

    Example:
        >>> task = fields_of("coad|CTCF|ENCFF230HWI")
        >>> task.cell, task.group, task.accession
        ('coad', 'TF', 'ENCFF230HWI')
        >>> fields_of("my peaks").group
        ''
    """
    cell, target, treatment, more = ([*name.split("|", 3), "", "", ""])[:4]
    if "|" not in name:
        cell, target = "", name
    accession = treatment if _ACCESSION.fullmatch(treatment) else _file_of(name)
    treatment = "None" if treatment == accession != "" else treatment
    return Task(name, cell, target, treatment, _group(cell, target), accession or more)


def columns_of(names: Sequence[str]) -> dict[str, list[str]]:
    """What the names of tasks tell, a column for each of `FIELDS`.

    Example:
        >>> columns_of(["A549|CTCF|None", "K562|DNase|None"])["group"]
        ['TF', 'DNase']
    """
    told = [fields_of(name) for name in names]
    return {field: [getattr(task, field) for task in told] for field in FIELDS}


def _group(cell, target):
    """The rule that holds for all tasks of both tables."""
    if target in _OPEN:
        return "DNase"
    if _HISTONE.fullmatch(target):
        return "histone"
    return "TF" if cell and target else ""


def names_in(table: str) -> list[str]:
    """The names of a table of `TABLES`, in its order.

    Example:
        >>> names_in("deepsea-919")[0]
        '8988T|DNase|None'
    """
    return [row["name"] for row in _table(table)]


@cache
def _table(name):
    with open(packaged() / f"{name}.tsv", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def _files():
    rows = _table("deepsea-919")
    return {row["name"]: row["peak_file"].removesuffix(".narrowPeak") for row in rows}


def _file_of(name):
    return _files().get(name, "")
