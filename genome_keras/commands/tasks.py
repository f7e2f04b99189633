"""`genome-keras tasks`: the tasks of checkpoints and of known data sets."""

from argparse import Namespace, _SubParsersAction

from genome_keras.commands._arguments import add_tasks
from genome_keras.weights.task_fields import TABLES


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "tasks",
        help="print the tasks of a checkpoint or of a known data set",
        description="Prints a table of tasks: name, cell, target, treatment, group and, of a "
        "checkpoint, accession of the peaks; of a data set what was published of each.",
    )
    add = parser.add_argument
    told = f"checkpoint, as --weights of the others, or {', '.join(TABLES)}"
    add("table", metavar="NAME", help=told)
    add_tasks(add)
    parser.set_defaults(run=_print)


def _print(options: Namespace) -> None:
    from genome_keras.datasets.task_table import text
    from genome_keras.errors import printable
    from genome_keras.weights.listing import tasks_of

    tasks = tasks_of(options.table, tasks=options.task)
    if options.table in TABLES:
        header, *rows = text(options.table).splitlines()
        kept = {task.name: None for task in tasks}
        print(header, *(row for row in rows if row.partition("\t")[0] in kept), sep="\n")
        return
    print(*tasks.columns, sep="\t")
    for task in tasks:
        print(*(printable(field) for field in task), sep="\t")
