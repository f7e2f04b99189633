"""MATLAB files of versions 5 to 7: where the numeric arrays lie, and their bytes in turn."""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from genome_keras.errors import FormatError

HEADER = 128
COMPRESSED, MATRIX = 15, 14
RATIO = 1100  # bytes that deflate can make of one; 1032 is its limit
PIECE = 1 << 18  # bytes of the file at once
WORDS = 64  # variables, dimensions and letters of a name beyond which a file is not ours
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_NUMERIC = range(6, 16)  # classes of arrays: double to uint64


@dataclass(frozen=True)
class Variable:
    """A numeric array of the file.

    Attributes:
        path: the file.
        shape: as in MATLAB; the first index varies fastest.
        dtype: as stored, which may be smaller than the class of the array.
        start: of the values; in a compressed one, of the compressed bytes.
        packed: compressed bytes, or 0.
        skip: decompressed bytes before the values.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     scipy.io.savemat(path, {"y": np.arange(6.0).reshape(2, 3)})
        ...     y = variables(path)["y"]
        ...     print(np.frombuffer(b"".join(y.pieces(16)), y.dtype).tolist())
        [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int
    packed: int = 0
    skip: int = 0

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yields the values in the order of the file, as bytes, `size` at a time.

        Raises:
            FormatError: damaged or truncated.
        """
        left = prod(self.shape) * self.dtype.itemsize
        with open(self.path, "rb") as file:
            file.seek(self.start)
            source = _Inflated(self.path, file, self.packed) if self.packed else file
            source.read(self.skip)
            while left:
                piece = source.read(min(size, left))
                if not piece or len(piece) < min(size, left):
                    raise FormatError(self.path, None, "truncated MATLAB file")
                left -= len(piece)
                yield piece


def is_mat5(path: str | os.PathLike) -> bool:
    """Whether a file begins as MATLAB files of versions 5 to 7 do.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     scipy.io.savemat(path, {"y": np.arange(6.0).reshape(2, 3)})
        ...     print(is_mat5(path))
        True
    """
    with open(path, "rb") as file:
        return file.read(HEADER)[124:] in (b"\x00\x01IM", b"\x01\x00MI")


def variables(path: str | os.PathLike) -> dict[str, Variable]:
    """The numeric arrays of a file, without their values.

    Args:
        path: a file for which `is_mat5` holds.

    Returns:
        name -> `Variable`; other kinds of variables are left out.

    Raises:
        FormatError: damaged or truncated.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.mat")
        ...     scipy.io.savemat(path, {"y": np.arange(6.0).reshape(2, 3)})
        ...     print({name: variable.shape for name, variable in variables(path).items()})
        {'y': (2, 3)}
    """
    size, named, at = Path(path).stat().st_size, {}, HEADER
    with open(path, "rb") as file:
        order = "<" if file.read(HEADER)[126:] == b"IM" else ">"
        for _ in range(WORDS):
            if at == size:
                return named
            file.seek(at)
            kind, length = _tag(path, file, order)[:2]
            at += 8
            if length > size - at:
                raise FormatError(path, None, f"truncated MATLAB file: element at byte {at - 8}")
            if kind == COMPRESSED:
                source = _Inflated(path, file, length)
                kind, claimed = _tag(path, source, order)[:2]
                if claimed > RATIO * length:
                    problem = f"the element at byte {at - 8} claims {claimed} bytes of {length}"
                    raise FormatError(path, None, problem)
                name, shape, dtype = _matrix(path, source, order, kind, claimed)
                place = {"start": at, "packed": length, "skip": source.done}
            else:
                name, shape, dtype = _matrix(path, file, order, kind, length)
                place = {"start": file.tell()}
            if dtype is not None:
                named[name] = Variable(str(path), shape, dtype, **place)
            at += length
    raise FormatError(path, None, f"expected at most {WORDS} variables")


def _matrix(path, source, order, kind, length):
    """Name, shape and type of an array; the source is left where its values begin."""
    if kind != MATRIX:
        return None, None, None
    flags = _element(path, source, order, 16)
    shape = _element(path, source, order, 4 * WORDS)
    shape = np.frombuffer(shape[: len(shape) // 4 * 4], order + "i4")
    name = _element(path, source, order, WORDS).decode("latin-1")
    if len(flags) < 4:
        raise FormatError(path, None, "damaged MATLAB file: an array without flags")
    word = struct.unpack(order + "I", flags[:4])[0]
    if word & 0xFF not in _NUMERIC or word & 0x0800:  # structures, cells, text; complex numbers
        return None, None, None
    kind, size, small = _tag(path, source, order)
    shape = tuple(map(int, shape))
    dtype = np.dtype(order + _TYPES[kind]) if kind in _TYPES else None
    wanted = prod(shape) * (dtype.itemsize if dtype else 0)
    if small or dtype is None or min(shape, default=0) < 1 or size != wanted or size > length:
        if small and dtype is not None and size == wanted:
            return None, None, None  # a number or two; ours are larger
        problem = f"damaged MATLAB file: {name!r} has {size} bytes of type {kind}, shape {shape}"
        raise FormatError(path, None, problem)
    return name, shape, dtype


def _element(path, source, order, limit):
    """The bytes of a small element."""
    _, size, small = _tag(path, source, order)
    if small is not None:
        return small[:size]
    if size > limit:
        raise FormatError(path, None, f"damaged MATLAB file: an element of {size} bytes")
    data = source.read(-(-size // 8) * 8)
    if len(data) < size:
        raise FormatError(path, None, "truncated MATLAB file")
    return data[:size]


def _tag(path, source, order):
    """Type and size of the element that follows, and its bytes where they are in the tag."""
    tag = source.read(8)
    if len(tag) < 8:
        raise FormatError(path, None, "truncated MATLAB file")
    word, size = struct.unpack(order + "II", tag)
    if word >> 16:
        if word >> 16 > 4:
            raise FormatError(path, None, "damaged MATLAB file: a small element of over 4 bytes")
        return word & 0xFFFF, word >> 16, tag[4:]
    return word, size, None


class _Inflated:
    """Decompressed bytes of a stretch of a file, read in turn."""

    def __init__(self, path, file, packed):
        self.path, self.file, self.left = path, file, packed
        self.done, self._inflate, self._input = 0, zlib.decompressobj(), b""

    def read(self, size):
        parts, wanted = [], size
        while wanted:
            if not self._input and self.left:
                self._input = self.file.read(min(PIECE, self.left))
                self.left -= len(self._input) or self.left
            try:
                part = self._inflate.decompress(self._input, wanted)
            except zlib.error as error:
                problem = f"damaged MATLAB file: {error}"
                raise FormatError(self.path, None, problem) from error
            self._input = self._inflate.unconsumed_tail
            if not part and (self._inflate.eof or not (self._input or self.left)):
                break
            parts.append(part)
            wanted -= len(part)
        self.done += size - wanted
        return b"".join(parts)
