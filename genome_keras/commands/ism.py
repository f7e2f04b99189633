"""`genome-keras ism`: what every substitution of a window does."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    NewFile,
    add_engine,
    add_places,
    add_windows_scoring,
    given,
    given_places,
)
from genome_keras.commands._notes import notes
from genome_keras.scoring import EFFECTS


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "ism",
        help="effects of every substitution in windows (in-silico mutagenesis)",
        description="Puts each of the other three letters at each place of each window and "
        "writes a row for each: name, start, end of the window (0-based, half-open), pos "
        "(1-based), ref, alt, then the effect on each task. N is left as it is.",
    )
    add = parser.add_argument
    add_places(add)
    add(
        "--out",
        type=NewFile,
        default="-",
        help=".tsv, .tsv.gz or .parquet; - is standard output (default)",
    )
    add(
        "--effect",
        choices=EFFECTS,
        default="diff",
        help="P(alt) - P(ref) (default), or the difference of log-odds",
    )
    add_windows_scoring(add)
    add_engine(add)
    parser.set_defaults(run=_ism)


@notes()
def _ism(options):
    from genome_keras.interpret import write_ism

    write_ism(
        options.windows,
        options.out,
        tasks=options.task,
        **given_places(options),
        **given(options, "effect", "both_strands", "report", "engine"),
    )
