"""`genome-keras experiment`: what motifs, regions and pairs of letters do."""

import argparse
from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    NewFile,
    add_places,
    add_scoring,
    given,
    given_places,
    positive,
)
from genome_keras.commands._notes import notes

HOW = ("letters", "dinucleotides", "n")  # of genome_keras.interpret.ablation.WAYS


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command and its experiments to the program."""
    parser = commands.add_parser(
        "experiment", help="put motifs in, take regions out, pair them: marginal effects, epistasis"
    )
    actions = parser.add_subparsers(title="experiments", metavar="EXPERIMENT", required=True)
    for add in (_marginalize, _ablate, _space, _epistasis):
        add(actions)


def _marginalize(actions):
    add = _experiment(
        actions,
        "marginalize",
        "what a motif does to the log-odds of backgrounds it is put into",
        "A row for each window and motif: name, start, end (0-based, half-open), motif, then the "
        "change of the log-odds of each task.",
        _of_marginalize,
    )
    add("--motif", action="append", required=True, metavar="LETTERS", help="may be repeated")
    _start(add, "of each motif")
    _shuffle(add)


def _ablate(actions):
    add = _experiment(
        actions,
        "ablate",
        "what is lost without a region of the windows",
        "A row for each window: name, start, end (0-based, half-open), number of shuffles, then "
        "the mean change of the log-odds of each task when the region is shuffled or hidden.",
        _of_ablate,
    )
    _bases(add, required=True)
    add(
        "--how",
        choices=HOW,
        default="letters",
        help="shuffle letters (default) or dinucleotides of the region, or make it N",
    )
    add("--shuffles", type=positive, default=20, metavar="N", help="of each window (default: 20)")
    add("--seed", type=int, default=0, help="of the shuffles (default: 0)")


def _space(actions):
    add = _experiment(
        actions,
        "space",
        "what two motifs do together at each distance, beyond the sum of both",
        "A row for each window and distance: name, start, end (0-based, half-open), distance, "
        "then for each task the cooperativity, f(both) - f(a) - f(b) + f(neither) on log-odds.",
        _of_space,
    )
    add("--motif-a", required=True, metavar="LETTERS", help="the left one")
    add("--motif-b", required=True, metavar="LETTERS", help="the right one")
    add(
        "--distances",
        type=_distances,
        default=range(0, 21),
        metavar="FROM-TO",
        help="bp between them, inclusive (default: 0-20)",
    )
    _start(add, "of the left motif")
    _shuffle(add)
    _report(add)


def _epistasis(actions):
    add = _experiment(
        actions,
        "epistasis",
        "what two substitutions do beyond the sum of both, for all pairs",
        "A row for each pair of substitutions: name, start, end (0-based, half-open), pos, ref "
        "and alt of both (1-based), then f(both) - f(a) - f(b) + f(window) on log-odds for each "
        "task. 44,851 passes for a window of 100 bp.",
        _of_epistasis,
    )
    _bases(add, required=False)
    _report(add)


def _experiment(actions, name, told, description, made):
    parser = actions.add_parser(name, help=told, description=description)
    add = parser.add_argument
    add_places(add)
    add(
        "--out",
        type=NewFile,
        default="-",
        help=".tsv, .tsv.gz or .parquet; - is standard output (default)",
    )
    add_scoring(add)
    add("--batch-size", type=positive, default=256, metavar="N", help="sequences at a time")
    parser.set_defaults(run=_run, made=made, shuffle=False, shuffle_seed=0, report=None)
    return add


def _start(add, whose):
    add("--at", type=positive, metavar="POS", help=f"first base {whose}, 1-based (default: middle)")


def _bases(add, *, required):
    told = "of the window, 1-based, inclusive" + ("" if required else " (default: all)")
    add("--bases", type=_bases_of, required=required, metavar="FROM-TO", help=told)


def _shuffle(add):
    told = "shuffle the windows first, dinucleotides kept: backgrounds"
    add("--shuffle", action="store_true", help=told)
    add("--shuffle-seed", type=int, default=0, metavar="N", help="(default: 0)")


def _report(add):
    add("--report", type=NewFile, metavar="PAGE.html", help="also write a page with pictures")


def _bounds(text, least):
    first, _, last = text.partition("-")
    whole = first.isdecimal() and last.isdecimal()
    if not whole or not least <= int(first) <= int(last):
        raise argparse.ArgumentTypeError(f"expected FROM-TO, from {least} on, got {text!r}")
    return int(first), int(last)


def _bases_of(text):
    first, last = _bounds(text, 1)
    return first - 1, last


def _distances(text):
    first, last = _bounds(text, 0)
    return range(first, last + 1)


def _from_zero(at):
    return None if at is None else at - 1


def _of_marginalize(options):
    from genome_keras.interpret.experiment_files import Marginalize

    return Marginalize(tuple(options.motif), start=_from_zero(options.at))


def _of_ablate(options):
    from genome_keras.interpret.experiment_files import Ablate

    return Ablate(options.bases, **given(options, "how", "shuffles", "seed"))


def _of_space(options):
    from genome_keras.interpret.experiment_files import Space

    pair = options.motif_a, options.motif_b
    return Space(*pair, distances=options.distances, start=_from_zero(options.at))


def _of_epistasis(options):
    from genome_keras.interpret.experiment_files import Epistasis

    return Epistasis(options.bases)


@notes()
def _run(options):
    from genome_keras.interpret import write_experiment

    write_experiment(
        options.windows,
        options.out,
        experiment=options.made(options),
        tasks=options.task,
        **given_places(options),
        **given(options, "both_strands", "shuffle", "shuffle_seed", "report"),
    )
