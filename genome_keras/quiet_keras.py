"""Keras loads fast and without its backend's greetings, and one line tells why it does not load."""

import importlib
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Container, Iterator, MutableMapping
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
    use_onednn()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _told(name, error) from error


def use_onednn(
    environment: MutableMapping[str, str] | None = None,
    *,
    loaded: Container[str] | None = None,
    machine: str | None = None,
) -> None:
    """Has TensorFlow compute by oneDNN, where it is not loaded yet and nobody chose otherwise.

    TensorFlow's own operations are compiled for processors without AVX2. It takes oneDNN in
    their place by itself where a processor has AVX-512's operations for networks; on others
    networks are trained 1.4 to 2 times as fast by it. `TF_ENABLE_ONEDNN_OPTS=0` turns it off.

    Args:
        environment: variables, which may get one more; None are those of the process.
        loaded: names of modules; None are those of the process.
        machine: kind of processor; None is that of the process.

    Example:
        >>> variables = {}
        >>> use_onednn(variables, loaded=(), machine="x86_64")
        >>> variables
        {'TF_ENABLE_ONEDNN_OPTS': '1'}
    """
    environment = os.environ if environment is None else environment
    loaded = sys.modules if loaded is None else loaded
    machine = platform.machine() if machine is None else machine
    if "tensorflow" not in loaded and machine.lower() in ("x86_64", "amd64"):
        environment.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


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
