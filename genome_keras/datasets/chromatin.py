"""Labelled windows in HDF5: sequences x, labels y and where they come from."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from genome_keras.errors import FormatError

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled windows in memory.

    Attributes:
        codes: uint8 (n, window), A 0, C 1, G 2, T 3, N 4.
        labels: int8 (n, tasks); 0, 1, and -1 for "not measured".
        source: str (n,), the collection each window comes from.
        tasks: names of the tasks.
    """

    codes: np.ndarray
    labels: np.ndarray
    source: np.ndarray
    tasks: list[str]

    def __len__(self):
        return len(self.codes)

    def where(self, chosen):
        """The examples a boolean mask or an index array picks."""
        return Examples(self.codes[chosen], self.labels[chosen], self.source[chosen], self.tasks)


def chromatin(path, split, *, sources=None):
    """Reads one split of a data set of labelled windows.

    Args:
        path: HDF5 with `x` uint8 (n, window), `y` int8 (n, tasks), `split`,
            `source` (n,) and `tasks` (tasks,) as byte strings.
        split: "train", "valid" or "test".
        sources: read only these values of `source`; None reads all.

    Returns:
        `Examples`, in the order of the file.

    Raises:
        FormatError: not such a file, or it has no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}. Received: split={split!r}")
    if not Path(path).is_file():
        raise FormatError(path, None, "no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FormatError(path, None, "not an HDF5 file, or a truncated one") from error
    with file:
        for name in ("x", "y", "split", "source", "tasks"):
            if not isinstance(file.get(name), h5py.Dataset):
                raise FormatError(path, None, f"expected a dataset {name!r}; it has {list(file)}")
        n = len(file["x"])
        for name in ("y", "split", "source"):
            if len(file[name]) != n:
                raise FormatError(
                    path, None, f"expected {n} rows in {name!r} as in 'x', got {len(file[name])}"
                )
        if file["x"].ndim != 2 or file["y"].ndim != 2:
            raise FormatError(path, None, "expected 'x' and 'y' of two dimensions")
        chosen = file["split"][:] == split.encode()
        source = file["source"][:].astype(str)
        if sources is not None:
            chosen &= np.isin(source, list(sources))
        if not chosen.any():
            raise FormatError(path, None, f"no example of split {split!r}, sources {sources}")
        tasks = [t.decode() if isinstance(t, bytes) else str(t) for t in file["tasks"][:]]
        codes, labels = file["x"][:][chosen], file["y"][:][chosen]
    if codes.size and codes.max() > 4:
        raise FormatError(path, None, f"expected codes 0 to 4 in 'x', got {codes.max()}")
    return Examples(codes, labels, source[chosen], tasks)
