"""Checks of foreign weights files, before Keras reads them.

Nothing here trusts what a file declares: sizes are bounded before memory is taken, links
are refused, and of a `.keras` file only the weights are used.
"""

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from genome_keras.errors import FormatError, WeightsError, printable
from genome_keras.weights.description import MAX_TEXT

MAX_WEIGHTS = 4 << 30
MAX_OBJECTS = 20_000
_MAX_DEPTH = 32  # folders within folders
_AT_ONCE = 1 << 22  # numbers looked at together
_WEIGHTS_IN_KERAS = "model.weights.h5"
_IN_KERAS = ("metadata.json", "config.json", _WEIGHTS_IN_KERAS)


class Contents(NamedTuple):
    """What a weights file holds.

    Attributes:
        arrays: number of arrays.
        numbers: number of numbers in all of them.

    Example:
        >>> Contents(arrays=2, numbers=9).numbers
        9
    """

    arrays: int
    numbers: int


def check_h5(path: str | os.PathLike, where: object = None) -> Contents:
    """Raises WeightsError unless an HDF5 file holds plain arrays and nothing else.

    Accepted are groups and stored, unpacked arrays of finite numbers. Links that are soft
    or lead to other files, virtual or external arrays, packed ones, arrays that declare
    more than the file stores, objects reached twice and deep nesting are refused.

    Args:
        path: the file; not larger than 4 GiB.
        where: what to call it in errors; None takes the path.

    Returns:
        `Contents`.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.weights.h5")
        ...     with h5py.File(path, "w") as file:
        ...         file["head/kernel"], file["head/bias"] = [[0.5], [0.25]], [0.0]
        ...     print(check_h5(path))
        Contents(arrays=2, numbers=3)
    """
    import h5py

    from genome_keras.io.h5_heaps import check_heaps, check_texts  # NumPy: not for `--help`

    path, where = Path(path), where or path
    if not path.is_file():
        raise WeightsError(f"{where}: no such file")
    size = path.stat().st_size
    if size > MAX_WEIGHTS:
        raise WeightsError(f"{where}: {size} bytes, more than {MAX_WEIGHTS}")
    try:
        check_heaps(path)
        with h5py.File(path, "r") as file:
            contents, objects = _walk(file, where, size)
        check_texts(path, objects)
        return contents
    except FormatError as error:
        raise WeightsError(f"{where}: not a sound HDF5 file ({error.problem})") from error
    except WeightsError:
        raise
    except Exception as error:  # h5py raises many kinds on damaged files
        raise WeightsError(f"{where}: not a sound HDF5 file ({_first_line(error)})") from error


def _walk(file, path, size):
    import h5py

    arrays = numbers = stored = 0
    seen, groups = set(), [(file, 0)]
    while groups:
        group, depth = groups.pop()
        for name in group:
            where = f"{path}: {printable(group.name.rstrip('/'))}/{printable(name)}"[:300]
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise WeightsError(f"{where}: a {type(link).__name__} is not accepted")
            item = group[name]
            place = h5py.h5o.get_info(item.id).addr
            if place in seen or len(seen) >= MAX_OBJECTS:
                raise WeightsError(f"{where}: reached twice, or too many objects")
            seen.add(place)
            if isinstance(item, h5py.Group):
                if depth == _MAX_DEPTH:
                    raise WeightsError(f"{where}: more than {_MAX_DEPTH} groups within each other")
                groups.append((item, depth + 1))
                continue
            stored += _checked_bytes(item, where)
            if stored > size:
                raise WeightsError(f"{where}: the arrays declare more bytes than the file has")
            if not f"{group.name}/".startswith("/optimizer/") and not _is_finite(item):
                raise WeightsError(f"{where}: a weight is not a finite number")
            arrays += 1
            numbers += item.size
    return Contents(arrays, numbers), seen | {h5py.h5o.get_info(file.id).addr}


def _is_finite(array):
    import numpy as np  # the command line asks for names of files before it loads anything

    if array.dtype.kind != "f" or not array.size:
        return True
    if array.ndim == 0:
        return bool(np.isfinite(array[()]))
    rows = max(1, _AT_ONCE * len(array) // array.size)
    return all(
        np.isfinite(array[first : first + rows]).all() for first in range(0, len(array), rows)
    )


def _checked_bytes(array, where):
    import h5py

    if not isinstance(array, h5py.Dataset) or array.shape is None:
        raise WeightsError(f"{where}: expected an array")
    if array.external or array.is_virtual:
        raise WeightsError(f"{where}: an array that lies in other files is not accepted")
    if array.dtype.kind not in "fiub" or array.dtype.subdtype is not None:
        raise WeightsError(f"{where}: expected numbers, got {array.dtype!s:.60}")
    if array.chunks is not None or array.id.get_create_plist().get_nfilters():
        raise WeightsError(f"{where}: a packed or chunked array is not accepted")
    declared = array.size * array.dtype.itemsize
    if declared != array.id.get_storage_size():
        raise WeightsError(
            f"{where}: declares {declared} bytes, stores {array.id.get_storage_size()}"
        )
    return declared


@contextmanager
def weights_inside(path: str | os.PathLike) -> Iterator[Path]:
    """The HDF5 file with the weights: the file itself, or the one inside a `.keras` file.

    Args:
        path: a `.weights.h5` or `.keras` file. Of a `.keras` file only the weights are
            used; its description is checked, and nothing is built from it.

    Yields:
        `pathlib.Path` of a `.weights.h5` file; a temporary one for `.keras`.

    Raises:
        WeightsError: no such file, or a `.keras` file with anything unusual in it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.keras")
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         for name in ("metadata.json", "config.json", "model.weights.h5"):
        ...             archive.writestr(name, "{}")
        ...     with weights_inside(path) as found:
        ...         print(found.name)
        model.weights.h5
    """
    path = Path(path)
    if path.suffix != ".keras":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="genome_keras-") as folder:
        inside = Path(folder) / _WEIGHTS_IN_KERAS
        try:
            with zipfile.ZipFile(path) as archive:
                _check_members(archive, path)
                with archive.open("config.json") as file:
                    _check_keras_config(file.read(MAX_TEXT + 1), path)
                with archive.open(_WEIGHTS_IN_KERAS) as packed, inside.open("wb") as file:
                    _copy(packed, file, archive.getinfo(_WEIGHTS_IN_KERAS).file_size, path)
        except WeightsError:
            raise
        except FileNotFoundError as error:
            raise WeightsError(f"{path}: no such file") from error
        except Exception as error:  # zipfile and zlib raise many kinds on damaged files
            raise WeightsError(f"{path}: not a sound .keras file ({_first_line(error)})") from error
        yield inside


def _check_members(archive, path):
    members = archive.infolist()
    names = [member.filename for member in members]
    if sorted(names) != sorted(_IN_KERAS):
        raise WeightsError(
            f"{path}: expected the files {', '.join(_IN_KERAS)} inside, got "
            f"{', '.join(map(repr, names[:5]))}"[:300]
        )
    packed = sum(member.compress_size for member in members)
    for member in members:
        limit = MAX_WEIGHTS if member.filename == _WEIGHTS_IN_KERAS else MAX_TEXT
        if member.file_size > limit or member.file_size > 200 * max(packed, 1000):
            raise WeightsError(
                f"{path}: {member.filename} declares {member.file_size} bytes, packed in {packed}"
            )


def _check_keras_config(data, path):
    """Refuses what Keras would have to execute or import: lambdas and foreign classes."""
    try:
        todo = [json.loads(data)]
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: its config.json is not JSON") from error
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo.extend(value)
        if not isinstance(value, dict):
            continue
        todo.extend(value.values())
        name, module = value.get("class_name"), value.get("module")
        if name in ("Lambda", "__lambda__", "__bytes__"):
            raise WeightsError(f"{path}: its config.json has code in it ({name})")
        if module is not None and not re.match(r"(keras|genome_keras|builtins)(\.|$)", str(module)):
            raise WeightsError(f"{path}: its config.json names the foreign module {module!r:.60}")


def _copy(packed, file, declared, path):
    copied = 0
    while block := packed.read(1 << 20):
        copied += len(block)
        if copied > declared:
            raise WeightsError(f"{path}: {_WEIGHTS_IN_KERAS} is larger than it declares")
        file.write(block)


def _first_line(error):
    lines = str(error).strip().splitlines()
    return printable(lines[0])[:200] if lines else type(error).__name__
