"""A folder that one process at a time writes to."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from genome_keras.errors import GenomeKerasError

_TAKEN = (errno.EAGAIN, errno.EACCES)


@contextmanager
def held(folder: str | os.PathLike) -> Iterator[None]:
    """Holds a folder for a block; the hold ends with the process and leaves no file.

    Where the system or the file system has no such locks, nobody is refused.

    Args:
        folder: an existing one.

    Raises:
        GenomeKerasError: another holder, of this process or another, has it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, held(folder):
        ...     try:
        ...         with held(folder):
        ...             pass
        ...     except GenomeKerasError as error:
        ...         print(str(error).partition(": ")[2])
        another run is writing to this folder; wait for it, or take another
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                problem = "another run is writing to this folder; wait for it, or take another"
                raise GenomeKerasError(f"{folder}: {problem}") from error
        yield
    finally:
        os.close(number)
