"""`genome-keras compare`: models of several evaluations side by side."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, folder


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "compare",
        help="models of several evaluations side by side",
        description="Reads what `genome-keras evaluate` wrote, of the same windows, and prints "
        "means over tasks, wins and mean differences for frequent and rare tasks.",
    )
    add = parser.add_argument
    add("scores", nargs="+", metavar="DIR", help="folder with scores.json and per_task.tsv")
    add("--out", type=folder, metavar="DIR", help="folder for the scores of all models together")
    add(
        "--report",
        type=NewFile,
        metavar="FILE.html",
        help="also write a report for the browser",
    )
    parser.set_defaults(run=_compare)


def _compare(options):
    from genome_keras.evaluation.markdown import as_markdown
    from genome_keras.evaluation.score_files import compare_scores

    print(as_markdown(compare_scores(options.scores, out=options.out, report=options.report)))
