"""Small examples to train on, and runs on them."""

import numpy as np

import genome_keras
from genome_keras import datasets
from genome_keras.datasets.chromatin_data import Examples
from genome_keras.training.fit import fit
from genome_keras.training.recipe import Recipe, recipe_of

TOY = Recipe(batch_size=16, learning_rate=2e-3)


def examples(n=64, seed=0):
    """Windows labelled by whether they contain TATA on either strand, and by GC."""
    codes = np.random.default_rng(seed).integers(0, 4, (n, 12), dtype=np.uint8)
    text = genome_keras.decode(codes)
    labels = [["TATA" in s, s.count("G") + s.count("C") > 6] for s in text]
    labels = np.array(labels, "int8")
    labels[::7, 0] = -1
    return Examples(codes, labels, np.array(["toy"] * n), ["TATA", "GC"])


def write_examples(path):
    """A data set of them, with its three splits; returns its path."""
    parts = {"train": examples(48, 1), "valid": examples(16, 2), "test": examples(16, 3)}
    codes = np.concatenate([part.codes for part in parts.values()])
    labels = np.concatenate([part.labels for part in parts.values()])
    split = np.repeat([*parts], [len(part) for part in parts.values()])
    datasets.write_examples(path, codes, labels, split=split, tasks=["TATA", "GC"], source="toy")
    return path


def small(**more):
    """A convolution, and a dense layer after dropout: a step takes milliseconds."""
    sizes = {"filters": 3, "width": 4, "hidden": 4, **more}
    return genome_keras.deepbind(window=12, tasks=2, **sizes)


def run(folder, epochs=3, *, how=None, model=None, **arguments):
    """Trains a model, a small one with dropout unless it is given; returns its log and it."""
    model = model or small(dropout=0.2, seed=1)
    recipe = recipe_of(TOY, epochs=epochs, **(how or {}))
    log = fit(model, examples(), examples(20, 5), out=folder, recipe=recipe, seed=1, **arguments)
    return log, model


def without_time(log):
    """A log that can be compared."""
    return [{key: value for key, value in row.items() if key != "cpu_seconds"} for row in log]
