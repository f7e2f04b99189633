"""The examples that an evaluation reads: whole held-out splits, and what baselines need."""

import os
from collections.abc import Iterable

import numpy as np

from genome_keras.datasets.chromatin_data import Examples, chromatin
from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.joined import Joined
from genome_keras.datasets.labelled import is_labelled, read_labelled
from genome_keras.datasets.positions import positions
from genome_keras.datasets.splits import (
    Data,
    in_memory,
    is_bundle,
    open_split,
    paths_of,
    sources_of,
)
from genome_keras.datasets.task_table import tasks
from genome_keras.evaluation import bootstrap
from genome_keras.evaluation.measure import Measured

DEEPSEA_TEST = 455_024  # examples of the published test set, both strands
MOST = 400_000  # examples of training that the GC baseline is fitted on


def held_out(data: Data, split: str, *, sources: Iterable[str] | None = None) -> Examples:
    """All examples of a split, in memory.

    Args:
        data, sources: as in `genome_keras.datasets.splits.open_split`; of the DeepSEA
            bundle, each window and its reverse complement.
        split: "train", "valid" or "test".

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     examples = held_out(f"{folder}/data.h5", "test")
        >>> examples.codes.shape, examples.tasks
        ((20, 12), ['CTCF', 'DNase'])
    """
    paths = paths_of(data)
    own = sources_of(paths, sources)
    if len(paths) == 1 and is_bundle(paths[0]):
        return in_memory(deepsea(paths[0], split, strands="pairs"))
    parts = [
        in_memory(deepsea(path, split))
        if is_bundle(path)
        else read_labelled(path).examples(split, sources=chosen)
        if is_labelled(path)
        else chromatin(path, split, sources=chosen)
        for path, chosen in zip(paths, own, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    tasks = Joined(parts, [os.fspath(path) for path in paths]).tasks
    arrays = zip(*((part.codes, part.labels, part.source) for part in parts), strict=True)
    return Examples(*map(np.concatenate, arrays), tasks)


def training(data: Data, *, sources: Iterable[str] | None = None) -> tuple[np.ndarray, Examples]:
    """What baselines learn from.

    Args:
        data, sources: as in `held_out`.

    Returns:
        The positive rates of all examples of the split "train", float64 (tasks,), and
        `Examples`: all of them, or MOST, in ranges spread evenly over them.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     rates, examples = training(f"{folder}/data.h5")
        >>> rates.shape, len(examples)
        ((2,), 40)
    """
    source = open_split(data, "train", sources=sources)
    examples = in_memory(source, MOST)
    return (examples if len(examples) == len(source) else source).positive_rates, examples


def places(
    data: Data, split: str, *, sources: Iterable[str] | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Chromosome and start (0-based) of each window, str and int64 (n,); None if one has none.

    Args:
        data, split, sources: as in `held_out`.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with h5py.File(f"{folder}/data.h5", "w") as file:
        ...         file["split"] = np.array([b"train", b"test"])
        ...         file["chrom"], file["start"] = np.array([b"chr1", b"chr8"]), [1000, 4200]
        ...     places(f"{folder}/data.h5", "test")[0].tolist()
        ['chr8']
    """
    paths = paths_of(data)
    parts = [
        None if is_bundle(path) else positions(path, split, sources=chosen)
        for path, chosen in zip(paths, sources_of(paths, sources), strict=True)
    ]
    if any(place is None for place in parts):
        return None
    chrom, start = map(np.concatenate, zip(*parts, strict=True))
    return chrom, start


def blocks(
    data: Data, split: str, n: int, *, sources: Iterable[str] | None = None
) -> tuple[np.ndarray, str]:
    """Blocks of the bootstrap, integers (n,), and what they are: "genome" or "rows".

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     numbers, what = blocks(f"{folder}/data.h5", "test", 20)
        >>> numbers[:3].tolist(), what  # the file tells no places
        ([0, 1, 2], 'rows')
    """
    paths = paths_of(data)
    if len(paths) == 1 and is_bundle(paths[0]):  # the two strands of a window are one place
        return np.repeat(bootstrap.row_blocks(n // 2), 2), "rows"
    where = places(data, split, sources=sources)
    if where is None:
        return bootstrap.row_blocks(n), "rows"
    return bootstrap.genome_blocks(*where), "genome"


def published(data: Data, split: str, labels: np.ndarray) -> dict[str, Measured]:
    """What others reached on these very windows: the test set of the DeepSEA bundle.

    Their scores are means over both strands of a window; those of `held_out` are of each
    strand alone.

    Args:
        data, split: as in `held_out`.
        labels: (n, tasks), all of that split.

    Returns:
        Name -> `Measured`, with AUROC and average precision only; empty elsewhere.

    Source: Quang & Xie 2016, see `genome_keras.datasets.task_table.tasks`.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     published(f"{folder}/data.h5", "test", np.zeros((20, 2)))  # only of DeepSEA's
        {}
    """
    paths = paths_of(data)
    bundle = len(paths) == 1 and is_bundle(paths[0])
    if not (bundle and split == "test" and len(labels) == DEEPSEA_TEST):
        return {}
    counts = {"measured": (labels >= 0).sum(0), "positives": (labels == 1).sum(0)}
    unknown = np.full(labels.shape[1], np.nan)
    others = dict.fromkeys(("f1", "perplexity", "brier", "calibration_error"), unknown)
    return {
        f"{model} (published)": Measured("published", {"all": counts | areas | others}, {}, {}, {})
        for model, areas in tasks("deepsea-919").published.items()
    }
