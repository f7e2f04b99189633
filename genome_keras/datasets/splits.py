"""Opening one split of labelled windows, whatever they are stored in."""

from pathlib import Path

import numpy as np

from genome_keras.datasets.chromatin_data import Examples, open_chromatin
from genome_keras.datasets.deepsea_bundle import deepsea


def open_split(path, split, *, window=None):
    """Opens one split without reading it.

    Args:
        path: HDF5 as `genome_keras.datasets.chromatin_data.open_chromatin` reads it, or the
            folder of the DeepSEA bundle, both strands of whose windows are examples.
        split: "train", "valid" or "test".
        window: bp in the middle of each example; None takes all.

    Returns:
        A `genome_keras.datasets.source.Source`.

    Raises:
        FormatError: not such a data set, or it has no such split.
    """
    opened = deepsea if Path(path).is_dir() else open_chromatin
    return opened(path, split, window=window)


def in_memory(source, most=None):
    """Reads examples into memory.

    Args:
        source: a `genome_keras.datasets.source.Source`.
        most: read so many where there are more, in ranges spread evenly over all.

    Returns:
        `genome_keras.datasets.chromatin_data.Examples`, in the order of the source; the
        collection they come from is left empty.

    Raises:
        ValueError: `most` below 1.
    """
    if most is not None and most < 1:
        raise ValueError(f"expected at least 1 example. Received: {most}")
    n, chunk = len(source), source.chunk
    size = n if most is None else min(n, most)
    codes = np.empty((size, source.window), np.uint8)
    labels = np.empty((size, len(source.tasks)), np.int8)
    parts = range(0, size, chunk)
    # Each part is one chunk of the source, the last one perhaps less of it.
    chunks = np.linspace(0, (n - 1) // chunk, len(parts)).astype(int)
    for part, number in zip(parts, chunks.tolist(), strict=True):
        end = min(part + chunk, size)
        start = min(number * chunk, n - (end - part))
        codes[part:end] = source.read_codes(start, start + end - part)
        labels[part:end] = source.read_labels(start, start + end - part)
    return Examples(codes, labels, np.full(size, ""), list(source.tasks))
