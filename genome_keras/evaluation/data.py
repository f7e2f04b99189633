"""The examples that an evaluation reads: whole held-out splits, and what baselines need."""

from pathlib import Path

import numpy as np

from genome_keras.datasets.chromatin_data import chromatin
from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.positions import positions
from genome_keras.datasets.splits import in_memory, open_split
from genome_keras.datasets.task_table import tasks
from genome_keras.evaluation import bootstrap
from genome_keras.evaluation.measure import Measured

DEEPSEA_TEST = 455_024  # examples of the published test set, both strands
MOST = 400_000  # examples of training that the GC baseline is fitted on


def held_out(path, split):
    """All examples of a split, in memory.

    Args:
        path: HDF5 as `genome_keras.datasets.chromatin_data.chromatin` reads it, or the
            folder of the DeepSEA bundle; there, each window and its reverse complement.
        split: "train", "valid" or "test".

    Returns:
        `genome_keras.datasets.chromatin_data.Examples`.
    """
    if Path(path).is_dir():
        return in_memory(deepsea(path, split, strands="pairs"))
    return chromatin(path, split)


def training(path):
    """What baselines learn from.

    Args:
        path: as in `held_out`.

    Returns:
        The positive rates of all examples of the split "train", float64 (tasks,), and
        `Examples`: all of them, or MOST, in ranges spread evenly over them.
    """
    source = open_split(path, "train")
    examples = in_memory(source, MOST)
    return (examples if len(examples) == len(source) else source).positive_rates, examples


def blocks(path, split, n):
    """Blocks of the bootstrap, integers (n,), and what they are: "genome" or "rows"."""
    if Path(path).is_dir():  # the two strands of a window are one place
        return np.repeat(bootstrap.row_blocks(n // 2), 2), "rows"
    found = positions(path, split)
    if found is None:
        return bootstrap.row_blocks(n), "rows"
    return bootstrap.genome_blocks(*found), "genome"


def published(path, split, labels):
    """What others reached on these very windows: the test set of the DeepSEA bundle.

    Their scores are means over both strands of a window; those of `held_out` are of each
    strand alone.

    Args:
        path, split: as in `held_out`.
        labels: (n, tasks), all of that split.

    Returns:
        Name -> `Measured`, with AUROC and average precision only; empty elsewhere.

    Source: Quang & Xie 2016, see `genome_keras.datasets.task_table.tasks`.
    """
    if not (Path(path).is_dir() and split == "test" and len(labels) == DEEPSEA_TEST):
        return {}
    counts = {"measured": (labels >= 0).sum(0), "positives": (labels == 1).sum(0)}
    unknown = np.full(labels.shape[1], np.nan)
    others = dict.fromkeys(("f1", "perplexity", "brier", "calibration_error"), unknown)
    return {
        f"{model} (published)": Measured("published", {"all": counts | areas | others}, {}, {}, {})
        for model, areas in tasks("deepsea-919").published.items()
    }
