"""In-silico mutagenesis of files: from sequences or places to a table."""

import os
from collections.abc import Iterable

from genome_keras.interpret.mutagenesis import Mutagenesis, changes, model_for
from genome_keras.interpret.page_windows import WINDOWS, mutagenesis_page
from genome_keras.io.reference import Genome
from genome_keras.io.tables import open_table
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.file_run import check_finite, file_run
from genome_keras.scoring.first_record import with_default
from genome_keras.scoring.inputs import BASES, FIELDS, places, windows_of


def write_ism(
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    genome: str | os.PathLike | Genome | None = None,
    region: str | None = None,
    weights: object = None,
    effect: str = "diff",
    tasks: Iterable[str] | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    batch_size: int | None = None,
    engine: str = "auto",
    report: str | os.PathLike | None = None,
    shown: int = WINDOWS,
) -> int:
    """Writes the effects of every substitution in windows of sequences or of a genome.

    One row a substitution: name of the record or contig, start and end of the window
    (0-based, half-open), pos (1-based, in the record), ref, alt, then the effects, one
    column a task. An N has no rows. Memory does not grow with the file.

    Args:
        path: FASTA, whose windows lie as in `genome_keras.scoring.predict.predict_fasta`; or with
            `genome` BED, one window around the centre of each interval; None with `region`.
        out: as in `genome_keras.io.tables.open_table`.
        genome: path of FASTA, bgzip FASTA or 2bit, or what `genome_keras.open_genome` gave.
        region: in place of `path`, one interval: "chr1:11-20", 1-based and inclusive.
        weights: as in `genome_keras.scoring.model_in_use.model_in_use`: a name, a
            `Checkpoint`, a `keras.Model` or a `Scorer`; None is the default, as in
            `genome_keras.scoring.predict.predict_fasta`.
        effect: "diff" or "logodds".
        tasks: names of those to write; None is all that were trained.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        window: bp; needed where the model takes any length.
        on_short: of FASTA, what becomes of a record shorter than the window: "error"; "pad",
            centred in a window of N, whose start is then below 0; or "skip", which is logged.
        on_outside: of BED, as in `genome_keras.io.bed.read`: "error" or "skip", which is logged.
        unknown: "N" reads foreign letters as N; None refuses them.
        batch_size: sequences at a time; None is 256 (64 of 1000 bp), or what the scorer has.
        engine: of a checkpoint, as in `genome_keras.interpret.mutagenesis.ism`.
        report: path of an HTML page with pictures of the first windows, or None.
        shown: windows on the page, at most.

    Returns:
        Number of windows.

    Raises:
        FormatError: a malformed file.
        SequenceError: a foreign letter, a record shorter than the window, a place outside
            the genome.
        WeightsError: a checkpoint that cannot be used, a score that is not finite.
        ValueError: another value of an argument.
        GenomeKerasError: `out` or `report` cannot be written, or matplotlib or logomaker
            is missing.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGTACGT", sep="\\n", file=file)
        ...     write_ism(path, path + ".tsv", weights=model)
        ...     with open(path + ".tsv") as table:
        ...         len(table.readlines())  # a heading, and three rows a letter
        1
        37
    """
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    weights, path = with_default(weights, path, genome=genome, on_short=on_short)
    use = model_for(weights, **sizes, engine=engine)
    kinds(effect, language_model=use.is_language_model)
    chosen, columns = use.columns(tasks)
    window = use.window_of(window)
    about = {"tasks": columns, "effect": effect, "weights": use.name, "shown": shown}
    about |= {"checkpoint": use.checkpoint}
    reading = {"window": window, "on_short": on_short, "unknown": unknown, "on_outside": on_outside}
    with (
        mutagenesis_page(report, **about) as page,
        windows_of(path, genome, region, **reading) as windows,
        file_run(
            windows,
            open_table(out, columns, fields={**FIELDS, "alt": str}),
            lambda: Mutagenesis(use.scorer, tasks=chosen),
        ) as run,
    ):
        for batch in run.batches:
            effects = run.work(batch.codes, effect=effect)
            known = (batch.codes < 4)[..., None, None]
            check_finite(effects, batch, columns, use.name, known=known)
            _write(run.out, batch, effects)
            page.add(batch, effects)
    windows.tell_skipped()
    return run.count


def _write(table, batch, effects):
    row, at, letter = changes(batch.codes)
    table.write(*places(batch, row, at), BASES[letter].tolist(), effects[row, at, letter])
