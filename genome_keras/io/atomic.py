"""Files that are whole or not there, and never one that the same work reads."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from genome_keras.errors import GenomeKerasError
from genome_keras.io import interruption, leftovers

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a disk says that takes no more
INPUT = "an input"
OUTPUT = "another output"

_kept: ContextVar[tuple] = ContextVar("genome_keras_kept_files", default=())


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary path to write to, and renames it when the block succeeds.

    The temporary file lies hidden in the folder of `path`, with all its suffixes
    (`x.weights.h5` becomes `.x-MACHINE-PID-NUMBER.weights.h5`). Whatever ends the block
    early, a signal too whose exception was swallowed, the temporary file is removed and a file
    that was at `path` stays as it was; of
    one that killed processes of this machine left for the same `path`, the next call is
    rid. Where `path` is a symbolic link, the file it points to is replaced.

    Args:
        path: the file to write; an existing one is replaced.

    Yields:
        `pathlib.Path`; the block must write it.

    Raises:
        GenomeKerasError: `path` cannot be written, or is the same file, through links too,
            as one that `protected` names or that an enclosing block writes; before the
            block runs.
        OSError: the disk is full, or the block wrote no file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic(Path(folder, "x.txt")) as temporary:
        ...         _ = temporary.write_text("whole")
        ...         before = Path(folder, "x.txt").exists()
        ...     print(before, Path(folder, "x.txt").read_text())
        False whole
    """
    target = Path(os.path.realpath(path))
    _check_place(path, target)
    _check_not_kept(path, target)
    temporary = leftovers.temporary(target)
    try:
        try:
            leftovers.sweep(target)
            temporary.open("xb").close()
            temporary.unlink()
        except OSError as error:
            raise GenomeKerasError(f"{path}: cannot write: {error.strerror}") from error
        with protected([target], what=OUTPUT):
            yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        interruption.check()
        os.replace(temporary, target)
    except OSError as error:
        if error.errno in FULL and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        with suppress(OSError):  # a name that the system refuses cannot be removed either
            temporary.unlink(missing_ok=True)


@contextmanager
def protected(paths: Iterable, *, what: str = INPUT) -> Iterator[None]:
    """In the block, `atomic` refuses to write these files, by whatever name.

    Args:
        paths: what is read in the block; None, "-", what does not exist and what is no path
            may be among them.
        what: they are, for the message.

    Raises:
        GenomeKerasError: one of them is what an enclosing block writes.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file, protected([file.name]):
        ...     try:
        ...         check_outputs([file.name])
        ...     except GenomeKerasError as error:
        ...         print(str(error).partition(": ")[2])
        cannot write: it is an input too; expected another file
    """
    before = _kept.get()
    named = [path for path in paths if isinstance(path, (str, os.PathLike)) and str(path) != "-"]
    if what == INPUT:
        for path in named:
            _check_not_kept(path, os.path.realpath(path), among=(OUTPUT,), told=INPUT)
    _kept.set((*before, *((os.path.realpath(path), _identity(path), what) for path in named)))
    try:
        yield
    finally:
        _kept.set(before)


def check_outputs(outputs: Iterable) -> None:
    """Tells before any work what `atomic` would refuse.

    Args:
        outputs: paths of files to write; None and "-" may be among them.

    Raises:
        GenomeKerasError: two of them are the same file, or one is of `protected`.

    Example:
        >>> try:
        ...     check_outputs(["scores.tsv", "-", "scores.tsv"])
        ... except GenomeKerasError as error:
        ...     print(error)
        scores.tsv: cannot write: it is another output too; expected another file
    """
    before = _kept.get()
    try:
        for path in outputs:
            if path is not None and str(path) != "-":
                target = os.path.realpath(path)
                _check_not_kept(path, target)
                _kept.set((*_kept.get(), (target, _identity(target), OUTPUT)))
    finally:
        _kept.set(before)


def _check_place(path, target):
    if os.path.isdir(target):  # unlike pathlib, False for a name the system refuses
        raise GenomeKerasError(f"{path}: cannot write: it is a folder, expected a file")
    if os.path.exists(target) and not os.path.isfile(target):
        raise GenomeKerasError(f"{path}: cannot write: expected a regular file")
    if not os.path.isdir(target.parent):
        raise GenomeKerasError(f"{path}: cannot write: there is no folder {target.parent}")


def _check_not_kept(path, target, *, among=(INPUT, OUTPUT), told=None):
    identity = _identity(target)
    for place, known, what in _kept.get():
        same = place == os.fspath(target) or (identity is not None and identity == known)
        if same and what in among:
            problem = f"it is {told or what} too; expected another file"
            raise GenomeKerasError(f"{path}: cannot write: {problem}")


def _identity(path):
    """Device and number of a file, which its links share; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
