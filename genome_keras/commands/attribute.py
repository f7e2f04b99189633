"""`genome-keras attribute`: what each letter of a window adds to its scores."""

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
from genome_keras.commands._settings import add_settings, given_settings
from genome_keras.interpret.methods import METHODS, TARGETS, method_of


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "attribute",
        help="what each letter of windows adds to their scores (gradients, occlusion)",
        description="Writes a row for each letter of each window: name, start, end of the "
        "window (0-based, half-open), pos (1-based), ref, then what the letter adds to each "
        "task. N has no rows. By gradients, each task costs backward passes of its own.",
    )
    add = parser.add_argument
    add_places(add)
    add(
        "--out",
        type=NewFile,
        default="-",
        help=".tsv, .tsv.gz or .parquet; .h5 for one task, as TF-MoDISco reads it; - is "
        "standard output (default)",
    )
    add(
        "--method",
        choices=[*METHODS],
        help="(default: occlusion; integrated_gradients where other letters are asked about, as "
        "of .h5, or --steps or --baseline is given)",
    )
    add(
        "--target",
        choices=TARGETS,
        default="logodds",
        help="log-odds of P, before the last sigmoid (default), or P",
    )
    add_settings(add, *METHODS.values())
    add(
        "--hypothetical",
        action="store_true",
        help="four rows a letter: what A, C, G and T would add there, in a column letter",
    )
    add_windows_scoring(add)
    add_engine(add)
    parser.set_defaults(run=_attribute)


@notes()
def _attribute(options):
    others = options.hypothetical or options.out.endswith(".h5")
    settings = given_settings(options, *METHODS.values())
    method = method_of(options.method, hypothetical=others, **settings)
    from genome_keras.interpret import write_attributions

    write_attributions(
        options.windows,
        options.out,
        tasks=options.task,
        method=method,
        **given_places(options),
        **given(options, "both_strands", "report", "target", "hypothetical", "engine"),
    )
