"""Files in the layout of the DeepSEA bundle, small, written by others' programs."""

import h5py
import numpy as np
from scipy.io import savemat

WINDOW, TASKS = 20, 5


def contents(n, seed=0, window=WINDOW, tasks=TASKS):
    """Codes (n, window) and labels (n, tasks), the second half the other strand."""
    draw = np.random.default_rng(seed)
    codes = draw.choice(5, (n // 2, window), p=[0.24] * 4 + [0.04]).astype(np.uint8)
    labels = draw.integers(0, 2, (n // 2, tasks)).astype(np.uint8)
    other = np.array([3, 2, 1, 0, 4], np.uint8)[codes[:, ::-1]]
    return np.concatenate([codes, other]), np.concatenate([labels, labels])


def one_hot(codes):
    """uint8 (n, 4, window) in the order A G C T; N is four zeros."""
    order = np.array([0, 2, 1, 3], np.uint8)  # codes of A, G, C, T
    return (codes[:, None, :] == order[None, :, None]).astype(np.uint8)


def write_v73(path, split, codes, labels, *, chunks=(8, 4, 16), compression="gzip", dtype="u1"):
    """As MATLAB writes version 7.3: 512 bytes of its own, then HDF5, transposed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        arrays = {f"{split}xdata": one_hot(codes).T, f"{split}data": labels.T}
        # (n, 4, window) has become (window, 4, n)
        for name, values in arrays.items():
            shape = None
            if chunks is not None:
                shape = tuple(map(min, (chunks[0], *chunks[-values.ndim + 1 :]), values.shape))
            stored = file.create_dataset(
                name,
                data=values.astype(dtype),
                chunks=shape,
                compression=compression if chunks else None,
            )
            stored.attrs["MATLAB_class"] = np.bytes_("uint8")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: test".ljust(124) + b"\x00\x02IM")


def write_v5(path, split, codes, labels, *, compressed=True, dtype="u1", **others):
    arrays = {f"{split}xdata": one_hot(codes).astype(dtype), f"{split}data": labels.astype(dtype)}
    savemat(path, arrays | others, do_compression=compressed)


def write_bundle(folder, *, n=(64, 16, 32), compressed=True):
    """A whole bundle; returns split -> (codes, labels)."""
    parts = {}
    for seed, (split, size) in enumerate(zip(("train", "valid", "test"), n, strict=True)):
        codes, labels = parts[split] = contents(size, seed)
        if split == "train":
            write_v73(folder / "train.mat", split, codes, labels)
        else:
            write_v5(folder / f"{split}.mat", split, codes, labels, compressed=compressed)
    return parts
