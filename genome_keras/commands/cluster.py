"""`genome-keras cluster`: whole genomes and long lists of variants, on Ray."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    ON_SHORT,
    add_bgzip,
    add_engine,
    add_genome,
    add_out_folder,
    add_scoring,
    add_tasks,
    add_unknown,
    add_weights,
    given,
    positive,
)
from genome_keras.commands._notes import notes, say
from genome_keras.commands.variants import add_page, add_summary
from genome_keras.scoring import EFFECTS


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    cluster = commands.add_parser(
        "cluster",
        help="score genomes and variants by several processes or machines",
        description="Writes a partitioned Parquet data set, part by part, each a whole file. "
        "A part whose worker dies is done again; with --resume the same command goes on "
        "after a kill. Needs Ray.",
    )
    kinds = cluster.add_subparsers(title="what", metavar="WHAT", required=True)
    predict = kinds.add_parser("predict", help="every window of a genome")
    add = predict.add_argument
    add("genome", metavar="G.fa", help="FASTA, bgzip FASTA or 2bit")
    add_bgzip(add)
    add_tasks(add)
    add("--stride", type=positive, metavar="BP", help="between windows (default: the window)")
    add(
        "--on-short",
        choices=ON_SHORT,
        default="error",
        help="a contig shorter than the window: stop (default), centre it in N, or leave it out",
    )
    add_unknown(add)
    add("--all-tasks", action="store_true", help="also those that were never trained (constant)")
    add("--part", type=positive, default=100_000, metavar="N", help="windows of a part")
    predict.set_defaults(run=_predict)
    variants = kinds.add_parser("variants", help="every alternative allele of a VCF file")
    add = variants.add_argument
    add("vcf", metavar="IN.vcf", help="VCF, plain or gzip; - is standard input")
    add_genome(add, required=True)
    add("--region", metavar="CHR:FROM-TO", help="only records whose POS is in it; 1-based")
    add(
        "--effect",
        choices=(*EFFECTS, "both"),
        default="diff",
        help="P(alt) - P(ref) (default), the difference of log-odds, or both",
    )
    add_scoring(add)
    add_unknown(add)
    add_summary(add)
    add_page(add)
    add("--part", type=positive, default=10_000, metavar="N", help="alleles of a part")
    variants.set_defaults(run=_variants)
    for parser in (predict, variants):
        add = parser.add_argument
        add_out_folder(add, "the data set")
        add_weights(add)
        add("--batch-size", type=positive, default=256, metavar="N", help="windows at a time")
        add(
            "--workers",
            type=whole,
            default=2,
            metavar="N",
            help="(default: %(default)s); 0 does all in this process, without Ray",
        )
        add_engine(add)
        add("--gpus", type=float, default=0.0, metavar="SHARE", help="of a GPU for each")
        add("--address", metavar="HOST:PORT", help="a running Ray cluster, or auto")
        add("--resume", action="store_true", help="go on with the finished parts in DIR")


def whole(text: str) -> int:
    """A whole number of at least 0."""
    return 0 if text == "0" else positive(text)


@notes()
def _predict(options):
    from genome_keras.cluster.run import predict_genome

    names = ("stride", "on_short", "unknown", "all_tasks")
    same = _same(options, *names)
    _tell(predict_genome(options.genome, options.out, tasks=options.task, **same))


@notes()
def _variants(options):
    from genome_keras.cluster.run import score_variants

    names = ("genome", "effect", "both_strands", "window", "unknown", "region")
    names += ("summary", "report", "genes")
    same = _same(options, *names)
    _tell(score_variants(options.vcf, options.out, tasks=options.task, **same))


def _same(options, *names):
    shared = ("weights", "batch_size", "engine", "part", "workers", "gpus", "address", "resume")
    return given(options, *names, *shared)


def _tell(done):
    told = f"{done.rows} rows in {done.parts - done.done} parts"
    if done.done:
        told += f"; {done.done} parts were there"
    say(told)
