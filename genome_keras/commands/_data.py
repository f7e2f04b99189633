"""The arguments of commands that read labelled windows."""

from collections.abc import Callable


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
        help="HDF5 data set with x, y, split and tasks, or the folder of the DeepSEA bundle; "
        "several of the same tasks are read one after the other",
    )
    add(
        "--source",
        action="extend",
        nargs="+",
        metavar="NAME",
        help="only these collections, the values of 'source' in the data (default: all)",
    )
