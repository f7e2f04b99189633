"""`genome-keras predict`: score the sequences of a file."""

import sys

from genome_keras.commands._notes import notes
from genome_keras.commands._types import positive
from genome_keras.weights import DEFAULT


def add_to(commands):
    """Adds the command to the program."""
    add = commands.add_parser(
        "predict",
        help="score the sequences of a FASTA file, or places of a genome",
        description="Scores every window of a FASTA file, or one window around the centre of "
        "each interval of a BED file: a table with the columns name, start, end (0-based, "
        "half-open; of the window, or as in the BED file), then P(label = 1) for each task.",
    ).add_argument
    add(
        "windows",
        metavar="IN.fa",
        help="FASTA, or with --genome BED; plain or gzip; - is standard input",
    )
    add("--genome", metavar="G.fa", help="FASTA, bgzip FASTA or 2bit: IN is BED")
    add("--weights", default=DEFAULT, help="checkpoint: a name or a path (default: %(default)s)")
    add("--out", default="-", help=".tsv, .tsv.gz or .parquet; - is standard output (default)")
    add("--stride", type=positive, metavar="BP", help="between windows (default: the window)")
    add(
        "--on-short",
        choices=("error", "pad", "skip"),
        help="a record shorter than the window: stop (default), centre it in N, or leave it out",
    )
    add("--unknown", choices=("N",), help="read letters other than A C G T N as N")
    add("--all-tasks", action="store_true", help="also those that were never trained (constant)")
    add("--batch-size", type=positive, default=256, metavar="N", help="windows at a time")
    add(
        "--engine",
        choices=("keras", "onnx", "auto"),
        default="keras",
        help="what computes: Keras (default), ONNX Runtime on the CPU, or ONNX Runtime where it is "
        "installed and no GPU is visible; the graph for it is made once and kept",
    )
    commands.choices["predict"].set_defaults(run=_predict)


@notes()
def _predict(options):
    from genome_keras.predict import predict_fasta, predict_intervals

    same = {
        "weights": options.weights,
        "unknown": options.unknown,
        "all_tasks": options.all_tasks,
        "batch_size": options.batch_size,
        "engine": options.engine,
    }
    if options.genome is not None:
        if options.stride is not None or options.on_short is not None:
            raise ValueError("--stride and --on-short are for FASTA, not for BED with --genome")
        predict_intervals(options.windows, options.genome, options.out, **same)
        return
    done = predict_fasta(
        options.windows,
        options.out,
        stride=options.stride,
        on_short=options.on_short or "error",
        **same,
    )
    if done.skipped:
        print(f"genome-keras: left out {done.skipped} short records", file=sys.stderr)
