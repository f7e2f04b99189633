"""Bytes and lines of a text file, plain or gzip, or of standard input."""

import gzip
import io
import re
import sys
import zlib
from contextlib import contextmanager

from genome_keras.errors import FormatError

LINE = 1 << 16  # bytes read at once of one line
BUFFER = 1 << 18  # bytes asked of the file at once
DIGITS = 18  # of a position, more do not fit into int64

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
    b"\xef\xbb\xbf": "a byte order mark; save it as UTF-8 without one",
    b"\xff\xfe": "UTF-16; save it as UTF-8",
}


def texts(path, what, *, size=LINE):
    """Reads lines, longer ones in parts.

    Args:
        path: a file, plain or gzip (bgzip too) whatever its name; "-" is standard input.
        what: name of the format, for messages.
        size: bytes of a part at most.

    Yields:
        bytes with their line end; only the end of a line and of the file end a part that
        is shorter than `size`.

    Raises:
        FormatError: no such file, another format, damaged gzip.
    """
    with opened(path) as file:
        try:
            if file.peek(2)[:2] == b"\x1f\x8b":
                file = io.BufferedReader(gzip.GzipFile(fileobj=file), BUFFER)
            head = file.peek(8)
            for magic, found in _MAGIC.items():
                if head.startswith(magic):
                    raise FormatError(path, None, f"expected {what} text, got {found}")
            while text := file.readline(size):
                yield text
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(path, None, f"truncated or damaged gzip: {error}") from error


def rows(path, what, *, size=LINE):
    """Reads whole lines as text, for formats whose lines are short.

    Args:
        path, what: as in `texts`, and the same errors.
        size: bytes of a line, the longest accepted.

    Yields:
        (number, line): 1-based number, and str without its line end.

    Raises:
        FormatError: a line that is longer, not UTF-8 or has control characters.
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


def is_position(field):
    """Whether a column is a whole number, 0 or more, of at most `DIGITS` digits."""
    return field.isascii() and field.isdigit() and len(field) <= DIGITS


@contextmanager
def opened(path):
    """The bytes of a file or of standard input, which stays open.

    Args:
        path: a file; "-" is standard input.

    Yields:
        `io.BufferedReader`.

    Raises:
        FormatError: the file cannot be read.
    """
    # A reader over a reader: its `peek` waits for more than a pipe's first bytes.
    if str(path) == "-":
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
