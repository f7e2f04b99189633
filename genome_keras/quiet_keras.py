"""Keras loads without its backend's greetings, and one line tells why it does not load."""

import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from genome_keras.errors import GenomeKerasError


def load_keras(name: str = "keras") -> ModuleType:
    """Imports Keras, or tells in one line why it does not load.

    Args:
        name: the package to import.

    Returns:
        The module.

    Raises:
        GenomeKerasError: a module that the import needs is missing, as that of the backend.

    Example:
        >>> load_keras().__name__
        'keras'
        >>> load_keras("no_such_package")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        genome_keras.errors.GenomeKerasError: no_such_package does not load...
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _told(name, error) from error


@contextmanager
def quiet_keras(name: str = "keras") -> Iterator[None]:
    """In the block, the first import of Keras, wherever it is, says nothing on standard error.

    TensorFlow's native code greets on file descriptor 2 whatever its log level, and that
    descriptor belongs to the whole process: only a program may do this, at its start, and
    no function that others call. What is said before an import that fails is shown after
    all.

    Args:
        name: the package to import quietly.

    Raises:
        GenomeKerasError: a module that the import needs is missing, as that of the backend.

    Example:
        >>> with quiet_keras():
        ...     import keras  # TensorFlow says nothing on standard error
    """
    if name in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        yield
        return
    finder = _Finder(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _Finder:
    """Finds one module, once, as the other finders do, and has it run in `silence`."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    def __init__(self, loader):
        self.loader = loader
        self.create_module = loader.create_module

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        try:
            with _silence():
                self.loader.exec_module(module)
        except ModuleNotFoundError as error:
            raise _told(module.__name__, error) from error


def _told(name, error):
    backend = os.environ.get("KERAS_BACKEND")
    told = f" with KERAS_BACKEND={backend}" if backend else ""
    return GenomeKerasError(f"{name} does not load{told}: {error}")


@contextmanager
def _silence():
    """Keeps what is written to file descriptor 2, and shows it only where the block fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            sys.stderr.flush()
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
