"""`genome-keras build`: a genome and peak files become one data set."""

import argparse
from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, add_on_outside, add_unknown, given, positive
from genome_keras.commands._notes import notes, say
from genome_keras.commands._results import result

SHOWN = 5  # names of tracks without a label


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "build",
        help="build a data set from a genome and peak files",
        description="Cuts a genome into bins, labels them by peaks, and writes windows, labels "
        "and where they are as HDF5 that `train` and `evaluate` read. The same inputs and seed "
        "give the same bytes.",
    )
    add = parser.add_argument
    add("genome", metavar="GENOME", help="FASTA, plain or gzip, or 2bit")
    add(
        "peaks",
        metavar="PEAKS",
        nargs="+",
        help="BED or narrowPeak files (.gz too), folders of them, or a .tsv table of tracks: "
        "name, file and, if not measured everywhere, a BED of the regions in which it was",
    )
    add("--out", type=NewFile, required=True, metavar="DATA.h5")
    add("--bin-size", type=positive, default=200, metavar="BP", help="(default: %(default)s)")
    add("--context", type=positive, default=1000, metavar="BP", help="(default: %(default)s)")
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument(
        "--share",
        type=float,
        metavar="SHARE",
        help="label 1 where peaks cover at least this share of the bin (default: 0.5)",
    )
    rule.add_argument(
        "--summit-width",
        type=positive,
        metavar="BP",
        help="label 1 where a summit is in the middle BP of the bin",
    )
    add("--contigs", nargs="+", metavar="CONTIG", help="use these, and only peaks on these")
    add("--valid", nargs="+", default=(), metavar="CONTIG", help="contigs of the split valid")
    add("--test", nargs="+", default=(), metavar="CONTIG", help="contigs of the split test")
    add(
        "--negatives",
        type=_negatives,
        default="equal",
        metavar="N|equal|all",
        help="bins without a label to keep: a number, as many as with one (default), or all",
    )
    add("--blacklist", nargs="+", default=(), metavar="BED", help="leave out bins these touch")
    add(
        "--max-n",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="leave out bins with more N in their window (default: %(default)s)",
    )
    add_unknown(add)
    add_on_outside(add)
    add("--seed", type=int, default=0, help="of the draw of bins (default: %(default)s)")
    parser.set_defaults(run=_build)


def _negatives(text):
    if text in ("equal", "all"):
        return text
    if text.isdecimal() and text.isascii():
        return int(text)
    problem = f"expected a whole number, 'equal' or 'all', got {text!r}"
    raise argparse.ArgumentTypeError(problem)


@notes()
def _build(options):
    from genome_keras.building.build import build

    names = ("bin_size", "context", "share", "summit_width", "contigs", "valid", "test")
    names += ("negatives", "blacklist", "max_n", "unknown", "on_outside", "seed")
    done = build(options.genome, options.peaks, options.out, **given(options, *names))
    splits = ", ".join(f"{name} {n:,}" for name, n in done.splits.items())
    say(f"{done.labelled:,} bins with a label and {done.unlabelled:,} without: {splits}")
    for told in done.left_out:
        say(told)
    if done.empty:
        named = ", ".join(done.empty[:SHOWN]) + ", ..." * (len(done.empty) > SHOWN)
        say(f"{len(done.empty)} of {len(done.tasks)} tracks label no bin: {named}")
    told = f"{len(done.tasks)} tasks"
    result(told, out=options.out, then=f"genome-keras train {options.out} --out RUN")
