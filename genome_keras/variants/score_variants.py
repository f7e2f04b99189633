"""What variants do: effects of alternative alleles, from VCF and genome to a table."""

from collections import Counter
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from genome_keras.genome import Interval, Variant
from genome_keras.io import vcf
from genome_keras.io.reference import open_genome
from genome_keras.io.rows import open_rows
from genome_keras.io.vcf_out import SUFFIXES as VCF
from genome_keras.io.vcf_out import open_vcf
from genome_keras.scoring.choices import chosen_tasks, window_of
from genome_keras.scoring.effects import effect as effect_of
from genome_keras.scoring.effects import kinds
from genome_keras.scoring.load import described
from genome_keras.scoring.scorer import open_scorer
from genome_keras.variants.blocks import blocks
from genome_keras.variants.finished_blocks import Parts
from genome_keras.variants.page import variants_page
from genome_keras.weights.resolve import DEFAULT


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
    """

    variants: list[Variant]
    status: list[str]
    diff: np.ndarray
    logodds: np.ndarray | None
    tasks: list[str]


class Summary(NamedTuple):
    """What `score_vcf` did.

    Attributes:
        status: how many alternative alleles ended with each word of
            `genome_keras.variants.blocks.STATUS`.
    """

    status: dict[str, int]


def score(variants, genome, scorer, *, window=None):
    """Effects of variants, in memory.

    Windows lie as `genome_keras.windows.alleles` has them: both alleles begin at base
    `window // 2`. A variant that cannot be shown, or whose `ref` is not what the genome
    has, gets no effects and a status that says so.

    Args:
        variants: iterable of `genome_keras.genome.Variant`.
        genome: an open `genome_keras.io.reference.Genome`.
        scorer: a `genome_keras.scoring.scorer.Scorer`, or what `open_scorer` gives.
        window: bp; needed where the model takes any length, else the model's.

    Returns:
        `Effects`.

    Raises:
        ValueError: no window, or another than the model's.
    """
    window = window_of(window, scorer.window, scorer.model.name)
    names = ("diff",) if scorer.is_language_model else ("diff", "logodds")
    every, status, found = [], [], [np.empty((len(names), 0, len(scorer.tasks)), np.float32)]
    for block in blocks(enumerate(variants), genome, window=window):
        every += block.variants
        status += block.status
        found.append(_effects(block, scorer, names))
    diff, *logodds = np.concatenate(found, 1)
    return Effects(every, status, diff, *logodds or [None], scorer.tasks)


def score_vcf(
    path,
    out="-",
    *,
    genome,
    weights=DEFAULT,
    effect="diff",
    tasks=None,
    both_strands=None,
    window=None,
    region=None,
    resume=False,
    batch_size=256,
    report=None,
):
    """Scores every alternative allele of a VCF and writes a table or a VCF.

    One row an allele, in the order of the file: chrom, pos (1-based), id, ref, alt, as
    written; status, a word of `genome_keras.variants.blocks.STATUS`; the largest absolute
    effect over the tasks and its task (max_diff, max_diff_task); then the effects, one
    column a task. With both effects the tasks' columns end in ":diff" and ":logodds". A
    VCF has the same in INFO, as `genome_keras.io.vcf_out.open_vcf` tells. Memory does not
    grow with the file.

    Args:
        path: VCF, plain or gzip; "-" is standard input.
        out: .tsv, .tsv.gz, .parquet, .vcf or .vcf.gz; "-" writes TSV to standard output.
        genome: path of FASTA, bgzip FASTA or 2bit.
        weights: as in `genome_keras.scoring.load.load_model`.
        effect: "diff", "logodds" or "both".
        tasks: names of those to write; None is all that were trained. The largest is among them.
        both_strands: average over both strands; None does what the checkpoint does.
        window: bp; needed where the model takes any length.
        region: only records whose POS is in it: "chr1:11-20", 1-based and inclusive, or a
            contig. Neighbouring regions share no record.
        resume: keep finished blocks in the folder `out` + ".parts" until `out` is whole;
            the same call after a kill goes on from them.
        batch_size: windows at a time.
        report: path of an HTML page with pictures of the alleles that change most and of
            their neighbourhoods, or None.

    Returns:
        `Summary`.

    Raises:
        FormatError: a malformed VCF or genome.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another value of an argument.
        GenomeKerasError: `out` or `report` cannot be written, or matplotlib or logomaker
            is missing.
    """
    out, checkpoint = str(out), described(weights)
    names = kinds(effect)
    if resume and out == "-":
        raise ValueError("resume needs a file. Received: out='-'")
    chosen, columns = chosen_tasks(checkpoint, tasks)
    window = window_of(window, checkpoint.arguments.get("window"), weights)
    counts = Counter()
    shown = {"tasks": columns, "chosen": chosen, "effect": names[0], "weights": checkpoint.name}
    with (
        open_genome(genome) as letters,
        variants_page(report, genome=letters, **shown) as page,
        closing(_within(vcf.read(path), region, letters)) as lines,
        tqdm(unit=" alleles", disable=None) as bar,
    ):
        every = blocks(lines, letters, window=window)
        first = list(islice(every, 1))  # bad input is told before a framework loads
        about = [("reference", Path(genome).name), ("genome_keras_weights", checkpoint.name)]
        with _open(out, columns, names, letters.contigs, about) as write:
            scorer = open_scorer(weights, both_strands=both_strands, batch_size=batch_size)
            page.scorer = scorer
            names = kinds(effect, language_model=scorer.is_language_model)
            parts = Parts(f"{out}.parts", _settings(checkpoint, both_strands, names, chosen))
            for block in chain(first, every):
                values = parts.load(block) if resume else None
                if values is None:
                    values = _effects(block, scorer, names, chosen)
                    if resume:
                        parts.save(block, values)
                write(block, values)
                page.add(block, values[0])
                counts.update(block.status)
                bar.update(len(block.variants))
        if resume:
            parts.remove()
    return Summary(dict(counts))


def _effects(block, scorer, names, chosen=slice(None)):
    """Effects of a block: float32 (effects, n, tasks), NaN where there is none."""
    scores = scorer.scores(block.codes, alike=True)[:, chosen]
    known = block.ref >= 0
    ref, alt = scores[block.ref[known]], scores[block.alt[known]]
    values = np.full((len(names), len(known), scores.shape[1]), np.nan, np.float32)
    for of, name in zip(values, names, strict=True):
        of[known] = effect_of(name, ref, alt)
    return values


def _within(lines, region, genome):
    """The lines whose POS is in a region; None is everywhere."""
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
def _open(out, tasks, names, contigs, about):
    """Opens a table or a VCF; gives a function that writes a block and its effects."""
    if out.endswith(VCF):
        with open_vcf(out, contigs=contigs, tasks=tasks, effects=names, about=about) as file:
            yield lambda block, values: file.write(
                block.lines, block.variants, block.status, values.swapaxes(0, 1)
            )
        return
    with open_effects(out, tasks, names) as write:
        yield write


@contextmanager
def open_effects(out, tasks, names):
    """Opens a table of effects, as `score_vcf` writes it.

    Args:
        out: as in `genome_keras.io.tables.open_table`.
        tasks: names of the columns.
        names: words of `genome_keras.scoring.effects.EFFECTS`.

    Yields:
        A function of `Effects`, or another object with `variants` and `status`, and of
        floats (names, n, tasks), NaN where there is no effect. It writes their rows.
    """
    fields = dict(chrom=str, pos=int, id=str, ref=str, alt=str, status=str)
    for name in names:
        fields |= {f"max_{name}": float, f"max_{name}_task": str}
    columns = tasks
    if len(names) > 1:
        columns = [f"{task}:{name}" for name in names for task in tasks]
    with open_rows(out, fields, columns) as table:

        def write(block, values):
            places = [(v.contig, v.position, v.id or ".", v.ref, v.alt) for v in block.variants]
            first = [*zip(*places, strict=True), block.status]
            for of in values:
                largest, at = _largest(of)
                first += [largest.tolist(), [tasks[i] if i >= 0 else "." for i in at.tolist()]]
            table.write(first, np.concatenate(values, 1))

        yield write


def _largest(values):
    """Largest absolute effect of each row, and its column; NaN and -1 where there is none."""
    size = np.where(np.isnan(values), -1, np.abs(values))
    at = size.argmax(1)
    largest = size[np.arange(len(size)), at]
    none = largest < 0
    return np.where(none, np.nan, largest), np.where(none, -1, at)


def _settings(checkpoint, both_strands, names, chosen):
    given = sorted(checkpoint.arguments.items())
    return repr((checkpoint.bytes_sha256(), given, both_strands, names, chosen))
