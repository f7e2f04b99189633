"""FASTA, plain or gzip, read in pieces: memory does not grow with the record."""

import io
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from genome_keras.arguments import one_of
from genome_keras.errors import FormatError
from genome_keras.io.lines import LINE, texts

PIECE = 1 << 20  # sequence bytes after which a piece is handed on
EMPTY = ("error", "keep")
BLANKS = b" \t\r\n"

_PRINTABLE = bytes(range(33, 127))
_BED = re.compile(rb"(track|browser)\s|\S+\t[0-9]+\t[0-9]+\s")
_BINARY = re.compile(rb"[^\x21-\x7e \t\r\n]")


class Piece(NamedTuple):
    """A part of one record.

    Attributes:
        name: first word of the header.
        line: 1-based line on which the piece begins.
        letters: sequence without line ends and blanks, letters not checked.
        last: whether the record ends here; this piece may be empty if others came before,
            or where empty records are kept.
        header: the whole header without its ">" and line end, bytes.

    Example:
        >>> pieces = [Piece("chr1", 2, b"ACGT", False), Piece("chr1", 9, b"AC", True)]
        >>> b"".join(piece.letters for piece in pieces)
        b'ACGTAC'
    """

    name: str
    line: int
    letters: bytes
    last: bool
    header: bytes = b""


def chunks(
    path: str | os.PathLike,
    *,
    file: io.BufferedReader | None = None,
    empty: str = "error",
) -> Iterator[Piece]:
    """Reads FASTA piece by piece, each of about 1 MiB at most.

    Args:
        path: a file, plain or gzip (bgzip too) whatever its name; "-" is standard input.
        file: as in `genome_keras.io.lines.texts`.
        empty: what a record without sequence is: "error", or "keep", where its one piece
            has no letters.

    Yields:
        `Piece`, in the order of the file; each record has exactly one with `last`.

    Raises:
        FormatError: no such file, no FASTA text, damaged gzip, a record without a name
            or without sequence.
        ValueError: another value of `empty`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.fa")
        ...     _ = path.write_text(">chr1 first\\nACGT\\nAC\\n")
        ...     print(list(chunks(path)))
        [Piece(name='chr1', line=2, letters=b'ACGTAC', last=True, header=b'chr1 first')]
    """
    one_of(empty=empty, accepted=EMPTY)
    record = None
    number, line_ended = 0, True
    for text in texts(path, "FASTA", size=LINE, file=file):
        number += line_ended
        begins, line_ended = line_ended, text.endswith(b"\n")
        if begins and text.startswith(b">"):
            if record:
                yield record.piece(last=True)
            record = _Record(path, number, text, empty)
        elif record:
            record.add(number, text)
            if record.size >= PIECE:
                piece = record.piece(last=False)
                if piece.letters:  # not so after the end of a line alone
                    yield piece
        elif text.strip():
            raise FormatError(path, number, _not_fasta(text))
    if record is None:
        raise FormatError(path, None, "empty; expected FASTA, a first line that begins with '>'")
    yield record.piece(last=True)


def read(path: str | os.PathLike) -> Iterator[tuple[str, str]]:
    """Reads FASTA record by record.

    Args:
        path: as in `chunks`, and the same errors.

    Yields:
        (name, sequence), both str; letters are not checked.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.fa")
        ...     _ = path.write_text(">chr1 first\\nACGT\\nAC\\n")
        ...     print(dict(read(path)))
        {'chr1': 'ACGTAC'}
    """
    letters = []
    for piece in chunks(path):
        letters.append(piece.letters)
        if piece.last:
            yield piece.name, b"".join(letters).decode("ascii")
            letters = []


def header_name(path: str | os.PathLike, line: int, header: bytes) -> str:
    """Name of a record: the first word of its header.

    Args:
        path, line: where the header is, for messages.
        header: bytes that begin with ">".

    Returns:
        str.

    Raises:
        FormatError: no name, or none that can be printed.

    Example:
        >>> header_name("x.fa", 1, b">chr1 first\\n")
        'chr1'
    """
    if len(header) >= LINE:
        raise FormatError(path, line, f"expected a header of less than {LINE} bytes")
    if b"\r" in header.rstrip(b"\r\n"):
        raise FormatError(path, line, "a carriage return inside a header; end lines with \\n")
    words = header[1:].split(None, 1)
    if not words:
        raise FormatError(path, line, "a header without a name; expected '>name'")
    try:
        name = words[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(path, line, f"a name that is not UTF-8: {words[0]!r}") from error
    if not name.isprintable():
        raise FormatError(path, line, f"a control character in the name {name!r}")
    return name


class _Record:
    """The record being read: its name and the lines not yet handed on."""

    def __init__(self, path, line, header, empty):
        self.path, self.header_line, self.empty = path, line, empty
        self.name = header_name(path, line, header)
        self.header = header[1:].rstrip(b"\r\n")
        self.texts, self.size, self.line, self.filled = [], 0, line, False

    def add(self, number, text):
        if not self.texts:
            self.line = number
        self.texts.append(text)
        self.size += len(text)

    def piece(self, *, last):
        raw = b"".join(self.texts)
        letters = raw.translate(None, BLANKS)
        if letters.translate(None, _PRINTABLE):
            at = _BINARY.search(raw).start()
            line = self.line + raw.count(b"\n", 0, at)
            raise FormatError(self.path, line, f"binary data, byte 0x{raw[at]:02x} in a sequence")
        self.filled |= bool(letters)
        if last and not self.filled and self.empty == "error":
            raise FormatError(self.path, self.header_line, f"record {self.name!r} has no sequence")
        self.texts, self.size = [], 0
        return Piece(self.name, self.line, letters, last, self.header)


def _not_fasta(text):
    if _BINARY.search(text):
        return "expected FASTA text, got binary data"
    begin = text.strip()[:30].decode("ascii")
    if begin.startswith("@"):
        return f"expected '>', got {begin!r}: it looks like FASTQ"
    if begin.startswith("##fileformat=VCF"):
        return (
            f"expected '>', got {begin!r}: it looks like VCF, which `genome-keras variants` reads"
        )
    if _BED.match(text):
        return (
            f"expected '>', got {begin!r}: it looks like BED, whose places are read with a genome "
            "(--genome G.fa)"
        )
    return f"expected '>' before any sequence, got {begin!r}"
