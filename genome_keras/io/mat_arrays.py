"""Arrays of MATLAB files whose last index, read transposed, is the example: ranges of it."""

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence

import h5py
import numpy as np

from genome_keras.errors import FormatError
from genome_keras.io.h5_arrays import Reopened, array, open_h5, reading
from genome_keras.io.mat5 import Variable, is_mat5, variables
from genome_keras.progress import progress

LONG = 65_536  # examples of an HDF5 chunk beyond which a file cannot be read in part
NUMBERS = ("uint8", "int8", "bool", "uint16", "int16", "float32", "float64")


def open_arrays(path: str | os.PathLike, names: Sequence[str]) -> list["Chunked | Plain | Packed"]:
    """The two arrays, each a `Chunked`, `Plain` or `Packed` of shape (..., n).

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     y = np.arange(6.0).reshape(2, 3)
        ...     scipy.io.savemat(path, {"x": np.zeros((2, 4, 3)), "y": y})
        ...     print([array.shape for array in open_arrays(path, ["x", "y"])])
        [(3, 4, 2), (3, 2)]
    """
    if not os.path.isfile(path):
        raise FormatError(path, None, "no such file")
    if not is_mat5(path):
        return [_h5_array(path, name, ndim) for name, ndim in zip(names, (3, 2), strict=True)]
    stored = variables(path)
    for name in names:
        if name not in stored:
            raise FormatError(path, None, f"expected an array {name!r}; it has {sorted(stored)}")
        if stored[name].dtype.name not in NUMBERS:
            kinds = " or ".join(NUMBERS)
            got = stored[name].dtype.name
            raise FormatError(path, None, f"expected {name!r} of type {kinds}, got {got}")
    return [Packed(stored[n]) if stored[n].packed else Plain.of(stored[n]) for n in names]


def _h5_array(path, name, ndim):
    with open_h5(path) as file:
        stored = array(file, path, name, ndim=ndim, kinds=NUMBERS)
        with reading(path):
            if stored.chunks is not None:
                return Chunked(path, name, stored)
            offset, shape, dtype = stored.id.get_offset(), stored.shape, stored.dtype
            if offset is None:
                raise FormatError(path, None, f"{name!r} has no values")
    return Plain(path, offset, shape, dtype)


class Plain:
    """Rows of n values each, one after the other in a file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     y = np.arange(6.0).reshape(2, 3)
        ...     scipy.io.savemat(path, {"y": y})
        ...     print(Plain.of(variables(path)["y"]).read(0, 3, 1, 2).tolist())
        [[3.0], [4.0], [5.0]]
    """

    chunk, strip, whole = 1, 1, False

    def __init__(
        self, path: str | os.PathLike, offset: int, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.path, self.offset, self.shape, self.dtype = path, offset, shape, dtype
        self._file = Reopened(_opened, path)

    @classmethod
    def of(cls, variable: Variable) -> "Plain":
        """The values of a variable that is not compressed."""
        return cls(variable.path, variable.start, variable.shape[::-1], variable.dtype)

    def read(self, first: int, last: int, start: int, stop: int) -> np.ndarray:
        """Columns start to stop of rows first to last."""
        return _gather(self.path, self._file(), self, slice(first, last), slice(start, stop))


class _File:
    """A file read at any place, by several threads."""

    _turn = threading.Lock()

    def __init__(self, number):
        self.number = number

    def read_into(self, line, place):
        if hasattr(os, "preadv"):
            return os.preadv(self.number, [line], place)
        with self._turn:  # not on POSIX
            os.lseek(self.number, place, os.SEEK_SET)
            part = os.read(self.number, line.nbytes)
        line.view(np.uint8)[: len(part)] = np.frombuffer(part, np.uint8)
        return len(part)

    def will_read(self, place, size):
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.number, place, size, os.POSIX_FADV_WILLNEED)

    def __del__(self):
        os.close(self.number)


def _opened(path):
    return _File(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))


def _gather(path, file, array, rows, columns):
    n, item = array.shape[-1], array.dtype.itemsize
    result = np.empty((rows.stop - rows.start, columns.stop - columns.start), array.dtype)
    first = array.offset + columns.start * item
    places = range(first + rows.start * n * item, first + rows.stop * n * item, n * item)
    for place in places:  # all are told at once, for the disk to order them
        file.will_read(place, result.shape[1] * item)
    for line, place in zip(result, places, strict=True):
        if file.read_into(line, place) != line.nbytes:
            raise FormatError(path, None, "truncated: the file ends before its values do")
    return result


class Chunked:
    """An HDF5 array in chunks.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     with h5py.File(path, "w") as file:
        ...         values = np.arange(6).reshape(3, 2)
        ...         _ = file.create_dataset("y", data=values, chunks=(1, 2))
        ...         found = Chunked(path, "y", file["y"])
        ...     print(found.read(0, 3, 1, 2).tolist())
        [[1], [3], [5]]
    """

    def __init__(self, path: str | os.PathLike, name: str, stored: h5py.Dataset) -> None:
        self.path, self.name = path, name
        self.shape, self.chunk = stored.shape, stored.chunks[-1]
        self.strip = stored.chunks[0]
        self.whole = self.chunk > LONG
        self._file = Reopened(h5py.File, path)

    def read(self, first: int, last: int, start: int, stop: int) -> np.ndarray:
        """Columns start to stop of rows first to last."""
        with reading(self.path):
            stored = self._file()[self.name]
            if stored.ndim == 3:
                first, last = first // 4, last // 4
            part = stored[first:last, ..., start:stop]
        return part.reshape(-1, stop - start)

    def rows(self, first: int, last: int, together: int) -> Iterator[np.ndarray]:
        """Yields rows first to last, `together` at a time."""
        n = self.shape[-1]
        step = self.strip * (together if len(self.shape) == 3 else 1)
        for at in range(first // step * step, last, step):
            parts = [
                self.read(at, min(at + step, last), start, min(start + self.chunk, n))
                for start in range(0, n, self.chunk)
            ]
            block = np.concatenate(parts, 1)
            for row in range(max(first - at, 0), len(block), together):
                yield block[row : row + together]


class Packed:
    """A compressed array of version 5, which can be read from its beginning only.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     y = np.arange(6.0).reshape(2, 3)
        ...     scipy.io.savemat(path, {"y": y}, do_compression=True)
        ...     found = Packed(variables(path)["y"])
        ...     print([rows.tolist() for rows in found.rows(0, 3, 1)])
        [[[0.0, 3.0]], [[1.0, 4.0]], [[2.0, 5.0]]]
    """

    chunk, strip, whole = 1, 1, True

    def __init__(self, variable: Variable) -> None:
        self.variable, self.shape = variable, variable.shape[::-1]

    def rows(self, first: int, last: int, together: int) -> Iterator[np.ndarray]:
        """Yields rows first to last, `together` at a time."""
        n, dtype = self.shape[-1], self.variable.dtype
        for number, piece in enumerate(self.variable.pieces(together * n * dtype.itemsize)):
            if number * together >= last:
                return
            if number * together >= first:
                yield np.frombuffer(piece, dtype).reshape(together, n)


class Unpacked:
    """Rows of bytes in a temporary file.

    Example:
        >>> rows = np.array([[0, 1, 2], [3, 4, 0]], np.uint8)
        >>> Unpacked("test.mat", rows, count=2, n=3, what="codes").read(0, 2, 1, 3).tolist()
        [[1, 2], [4, 0]]
    """

    offset, chunk, strip = 0, 1, 1

    def __init__(
        self, path: str | os.PathLike, rows: Iterable, count: int, n: int, what: str
    ) -> None:
        self.path, self.shape = path, (count, n)
        self.dtype = np.dtype(np.uint8 if what == "codes" else np.int8)
        with tempfile.TemporaryFile(prefix="genome_keras-") as file:
            for row in progress(rows, desc=f"unpacking {what}", total=count, leave=False):
                file.write(row)
            file.flush()
            self._file = _File(os.dup(file.fileno()))

    def read(self, first: int, last: int, start: int, stop: int) -> np.ndarray:
        """Columns start to stop of rows first to last."""
        return _gather(self.path, self._file, self, slice(first, last), slice(start, stop))
