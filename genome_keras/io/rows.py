"""Tables whose first columns are of any type and whose last ones are scores."""

from contextlib import contextmanager

import numpy as np

from genome_keras.io.tables import ROW_GROUP, check_text, load_pyarrow, written

_FORMATS = {str: "%s", int: "%d", float: "%.6g"}


@contextmanager
def open_rows(path, fields, tasks):
    """Opens a table; the file is there, whole, when the block succeeds.

    Text has floats to six significant digits and "nan" for those that are missing;
    Parquet has float32, int64, strings and nulls.

    Args:
        path: as in `genome_keras.io.tables.open_table`.
        fields: dict name -> str, int or float, of the first columns.
        tasks: names of the columns of floats that follow.

    Yields:
        An object with `write(columns, scores)`: one sequence of n values for each field,
        and floats (n, tasks).

    Raises:
        ValueError: another suffix, a column twice, a tab or line end in a text.
        GenomeKerasError: the file cannot be written, or pyarrow is missing; before the
            block runs.
        OSError: the disk is full; no file is left.
    """
    names = [*fields, *tasks]
    check_text(names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"columns must be unique. Received twice: {twice!r}")
    kinds = [*fields.values()]
    with written(
        path, lambda file: _Text(file, names, kinds), lambda file: _Parquet(file, names, kinds)
    ) as table:
        yield table


class _Text:
    def __init__(self, file, names, kinds):
        self.file, self.kinds = file, kinds
        formats = [_FORMATS[kind] for kind in kinds] + ["%.6g"] * (len(names) - len(kinds))
        self.row = "\t".join(formats) + "\n"
        file.write("\t".join(names) + "\n")

    def write(self, columns, scores):
        for column, kind in zip(columns, self.kinds, strict=True):
            if kind is str:
                check_text(column)
        row, rows = self.row, zip(*columns, scores.tolist(), strict=True)
        self.file.write("".join([row % (*first, *rest) for *first, rest in rows]))


class _Parquet:
    """Gathers rows, for a group of a few hundred rows costs more than it holds."""

    def __init__(self, path, names, kinds):
        self.pa, parquet = load_pyarrow()
        types = {str: self.pa.string(), int: self.pa.int64(), float: self.pa.float32()}
        types = [types[kind] for kind in kinds]
        types += [self.pa.float32()] * (len(names) - len(kinds))
        self.schema = self.pa.schema(list(zip(names, types, strict=True)))
        words = [name for name, kind in zip(names, kinds, strict=False) if kind is str]
        self.writer = parquet.ParquetWriter(path, self.schema, use_dictionary=words)
        self.kinds, self.held, self.rows = kinds, [], 0

    def write(self, columns, scores):
        for column, kind in zip(columns, self.kinds, strict=True):
            if kind is str:
                check_text(column)
        self.held.append(([list(column) for column in columns], scores.astype(np.float32)))
        self.rows += len(scores)
        if self.rows * len(self.schema) >= ROW_GROUP:
            self.flush()

    def flush(self):
        if not self.held:
            return
        columns, scores = zip(*self.held, strict=True)
        columns = zip(*columns, strict=True)
        arrays = [[value for part in parts for value in part] for parts in columns]
        arrays += list(np.ascontiguousarray(np.concatenate(scores).T))
        arrays = [
            self.pa.array(a, t, from_pandas=t == self.pa.float32())  # NaN is null
            for a, t in zip(arrays, self.schema.types, strict=True)
        ]
        self.writer.write_table(self.pa.Table.from_arrays(arrays, schema=self.schema))
        self.held, self.rows = [], 0

    def close(self):
        self.writer.close()
