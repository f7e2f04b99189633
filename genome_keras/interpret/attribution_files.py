"""Attributions of files: from sequences or places to a table, or to arrays for TF-MoDISco."""

import os
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from genome_keras.errors import FormatError
from genome_keras.interpret.attribution import Attribution, of_letters
from genome_keras.interpret.methods import DeepLiftShap, Method, Occlusion, method_of
from genome_keras.interpret.page_windows import WINDOWS as SHOWN
from genome_keras.interpret.page_windows import attribution_page
from genome_keras.io import h5
from genome_keras.io.h5_arrays import array, open_h5, reading
from genome_keras.io.reference import Genome
from genome_keras.io.tables import open_table
from genome_keras.scoring.file_run import check_finite, file_run
from genome_keras.scoring.first_record import with_default
from genome_keras.scoring.inputs import BASES, FIELDS, WINDOWS, places, windows_of
from genome_keras.scoring.model_in_use import model_in_use

SUFFIX = ".h5"
LARGEST = 1 << 25  # attributions in memory
_CHUNK = 32  # windows
_FLOATS = ("float16", "float32", "float64")


def write_attributions(
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    genome: str | os.PathLike | Genome | None = None,
    region: str | None = None,
    weights: object = None,
    tasks: Iterable[str] | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    method: str | Method | None = None,
    target: str = "logodds",
    hypothetical: bool = False,
    batch_size: int | None = None,
    engine: str = "auto",
    report: str | os.PathLike | None = None,
    shown: int = SHOWN,
    steps: int | None = None,
    baseline: Any = None,
    sigma: float | None = None,
    seed: int | None = None,
    width: int | None = None,
    references: int | None = None,
) -> int:
    """Writes what each letter adds to the scores of windows of sequences or of a genome.

    A table has one row a letter: name of the record or contig, start and end of the window
    (0-based, half-open), pos (1-based, in the record), ref, then one column a task. With
    `hypothetical`, four rows a letter, and a column `letter` before the tasks: what A, C, G
    and T would add there. An N has no rows. Of "deep_lift_shap" a column `sum_error` stands
    before the tasks: by how much the sum over the window misses what the target changes from
    the references to it, of the task where that is the most; the same in all rows of a window.

    HDF5 has, for one task, the arrays that `modisco motifs -i` reads: `raw/seq`, int8
    (n, 4, window), the windows' letters, and `shap/seq`, float32 (n, 4, window), what each
    of the four would add (`hypothetical` or not); beside them `name`, `start`, `end` and, of
    "deep_lift_shap", `sum_error`; and the attributes `task`, `method` and `target`. Memory
    does not grow with the file.

    Args:
        path, genome, region, weights, tasks, window, on_short, on_outside, unknown: as in
            `genome_keras.interpret.write_ism`. Each task costs backward passes of its own.
        out: as in `genome_keras.io.tables.open_table`, or a path that ends in ".h5".
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        method, target, hypothetical, batch_size, steps, baseline, sigma, seed, width,
            references: as in `genome_keras.interpret.attribute`.
        engine: of a checkpoint, as in `genome_keras.predict`. Gradients are Keras's: "onnx"
            is for "occlusion" alone.
        report, shown: as in `write_ism`.

    Returns:
        Number of windows.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as `write_ism`.
        ValueError: another value of an argument; HDF5 of several tasks, or of "occlusion",
            which tells nothing of other letters; gradients by "onnx".

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGTACGT", sep="\\n", file=file)
        ...     write_attributions(path, path + ".tsv", weights=model, tasks=["task_0"])
        ...     with open(path + ".tsv") as table:
        ...         len(table.readlines())  # a heading, and one row a letter
        1
        13
    """
    given = {"steps": steps, "baseline": baseline, "sigma": sigma, "seed": seed}
    given |= {"width": width, "references": references}
    is_h5 = str(out).endswith(SUFFIX)
    hypothetical = hypothetical or is_h5
    method = method_of(method, hypothetical=hypothetical, **given)
    adds_up = isinstance(method, DeepLiftShap)
    no_gradients = isinstance(method, Occlusion) and not hypothetical
    if engine == "onnx" and not isinstance(method, Occlusion):
        raise ValueError(
            f"method {method.name!r} takes gradients, which are Keras's; occlusion takes none. "
            "Received: engine='onnx'"
        )
    engine = engine if no_gradients else "keras"
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    weights, path = with_default(weights, path, genome=genome, on_short=on_short)
    use = model_in_use(weights, **sizes, engine=engine, sums=True)
    chosen, columns = use.columns(tasks)
    window = use.window_of(window)
    if is_h5 and len(columns) != 1:
        raise ValueError(f"{out}: HDF5 is for one task. Received: {len(columns)} tasks")
    if is_h5:
        about = {"task": columns[0], "method": method.name, "target": target}
        file = _open_arrays(out, window, adds_up=adds_up, **about)
    else:
        fields = {**FIELDS, "letter": str} if hypothetical else dict(FIELDS)
        fields |= {"sum_error": float} if adds_up else {}
        file = open_table(out, columns, fields=fields)
    rows = max(WINDOWS, use.batch_size // method.points(window))  # fill the model's batches
    rows = min(rows, max(1, LARGEST // (4 * window * len(columns))))
    reading = {
        "window": window,
        "on_short": on_short,
        "unknown": unknown,
        "on_outside": on_outside,
        "rows": rows,
    }
    about = {"tasks": columns, "method": method.name, "target": target, "weights": use.name}
    about |= {"checkpoint": use.checkpoint}

    def load():
        how = {"method": method, "target": target, "hypothetical": hypothetical}
        return Attribution(use.scorer, tasks=np.arange(len(use.tasks))[chosen].tolist(), **how)

    with (
        attribution_page(report, **about, shown=shown) as page,
        windows_of(path, genome, region, **reading) as windows,
        file_run(windows, file, load) as run,
    ):
        for batch in run.batches:
            attributions, missed = run.work.explained(batch.codes)
            check_finite(attributions, batch, columns, use.name)
            most = None if missed is None else _largest(missed)
            if is_h5:
                run.out.append(batch, attributions[..., 0], most)
            else:
                _write(run.out, batch, attributions, hypothetical, most)
            page.add(batch, attributions, missed)
    windows.tell_skipped()
    return run.count


def read_attributions(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """The arrays of a file of `write_attributions`, for TF-MoDISco.

    Args:
        path: HDF5 with `raw/seq` and `shap/seq`, of this package or another.

    Returns:
        int8 or float (n, 4, window), one-hot letters A, C, G, T; float (n, 4, window),
        hypothetical attributions.

    Raises:
        FormatError: another file.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGTACGT", sep="\\n", file=file)
        ...     write_attributions(path, path + ".h5", weights=model, tasks=["task_0"])
        ...     [array.shape for array in read_attributions(path + ".h5")]
        1
        [(1, 4, 12), (1, 4, 12)]
    """
    with open_h5(path) as file, reading(path):
        arrays = [
            array(_group(file, path, group), path, "seq", ndim=3, kinds=kinds)
            for group, kinds in (("raw", ("int8", "uint8", *_FLOATS)), ("shap", _FLOATS))
        ]
        letters, attributions = (held[:] for held in arrays)
    if letters.shape != attributions.shape or letters.shape[1] != 4 or not letters.size:
        problem = "expected 'raw/seq' and 'shap/seq' of one shape (n, 4, window)"
        raise FormatError(path, None, f"{problem}, got {letters.shape} and {attributions.shape}")
    return letters, attributions


def _group(file, path, name):
    item = isinstance(file.get(name, getlink=True), h5py.HardLink) and file[name]
    if not isinstance(item, h5py.Group):
        raise FormatError(path, None, f"expected a group {name!r}; it has {sorted(file)[:12]}")
    return item


def _largest(missed):
    """The largest of each row by its size, with its sign."""
    return np.take_along_axis(missed, np.abs(missed).argmax(1)[:, None], 1)[:, 0]


def _write(table, batch, attributions, hypothetical, missed):
    known = batch.codes < 4
    if hypothetical:
        row, at, letter = np.nonzero(np.repeat(known[..., None], 4, 2))
        columns = [*places(batch, row, at), BASES[letter].tolist()]
        values = attributions[row, at, letter]
    else:
        row, at = np.nonzero(known)
        columns, values = places(batch, row, at), of_letters(attributions, batch.codes)[row, at]
    if missed is not None:
        columns.append(missed[row])
    table.write(*columns, values)


@contextmanager
def _open_arrays(path, window, *, adds_up, **attributes):
    """The HDF5 file of `write_attributions`; it is there, whole, when the block succeeds."""
    with h5.create(path) as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        yield _Arrays(file, window, adds_up)


class _Arrays:
    """Data sets that grow with the windows."""

    def __init__(self, file, window, adds_up):
        self.disk, shape = file.disk, (4, window)
        kinds = (
            ("raw/seq", np.int8, shape),
            ("shap/seq", np.float32, shape),
            ("name", h5py.string_dtype(), ()),
            ("start", np.int64, ()),
            ("end", np.int64, ()),
            *[("sum_error", np.float32, ())] * adds_up,
        )
        self.sets = [
            file.create_dataset(
                name,
                (0, *row),
                kind,
                maxshape=(None, *row),
                chunks=(_CHUNK if row else h5.CHUNK, *row),
                compression="gzip",
                track_times=False,
            )
            for name, kind, row in kinds
        ]

    def append(self, batch, attributions, missed=None):
        """Adds windows.

        Args:
            batch: `genome_keras.windows.Batch`.
            attributions: float (n, window, 4).
            missed: float (n,), or None.
        """
        letters = (batch.codes[:, None] == np.arange(4)[:, None]).astype(np.int8)
        new = letters, attributions.transpose(0, 2, 1), batch.names, batch.starts, batch.ends
        new = (*new, missed)[: len(self.sets)]
        for held, rows in zip(self.sets, new, strict=True):
            before = len(held)
            held.resize(before + len(rows), 0)
            held[before:] = rows
            self.disk.check()
