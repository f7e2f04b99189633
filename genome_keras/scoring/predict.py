"""From FASTA, or BED and a genome, to a table of scores, a batch of windows at a time."""

from contextlib import closing
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from genome_keras.io import bed, fasta
from genome_keras.io.reference import open_genome
from genome_keras.io.tables import open_table
from genome_keras.scoring.batch import batch_scores
from genome_keras.scoring.engines import onnx_scores
from genome_keras.scoring.load import _build, of_windows
from genome_keras.scoring.pipeline import overlap
from genome_keras.weights.resolve import DEFAULT
from genome_keras.windows import Slider, of_intervals


class Summary(NamedTuple):
    """What `predict_fasta` or `predict_intervals` did.

    Attributes:
        windows: rows written.
        skipped: records left out because they were shorter than the window.
    """

    windows: int
    skipped: int


def predict_fasta(
    path,
    out="-",
    *,
    weights=DEFAULT,
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
        engine: "keras", "onnx" or "auto", as in `genome_keras.scoring.engines.onnx_scores`; the
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
    weights=DEFAULT,
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
        engine: as in `genome_keras.scoring.engines.onnx_scores`, and the same errors.
        batch_size: windows at a time, at most.

    Returns:
        A function of codes uint8 (n, window) that gives (n, tasks).
    """
    if (scores := onnx_scores(checkpoint, engine)) is not None:
        return scores
    model = _build(checkpoint)
    return lambda codes: batch_scores(model, codes, batch_size)
