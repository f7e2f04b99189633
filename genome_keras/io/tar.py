"""Members of a tar archive, one after the other: what it claims is bounded before it is read.

An archive may say that the header of a member, or one file, is larger than any memory, or
hold files without end. Nothing is ever written under a name that an archive gives.
"""

import bz2
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from genome_keras.errors import FormatError, printable

HEADER = 1 << 20  # bytes read to learn of a member, names of any length among them
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_BLOCK = 1 << 20


def members(
    path: str | os.PathLike, *, total: int, most: int, where: object = None
) -> Iterator[tuple[tarfile.TarInfo, "_Source | None"]]:
    """Reads a tar archive, compressed with gzip, bzip2 or xz, or not.

    Args:
        path: of the archive.
        total: bytes that its members may have together.
        most: members that it may have.
        where: what to call it in errors; None takes the path.

    Yields:
        Each member, and its bytes, with `read(size)`, until the next one is asked for; None
        for links, folders and the like.

    Raises:
        FormatError: not a whole archive, or one that claims more.

    Example:
        >>> import io, tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.tar")
        ...     with tarfile.open(path, "w") as archive:
        ...         member = tarfile.TarInfo("x.bed")
        ...         member.size = 4
        ...         archive.addfile(member, io.BytesIO(b"chr1"))
        ...     for member, source in members(path, total=100, most=1):
        ...         print(member.name, source.read())
        x.bed b'chr1'
    """
    where, count, claimed = path if where is None else where, 0, 0
    with _told(where), _unpacked(path) as unpacked:
        metered = _Metered(unpacked, where)
        with tarfile.open(fileobj=metered, mode="r|") as archive:
            while (member := archive.next()) is not None:
                if member.size < 0:
                    raise FormatError(where, None, "damaged archive: a size below zero")
                count, claimed = count + 1, claimed + member.size
                if count > most or claimed > total or member.issparse():
                    problem = f"the archive claims more than {total} bytes or {most} files"
                    raise FormatError(where, None, problem)
                has_bytes = member.isreg() or member.type not in tarfile.SUPPORTED_TYPES
                source = _Source(archive.extractfile(member), where) if has_bytes else None
                metered.left = member.size + HEADER
                yield member, source
                while source is not None and source.read(_BLOCK):
                    pass  # what nobody wanted
                metered.left = HEADER
            # A damaged header looks like the end; and only at the end are checksums compared.
            while rest := archive.fileobj.read(_BLOCK):
                if rest.strip(b"\0"):
                    raise FormatError(where, None, "damaged archive: bytes after its end")


@contextmanager
def _unpacked(path):
    with open(path, "rb") as file:
        head = file.read(6)
        file.seek(0)
        opened = next((way for magic, way in _PACKED.items() if head.startswith(magic)), None)
        if opened is None:
            yield file
            return
        with opened(file) as unpacked:
            yield unpacked


@contextmanager
def _told(where):
    kinds = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
    try:
        yield
    except FormatError:
        raise
    except (*kinds, RecursionError, ValueError, OverflowError) as error:
        problem = printable(str(error))[:200] or type(error).__name__
        raise FormatError(where, None, f"damaged archive: {problem}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise FormatError(where, None, f"damaged archive: {error}") from error


class _Source:
    """The bytes of a member."""

    def __init__(self, file, where):
        self.file, self.where = file, where

    def read(self, size: int = -1) -> bytes:
        with _told(self.where):
            return self.file.read(size)


class _Metered:
    """A file of which no more than `left` bytes may be read."""

    def __init__(self, file, where):
        self.file, self.where, self.left = file, where, HEADER

    def read(self, size):
        data = self.file.read(size)
        self.left -= len(data)
        if self.left < 0:
            problem = f"a header of the archive has more than {HEADER} bytes"
            raise FormatError(self.where, None, problem)
        return data
