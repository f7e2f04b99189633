"""Signal that models of tracks and profiles predict, in memory or to a table or bigWig."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.encode import tokens
from genome_keras.errors import WeightsError
from genome_keras.genome import Interval
from genome_keras.io.bigwig import open_bigwig
from genome_keras.io.reference import Genome
from genome_keras.io.tables import PLACE, open_table
from genome_keras.scoring.file_run import check_finite
from genome_keras.scoring.inputs import around_places, opened_genome
from genome_keras.scoring.load import build, described
from genome_keras.scoring.model_in_use import signal_batch_size
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.task_choice import chosen_tasks

if TYPE_CHECKING:
    import keras

BIGWIG = (".bw", ".bigwig")


class Signal(NamedTuple):
    """Signal of n windows.

    Attributes:
        names: n names of contigs, or numbers of sequences from "0".
        starts: int64 (n,), where the first bin begins, 0-based, in the contig.
        bin: bp of a bin.
        values: float32 (n, bins, tasks).
        tasks: their names.

    Example:
        >>> found = Signal(["chr1"], np.array([500]), 128, np.zeros((1, 2, 3)), ["a", "b", "c"])
        >>> found.starts[0] + found.bin * np.arange(found.values.shape[1])
        array([500, 628])
    """

    names: list[str]
    starts: np.ndarray
    bin: int
    values: np.ndarray
    tasks: list[str]


def predict_signal(
    seqs: Sequence[str] | np.ndarray | str | os.PathLike | Iterable[Interval],
    *,
    weights: "str | os.PathLike | Checkpoint | keras.Model",
    genome: str | os.PathLike | Genome | None = None,
    out: str | os.PathLike | None = None,
    tasks: Iterable[str] | None = None,
    on_outside: str = "error",
    unknown: str | None = None,
    batch_size: int | None = None,
) -> Signal | int:
    """Signal in the middle of windows, by a model of tracks or profiles.

    With `genome`, a window is around the middle of each place. A table has the columns name,
    start, end (0-based, half-open, of a bin), then one for each task; one row a bin. A
    bigWig has one task; where bins of several places meet, the value is their mean.

    Args:
        seqs: windows, as `genome_keras.tokens` takes them; or with `genome` a path of BED,
            or `genome_keras.Interval`s.
        weights: a checkpoint, as in `genome_keras.load_model`, or a model, of a factory of
            `genome_keras.SIGNAL_MODELS`.
        genome: path of FASTA, bgzip FASTA or 2bit, or what `genome_keras.open_genome` gave.
        out: None gives the values; .tsv, .tsv.gz, .parquet, .bw or .bigwig writes them.
        tasks: names of those to give; None is all.
        on_outside: of BED, as in `genome_keras.io.bed.read`.
        unknown: "N" reads foreign letters as N; None refuses them.
        batch_size: windows at a time; None is 4, of 32,768 bp 2, and of longer ones 1.

    Returns:
        `Signal`; with `out` the number of windows.

    Raises:
        FormatError: no BED or genome.
        SequenceError: a foreign letter, or another window.
        WeightsError: no such checkpoint or another kind of model, values that are not finite.
        ValueError: another value of an argument, or bigWig of several tasks.
        GenomeKerasError: `out` cannot be written.

    Example:
        >>> from genome_keras import bpnet
        >>> model = bpnet(window=120, bins=10, layers=2, filters=4)
        >>> predict_signal(["ACGT" * 30], weights=model).values.shape
        (1, 10, 2)
    """
    if batch_size is not None:
        at_least_one(batch_size=batch_size)
    model, names, where = _signal_model(weights)
    batch_size = batch_size or signal_batch_size(model.window)
    chosen = names if tasks is None else chosen_tasks(names, tasks, where=where)
    columns = [names.index(task) for task in chosen]
    how = {"where": where, "chosen": chosen, "columns": columns}
    if genome is None:
        if out is not None:
            raise ValueError("a file needs the places of the windows: expected genome, got None")
        parts = [*_signals(_of_sequences(tokens(seqs, unknown=unknown), batch_size), model, **how)]
        return _together(parts, model, chosen)
    sizes = {"window": model.window, "batch_size": batch_size, "unknown": unknown}
    with (
        opened_genome(genome) as letters,
        around_places(seqs, letters, on_outside=on_outside, **sizes) as batches,
    ):
        signals = _signals(batches, model, **how)
        if out is None:
            return _together([*signals], model, chosen)
        with _written(str(out), chosen, letters.contigs) as write:
            count = 0
            for names, starts, values in signals:
                write(names, starts, model.bin, values)
                count += len(names)
    return count


def _signal_model(weights):
    """The model, the names of its tasks, and what to call it."""
    if hasattr(weights, "signal"):
        return weights, weights.tasks, weights.name
    if hasattr(weights, "predict_on_batch"):
        raise WeightsError(f"{weights.name}: not a model of measured signal; `predict` takes it")
    checkpoint = described(weights, signal=True)
    model = build(checkpoint)
    return model, model.tasks, checkpoint.name


def _signals(batches, model, *, where, chosen, columns):
    """Names, starts of the first bins and values of each batch."""
    for batch in batches:
        values = model.signal(model.predict_on_batch(batch.codes))[..., columns]
        check_finite(values, batch, chosen, where)
        middles = (batch.starts + batch.ends) // 2
        starts = middles - batch.codes.shape[1] // 2
        starts += (batch.codes.shape[1] - values.shape[1] * model.bin) // 2
        yield batch.names, starts, values


def _of_sequences(codes, batch_size):
    from genome_keras.windows import Batch

    for first in range(0, len(codes), batch_size):
        some = codes[first : first + batch_size]
        zeros = np.zeros(len(some), np.int64)
        names = [str(first + row) for row in range(len(some))]
        yield Batch(names, zeros, zeros + codes.shape[1], some)


def _together(parts, model, tasks):
    names = [name for some, _, _ in parts for name in some]
    starts = np.concatenate([np.empty(0, np.int64), *[starts for _, starts, _ in parts]])
    empty = np.empty((0, *model.signal_shape[:1], len(tasks)), np.float32)
    values = np.concatenate([empty, *[values for *_, values in parts]]) if parts else empty
    return Signal(names, starts, model.bin, values, tasks)


@contextmanager
def _written(out, tasks, contigs) -> Iterator:
    """Gives what writes names, starts, bin and values."""
    if out.endswith(BIGWIG):
        if len(tasks) != 1:
            raise ValueError(f"bigWig has one task: expected one in tasks, got {len(tasks)}")
        kept = _Bins()
        with open_bigwig(out, contigs) as track:
            yield kept.add
            for contig, length in contigs.items():
                track.write(contig, *kept.of(contig, length))
        return
    with open_table(out, tasks, fields=PLACE) as table:

        def write(names, starts, bin, values):
            for name, start, bins in zip(names, starts.tolist(), values, strict=True):
                starts_of_bins = start + bin * np.arange(len(bins))
                table.write([name] * len(bins), starts_of_bins, starts_of_bins + bin, bins)

        yield write


class _Bins:
    """Values of one task in bins that may lie anywhere, until all are there."""

    def __init__(self):
        self.parts, self.bin = {}, 1

    def add(self, names, starts, bin, values):
        self.bin = bin
        for name, start, bins in zip(names, starts.tolist(), values, strict=True):
            self.parts.setdefault(name, []).append((start, bins[:, 0]))

    def of(self, contig, length):
        """Starts, ends and values of the contig: means where bins meet, none outside."""
        parts = self.parts.pop(contig, [])
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        starts = np.concatenate([start + self.bin * np.arange(len(bins)) for start, bins in parts])
        values = np.concatenate([bins for _, bins in parts])
        ends = np.clip(starts + self.bin, 0, length)
        starts = np.clip(starts, 0, length)
        edges = np.unique(np.concatenate([starts, ends]))
        first, last = np.searchsorted(edges, starts), np.searchsorted(edges, ends)
        sums, covers = np.zeros((2, len(edges)))
        for total, weight in ((sums, values), (covers, np.ones(len(values)))):
            np.add.at(total, first, weight)
            np.add.at(total, last, -weight)
        covers = np.cumsum(covers)[:-1]
        covered = covers > 0.5
        means = np.cumsum(sums)[:-1][covered] / covers[covered]
        return edges[:-1][covered], edges[1:][covered], means
