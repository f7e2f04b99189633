"""Standard input, output and error that are closed, or not UTF-8."""

import errno
import io
import os
import sys


class _Closed(io.TextIOBase):
    """Standard output that nobody opened: writing tells so, in place of losing what is written."""

    def write(self, text):
        raise OSError(errno.EBADF, "closed", "standard output")


def prepare() -> None:
    """Opens what a caller has closed, and has standard output write UTF-8, as files do.

    A file that is opened while descriptor 1 or 2 is free would take its number, and what
    libraries print there would land in it.
    """
    number = 0
    while number < 3:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
