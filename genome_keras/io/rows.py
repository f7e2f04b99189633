"""`open_table` with its columns in one sequence; for callers that are not yet moved."""

from contextlib import contextmanager
from types import SimpleNamespace

from genome_keras.io.tables import open_table


@contextmanager
def open_rows(path, fields, tasks):
    """`open_table`, whose `write` takes the columns in one sequence."""
    with open_table(path, tasks, fields=fields) as table:
        yield SimpleNamespace(write=lambda columns, scores: table.write(*columns, scores))
