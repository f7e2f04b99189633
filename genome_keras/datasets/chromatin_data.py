"""Labelled windows in HDF5: sequences x, labels y and where they come from."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from genome_keras.datasets.source import Source, checked_labels, spans
from genome_keras.errors import FormatError
from genome_keras.io.h5_arrays import TEXT, Reopened, array, open_h5, open_matrices, reading
from genome_keras.windows import centre

ROWS = 4096  # of the file, read at once


@dataclass(frozen=True, eq=False)
class Examples(Source):
    """Labelled windows in memory.

    Attributes:
        codes: uint8 (n, window), A 0, C 1, G 2, T 3, N 4.
        labels: int8 (n, tasks); 0, 1, and -1 for "not measured".
        source: str (n,), the collection each window comes from.
        tasks: names of the tasks.

    Example:
        >>> codes, labels = np.zeros((2, 4), np.uint8), np.array([[1], [0]], np.int8)
        >>> examples = Examples(codes, labels, np.array(["A549", "K562"]), ["CTCF"])
        >>> len(examples.where(examples.source == "K562")), examples.window
        (1, 4)
    """

    codes: np.ndarray
    labels: np.ndarray
    source: np.ndarray
    tasks: list[str]

    in_memory = True

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def window(self) -> int:
        """bp."""
        return self.codes.shape[1]

    @property
    def chunk(self) -> int:
        """All examples."""
        return max(1, len(self))

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        """A view of `codes`."""
        return self.codes[start:stop]

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        """A view of `labels`."""
        return self.labels[start:stop]

    def where(self, chosen: np.ndarray) -> "Examples":
        """The examples a boolean mask or an index array picks."""
        return Examples(self.codes[chosen], self.labels[chosen], self.source[chosen], self.tasks)


class StoredExamples(Source):
    """One split of a data set, left on disk; `open_chromatin` makes it.

    Attributes:
        path: the file.
        rows: int64 (n,), the row of the file each example lies in, rising.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["x"], file["y"] = np.zeros((2, 8), np.uint8), np.eye(2, dtype=np.int8)
        ...         file["split"] = np.array(["train", "test"], "S")
        ...         file["tasks"] = np.array(["CTCF", "TAL1"], "S")
        ...     examples = open_chromatin(path.name, "test")
        ...     print(examples.rows.tolist(), examples.read_codes(0, 1).shape)
        [1] (1, 8)
    """

    def __init__(
        self,
        path: str | os.PathLike,
        rows: np.ndarray,
        *,
        stored: int,
        window: int | None,
        tasks: list[str],
        chunk: int,
    ) -> None:
        self.path, self.rows, self.tasks = path, rows, tasks
        self.window = stored if window is None else window
        self.chunk = chunk
        self._stored, self._crop = stored, centre(stored, window, exact=False)
        wanted = {"x": ("uint8", stored), "y": ("int8", len(tasks))}
        self._file = Reopened(partial(open_matrices, wanted=wanted), path)

    def __len__(self) -> int:
        return len(self.rows)

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        codes = self._read("x", start, stop, self._crop, np.uint8)
        if codes.size and codes.max() > 4:
            problem = f"expected codes 0 to 4 in 'x', got {codes.max()}"
            raise FormatError(self.path, None, problem)
        return codes

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        labels = self._read("y", start, stop, slice(0, len(self.tasks)), np.int8)
        if not checked_labels(labels):
            problem = f"expected labels -1, 0 and 1 in 'y', got {labels.min()} to {labels.max()}"
            raise FormatError(self.path, None, problem)
        return labels

    def _read(self, name, start, stop, columns, dtype):
        stored = self._file()[name]
        rows = self.rows[start:stop]
        result = np.empty((len(rows), columns.stop - columns.start), dtype)
        whole = result.shape[1] == stored.shape[1]
        with reading(self.path):
            for first, last, part in spans(rows, self.chunk):
                if last - first > part.stop - part.start:  # rows of other splits lie between
                    result[part] = stored[first:last, columns][rows[part] - first]
                elif whole and result.size:
                    stored.read_direct(result, np.s_[first:last], np.s_[part])
                else:
                    result[part] = stored[first:last, columns]
        return result


def open_chromatin(
    path: str | os.PathLike,
    split: str,
    *,
    sources: Iterable[str] | None = None,
    window: int | None = None,
) -> StoredExamples:
    """Opens one split of a data set of labelled windows, without reading them.

    Args:
        path: HDF5 with `x` uint8 (n, window), `y` int8 (n, tasks), `split` (n,),
            `tasks` (tasks,) and, if there are several collections, `source` (n,); these
            three are byte strings of fixed length. Other datasets are not looked at.
        split: its name, such as "train", "valid" or "test".
        sources: keep only these values of `source`; None keeps all.
        window: bp in the middle of those in the file; None takes all.

    Returns:
        `StoredExamples`, in the order of the file.

    Raises:
        FormatError: not such a file, or it has no such split. Codes and labels are
            checked when they are read.
        ValueError: a source that the file has not, or another value of an argument.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["x"], file["y"] = np.zeros((2, 8), np.uint8), np.eye(2, dtype=np.int8)
        ...         file["split"] = np.array(["train", "test"], "S")
        ...         file["tasks"] = np.array(["CTCF", "TAL1"], "S")
        ...     examples = open_chromatin(path.name, "train", window=4)
        ...     print(examples.tasks, examples.window, examples.read_labels(0, 1).tolist())
        ['CTCF', 'TAL1'] 4 [[1, 0]]
    """
    return _opened(path, split, sources, window)[0]


def chromatin(
    path: str | os.PathLike,
    split: str,
    *,
    sources: Iterable[str] | None = None,
    window: int | None = None,
) -> Examples:
    """Reads one split of a data set of labelled windows into memory.

    Args:
        path, split, sources, window: as in `open_chromatin`.

    Returns:
        `Examples`, in the order of the file; `source` is "" where the file has none.

    Raises:
        FormatError: not such a file, or it has no such split.
        ValueError: as `open_chromatin`.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["x"], file["y"] = np.zeros((2, 8), np.uint8), np.eye(2, dtype=np.int8)
        ...         file["split"] = np.array(["train", "test"], "S")
        ...         file["tasks"] = np.array(["CTCF", "TAL1"], "S")
        ...     examples = chromatin(path.name, "train")
        >>> examples.codes.shape, examples.labels.tolist()
        ((1, 8), [[1, 0]])
    """
    stored, source = _opened(path, split, sources, window)
    n = len(stored)
    with reading(path):  # too little memory
        return Examples(stored.read_codes(0, n), stored.read_labels(0, n), source, stored.tasks)


def sources_in(path: str | os.PathLike) -> list[str]:
    """The values of `source` of a data set, sorted; none where it has one collection.

    Args:
        path: as in `open_chromatin`.

    Raises:
        FormatError: not such a file.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["source"] = np.array(["remap", "encode", "remap"], "S")
        ...     print(sources_in(path.name))
        ['encode', 'remap']
    """
    with open_h5(path) as file, reading(path):
        if "source" not in file:
            return []
        return np.unique(np.char.decode(_sources(file, path))).tolist()


def splits_of_file(path: str | os.PathLike) -> list[str]:
    """The values of `split` of a data set, sorted.

    Args:
        path: as in `open_chromatin`.

    Raises:
        FormatError: not such a file.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["split"] = np.array(["train", "test", "train"], "S")
        ...     print(splits_of_file(path.name))
        ['test', 'train']
    """
    with open_h5(path) as file, reading(path):
        splits = array(file, path, "split", ndim=1, kinds=(TEXT,))[:]
        return np.unique(np.char.decode(splits)).tolist()


def check_sources(names: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raises ValueError for a name that is not among the known ones, and lists these.

    Example:
        >>> check_sources(["encode"], ["encode", "remap"], "x.h5")
        >>> check_sources(["chip"], ["encode", "remap"], "x.h5")
        Traceback (most recent call last):
        ValueError: x.h5: no source 'chip'; it has encode, remap
    """
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none, it is one collection"
            raise ValueError(f"{where}: no source {name!r}; it has {listed}")


def _sources(file, path):
    return array(file, path, "source", ndim=1, kinds=(TEXT,))[:]


def _opened(path, split, sources, window):
    with open_h5(path) as file:
        x = array(file, path, "x", ndim=2, kinds=("uint8",))
        y = array(file, path, "y", ndim=2, kinds=("int8",))
        n, stored = x.shape
        texts = {"split": None, "tasks": None}
        with reading(path):
            if "source" in file:
                texts["source"] = None
        for name in texts:
            texts[name] = array(file, path, name, ndim=1, kinds=(TEXT,))
        for name, values in {"y": y, **texts}.items():
            if name != "tasks" and len(values) != n:
                problem = f"expected {n} rows in {name!r} as in 'x', got {len(values)}"
                raise FormatError(path, None, problem)
        columns, names = y.shape[1], len(texts["tasks"])
        if names != columns:
            problem = f"expected {columns} 'tasks', one for each column of 'y', got {names}"
            raise FormatError(path, None, problem)
        with reading(path):
            chosen = texts["split"][:] == split.encode()
            tasks = [name.decode() for name in texts["tasks"][:].tolist()]
            source = np.char.decode(texts["source"][:]) if "source" in texts else None
        where = f"split {split!r}"
        if sources is not None:
            sources = [sources] if isinstance(sources, str) else list(sources)
            check_sources(sources, () if source is None else set(source.tolist()), str(path))
            chosen &= np.isin(source, sources)
            where += f", sources {', '.join(sources)}"
        if not chosen.any():
            problem = f"no example of {where}"
            if split not in (known := splits_of_file(path)):
                problem += f"; it has {', '.join(map(repr, known))}"
            raise FormatError(path, None, problem)
        rows = np.flatnonzero(chosen)
        chunk = x.chunks[0] if x.chunks else 1
        chunk *= -(-ROWS // chunk)
    source = np.full(len(rows), "") if source is None else source[rows]
    examples = StoredExamples(path, rows, stored=stored, window=window, tasks=tasks, chunk=chunk)
    return examples, source
