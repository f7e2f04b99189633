"""From FASTA, or BED and a genome, to a table of scores, a batch of windows at a time."""

from contextlib import closing
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

import genome_keras
from genome_keras import weights as checkpoints
from genome_keras.engines import onnx_scores
from genome_keras.errors import WeightsError
from genome_keras.io import bed, fasta
from genome_keras.io.reference import open_genome
from genome_keras.io.tables import open_table
from genome_keras.overlap import overlap
from genome_keras.quiet import quiet_keras
from genome_keras.windows import Slider, of_intervals


class Summary(NamedTuple):
    """What `predict_fasta` or `predict_intervals` did.

    Attributes:
        windows: rows written.
        skipped: records left out because they were shorter than the window.
    """

    windows: int
    skipped: int


def load_model(weights=checkpoints.DEFAULT):
    """Builds the model of a checkpoint and loads its weights.

    Args:
        weights: name of a published checkpoint, or path of a `.weights.h5` file with
            its `.json` beside it.

    Returns:
        The compiled `keras.Model` and its `genome_keras.weights.Checkpoint`.

    Raises:
        WeightsError: unknown, missing, damaged, or without a description.
    """
    checkpoint = described(weights)
    return _build(checkpoint), checkpoint


def predict_fasta(
    path,
    out="-",
    *,
    weights=checkpoints.DEFAULT,
    stride=None,
    on_short="error",
    unknown=None,
    all_tasks=False,
    batch_size=256,
    engine="keras",
):
    """Scores every window of a FASTA file and writes a table.

    Columns are name, start, end (0-based, half-open, in the record), then P(label = 1)
    for each task. Memory does not grow with the file. Reading, computing and writing
    overlap.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        out: as in `genome_keras.io.tables.open_table`.
        weights: as in `load_model`; a multi-task model of a fixed window.
        stride: bp from one window to the next; None is the window.
        on_short: "error", "pad" or "skip", as in `genome_keras.windows.Slider`.
        unknown: "N" reads foreign letters as N; None refuses them.
        all_tasks: also write the tasks that were never trained, whose score is the same
            everywhere: the positive rate published for them.
        batch_size: windows at a time.
        engine: "keras", "onnx" or "auto", as in `genome_keras.engines.onnx_scores`; the
            scores are the same to within 1e-5.

    Returns:
        `Summary`.

    Raises:
        FormatError: not FASTA.
        SequenceError: a foreign letter, or a short record where that is an error.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.
        GenomeKerasError: `out` cannot be written, or the engine is not at hand.
    """
    checkpoint, window = of_windows(weights)
    with closing(fasta.chunks(path)) as pieces:
        slider = Slider(
            pieces,
            window=window,
            stride=stride,
            batch_size=batch_size,
            on_short=on_short,
            unknown=unknown,
        )
        windows = _write(out, checkpoint, slider, batch_size, all_tasks, engine)
    return Summary(windows, slider.skipped)


def predict_intervals(
    path,
    genome,
    out="-",
    *,
    weights=checkpoints.DEFAULT,
    unknown=None,
    all_tasks=False,
    batch_size=256,
    engine="keras",
):
    """Scores one window of a genome for each line of a BED file and writes a table.

    The window has the centre of the interval (`genome_keras.genome.Interval.resized`) and
    the length the model takes, whatever the interval's; beyond the contig it is N. It is
    of the forward strand. Columns are name, start, end, those of the BED file (contig and
    0-based, half-open), in its order; then P(label = 1) for each task.

    Args:
        path: BED, plain or gzip; "-" is standard input.
        genome: FASTA, bgzip FASTA or 2bit, as in `genome_keras.io.reference.open_genome`.
        out, weights, unknown, all_tasks, batch_size, engine: as in `predict_fasta`.

    Returns:
        `Summary`; nothing is skipped.

    Raises:
        FormatError: no BED or genome; a line whose place is not in the genome.
        SequenceError: a foreign letter.
        WeightsError, ValueError, GenomeKerasError: as `predict_fasta`.
    """
    checkpoint, window = of_windows(weights)
    with open_genome(genome) as opened, closing(bed.read(path, contigs=opened.contigs)) as places:
        sizes = {"window": window, "batch_size": batch_size, "unknown": unknown}
        batches = _around(places, opened, sizes)
        return Summary(_write(out, checkpoint, batches, batch_size, all_tasks, engine), 0)


def _around(places, genome, sizes):
    """Batches of windows around places, with the starts and ends of the places."""
    of_intervals([], genome, **sizes)  # arguments are checked before any place is read
    while some := list(islice(places, sizes["batch_size"])):
        starts, ends = np.array([(place.start, place.end) for place in some]).T
        for batch in of_intervals(some, genome, **sizes):
            yield batch._replace(starts=starts, ends=ends)


def _write(out, checkpoint, batches, batch_size, all_tasks, engine):
    """Writes the scores of batches; returns the number of windows."""
    batches, windows = iter(batches), 0
    chosen = np.array(checkpoint.trained) | all_tasks
    tasks = [task for task, one in zip(checkpoint.tasks, chosen, strict=True) if one]
    first = list(islice(batches, 1))  # bad input is told before a framework loads
    with (
        open_table(out, tasks) as table,
        tqdm(unit=" windows", disable=None) as bar,
    ):
        scores_of = scoring(checkpoint, engine, batch_size)

        def write(batch, scores):
            nonlocal windows
            table.write(batch.names, batch.starts, batch.ends, scores[:, chosen])
            windows += len(scores)
            bar.update(len(scores))

        overlap(chain(first, batches), lambda batch: scores_of(batch.codes), write)
    return windows


def scoring(checkpoint, engine, batch_size):
    """What gives the scores of a checkpoint, by Keras or another engine.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        engine: as in `genome_keras.engines.onnx_scores`, and the same errors.
        batch_size: windows at a time, at most.

    Returns:
        A function of codes uint8 (n, window) that gives (n, tasks).
    """
    if (scores := onnx_scores(checkpoint, engine)) is not None:
        return scores
    model = _build(checkpoint)
    return lambda codes: batch_scores(model, codes, batch_size)


def of_windows(weights):
    """A checkpoint that has tasks and one window, and its window.

    Raises:
        WeightsError: another checkpoint.
    """
    checkpoint = described(weights)
    window = checkpoint.arguments.get("window")
    if not checkpoint.tasks or window is None:
        raise WeightsError(f"{weights}: not a multi-task model of a fixed window")
    return checkpoint, window


def described(weights):
    """The checkpoint, if its description names an architecture of this package.

    Args:
        weights: as in `load_model`.

    Raises:
        WeightsError: as `load_model`; no model is built yet.
    """
    checkpoint = checkpoints.find(weights)
    architecture = checkpoint.config.get("architecture")
    if architecture not in genome_keras.MODELS:
        raise WeightsError(
            f"{weights}: expected a .json beside it whose architecture is one of "
            f"{', '.join(genome_keras.MODELS)}; got {architecture!r}"
        )
    return checkpoint


def _build(checkpoint):
    with quiet_keras():
        return getattr(genome_keras, checkpoint.config["architecture"])(weights=checkpoint.name)


def batch_scores(model, codes, batch_size):
    """What a model gives for a batch, padded with N to one shape: a new one is compiled anew.

    Args:
        model: a `keras.Model`.
        codes: uint8 (n, window), n at most `batch_size`.
        batch_size: windows of the shape.

    Returns:
        Array of n rows.
    """
    padded = codes
    if len(codes) < batch_size:
        padded = np.full((batch_size, codes.shape[1]), 4, np.uint8)
        padded[: len(codes)] = codes
    return np.asarray(model.predict_on_batch(padded))[: len(codes)]
