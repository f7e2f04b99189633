"""Writes labelled windows as a data set that every verb reads."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.arguments import one_of
from genome_keras.encode import tokens
from genome_keras.io import h5

LABELS = (-1, 0, 1)


def write_examples(
    path: str | os.PathLike,
    windows: ArrayLike | Sequence[str],
    labels: ArrayLike,
    *,
    split: Sequence[str] | np.ndarray | str,
    tasks: Sequence[str],
    source: Sequence[str] | np.ndarray | str = "mine",
) -> None:
    """Writes a data set for `train`, `evaluate` and `chromatin`; `build` makes one of peaks.

    Args:
        path: HDF5 file; an existing one is replaced.
        windows: list of n str of one length, or codes (n, window), A 0, C 1, G 2, T 3, N 4.
        labels: (n, tasks), or (n,) of one task: 0, 1, and -1 for "not measured".
        split: "train", "valid", "test" or another name; of each window, or one for all.
        tasks: their names.
        source: the collection that a window comes from; of each, or one for all.

    Raises:
        ValueError: other shapes or labels.
        SequenceError: a foreign letter or code, or windows of several lengths.
        GenomeKerasError: `path` cannot be written.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import chromatin
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = f"{folder}/data.h5"
        ...     write_examples(path, ["ACGT", "NNTT"], [1, 0], split=["train", "test"], tasks=["a"])
        ...     examples = chromatin(path, "test")
        >>> examples.codes.tolist(), examples.labels.tolist()
        ([[4, 4, 3, 3]], [[0]])
    """
    codes = tokens(windows)
    n, labels = len(codes), np.asarray(labels)
    labels = labels[:, None] if labels.ndim == 1 else labels
    if not n or labels.shape != (n, len(tasks)) or not len(tasks):
        raise ValueError(
            f"expected at least one window and labels ({n}, {len(tasks)}), windows and tasks. "
            f"Received: {labels.shape}"
        )
    for value in np.unique(labels).tolist():
        one_of(labels=value, accepted=LABELS)
    columns = {"split": _texts(split, n), "source": _texts(source, n)}
    with h5.create(path) as file:
        for name, values, kind in (("x", codes, np.uint8), ("y", labels, np.int8)):
            with h5.Rows(file, name, values.shape, kind) as rows:
                rows.append(values)
        for name, texts in (*columns.items(), ("tasks", list(tasks))):
            h5.texts(file, name, texts)


def _texts(values, n):
    texts = [values] * n if isinstance(values, str) else list(values)
    if len(texts) != n:
        raise ValueError(f"expected a text for each of {n} windows. Received: {len(texts)}")
    return texts
