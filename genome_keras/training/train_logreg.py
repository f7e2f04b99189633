"""Logistic regressions of all tasks at once, to convergence, for several penalties."""

import os
import time
from collections.abc import Iterable

import numpy as np

import genome_keras
from genome_keras.arguments import one_of
from genome_keras.datasets.labelled import labelled
from genome_keras.datasets.splits import Data, in_memory, open_split, paths_of
from genome_keras.encode import kmer_counts
from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic, protected
from genome_keras.io.folder_lock import held
from genome_keras.io.numpy_files import read_arrays
from genome_keras.layers.kmer_counts import reverse_complement_columns
from genome_keras.scores import overall_perplexity
from genome_keras.training import logreg
from genome_keras.training.read import check_measured
from genome_keras.weights.checkpoint import save_bare
from genome_keras.weights.run_files import RunFiles, claim

PATH = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0, 1e2, 1e6)
FEATURES = ("kmers", "integers")
K = (1, 2, 3, 4, 5)
RECIPES = ("default", "paper")
PAPER_C, PAPER_STEPS = 1e6, 100


def train_logreg(
    data: Data,
    *,
    out: str | os.PathLike,
    features: str = "kmers",
    recipe: str = "default",
    window: int | None = None,
    sources: Iterable[str] | None = None,
    examples: int | None = None,
    C: Iterable[float] | None = None,
    tol: float = 1e-7,
) -> list[dict[str, float]]:
    """Fits one logistic regression a task on the split "train" of a data set.

    Fits from strong to weak L2 penalty, each from the one before, and keeps the C with
    the lowest perplexity on the split "valid", one for all tasks. Run it again after a
    kill and it goes on with the first C that is missing.

    Writes `best.weights.h5` and `best.json`, a checkpoint for all functions; `C-1.weights.h5`
    and `C-1.npz` for each C, the latter with the fit itself; `log.json`: validation
    perplexity, objective, convergence and CPU seconds of each C.

    NumPy's OpenBLAS uses half of an AMD processor with AVX-512 unless told
    OPENBLAS_CORETYPE=SkylakeX.

    Args:
        data: path of the HDF5 data set, of labelled sequences (CSV, TSV, FASTA) or the folder
            of the DeepSEA bundle; or several with the same tasks.
        out: folder of the run.
        features: "kmers", the counts of all k-mers, k = 1 to 5, averaged over both
            strands (`kmer_logreg`); or "integers", one number a base
            (`integer_logreg`).
        recipe: "default", as above; or "paper", what its authors did: C = 1e6, 100 steps on
            the raw counts of one strand, which end far from the optimum (scikit-learn's
            `LogisticRegression(C=1e6)`).
        window: the middle so many bp of each example; None takes all.
        sources: only these collections of the data; None takes all.
        examples: learn from so many, spread evenly over the split "train"; None takes
            all, in memory. The paper took 80,000.
        C: weights of the losses, as in scikit-learn; None takes ten from 1e-5 to 1e6, or
            what the recipe says.
        tol: as in `genome_keras.training.logreg.fit`.

    Returns:
        The log: one dict for each C, ascending.

    Raises:
        FormatError: the data set is not one, or `out` holds another run.
        ValueError: another value of an argument.

    Source: Zhang & Kamath 2016, section 4.3. Departures of the recipe "default": fitted to
        convergence; k-mers of both strands; C chosen on held-out data.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     how = {"features": "integers", "C": [1e-3, 1e-2]}
        ...     log = train_logreg(f"{folder}/data.h5", out=f"{folder}/run", **how)
        >>> [row["C"] for row in log], log[0]["converged"]
        ([0.001, 0.01], 2)
    """
    one_of(accepted=FEATURES, features=features)
    one_of(accepted=RECIPES, recipe=recipe)
    paper = recipe == "paper"
    if C is None:
        C = (PAPER_C,) if paper else PATH
    C = tuple(C)
    if not C or not all(0 < weight < np.inf for weight in C):
        raise ValueError(f"C must be numbers above 0. Received: C={C!r}")
    if len({f"{weight:g}" for weight in C}) < len(set(C)):
        raise ValueError(f"C must differ in six digits, which name files. Received: C={C!r}")
    if sources is not None:
        sources = [sources] if isinstance(sources, str) else list(sources)
    data = labelled(data)
    chosen = {"window": window, "sources": sources}
    train = in_memory(open_split(data, "train", **chosen), examples)
    valid = in_memory(open_split(data, "valid", **chosen))
    check_measured(data, train=train, valid=valid)
    arguments = {"window": train.window, "tasks": len(train.tasks)}
    both_strands = features == "kmers" and not paper
    if features == "kmers":
        arguments["both_strands"] = both_strands
    name = "kmer_logreg" if features == "kmers" else "integer_logreg"
    asked = {"architecture": name, "arguments": arguments, "tol": tol, "tasks": train.tasks}
    asked |= {"examples": examples} if examples is not None else {}
    asked |= {"sources": sources} if sources is not None else {}
    asked |= {"recipe": recipe} if paper else {}
    asked["data_sha256"] = [source.fingerprint() for source in (train, valid)]
    files = RunFiles(claim(out, asked))

    how = {"tol": tol} | ({"max_iter": PAPER_STEPS, "preconditioned": False} if paper else {})
    count, head = _READ[features, both_strands]
    counts, held_out = count(train.codes), count(valid.codes)
    log, fit = [], None
    with protected(paths_of(data)), held(files.folder):
        for weight in sorted(set(C)):
            kept = files.folder / f"C-{weight:g}.npz"
            fit, seconds = _fitted(kept, counts, train.labels, weight, fit, how)
            model = getattr(genome_keras, name)(**arguments)
            model.get_layer("head").set_weights([head(fit.weights), fit.intercepts])
            files.describe(model, train.tasks)
            with atomic(files.folder / f"C-{weight:g}.weights.h5") as temporary:
                save_bare(model, temporary)
            row = {
                "C": weight,
                "val_perplexity": overall_perplexity(valid.labels, _scores(held_out, fit)),
                "objective": float(fit.objective.sum()),
                "median_iterations": float(np.median(fit.iterations)),
                "most_iterations": int(fit.iterations.max()),
                "converged": int(fit.converged.sum()),
                "cpu_seconds": round(seconds, 1),
            }
            if row["val_perplexity"] < min((r["val_perplexity"] for r in log), default=np.inf):
                with atomic(files.best) as temporary:
                    save_bare(model, temporary)
            log.append(row)
            files.write_log(log)
    return log


def _fitted(path, counts, labels, C, start, how):
    """The fit in a file, after making it where it is not there; and its CPU seconds."""
    if not path.exists():
        began = time.process_time()
        fit = logreg.fit(counts, labels, C=C, start=start, **how)
        with atomic(path) as temporary:
            np.savez(temporary, cpu_seconds=time.process_time() - began, **vars(fit))
    problem = "damaged, or not a fit of this run; remove it"
    arrays = read_arrays(path, problem=problem)
    try:
        seconds = float(arrays.pop("cpu_seconds"))
        return logreg.Fit(**arrays), seconds
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(path, None, problem) from error


_OTHER = reverse_complement_columns(K)
_COLUMN = np.arange(len(_OTHER))
_CANONICAL = np.flatnonzero(_COLUMN <= _OTHER)


def _canonical_counts(codes):
    """How often each k-mer occurs on either strand, its own reverse complement once.

    uint8 or uint16 (n, 692): of the 1364 columns, the first of each pair of strands.
    """
    n, window = codes.shape
    counts = np.empty((n, len(_CANONICAL)), np.min_scalar_type(2 * window))
    for first in range(0, n, 8192):
        rows = slice(first, first + 8192)
        own = kmer_counts(codes[rows], k=K).astype(counts.dtype)
        counts[rows] = (own + own[:, _OTHER] * (_COLUMN != _OTHER))[:, _CANONICAL]
    return counts


def _all_columns(weights):
    """Weights of the 1364 averaged columns that score as those of the canonical ones."""
    return weights[np.searchsorted(_CANONICAL, np.minimum(_COLUMN, _OTHER))]


def _doubled(codes):
    """Twice the numbers that `integer_logreg` reads, which are whole: N is 3."""
    return np.array([0, 2, 4, 6, 3], "uint8")[codes]


def _halves(weights):
    return 2 * weights


def _own_counts(codes):
    """How often each k-mer occurs on the strand given: uint8 or uint16 (n, 1364)."""
    return kmer_counts(codes, k=K).astype(np.min_scalar_type(codes.shape[1]))


def _same(weights):
    return weights


_READ = {  # by features and whether of both strands: what is counted, the model's weights
    ("kmers", True): (_canonical_counts, _all_columns),
    ("kmers", False): (_own_counts, _same),
    ("integers", False): (_doubled, _halves),
}


def _scores(counts, fit):
    margins = counts.astype("float32") @ fit.weights.astype("float32") + fit.intercepts
    return 1 / (1 + np.exp(-np.clip(margins, -80, 80)))
