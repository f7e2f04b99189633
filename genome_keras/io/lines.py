"""Bytes and lines of a text file, plain or gzip, or of standard input."""

import gzip
import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from genome_keras.errors import FormatError
from genome_keras.io.bgzf import END, HEADER, is_bgzf, is_end

LINE = 1 << 16  # bytes read at once of one line
BUFFER = 1 << 18  # bytes asked of the file at once
DIGITS = 18  # of a position, more do not fit into int64
MARK = b"\xef\xbb\xbf"  # what some editors put before UTF-8

_CONTROL = re.compile(r"[\x00-\x08\n-\x1f\x7f]")
_MAGIC = {
    b"\x89HDF": "HDF5",
    b"PK\x03\x04": "a zip archive",
    b"BAM\x01": "BAM",
    b"BCF\x02": "BCF",
    b"CRAM": "CRAM",
    b"BZh": "bzip2; decompress it, or use gzip",
    b"\xfd7zXZ": "xz; decompress it, or use gzip",
    b"\x28\xb5\x2f\xfd": "zstandard; decompress it, or use gzip",
    b"\x1f\x8b": "gzip within gzip",
    b"\xff\xfe": "UTF-16; save it as UTF-8",
}


def texts(
    path: str | os.PathLike,
    what: str,
    *,
    size: int = LINE,
    file: io.BufferedReader | None = None,
    keep_mark: bool = False,
) -> Iterator[bytes]:
    """Reads lines, longer ones in parts.

    Args:
        path: a file, plain or gzip (bgzip too) whatever its name; "-" is standard input.
        what: name of the format, for messages.
        size: bytes of a part at most.
        file: what `opened` gave for `path`, at its beginning; None opens it.
        keep_mark: whether a byte order mark of UTF-8 is part of the first line, or left out.

    Yields:
        bytes with their line end; only the end of a line and of the file end a part that
        is shorter than `size`.

    Raises:
        FormatError: no such file, another format, damaged or truncated gzip.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.txt.gz")
        ...     _ = path.write_bytes(gzip.compress(b"chr1\\nchr2\\n"))
        ...     print(list(texts(path, "BED")))
        [b'chr1\\n', b'chr2\\n']
    """
    if file is None:
        with opened(path) as file:
            yield from texts(path, what, size=size, file=file, keep_mark=keep_mark)
        return
    ended = True
    try:
        head = file.peek(HEADER)[:HEADER]
        if head[:2] == b"\x1f\x8b":
            packed = _Packed(file)
            file = io.BufferedReader(gzip.GzipFile(fileobj=packed), BUFFER)
            ended = not is_bgzf(head)
        head = file.peek(8)
        for magic, kind in _MAGIC.items():
            if head.startswith(magic):
                raise FormatError(path, None, f"expected {what} text, got {kind}")
        if head.startswith(MARK) and not keep_mark:
            file.read(len(MARK))
        while text := file.readline(size):
            yield text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(path, None, f"truncated or damaged gzip: {error}") from error
    except IsADirectoryError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    if not ended and not is_end(packed.last):
        raise FormatError(path, None, "truncated bgzip: the empty block at its end is missing")


class _Packed:
    """A file that remembers the last bytes that were read of it."""

    def __init__(self, file):
        self.file, self.last = file, b""

    def read(self, size):
        data = self.file.read(size)
        self.last = (data if len(data) >= len(END) else self.last + data)[-len(END) :]
        return data


def rows(path: str | os.PathLike, what: str, *, size: int = LINE) -> Iterator[tuple[int, str]]:
    """Reads whole lines as text, for formats whose lines are short.

    Args:
        path, what: as in `texts`, and the same errors.
        size: bytes of a line, the longest accepted.

    Yields:
        (number, line): 1-based number, and str without its line end.

    Raises:
        FormatError: a line that is longer, not UTF-8 or has control characters.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.txt.gz")
        ...     _ = path.write_bytes(gzip.compress(b"chr1\\nchr2\\n"))
        ...     print(list(rows(path, "BED")))
        [(1, 'chr1'), (2, 'chr2')]
    """
    for number, text in enumerate(texts(path, what, size=size), 1):
        if len(text) == size and not text.endswith(b"\n"):
            raise FormatError(path, number, f"expected a line of less than {size} bytes")
        try:
            line = text.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            problem = f"expected {what} text, got byte 0x{text[error.start]:02x}: not UTF-8"
            raise FormatError(path, number, problem) from error
        if odd := _CONTROL.search(line):
            raise FormatError(path, number, f"expected {what} text, got the character {odd[0]!r}")
        yield number, line


def is_position(field: str) -> bool:
    """Whether a column is a whole number, 0 or more, of at most `DIGITS` digits.

    Example:
        >>> is_position("10"), is_position("-1"), is_position("1e3")
        (True, False, False)
    """
    return field.isascii() and field.isdigit() and len(field) <= DIGITS


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[io.BufferedReader]:
    """The bytes of a file or of standard input, which stays open.

    Args:
        path: a file; "-" is standard input.

    Yields:
        `io.BufferedReader`.

    Raises:
        FormatError: the file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"chr1")
        ...     file.flush()
        ...     with opened(file.name) as begun:
        ...         print(begun.peek(2)[:2], begun.read())
        b'ch' b'chr1'
    """
    # A reader over a reader: its `peek` waits for more than a pipe's first bytes.
    if str(path) == "-":
        if sys.stdin is None:
            raise FormatError(path, None, "cannot read: standard input is closed")
        file = io.BufferedReader(sys.stdin.buffer, BUFFER)
        try:
            yield file
        finally:
            file.detach()
        return
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    with io.BufferedReader(file, BUFFER) as file:
        yield file


def check_regular(path: str | os.PathLike) -> None:
    """For what is read more than once, or at any place: a pipe gives its bytes only once.

    A path that does not exist passes: whoever opens it says so.

    Raises:
        FormatError: `path` is a pipe, a device or a socket.

    Example:
        >>> try:
        ...     check_regular(os.devnull)
        ... except FormatError as error:
        ...     print(str(error).partition(", but")[0])
        /dev/null: a pipe or device
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        problem = "a pipe or device, but it is read more than once; expected a regular file"
        raise FormatError(path, None, f"{problem}: save it to one")
