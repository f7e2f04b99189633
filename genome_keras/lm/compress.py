"""FASTA, compressed by the context-mixing model: what a perplexity is worth, in bytes.

A file has three parts: a header, the layout of the text (headers, lines, lower case and
letters other than A, C, G, T), and the bases, arithmetic-coded.
"""

import hashlib
import json
import lzma
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic, protected
from genome_keras.io.lines import texts
from genome_keras.lm.mixing import CHUNK, ContextMixer
from genome_keras.lm.perplexity import Tally
from genome_keras.progress import progress

MAGIC = b"genome-keras lm 1\n"
_BASES = b"ACGTacgt"
_CODES = np.full(256, 4, np.uint8)
_CODES[list(_BASES)] = [0, 1, 2, 3, 0, 1, 2, 3]
RATIO, SPARE = 200, 16 << 20  # bytes of text that a byte may stand for, and some more
_MEMORY = 128 << 20  # bytes that unpacking the layout may take; it takes 65 MiB
_DAMAGES = (
    lzma.LZMAError,
    struct.error,
    ArithmeticError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
_LETTERS = np.frombuffer(b"ACGT", np.uint8)


class Sizes(NamedTuple):
    """What `compress` wrote, in bytes.

    Attributes:
        text: the FASTA file, unpacked.
        file: the compressed file.
        layout: its headers, lines, lower case and foreign letters.
        coded: its bases; 8 * coded / bases is their cost in bits per base.
        bases: A, C, G and T in the FASTA file (a count, not bytes).

    Example:
        >>> sizes = Sizes(text=1_000_000, file=240_000, layout=500, coded=239_400, bases=985_000)
        >>> round(sizes.tally.bits_per_base, 3)
        1.944
    """

    text: int
    file: int
    layout: int
    coded: int
    bases: int

    @property
    def tally(self) -> Tally:
        """The cost of the bases as a prequential `Tally`, measured in bytes written."""
        return Tally(8 * self.coded * float(np.log(2)), self.bases)


def compress(path: str | os.PathLike, out: str | os.PathLike) -> Sizes:
    """Compresses a FASTA file without loss.

    Kept to the byte: headers, lengths of lines, lower case, N and all other letters.
    The bases of all records follow each other as one sequence.

    Args:
        path: FASTA, plain or gzip (its text is kept, not its compression).
        out: the file to write.

    Returns:
        `Sizes`.

    Raises:
        FormatError: no such file, damaged gzip, no FASTA text, or one that is so much alike
            that `decompress` would refuse it.
        GenomeKerasError: `out` cannot be written, or is `path`; or numba is missing.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fasta, packed, again = (Path(folder, name) for name in ("fa", "packed", "again"))
        ...     _ = fasta.write_text(">chr1\\n" + "ACGTTGCA" * 50 + "\\n")
        ...     sizes = compress(fasta, packed)
        >>> sizes.bases, sizes.coded < 50  # a quarter of a byte for each base would be 100
        (400, True)
    """
    text = b"".join(texts(path, "FASTA", keep_mark=True))
    layout, codes = _take_apart(path, text)
    packed = lzma.compress(layout, preset=9 | lzma.PRESET_EXTREME)
    header = {"bases": len(codes), "layout": len(packed), "sha256": _sha256(text)}
    with protected([path]), atomic(out) as temporary:
        coded = _encode(codes)
        head = json.dumps(header).encode()
        packed_text = MAGIC + struct.pack("<I", len(head)) + head + packed + coded
        size = len(packed_text)
        if max(len(text), len(layout)) > _most(size):
            problem = f"{len(text)} bytes pack to {size}; accepted are {_most(size)} bytes at most"
            raise FormatError(path, None, f"{problem}, which is what decompress unpacks")
        temporary.write_bytes(packed_text)
    return Sizes(len(text), size, len(packed), len(coded), len(codes))


def decompress(path: str | os.PathLike, out: str | os.PathLike) -> None:
    """Writes the FASTA file that `compress` was given, to the byte.

    Args:
        path: a file of `compress`.
        out: the file to write, plain text.

    Raises:
        FormatError: no such file, a file of another kind, or a damaged one: the
            SHA-256 of the text is in the file and is checked. So is a file that would
            unpack to more than 200 times its size and 16 MiB.
        GenomeKerasError: `out` cannot be written, or is `path`; or numba is missing.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fasta, packed, again = (Path(folder, name) for name in ("fa", "packed", "again"))
        ...     _ = fasta.write_text(">chr1\\n" + "ACGTTGCA" * 50 + "\\n")
        ...     sizes = compress(fasta, packed)
        ...     decompress(packed, again)
        ...     again.read_bytes() == fasta.read_bytes()
        True
    """
    raw = _bytes(path)
    if not raw.startswith(MAGIC):
        raise FormatError(path, None, "not a file of 'genome-keras lm compress'")
    try:
        at = len(MAGIC) + 4
        (length,) = struct.unpack("<I", raw[at - 4 : at])
        header = json.loads(raw[at : at + length])
        begin, digest = at + length + header["layout"], header["sha256"]
        layout = _Layout(_unpacked(raw[at + length : begin], _most(len(raw))), _most(len(raw)))
        if header["bases"] != layout.bases:
            raise ValueError(f"{header['bases']!r:.20} bases, {layout.bases} in the layout")
        text = layout.put_together(_decode(raw[begin:], layout.bases))
    except _DAMAGES as error:
        raise FormatError(path, None, f"damaged ({error or type(error).__name__})") from error
    if _sha256(text) != digest:
        raise FormatError(path, None, "damaged, or coded by another version: SHA-256 differs")
    with protected([path]), atomic(out) as temporary:
        temporary.write_bytes(text)


def _most(size):
    """Bytes that a file of some size may unpack to."""
    return SPARE + RATIO * size


def _unpacked(packed, most):
    """The bytes of the layout, at most so many."""
    unpacker = lzma.LZMADecompressor(memlimit=_MEMORY)
    layout = unpacker.decompress(packed, most + 1)
    if len(layout) > most or not unpacker.eof:
        raise ValueError(f"truncated, or more than {most} bytes of layout")
    return layout


def _encode(codes):
    encoder, coded = ContextMixer(len(codes)).encoder(), []
    with progress(total=len(codes), unit="bp", unit_scale=True, desc="code") as bar:
        for begin in range(0, len(codes), CHUNK):
            chunk = codes[begin : begin + CHUNK]
            coded.append(encoder.encode(chunk))
            bar.update(len(chunk))
    return b"".join([*coded, encoder.finish()])


def _decode(coded, bases):
    decoder, codes = ContextMixer(bases).decoder(coded), np.empty(bases, np.uint8)
    with progress(total=bases, unit="bp", unit_scale=True, desc="decode") as bar:
        for begin in range(0, bases, CHUNK):
            chunk = codes[begin : begin + CHUNK]
            chunk[:] = decoder.decode(len(chunk))
            bar.update(len(chunk))
    return codes


def _take_apart(path, text):
    """The layout as bytes, and the codes of all A, C, G and T."""
    if not text.startswith(b">"):
        raise FormatError(path, 1, f"expected '>' of a FASTA header, got {text[:30]!r}")
    for byte, what in ((b"\r", "a carriage return; end lines with \\n"), (b"\0", "binary data")):
        if byte in text:
            raise FormatError(path, text[: text.index(byte)].count(b"\n") + 1, what)
    headers, widths, letters = [], [], []
    for line in text.split(b"\n"):
        if line.startswith(b">"):
            headers.append(line)
            widths.append(-1)
        else:
            widths.append(len(line))
            letters.append(line)
    sequence = np.frombuffer(b"".join(letters), np.uint8)
    codes = _CODES[sequence]
    lower = (sequence >= 97) & (sequence <= 122)
    foreign = np.where(codes < 4, 0, np.where(lower, sequence - 32, sequence))
    parts = [
        b"\n".join(headers),
        _runs(np.array(widths, np.int64)),
        _runs(lower.astype(np.int64)),
        _runs(foreign.astype(np.int64)),
    ]
    layout = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
    return layout, np.ascontiguousarray(codes[codes < 4])


class _Layout:
    """All of a text but its bases, as `_take_apart` packs it.

    Args:
        packed: its bytes.
        most: bytes that the text may have.

    Attributes:
        bases: A, C, G and T of the text.
    """

    def __init__(self, packed, most):
        parts, at = [], 0
        for _ in range(4):
            (length,) = struct.unpack_from("<Q", packed, at)
            parts.append(packed[at + 8 : at + 8 + length])
            at += 8 + length
        self.headers = parts[0].split(b"\n")
        self.widths, self.lower, self.foreign = (_Runs(part, most) for part in parts[1:])
        values, lengths = self.widths.values, self.widths.lengths
        letters = float(np.dot(np.maximum(values, 0).astype(float), lengths.astype(float)))
        if letters + self.widths.total + len(parts[0]) > most:
            raise ValueError(f"more than {most} bytes of text")
        if not self.lower.total == self.foreign.total == letters:
            raise ValueError(f"{letters:.0f} letters, {self.lower.total}, {self.foreign.total}")
        self.bases = int(self.foreign.lengths[self.foreign.values == 0].sum())

    def put_together(self, codes):
        """The text of bases, uint8 (bases,)."""
        sequence = self.foreign.unrolled(np.uint8)
        sequence[sequence == 0] = _LETTERS[codes]
        sequence += self.lower.unrolled(np.uint8) * np.uint8(32)
        headers, text, out, at = iter(self.headers), sequence.tobytes(), [], 0
        for width in self.widths.unrolled(np.int64).tolist():
            if width < 0:
                out.append(next(headers, b""))
            else:
                out.append(text[at : at + width])
                at += width
        return b"\n".join(out)


class _Runs:
    """Values and lengths of runs, as `_runs` packs them, `most` together."""

    def __init__(self, packed, most):
        self.values, self.lengths = np.frombuffer(packed, "<i8").reshape(2, -1)
        total = float(self.lengths.astype(float).sum())
        if len(self.lengths) and (self.lengths.min() < 0 or total > most):
            raise ValueError(f"runs of {total:.0f} in all; accepted are {most}")
        self.total = int(total)

    def unrolled(self, dtype):
        """The values one by one."""
        if not np.array_equal(self.values.astype(dtype), self.values):
            raise ValueError(f"a value beyond {np.dtype(dtype)}")
        return np.repeat(self.values.astype(dtype), self.lengths)


def _runs(values):
    """Values and lengths of runs, as int64 bytes."""
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))[: len(values)]
    lengths = np.diff(np.append(starts, len(values)))
    return np.stack([values[starts], lengths]).astype("<i8").tobytes()


def _sha256(text):
    return hashlib.sha256(text).hexdigest()


def _bytes(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
