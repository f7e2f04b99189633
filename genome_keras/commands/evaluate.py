"""`genome-keras evaluate`: held-out scores of checkpoints and training runs."""

import argparse
from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    NewFile,
    add_engine,
    add_out_folder,
    add_tasks,
    given,
    positive,
)
from genome_keras.commands._data import add_data, read_data
from genome_keras.commands._notes import notes
from genome_keras.commands._results import result as told


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "evaluate",
        help="held-out scores of checkpoints beside the baselines",
        description="Scores checkpoints and training runs on one split of a data set beside the "
        "positive rate (prior) and GC content, per task and per source, with 95 % intervals.",
    )
    add = parser.add_argument
    add_data(add)
    add(
        "--weights",
        action="append",
        required=True,
        metavar="NAME",
        help="name or path of a checkpoint, or folder of a training run; may be repeated",
    )
    add_tasks(add)
    add("--split", default="test", metavar="SPLIT", help="any of the data's (default: test)")
    add_out_folder(add, "scores.json and per_task.tsv")
    add(
        "--report",
        type=NewFile,
        metavar="FILE.html",
        help="also write a report for the browser",
    )
    add(
        "--replicates",
        type=_whole,
        default=200,
        metavar="N",
        help="resamples for the intervals, 0 for none (default: %(default)s)",
    )
    add("--batch-size", type=positive, default=512, metavar="N", help="windows at a time")
    add_engine(add)
    parser.set_defaults(run=_evaluate)


def _evaluate(options):
    from genome_keras.evaluation.evaluate import evaluate
    from genome_keras.evaluation.markdown import as_markdown

    names = ("weights", "split", "replicates", "batch_size", "engine", "out", "report")
    with notes():
        data = read_data(options)
        result = evaluate(data, only=options.source, choose=options.task, **given(options, *names))
    print(as_markdown(result))
    told(
        "scores.json and per_task.tsv",
        out=options.out,
        then=options.report or "the same command with --report PAGE.html",
    )


def _whole(text):
    if not (text.isdecimal() and text.isascii()):
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more, got {text!r}")
    return int(text)
