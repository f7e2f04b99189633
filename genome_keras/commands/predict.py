"""`genome-keras predict`: score the sequences of a file."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    add_on_outside,
    add_reading,
    check_of_bed,
    check_of_fasta,
    given,
    new_file,
    positive,
)
from genome_keras.commands._notes import notes, say
from genome_keras.scoring import ENGINES
from genome_keras.weights.resolve import DEFAULT


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    add = commands.add_parser(
        "predict",
        help="score the sequences of a FASTA file, or places of a genome",
        description="Scores every window of a FASTA file, or one window around the centre of "
        "each interval of a BED file: a table with the columns name, start, end (0-based, "
        "half-open; of the window, or as in the BED file, whose name and strand follow as interval "
        "and strand), then P(label = 1) for each task.",
    ).add_argument
    add(
        "windows",
        metavar="IN.fa",
        help="FASTA, or with --genome BED; plain or gzip; - is standard input",
    )
    add("--genome", metavar="G.fa", help="FASTA, bgzip FASTA or 2bit: IN is BED")
    add("--weights", default=DEFAULT, help="checkpoint: a name or a path (default: %(default)s)")
    add(
        "--out",
        type=new_file,
        default="-",
        help=".tsv, .tsv.gz or .parquet; - is standard output (default)",
    )
    add("--stride", type=positive, metavar="BP", help="between windows (default: the window)")
    add_reading(add)
    add_on_outside(add)
    add("--all-tasks", action="store_true", help="also those that were never trained (constant)")
    add("--batch-size", type=positive, default=256, metavar="N", help="windows at a time")
    add(
        "--engine",
        choices=ENGINES,
        default="keras",
        help="what computes: Keras (default), ONNX Runtime on the CPU, or ONNX Runtime where it is "
        "installed and no GPU is visible; the graph for it is made once and kept",
    )
    commands.choices["predict"].set_defaults(run=_predict)


@notes()
def _predict(options):
    from genome_keras.scoring.predict import predict_fasta, predict_intervals

    same = given(options, "weights", "unknown", "all_tasks", "batch_size", "engine")
    check_of_fasta(options, "stride", "on_short")
    check_of_bed(options)
    if options.genome is not None:
        same |= given(options, "on_outside")
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
        say(f"left out {done.skipped} short records")
