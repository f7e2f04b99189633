"""A report on motifs: what they are like, where they stand, what hangs on them, elsewhere too."""

import os
from collections.abc import Iterable
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.io.atomic import protected
from genome_keras.io.motifs import Motif, read_motifs
from genome_keras.io.reference import Genome
from genome_keras.io.tables import open_table
from genome_keras.motifs.evidence import Closest, Support, closest, support
from genome_keras.motifs.report_page import fill_page
from genome_keras.pictures.page_frame import written_page
from genome_keras.progress import progress
from genome_keras.scoring.file_run import file_run
from genome_keras.scoring.first_record import with_default
from genome_keras.scoring.inputs import windows_of
from genome_keras.scoring.model_in_use import model_in_use

MOST = 1000  # windows of an input that are looked at
FIELDS = {
    **{"name": str, "sites": int, "closest": str, "correlation": float, "p_value": float},
    **dict.fromkeys(("windows", "with_site", "by_chance"), int),
    **dict.fromkeys(("held_out_windows", "held_out_with_site", "held_out_by_chance"), int),
}


class Evidence(NamedTuple):
    """What was found for one motif.

    Attributes:
        motif: `genome_keras.io.motifs.Motif`.
        closest: `genome_keras.motifs.evidence.Closest`, or None without known motifs.
        seen: `genome_keras.motifs.evidence.Support` in the first windows.
        held_out: the same in the others, or None.

    Example:
        >>> seen = Support(200, 50, 4, np.array([0.8]))
        >>> found = Evidence(Motif("m", np.eye(4)), None, seen, seen._replace(with_site=40))
        >>> found.held_out.share / found.seen.share
        0.8
    """

    motif: Motif
    closest: Closest | None
    seen: Support
    held_out: Support | None


def write_motif_report(
    motifs: str | os.PathLike | list[Motif],
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    held_out: str | os.PathLike | None = None,
    known: str | os.PathLike | list[Motif] | None = None,
    report: str | os.PathLike | None = None,
    genome: str | os.PathLike | Genome | None = None,
    region: str | None = None,
    weights: object = None,
    tasks: Iterable[str] | str | None = None,
    both_strands: bool | None = None,
    site_p_value: float = 1e-4,
    shuffles: int = 999,
    seed: int = 0,
    most: int = MOST,
    window: int | None = None,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    batch_size: int | None = None,
) -> list[Evidence]:
    """Writes what speaks for motifs: a row each, and a page with their logos.

    A row has the name, the sites in the motifs' own file, the closest known motif with its
    correlation and p-value (`genome_keras.motifs.evidence.closest`); for the windows and for
    the held-out ones their number, how many have a site, and how many have one when shuffled;
    then what hangs on the sites: a column for each task, and one for each in held-out windows.

    Args:
        motifs: a file in MEME's or JASPAR's format, as `modisco --meme` and `filters` write
            it, or what `genome_keras.io.motifs.read_motifs` gives.
        path: windows to look for the motifs in, those that they were found in, say: FASTA, or
            with `genome` BED, as in `genome_keras.interpret.write_ism`.
        out: .tsv, .tsv.gz or .parquet; "-" writes TSV to standard output.
        held_out: other windows, of another split, say; or None.
        known: a collection of known motifs, such as JASPAR's or HOCOMOCO's, as `motifs`; or None.
        report: path of the HTML page, or None.
        genome, region, window, on_short, on_outside, unknown, weights, tasks, both_strands,
            batch_size: as in `write_ism`.
        site_p_value: of a site, as in `genome_keras.motifs.sites.scan`.
        shuffles: of a motif's columns, for the p-value of its likeness.
        seed: of all shuffles.
        most: windows of each input at most, evenly spaced ones.

    Returns:
        list of `Evidence`, in the order of the motifs.

    Raises:
        FormatError, SequenceError, WeightsError, GenomeKerasError: as `write_ism`, and for a
            file of motifs that is none.
        ValueError: another value of an argument; a language model.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=14, tasks=3)
        >>> mine = [Motif("mine", np.eye(4)[[0, 0, 1, 3, 2, 1, 3]], 9)]  # AACTGCT
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "GGGGAACTGCTGGG", sep="\\n", file=file)
        ...     (found,) = write_motif_report(mine, path, path + ".tsv", weights=model)
        ...     with open(path + ".tsv") as table:
        ...         table.readlines()[1].split()[:8]
        ['mine', '9', '.', 'nan', 'nan', '1', '1', '0']
        >>> found.seen.with_site
        1
    """
    at_least_one(most=most, shuffles=shuffles)
    if not 0 < site_p_value <= 1:
        raise ValueError(f"site_p_value must be in (0, 1]. Received: {site_p_value!r}")
    read = [each for each in (motifs, known) if isinstance(each, str | os.PathLike)]
    motifs = motifs if isinstance(motifs, list) else read_motifs(motifs)
    if known is not None and not isinstance(known, list):
        known = read_motifs(known)
    weights, path = with_default(weights, path, genome=genome, on_short=on_short)
    use = model_in_use(weights, both_strands=both_strands, batch_size=batch_size)
    if use.is_language_model:
        raise ValueError(f"expected a model of tasks. Received: {use.name}, a language model")
    chosen, names = use.columns(tasks)
    columns = np.arange(len(use.tasks))[chosen]
    reading = {"window": use.window_of(window), "on_short": on_short}
    reading |= {"on_outside": on_outside, "unknown": unknown}
    others = nullcontext() if held_out is None else windows_of(held_out, genome, None, **reading)
    scores = names if held_out is None else [*names, *(f"{name}:held_out" for name in names)]
    asked = {"shuffles": shuffles, "seed": seed}, {"p_value": site_p_value, "seed": seed}
    with (
        protected(read),
        written_page(report, "Motifs") as parts,
        windows_of(path, genome, region, **reading) as windows,
        others as more,
        file_run(windows, open_table(out, scores, fields=FIELDS), lambda: use.scorer) as run,
    ):
        codes = _some([batch.codes for batch in run.batches], most)
        rest = None if more is None else _some([batch.codes for batch in more], most)
        all_evidence = []
        with progress(total=len(motifs), unit=" motifs") as bar:
            for motif in motifs:
                all_evidence.append(
                    _looked_up(run.work, motif, known, codes, rest, columns, *asked)
                )
                run.out.write(*_row(all_evidence[-1]), _numbers(all_evidence[-1]))
                bar.update(1)
        if report is not None:
            fill_page(parts, all_evidence, names, use.name)
    for each in (windows, more):
        if each is not None:
            each.tell_skipped()
    return all_evidence


def _some(batches, most):
    """Codes of all batches; `most` windows of them, evenly spaced."""
    if not batches:
        return np.empty((0, 0), np.uint8)
    codes = np.concatenate(batches)
    if len(codes) <= most:
        return codes
    return codes[np.linspace(0, len(codes) - 1, most).astype(np.int64)]


def _looked_up(scorer, motif, known, codes, rest, columns, matching, looking):
    like = closest(motif, known, **matching) if known else None
    seen, held_out = (
        None if some is None else support(scorer, some, motif, columns=columns, **looking)
        for some in (codes, rest)
    )
    return Evidence(motif, like, seen, held_out)


def _row(evidence):
    like = evidence.closest
    first = [evidence.motif.name, evidence.motif.sites]
    first += [None, np.nan, np.nan] if like is None else [like.motif.name, *like[1:]]
    held_out = (None,) * 3 if evidence.held_out is None else evidence.held_out[:3]
    return [[cell] for cell in (*first, *evidence.seen[:3], *held_out)]


def _numbers(evidence):
    both = [each.contributions for each in (evidence.seen, evidence.held_out) if each is not None]
    return np.concatenate(both)[None]
