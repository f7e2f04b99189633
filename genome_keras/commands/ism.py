"""`genome-keras ism`: what every substitution of a window does."""

from genome_keras.commands._types import add_places, add_windows_scoring


def add_to(commands):
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
    add("--out", default="-", help=".tsv, .tsv.gz or .parquet; - is standard output (default)")
    add(
        "--effect",
        choices=("diff", "logodds"),
        default="diff",
        help="P(alt) - P(ref) (default), or the difference of log-odds",
    )
    add_windows_scoring(add)
    parser.set_defaults(run=_ism)


def _ism(options):
    from genome_keras.interpret import write_ism

    write_ism(
        options.windows,
        options.out,
        genome=options.genome,
        region=options.region,
        weights=options.weights,
        effect=options.effect,
        tasks=options.task,
        both_strands=options.both_strands,
        window=options.window,
        batch_size=options.batch_size,
        report=options.report,
    )
