"""Tables of scores, written batch by batch: TSV, gzipped TSV or Parquet."""

import gzip
import io
import sys
from contextlib import closing, contextmanager

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic

PLACE = ("name", "start", "end")
SUFFIXES = (".tsv", ".tsv.gz", ".parquet")
ROW_GROUP = 2**24  # scores held before Parquet writes them: 64 MiB


@contextmanager
def open_table(path, columns):
    """Opens a table of scores; the file is there, whole, when the block succeeds.

    The columns are name, start, end (0-based, half-open) and one for each task. Text
    has scores to six significant digits; Parquet has float32, int64 and strings.

    Args:
        path: a file whose suffix is the format: ".tsv", ".tsv.gz" or ".parquet";
            "-" writes TSV to standard output as it comes.
        columns: unique names of the tasks.

    Yields:
        An object with `write(names, starts, ends, scores)`: n str, two integer arrays
        (n,) and floats (n, tasks).

    Raises:
        ValueError: another suffix, a column twice, a tab or line end in a name, or
            scores of another shape.
        GenomeKerasError: the file cannot be written, or pyarrow is missing; before the
            block runs.
        OSError: the disk is full; no file is left.
    """
    columns = list(columns)
    _check_columns(columns)
    with written(path, lambda file: _Tsv(file, columns), lambda file: _Parquet(file, columns)) as t:
        yield t


@contextmanager
def written(path, text, parquet):
    """The table that goes to a path, whole or not at all.

    Args:
        path: as in `open_table`, and the same errors.
        text: gives the table for an open text file.
        parquet: gives the table, with `flush` and `close`, for the path of a Parquet file.
    """
    path = str(path)
    if path == "-":
        yield text(sys.stdout)
        sys.stdout.flush()
        return
    if not path.endswith(SUFFIXES):
        raise ValueError(f"a table must end in one of {SUFFIXES}, or be '-'. Received: {path!r}")
    if path.endswith(".parquet"):
        load_pyarrow()
    with atomic(path) as temporary:
        if path.endswith(".parquet"):
            with closing(parquet(temporary)) as table:
                yield table
                table.flush()
        else:
            opened = _gzip_text if path.endswith(".gz") else _text
            with opened(temporary) as file:
                yield text(file)


class _Tsv:
    def __init__(self, file, columns):
        self.file, self.tasks = file, len(columns)
        self.row = "\t".join(["%s", "%d", "%d"] + ["%.6g"] * self.tasks) + "\n"
        file.write("\t".join([*PLACE, *columns]) + "\n")

    def write(self, names, starts, ends, scores):
        starts, ends, scores = _checked(names, starts, ends, scores, self.tasks)
        rows = zip(names, starts.tolist(), ends.tolist(), scores.tolist(), strict=True)
        row = self.row
        self.file.write("".join([row % (*place, *of) for *place, of in rows]))


class _Parquet:
    """Gathers rows, for a group of a few hundred rows costs more than it holds."""

    def __init__(self, path, columns):
        self.pa, parquet = load_pyarrow()
        types = [self.pa.string(), self.pa.int64(), self.pa.int64()]
        types += [self.pa.float32()] * len(columns)
        self.tasks = len(columns)
        self.schema = self.pa.schema(list(zip([*PLACE, *columns], types, strict=True)))
        # Dictionaries of scores, which hardly repeat, take time and space.
        self.writer = parquet.ParquetWriter(path, self.schema, use_dictionary=[PLACE[0]])
        self.held, self.rows = [], 0

    def write(self, names, starts, ends, scores):
        starts, ends, scores = _checked(names, starts, ends, scores, self.tasks)
        # Copies: the caller may fill its arrays anew before they are written.
        self.held.append((list(names), starts.copy(), ends.copy(), scores.astype(np.float32)))
        self.rows += len(names)
        if self.rows * (len(PLACE) + self.tasks) >= ROW_GROUP:
            self.flush()

    def flush(self):
        if not self.held:
            return
        names, starts, ends, scores = zip(*self.held, strict=True)
        arrays = [[name for part in names for name in part]]
        arrays += [np.concatenate(starts), np.concatenate(ends)]
        arrays += list(np.ascontiguousarray(np.concatenate(scores).T))
        arrays = [self.pa.array(a, t) for a, t in zip(arrays, self.schema.types, strict=True)]
        self.writer.write_table(self.pa.Table.from_arrays(arrays, schema=self.schema))
        self.held, self.rows = [], 0

    def close(self):
        self.writer.close()


def _checked(names, starts, ends, scores, tasks):
    starts, ends, scores = np.asarray(starts), np.asarray(ends), np.asarray(scores)
    n = len(names)
    if starts.shape != (n,) or ends.shape != (n,) or scores.shape != (n, tasks):
        raise ValueError(
            f"expected starts and ends ({n},) and scores ({n}, {tasks}). "
            f"Received: {starts.shape}, {ends.shape} and {scores.shape}"
        )
    check_text(names)
    return starts, ends, scores


def _check_columns(columns):
    check_text(columns)
    taken = set(PLACE)
    for column in columns:
        if column in taken:
            raise ValueError(f"columns must be unique. Received twice: {column!r}")
        taken.add(column)


def check_text(names):
    """Raises ValueError for a text that would break a line of a table."""
    text = "".join(names)
    if "\t" in text or "\n" in text or "\r" in text:
        bad = next(name for name in names if any(end in name for end in "\t\n\r"))
        raise ValueError(f"expected a name without tabs and line ends. Received: {bad!r}")


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


def load_pyarrow():
    """pyarrow and pyarrow.parquet, or a GenomeKerasError that says how to get them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise GenomeKerasError(
            'Parquet needs pyarrow: pip install "genome_keras[parquet]", or write .tsv.gz'
        ) from error
    return pyarrow, pyarrow.parquet
