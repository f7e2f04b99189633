"""Attributions of files: from sequences or places to a table, or to arrays for TF-MoDISco."""

from contextlib import contextmanager
from itertools import chain, islice

import h5py
import numpy as np
from tqdm import tqdm

from genome_keras.errors import FormatError
from genome_keras.interpret.attribution import Attribution, of_letters
from genome_keras.interpret.methods import DEFAULT_METHOD, method_of
from genome_keras.interpret.page_windows import attribution_page
from genome_keras.io import h5
from genome_keras.io.h5_arrays import array, open_h5, reading
from genome_keras.io.rows import open_rows
from genome_keras.scoring.choices import chosen_tasks, window_of
from genome_keras.scoring.inputs import BASES, FIELDS, WINDOWS, places, windows_of
from genome_keras.scoring.load import described
from genome_keras.scoring.scorer import open_scorer
from genome_keras.weights.resolve import DEFAULT

SUFFIX = ".h5"
LARGEST = 1 << 25  # attributions in memory
_CHUNK = 32  # windows
_FLOATS = ("float16", "float32", "float64")


def write_attributions(
    path,
    out="-",
    *,
    genome=None,
    region=None,
    weights=DEFAULT,
    tasks=None,
    both_strands=None,
    window=None,
    on_short="error",
    unknown=None,
    method=DEFAULT_METHOD,
    target="logodds",
    hypothetical=False,
    batch_size=256,
    report=None,
    steps=None,
    baseline=None,
    sigma=None,
    seed=None,
    width=None,
):
    """Writes what each letter adds to the scores of windows of sequences or of a genome.

    A table has one row a letter: name of the record or contig, start and end of the window
    (0-based, half-open), pos (1-based, in the record), ref, then one column a task. With
    `hypothetical`, four rows a letter, and a column `letter` before the tasks: what A, C, G
    and T would add there. An N has no rows.

    HDF5 has, for one task, the arrays that `modisco motifs -i` reads: `raw/seq`, int8
    (n, 4, window), the windows' letters, and `shap/seq`, float32 (n, 4, window), what each
    of the four would add (`hypothetical` or not); beside them `name`, `start` and `end`, and
    the attributes `task`, `method` and `target`. Memory does not grow with the file.

    Args:
        path, genome, region, weights, tasks, window, on_short, unknown: as in
            `genome_keras.interpret.write_ism`. Each task costs backward passes of its own.
        out: as in `genome_keras.io.tables.open_table`, or a path that ends in ".h5".
        both_strands: average over both strands; None does what the checkpoint does.
        method, target, hypothetical, batch_size, steps, baseline, sigma, seed, width: as in
            `genome_keras.interpret.attribute`.
        report: path of an HTML page with pictures of the first windows, or None.

    Returns:
        Number of windows.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as `write_ism`.
        ValueError: another value of an argument; HDF5 of several tasks, or of "occlusion",
            which tells nothing of other letters.
    """
    method = method_of(method, steps=steps, baseline=baseline, sigma=sigma, seed=seed, width=width)
    checkpoint = described(weights)
    chosen, columns = chosen_tasks(checkpoint, tasks)
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    is_h5, count = str(out).endswith(SUFFIX), 0
    if is_h5 and len(columns) != 1:
        raise ValueError(f"{out}: HDF5 is for one task. Received: {len(columns)} tasks")
    hypothetical = hypothetical or is_h5
    rows = max(WINDOWS, batch_size // method.points(window))  # fill the batches of the model
    rows = min(rows, max(1, LARGEST // (4 * window * len(columns))))
    about = {"tasks": columns, "method": method.name, "target": target, "weights": checkpoint.name}
    with (
        attribution_page(report, **about) as page,
        windows_of(
            path, genome, region, window=window, on_short=on_short, unknown=unknown, rows=rows
        ) as windows,
    ):
        batches = iter(windows)
        first = list(islice(batches, 1))  # bad input is told before a framework loads
        if is_h5:
            file = _open_arrays(out, window, task=columns[0], method=method.name, target=target)
        else:
            fields = {**FIELDS, "letter": str} if hypothetical else FIELDS
            file = open_rows(out, fields, columns)
        with file as table, tqdm(unit=" windows", disable=None) as bar:
            scorer = open_scorer(weights, both_strands=both_strands, batch_size=batch_size)
            find = Attribution(
                scorer.model,
                tasks=list(range(len(columns))) if isinstance(chosen, slice) else chosen,
                method=method,
                target=target,
                hypothetical=hypothetical,
                both_strands=scorer.both_strands,
                batch_size=batch_size,
            )
            for batch in chain(first, batches):
                found = find(batch.codes)
                if is_h5:
                    table.append(batch, found[..., 0])
                else:
                    _write(table, batch, found, hypothetical)
                page.add(batch, found)
                count += len(batch.codes)
                bar.update(len(batch.codes))
    windows.tell_skipped()
    return count


def read_attributions(path):
    """The arrays of a file of `write_attributions`, for TF-MoDISco.

    Args:
        path: HDF5 with `raw/seq` and `shap/seq`, of this package or another.

    Returns:
        int8 or float (n, 4, window), one-hot letters A, C, G, T; float (n, 4, window),
        hypothetical attributions.

    Raises:
        FormatError: another file.
    """
    with open_h5(path) as file, reading(path):
        arrays = [
            array(_group(file, path, group), path, "seq", ndim=3, kinds=kinds)
            for group, kinds in (("raw", ("int8", "uint8", *_FLOATS)), ("shap", _FLOATS))
        ]
        arrays = [found[:] for found in arrays]
    letters, found = arrays
    if letters.shape != found.shape or letters.shape[1] != 4 or not letters.size:
        problem = "expected 'raw/seq' and 'shap/seq' of one shape (n, 4, window)"
        raise FormatError(path, None, f"{problem}, got {letters.shape} and {found.shape}")
    return letters, found


def _group(file, path, name):
    found = isinstance(file.get(name, getlink=True), h5py.HardLink) and file[name]
    if not isinstance(found, h5py.Group):
        raise FormatError(path, None, f"expected a group {name!r}; it has {sorted(file)[:12]}")
    return found


def _write(table, batch, found, hypothetical):
    known = batch.codes < 4
    if hypothetical:
        row, at, letter = np.nonzero(np.repeat(known[..., None], 4, 2))
        table.write([*places(batch, row, at), BASES[letter].tolist()], found[row, at, letter])
        return
    row, at = np.nonzero(known)
    table.write(places(batch, row, at), of_letters(found, batch.codes)[row, at])


@contextmanager
def _open_arrays(path, window, **attributes):
    """The HDF5 file of `write_attributions`; it is there, whole, when the block succeeds."""
    with h5.create(path) as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        yield _Arrays(file, window)


class _Arrays:
    """Data sets that grow with the windows."""

    def __init__(self, file, window):
        self.disk, shape = file.disk, (4, window)
        kinds = (
            ("raw/seq", np.int8, shape),
            ("shap/seq", np.float32, shape),
            ("name", h5py.string_dtype(), ()),
            ("start", np.int64, ()),
            ("end", np.int64, ()),
        )
        self.sets = [
            file.create_dataset(
                name,
                (0, *of),
                kind,
                maxshape=(None, *of),
                chunks=(_CHUNK if of else h5.CHUNK, *of),
                compression="gzip",
                track_times=False,
            )
            for name, kind, of in kinds
        ]

    def append(self, batch, found):
        """Adds windows.

        Args:
            batch: `genome_keras.windows.Batch`.
            found: float (n, window, 4).
        """
        letters = (batch.codes[:, None] == np.arange(4)[:, None]).astype(np.int8)
        new = letters, found.transpose(0, 2, 1), batch.names, batch.starts, batch.ends
        for held, rows in zip(self.sets, new, strict=True):
            before = len(held)
            held.resize(before + len(rows), 0)
            held[before:] = rows
            self.disk.check()
