"""Texts of any length in HDF5 files: libhdf5 neither hangs nor grows over damaged ones."""

import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from genome_keras.errors import FormatError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SIGNATURE = b"GCOL\x01\0\0\0"  # of a global heap, where such texts lie
_HEAD = 16  # bytes before the texts of a heap, before each text, and of a reference to one
_UNDEFINED = 2**64 - 1  # an address of nothing
_MOST_BLOCKS = 1000  # of one object header
_CONTINUATION, _ATTRIBUTE, _ATTRIBUTES_APART = 0x10, 0x0C, 0x15  # kinds of messages
_COMPOUND, _VARIABLE_LENGTH, _ARRAY = 6, 9, 10  # classes of data types


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
    with _opened(path) as data:
        at = -1
        while (at := data.find(_SIGNATURE, at + 1)) >= 0:
            if not _ends(data, at):
                raise FormatError(path, None, f"damaged HDF5: the texts at byte {at}")


def check_texts(path: str | os.PathLike, objects: Iterable[int]) -> None:
    """Raises FormatError where attributes claim longer texts than the file can hold.

    libhdf5 takes memory for the length that a reference claims, up to 4 GB, before it looks
    for the text.

    Args:
        path: HDF5 whose heaps `check_heaps` has found sound.
        objects: addresses of its groups and data sets, whose attributes are looked at.

    Raises:
        FormatError: it cannot be read, an attribute is damaged, is of a compound type or
            lies apart from its object; Keras writes neither.

    Source: the HDF5 file format specification, IV.A, Data Object Headers, versions 1 and 2.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with h5py.File(f"{folder}/x.h5", "w") as file:
        ...         file.attrs["names"] = ["head/bias:0"]
        ...         root = h5py.h5o.get_info(file.id).addr
        ...     check_texts(f"{folder}/x.h5", [root])
    """
    with _opened(path) as data:
        start, claimed = _start(data), 0
        for address in objects:
            try:
                for length, heap in _references(data, start, address):
                    claimed += length
                    is_heap = data[start + heap : start + heap + 8] == _SIGNATURE
                    if length and (not is_heap or length > _size(data, start + heap)):
                        raise ValueError("a text longer than its heap")
                if claimed > len(data):
                    raise ValueError("texts longer than the file")
            except (ValueError, IndexError, struct.error) as error:
                problem = f"damaged HDF5: attributes of the object at byte {start + address}"
                raise FormatError(path, None, f"{problem} ({error})") from error


@contextmanager
def _opened(path):
    """The bytes of a file."""
    try:
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except ValueError as error:  # of mmap
        raise FormatError(path, None, "empty; expected HDF5") from error
    with data:
        yield data


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


def _size(data, heap):
    """Bytes of a heap, its head among them."""
    return struct.unpack_from("<Q", data, heap + 8)[0]


def _start(data):
    """The byte that addresses are counted from: others may put a block of theirs before."""
    places = (0, *(512 << i for i in range(40)))
    return next((at for at in places if data[at : at + len(_HDF5)] == _HDF5), 0)


def _references(data, start, address) -> Iterator[tuple[int, int]]:
    """The lengths and heaps of the texts in the attributes of an object."""
    for kind, message in _messages(data, start, address):
        if kind == _ATTRIBUTES_APART:
            flags = message[1]
            at = 2 + 2 * (flags & 1)
            if struct.unpack_from("<Q", message, at)[0] != _UNDEFINED:
                raise ValueError("attributes that lie apart are not accepted")
        elif kind == _ATTRIBUTE:
            version, _, *sizes = struct.unpack_from("<BBHHH", message)
            name, datatype, dataspace = (-(-n // 8) * 8 if version == 1 else n for n in sizes)
            at = 8 + (version == 3) + name
            if message[at] & 15 in (_COMPOUND, _ARRAY):
                raise ValueError("attributes of compound types are not accepted")
            if message[at] & 15 != _VARIABLE_LENGTH:
                continue
            for place in range(at + datatype + dataspace, len(message) - _HEAD + 1, _HEAD):
                length, heap, _ = struct.unpack_from("<IQI", message, place)
                yield length, heap


def _messages(data, start, address) -> Iterator[tuple[int, bytes]]:
    """The messages of an object header: kind and content."""
    at = start + address
    is_new = data[at : at + 4] == b"OHDR"
    head = struct.Struct("<BHB" if is_new else "<HHB3x")  # kind, size, flags
    ordered = 0  # bytes of a message's number
    if is_new:
        flags = data[at + 5]
        ordered = 2 * (flags >> 2 & 1)
        at += 6 + 16 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1)
        width = 1 << (flags & 3)
        blocks = [(at + width, int.from_bytes(data[at : at + width], "little"))]
    else:
        blocks = [(at + 16, struct.unpack_from("<I", data, at + 8)[0])]
    for number, (at, size) in enumerate(blocks):  # which grow
        if number == _MOST_BLOCKS or at + size > len(data):
            raise ValueError("a block that the file does not hold")
        end = at + size
        while at + head.size + ordered <= end:
            kind, length, _ = head.unpack_from(data, at)
            at += head.size + ordered
            message = data[at : min(at + length, end)]
            at += length
            if kind == _CONTINUATION:
                place, length = struct.unpack_from("<QQ", message)
                marks = 4 if is_new else 0  # OCHK before, a checksum behind
                blocks.append((start + place + marks, length - 2 * marks))
            yield kind, message
