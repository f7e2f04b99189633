"""Files that are whole or not there."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path

from genome_keras.errors import GenomeKerasError


@contextmanager
def atomic(path):
    """Gives a temporary path to write to, and renames it when the block succeeds.

    The temporary file lies hidden in the folder of `path`, with all its suffixes
    (`x.weights.h5` becomes `.x-1234.weights.h5`). Whatever ends the block early, the
    temporary file is removed and a file that was at `path` stays as it was. Where
    `path` is a symbolic link, the file it points to is replaced.

    Args:
        path: the file to write; an existing one is replaced.

    Yields:
        `pathlib.Path`; the block must write it.

    Raises:
        GenomeKerasError: `path` cannot be written, before the block runs.
        OSError: the disk is full, or the block wrote no file.
    """
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):  # unlike pathlib, False for a name the system refuses
        raise GenomeKerasError(f"{path}: cannot write: it is a folder, expected a file")
    if os.path.exists(target) and not os.path.isfile(target):
        raise GenomeKerasError(f"{path}: cannot write: expected a regular file")
    if not os.path.isdir(target.parent):
        raise GenomeKerasError(f"{path}: cannot write: there is no folder {target.parent}")
    name, dot, suffixes = target.name.partition(".")
    temporary = target.with_name(f".{name}-{os.getpid()}{dot}{suffixes}")
    try:
        try:
            temporary.open("wb").close()
            temporary.unlink()
        except OSError as error:
            raise GenomeKerasError(f"{path}: cannot write: {error.strerror}") from error
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        with suppress(OSError):  # a name that the system refuses cannot be removed either
            temporary.unlink(missing_ok=True)
