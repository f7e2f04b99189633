"""`genome-keras predict`: score the sequences of a file."""

from argparse import _SubParsersAction

from genome_keras.commands._arguments import (
    NewFile,
    add_engine,
    add_genome,
    add_on_outside,
    add_reading,
    add_tasks,
    add_weights,
    check_of_bed,
    check_of_fasta,
    given,
    positive,
)
from genome_keras.commands._notes import notes, say
from genome_keras.commands._results import result


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    add = commands.add_parser(
        "predict",
        help="score the sequences of a FASTA file, or places of a genome",
        description="Scores every window of a FASTA file, or one window around the centre of "
        "each interval of a BED file: a table with the columns name, start, end (0-based, "
        "half-open; of the window, or as in the BED file, whose name and strand follow as interval "
        "and strand), then P(label = 1) for each task. A model of measured signal (bpnet and so "
        "on) needs BED and a genome: one row a bin, or a bigWig of one task.",
    ).add_argument
    add(
        "windows",
        metavar="IN.fa",
        help="FASTA, or with --genome BED; plain or gzip; - is standard input",
    )
    add_genome(add)
    add_weights(add)
    add(
        "--out",
        type=NewFile,
        default="-",
        help=".tsv, .tsv.gz, .parquet or .h5ad (AnnData), of one task .bw too; - is standard "
        "output (default)",
    )
    add_tasks(add)
    add(
        "--stride",
        type=positive,
        metavar="BP",
        help="between windows (default: the window; networks of 1000 bp score its middle 200)",
    )
    add_reading(add)
    add_on_outside(add)
    add("--all-tasks", action="store_true", help="also those that were never trained (constant)")
    add(
        "--batch-size",
        type=positive,
        metavar="N",
        help="windows at a time (default: 256, 64 of 1000 bp; of signal 4, long ones alone)",
    )
    add_engine(add)
    add(
        "--above",
        type=float,
        metavar="P",
        help="only calls: a row for each window and task that scores at least P",
    )
    add(
        "--calibrated",
        dest="values",
        action="store_const",
        const="calibrated",
        default="scores",
        help="the probabilities of the checkpoint's calibration, at the natural rate of labels",
    )
    add(
        "--calls",
        dest="values",
        action="store_const",
        const="calls",
        help="1 where a score reaches the task's threshold of the calibration, 0 elsewhere",
    )
    add(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        default="float32",
        help="of signal: mixed ones take half the memory of long windows, and are slow on CPUs",
    )
    add("--half", action="store_true", help="of Parquet: float16 scores, half the bytes")
    commands.choices["predict"].set_defaults(run=_predict)


@notes()
def _predict(options):
    from genome_keras.scoring.model_in_use import gives_signal
    from genome_keras.scoring.predict import predict_fasta, predict_intervals
    from genome_keras.weights.resolve import find

    if options.weights is not None:
        options.weights = find(options.weights)
        if gives_signal(options.weights):
            _predict_signal(options)
            return
    if options.precision != "float32":
        raise ValueError("--precision is for models of measured signal")
    names = "weights", "unknown", "all_tasks", "batch_size", "engine", "above", "half", "values"
    same = {"tasks": options.task} | given(options, *names)
    check_of_fasta(options, "stride", "on_short")
    check_of_bed(options)
    if options.genome is not None:
        same |= given(options, "on_outside")
        done = predict_intervals(options.windows, options.genome, options.out, **same)
        _told(options, done)
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
    _told(options, done)


def _told(options, done):
    genome = f" --genome {options.genome}" if options.genome else ""
    result(
        f"{done.windows:,} windows",
        out=options.out,
        then=f"genome-keras attribute {options.windows}{genome} --report PAGE.html",
    )


def _predict_signal(options):
    from genome_keras.scoring.signals import predict_signal
    from genome_keras.training.precision import computing_in

    if options.genome is None:
        raise ValueError("signal needs places: BED, and --genome")
    check_of_fasta(options, "stride", "on_short")
    calls = options.above is not None or options.half
    calls |= options.values != "scores"
    if options.all_tasks or calls or options.engine not in ("auto", "keras"):
        told = "--all-tasks, --above, --half, --calibrated, --calls and --engine"
        raise ValueError(f"{told} are not for models of measured signal")
    with computing_in(options.precision):
        predict_signal(
            options.windows,
            tasks=options.task,
            **given(options, "weights", "genome", "out", "unknown", "on_outside", "batch_size"),
        )
