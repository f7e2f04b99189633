"""HDF5, written row by row: whole or not at all, and the same bytes for the same data."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from genome_keras.io import interruption
from genome_keras.io.atomic import atomic
from genome_keras.io.interruption import held

CHUNK = 1024  # rows, fewer where they are long:
LONGEST = 1 << 20  # bytes of a chunk


@contextmanager
def create(path: str | os.PathLike) -> Iterator[h5py.File]:
    """Creates a file; it is there, whole, when the block succeeds.

    Args:
        path: the file; an existing one is replaced.

    Yields:
        `h5py.File`.

    Raises:
        GenomeKerasError: `path` cannot be written, before the block runs.
        OSError: the disk is full; no file is left.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     with create(path) as file:
        ...         file["x"] = [1, 2]
        ...     with h5py.File(path) as file:
        ...         print(file["x"][:].tolist())
        [1, 2]
    """
    with atomic(path) as temporary, open(temporary, "w+b", buffering=0) as raw:
        with _File(_Disk(raw)) as file:
            yield file
        file.disk.check()


class _File(h5py.File):
    def __init__(self, disk):
        super().__init__(disk, "w")
        self.disk = disk


class _Disk:
    """A file that keeps its first error to itself.

    HDF5 that fails to write ends the process when it closes the file. Here it closes in
    peace, what it writes after the error goes nowhere, and `check` raises the error, or
    the interrupt that came while it wrote.
    """

    def __init__(self, raw):
        self.raw, self.error = raw, None
        self.readinto, self.seek, self.tell = raw.readinto, raw.seek, raw.tell
        self.read = raw.read  # by which h5py knows a file

    @held
    def write(self, data):
        rest = memoryview(data).cast("B")
        while self.error is None and len(rest):
            try:
                rest = rest[self.raw.write(rest) :]
            except (OSError, KeyboardInterrupt) as error:
                self.error = error
        return memoryview(data).nbytes

    @held
    def truncate(self, size=None):
        try:
            return self.raw.truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size

    @held
    def flush(self):
        """Nothing is kept back."""

    def check(self):
        """Raises the error, if there was one."""
        if self.error is not None:
            raise self.error


class Rows:
    """A data set of rows, compressed by gzip, that is filled from the first to the last.

    It is its own context manager; the last rows are written when the block succeeds.

    Args:
        file: from `create`.
        name: of the data set.
        shape: (rows,) or (rows, width).
        dtype: of NumPy.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     with create(path) as file:
        ...         with Rows(file, "x", (3, 2), np.uint8) as rows:
        ...             rows.append([[0, 1]])
        ...             rows.append([[2, 3], [3, 2]])
        ...     with h5py.File(path) as file:
        ...         print(file["x"][:].tolist())
        [[0, 1], [2, 3], [3, 2]]
    """

    def __init__(
        self, file: h5py.File, name: str, shape: tuple[int, ...], dtype: DTypeLike
    ) -> None:
        self.disk = file.disk
        n, *width = shape
        row = max(1, np.dtype(dtype).itemsize * (width[0] if width else 1))
        chunk = (max(1, min(CHUNK, n, LONGEST // row)), *width)
        self.data = file.create_dataset(
            name, shape, dtype, chunks=chunk, compression="gzip", track_times=False
        )
        self.held, self.filled, self.written = np.empty(chunk, dtype), 0, 0

    def append(self, rows: ArrayLike) -> None:
        """Adds rows, (m,) or (m, width)."""
        interruption.check()
        done = 0
        while done < len(rows):
            m = min(len(rows) - done, len(self.held) - self.filled)
            self.held[self.filled : self.filled + m] = rows[done : done + m]
            self.filled, done = self.filled + m, done + m
            if self.filled == len(self.held):
                self._flush()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        self._flush()
        if self.written != len(self.data):
            raise ValueError(f"expected {len(self.data)} rows. Received: {self.written}")

    def _flush(self):
        self.data[self.written : self.written + self.filled] = self.held[: self.filled]
        self.disk.check()
        self.written, self.filled = self.written + self.filled, 0


def texts(file: h5py.File, name: str, values: Sequence) -> None:
    """Writes a data set of byte strings in UTF-8.

    Args:
        file, name: as in `Rows`.
        values: list of str, or of lists of one length of str.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     with create(path) as file:
        ...         texts(file, "tasks", ["A549|CTCF", "K562|TAL1"])
        ...     with h5py.File(path) as file:
        ...         print(file["tasks"][:].tolist())
        [b'A549|CTCF', b'K562|TAL1']
    """
    values = np.char.encode(np.asarray(values, str), "utf-8")
    file.create_dataset(name, data=values, track_times=False)
