"""Tables of scores as AnnData files, written batch by batch: rows are places, columns tasks."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import h5py
import numpy as np

from genome_keras.io import h5
from genome_keras.io.tables import PLACE, check_text, check_unique

SUFFIX = ".h5ad"
_ROWS = 1024  # of a chunk
_GROUPS = ("layers", "obsm", "obsp", "uns", "varm", "varp")  # empty, and AnnData wants them
_TEXT = h5py.string_dtype("utf-8")


@contextmanager
def open_h5ad(
    path: str | os.PathLike, tasks: Sequence[str], *, fields: Mapping[str, type] = PLACE
) -> Iterator["_H5ad"]:
    """Opens an AnnData file (its format 0.1.0); it is there, whole, when the block succeeds.

    `X` is float32 (places, tasks), `obs` has the columns of `fields` and the index
    "NAME:START-END" (0-based, half-open), and `var` the names of the tasks. It is as large as its
    scores, and no more of it is in memory than a batch.

    Args:
        path: ends in ".h5ad".
        tasks: names of the columns of scores.
        fields: name -> str or int, of the first columns: name, start, end, and others.

    Yields:
        An object with `write(*columns, scores)`, as that of
        `genome_keras.io.tables.open_table`; a text that is missing is ".".

    Raises:
        ValueError: a column twice, or columns and scores of other shapes.
        GenomeKerasError: the file cannot be written, before the block runs.
        OSError: the disk is full; no file is left.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open_h5ad(f"{folder}/x.h5ad", ["CTCF"]) as table:
        ...         table.write(["chr1"], [0], [1000], [[0.25]])
        ...     with h5py.File(f"{folder}/x.h5ad") as file:
        ...         print(file["X"][:].tolist(), file["obs/_index"].asstr()[:].tolist())
        [[0.25]] ['chr1:0-1000']
    """
    check_text([*fields, *tasks])
    check_unique(tasks)
    with h5.create(path) as file:
        yield _H5ad(file, tasks, fields)


class _H5ad:
    def __init__(self, file, tasks, fields):
        self.file, self.fields, self.tasks, self.rows = file, fields, len(tasks), 0
        _encoded(file, "anndata", "0.1.0")
        for name in _GROUPS:
            _encoded(file.create_group(name), "dict", "0.1.0")
        var = _frame(file, "var", ())
        _add(var, "_index", np.array(list(tasks), object), _TEXT)
        obs = _frame(file, "obs", fields)
        kinds = {"_index": _TEXT}
        kinds |= {name: _TEXT if kind is str else np.int64 for name, kind in fields.items()}
        self.columns = {name: _growing(obs, name, (), kind) for name, kind in kinds.items()}
        self.x = _growing(file, "X", (self.tasks,), np.float32)

    def write(self, *columns):
        *columns, scores = columns
        scores, count = np.asarray(scores, np.float32), len(columns[0])
        sizes = [len(column) for column in columns]
        wanted = [count] * len(self.fields), (count, self.tasks)
        if (sizes, scores.shape) != wanted:
            raise ValueError(
                f"expected {len(self.fields)} columns of n values and scores (n, {self.tasks}). "
                f"Received: {len(columns)} columns of {sizes} values and scores {scores.shape}"
            )
        index = [f"{name}:{start}-{end}" for name, start, end in zip(*columns[:3], strict=True)]
        self.rows += count
        for data, values in zip(self.columns.values(), [index, *columns], strict=True):
            if data.dtype.kind == "O":
                values = np.array(["." if text is None else text for text in values], object)
            data.resize(self.rows, 0)
            data[self.rows - count :] = values
        self.x.resize(self.rows, 0)
        self.x[self.rows - count :] = scores
        self.file.disk.check()


def _encoded(place, kind, version):
    place.attrs["encoding-type"], place.attrs["encoding-version"] = kind, version


def _frame(file, name, columns):
    group = file.create_group(name)
    _encoded(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", np.array(list(columns), object), dtype=_TEXT)
    return group


def _growing(place, name, width, kind):
    """An array without rows as yet."""
    rows = max(1, min(_ROWS, h5.LONGEST // (4 * max(1, *width, 1))))
    sizes = {"maxshape": (None, *width), "chunks": (rows, *width), "compression": "gzip"}
    return _add(
        place, name, np.empty((0, *width), object if kind is _TEXT else kind), kind, **sizes
    )


def _add(place, name, values, kind, **more):
    data = place.create_dataset(name, data=values, dtype=kind, track_times=False, **more)
    _encoded(data, "string-array" if kind is _TEXT else "array", "0.2.0")
    return data
