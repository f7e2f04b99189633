"""`genome-keras filters`: what the first filters of a model answer to, as motifs."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, add_places, given_places, positive
from genome_keras.commands._notes import notes, say


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "filters",
        help="first-layer filters of a model as motifs (MEME)",
        description="Aligns the letters where each filter of the first convolution answers "
        "with more than a share of its largest answer, and writes their frequencies in "
        "MEME's minimal format, as tomtom reads it. IN is read twice.",
    )
    add = parser.add_argument
    add_places(add, must_name_weights=True)
    add(
        "--out",
        type=NewFile,
        default="-",
        metavar="FILE.meme",
        help="- is standard output (default)",
    )
    add(
        "--share",
        old=["--fraction"],
        type=float,
        default=0.5,
        metavar="SHARE",
        help="of the largest answer, from 0 to less than 1 (default: %(default)s)",
    )
    add("--window", type=positive, metavar="BP", help="for models that take any length")
    add("--batch-size", type=positive, default=64, metavar="N", help="windows at a time")
    parser.set_defaults(run=_filters)


@notes()
def _filters(options):
    from genome_keras.interpret import write_filters

    filters = write_filters(
        options.windows, options.out, fraction=options.share, **given_places(options)
    )
    if silent := int((filters.sites == 0).sum()):
        say(f"{silent} of {len(filters.sites)} filters have no site")
