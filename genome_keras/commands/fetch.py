"""`genome-keras fetch`: a public data set from its server."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import folder


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "fetch",
        help="download a public data set",
        description="Downloads a data set, checks it and puts it into a new folder. After a kill "
        "or a broken line, the same command goes on where it was.",
    )
    add = parser.add_argument
    add("dataset", choices=("deepsea",), help="the DeepSEA training bundle, 919 tasks")
    add("--out", type=folder, required=True, metavar="DIR", help="folder to make")
    add("--url", help="of a copy of the archive (default: its home, plain http)")
    parser.set_defaults(run=_fetch)


def _fetch(options):
    from genome_keras.datasets.fetch import DEEPSEA, fetch_deepsea

    record = fetch_deepsea(options.out, url=options.url or DEEPSEA)
    for name, file in record["files"].items():
        print(name, file["bytes"], file["sha256"], sep="\t")
