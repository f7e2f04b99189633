"""`genome-keras logreg`: fit the baselines of a data set."""

import argparse
import math
import sys
from argparse import _SubParsersAction

from genome_keras.commands._arguments import add_out_folder, given, positive
from genome_keras.commands._data import add_data, evaluating, read_data
from genome_keras.commands._notes import notes
from genome_keras.commands._results import result


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "logreg",
        help="fit logistic regressions, the baselines, to convergence",
        description="Fits one logistic regression a task, all at once, on the split 'train' of a "
        "data set, for several strengths of the L2 penalty, and keeps the one with the lowest "
        "perplexity on 'valid'. The same command goes on after a kill.",
    )
    add = parser.add_argument
    add_data(add)
    add_out_folder(add, "weights, fits and log")
    add("--features", choices=("kmers", "integers"), default="kmers", help="(default: %(default)s)")
    add(
        "--recipe",
        choices=("default", "paper"),
        default="default",
        help="paper: C of 1e6 and 100 steps on the counts of one strand, as its authors stopped "
        "(default: %(default)s)",
    )
    add("--window", type=positive, metavar="BP", help="the middle of each example (default: all)")
    add("--examples", type=positive, metavar="N", help="learn from so many (default: all)")
    add("--C", nargs="+", type=_above_0, help="weights of the losses (default: 1e-5 to 1e6)")
    parser.set_defaults(run=_logreg)


def _logreg(options):
    from genome_keras.training.train_logreg import train_logreg

    with notes():
        data = read_data(options)
    log = train_logreg(
        data,
        C=options.C,
        sources=options.source,
        **given(options, "out", "features", "recipe", "window", "examples"),
    )
    for row in log:
        print(f"C={row['C']:g}: validation perplexity {row['val_perplexity']:.5f}", file=sys.stderr)
    best = min(log, key=lambda row: row["val_perplexity"])
    result(
        f"C={best['C']:g}, the best, perplexity {best['val_perplexity']:.4f} on valid,",
        out=options.out,
        then=evaluating(options, data),
    )


def _above_0(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value
