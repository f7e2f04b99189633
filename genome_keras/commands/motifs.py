"""`genome-keras motifs`: what motifs are like, where they stand, what hangs on them."""

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
from genome_keras.commands._results import result


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "motifs",
        help="a report on motifs: known ones, sites, contributions, held-out support",
        description="Looks for motifs, of `modisco --meme`, of `filters` or of anywhere, in "
        "windows: a row each with the closest known motif and its p-value, how many windows "
        "have a site and how many would by chance, and how far the log-odds of each task fall "
        "when the site is hidden; the same in held-out windows.",
    )
    add = parser.add_argument
    add("motifs", metavar="MOTIFS", help="in MEME's or JASPAR's format")
    add_places(add)
    add("--held-out", metavar="IN2", help="other windows, as IN: of another split, say")
    add("--known", metavar="DB.meme", help="known motifs, such as JASPAR or HOCOMOCO in MEME")
    add("--out", type=NewFile, default="-", help=".tsv, .tsv.gz or .parquet; - is standard output")
    add("--report", type=NewFile, metavar="PAGE.html", help="also write a page with the logos")
    add_scoring(add)
    add(
        "--site-p-value",
        type=float,
        default=1e-4,
        metavar="P",
        help="of a site: that random letters reach its score at one place (default: 0.0001)",
    )
    add(
        "--shuffles",
        type=positive,
        default=999,
        metavar="N",
        help="of a motif's columns, for the p-value of its likeness (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="of the shuffles (default: %(default)s)")
    add(
        "--most",
        type=positive,
        default=1000,
        metavar="N",
        help="windows of each input, evenly spaced ones (default: %(default)s)",
    )
    add("--batch-size", type=positive, default=256, metavar="N", help="windows at a time")
    parser.set_defaults(run=_motifs)


@notes()
def _motifs(options):
    from genome_keras.interpret import write_motif_report

    evidence = write_motif_report(
        options.motifs,
        options.windows,
        options.out,
        tasks=options.task,
        **given_places(options),
        **given(options, "held_out", "known", "report", "both_strands"),
        **given(options, "site_p_value", "shuffles", "seed", "most"),
    )
    result(
        f"{len(evidence):,} motifs",
        out=options.out,
        then=None if options.report else "the same command with --report PAGE.html",
    )
