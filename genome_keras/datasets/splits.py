"""Opening one split of labelled windows, whatever they are stored in."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from genome_keras.datasets.chromatin_data import (
    Examples,
    check_sources,
    open_chromatin,
    sources_in,
    splits_of_file,
)
from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.joined import Joined
from genome_keras.datasets.labelled import is_labelled, read_labelled
from genome_keras.datasets.source import Source

Data = str | os.PathLike | Sequence[str | os.PathLike]


def open_split(
    data: Data,
    split: str,
    *,
    window: int | None = None,
    sources: Iterable[str] | None = None,
) -> Source:
    """Opens one split without reading it.

    Args:
        data: HDF5 as `genome_keras.datasets.chromatin_data.open_chromatin` reads it, or the
            folder of the DeepSEA bundle, both strands of whose windows are examples; or
            labelled sequences, CSV, TSV or FASTA, see `genome_keras.datasets.labelled`; or a
            list of these, of the same tasks, whose examples follow each other.
        split: its name: of the bundle, "train", "valid" or "test".
        window: bp in the middle of each example; None takes all.
        sources: keep only these values of `source`; None keeps all.

    Returns:
        A `genome_keras.datasets.source.Source`.

    Raises:
        FormatError: not such a data set, it has no such split, or other tasks or windows
            than the first of the list.
        ValueError: a source that none of them has, or another value of an argument.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["x"], file["y"] = np.zeros((3, 8), np.uint8), np.ones((3, 1), np.int8)
        ...         file["split"] = np.array(["train", "train", "test"], "S")
        ...         file["tasks"] = np.array(["CTCF"], "S")
        ...     source = open_split([path.name, path.name], "train", window=4)
        ...     print(len(source), source.window, source.tasks)
        4 4 ['CTCF']
    """
    paths = paths_of(data)
    chosen = sources_of(paths, sources)
    opened = [
        _open(path, split, window=window, sources=own)
        for path, own in zip(paths, chosen, strict=True)
    ]
    return opened[0] if len(opened) == 1 else Joined(opened, [os.fspath(path) for path in paths])


def paths_of(data: Data) -> list[str | os.PathLike]:
    """The paths of a data set, which may be one or a list.

    Raises:
        ValueError: none.

    Example:
        >>> paths_of("x.h5"), paths_of(("x.h5", "y.h5"))
        (['x.h5'], ['x.h5', 'y.h5'])
    """
    paths = [data] if isinstance(data, str | os.PathLike) else list(data)
    if not paths:
        raise ValueError("expected at least one data set. Received: none")
    return paths


def is_bundle(path: str | os.PathLike) -> bool:
    """Whether a data set is the folder of the DeepSEA bundle.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(is_bundle(folder), is_bundle(f"{folder}/x.h5"))
        True False
    """
    return Path(path).is_dir()


def _open(path, split, *, window, sources):
    if is_bundle(path):
        return deepsea(path, split, window=window)
    if is_labelled(path):
        return read_labelled(path).examples(split, window=window, sources=sources)
    return open_chromatin(path, split, window=window, sources=sources)


def sources_of(
    paths: Sequence[str | os.PathLike], sources: Iterable[str] | None
) -> list[list[str] | None]:
    """For each data set those of the sources that it has; None where all were asked for.

    Raises:
        ValueError: a source that none of them has, or a data set with none of the sources.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["source"] = np.array(["encode", "remap"], "S")
        ...     print(sources_of([path.name], "remap"), sources_of([path.name], None))
        [['remap']] [None]
    """
    if sources is None:
        return [None] * len(paths)
    sources = [sources] if isinstance(sources, str) else list(sources)
    known = [_sources_in(path) for path in paths]
    where = ", ".join(os.fspath(path) for path in paths)
    check_sources(sources, {name for names in known for name in names}, where)
    own = [[name for name in sources if name in names] for names in known]
    for path, names in zip(paths, own, strict=True):
        if not names:
            raise ValueError(f"{path}: none of the sources {', '.join(sources)}; leave it out")
    return own


def _sources_in(path):
    if is_bundle(path):
        return []
    if is_labelled(path):
        return sorted(set(read_labelled(path).source.tolist()) - {""})
    return sources_in(path)


def splits_in(data: Data) -> list[str]:
    """The names of the splits of a data set, sorted; of the DeepSEA bundle, its three.

    Args:
        data: as in `open_split`.

    Raises:
        FormatError: not such a data set.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["split"] = np.array(["train", "test", "test"], "S")
        ...     print(splits_in(path.name))
        ['test', 'train']
    """
    names = set()
    for path in paths_of(data):
        if is_bundle(path):
            names |= {"train", "valid", "test"}
        elif is_labelled(path):
            names |= set(read_labelled(path).split.tolist())
        else:
            names |= set(splits_of_file(path))
    return sorted(names)


def in_memory(source: Source, most: int | None = None) -> Examples:
    """Reads examples into memory.

    Args:
        source: a `genome_keras.datasets.source.Source`.
        most: read so many where there are more, in ranges spread evenly over all.

    Returns:
        `genome_keras.datasets.chromatin_data.Examples`, in the order of the source; the
        collection they come from is left empty.

    Raises:
        ValueError: `most` below 1.

    Example:
        >>> codes, labels = np.zeros((9, 4), np.uint8), np.zeros((9, 1), np.int8)
        >>> examples = Examples(codes, labels, np.full(9, ""), ["CTCF"])
        >>> len(in_memory(examples)), len(in_memory(examples, most=3))
        (9, 3)
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
