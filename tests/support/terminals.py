"""A terminal that is no screen: what a program writes on it is read back."""

import fcntl
import os
import pty
import struct
import sys
import termios
import threading
from contextlib import contextmanager


@contextmanager
def terminal(columns=0, lines=0):
    """Within it, standard error is a terminal of this size; 0 by 0 is one that does not know.

    Yields:
        A list that holds the whole text, one str, when the block ends.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    read, text = bytearray(), []
    reader = threading.Thread(target=_read, args=(master, read))
    reader.start()
    before, sys.stderr = sys.stderr, open(slave, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    try:
        yield text
    finally:
        sys.stderr.close()
        sys.stderr = before
        reader.join()
        os.close(master)
        text.append(read.decode("utf-8"))


def _read(master, into):
    while True:
        try:
            part = os.read(master, 1 << 16)
        except OSError:  # nobody has it open any more
            return
        if not part:
            return
        into += part
