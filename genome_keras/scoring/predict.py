"""Scores of windows: of FASTA, of BED and a genome, to a table; or of sequences in memory."""

import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from genome_keras.encode import tokens
from genome_keras.io.bigwig import SUFFIXES
from genome_keras.io.h5ad import SUFFIX, open_h5ad, place_name
from genome_keras.io.reference import Genome
from genome_keras.io.tables import PLACE, open_table
from genome_keras.scoring.anndata_out import anndata_of, told_of
from genome_keras.scoring.calls import open_calls
from genome_keras.scoring.data_frames import is_frame, sequences_in
from genome_keras.scoring.file_run import check_finite, file_run
from genome_keras.scoring.first_record import with_default
from genome_keras.scoring.inputs import along_records, around_places, opened_genome
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.pipeline import overlap
from genome_keras.scoring.score_track import open_track
from genome_keras.scoring.values import values_of
from genome_keras.weights.records import data_frame
from genome_keras.weights.resolve import default_for
from genome_keras.windows import Batch

INTERVAL = {**PLACE, "interval": str, "strand": str}
WIDE, MIDDLE = 1000, 200  # DeepSEA's layout: the window, and the bp in it that labels are of
_log = logging.getLogger(__name__)


class Predicted(NamedTuple):
    """What `predict_fasta` or `predict_intervals` did.

    Attributes:
        windows: rows written.
        skipped: records left out because they were shorter than the window.

    Example:
        >>> done = Predicted(windows=120, skipped=3)
        >>> f"{done.windows} windows, {done.skipped} records left out"
        '120 windows, 3 records left out'
    """

    windows: int
    skipped: int


class Scores(NamedTuple):
    """Scores of n windows: the rows that `predict_fasta` or `predict_intervals` writes.

    Attributes:
        names: n names of records, contigs, or numbers of sequences from "0".
        starts, ends: int64 (n,), 0-based, half-open, in the record.
        scores: float32 (n, tasks), P(label = 1).
        tasks: names of the tasks.

    Example:
        >>> found = predict(["ACGT" * 25], weights="kmer_logreg.human_chromatin.v1")
        >>> found.names, found.starts.tolist(), found.ends.tolist()
        (['0'], [0], [100])
    """

    names: list[str]
    starts: np.ndarray
    ends: np.ndarray
    scores: np.ndarray
    tasks: list[str]

    def as_frame(self) -> Any:
        """A `pandas.DataFrame`: name, start, end, and a column for each task.

        Raises:
            GenomeKerasError: pandas is missing.
        """
        places = {"name": self.names, "start": self.starts, "end": self.ends}
        return data_frame(places | dict(zip(self.tasks, self.scores.T, strict=True)))

    def as_anndata(self) -> Any:
        """An `anndata.AnnData`, as `genome_keras.scoring.anndata_out.anndata_of` has it.

        Its `obs` has name, start and end (0-based, half-open).

        Raises:
            GenomeKerasError: anndata is missing.
        """
        obs = {"name": self.names, "start": self.starts, "end": self.ends}
        index = [*map(place_name, *obs.values())]
        return anndata_of(self.scores, self.tasks, obs=obs, index=index)


def predict(
    seqs: Iterable[Any] | os.PathLike,
    *,
    genome: str | os.PathLike | Genome | None = None,
    weights: object = None,
    tasks: Iterable[str] | str | None = None,
    stride: int | None = None,
    on_short: str = "error",
    unknown: str | None = None,
    all_tasks: bool = False,
    batch_size: int | None = None,
    engine: str = "auto",
    values: str = "scores",
) -> Scores:
    """Scores of sequences, or of places of a genome, in memory.

    Args:
        seqs: windows, a row each: a str, or a list, generator, array or Series of them, or
            codes, as `genome_keras.tokens` takes them; a dict of name -> str; a DataFrame
            with a column sequence; or a path of FASTA, a `pathlib.Path` or a str with a
            dot or slash, whose windows lie as in `predict_fasta`. With `genome`, places: a
            path of BED, as in `predict_intervals`; an iterable of `genome_keras.Interval`
            or of text such as "chr1:11-20" (1-based); or a DataFrame with the columns
            chrom, start and end (0-based, half-open).
        genome: path of FASTA, bgzip FASTA or 2bit, or what `genome_keras.open_genome` gave.
        weights: as in `predict_fasta`.
        tasks: those to give: a name, a pattern such as "*|CTCF|*", fields such as
            "cell=K562 group=DNase", or several of them, as
            `genome_keras.weights.task_choice.chosen_tasks` tells; None is all that were
            trained.
        stride, on_short: of FASTA, as in `predict_fasta`.
        unknown, all_tasks, batch_size, engine, values: as in `predict_fasta`.

    Returns:
        `Scores`, whose `as_frame()` is a DataFrame.

    Raises:
        As `predict_fasta` and `predict_intervals`.

    Example:
        >>> found = predict(["ACGT" * 25], weights="kmer_logreg.human_chromatin.v1")
        >>> found.scores.shape, len(found.tasks)
        ((1, 192), 192)
    """
    is_path = isinstance(seqs, os.PathLike) or (isinstance(seqs, str) and _is_path(seqs))
    if genome is None and not is_path:
        texts, names = _named(seqs)
        codes = tokens(texts, unknown=unknown)
        weights = default_for(codes.shape[1]) if weights is None else weights
    else:
        weights, seqs = with_default(weights, seqs, genome=genome, on_short=on_short)
    use, kept = model_in_use(weights, batch_size=batch_size, engine=engine), _Kept()
    if genome is not None or is_path:
        sizes = {"window": use.window_of_tasks(), "batch_size": use.batch_size, "unknown": unknown}
    if genome is not None:
        opened = around_places(seqs, genome, **sizes)
    elif is_path:
        opened = along_records(seqs, stride=stride, on_short=on_short, **sizes)
    else:
        opened = nullcontext(_of_sequences(codes, names, use))
    with opened as batches:
        how = {"tasks": tasks, "all_tasks": all_tasks, "values": values}
        _score(use, batches, kept.opened, unit=None, **how)
    return kept.scores()


def predict_fasta(
    path: str | os.PathLike,
    out: str | os.PathLike = "-",
    *,
    weights: object = None,
    stride: int | None = None,
    on_short: str = "error",
    unknown: str | None = None,
    tasks: Iterable[str] | str | None = None,
    all_tasks: bool = False,
    batch_size: int | None = None,
    engine: str = "auto",
    above: float | None = None,
    half: bool = False,
    values: str = "scores",
) -> Predicted:
    """Scores every window of a FASTA file and writes a table.

    Columns are name, start, end (0-based, half-open, in the record), then P(label = 1)
    for each task. Memory does not grow with the file. Reading, computing and writing
    overlap.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        out: as in `genome_keras.io.tables.open_table`; or ".h5ad", as in
            `genome_keras.io.h5ad.open_h5ad`; or ".bw" or ".bigwig", of one task: the middle
            `stride` bp of each window have its score, and path is a file with an index, or
            plain.
        weights: as in `genome_keras.scoring.model_in_use.model_in_use`: a name, a
            `Checkpoint`, a `keras.Model` or a `Scorer`; of tasks and a fixed window. None is
            by default the best published one that fits: for places of a genome that of 1000
            bp; for sequences that of the longest window (1000, 200 or 100 bp) which the first
            of them fills, and of 100 bp where it fills none.
        stride: bp from one window to the next; None is the window.
        on_short: "error", "pad" or "skip", as in `genome_keras.windows.Slider`.
        unknown: "N" reads foreign letters as N; None refuses them.
        tasks: those to write, chosen as in `predict`; None is all that were trained.
        all_tasks: also write the tasks that were never trained, whose score is the same
            everywhere: the positive rate published for them.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.
        engine: of a checkpoint, "auto", "keras" or "onnx", as in
            `genome_keras.scoring.engines.model_without_keras`; the scores are the same to
            within 1e-5.
        above: write calls only, a row for each window and task of at least this score, with
            the columns task and score; None writes all scores, a column for each task.
        half: of Parquet, float16 scores: three significant digits, about half the bytes.
        values: "scores"; "calibrated", the probabilities of the checkpoint's calibration; or
            "calls", 1 at or above each task's threshold and 0 below. In the header the names
            of tasks then begin with "calibrated:" or "call:". See
            `genome_keras.scoring.values.values_of`.

    Returns:
        `Predicted`.

    Raises:
        FormatError: not FASTA.
        SequenceError: a foreign letter, or a short record where that is an error.
        WeightsError: a checkpoint that cannot be used, a score that is not finite.
        ValueError: another value of an argument.
        GenomeKerasError: `out` cannot be written, or the engine is not at hand.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGT" * 50, sep="\\n", file=file)
        ...     predict_fasta(path, path + ".tsv", weights="kmer_logreg.human_chromatin.v1")
        Predicted(windows=2, skipped=0)
    """
    weights, records = with_default(weights, path, on_short=on_short)
    use = model_in_use(weights, batch_size=batch_size, engine=engine)
    how = {"tasks": tasks, "all_tasks": all_tasks, "values": values}
    sizes = {"window": use.window_of_tasks(), "batch_size": use.batch_size, "unknown": unknown}
    with along_records(records, stride=stride, on_short=on_short, **sizes) as slider:
        bases = min(stride or use.window, use.window)
        table = _table(out, PLACE, above, half, contigs=partial(_lengths, path), bases=bases)
        batches = _told_gaps(slider, use.window) if stride is None else slider
        windows = _score(use, batches, table, **how)
    return Predicted(windows, slider.skipped)


def predict_intervals(
    path: str | os.PathLike,
    genome: str | os.PathLike | Genome,
    out: str | os.PathLike = "-",
    *,
    weights: object = None,
    on_outside: str = "error",
    unknown: str | None = None,
    tasks: Iterable[str] | str | None = None,
    all_tasks: bool = False,
    batch_size: int | None = None,
    engine: str = "auto",
    above: float | None = None,
    half: bool = False,
    values: str = "scores",
) -> Predicted:
    """Scores one window of a genome for each line of a BED file and writes a table.

    The window has the centre of the interval (`genome_keras.genome.Interval.resized`) and
    the length the model takes, whatever the interval's; beyond the contig it is N. It is
    of the forward strand. Columns are name, start, end, those of the BED file (contig and
    0-based, half-open), in its order; interval and strand, its fourth and sixth column, or
    "."; then P(label = 1) for each task.

    Args:
        path: BED, plain or gzip; "-" is standard input.
        genome: FASTA, bgzip FASTA or 2bit, as in `genome_keras.open_genome`, or what that
            gave.
        on_outside: as in `genome_keras.io.bed.read`: "error" or "skip", which is logged.
        out, weights, unknown, tasks, all_tasks, batch_size, engine, above, half, values: as
            in `predict_fasta`; in a bigWig the intervals have the scores, so they are sorted
            and do not overlap.

    Returns:
        `Predicted`; nothing is skipped.

    Raises:
        FormatError: no BED or genome; a line whose place is not in the genome.
        SequenceError: a foreign letter.
        WeightsError, ValueError, GenomeKerasError: as `predict_fasta`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome, bed, out = (f"{folder}/{name}" for name in ("g.fa", "p.bed", "o.tsv"))
        ...     with open(genome, "w") as file:
        ...         print(">chr1", "ACGT" * 50, sep="\\n", file=file)
        ...     with open(bed, "w") as file:
        ...         print("chr1", 50, 150, sep="\\t", file=file)
        ...     predict_intervals(bed, genome, out, weights="kmer_logreg.human_chromatin.v1")
        Predicted(windows=1, skipped=0)
    """
    use = model_in_use(weights, batch_size=batch_size, engine=engine)
    how = {"tasks": tasks, "all_tasks": all_tasks, "values": values}
    sizes = {"window": use.window_of_tasks(), "batch_size": use.batch_size, "unknown": unknown}
    with around_places(path, genome, on_outside=on_outside, **sizes) as batches:
        table = _table(out, INTERVAL, above, half, contigs=partial(_lengths, genome))
        return Predicted(_score(use, batches, table, columns=_of_interval, **how), 0)


def _table(out, fields, above, half, *, contigs, bases=None):
    """What opens the table for the tasks' names."""
    is_track = str(out).endswith(SUFFIXES)
    if is_track or str(out).endswith(SUFFIX):
        if half or above is not None:
            told = f"{', '.join(SUFFIXES)} and {SUFFIX}"
            raise ValueError(f"{out}: calls above a score and half are not for {told}")
        if is_track:
            return partial(open_track, out, contigs=contigs, bases=bases)
        return lambda names: open_h5ad(out, names, fields=fields, var=told_of(names))
    if above is None:
        return partial(open_table, out, fields=fields, half=half)
    return partial(open_calls, out, above=above, fields=fields, half=half)


def _told_gaps(batches, window):
    """The batches; the log tells once what windows of DeepSEA's layout leave out between them."""
    told = window != WIDE
    for batch in batches:
        if not told and batch.starts.any():  # a second window of a record
            _log.info(
                "scores are of the middle %d bp of each window of %d bp, and the rest of long "
                "records has none; --stride %d closes the gaps",
                *(MIDDLE, WIDE, MIDDLE),
            )
            told = True
        yield batch


def _lengths(genome):
    """Names of contigs and their bp."""
    if str(genome) == "-":
        raise ValueError("a bigWig needs the lengths of all records: a file, not standard input")
    with opened_genome(genome) as letters:
        return letters.contigs


def _of_window(batch):
    return batch.names, batch.starts, batch.ends


def _of_interval(batch):
    return batch.names, batch.starts, batch.ends, batch.labels, batch.strands


def _score(use, batches, out, *, tasks, all_tasks, values, unit="windows", columns=_of_window):
    """Writes the scores of batches to what `out` opens for the tasks' names; gives their number."""
    chosen, names = use.columns(tasks, all_tasks=all_tasks)
    turned = values_of(values, use, chosen)
    header = [turned.prefix + name for name in names]
    with file_run(batches, out(header), lambda: use.scorer, unit=unit) as run:

        def write(batch, scores):
            scores = scores[:, chosen]
            check_finite(scores, batch, names, use.name)
            run.out.write(*columns(batch), turned.convert(scores))

        overlap(run.batches, lambda batch: run.work.scores(batch.codes), write)
    return run.count


def _is_path(text):
    return any(sign in text for sign in "./\\")


def _named(seqs):
    """Sequences as `tokens` takes them, and their names, None where they have none."""
    if is_frame(seqs):
        return sequences_in(seqs)
    if isinstance(seqs, Mapping):
        return [*seqs.values()], [*map(str, seqs)]
    known = isinstance(seqs, str | bytes | list | tuple) or hasattr(seqs, "__array__")
    return (seqs if known or not isinstance(seqs, Iterable) else [*seqs]), None


def _of_sequences(codes, names, use):
    window = use.window_of(codes.shape[1])
    names = [*map(str, range(len(codes)))] if names is None else names
    for first in range(0, len(codes), use.batch_size):
        rows = slice(first, first + use.batch_size)
        some = codes[rows]
        starts = np.zeros(len(some), np.int64)
        yield Batch(names[rows], starts, starts + window, some)


class _Kept:
    """A table of scores in memory, written as that of `genome_keras.io.tables.open_table`."""

    def __init__(self):
        self.names, self.parts, self.tasks = [], [], []

    @contextmanager
    def opened(self, tasks):
        self.tasks = tasks
        yield self

    def write(self, names, starts, ends, scores):
        self.names += names
        self.parts.append((starts.copy(), ends.copy(), scores))

    def scores(self):
        empty = np.empty(0, np.int64), np.empty((0, len(self.tasks)), np.float32)
        parts = self.parts or [(empty[0], *empty)]
        arrays = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        return Scores(self.names, *arrays, self.tasks)
