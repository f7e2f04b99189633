"""Packs the data set of the 919 columns for a machine that little can be sent to.

    python weights/make/pack_919.py pack SHORT.h5 LONG.h5 PACKED.xz
    python weights/make/pack_919.py unpack PACKED.xz FOLDER

SHORT has all regions with 200 bp each, LONG the first of the same regions with 1200 bp, in one
order. Letters that regions share are kept once, in 2 bits, labels as one bit for each value
that is rare, column by column; `unpack` writes `short.h5` and `long.h5`, equal to what was
packed but for the layout of the file.
"""

import argparse
import io
import lzma
from pathlib import Path

import h5py
import numpy as np

TEXTS = ("chrom", "source", "split")  # of each region
COLUMNS = ("tasks", "label_kind")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("pack")
    verb.add_argument("short")
    verb.add_argument("long")
    verb.add_argument("packed", type=Path)
    verb.set_defaults(run=lambda options: pack(options.short, options.long, options.packed))
    verb = verbs.add_parser("unpack")
    verb.add_argument("packed", type=Path)
    verb.add_argument("folder", type=Path)
    verb.set_defaults(run=lambda options: unpack(options.packed, options.folder))
    options = parser.parse_args()
    options.run(options)


def pack(short, long, packed):
    """Writes one file with all of both data sets."""
    with h5py.File(short) as file:
        narrow, labels = file["x"][:], file["y"][:]
        kept = {name: file[name][:] for name in (*TEXTS, *COLUMNS)}
        start = file["start_hg19"][:].astype(np.int64)
    with h5py.File(long) as file:
        wide, place = file["x"][:], _rows_of(file, kept, start)
        if not np.array_equal(file["y"][:], labels[place]):
            raise SystemExit(f"{long}: its labels are not those of {short}")
    codes = list(narrow)
    for row, letters in zip(place, wide, strict=True):
        codes[row] = letters
    is_wide = np.zeros(len(codes), bool)
    is_wide[place] = True
    left = (wide.shape[1] - narrow.shape[1]) // 2
    letters, offset = _shared(codes, kept["chrom"], start - left * is_wide)
    arrays = {
        "letters": _two_bits(letters),
        "unknown": np.packbits(letters == 4),
        "offset": np.diff(offset, prepend=0),
        "wide": np.packbits(is_wide),
        "sizes": np.array([len(codes), len(letters), narrow.shape[1], wide.shape[1]]),
        "start": np.diff(start, prepend=0).astype(np.int32),
        "positive": np.packbits((labels == 1).T, axis=1),
        "missing": np.packbits((labels == -1).T, axis=1),
        **{name: _plain(kept[name]) for name in COLUMNS},
    }
    for name in TEXTS:
        arrays[f"{name}_names"], numbers = np.unique(_plain(kept[name]), return_inverse=True)
        arrays[name] = numbers.astype(np.uint8)
    content = io.BytesIO()
    np.savez(content, **arrays)
    packed.write_bytes(lzma.compress(content.getvalue()))
    print(f"{packed}: {len(codes):,} regions in {packed.stat().st_size:,} bytes")


def unpack(packed, folder):
    """Writes both data sets."""
    arrays = np.load(io.BytesIO(lzma.decompress(packed.read_bytes())), allow_pickle=False)
    number, size, short, long = arrays["sizes"].tolist()
    letters = _four_letters(arrays["letters"], size)
    letters[np.unpackbits(arrays["unknown"], count=size).astype(bool)] = 4
    offset = np.cumsum(arrays["offset"])
    is_wide = np.unpackbits(arrays["wide"], count=number).astype(bool)
    labels = np.zeros((number, len(arrays["tasks"])), np.int8)
    for name, value in {"positive": 1, "missing": -1}.items():
        bits = np.unpackbits(arrays[name], axis=1, count=number)
        labels[bits.T.astype(bool)] = value
    folder.mkdir(parents=True, exist_ok=True)
    left = (long - short) // 2
    middle = offset + left * is_wide
    rows = {"short": (np.arange(number), middle, short)}
    rows["long"] = np.flatnonzero(is_wide), offset[is_wide], long
    for name, (chosen, first, window) in rows.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["x"] = _cut(letters, first, window)
            file["y"] = labels[chosen]
            file["start_hg19"] = np.cumsum(arrays["start"])[chosen].astype(np.int32)
            for text in TEXTS:
                file[text] = arrays[f"{text}_names"][arrays[text][chosen]]
            for text in COLUMNS:
                file[text] = arrays[text]
        print(f"{folder / name}.h5: {len(chosen):,} regions of {window} bp", flush=True)


def _rows_of(file, kept, start):
    """The rows of the short file that the long one has, both in one order."""
    theirs = [file["chrom"][:], file["source"][:], file["start_hg19"][:]]
    ours = [kept["chrom"], kept["source"], start]
    rows, row = [], 0
    for key in zip(*(values.tolist() for values in theirs), strict=True):
        while tuple(values[row] for values in ours) != key:
            row += 1
        rows.append(row)
        row += 1
    return np.array(rows, int)


def _plain(texts):
    """Byte strings without what HDF5 says of their type."""
    return texts.astype(f"S{texts.dtype.itemsize}")


def _shared(codes, chrom, start):
    """Letters one after the other, and where in them each region begins."""
    order = np.lexsort((start, chrom))
    pieces, offset, size = [], np.zeros(len(codes), np.int64), 0
    piece, begins, contig = np.empty(0, np.uint8), 0, None
    for row in order:
        at = start[row] - begins
        same = piece[at : at + len(codes[row])] if 0 <= at <= len(piece) else None
        joins = chrom[row] == contig and same is not None
        if joins and np.array_equal(same, codes[row][: len(same)]):
            piece = np.concatenate([piece[:at], codes[row], piece[at + len(codes[row]) :]])
        else:  # elsewhere, or the letters differ
            pieces.append(piece)
            size += len(piece)
            piece, begins, contig, at = codes[row], start[row], chrom[row], 0
        if len(piece) > 100_000:  # what lies behind is done
            done = min(at, len(piece))
            pieces.append(piece[:done])
            size, piece, begins, at = size + done, piece[done:], begins + done, 0
        offset[row] = size + at
    return np.concatenate([*pieces, piece]), offset


def _two_bits(letters):
    four = np.pad(letters & 3, (0, -len(letters) % 4)).reshape(-1, 4)
    return (four << np.array([6, 4, 2, 0], np.uint8)).sum(1, dtype=np.uint8)


def _four_letters(packed, size):
    return ((packed[:, None] >> np.array([6, 4, 2, 0], np.uint8)) & 3).reshape(-1)[:size]


def _cut(letters, first, window):
    codes = np.empty((len(first), window), np.uint8)
    for row, begins in enumerate(first):
        codes[row] = letters[begins : begins + window]
    return codes


if __name__ == "__main__":
    main()
