"""Genomes as FASTA, bgzip and 2bit."""

import struct
import zlib

EMPTY_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def fasta(records, *, width=7, end="\n", closing=True):
    lines = []
    for name, seq in records.items():
        lines.append(f">{name} about it")
        lines += [seq[at : at + width] for at in range(0, len(seq), width)]
    return (end.join(lines) + end * closing).encode()


def bgzip(data, size=50):
    packed = b""
    for at in range(0, len(data), size):
        part = data[at : at + size]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(part) + deflate.flush()
        packed += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
        packed += struct.pack("<H", len(body) + 25) + body
        packed += struct.pack("<II", zlib.crc32(part), len(part))
    return packed + EMPTY_BLOCK


def _runs(seq, letters):
    """Starts and sizes of runs of some letters."""
    inside = [one in letters for one in seq] + [False]
    starts = [at for at in range(len(seq)) if inside[at] and not (at and inside[at - 1])]
    return starts, [inside.index(False, start) - start for start in starts]


def two_bit(records, *, order="<", version=0):
    head = struct.pack(order + "4I", 0x1A412743, version, len(records), 0)
    width = order + "IQ"[version]
    offset = len(head) + sum(1 + len(name) + struct.calcsize(width) for name in records)
    body = b""
    for name, seq in records.items():
        head += bytes([len(name)]) + name.encode() + struct.pack(width, offset + len(body))
        body += struct.pack(order + "I", len(seq))
        for letters in ("Nn", "acgtn"):
            starts, sizes = _runs(seq, letters)
            body += struct.pack(f"{order}{1 + 2 * len(starts)}I", len(starts), *starts, *sizes)
        body += bytes(4)
        codes = [max("TCAG".find(one), 0) for one in seq.upper()] + [0] * (-len(seq) % 4)
        fours = zip(*[iter(codes)] * 4, strict=True)
        body += bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in fours)
    return head + body
