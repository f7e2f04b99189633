"""2bit, UCSC's packed genomes, read from any place."""

import mmap
import os
import struct

import numpy as np

from genome_keras.errors import FormatError

SIGNATURES = {b"\x43\x27\x41\x1a": "<", b"\x1a\x41\x27\x43": ">"}  # of either byte order

_BASES = np.frombuffer(b"TCAG", np.uint8)
_FOURS = _BASES[np.arange(256)[:, None] >> [6, 4, 2, 0] & 3]  # the letters of each byte


class TwoBit:
    """The contigs of a 2bit file.

    Lower case is not kept. Of a contig's runs of N nothing is read before its first letter.

    Args:
        path: for messages.
        data: bytes of the file, or an `mmap` of it.

    Attributes:
        lengths: dict name -> length, bp, in the order of the file.

    Raises:
        FormatError: the file is truncated, damaged or of an unknown version.

    Source: https://genome.ucsc.edu/FAQ/FAQformat.html#format7

    Example:
        >>> header = struct.pack("<4IB4sI", 0x1A412743, 0, 1, 0, 4, b"chr1", 25)
        >>> record = struct.pack("<4IB", 4, 0, 0, 0, 0b00_01_10_11)  # T C A G
        >>> genome = TwoBit("x.2bit", header + record)
        >>> genome.lengths, genome.letters("chr1", 1, 4)
        ({'chr1': 4}, 'CAG')
    """

    def __init__(self, path: str | os.PathLike, data: bytes | mmap.mmap) -> None:
        self.path, self.data = path, data
        self.order = SIGNATURES[data[:4]]
        _, version, contigs, _ = self._numbers(0, "4I")
        if version not in (0, 1):
            raise FormatError(path, None, f"expected 2bit of version 0 or 1, got {version}")
        self.records, self.lengths, self.runs = {}, {}, {}
        offset, at = "Q" if version else "I", 16
        for _ in range(contigs):
            size = self._bytes(at, 1)[0]
            try:
                name = self._bytes(at + 1, size).decode("utf-8")
            except UnicodeDecodeError as error:
                raise FormatError(path, None, "damaged 2bit: a name that is not UTF-8") from error
            if not name or not name.isprintable():
                raise FormatError(path, None, f"damaged 2bit: the name {name!r} of a contig")
            at += 1 + size
            (self.records[name],) = self._numbers(at, offset)
            at += struct.calcsize("<" + offset)
            (self.lengths[name],) = self._numbers(self.records[name], "I")
        if len(self.lengths) < max(contigs, 1):
            raise FormatError(path, None, "damaged 2bit: no contigs, or two of one name")

    def letters(self, contig: str, start: int, end: int) -> str:
        """Letters `start` to `end` (0-based, half-open) of a contig, upper case, as str.

        Raises:
            FormatError: the file is truncated or damaged.
        """
        if contig not in self.runs:
            self.runs[contig] = self._runs(contig)
        starts, ends, packed = self.runs[contig]
        first, after = start // 4, -(-end // 4)
        codes = np.frombuffer(self._bytes(packed + first, after - first), np.uint8)
        letters = _FOURS[codes].ravel()[start - 4 * first : end - 4 * first]
        some = slice(np.searchsorted(ends, start, "right"), np.searchsorted(starts, end))
        for begin, stop in zip(starts[some], ends[some], strict=True):
            letters[max(begin - start, 0) : stop - start] = ord("N")
        return letters.tobytes().decode("ascii")

    def _runs(self, contig):
        """Starts and ends of the runs of N, and the byte where the packed letters begin."""
        at, length = self.records[contig], self.lengths[contig]
        (count,) = self._numbers(at + 4, "I")
        numbers = np.frombuffer(self._bytes(at + 8, 8 * count), self.order + "u4")
        starts, sizes = numbers.astype(np.int64).reshape(2, count)
        ends = starts + sizes
        if (starts[1:] < ends[:-1]).any() or (ends > length).any():
            raise FormatError(self.path, None, f"damaged 2bit: the runs of N in {contig!r}")
        at += 8 + 8 * count
        (masked,) = self._numbers(at, "I")
        return starts, ends, at + 4 + 8 * masked + 4

    def _numbers(self, at, kinds):
        kinds = self.order + kinds
        return struct.unpack(kinds, self._bytes(at, struct.calcsize(kinds)))

    def _bytes(self, at, size):
        content = self.data[at : at + size]
        if len(content) < size:
            raise FormatError(self.path, None, f"truncated 2bit: no {size} bytes at byte {at}")
        return content
