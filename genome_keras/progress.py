"""Bars on a terminal: what is done, how fast, and what is left; nothing anywhere else."""

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

# Of training: fits 80 columns, of which tqdm's own cuts what it is for.
LAYOUT = "{desc} |{bar}| {rate_fmt}, {remaining} left{postfix}"
COLUMNS, LINES = 80, 24  # of a terminal that does not know its size


def progress(iterable: Iterable | None = None, *, quiet: bool = False, **how: Any) -> "tqdm":
    """A bar on standard error, where that is a terminal.

    A terminal may say that it has no lines and columns: one of `script`, `docker run -t`,
    `expect`, an editor. tqdm then takes its bars for hidden ones, and an empty line is all
    that one sees.

    Args:
        iterable: what to go through, or None for a bar that is told with `update`.
        quiet: show none on a terminal either.
        how: arguments of `tqdm.tqdm`.

    Returns:
        `tqdm.tqdm`.

    Example:
        >>> [number for number in progress(range(3), desc="three")]  # no terminal: no bar
        [0, 1, 2]
    """
    from tqdm import tqdm  # only here: every command imports this module

    if not _columns():
        how |= {"ncols": COLUMNS, "nrows": LINES}
    return tqdm(iterable, disable=quiet or None, **how)


def on_terminal() -> bool:
    """Whether somebody is looking: standard error is a terminal.

    Example:
        >>> on_terminal() in (True, False)
        True
    """
    return sys.stderr is not None and sys.stderr.isatty()


def _columns():
    """Columns of the terminal; 0 where it does not know, 1 or more where there is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return COLUMNS
