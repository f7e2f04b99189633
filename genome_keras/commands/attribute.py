"""`genome-keras attribute`: what each letter of a window adds to its scores."""

from genome_keras.commands._arguments import (
    add_places,
    add_windows_scoring,
    given,
    given_places,
    new_file,
    positive,
)
from genome_keras.commands._notes import notes


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser(
        "attribute",
        help="what each letter of windows adds to their scores (gradients, occlusion)",
        description="Writes a row for each letter of each window: name, start, end of the "
        "window (0-based, half-open), pos (1-based), ref, then what the letter adds to each "
        "task. N has no rows. Each task costs backward passes of its own.",
    )
    add = parser.add_argument
    add_places(add)
    add(
        "--out",
        type=new_file,
        default="-",
        help=".tsv, .tsv.gz or .parquet; .h5 for one task, as TF-MoDISco reads it; - is "
        "standard output (default)",
    )
    add(
        "--method",
        choices=("gradient_x_input", "integrated_gradients", "smoothgrad", "occlusion"),
        default="integrated_gradients",
        help="(default: %(default)s)",
    )
    add(
        "--target",
        choices=("logodds", "score"),
        default="logodds",
        help="log-odds of P, before the last sigmoid (default), or P",
    )
    add(
        "--steps",
        type=positive,
        default=32,
        metavar="N",
        help="points from the baseline to the window, or noisy copies (default: %(default)s)",
    )
    add(
        "--baseline",
        choices=("n", "uniform"),
        default="n",
        help="where integrated gradients begin: all N (default), or a quarter of each letter",
    )
    add("--sigma", type=float, default=0.1, help="noise of smoothgrad (default: %(default)s)")
    add("--seed", type=int, default=0, metavar="N", help="of the noise (default: %(default)s)")
    add(
        "--width",
        type=positive,
        default=1,
        metavar="BP",
        help="that occlusion hides at once (default: %(default)s)",
    )
    add(
        "--hypothetical",
        action="store_true",
        help="four rows a letter: what A, C, G and T would add there, in a column letter",
    )
    add_windows_scoring(add)
    parser.set_defaults(run=_attribute)


@notes()
def _attribute(options):
    from genome_keras.interpret import write_attributions

    names = ("method", "target", "steps", "baseline", "sigma", "seed", "width", "hypothetical")
    write_attributions(
        options.windows,
        options.out,
        tasks=options.task,
        **given_places(options),
        **given(options, "both_strands", "report", *names),
    )
