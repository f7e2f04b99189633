"""FASTA, compressed by the context-mixing model: what a perplexity is worth, in bytes.

A file has three parts: a header, the layout of the text (headers, lines, lower case and
letters other than A, C, G, T), and the bases, arithmetic-coded.
"""

import gzip
import hashlib
import io
import json
import lzma
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.lm.mixing import CHUNK, ContextMixer
from genome_keras.lm.perplexity import Tally

MAGIC = b"genome-keras lm 1\n"
_BASES = b"ACGTacgt"
_CODES = np.full(256, 4, np.uint8)
_CODES[list(_BASES)] = [0, 1, 2, 3, 0, 1, 2, 3]
_MOST = 20_000  # bases that a byte can hold, for no base is ever certain
_LETTERS = np.frombuffer(b"ACGT", np.uint8)


class Sizes(NamedTuple):
    """What `compress` wrote, in bytes.

    Attributes:
        text: the FASTA file, unpacked.
        file: the compressed file.
        layout: its headers, lines, lower case and foreign letters.
        coded: its bases; 8 * coded / bases is their cost in bits per base.
        bases: A, C, G and T in the FASTA file (a count, not bytes).
    """

    text: int
    file: int
    layout: int
    coded: int
    bases: int

    @property
    def tally(self):
        """The cost of the bases as a prequential `Tally`, measured in bytes written."""
        return Tally(8 * self.coded * float(np.log(2)), self.bases)


def compress(path, out):
    """Compresses a FASTA file without loss.

    Kept to the byte: headers, lengths of lines, lower case, N and all other letters.
    The bases of all records follow each other as one sequence.

    Args:
        path: FASTA, plain or gzip (its text is kept, not its compression).
        out: the file to write.

    Returns:
        `Sizes`.

    Raises:
        FormatError: no such file, damaged gzip, or no FASTA text.
        GenomeKerasError: `out` cannot be written, or numba is missing.
    """
    text = _text(path)
    layout, codes = _take_apart(path, text)
    packed = lzma.compress(layout, preset=9 | lzma.PRESET_EXTREME)
    header = {"bases": len(codes), "layout": len(packed), "sha256": _sha256(text)}
    with atomic(out) as temporary:
        coded = _encode(codes)
        head = json.dumps(header).encode()
        temporary.write_bytes(MAGIC + struct.pack("<I", len(head)) + head + packed + coded)
        size = temporary.stat().st_size
    return Sizes(len(text), size, len(packed), len(coded), len(codes))


def decompress(path, out):
    """Writes the FASTA file that `compress` was given, to the byte.

    Args:
        path: a file of `compress`.
        out: the file to write, plain text.

    Raises:
        FormatError: no such file, a file of another kind, or a damaged one: the
            SHA-256 of the text is in the file and is checked.
        GenomeKerasError: `out` cannot be written, or numba is missing.
    """
    raw = _bytes(path)
    if not raw.startswith(MAGIC):
        raise FormatError(path, None, "not a file of 'genome-keras lm compress'")
    try:
        at = len(MAGIC) + 4
        (length,) = struct.unpack("<I", raw[at - 4 : at])
        header = json.loads(raw[at : at + length])
        begin = at + length + header["layout"]
        layout = lzma.decompress(raw[at + length : begin])
        bases = header["bases"]
        if not 0 <= bases <= _MOST * len(raw):
            raise ValueError(f"{bases} bases in {len(raw)} bytes")
        codes = _decode(raw[begin:], bases)
        text = _put_together(layout, codes)
    except (struct.error, ValueError, KeyError, TypeError, IndexError, lzma.LZMAError) as error:
        raise FormatError(path, None, f"damaged ({error})") from error
    if _sha256(text) != header["sha256"]:
        raise FormatError(path, None, "damaged, or coded by another version: SHA-256 differs")
    with atomic(out) as temporary:
        temporary.write_bytes(text)


def _encode(codes):
    encoder, coded = ContextMixer(len(codes)).encoder(), []
    with tqdm(total=len(codes), unit="bp", unit_scale=True, desc="code", disable=None) as bar:
        for begin in range(0, len(codes), CHUNK):
            chunk = codes[begin : begin + CHUNK]
            coded.append(encoder.encode(chunk))
            bar.update(len(chunk))
    return b"".join([*coded, encoder.finish()])


def _decode(coded, bases):
    decoder, codes = ContextMixer(bases).decoder(coded), np.empty(bases, np.uint8)
    with tqdm(total=bases, unit="bp", unit_scale=True, desc="decode", disable=None) as bar:
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


def _put_together(layout, codes):
    parts, at = [], 0
    for _ in range(4):
        (length,) = struct.unpack_from("<Q", layout, at)
        parts.append(layout[at + 8 : at + 8 + length])
        at += 8 + length
    headers = iter(parts[0].split(b"\n"))
    widths, lower, foreign = map(_unroll, parts[1:])
    sequence = foreign.astype(np.uint8)
    sequence[foreign == 0] = _LETTERS[codes]
    sequence += lower.astype(np.uint8) * np.uint8(32)
    text, out, at = sequence.tobytes(), [], 0
    for width in widths.tolist():
        if width < 0:
            out.append(next(headers, b""))
        else:
            out.append(text[at : at + width])
            at += width
    return b"\n".join(out)


def _runs(values):
    """Values and lengths of runs, as int64 bytes."""
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))[: len(values)]
    lengths = np.diff(np.append(starts, len(values)))
    return np.stack([values[starts], lengths]).astype("<i8").tobytes()


def _unroll(packed):
    values, lengths = np.frombuffer(packed, "<i8").reshape(2, -1)
    return np.repeat(values, lengths)


def _sha256(text):
    return hashlib.sha256(text).hexdigest()


def _bytes(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error


def _text(path):
    raw = _bytes(path)
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(raw)).read()
    except (OSError, EOFError, ValueError) as error:
        raise FormatError(path, None, f"damaged gzip ({error})") from error
