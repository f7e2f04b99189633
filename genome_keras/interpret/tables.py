"""In-silico mutagenesis of files: from sequences or places to a table."""

from contextlib import closing, contextmanager
from itertools import chain, islice

import numpy as np
from tqdm import tqdm

from genome_keras import weights as checkpoints
from genome_keras.effects import kinds
from genome_keras.encode import LETTERS
from genome_keras.genome import Interval
from genome_keras.interpret.mutagenesis import Mutagenesis, changes
from genome_keras.interpret.page_windows import mutagenesis_page
from genome_keras.io import bed, fasta
from genome_keras.io.reference import open_genome
from genome_keras.io.rows import open_rows
from genome_keras.scorer import chosen_tasks, open_scorer, window_of
from genome_keras.windows import Slider, of_intervals

WINDOWS = 32  # read at a time
BASES = np.array(list(LETTERS))
FIELDS = {"name": str, "start": int, "end": int, "pos": int, "ref": str}  # of `places`


def write_ism(
    path,
    out="-",
    *,
    genome=None,
    region=None,
    weights=checkpoints.DEFAULT,
    effect="diff",
    tasks=None,
    both_strands=None,
    window=None,
    batch_size=256,
    report=None,
):
    """Writes the effects of every substitution in windows of sequences or of a genome.

    One row a substitution: name of the record or contig, start and end of the window
    (0-based, half-open), pos (1-based, in the record), ref, alt, then the effects, one
    column a task. An N has no rows. Memory does not grow with the file.

    Args:
        path: FASTA, whose windows lie as in `genome_keras.predict.predict_fasta`; or with
            `genome` BED, one window around the centre of each interval; None with `region`.
        out: as in `genome_keras.io.tables.open_table`.
        genome: path of FASTA, bgzip FASTA or 2bit.
        region: in place of `path`, one interval: "chr1:11-20", 1-based and inclusive.
        weights: as in `genome_keras.predict.load_model`.
        effect: "diff" or "logodds".
        tasks: names of those to write; None is all that were trained.
        both_strands: average over both strands; None does what the checkpoint does.
        window: bp; needed where the model takes any length.
        batch_size: sequences at a time.
        report: path of an HTML page with pictures of the first windows, or None.

    Returns:
        Number of windows.

    Raises:
        FormatError: a malformed file.
        SequenceError: a foreign letter, a record shorter than the window, a place outside
            the genome.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.
        GenomeKerasError: `out` or `report` cannot be written, or matplotlib or logomaker
            is missing.
    """
    checkpoint = checkpoints.find(weights)
    kinds(effect)
    chosen, columns = chosen_tasks(checkpoint, tasks)
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    count = 0
    about = {"tasks": columns, "effect": effect, "weights": checkpoint.name}
    with (
        mutagenesis_page(report, **about) as page,
        windows_of(path, genome, region, window) as batches,
    ):
        batches = iter(batches)
        first = list(islice(batches, 1))  # bad input is told before a framework loads
        with (
            open_rows(out, {**FIELDS, "alt": str}, columns) as table,
            tqdm(unit=" windows", disable=None) as bar,
        ):
            scorer = open_scorer(weights, both_strands=both_strands, batch_size=batch_size)
            change = Mutagenesis(scorer, tasks=chosen)
            for batch in chain(first, batches):
                effects = change(batch.codes, effect=effect)
                _write(table, batch, effects)
                page.add(batch, effects)
                count += len(batch.codes)
                bar.update(len(batch.codes))
    return count


@contextmanager
def windows_of(path, genome, region, window, rows=WINDOWS):
    """Gives an iterator of `genome_keras.windows.Batch` of at most so many rows.

    Args: as in `write_ism`.
    """
    sizes = {"window": window, "batch_size": rows}
    if (path is None) == (region is None) or (region is not None and genome is None):
        raise ValueError(
            "expected FASTA, or a genome with BED or with a region. "
            f"Received: path={path!r}, genome={genome!r}, region={region!r}"
        )
    if genome is None:
        with closing(fasta.chunks(path)) as pieces:
            yield Slider(pieces, **sizes)
        return
    with open_genome(genome) as letters:
        places = [Interval.from_region(region)] if path is None else bed.read(path)
        yield of_intervals(places, letters, **sizes)


def _write(table, batch, effects):
    row, at, letter = changes(batch.codes)
    table.write([*places(batch, row, at), BASES[letter].tolist()], effects[row, at, letter])


def places(batch, row, at):
    """The columns of `FIELDS`, of letters of windows.

    Args:
        batch: `genome_keras.windows.Batch`.
        row, at: integer (n,), the window, and the place in it from 0.
    """
    names = [batch.names[i] for i in row.tolist()]
    columns = [names, batch.starts[row].tolist(), batch.ends[row].tolist()]
    return [*columns, (batch.starts[row] + at + 1).tolist(), BASES[batch.codes[row, at]].tolist()]
