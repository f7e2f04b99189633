"""`genome-keras design`: sequences edited until chosen tasks score as they should."""

import argparse
from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, add_weights, given, positive
from genome_keras.commands._notes import notes
from genome_keras.commands._settings import add_settings, given_settings
from genome_keras.interpret.edit_ways import DEFAULT_WAY, EDIT_WAYS
from genome_keras.settings import chosen


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "design",
        help="edit sequences, or random ones, until tasks score as they should",
        description="Writes FASTA: each start with the substitutions that bring the targets "
        "nearest, by the sum of |log-odds - log-odds of the target| over their tasks.",
    )
    add = parser.add_argument
    add(
        "starts",
        metavar="IN.fa",
        nargs="?",
        help="FASTA of starts, of the model's window; N are drawn; - is standard input; "
        "without it all letters are drawn",
    )
    add(
        "--target",
        action="append",
        type=_target,
        required=True,
        metavar="TASK=P",
        help="the P that a task, or each that a pattern means, should have: 1 is as high, 0 as "
        "low as it goes; may be repeated",
    )
    add("--out", type=NewFile, default="-", help="FASTA; - is standard output (default)")
    add(
        "--steps",
        type=NewFile,
        metavar="FILE",
        help="also write a table of the edits: .tsv, .tsv.gz or .parquet",
    )
    add("--report", type=NewFile, metavar="PAGE.html", help="also write a page with pictures")
    add("--method", choices=[*EDIT_WAYS], default=DEFAULT_WAY, help="(default: %(default)s)")
    add_settings(add, *EDIT_WAYS.values())
    add("--edits", type=_whole, default=20, metavar="N", help="at most (default: 20)")
    add(
        "--fixed",
        action="append",
        type=_region,
        default=[],
        metavar="FROM-TO",
        help="letters that stay, 1-based, inclusive; may be repeated",
    )
    add("--gc", type=_shares, metavar="LOW-HIGH", help="share of G and C, such as 0.4-0.6")
    add(
        "--forbid",
        action="append",
        default=[],
        metavar="LETTERS",
        help="a word that must be on neither strand; may be repeated",
    )
    add("--count", type=positive, default=1, metavar="N", help="designs of each start (default: 1)")
    add("--seed", type=_whole, default=0, metavar="N", help="of the first (default: 0)")
    add_weights(add)
    add(
        "--both-strands",
        action=argparse.BooleanOptionalAction,
        help="average over both strands, or not (default: as the checkpoint)",
    )
    add("--window", type=positive, metavar="BP", help="for models that take any length")
    add("--batch-size", type=positive, default=256, metavar="N", help="sequences at a time")
    parser.set_defaults(run=_design)


def _target(text):
    task, equals, share = text.rpartition("=")
    try:
        value = float(share)
    except ValueError:
        value = -1.0
    if not (task and equals and 0 <= value <= 1):
        raise argparse.ArgumentTypeError(f"expected TASK=P with P from 0 to 1, got {text!r}")
    return task, value


def _whole(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, got {text!r}")
    return int(text)


def _region(text):
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise argparse.ArgumentTypeError(f"expected FROM-TO, from 1 on, got {text!r}")
    return int(first) - 1, int(last)


def _shares(text):
    try:
        low, high = map(float, text.split("-"))
    except ValueError:
        low, high = 1.0, 0.0
    if not 0 <= low <= high <= 1:
        raise argparse.ArgumentTypeError(f"expected LOW-HIGH from 0 to 1, got {text!r}")
    return low, high


@notes()
def _design(options):
    settings = given_settings(options, *EDIT_WAYS.values())
    method = chosen(EDIT_WAYS, what="method", choice=options.method, given=settings)
    from genome_keras.interpret.design_files import write_designs
    from genome_keras.interpret.edit_rules import EditRules

    fixed, forbidden = tuple(options.fixed), tuple(options.forbid)
    write_designs(
        options.starts,
        options.out,
        targets=dict(options.target),
        method=method,
        rules=EditRules(options.edits, fixed, options.gc, forbidden),
        **given(options, "weights", "count", "seed", "window", "both_strands", "batch_size"),
        **given(options, "steps", "report"),
    )
