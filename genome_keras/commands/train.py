"""`genome-keras train`: train a model on a data set."""

import argparse
import json
from argparse import _SubParsersAction
from dataclasses import replace

from genome_keras import MODELS
from genome_keras.commands._arguments import (
    add_on_outside,
    add_out_folder,
    add_unknown,
    given,
    positive,
)
from genome_keras.commands._data import add_data, evaluating, read_data
from genome_keras.commands._notes import notes
from genome_keras.commands._results import result
from genome_keras.commands._settings import add_settings, given_settings
from genome_keras.training.recipe import RECIPES, Recipe, recipe_of
from genome_keras.weights.resolve import find
from genome_keras.weights.run_files import RunFiles


def add_to(commands: _SubParsersAction) -> None:
    """Adds the command to the program."""
    parser = commands.add_parser(
        "train",
        help="train a model; the same command goes on after a kill",
        description="Trains on the split 'train' of a data set, keeps the epoch with the lowest "
        "perplexity on 'valid', and goes on where it was when run again.",
    )
    add = parser.add_argument
    add_data(add, optional=True)
    add_out_folder(add, "weights, state and log")
    peaks = parser.add_argument_group("instead of DATA, to build it first as DIR/data.h5")
    peaks.add_argument("--genome", metavar="GENOME", help="FASTA or 2bit")
    peaks.add_argument(
        "--peaks", nargs="+", metavar="PEAKS", help="BED, narrowPeak, folders, as for `build`"
    )
    peaks.add_argument(
        "--valid", nargs="+", metavar="CONTIG", help="contigs to choose the epoch by"
    )
    peaks.add_argument(
        "--test", nargs="+", default=(), metavar="CONTIG", help="contigs to leave out"
    )
    add_unknown(peaks.add_argument)
    add_on_outside(peaks.add_argument)
    add("--model", choices=MODELS, help="(default: that of --fine-tune, or bigru_multitask)")
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
        choices=[*RECIPES],
        help="how to train: default, fine_tune (with --fine-tune), or paper, as Zhang & Kamath "
        "2016 did; the options that follow change it",
    )
    add_settings(add, Recipe, named=[item for item in RECIPES.items() if item[0] != "default"])
    add(
        "--window",
        type=positive,
        metavar="BP",
        help="the middle of each example (default: that of --fine-tune, or all)",
    )
    add("--examples", type=positive, metavar="N", help="learn from so many (default: all)")
    add(
        "--fine-tune",
        metavar="NAME",
        help="start from this checkpoint (a name or a path): architecture, sizes, window and "
        "strands are its own; a head for other tasks is new",
    )
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
    recipe = recipe_of(options.recipe, fine_tune=options.fine_tune is not None)
    recipe = replace(recipe, **given_settings(options, Recipe))
    with notes():
        data = _data(options, recipe)  # bad data is told before a framework loads
        from genome_keras.training.train import train

        names = ("out", "model", "window", "examples", "fine_tune", "precision", "tensorboard")
        names += ("plot", "devices", "seed")
        given_to = {"recipe": recipe, "arguments": dict(options.set), "sources": options.source}
        train(data, **given_to, **given(options, *names))
    _told(options, data)


def _told(options, data):
    """One line on what was reached, where it lies, and what comes next."""
    files = RunFiles(options.out)
    if not (log := files.read_log()):
        return
    measure = "val_perplexity" if files.asked()["positive_weight"] == 1 else "val_loss"
    best = min(log, key=lambda row: row[measure])
    start = f" (start {log[0]['val_perplexity']:.4f})" if log[0]["epoch"] == 0 else ""
    result(
        f"epoch {best['epoch']} of {log[-1]['epoch']}, the best, perplexity "
        f"{best['val_perplexity']:.4f} on valid{start},",
        out=options.out,
        then=evaluating(options, data),
    )


def _data(options, recipe):
    """The data set, built where only its genome and peaks were given."""
    parts = (options.genome, options.peaks, options.valid)
    if options.data and not any(parts):
        from genome_keras.training.read import opened

        data = read_data(options)
        opened(data, window=options.window, shift=recipe.shift, sources=options.source)
        return data
    if options.data or not all(parts):
        raise ValueError("expected DATA, or --genome, --peaks and --valid to build it from")
    from genome_keras.training.from_peaks import data_from_peaks

    names = ("genome", "peaks", "valid", "test", "unknown", "on_outside", "seed")
    window = options.window
    if window is None and options.fine_tune is not None:
        window = find(options.fine_tune).arguments.get("window")
    return data_from_peaks(options.out, window=window, **given(options, *names))


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
