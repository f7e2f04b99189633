"""In-silico mutagenesis of files: from sequences or places to a table."""

import logging
from itertools import chain, islice

from tqdm import tqdm

from genome_keras.interpret.mutagenesis import Mutagenesis, changes
from genome_keras.interpret.page_windows import mutagenesis_page
from genome_keras.io.rows import open_rows
from genome_keras.scoring.choices import chosen_tasks, window_of
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.inputs import BASES, FIELDS, places, windows_of
from genome_keras.scoring.load import described
from genome_keras.scoring.scorer import open_scorer
from genome_keras.weights.resolve import DEFAULT

_log = logging.getLogger(__name__)


def write_ism(
    path,
    out="-",
    *,
    genome=None,
    region=None,
    weights=DEFAULT,
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
        path: FASTA, whose windows lie as in `genome_keras.scoring.predict.predict_fasta`; or with
            `genome` BED, one window around the centre of each interval; None with `region`.
        out: as in `genome_keras.io.tables.open_table`.
        genome: path of FASTA, bgzip FASTA or 2bit.
        region: in place of `path`, one interval: "chr1:11-20", 1-based and inclusive.
        weights: as in `genome_keras.scoring.load.load_model`.
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


def _write(table, batch, effects):
    row, at, letter = changes(batch.codes)
    table.write([*places(batch, row, at), BASES[letter].tolist()], effects[row, at, letter])
