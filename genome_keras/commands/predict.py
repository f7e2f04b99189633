"""`genome-keras predict`: score the sequences of a file."""

import sys

from genome_keras.commands._types import positive
from genome_keras.weights import DEFAULT


def add_to(commands):
    """Adds the command to the program."""
    add = commands.add_parser(
        "predict",
        help="score the sequences of a FASTA file",
        description="Scores every window of a FASTA file: a table with the columns name, start, "
        "end (0-based, half-open), then P(label = 1) for each task.",
    ).add_argument
    add("fasta", metavar="IN.fa", help="FASTA, plain or gzip; - is standard input")
    add("--weights", default=DEFAULT, help="checkpoint: a name or a path (default: %(default)s)")
    add("--out", default="-", help=".tsv, .tsv.gz or .parquet; - is standard output (default)")
    add("--stride", type=positive, metavar="BP", help="between windows (default: the window)")
    add(
        "--on-short",
        choices=("error", "pad", "skip"),
        default="error",
        help="a record shorter than the window: stop, centre it in N, or leave it out",
    )
    add("--unknown", choices=("N",), help="read letters other than A C G T N as N")
    add("--batch-size", type=positive, default=256, metavar="N", help="windows at a time")
    commands.choices["predict"].set_defaults(run=_predict)


def _predict(options):
    from genome_keras.predict import predict_fasta

    done = predict_fasta(
        options.fasta,
        options.out,
        weights=options.weights,
        stride=options.stride,
        on_short=options.on_short,
        unknown=options.unknown,
        batch_size=options.batch_size,
    )
    if done.skipped:
        print(f"genome-keras: left out {done.skipped} short records", file=sys.stderr)
