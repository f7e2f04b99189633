"""Tables of scores, written batch by batch: TSV, gzipped TSV or Parquet."""

import gzip
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic

PLACE = {"name": str, "start": int, "end": int}
SUFFIXES = (".tsv", ".tsv.gz", ".parquet")
ROW_GROUP = 2**24  # values held before Parquet writes them: 64 MiB of scores

_FORMATS = {str: "%s", int: "%s", float: "%.6g"}


@contextmanager
def open_table(
    path: str | os.PathLike,
    tasks: Sequence[str],
    *,
    fields: Mapping[str, type] = PLACE,
    half: bool = False,
) -> Iterator["_Text | _Parquet"]:
    """Opens a table; the file is there, whole, when the block succeeds.

    The columns are those of `fields` and one of scores for each task. Text has numbers with
    a point to six significant digits, "nan" for those that are missing, and "." for other
    missing values; Parquet has float32, int64, strings and nulls.

    Args:
        path: a file whose suffix is the format: ".tsv", ".tsv.gz" or ".parquet";
            "-" writes TSV to standard output as it comes.
        tasks: names of the columns of scores.
        fields: name -> str, int or float, of the first columns; as they are, name, start and
            end (0-based, half-open).
        half: of Parquet, float16 scores: three significant digits, about half the bytes.

    Yields:
        An object with `write(*columns, scores)`: a sequence or array of n values for each
        field, None where one is missing, and floats (n, tasks).

    Raises:
        ValueError: another suffix, `half` of text, a column twice, a tab or line end in a text, or
            columns and scores of other shapes.
        GenomeKerasError: the file cannot be written, or pyarrow is missing; before the
            block runs.
        OSError: the disk is full; no file is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "scores.tsv")
        ...     with open_table(path, ["A549|CTCF"]) as table:
        ...         table.write(["chr1"], [0], [1000], [[0.25]])
        ...     print([line.split() for line in path.read_text().splitlines()])
        [['name', 'start', 'end', 'A549|CTCF'], ['chr1', '0', '1000', '0.25']]
    """
    path, names = str(path), [*fields, *tasks]
    check_text(names)
    check_unique(names)
    kinds = [*fields.values()]
    if half and not path.endswith(".parquet"):
        raise ValueError(f"half is for .parquet, whose numbers are binary. Received: {path!r}")
    if path == "-":
        yield _Text(sys.stdout, names, kinds)
        sys.stdout.flush()
        return
    if not path.endswith(SUFFIXES):
        raise ValueError(f"a table must end in one of {SUFFIXES}, or be '-'. Received: {path!r}")
    if path.endswith(".parquet"):
        load_pyarrow()
    with atomic(path) as temporary:
        if path.endswith(".parquet"):
            with closing(_Parquet(temporary, names, kinds, half=half)) as table:
                yield table
                table.flush()
        else:
            opened = _gzip_text if path.endswith(".gz") else _text
            with opened(temporary) as file:
                yield _Text(file, names, kinds)


class _Text:
    def __init__(self, file, names, kinds):
        self.file, self.kinds, self.tasks = file, kinds, len(names) - len(kinds)
        formats = [_FORMATS[kind] for kind in kinds] + ["%.6g"] * self.tasks
        self.row = "\t".join(formats) + "\n"
        file.write("\t".join(names) + "\n")

    def write(self, *columns):
        *columns, scores = _checked(columns, self.kinds, self.tasks)
        columns = [_shown(column, kind) for column, kind in zip(columns, self.kinds, strict=True)]
        row, rows = self.row, zip(*columns, scores.tolist(), strict=True)
        self.file.write("".join([row % (*first, *values) for *first, values in rows]))


class _Parquet:
    """Gathers rows, for a group of a few hundred rows costs more than it holds."""

    def __init__(self, path, names, kinds, *, half):
        self.pa, parquet = load_pyarrow()
        self.kinds, self.tasks = kinds, len(names) - len(kinds)
        types = {str: self.pa.string(), int: self.pa.int64(), float: self.pa.float32()}
        scores = self.pa.float16() if half else self.pa.float32()
        self.number = np.float16 if half else np.float32
        types = [*(types[kind] for kind in kinds), *[scores] * self.tasks]
        self.schema = self.pa.schema(list(zip(names, types, strict=True)))
        # Dictionaries of scores, which hardly repeat, take time and space.
        words = [name for name, kind in zip(names, kinds, strict=False) if kind is str]
        self.writer = parquet.ParquetWriter(path, self.schema, use_dictionary=words)
        self.held, self.rows = [], 0

    def write(self, *columns):
        *columns, scores = _checked(columns, self.kinds, self.tasks)
        # Copies: the caller may fill its arrays anew before they are written.
        self.held.append(([list(_plain(column)) for column in columns], scores.astype(self.number)))
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
            self.pa.array(array, kind, from_pandas=self.pa.types.is_floating(kind))  # NaN
            for array, kind in zip(arrays, self.schema.types, strict=True)
        ]
        self.writer.write_table(self.pa.Table.from_arrays(arrays, schema=self.schema))
        self.held, self.rows = [], 0

    def close(self):
        self.writer.close()


def _checked(columns, kinds, tasks):
    *columns, scores = columns
    scores = np.asarray(scores)
    sizes = [len(column) for column in columns]
    if len(columns) != len(kinds) or set(sizes) - {len(scores)} or scores.shape[1:] != (tasks,):
        raise ValueError(
            f"expected {len(kinds)} columns of n values and scores (n, {tasks}). "
            f"Received: {len(columns)} columns of {sizes} values and scores {scores.shape}"
        )
    for column, kind in zip(columns, kinds, strict=True):
        if kind is str:
            check_text(column)
    return (*columns, scores)


def _plain(column):
    return column.tolist() if isinstance(column, np.ndarray) else column


def _shown(column, kind):
    """Values for text, with a mark where one is missing."""
    column, missing = _plain(column), float("nan") if kind is float else "."
    if None in column:
        return [missing if value is None else value for value in column]
    return column


def check_text(names: Sequence[str | None]) -> None:
    """Raises ValueError for a text that would break a line of a table.

    Example:
        >>> check_text(["A549|CTCF", None])
        >>> check_text(["A549\\tCTCF"])
        Traceback (most recent call last):
        ValueError: expected a name without tabs and line ends. Received: 'A549\\tCTCF'
    """
    text = "".join(filter(None, names))
    if "\t" in text or "\n" in text or "\r" in text:
        bad = next(name for name in names if name and any(end in name for end in "\t\n\r"))
        raise ValueError(f"expected a name without tabs and line ends. Received: {bad!r}")


def check_unique(names: Sequence[str]) -> None:
    """Raises ValueError for a column that is there twice.

    Example:
        >>> check_unique(["CTCF", "DNase", "CTCF"])
        Traceback (most recent call last):
        ValueError: columns must be unique. Received twice: 'CTCF'
    """
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise ValueError(f"columns must be unique. Received twice: {twice!r}")


def _text(path):
    return open(path, "w", encoding="utf-8", newline="\n")


@contextmanager
def _gzip_text(path):
    # No name and no time in the header: the same table has the same bytes.
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text,
    ):
        yield text


def load_pyarrow() -> tuple:
    """pyarrow and pyarrow.parquet, or a GenomeKerasError that says how to get them.

    Example:
        >>> pyarrow, parquet = load_pyarrow()
        >>> pyarrow.table({"start": [0, 200]}).num_rows
        2
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise GenomeKerasError(
            'Parquet needs pyarrow: pip install "genome_keras[parquet]", or write .tsv.gz'
        ) from error
    return pyarrow, pyarrow.parquet
