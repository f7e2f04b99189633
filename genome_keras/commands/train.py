"""`genome-keras train`: train a model on a data set."""

import argparse
import json

from genome_keras import MODELS
from genome_keras.commands._arguments import add_out_folder, add_unknown, given, positive


def add_to(commands):
    """Adds the command to the program."""
    parser = commands.add_parser(
        "train",
        help="train a model; the same command goes on after a kill",
        description="Trains on the split 'train' of a data set, keeps the epoch with the lowest "
        "perplexity on 'valid', and goes on where it was when run again.",
    )
    add = parser.add_argument
    add(
        "data",
        metavar="DATA",
        nargs="?",
        help="HDF5 data set with x, y, split and tasks, or the folder of the DeepSEA bundle",
    )
    add_out_folder(add, "weights, state and log")
    peaks = parser.add_argument_group("instead of DATA, to build it first as DIR/data.h5")
    peaks.add_argument("--genome", metavar="GENOME", help="FASTA or 2bit")
    peaks.add_argument(
        "--peaks", nargs="+", metavar="PEAKS", help="BED, narrowPeak, folders, as for `build`"
    )
    peaks.add_argument("--valid", nargs="+", metavar="NAME", help="contigs to choose the epoch by")
    peaks.add_argument("--test", nargs="+", default=(), metavar="NAME", help="contigs to leave out")
    add_unknown(peaks.add_argument)
    add("--model", choices=MODELS, default="bigru_multitask", help="(default: %(default)s)")
    add(
        "--set",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="another argument of the model, such as units=64; may be repeated",
    )
    add(
        "--recipe",
        choices=("default", "paper"),
        default="default",
        help="the options below, as we would (default) or as Zhang & Kamath 2016 did",
    )
    add("--window", type=positive, metavar="BP", help="the middle of each example (default: all)")
    add("--examples", type=positive, metavar="N", help="learn from so many (default: all)")
    add("--epochs", type=positive, metavar="N", help="at most (8; paper: 61)")
    add("--batch-size", type=positive, metavar="N", help="(128; paper: 20)")
    add("--learning-rate", type=float, metavar="X", help="the highest (0.005; paper: 0.001)")
    add("--warmup", type=int, metavar="STEPS", help="steps to the highest rate (500; paper: 0)")
    add("--patience", type=positive, metavar="N", help="end after N epochs without a better one")
    add(
        "--positive-weight",
        type=_weight,
        default=1.0,
        metavar="W",
        help="weight of labels 1 in the loss, or 'balanced' (default: 1)",
    )
    add("--fine-tune", metavar="NAME", help="start from this checkpoint (a name or a path)")
    add(
        "--trunk-rate",
        type=float,
        default=1.0,
        metavar="X",
        help="learning rate of all but the last layer, as a share; 0 freezes them (default: 1)",
    )
    add("--keep-epochs", action="store_true", default=None, help="keep the weights of every epoch")
    add(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        default="float32",
        help="of the computation (default: %(default)s)",
    )
    add("--tensorboard", action="store_true", help="also write events to DIR/tensorboard")
    add("--plot", action="store_true", help="draw the learning curves in DIR/curves.svg")
    add("--devices", type=positive, default=1, metavar="N", help="share each batch (default: 1)")
    add("--seed", type=int, default=0)
    parser.set_defaults(run=_train)


def _train(options):
    data = _data(options)  # bad data is told before a framework loads
    from genome_keras.training.train import train_dataset

    names = ("out", "model", "recipe", "window", "examples", "epochs", "batch_size", "warmup")
    names += ("learning_rate", "patience", "positive_weight", "fine_tune", "trunk_rate", "seed")
    names += ("keep_epochs", "precision", "tensorboard", "plot", "devices")
    train_dataset(data, arguments=dict(options.set), **given(options, *names))


def _data(options):
    """The data set, built where only its genome and peaks were given."""
    parts = (options.genome, options.peaks, options.valid)
    if options.data is not None and not any(parts):
        from genome_keras.datasets.splits import open_split

        open_split(options.data, "train", window=options.window)
        return options.data
    if options.data is not None or not all(parts):
        raise ValueError("expected DATA, or --genome, --peaks and --valid to build it from")
    from genome_keras.training.from_peaks import data_from_peaks

    names = ("genome", "peaks", "valid", "test", "window", "unknown", "seed")
    return data_from_peaks(options.out, **given(options, *names))


def _setting(text):
    """NAME=VALUE, the value as JSON where it is JSON, as a word where it is not."""
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    if name in ("window", "tasks", "weights", "seed"):
        raise argparse.ArgumentTypeError(f"{name} is not set here")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _weight(text):
    if text == "balanced":
        return text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0 or 'balanced', got {text!r}")
    return value
