"""The files of the DeepSEA bundle, read in place: examples are columns, bases A G C T."""

import os

import numpy as np

from genome_keras.errors import FormatError
from genome_keras.io.mat_arrays import Unpacked, open_arrays
from genome_keras.windows import centre

COLUMNS = 4096  # examples read together
STRIP = 1 << 20  # bytes of one-hot at once


class DeepSEAFile:
    """Codes and labels of one file of the bundle, a range of examples at a time.

    | as stored | read |
    |---|---|
    | version 7.3 (HDF5), in chunks | in place, a strip of positions at a time |
    | version 7.3 or 5, not compressed | in place |
    | version 5, compressed; version 7.3, chunks of over 65,536 examples | unpacked first |

    What has to be unpacked is read once from end to end when it is opened, and its codes
    and labels (a byte each) kept in a temporary file without a name, which vanishes with
    the process. It lies in the folder that `tempfile.gettempdir()` names.

    Args:
        path: `train.mat`, `valid.mat` or `test.mat`.
        split: "train", "valid" or "test", which is in the names of the arrays.
        window: bp in the middle of those in the file; None takes all.

    Attributes:
        n: examples.
        window: bp.
        tasks: number of them.
        chunk: examples that are cheap to read together.

    Raises:
        FormatError: not such a file. Values are checked when they are read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     x, y = np.zeros((2, 4, 3), np.uint8), np.eye(2, 5, dtype=np.uint8)
        ...     x[0, 2, 0] = 1  # the first example is CNN: bases are A G C T in the file
        ...     path = Path(folder, "test.mat")
        ...     scipy.io.savemat(path, {"testxdata": x, "testdata": y})
        ...     file = DeepSEAFile(path, "test")
        ...     print(file.read_codes(0, 1).tolist(), file.read_labels(0, 2).tolist())
        [[1, 4, 4]] [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    """

    def __init__(self, path: str | os.PathLike, split: str, *, window: int | None = None) -> None:
        self.path, self.split = path, split
        names = f"{split}xdata", f"{split}data"
        x, y = open_arrays(path, names)
        for name, shape, ndim in zip(names, (x.shape, y.shape), (3, 2), strict=True):
            if len(shape) != ndim or (ndim == 3 and shape[1] != 4):
                got = shape[::-1]
                wanted = "(n, 4, window)" if ndim == 3 else "(n, tasks)"
                raise FormatError(path, None, f"expected {name!r} of shape {wanted}, got {got}")
        (stored, _, self.n), self.tasks = x.shape, y.shape[0]
        if y.shape[1] != self.n:
            problem = f"expected {self.n} rows in {names[1]!r} as in {names[0]!r}, got {y.shape[1]}"
            raise FormatError(path, None, problem)
        crop = centre(stored, window)
        self.window, self._first = crop.stop - crop.start, crop.start
        self._x, self._unpacked = x, x.whole
        if x.whole:
            planes = x.rows(4 * crop.start, 4 * crop.stop, 4)
            rows = (_codes(path, plane) for plane in planes)
            self._x = Unpacked(path, rows, self.window, self.n, "codes")
        self._y = y
        if y.whole:
            rows = (_labels(path, row) for row in y.rows(0, self.tasks, 1))
            self._y = Unpacked(path, rows, self.tasks, self.n, "labels")
        chunk = max(self._x.chunk, self._y.chunk)
        self.chunk = chunk * -(-COLUMNS // chunk)

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        """uint8 (stop - start, window): A 0, C 1, G 2, T 3, N 4."""
        result = np.empty((stop - start, self.window), np.uint8)
        step = max(1, STRIP // max(1, 4 * len(result)) // self._x.strip) * self._x.strip
        at = 0 if len(result) else self.window
        while at < self.window:
            # Strips end where chunks of the file do.
            end = min(at + step - (self._first + at) % self._x.strip, self.window)
            if self._unpacked:
                codes = self._x.read(at, end, start, stop)
            else:
                first, last = 4 * (self._first + at), 4 * (self._first + end)
                codes = _codes(self.path, self._x.read(first, last, start, stop))
            result[:, at:end] = codes.T
            at = end
        return result

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        """int8 (stop - start, tasks): 0, 1, and -1 for "not measured"."""
        result = np.empty((stop - start, self.tasks), np.int8)
        step = max(1, STRIP // max(1, stop - start) // self._y.strip) * self._y.strip
        for at in range(0, self.tasks if len(result) else 0, step):
            end = min(at + step, self.tasks)
            result[:, at:end] = _labels(self.path, self._y.read(at, end, start, stop)).T
        return result

    def __getstate__(self):
        return {"path": self.path, "split": self.split, "window": self.window}

    def __setstate__(self, state):
        self.__init__(state["path"], state["split"], window=state["window"])


def _codes(path, planes):
    """Codes (positions, n) of one-hot (positions * 4, n) in the order A G C T."""
    planes = _bytes(path, planes, np.uint8)
    planes = planes.reshape(-1, 4, planes.shape[-1])
    a, g, c, t = (planes[:, base] for base in range(4))
    some = a + g + c + t
    if planes.size and (planes.max() > 1 or some.max() > 1):
        raise FormatError(path, None, "expected 0 and 1 in the sequences, at most one 1 a position")
    codes = g * np.uint8(2)
    codes += c
    codes += t * np.uint8(3)
    codes += (some ^ 1) * np.uint8(4)
    return codes


def _labels(path, labels):
    labels = _bytes(path, labels, np.int8)
    if labels.size and not (labels.min() >= -1 and labels.max() <= 1):
        raise FormatError(path, None, "expected 0, 1 and -1 in the labels")
    return labels


def _bytes(path, values, dtype):
    if values.dtype == dtype:
        return values
    if values.dtype.itemsize == 1:
        if values.size and values.view(np.int8).min() < (-1 if values.dtype == np.int8 else 0):
            raise FormatError(path, None, f"expected 0, 1 and -1, got {values.dtype} beyond them")
        return values.view(dtype)
    with np.errstate(invalid="ignore"):
        small = values.astype(dtype)
    if not np.array_equal(small, values):
        raise FormatError(path, None, f"expected whole numbers of one byte, got {values.dtype}")
    return small
