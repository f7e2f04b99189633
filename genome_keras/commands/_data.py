"""The arguments of commands that read labelled windows."""

import argparse
import shlex
from collections.abc import Callable
from typing import Any

from genome_keras.commands._arguments import add_unknown


def add_data(add: Callable, *, optional: bool = False) -> None:
    """The data sets, and which of their collections to read.

    Args:
        add: `add_argument` of the command's parser.
        optional: whether there may be none.
    """
    add(
        "data",
        metavar="DATA",
        nargs="*" if optional else "+",
        help="HDF5 data set with x, y, split and tasks, or the folder of the DeepSEA bundle; or "
        "CSV or TSV with a column 'sequence' and columns of labels, or FASTA with headers "
        "'>name TASK=1', .gz too; several of the same tasks are read one after the other",
    )
    add(
        "--source",
        action="extend",
        nargs="+",
        metavar="SOURCE",
        help="only these collections, the values of 'source' in the data (default: all)",
    )
    add(
        "--labels",
        nargs="+",
        metavar="COLUMN",
        help="of CSV and TSV: the columns of labels (default: all but sequence, split, source, "
        "chrom, start, end, strand, name and id)",
    )
    add(
        "--valid-share",
        type=float,
        metavar="SHARE",
        help="of CSV, TSV and FASTA: put this share of the split 'train', or of all sequences "
        "where none is told, into 'valid'",
    )
    if not optional:
        add_unknown(add)


def evaluating(options: argparse.Namespace, data: Any) -> str:
    """The command that scores what was trained on data, on a split that it did not learn from.

    Args:
        options: with `out`, and those of `add_data`.
        data: as `read_data` gives it.
    """
    from genome_keras.datasets.splits import splits_in

    words = ["genome-keras", "evaluate", *map(str, options.data or [data])]
    if options.valid_share is not None:
        words += ["--valid-share", f"{options.valid_share:g}"]
    if options.labels:
        words += ["--labels", *options.labels]
    if "test" not in splits_in(data):
        words += ["--split", "valid"]
    return shlex.join([*words, "--weights", options.out, "--out", "SCORES"])


def read_data(options: argparse.Namespace) -> Any:
    """The data of `add_data`, with what is a table or FASTA read into memory.

    Raises:
        FormatError, ValueError: as `genome_keras.datasets.labelled.labelled`.
    """
    from genome_keras.datasets.labelled import is_labelled, labelled

    how = {"labels": options.labels, "valid_share": options.valid_share}
    if any(map(is_labelled, options.data)):
        how["unknown"] = options.unknown
    return labelled(options.data, **how)
