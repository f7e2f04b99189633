"""From a FASTA file to a table of perplexities and a track of every base."""

import os
import sys
from contextlib import contextmanager, nullcontext

import numpy as np

from genome_keras.io.atomic import atomic, protected
from genome_keras.io.bigwig import open_bigwig
from genome_keras.io.lines import check_regular
from genome_keras.io.tables import open_table
from genome_keras.lm.genome import contigs, read_genome
from genome_keras.lm.network import Network
from genome_keras.lm.perplexity import Tally, tally
from genome_keras.lm.score import GROUP, of_bases, probabilities
from genome_keras.lm.train import load_lm
from genome_keras.progress import progress
from genome_keras.weights.checkpoint import Checkpoint

COLUMNS = ("name", "length", "bases", "log_likelihood", "perplexity", "bits_per_base")


def score_fasta(
    path: str | os.PathLike,
    out: str | os.PathLike = "-",
    *,
    weights: str | os.PathLike | Checkpoint,
    track: str | os.PathLike | None = None,
    unknown: str | None = None,
    batch_size: int = 50,
    window: int = 500,
    piece: int | None = None,
    warm_up: int = 1000,
) -> Tally:
    """Scores the records of a FASTA file with a trained language model.

    The table has a row for each record: name, length, bases (those that were scored: all
    but N and the first of the record), log_likelihood (ln P of them), perplexity and
    bits_per_base. The track has -log2 P(base), in bits, at each scored base.

    Args:
        path: FASTA, plain or gzip; "-" is standard input.
        out: TSV; "-" is standard output.
        weights: as in `genome_keras.lm.train.load_lm`.
        track: None, or a file ending in .bw or .bigWig, or, as a table with the columns
            name, start, end (0-based, half-open) and bits, in .tsv, .tsv.gz or .parquet.
        unknown: "N" reads foreign letters as N; None refuses them.
        batch_size, window, piece, warm_up: as in `genome_keras.lm.score.read`. Long
            records are quickest with `piece`, at the price of the state before it.

    Returns:
        `Tally` of all records.

    Raises:
        FormatError: not FASTA.
        SequenceError: a foreign letter.
        WeightsError: a checkpoint that cannot be used.
        GenomeKerasError: a file cannot be written, or pyBigWig is missing.
        ValueError: a bigWig of standard input, or another ending of the track.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/genome.fa", "w") as file:
        ...         print(">chr1", "ACGTTGCA" * 20, ">chr2", "ACGT" * 5, sep="\\n", file=file)
        ...     paths = f"{folder}/genome.fa", f"{folder}/scores.tsv"
        ...     cost = score_fasta(*paths, weights="char_rnn.ecoli.v1", window=50)
        >>> cost.bases  # all but the first of each record
        178
    """
    network, total = Network(load_lm(weights)), Tally()
    reading = {"batch_size": batch_size, "window": window, "piece": piece, "warm_up": warm_up}
    with (
        protected([path, weights]),
        _opened(out) as table,
        _track(track, path, unknown) as write_track,
    ):
        table.write("\t".join(COLUMNS) + "\n")
        with progress(unit="bp", unit_scale=True, desc="score") as bar:
            for group in _groups(contigs(path, unknown=unknown)):
                scored = probabilities(network, [record.codes for record in group], **reading)
                for (name, codes), scores in zip(group, scored, strict=True):
                    chosen = of_bases(scores, codes)
                    cost = tally(chosen)
                    total += cost
                    table.write(_row(name, len(codes), cost))
                    write_track(name, -np.log2(chosen))
                    bar.update(len(codes))
    return total


def _row(name, length, cost):
    return (
        f"{name}\t{length}\t{cost.bases}\t{cost.log_likelihood:.6f}\t"
        f"{cost.perplexity:.6f}\t{cost.bits_per_base:.6f}\n"
    )


def _groups(records):
    """Records together up to `GROUP` bases."""
    group, bases = [], 0
    for record in records:
        group.append(record)
        bases += len(record.codes)
        if bases >= GROUP:
            yield group
            group, bases = [], 0
    if group:
        yield group


@contextmanager
def _opened(out):
    if out == "-":
        yield sys.stdout
        return
    with atomic(out) as path, open(path, "w", encoding="utf-8", newline="\n") as file:
        yield file


def _track(track, path, unknown):
    if track is None:
        return nullcontext(lambda name, bits: None)
    if str(track).lower().endswith((".bw", ".bigwig")):
        return _big_wig(track, path, unknown)
    return _table(track)


@contextmanager
def _table(path):
    with open_table(path, ["bits"]) as table:

        def write(name, bits):
            places = np.flatnonzero(~np.isnan(bits))
            for begin in range(0, len(places), 100_000):
                part = places[begin : begin + 100_000]
                table.write([name] * len(part), part, part + 1, bits[part, None])

        yield write


@contextmanager
def _big_wig(path, fasta, unknown):
    if fasta == "-":
        raise ValueError("a bigWig begins with the lengths of all records: give a file, not '-'")
    check_regular(fasta)
    lengths = {name: len(codes) for name, codes in read_genome(fasta, unknown=unknown)}
    with open_bigwig(path, lengths) as big_wig:

        def write(name, bits):
            places = np.flatnonzero(~np.isnan(bits))
            big_wig.write(name, places, places + 1, bits[places])

        yield write
