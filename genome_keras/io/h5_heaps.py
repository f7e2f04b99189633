"""Texts of any length in HDF5 files: libhdf5 never ends with some that are damaged."""

import mmap
import os
import struct

from genome_keras.errors import FormatError

_SIGNATURE = b"GCOL\x01\0\0\0"  # of a global heap, where such texts lie
_HEAD = 16  # bytes before the texts of a heap, and before each text


def check_heaps(path: str | os.PathLike) -> None:
    """Raises FormatError where the texts of a heap do not follow each other to its end.

    Args:
        path: HDF5, which is searched for heaps from its first byte to its last.

    Raises:
        FormatError: it cannot be read, or a heap is damaged.

    Source: the HDF5 file format specification, III.E, Global Heap. An object 0 of no bytes
        is where libhdf5 goes round for ever.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with h5py.File(f"{folder}/x.h5", "w") as file:
        ...         file.attrs["names"] = ["head/bias:0"]
        ...     check_heaps(f"{folder}/x.h5")
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = -1
            while (at := data.find(_SIGNATURE, at + 1)) >= 0:
                if not _ends(data, at):
                    raise FormatError(path, None, f"damaged HDF5: the texts at byte {at}")
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(path, None, "empty; expected HDF5") from error  # of mmap


def _ends(data, begin):
    """Whether the objects of a heap fill it, and it the file."""
    if begin + _HEAD > len(data):
        return False
    end = begin + struct.unpack_from("<Q", data, begin + 8)[0]
    at = begin + _HEAD
    if not at <= end <= len(data):
        return False
    while end - at >= _HEAD:
        number, _, _, size = struct.unpack_from("<HHIQ", data, at)
        at += _HEAD + -(-size // 8) * 8 if number else size
        if at > end or (not number and not size):
            return False
    return True
