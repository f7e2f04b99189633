"""`genome-keras modisco`: motifs of attributions, by TF-MoDISco."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import NewFile, given, positive
from genome_keras.commands._notes import say


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "modisco",
        help="motifs that carry attributions again and again (TF-MoDISco)",
        description="Runs TF-MoDISco (modisco-lite) on what `genome-keras attribute` wrote.",
    )
    add = parser.add_argument
    add("attributions", metavar="IN.h5", help="from `genome-keras attribute --out IN.h5`")
    add(
        "--out",
        type=NewFile,
        required=True,
        metavar="OUT.h5",
        help="all that was found, for `modisco report`",
    )
    add("--meme", type=NewFile, metavar="FILE.meme", help="the motifs, as tomtom reads them")
    add(
        "--window",
        type=positive,
        default=400,
        metavar="BP",
        help="around the centre of the windows (default: %(default)s)",
    )
    add(
        "--max-seqlets",
        type=positive,
        default=20_000,
        metavar="N",
        help="stretches of each sign that are compared (default: %(default)s)",
    )
    add(
        "--leiden-runs",
        type=positive,
        default=2,
        metavar="N",
        help="clusterings, of which the best is taken (default: %(default)s)",
    )
    parser.set_defaults(run=_modisco)


def _modisco(options):
    from genome_keras.encode import decode
    from genome_keras.interpret import modisco_file

    motifs = modisco_file(
        options.attributions,
        options.out,
        **given(options, "meme", "window", "max_seqlets", "leiden_runs"),
    )
    for motif in motifs:
        letters = decode(motif.matrix.argmax(1).astype("uint8"))[0]
        print(f"{motif.name}\t{motif.sites}\t{letters}")
    if not motifs:
        say("no motif found")
