"""The records of a VCF, read a second time and written with more INFO."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import BinaryIO

from genome_keras.io import bcf
from genome_keras.io.lines import opened, texts

PART = 1 << 20  # bytes of a line at once
LONGEST = 1 << 26  # bytes within which INFO must end
COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO".split(b"\t")
OURS = b"GK_"  # keys of INFO

_CONTIG = re.compile(rb"##contig=<(?:[^>]*,)?ID=([^,>]+)")


class Copy:
    """What was read of a pipe, to be read again, in a file that vanishes with the process.

    One thread may write while another reads.

    Example:
        >>> copy = Copy()
        >>> copy.write(b"#CHROM\\nchr1\\n")
        >>> list(copy.parts())
        [b'#CHROM\\n', b'chr1\\n']
        >>> copy.close()
    """

    def __init__(self) -> None:
        number, name = tempfile.mkstemp(prefix="genome_keras-")
        self._written, self._read = open(number, "wb"), open(name, "rb")  # noqa: SIM115
        self._turn = Lock()
        with suppress(OSError):  # Windows keeps the name of an open file
            os.unlink(name)

    def write(self, text: bytes) -> None:
        """Adds what was read."""
        with self._turn:
            self._written.write(text)

    def parts(self) -> Iterator[bytes]:
        """Yields lines, longer ones in parts, as far as they are written by then."""
        while True:
            with self._turn:
                self._written.flush()
            text = self._read.readline(PART)
            if not text:
                return
            yield text

    def close(self) -> None:
        """Closes both ends."""
        self._written.close()
        self._read.close()


class VcfSource:
    """A VCF whose records are written anew, each when its turn has come.

    Args:
        given: a path of VCF or BCF, or a `Copy`.

    Example:
        >>> import io, tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, out = Path(folder, "x.vcf"), io.BytesIO()
        ...     _ = path.write_text("#CHROM\\tPOS\\tID\\tREF\\tALT\\nchr1\\t10\\trs1\\tA\\tC\\n")
        ...     source = VcfSource(path)
        ...     source.write(2, "GK_STATUS=ok", out)
        ...     source.close()
        >>> out.getvalue()
        b'chr1\\t10\\trs1\\tA\\tC\\t.\\t.\\tGK_STATUS=ok\\n'
    """

    def __init__(self, given: str | os.PathLike | Copy) -> None:
        self._given, self._counted = given, True  # whether lines of the header have numbers
        self._number, self._ended = 0, True
        self._held = self._parts()
        self._header = self.columns = None

    def header(self) -> list[bytes]:
        """The lines before the columns, but those that this package wrote; first of all calls."""
        if self._header is None:
            self._header = []
            while (line := self._line()) is not None and not line.startswith(COLUMNS[0]):
                if line.startswith(b"##"):
                    self._header.append(line.rstrip(b"\r\n"))
            self.columns = (line or b"\t".join(COLUMNS)).rstrip(b"\r\n").split(b"\t")
            self.columns += COLUMNS[len(self.columns) :]
        ours = (b"##INFO=<ID=" + OURS, b"##genome_keras_", b"##source=genome_keras ")
        return [line for line in self._header if not line.startswith(ours)]

    def contigs(self) -> set[bytes]:
        """Names of the contigs that the header has."""
        matches = (_CONTIG.match(line) for line in self.header())
        return {match[1] for match in matches if match}

    def write(self, line: int, info: str, out: BinaryIO) -> None:
        """Writes a record with all its columns, and `info` after its own INFO.

        Args:
            line: its number, as `genome_keras.io.vcf.read` yields it; more than those before.
            info: keys of this package, which replace any that the record has.
            out: what has `write`, of bytes. A record of less than five columns is none, and
                nothing is written.
        """
        self.header()
        while self._number < line:
            text = self._line()
        fields = text.split(b"\t", len(COLUMNS))
        while len(fields) <= len(COLUMNS) and not self._ended and len(text) < LONGEST:
            text += self._part()
            fields = text.split(b"\t", len(COLUMNS))
        if self._ended:
            fields[-1] = fields[-1].rstrip(b"\r\n")
        if len(fields) < 5:
            return
        fields += [b"."] * (len(COLUMNS) - len(fields))
        kept = [
            item
            for item in fields[7].split(b";")
            if item not in (b"", b".") and not item.startswith(OURS)
        ]
        fields[7] = b";".join([*kept, info.encode()])
        out.write(b"\t".join(fields))
        while not self._ended:
            out.write(self._part().rstrip(b"\r\n"))
        out.write(b"\n")

    def close(self) -> None:
        """Closes the file."""
        self._held.close()

    def _line(self):
        """The first part of the next line; None after the last."""
        while not self._ended:
            self._part()
        text = self._part()
        if text:
            self._number += self._counted or not text.startswith(b"#")
        return text or None

    def _part(self):
        text = next(self._held, b"")
        self._ended = not text or text.endswith(b"\n")
        return text

    def _parts(self):
        if isinstance(self._given, Copy):
            yield from self._given.parts()
            return
        with opened(self._given) as file:
            if bcf.is_bcf(self._given, file):
                self._counted = False
                yield from bcf.texts(self._given)
            else:
                yield from texts(self._given, "VCF", size=PART, file=file)
