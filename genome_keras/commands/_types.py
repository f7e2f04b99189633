"""Arguments that several commands take, and their types."""

import argparse

from genome_keras.weights import DEFAULT


def positive(text):
    """A whole number of at least 1."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def add_scoring(add):
    """The options of commands that score alleles: tasks, strands and window.

    Args:
        add: `add_argument` of the command's parser.
    """
    add("--task", action="append", metavar="NAME", help="only this task; may be repeated")
    add(
        "--both-strands",
        action=argparse.BooleanOptionalAction,
        help="average over both strands, or not (default: as the checkpoint)",
    )
    add("--window", type=positive, metavar="BP", help="for models that take any length")


def add_windows_scoring(add):
    """The options of commands that score changes of whole windows.

    Args:
        add: `add_argument` of the command's parser.
    """
    add_scoring(add)
    add(
        "--report", metavar="PAGE.html", help="also write a page with pictures of the first windows"
    )
    add("--batch-size", type=positive, default=256, metavar="N", help="sequences at a time")


def add_places(add, *, weights=DEFAULT):
    """The options of commands that read windows of sequences or of a genome.

    Args:
        add: `add_argument` of the command's parser.
        weights: the default checkpoint; None where the user must name one.
    """
    add(
        "windows",
        metavar="IN",
        nargs="?",
        help="FASTA, whose windows lie as with predict; or with --genome a BED file, one "
        "window around the centre of each interval; - is standard input",
    )
    add("--genome", metavar="G.fa", help="FASTA, bgzip FASTA or 2bit")
    add("--region", metavar="CHR:FROM-TO", help="in place of IN: one interval, 1-based")
    told = "checkpoint: a name or a path" + (" (default: %(default)s)" if weights else "")
    add("--weights", default=weights, required=weights is None, help=told)
