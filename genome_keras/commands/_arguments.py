"""Arguments that several commands take, and their types."""

import argparse
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from genome_keras.commands._notes import notes
from genome_keras.io.atomic import atomic
from genome_keras.io.bgzip_beside import bgzip_beside
from genome_keras.scoring import ENGINES
from genome_keras.weights.resolve import DEFAULT_RULE
from genome_keras.weights.run_files import check_folder

ON_SHORT = ("error", "pad", "skip")  # as in genome_keras.windows


def positive(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


class NewFolder(str):
    """A folder that a command makes where there is none."""


def folder(text: str) -> NewFolder:
    """A folder to write, told before any work if it cannot be one."""
    check_folder(text)
    return NewFolder(text)


class NewFile(str):
    """A file that a command writes; "-" is standard output. All others it reads.

    `check_new_files` tells if it cannot be written.
    """


def check_new_files(outputs: list[NewFile], options: argparse.Namespace) -> None:
    """Tells before any work of files that cannot be written.

    Args:
        outputs: of `files_of`.
        options: of the command; a file may be in a folder that it makes.

    Raises:
        GenomeKerasError: as `atomic`.
    """
    values = vars(options).values()
    made = [os.path.realpath(value) for value in values if isinstance(value, NewFolder)]
    for path in outputs:
        within = os.path.dirname(os.path.realpath(path))
        if path == "-" or (within in made and not os.path.isdir(within)):
            continue
        with suppress(FileNotFoundError), atomic(path):
            pass  # nothing is written here, so nothing is put in its place


def files_of(options: argparse.Namespace) -> tuple[list[str], list[NewFile]]:
    """The files that the arguments of a command name.

    Args:
        options: of the command, whatever their names.

    Returns:
        Two lists of str: inputs, which are files, and outputs, which may be.
    """
    values = []
    for value in vars(options).values():
        values += value if isinstance(value, (list, tuple)) else [value]
    values = [value for value in values if isinstance(value, str)]
    outputs = [value for value in values if isinstance(value, NewFile)]
    inputs = [value for value in values if not isinstance(value, NewFile)]
    return [value for value in inputs if os.path.isfile(value)], outputs


def add_out_folder(add: Callable, holds: str) -> None:
    """The option of commands that write a folder.

    Args:
        add: `add_argument` of the command's parser.
        holds: what will be in it.
    """
    add("--out", type=folder, required=True, metavar="DIR", help=f"folder for {holds}")


def add_weights(add: Callable, *, required: bool = False, **how: Any) -> None:
    """The option that names a checkpoint.

    Args:
        add: `add_argument` of the command's parser.
        required: whether the user must name one; else the verb takes the default.
        how: other arguments of `add`.
    """
    told = "checkpoint: a name of `genome-keras weights list`, a path, a folder, or hf://OWNER/REPO"
    told += "" if required else f"; {DEFAULT_RULE}"
    add("--weights", **{"required": required, "metavar": "NAME", "help": told} | how)


def add_tasks(add: Callable) -> None:
    """The option that chooses tasks.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--task",
        action="append",
        metavar="TASK",
        help="only these: a name, a pattern such as '*|CTCF|*', or fields such as 'cell=K562 "
        "group=DNase'; may be repeated; `genome-keras tasks NAME` lists them",
    )


def add_genome(add: Callable, *, required: bool = False) -> None:
    """The options of commands that read places of a genome.

    Args:
        add: `add_argument` of the command's parser.
        required: whether there must be one.
    """
    add("--genome", required=required, metavar="G.fa", help="FASTA, bgzip FASTA or 2bit")
    add_bgzip(add)


def add_bgzip(add: Callable) -> None:
    """The option for a genome of plain gzip; `genome_keras.cli` carries it out.

    Args:
        add: `add_argument` of the command's parser.
    """
    told = "of a genome in plain gzip: write it once as bgzip, G.fa.bgz and .fai beside it"
    add("--bgzip", action="store_true", help=told)


def use_bgzip(options: argparse.Namespace) -> None:
    """Puts the genome that `--bgzip` makes in place of one of plain gzip.

    Raises:
        FormatError, GenomeKerasError: as `genome_keras.io.bgzip_beside.bgzip_beside`.
    """
    if getattr(options, "bgzip", False) and options.genome is not None:
        with notes():
            options.genome = str(bgzip_beside(options.genome))


def add_reading(add: Callable) -> None:
    """The options of commands that read windows: of letters that are none, and short records.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--on-short",
        choices=ON_SHORT,
        help="a record shorter than the window: stop (default), centre it in N, or leave it out",
    )
    add_unknown(add)


def add_unknown(add: Callable) -> None:
    """The option of commands that read letters.

    Args:
        add: `add_argument` of the command's parser.
    """
    add("--unknown", choices=("N",), help="read letters other than A C G T N as N")


def add_engine(add: Callable) -> None:
    """The option of commands that only need scores: what computes them.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what computes: Keras; ONNX Runtime on the CPU, whose graph is made once where none "
        "was published; or by itself (default) what starts soonest: ONNX Runtime or NumPy where "
        "no GPU is visible and a graph is at hand, else Keras",
    )


def add_on_outside(add: Callable) -> None:
    """The option of commands that read BED: of places that are not in the genome.

    Args:
        add: `add_argument` of the command's parser.
    """
    add(
        "--on-outside",
        choices=("error", "skip"),
        default="error",
        help="places on contigs that the genome lacks, and past the end: stop (default), or "
        "leave them out and count them",
    )


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Options as arguments of the function of the same names.

    Args:
        options: of the command.
        names: of options.

    Returns:
        dict.
    """
    return {name: getattr(options, name) for name in names}


def given_places(options: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_places` as arguments of the functions that read windows.

    Raises:
        ValueError: an option of FASTA beside a genome.
    """
    check_of_fasta(options, "on_short")
    check_of_bed(options)
    names = ("genome", "region", "weights", "window", "unknown", "batch_size", "on_outside")
    return {**given(options, *names), "on_short": options.on_short or "error"}


def check_of_bed(options: argparse.Namespace) -> None:
    """Raises ValueError for an option of BED that is given without a genome."""
    if options.genome is None and options.on_outside != "error":
        raise ValueError("--on-outside is for BED and a genome, not for FASTA")


def check_of_fasta(options: argparse.Namespace, *names: str) -> None:
    """Raises ValueError for an option of FASTA that is given beside a genome."""
    if options.genome is not None and any(getattr(options, name) is not None for name in names):
        told = " and ".join("--" + name.replace("_", "-") for name in names)
        raise ValueError(f"{told} {'is' if len(names) == 1 else 'are'} for FASTA, not for a genome")


def add_scoring(add: Callable) -> None:
    """The options of commands that score alleles: tasks, strands and window.

    Args:
        add: `add_argument` of the command's parser.
    """
    add_tasks(add)
    add(
        "--both-strands",
        action=argparse.BooleanOptionalAction,
        help="average over both strands, or not (default: as the checkpoint)",
    )
    add("--window", type=positive, metavar="BP", help="for models that take any length")


def add_windows_scoring(add: Callable) -> None:
    """The options of commands that score changes of whole windows.

    Args:
        add: `add_argument` of the command's parser.
    """
    add_scoring(add)
    add(
        "--report",
        type=NewFile,
        metavar="PAGE.html",
        help="also write a page with pictures of the first windows",
    )
    add(
        "--batch-size",
        type=positive,
        metavar="N",
        help="sequences at a time (default: 256, 64 of 1000 bp; of signal 4, long ones alone)",
    )


def add_places(add: Callable, *, must_name_weights: bool = False) -> None:
    """The options of commands that read windows of sequences or of a genome.

    Args:
        add: `add_argument` of the command's parser.
        must_name_weights: whether there is no default checkpoint.
    """
    add(
        "windows",
        metavar="IN",
        nargs="?",
        help="FASTA, whose windows lie as with predict; or with --genome a BED file, one "
        "window around the centre of each interval; - is standard input",
    )
    add_genome(add)
    add("--region", metavar="CHR:FROM-TO", help="in place of IN: one interval, 1-based")
    add_reading(add)
    add_on_outside(add)
    add_weights(add, required=must_name_weights)
