"""In-silico mutagenesis of files: from sequences or places to a table."""

import logging
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
from genome_keras.predict import described
from genome_keras.scorer import chosen_tasks, open_scorer, window_of
from genome_keras.windows import Slider, of_intervals

WINDOWS = 32  # read at a time
BASES = np.array(list(LETTERS))
FIELDS = {"name": str, "start": int, "end": int, "pos": int, "ref": str}  # of `places`

_log = logging.getLogger(__name__)


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
    on_short="error",
    unknown=None,
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
        on_short: of FASTA, what becomes of a record shorter than the window: "error"; "pad",
            centred in a window of N, whose start is then below 0; or "skip", which is logged.
        unknown: "N" reads foreign letters as N; None refuses them.
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
    checkpoint = described(weights)
    kinds(effect)
    chosen, columns = chosen_tasks(checkpoint, tasks)
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    count = 0
    about = {"tasks": columns, "effect": effect, "weights": checkpoint.name}
    with (
        mutagenesis_page(report, **about) as page,
        windows_of(
            path, genome, region, window=window, on_short=on_short, unknown=unknown
        ) as windows,
    ):
        batches = iter(windows)
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
    windows.tell_skipped()
    return count


@contextmanager
def windows_of(path, genome, region, *, window, on_short="error", unknown=None, rows=WINDOWS):
    """Gives the windows that `write_ism` reads.

    Args:
        path, genome, region, window, on_short, unknown: as in `write_ism`.
        rows: windows of a batch, at most.

    Yields:
        `Placed`.
    """
    sizes = {"window": window, "batch_size": rows, "unknown": unknown}
    if (path is None) == (region is None) or (region is not None and genome is None):
        given = (("a file", path), ("a genome", genome), ("a region", region))
        received = " and ".join(what for what, one in given if one is not None) or "nothing"
        raise ValueError(
            f"expected FASTA, or a genome with BED or with a region. Received: {received}"
        )
    if genome is None:
        with closing(fasta.chunks(path)) as pieces:
            yield Placed(Slider(pieces, on_short=on_short, **sizes))
        return
    with open_genome(genome) as letters:
        places = [Interval.from_region(region)] if path is None else bed.read(path)
        yield Placed(of_intervals(places, letters, **sizes))


class Placed:
    """Batches of windows, gone through once; starts and ends are those of whole windows.

    The window of a short record begins before it, in N, as one beyond a contig does.

    Args:
        batches: iterable of `genome_keras.windows.Batch`.
    """

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        for batch in self.batches:
            window = batch.codes.shape[1]
            starts = batch.starts - (window - (batch.ends - batch.starts)) // 2
            yield batch._replace(starts=starts, ends=starts + window)

    def tell_skipped(self):
        """Logs how many short records were left out, if any."""
        if skipped := getattr(self.batches, "skipped", 0):
            _log.info("left out %d short records", skipped)


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
