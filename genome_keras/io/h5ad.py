"""Tables of scores as AnnData files, written batch by batch: rows are places, columns tasks."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from genome_keras.io import h5
from genome_keras.io.tables import PLACE, check_text, check_unique

SUFFIX = ".h5ad"
_ROWS = 1024  # of a chunk
_GROUPS = ("layers", "obsm", "obsp", "uns", "varm", "varp")  # empty, and AnnData wants them
_TEXT = h5py.string_dtype("utf-8")
_KINDS = {str: _TEXT, int: np.int64, float: np.float32}


def place_name(name: str, start: int, end: int, *more: Any) -> str:
    """The index of a row that is a place (0-based, half-open), whatever other columns it has.

    Example:
        >>> place_name("chr1", 0, 1000, "peak")
        'chr1:0-1000'
    """
    return f"{name}:{start}-{end}"


@contextmanager
def open_h5ad(
    path: str | os.PathLike,
    tasks: Sequence[str],
    *,
    fields: Mapping[str, type] = PLACE,
    var: Mapping[str, Sequence[str]] | None = None,
    layers: Sequence[str] = (),
    about: Mapping[str, str] | None = None,
    index: Callable[..., str] = place_name,
) -> Iterator["_H5ad"]:
    """Opens an AnnData file (its format 0.1.0); it is there, whole, when the block succeeds.

    `X` and the layers are float32 (rows, tasks), `obs` has the columns of `fields`, and `var` the
    names of the tasks and what is told of them. It is as large as its scores, and no more of it is
    in memory than a batch.

    Args:
        path: ends in ".h5ad".
        tasks: names of the columns of scores.
        fields: name -> str, int or float, of the columns of `obs`.
        var: name -> a text for each task, of the columns of `var`.
        layers: names of further tables of scores.
        about: name -> text, of `uns`.
        index: from the columns of a row to its name.

    Yields:
        An object with `write(*columns, scores)`, as that of
        `genome_keras.io.tables.open_table`; a text that is missing is ".", a whole number -1.
        Scores may be float (1 + layers, n, tasks), those of `X` first.

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
        yield _H5ad(file, tasks, fields, var or {}, layers, about or {}, index)


class _H5ad:
    def __init__(self, file, tasks, fields, var, layers, about, index):
        self.file, self.fields, self.tasks, self.rows = file, fields, len(tasks), 0
        self.index = index
        _encoded(file, "anndata", "0.1.0")
        for name in _GROUPS:
            _encoded(file.create_group(name), "dict", "0.1.0")
        for name, text in about.items():
            _encoded(file["uns"].create_dataset(name, data=text, dtype=_TEXT), "string", "0.2.0")
        frame = _frame(file, "var", var)
        for name, texts in {"_index": tasks, **var}.items():
            _add(frame, name, np.array(list(texts), object), _TEXT)
        obs = _frame(file, "obs", fields)
        kinds = {"_index": _TEXT} | {name: _KINDS[kind] for name, kind in fields.items()}
        self.columns = {name: _growing(obs, name, (), kind) for name, kind in kinds.items()}
        tables = [(file, "X"), *((file["layers"], name) for name in layers)]
        self.scores = [_growing(*table, (self.tasks,), np.float32) for table in tables]

    def write(self, *columns):
        *columns, scores = columns
        scores, count = np.asarray(scores, np.float32), len(columns[0])
        scores = scores[None] if scores.ndim == 2 else scores
        sizes = [len(column) for column in columns]
        shape = (len(self.scores), count, self.tasks)
        if (sizes, scores.shape) != ([count] * len(self.fields), shape):
            raise ValueError(
                f"expected {len(self.fields)} columns of n values and scores (n, {self.tasks}) of "
                f"{len(self.scores)} tables. Received: {len(columns)} columns of {sizes} values "
                f"and scores {scores.shape[1:]} of {len(scores)}"
            )
        index = [self.index(*row) for row in zip(*columns, strict=True)]
        self.rows += count
        for data, values in zip(self.columns.values(), [index, *columns], strict=True):
            if data.dtype.kind != "f":
                missing = "." if data.dtype.kind == "O" else -1
                values = np.array([missing if x is None else x for x in values], data.dtype)
            self._append(data, values)
        for data, values in zip(self.scores, scores, strict=True):
            self._append(data, values)
        self.file.disk.check()

    def _append(self, data, values):
        data.resize(self.rows, 0)
        data[self.rows - len(values) :] = values


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
