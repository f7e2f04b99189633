"""Where the letters of a FASTA file lie: the .fai index, read, checked or made."""

import mmap
import os
import re
from typing import NamedTuple

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.io.bgzf import Blocks
from genome_keras.io.fasta import BLANKS, header_name
from genome_keras.io.lines import LINE, MARK, rows, texts

HEADER = 1024  # bytes of most headers at most
_BLANK = re.compile(rb"[ \t\r]")
_ENDS = (b"\n", b"\r", b" ", b"\t")


class Entry(NamedTuple):
    """One record of a FASTA file.

    Attributes:
        length: letters of the record.
        offset: byte of the first letter, in the decompressed file.
        letters: of each line but the last.
        bytes: of each line but the last, with its end.

    Example:
        >>> entry = Entry(length=100, offset=6, letters=60, bytes=61)
        >>> entry.span(58, 62)  # with the end of the first line
        (64, 69)
    """

    length: int
    offset: int
    letters: int
    bytes: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Bytes (first, after the last) of the letters `start` to `end`, 0-based, half-open."""
        return self._byte(start), self._byte(end - 1) + 1

    def _byte(self, position):
        line, column = divmod(position, self.letters)
        return self.offset + line * self.bytes + column


def read(path: str | os.PathLike) -> dict[str, Entry]:
    """Reads a .fai index.

    Args:
        path: the index.

    Returns:
        dict name -> `Entry`, in the order of the file.

    Raises:
        FormatError: the file cannot be read, is empty or has a malformed line.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.fa.fai")
        ...     _ = path.write_text("chr1\\t100\\t6\\t60\\t61\\n")
        ...     print(read(path))
        {'chr1': Entry(length=100, offset=6, letters=60, bytes=61)}
    """
    index = {}
    for number, line in rows(path, "a .fai index as"):
        name, *numbers = line.split("\t")
        if len(numbers) != 4 or not all(
            number.isascii() and number.isdigit() for number in numbers
        ):
            problem = f"expected a name and four numbers, parted by tabs, got {line!r:.60}"
            raise FormatError(path, number, problem)
        entry = Entry(*map(int, numbers))
        if not 0 < entry.letters < entry.bytes and entry.length:
            problem = f"expected more bytes than letters in a line, got {line!r:.60}"
            raise FormatError(path, number, problem)
        if name in index:
            raise FormatError(path, number, f"the name {name!r} a second time")
        index[name] = entry
    if not index:
        raise FormatError(path, None, "an empty index; remove it, or make it anew")
    return index


def fits(index: dict[str, Entry], data: bytes | mmap.mmap | Blocks) -> bool:
    """Whether records lie in a FASTA file where an index says, by what stands around each.

    Before a record stands its header, after its first line and its last letter a line end,
    and then the next header or nothing.

    Args:
        index: as `read` gives it.
        data: the bytes of the file, decompressed: what has a length and gives slices.

    Example:
        >>> index = {"chr1": Entry(length=6, offset=6, letters=4, bytes=5)}
        >>> fits(index, b">chr1\\nACGT\\nAC\\n"), fits(index, b">chr1\\nACGTA\\nC\\n")
        (True, False)
    """
    return all(_lies(name, entry, data) for name, entry in index.items())


def _lies(name, entry, data):
    if not 0 < entry.offset <= len(data):
        return False
    for size in (HEADER, LINE + 1):
        first = max(entry.offset - size, 0)
        begin = data[first : entry.offset]
        line = begin[:-1].rfind(b"\n") + 1
        if line or not first:
            break
    header = begin[line:].removeprefix(b"" if first else MARK)
    words = header[1:].split(None, 1)
    if not header.endswith(b"\n") or header[:1] != b">" or words[:1] != [name.encode()]:
        return False
    if not entry.length:
        return True
    end = entry.span(0, entry.length)[1]
    if end > len(data) or data[end - 1 : end] in _ENDS:
        return False
    after = data[end : min(end + HEADER, len(data))]
    if (after and after[:1] not in _ENDS) or after.strip()[:1] not in (b"", b">"):
        return False
    whole = entry.length > entry.letters
    return (
        not whole or not data[entry._byte(entry.letters) - 1 : entry._byte(entry.letters)].strip()
    )


def build(path: str | os.PathLike) -> dict[str, Entry]:
    """Makes the index of a FASTA file by reading all of it.

    Blanks at the end of a line are no letters of it.

    Args:
        path: a file, plain or gzip.

    Returns:
        As `read`; nothing is written.

    Raises:
        FormatError: no FASTA, a name twice, or lines of one record that differ in
            length before its last, so that no letter can be found by counting.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.fa")
        ...     _ = path.write_text(">chr1 first\\nACGT\\nAC\\n")
        ...     print(build(path))
        {'chr1': Entry(length=6, offset=12, letters=4, bytes=5)}
    """
    index, record = {}, None
    offset, number, width, letters = 0, 0, 0, 0
    line_ended = True
    for text in texts(path, "FASTA", size=LINE, keep_mark=True):
        begins, line_ended = line_ended, text.endswith(b"\n")
        number += begins
        offset += len(text)
        if number == 1 and begins:
            text = text.removeprefix(MARK)
        if begins and text.startswith(b">"):
            name = header_name(path, number, text)
            if name in index:
                raise FormatError(path, number, f"the name {name!r} a second time")
            if record:
                record.check()
            record = _Lines(path, number, name, offset)
            index[name] = record
            width = 0
        elif record:
            if begins:
                width = letters = 0
            shown = text.rstrip(BLANKS)
            if shown:
                if letters < width or (not shown.isalpha() and _BLANK.search(shown)):
                    raise FormatError(path, number, "a blank among the letters of a line")
                letters = width + len(shown)
            width += len(text)
            if line_ended:
                record.add(number, width, letters)
                width = 0
        elif text.strip():
            problem = f"expected '>' before any sequence, got {text.strip()[:30]!r}"
            raise FormatError(path, number, problem)
    if record is None:
        raise FormatError(path, None, "empty; expected FASTA, a first line that begins with '>'")
    if width:  # the last line has no end
        record.add(number, width + 1, letters)
    record.check()
    return {name: record.entry() for name, record in index.items()}


def write(path: str | os.PathLike, index: dict[str, Entry]) -> None:
    """Writes an index, which `read` and samtools read.

    Args:
        path: of the index.
        index: as of `build`.

    Raises:
        GenomeKerasError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/x.fa.fai", {"chr1": Entry(6, 12, 4, 5)})
        ...     print(read(f"{folder}/x.fa.fai"))
        {'chr1': Entry(length=6, offset=12, letters=4, bytes=5)}
    """
    with atomic(path) as temporary:
        rows = ("\t".join(map(str, (name, *entry))) + "\n" for name, entry in index.items())
        temporary.write_text("".join(rows), encoding="utf-8")


class _Lines:
    """The lines of the record being read."""

    def __init__(self, path, line, name, offset):
        self.path, self.line, self.name, self.offset = path, line, name, offset
        self.length = self.letters = self.bytes = 0
        self.short = None  # a line after which no letters may come

    def add(self, number, width, letters):
        if width == self.bytes and letters == self.letters and not self.short:
            self.length += letters
            return
        if not self.bytes:
            if not letters:
                problem = f"a blank line after the header of {self.name!r}; expected its letters"
                raise FormatError(self.path, number, problem)
            self.letters, self.bytes = letters, width
        elif self.short and letters:
            raise self._uneven(*self.short)
        elif letters > self.letters:
            raise self._uneven(number, width, letters)
        elif not self.short:
            self.short = number, width, letters
        self.length += letters

    def check(self):
        if not self.length:
            raise FormatError(self.path, self.line, f"record {self.name!r} has no sequence")

    def entry(self):
        return Entry(self.length, self.offset, self.letters, self.bytes)

    def _uneven(self, number, width, letters):
        return FormatError(
            self.path,
            number,
            f"expected a line of {self.letters} letters ({self.bytes} bytes with its end) as the "
            f"first of {self.name!r}, got {letters} letters ({width} bytes); only the last line "
            "of a record may be shorter: wrap the file anew",
        )
