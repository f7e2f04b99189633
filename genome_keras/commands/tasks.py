"""`genome-keras tasks`: the tasks of known data sets."""

from argparse import _SubParsersAction

TABLES = ("deepsea-919", "human-chromatin-192")  # as in genome_keras.datasets.task_table


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "tasks",
        help="print the tasks of a known data set",
        description="Prints a table of tasks: name, cell, target, treatment, group, and for "
        "deepsea-919 the published positive rates and scores.",
    )
    parser.add_argument("table", choices=TABLES)
    parser.set_defaults(run=_print)


def _print(options):
    from genome_keras.datasets.task_table import text

    print(text(options.table), end="")
