"""What variants do: effects of alternative alleles, from VCF and genome to a table."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.genome import Interval, Variant
from genome_keras.io import vcf
from genome_keras.io.atomic import protected
from genome_keras.io.h5ad import SUFFIX as H5AD
from genome_keras.io.reference import Genome
from genome_keras.io.vcf_out import SUFFIXES as VCF
from genome_keras.io.vcf_out import open_vcf
from genome_keras.io.vcf_source import Copy
from genome_keras.scoring import EFFECTS
from genome_keras.scoring.anndata_out import anndata_of
from genome_keras.scoring.data_frames import is_frame, variants_in
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.file_run import file_run
from genome_keras.scoring.inputs import opened_genome
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.variants.blocks import BLOCK, SCORED, blocks, without_lost
from genome_keras.variants.effects_table import (
    ALLELES,
    allele_columns,
    allele_name,
    open_effects,
)
from genome_keras.variants.finished_blocks import FinishedBlocks
from genome_keras.variants.kept_alleles import SHOWN
from genome_keras.variants.nearby_genes import genes_of
from genome_keras.variants.page import variants_page
from genome_keras.variants.summary import accessible_columns, apart, beside
from genome_keras.variants.summary import summary as summary_of
from genome_keras.weights.records import data_frame

NAMED = 5  # contigs that a message names


class Effects(NamedTuple):
    """Effects of n alternative alleles.

    Attributes:
        variants: list of `Variant`, as they came.
        status: list of n words of `genome_keras.variants.blocks.STATUS`; those that are not
            "ok" have no effects.
        diff: float32 (n, tasks), P(alt) - P(ref), or the log-likelihood ratio of a
            language model in nats; NaN where there is none.
        logodds: float32 (n, tasks), differences of log(P / (1 - P)); None for a language
            model.
        tasks: names of the tasks.
        summary: float32 (n,), as `genome_keras.variants.summary.summary` has it, NaN where
            there are no effects; None where none was asked for.
        ref, alt: float32 (n, tasks), scores of both alleles, NaN where there are no effects; None
            of effects that were read from a file.

    Example:
        >>> variants = [Variant("chr1", 5, "A", "C")]
        >>> found = Effects(variants, ["ok"], np.float32([[0.25]]), None, ["CTCF"])
        >>> dict(zip(found.tasks, found.diff[0].tolist()))
        {'CTCF': 0.25}
    """

    variants: list[Variant]
    status: list[str]
    diff: np.ndarray
    logodds: np.ndarray | None
    tasks: list[str]
    summary: np.ndarray | None = None
    ref: np.ndarray | None = None
    alt: np.ndarray | None = None

    def as_frame(self, effect: str = "diff") -> Any:
        """A `pandas.DataFrame`: chrom, pos, id, ref, alt, status, and a column for each task.

        Args:
            effect: "diff" or "logodds".

        Raises:
            ValueError: another effect, or log-odds of a language model.
            GenomeKerasError: pandas is missing.
        """
        one_of(effect=effect, accepted=EFFECTS[: 1 if self.logodds is None else None])
        return data_frame(self._obs() | dict(zip(self.tasks, getattr(self, effect).T, strict=True)))

    def as_anndata(self, effect: str = "diff") -> Any:
        """An `anndata.AnnData`: rows are alleles, columns tasks.

        `X` is the effect, the layers the other effect and the scores of both alleles, "ref" and
        "alt"; `obs` has chrom, pos, id, ref, alt and status, and `var` what the names of tasks
        tell: cell, target, treatment, group and accession.

        Args:
            effect: "diff" or "logodds".

        Raises:
            ValueError: another effect, or log-odds of a language model.
            GenomeKerasError: anndata is missing.
        """
        one_of(effect=effect, accepted=EFFECTS[: 1 if self.logodds is None else None])
        names = [name for name in (*EFFECTS, *ALLELES) if name != effect]
        layers = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return anndata_of(
            getattr(self, effect),
            self.tasks,
            obs=self._obs(),
            index=[allele_name(v.contig, v.position, v.id, v.ref, v.alt) for v in self.variants],
            layers=layers,
            about={"effect": effect},
        )

    def _obs(self):
        columns = allele_columns(self.variants) | {"status": self.status}
        return columns | ({} if self.summary is None else {"summary": self.summary})


class ScoredAlleles(NamedTuple):
    """What `score_vcf` did.

    Attributes:
        status: how many alternative alleles ended with each word of
            `genome_keras.variants.blocks.STATUS`.
        problem: why none of them could be scored, in words; None where one was, or there
            were none.

    Example:
        >>> done = ScoredAlleles({"ok": 90, "ref_mismatch": 10})
        >>> done.status["ok"], done.problem
        (90, None)
    """

    status: dict[str, int]
    problem: str | None = None


def score_variants(
    variants: str | os.PathLike | Iterable[Variant],
    genome: str | os.PathLike | Genome,
    *,
    weights: object = None,
    tasks: Iterable[str] | str | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    region: str | None = None,
    unknown: str | None = None,
    batch_size: int | None = None,
    engine: str = "auto",
    summary: Iterable[str] | str | None = None,
    bins: int | None = None,
) -> Effects:
    """Effects of variants, in memory.

    Windows lie as `genome_keras.windows.alleles` has them: both alleles begin at base
    `window // 2`. A variant that cannot be shown, or whose `ref` is not what the genome
    has, gets no effects and a status that says so.

    Args:
        variants: path of a VCF, plain or gzip; an iterable of `genome_keras.Variant`; or a
            DataFrame with the columns chrom, pos (1-based), ref and alt, one allele a row.
        genome: path of FASTA, bgzip FASTA or 2bit, or what `genome_keras.open_genome` gave.
        weights, tasks, both_strands, window, region, unknown, batch_size, engine, summary,
            bins: as in `score_vcf`.

    Returns:
        `Effects`, whose `as_frame()` is a DataFrame, and `as_anndata()` an AnnData.

    Raises:
        FormatError: a malformed VCF or genome.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTACGTACGT", sep="\\n", file=file)
        ...     found = score_variants([Variant("chr1", 5, "A", "C")], path, weights=model)
        >>> found.status, found.diff.shape
        (['ok'], (1, 3))
    """
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(weights, **sizes, engine=engine, sums=True, bins=bins)
    chosen, columns = use.columns(tasks)
    window = use.window_of(window)
    names = EFFECTS if use.gives_probabilities and not use.is_language_model else EFFECTS[:1]
    _check_of_tasks(use, summary=summary)
    tracks = None if summary is None else accessible_columns(use, summary)
    scored, status = [], []
    names += ALLELES
    values = [np.empty((len(names), 0, len(columns) + (tracks is not None)), np.float32)]
    with opened_genome(genome) as letters, closing(_lines(variants, region, letters)) as lines:
        given = blocks(lines, letters, window=window, unknown=unknown)
        with file_run(given, nullcontext(), lambda: use.scorer, unit=None) as run:
            for block in run.batches:
                values.append(_effects(block, run.work, names, chosen, tracks))
                scored += block.variants
                status += without_lost(block, values[-1][0]).status
    values = np.concatenate(values, 1)
    values, summaries = (values, None) if tracks is None else apart(values)
    diff, *logodds, ref, alt = values
    return Effects(scored, status, diff, *logodds or [None], columns, summaries, ref, alt)


def score(
    variants: str | os.PathLike | Iterable[Variant],
    genome: str | os.PathLike | Genome,
    scorer: object,
    *,
    window: int | None = None,
) -> Effects:
    """As `score_variants`, with all tasks of a scorer.

    Args:
        variants, genome: as in `score_variants`.
        scorer: a `genome_keras.scoring.scorer.Scorer`, or what `open_scorer` gives.
        window: bp; needed where the model takes any length, else the model's.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> from genome_keras.scoring.scorer import Scorer
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "genome.fa")
        ...     with open(path, "w") as file:
        ...         print(">chr1", "ACGTACGTACGT", sep="\\n", file=file)
        ...     found = score([Variant("chr1", 5, "A", "C")], path, scorer)
        >>> found.status, found.diff.shape
        (['ok'], (1, 3))
    """
    return score_variants(variants, genome, weights=scorer, window=window)


def score_vcf(
    path: str | os.PathLike | Iterable[Variant],
    out: str | os.PathLike = "-",
    *,
    genome: str | os.PathLike | Genome,
    weights: object = None,
    effect: str = "diff",
    tasks: Iterable[str] | str | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    region: str | None = None,
    unknown: str | None = None,
    resume: bool = False,
    batch_size: int | None = None,
    engine: str = "auto",
    summary: Iterable[str] | str | None = None,
    block_size: int = BLOCK,
    bare: bool = False,
    report: str | os.PathLike | None = None,
    genes: str | os.PathLike | None = None,
    shown: int = SHOWN,
    bins: int | None = None,
) -> ScoredAlleles:
    """Scores every alternative allele of a VCF and writes a table or a VCF.

    One row an allele, in the order of the file: chrom, pos (1-based, missing where the record has
    none), id, ref, alt, as written; status, a word of `genome_keras.variants.blocks.STATUS`; the
    largest absolute effect over the tasks and its task (max_diff, max_diff_task); then the effects,
    one column a task. With both effects the tasks' columns end in ":diff" and ":logodds". A VCF has
    the same in INFO, as `genome_keras.io.vcf_out.open_vcf` tells; an AnnData file has the scores of
    both alleles too, as `genome_keras.variants.effects_table.open_effects` tells. Memory does not
    grow with the file.

    Args:
        path: VCF, plain or gzip; "-" is standard input; or variants, as `score_variants`
            takes them.
        out: .tsv, .tsv.gz, .parquet, .h5ad, .vcf or .vcf.gz; "-" writes TSV to standard output.
        genome: path of FASTA, bgzip FASTA or 2bit, or what `genome_keras.open_genome` gave.
        weights: as in `genome_keras.scoring.model_in_use.model_in_use`: a name, a
            `Checkpoint`, a `keras.Model` or a `Scorer`; None is the default for places of a
            genome, as `genome_keras.weights.resolve.default_for` has it.
        effect: "diff", "logodds" or "both".
        tasks: those to write, chosen as in `genome_keras.predict`; None is all that were
            trained. The largest is among them.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        window: bp; needed where the model takes any length.
        region: only records whose POS is in it: "chr1:11-20", 1-based and inclusive, or a
            contig. Neighbouring regions share no record.
        unknown: "N" reads letters of the genome and of alleles other than A, C, G, T, N as
            N; with None, windows that have one are not scored.
        resume: keep finished blocks in the folder `out` + ".parts" until `out` is whole;
            the same call after a kill goes on from them.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.
        engine: of a checkpoint, as in `genome_keras.scoring.engines.model_without_keras`.
        summary: tasks, chosen as `tasks`, such as "cell=K562": a column more, the largest
            change of P over those of accessible chromatin among them, with its sign. Of tables
            and of the page, not of a VCF.
        block_size: windows of a block, the unit of resuming.
        bare: of a VCF, leave out the header, QUAL, FILTER, INFO and samples of the input.
        report: path of an HTML page with a list of all alleles, and pictures of those that
            change most and of their neighbourhoods; or None.
        genes: GTF, plain or gzip, among whose genes the page places alleles; or None.
        shown: alleles with pictures, at most.
        bins: of a model of measured signal, how many of the middle bins are summed; None is all.
            Its one effect, "diff", is the change of log2(1 + sum).

    Returns:
        `ScoredAlleles`.

    Raises:
        FormatError: a malformed VCF or genome.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.
        GenomeKerasError: `out` or `report` cannot be written, or matplotlib or logomaker
            is missing.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome, vcf, out = (f"{folder}/{name}" for name in ("g.fa", "v.vcf", "o.tsv"))
        ...     with open(genome, "w") as file:
        ...         print(">chr1", "ACGTACGTACGT", sep="\\n", file=file)
        ...     with open(vcf, "w") as file:
        ...         print("##fileformat=VCFv4.2", file=file)
        ...         print("#CHROM", "POS", "ID", "REF", "ALT", sep="\\t", file=file)
        ...         print("chr1", 5, "rs1", "A", "C,G", sep="\\t", file=file)
        ...     score_vcf(vcf, out, genome=genome, weights=model)
        ScoredAlleles(status={'ok': 2}, problem=None)
    """
    out, sizes = str(out), {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(weights, **sizes, engine=engine, sums=True, bins=bins)
    score = {"probabilities": use.gives_probabilities, "language_model": use.is_language_model}
    names = kinds(effect, **score) + (ALLELES if out.endswith(H5AD) else ())
    _check_of_tasks(use, report=report, summary=summary)
    if resume and out == "-":
        raise ValueError("resume needs a file. Received: out='-'")
    chosen, columns = use.columns(tasks)
    window = use.window_of(window)
    if summary is not None and out.endswith(VCF):
        raise ValueError(f"{out}: a summary is a column of tables, not of a VCF")
    tracks = None if summary is None else accessible_columns(use, summary)
    counts, about = Counter(), {"effect": names[0], "weights": use.name, "shown": shown}
    missing = {}  # contigs that the genome lacks
    about |= {"tracks": tracks}
    about |= {"checkpoint": use.checkpoint, "genes": genes_of(genes, report)}
    with (
        protected([path, weights, genes]),
        _second_reading(path, wanted=not bare and out.endswith(VCF)) as source,
        opened_genome(genome) as letters,
        variants_page(report, tasks=columns, chosen=chosen, genome=letters, **about) as page,
        closing(_lines(path, region, letters, source)) as lines,
    ):
        given = blocks(lines, letters, window=window, size=block_size, unknown=unknown)
        head = [("reference", Path(letters.path).name), ("genome_keras_weights", use.name)]
        table = _open(out, columns, names, letters.contigs, head, source, tracks is not None)
        with file_run(given, table, lambda: use.scorer, unit="alleles", size=_alleles_of) as run:
            page.scorer = run.work
            summed = () if tracks is None else (tuple(tracks),)
            summed += () if bins is None else (bins,)
            told = (
                (use.digest(), use.engine, both_strands, names, chosen, *summed) if resume else ""
            )
            finished = FinishedBlocks(f"{out}.parts" if resume else None, repr(told))
            for block in run.batches:
                values = finished.load(block)
                if values is None:
                    values = _effects(block, run.work, names, chosen, tracks)
                    finished.save(block, values)
                block = without_lost(block, values[0])
                values, summaries = (values, None) if tracks is None else apart(values)
                run.out(block, values, summaries)
                page.add(block, values[0])
                counts.update(block.status)
                if len(missing) < NAMED and "no_contig" in block.status:
                    pairs = zip(block.variants, block.status, strict=True)
                    missing |= {
                        variant.contig: None for variant, word in pairs if word == "no_contig"
                    }
        finished.remove()
        return ScoredAlleles(dict(counts), _why_none(counts, missing, letters))


def _check_of_tasks(use, **given):
    """A page and a summary are of P(label = 1)."""
    for name, value in given.items():
        if value is not None and not use.gives_probabilities:
            raise ValueError(f"{use.name}: a {name} is of models of tasks, not of measured signal")


def _why_none(counts, missing, genome):
    """Why no allele could be scored, in words; None where one was, or there were none."""
    if counts[SCORED] or not counts:
        return None
    told = ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))
    problem = f"none of {sum(counts.values())} alleles could be scored: {told}"
    if missing:
        theirs, ours = (
            ", ".join(map(repr, islice(names, NAMED))) for names in (missing, genome.contigs)
        )
        problem += f"; its contigs are {theirs}, and those of {genome.path} {ours}"
        problem += ", ..." * (len(genome.contigs) > NAMED)
    return problem


def _alleles_of(block):
    return len(block.variants)


def _effects(block, scorer, names, chosen, tracks):
    """Effects of a block: float32 (effects, n, tasks), NaN where there is none.

    Where there are columns of `tracks`, their summary is one task more.
    """
    all_scores = scorer.scores(block.codes, alike=True)
    scores = all_scores[:, chosen]
    known = np.flatnonzero(block.ref >= 0)
    ref, alt = scores[block.ref[known]], scores[block.alt[known]]
    finite = np.isfinite(ref).all(1) & np.isfinite(alt).all(1)
    values = np.full((len(names), len(block.ref), scores.shape[1]), np.nan, np.float32)
    for effects, name in zip(values, names, strict=True):
        both = {"ref": ref[finite], "alt": alt[finite]}
        effects[known[finite]] = both[name] if name in both else effect_of(name, *both.values())
    if tracks is None:
        return values
    summaries = np.full(len(block.ref), np.nan, np.float32)
    both = (all_scores[rows[known[finite]]][:, tracks] for rows in (block.ref, block.alt))
    summaries[known[finite]] = summary_of(*both)
    return beside(values, summaries)


@contextmanager
def _second_reading(path, *, wanted):
    """What the records of the input are read from a second time; None where nobody does."""
    wanted = wanted and isinstance(path, str | os.PathLike)
    if not wanted or os.path.isfile(path):
        yield path if wanted else None
        return
    with closing(Copy()) as copy:
        yield copy


def _lines(variants, region, genome, source=None):
    """Line and `Variant` of each allele of a path or an iterable, those of a region only."""
    if isinstance(variants, str | os.PathLike):
        pairs = vcf.read(variants, copy=source if isinstance(source, Copy) else None)
    else:
        pairs = enumerate(variants_in(variants) if is_frame(variants) else variants)
    yield from within(pairs, region, genome)


def within(
    lines: Iterable[tuple[int, Variant]], region: str | None, genome: Genome
) -> Iterator[tuple[int, Variant]]:
    """The lines whose POS is in a region; None is everywhere.

    Args:
        lines: number of the line, and its variant.
        region: as in `score_vcf`.
        genome: open.

    Raises:
        ValueError: no region.
        SequenceError: no such contig.

    Example:
        >>> lines = [(1, Variant("chr1", 5, "A", "C")), (2, Variant("chr1", 9, "A", "C"))]
        >>> [line for line, _ in within(lines, None, None)]
        [1, 2]
    """
    if region is None:
        yield from lines
        return
    if region in genome.contigs:  # some contigs look like regions
        place = Interval(region, 0, max(genome.contigs[region], 1))
    else:
        place = Interval.from_region(region)
        genome.length(place.contig)
    for line, variant in lines:
        if variant.contig == place.contig and place.start <= variant.start < place.end:
            yield line, variant


@contextmanager
def _open(out, tasks, names, contigs, about, source, summary):
    """Opens a table or a VCF; gives a function that writes a block and its effects."""
    if out.endswith(VCF):
        how = {"contigs": contigs, "tasks": tasks, "effects": names, "about": about}
        with open_vcf(out, source=source, **how) as file:
            yield lambda block, values, _: file.write(
                block.lines, block.variants, block.status, values.swapaxes(0, 1)
            )
        return
    with open_effects(out, tasks, names, summary=summary) as write:
        yield write
