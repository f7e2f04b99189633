"""Fits `kmer_logreg` on a data set of labelled windows, for several penalties.

    python weights/make/train_kmer_logreg.py DATA.h5 --out DIR

Fits on the split "train", from strong to weak L2 penalty, each from the one before,
and measures the perplexity on "valid". Writes DIR/best.weights.h5 (the C with the
lowest), DIR/paper.weights.h5 (C=1e6), DIR/train.json and DIR/log.json. Run again after
a kill, it goes on with the first C that is missing.

NumPy's OpenBLAS uses half of an AMD processor with AVX-512 unless told
OPENBLAS_CORETYPE=SkylakeX.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from genome_keras import logreg
from genome_keras.datasets.chromatin import chromatin
from genome_keras.encode import kmer_counts
from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.layers.kmer_counts import reverse_complement_columns
from genome_keras.models.kmer_logreg import kmer_logreg
from genome_keras.scores import overall_perplexity
from genome_keras.weights import save_bare

K = (1, 2, 3, 4, 5)
PAPER = 1e6
PATH = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0, 1e2, PAPER)
TOL = 1e-7

OTHER = reverse_complement_columns(K)
COLUMN = np.arange(len(OTHER))
CANONICAL = np.flatnonzero(COLUMN <= OTHER)


def canonical_counts(codes):
    """How often each k-mer occurs on either strand, its own reverse complement once.

    Args:
        codes: uint8 (n, window).

    Returns:
        unsigned integers (n, 692): the columns CANONICAL of the 1364.
    """
    n, window = codes.shape
    counts = np.empty((n, len(CANONICAL)), np.min_scalar_type(2 * window))
    for first in range(0, n, 8192):
        rows = slice(first, first + 8192)
        one = kmer_counts(codes[rows], k=K).astype(counts.dtype)
        counts[rows] = (one + one[:, OTHER] * (COLUMN != OTHER))[:, CANONICAL]
    return counts


def all_columns(weights):
    """Weights of the 1364 averaged columns that score as those of the canonical ones."""
    return weights[np.searchsorted(CANONICAL, np.minimum(COLUMN, OTHER))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="HDF5 data set of labelled windows")
    parser.add_argument("--out", required=True, type=Path, help="folder of the run")
    parser.add_argument("--C", nargs="+", type=float, default=PATH, help="weights of the loss")
    options = parser.parse_args()
    train, valid = chromatin(options.data, "train"), chromatin(options.data, "valid")
    arguments = {
        "window": train.codes.shape[1],
        "tasks": train.labels.shape[1],
        "both_strands": True,
    }
    asked = {
        "architecture": "kmer_logreg",
        "arguments": arguments,
        "tol": TOL,
        "tasks": train.tasks,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    record = options.out / "train.json"
    if record.exists() and json.loads(record.read_text()) != asked:
        raise FormatError(record, None, "this folder holds a run with other arguments or data")
    _write(record, asked)

    counts, held_out = canonical_counts(train.codes), canonical_counts(valid.codes)
    fits, log = {}, []
    start = None
    for C in sorted(options.C):
        path = options.out / f"C-{C:g}.npz"
        if not path.exists():
            began = time.process_time()
            start = logreg.fit(counts, train.labels, C=C, start=start, tol=TOL)
            with atomic(path) as temporary:
                np.savez(temporary, cpu_seconds=time.process_time() - began, **vars(start))
        with np.load(path) as saved:
            cpu_seconds = float(saved["cpu_seconds"])
            start = logreg.Fit(**{name: saved[name] for name in saved if name != "cpu_seconds"})
        fits[C] = start
        log.append(
            {
                "C": C,
                "val_perplexity": overall_perplexity(valid.labels, _scores(held_out, start)),
                "objective": float(start.objective.sum()),
                "median_iterations": float(np.median(start.iterations)),
                "most_iterations": int(start.iterations.max()),
                "converged": int(start.converged.sum()),
                "cpu_seconds": round(cpu_seconds, 1),
            }
        )
        _write(options.out / "log.json", log)
        print(log[-1], flush=True)
    best = min(log, key=lambda row: row["val_perplexity"])["C"]
    for name, C in (("best", best), ("paper", PAPER)):
        if C in fits:
            _save(options.out / f"{name}.weights.h5", fits[C], arguments)


def _scores(counts, fit):
    margins = counts.astype("float32") @ fit.weights.astype("float32") + fit.intercepts
    return 1 / (1 + np.exp(-np.clip(margins, -80, 80)))


def _save(path, fit, arguments):
    model = kmer_logreg(**arguments)
    model.get_layer("head").set_weights([all_columns(fit.weights), fit.intercepts])
    with atomic(path) as temporary:
        save_bare(model, temporary)


def _write(path, content):
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
