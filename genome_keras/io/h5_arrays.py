"""Arrays of HDF5 files from elsewhere: what a file claims is checked before it is read."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import h5py

from genome_keras.errors import FormatError
from genome_keras.io.lines import check_regular

RATIO = 1100  # bytes that deflate can make of one; 1032 is its limit
SMALL = 1 << 20  # bytes any dataset may claim
CHUNK = 1 << 28  # bytes of a chunk, which HDF5 reads whole
# Others of libhdf5 (n-bit, for one) read beyond what a damaged file gives them.
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32_000: "lzf"}
TEXT = "byte strings of fixed length (as np.array(names, 'S'))"

_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


@contextmanager
def reading(path: str | os.PathLike) -> Iterator[None]:
    """Turns what h5py raises on a damaged file into a `FormatError`.

    Example:
        >>> try:
        ...     with reading("x.h5"):
        ...         {}["tasks"]
        ... except FormatError as error:
        ...     print(error)
        x.h5: damaged or foreign HDF5: 'tasks'
    """
    try:
        yield
    except FormatError:
        raise
    except _ERRORS as error:
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise FormatError(path, None, f"damaged or foreign HDF5: {what}") from error


def open_h5(path: str | os.PathLike) -> h5py.File:
    """Opens a file for reading; the caller closes it.

    Raises:
        FormatError: no such file, or not HDF5.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     with h5py.File(path, "w") as file:
        ...         file["x"] = [[1, 2]]
        ...     with open_h5(path) as file:
        ...         print(sorted(file))
        ['x']
    """
    check_regular(path)
    if not os.path.isfile(path):
        raise FormatError(path, None, "no such file")
    try:
        return h5py.File(path, "r")
    except _ERRORS as error:
        raise FormatError(path, None, "not an HDF5 file, or a truncated one") from error


def array(
    file: h5py.File, path: str | os.PathLike, name: str, *, ndim: int, kinds: Sequence[str]
) -> h5py.Dataset:
    """A dataset of the file that is safe to read.

    Args:
        file: an open `h5py.File`.
        path: for messages.
        name: of the dataset, in the root.
        ndim: its number of dimensions.
        kinds: accepted types: names of NumPy types, or TEXT.

    Returns:
        `h5py.Dataset`.

    Raises:
        FormatError: it is not there, is a link, has another type, shape or filter, or
            claims far more data than the file holds.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.h5")
        ...     with h5py.File(path, "w") as file:
        ...         file["x"] = [[1, 2]]
        ...     with open_h5(path) as file:
        ...         print(array(file, path, "x", ndim=2, kinds=("int64",)).shape)
        (1, 2)
    """
    with reading(path):
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise FormatError(path, None, f"expected a dataset {name!r}; it has {_names(file)}")
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise FormatError(path, None, f"expected a dataset {name!r}; it has {_names(file)}")
        if dataset.shape is None or dataset.ndim != ndim:
            raise FormatError(
                path, None, f"expected {name!r} of {ndim} dimensions, got shape {dataset.shape}"
            )
        # libhdf5 may loop for ever over damaged text of variable length.
        kind = _kind(dataset.dtype)
        if kind not in kinds:
            accepted = " or ".join(kinds)
            raise FormatError(path, None, f"expected {name!r} of type {accepted}, got {kind}")
        if dataset.is_virtual or dataset.external:
            raise FormatError(path, None, f"{name!r} lies in other files; expected it in this one")
        item = dataset.dtype.itemsize
        claimed, held = dataset.size * item, dataset.id.get_storage_size()
        if claimed > SMALL and claimed > RATIO * held:
            raise FormatError(
                path, None, f"{name!r} claims {claimed} bytes, but the file holds {held} of them"
            )
        if dataset.chunks is not None:
            settings = dataset.id.get_create_plist()
            used = {settings.get_filter(i)[0] for i in range(settings.get_nfilters())}
            if odd := used - set(FILTERS):
                accepted = ", ".join(FILTERS.values())
                problem = f"expected {name!r} packed by {accepted}, got filter {min(odd)}"
                raise FormatError(path, None, problem)
            size = item
            for length in dataset.chunks:
                size *= length
            if size > CHUNK:
                problem = f"{name!r} has chunks of {size} bytes; accepted are {CHUNK} at most"
                raise FormatError(path, None, problem)
    return dataset


def open_matrices(
    path: str | os.PathLike, wanted: Mapping[str, tuple[str, int]]
) -> dict[str, h5py.Dataset]:
    """Opens datasets of two dimensions, which were looked at before.

    Args:
        path: an HDF5 file; it stays open as long as one of the datasets is held.
        wanted: name -> the type's NumPy name and the number of columns that were seen.

    Returns:
        Name -> `h5py.Dataset`.

    Raises:
        FormatError: as `array`, or another number of columns than was seen.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["x"] = [[1, 2]]
        ...     print(open_matrices(path.name, {"x": ("int64", 2)})["x"].shape)
        (1, 2)
    """
    file = open_h5(path)
    matrices = {}
    for name, (kind, columns) in wanted.items():
        matrices[name] = array(file, path, name, ndim=2, kinds=(kind,))
        if matrices[name].shape[1] != columns:
            raise FormatError(path, None, "the file was changed after it was opened")
    return matrices


def _kind(dtype):
    text = h5py.check_string_dtype(dtype)
    if text is None:
        return dtype.name
    return TEXT if text.length is not None else "text of variable length"


def _names(file):
    names = sorted(file)
    return [*names[:12], "..."] if len(names) > 12 else names


class Reopened:
    """A file that every process opens for itself, on first use.

    HDF5 handles neither survive a pickle nor may be shared after a fork.

    Args:
        opener: called with `path`; gives whatever is to be shared by the threads.
        path: the file.

    Example:
        >>> import pickle
        >>> opened = Reopened(str.upper, "x.h5")
        >>> opened(), pickle.loads(pickle.dumps(opened))()
        ('X.H5', 'X.H5')
    """

    def __init__(self, opener: Callable[[Any], Any], path: str | os.PathLike) -> None:
        self.opener, self.path = opener, path
        self._owner, self._value = None, None

    def __call__(self) -> Any:
        if self._owner != os.getpid():
            # Two threads may both open it; one of the two is dropped.
            self._value = self.opener(self.path)
            self._owner = os.getpid()
        return self._value

    def __getstate__(self):
        return self.__dict__ | {"_owner": None, "_value": None}
