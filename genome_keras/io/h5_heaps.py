"""Texts of any length in HDF5 files: libhdf5 never ends with some that are damaged."""

import mmap
import os
import struct

import numpy as np

from genome_keras.errors import FormatError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SIGNATURE = b"GCOL\x01\0\0\0"  # of a global heap, where such texts lie
_HEAD = 16  # bytes before the texts of a heap, and before each text
_AT_ONCE = 1 << 20  # bytes searched for references together


def check_heaps(path: str | os.PathLike) -> None:
    """Raises FormatError where libhdf5 would go wrong over texts.

    The texts of each heap must follow each other to its end, and no reference to a heap may
    claim a text longer than the heap.

    Args:
        path: HDF5, which is searched for heaps from its first byte to its last.

    Raises:
        FormatError: it cannot be read, or a heap is damaged.

    Source: the HDF5 file format specification, III.E, Global Heap. An object 0 of no bytes
        is where libhdf5 goes round for ever; the length that a reference claims is what
        it takes memory for.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with h5py.File(f"{folder}/x.h5", "w") as file:
        ...         file.attrs["names"] = ["head/bias:0"]
        ...     check_heaps(f"{folder}/x.h5")
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            heaps, at, start = {}, -1, _start(data)  # heaps: address -> size
            while (at := data.find(_SIGNATURE, at + 1)) >= 0:
                if not _ends(data, at):
                    raise FormatError(path, None, f"damaged HDF5: the texts at byte {at}")
                heaps[at - start] = _size(data, at)
            if (at := _too_long(data, heaps)) is not None:
                raise FormatError(path, None, f"damaged HDF5: the length of a text at byte {at}")
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(path, None, "empty; expected HDF5") from error  # of mmap


def _start(data):
    """The byte that addresses are counted from: others may put a block of theirs before."""
    places = (0, *(512 << i for i in range(40)))
    return next((at for at in places if data[at : at + len(_HDF5)] == _HDF5), 0)


def _ends(data, begin):
    """Whether the objects of a heap fill it, and it the file."""
    if begin + _HEAD > len(data):
        return False
    end = begin + _size(data, begin)
    at = begin + _HEAD
    if not at <= end <= len(data):
        return False
    while end - at >= _HEAD:
        number, _, _, size = struct.unpack_from("<HHIQ", data, at)
        at += _HEAD + -(-size // 8) * 8 if number else size
        if at > end or (not number and not size):
            return False
    return True


def _size(data, begin):
    """Bytes of a heap, its head among them."""
    return struct.unpack_from("<Q", data, begin + 8)[0]


def _too_long(data, heaps):
    """Where the length of a text stands that is longer than its heap; None where none is.

    A reference is the length of a text (4 bytes), its heap (8) and its number there (4).
    """
    if not heaps:
        return None
    begins = np.array(sorted(heaps), "<i8")
    sizes = np.array([heaps[begin] for begin in begins.tolist()], "<i8")
    for first in range(0, len(data), _AT_ONCE):
        block = data[first : first + _AT_ONCE + _HEAD - 1]  # the last that begins in it, whole
        for shift in range(min(8, max(len(block) - _HEAD + 1, 0))):
            places = np.frombuffer(block, "<i8", (len(block) - shift - 8) // 8, 4 + shift)
            near = np.flatnonzero((places >= begins[0]) & (places <= begins[-1]))
            heap = np.searchsorted(begins, places[near])
            right = begins[heap] == places[near]
            at = shift + 8 * near[right]
            for place, size in zip(at.tolist(), sizes[heap[right]].tolist(), strict=True):
                length, _, number = struct.unpack_from("<IQI", block, place)
                if length > size and 0 < number < size // _HEAD:
                    return first + place
    return None
