"""`genome-keras variants`: what the variants of a VCF do."""

from argparse import _SubParsersAction
from collections.abc import Callable

from genome_keras.commands._arguments import (
    NewFile,
    add_engine,
    add_genome,
    add_scoring,
    add_unknown,
    add_weights,
    given,
    positive,
)
from genome_keras.commands._notes import notes, say
from genome_keras.commands._results import result
from genome_keras.errors import GenomeKerasError
from genome_keras.scoring import EFFECTS


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "variants",
        help="effects of the variants of a VCF file",
        description="Scores both alleles of every variant in a window of the genome: a table "
        "with one row for each alternative allele, or a VCF. Alleles that cannot be scored "
        "stay in, with a status that says why.",
    )
    add = parser.add_argument
    add("vcf", metavar="IN.vcf", help="VCF, plain or gzip; - is standard input")
    add_genome(add, required=True)
    add_weights(add)
    add(
        "--out",
        type=NewFile,
        default="-",
        help=".tsv, .tsv.gz, .parquet, .h5ad (AnnData), .vcf or .vcf.gz; - is TSV on standard "
        "output (default)",
    )
    add(
        "--effect",
        choices=(*EFFECTS, "both"),
        default="diff",
        help="P(alt) - P(ref) (default), the difference of log-odds, or both",
    )
    add_scoring(add)
    add_summary(add)
    add_unknown(add)
    add(
        "--bins",
        type=positive,
        metavar="N",
        help="of measured signal: middle bins to sum (default: all); the effect is then the "
        "change of log2(1 + sum)",
    )
    add("--region", metavar="CHR:FROM-TO", help="only records whose POS is in it; 1-based")
    add(
        "--bare",
        action="store_true",
        help="of a VCF: leave out the header, QUAL, FILTER, INFO and samples of the input",
    )
    add(
        "--resume",
        action="store_true",
        help="keep finished work in OUT.parts until OUT is whole; the same command after "
        "a kill goes on from it",
    )
    add_page(add)
    add(
        "--batch-size",
        type=positive,
        metavar="N",
        help="windows at a time (default: 256, 64 of 1000 bp; of signal 4, long ones alone)",
    )
    add_engine(add)
    parser.set_defaults(run=_variants)


def add_summary(add: Callable) -> None:
    """The option of a column that sums up accessible chromatin.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--summary",
        action="append",
        metavar="TASKS",
        help="a column more: the largest change over the accessible-chromatin tracks among these, "
        "as of --task: 'cell=K562'; may be repeated, for the largest over all",
    )


def add_page(add: Callable) -> None:
    """The options of a page of alleles.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--report",
        type=NewFile,
        metavar="PAGE.html",
        help="also write a page: all alleles to filter and sort, pictures of those that change "
        "most",
    )
    add(
        "--genes",
        metavar="GENES.gtf",
        help="of the page: the gene that an allele lies in or is nearest to; GTF, plain or gzip",
    )


@notes()
def _variants(options):
    from genome_keras.variants.score_variants import score_vcf

    names = ("genome", "weights", "effect", "both_strands", "window", "region", "resume", "bare")
    names += ("batch_size", "summary", "report", "genes", "unknown", "engine", "bins")
    done = score_vcf(options.vcf, options.out, tasks=options.task, **given(options, *names))
    hint = "; --unknown N reads other letters as N" if "foreign_letter" in done.status else ""
    if done.problem is not None:
        raise GenomeKerasError(f"{options.vcf}: {done.problem}{hint}")
    others = {word: count for word, count in done.status.items() if word != "ok"}
    if others:
        told = ", ".join(f"{word} {count}" for word, count in sorted(others.items()))
        total = sum(done.status.values())
        say(f"{sum(others.values())} of {total} alleles have no effects: {told}{hint}")
    result(
        f"{sum(done.status.values()):,} alleles",
        out=options.out,
        then=None if options.report else "the same command with --report PAGE.html",
    )
