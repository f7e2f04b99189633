"""bgzip: gzip in blocks of up to 64 KiB, read from any place, and written."""

import mmap
import os
import struct
import zlib
from bisect import bisect_right
from functools import lru_cache
from typing import BinaryIO

from genome_keras.errors import FormatError

HEADER, TRAILER = 18, 8
MOST = 1 << 16  # bytes of a decompressed block
BLOCK = 65280  # bytes of text that a block is made of, as bgzip itself has it
KEPT = 64  # decompressed blocks, 4 MiB
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # of a file


def is_end(tail: bytes) -> bool:
    """Whether the last 28 bytes of a file are the empty block that ends bgzip.

    Example:
        >>> is_end(END), is_end(END[:-1])
        (True, False)
    """
    return is_bgzf(tail) and len(tail) == len(END) and tail[-4:] == bytes(4)


def is_bgzf(head: bytes) -> bool:
    """Whether a file whose first 18 bytes are `head` is bgzip.

    Example:
        >>> import gzip
        >>> is_bgzf(END[:18]), is_bgzf(gzip.compress(b"ACGT")[:18])
        (True, False)
    """
    whole = len(head) >= HEADER
    return whole and head[:4] == b"\x1f\x8b\x08\x04" and head[10:16] == b"\x06\0BC\x02\0"


class Blocks:
    """The decompressed bytes of a bgzip file.

    The blocks are found by going from header to header, so that no .gzi is needed.

    Args:
        path: for messages.
        data: bytes of the file, or an `mmap` of it.

    Raises:
        FormatError: the file is truncated or not bgzip throughout.

    Example:
        >>> letters = zlib.compress(b"ACGT", wbits=-15)
        >>> size = struct.pack("<H", HEADER + len(letters) + TRAILER - 1)
        >>> block = END[:16] + size + letters + struct.pack("<II", zlib.crc32(b"ACGT"), 4)
        >>> blocks = Blocks("x.gz", block + END)
        >>> len(blocks), blocks[1:3]
        (4, b'CG')
    """

    def __init__(self, path: str | os.PathLike, data: bytes | mmap.mmap) -> None:
        self.path, self.data = path, data
        self.places, self.begins, self.size = [], [], 0
        at = size = 0
        while at < len(data):
            head = data[at : at + HEADER]
            if not is_bgzf(head):
                raise FormatError(path, None, f"truncated or damaged bgzip: no block at byte {at}")
            size = struct.unpack_from("<H", head, 16)[0] + 1
            if size < HEADER + TRAILER or at + size > len(data):
                raise FormatError(path, None, f"truncated or damaged bgzip: block at byte {at}")
            (length,) = struct.unpack("<I", data[at + size - 4 : at + size])
            if length:
                self.places.append((at, size))
                self.begins.append(self.size)
            self.size += length
            at += size
        if not size or length:
            raise FormatError(path, None, "truncated bgzip: the empty block at its end is missing")
        self._block = lru_cache(KEPT)(self._inflated)

    def __getitem__(self, span: slice) -> bytes:
        """Bytes of a slice with a start and an end, as of `bytes`."""
        block = bisect_right(self.begins, span.start) - 1
        begin = self.begins[block]
        parts = []
        while block < len(self.begins) and self.begins[block] < span.stop:
            parts.append(self._block(block))
            block += 1
        return b"".join(parts)[span.start - begin : span.stop - begin]

    def __len__(self) -> int:
        return self.size

    def _inflated(self, block):
        at, size = self.places[block]
        crc, length = struct.unpack("<II", self.data[at + size - TRAILER : at + size])
        try:
            packed = self.data[at + HEADER : at + size - TRAILER]
            letters = zlib.decompressobj(-15).decompress(packed, MOST + 1)
        except zlib.error:
            letters = None
        if letters is None or len(letters) != length or zlib.crc32(letters) != crc:
            raise FormatError(self.path, None, f"damaged bgzip: block at byte {at}")
        return letters


class BgzipWriter:
    """Writes bgzip: gzip in blocks that say how long they are, and an empty one at the end.

    Args:
        file: open for writing bytes.

    Source: https://samtools.github.io/hts-specs/SAMv1.pdf, section 4.1.

    Example:
        >>> import gzip, io
        >>> out = BgzipWriter(file := io.BytesIO())
        >>> out.write(b"ACGT")
        >>> out.finish()
        >>> gzip.decompress(file.getvalue()), is_bgzf(file.getvalue()[:18])
        (b'ACGT', True)
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.held = file, bytearray()

    def write(self, data: bytes) -> None:
        """Takes bytes; whole blocks are written at once."""
        self.held += data
        while len(self.held) >= BLOCK:
            self._block(self.held[:BLOCK])
            del self.held[:BLOCK]

    def finish(self) -> None:
        """Writes what is left, and the end."""
        if self.held:
            self._block(self.held)
        self.file.write(END)

    def _block(self, data):
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
        self.file.write(END[:16] + struct.pack("<H", len(packed) + 25))
        self.file.write(packed + struct.pack("<II", zlib.crc32(data), len(data)))
