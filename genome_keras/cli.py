"""The command line: parse, one public call, write.

Exit status: 0 done, 1 bad data, 2 bad usage. Nothing heavy is imported before
the arguments are known to be right.
"""

import argparse
import os
import signal
import sys

from genome_keras import MODELS, __version__
from genome_keras.errors import GenomeKerasError


def run():
    """The program `genome-keras`: SIGTERM tidies up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def main(arguments=None):
    """Runs `genome-keras` in this process and returns its exit status.

    Args:
        arguments: list of str; None takes those of the process.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        options.run(options)
        sys.stdout.flush()
    except GenomeKerasError as error:
        return _complain(error, 1)
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _complain(error, 1)
    except ValueError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    return 0


def _complain(error, status):
    print(f"genome-keras: {' '.join(str(error).split())}", file=sys.stderr)
    return status


def _parser():
    parser = argparse.ArgumentParser(
        prog="genome-keras",
        description="Models of regulatory DNA: score sequences, inspect checkpoints, train.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_predict(commands)
    _add_weights(commands)
    _add_train(commands)
    _add_evaluate(commands)
    return parser


def _add_predict(commands):
    from genome_keras.weights import DEFAULT

    add = commands.add_parser(
        "predict",
        help="score the sequences of a FASTA file",
        description="Scores every window of a FASTA file: a table with the columns name, start, "
        "end (0-based, half-open), then P(label = 1) for each task.",
    ).add_argument
    add("fasta", metavar="IN.fa", help="FASTA, plain or gzip; - is standard input")
    add("--weights", default=DEFAULT, help="checkpoint: a name or a path (default: %(default)s)")
    add("--out", default="-", help=".tsv, .tsv.gz or .parquet; - is standard output (default)")
    add("--stride", type=_positive, metavar="BP", help="between windows (default: the window)")
    add(
        "--on-short",
        choices=("error", "pad", "skip"),
        default="error",
        help="a record shorter than the window: stop, centre it in N, or leave it out",
    )
    add("--unknown", choices=("N",), help="read letters other than A C G T N as N")
    add("--batch-size", type=_positive, default=256, metavar="N", help="windows at a time")
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


def _add_weights(commands):
    parser = commands.add_parser("weights", help="list checkpoints, show a model card")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a checkpoint")
    listing.set_defaults(run=_list)
    info = actions.add_parser("info", help="the model card of a checkpoint")
    info.add_argument("name", help="a name from `genome-keras weights list`")
    info.set_defaults(run=_info)


def _list(options):
    from genome_keras.weights import find, list_weights

    print("name", "architecture", "window", "tasks", "bytes", "test_auroc", sep="\t")
    for name in list_weights():
        found = find(name)
        print(
            name,
            found.config["architecture"],
            found.arguments.get("window"),
            len(found.tasks),
            found.path.stat().st_size,
            f"{found.config['held_out']['all']['auroc_mean']:.4f}",
            sep="\t",
        )


def _info(options):
    from genome_keras.weights import find

    print(find(options.name).card, end="")


def _add_train(commands):
    parser = commands.add_parser(
        "train",
        help="train a model; the same command goes on after a kill",
        description="Trains on the split 'train' of a data set, keeps the epoch with the lowest "
        "validation loss, and resumes from the last finished epoch when run again.",
    )
    add = parser.add_argument
    add("data", metavar="DATA.h5", help="data set with x, y, split, source and tasks")
    add("--out", required=True, metavar="DIR", help="folder for weights, state and log")
    add("--model", choices=MODELS, default="bigru_multitask", help="(default: %(default)s)")
    add("--epochs", type=_positive, default=8, metavar="N")
    add("--batch-size", type=_positive, default=128, metavar="N")
    add("--learning-rate", type=float, default=5e-3, help="the highest (default: %(default)s)")
    add("--warmup", type=int, default=500, metavar="STEPS", help="steps to the highest rate")
    add("--seed", type=int, default=0)
    parser.set_defaults(run=_train)


def _train(options):
    from genome_keras.train import train_dataset

    train_dataset(
        options.data,
        model=options.model,
        out=options.out,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        warmup=options.warmup,
        seed=options.seed,
    )


def _add_evaluate(commands):
    parser = commands.add_parser(
        "evaluate",
        help="held-out scores of checkpoints beside the baselines",
        description="Scores checkpoints on one split of a data set beside the positive rate "
        "(prior) and GC content, per task and per source.",
    )
    add = parser.add_argument
    add("data", metavar="DATA.h5", help="data set with x, y, split, source and tasks")
    add("--weights", action="append", required=True, help="name or path; may be repeated")
    add("--split", choices=("train", "valid", "test"), default="test")
    add("--out", required=True, metavar="DIR", help="folder for scores.json and per_task.tsv")
    parser.set_defaults(run=_evaluate)


def _evaluate(options):
    from genome_keras.evaluate import as_markdown, evaluate

    result = evaluate(options.data, weights=options.weights, split=options.split, out=options.out)
    print(as_markdown(result))


def _positive(text):
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value
