"""The ONNX graph of a checkpoint, made once, and the session that runs it."""

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.weights import locations
from genome_keras.weights.checkpoint import Checkpoint

_MAKERS = ("genome_keras", "keras", "tensorflow", "tf2onnx")

_log = logging.getLogger(__name__)


def export_elsewhere(weights: str | os.PathLike, out: str | os.PathLike, *, format: str) -> float:
    """As `export`, in a process of its own, with TensorFlow.

    Example:
        >>> checkpoint = "kmer_logreg.human_chromatin.v1"
        >>> export_elsewhere(checkpoint, "model.onnx", format="onnx") < 1e-5  # doctest: +SKIP
        True
    """
    command = [sys.executable, "-m", "genome_keras", "export", os.fspath(weights)]
    command += ["--out", str(out), "--format", format]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        problem = lines[-1].removeprefix("genome-keras: ")
        raise (ValueError if done.returncode == 2 else GenomeKerasError)(problem)
    return float(done.stdout.split()[-1])


def need(*packages: str) -> None:
    """Raises GenomeKerasError unless these packages of the extra "onnx" are installed.

    Example:
        >>> need("numpy")
        >>> need("no_such_package")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        genome_keras.errors.GenomeKerasError: the package no_such_package is missing: pip ...
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise GenomeKerasError(
                f'the package {package} is missing: pip install "genome_keras[onnx]"'
            )


def onnx_session(
    path: str | os.PathLike, *, threads: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """The scores of an ONNX graph, by ONNX Runtime on the CPU.

    Args:
        path: of the graph.
        threads: 0 leaves them to ONNX Runtime.

    Returns:
        A function of codes uint8 (n, window) that gives float32 (n, tasks).

    Example:
        >>> scores = onnx_session("model.onnx", threads=1)  # doctest: +SKIP
        >>> scores(codes).shape  # doctest: +SKIP
        (8, 192)
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (codes,) = session.get_inputs()
    return lambda batch: session.run(None, {codes.name: batch})[0]


def cached_onnx(
    checkpoint: Checkpoint,
    *,
    make: Callable[..., Any] = export_elsewhere,
    makers: Iterable[str] = _MAKERS,
) -> Path:
    """The ONNX graph of a checkpoint, made once and kept in the user's cache folder.

    It is named after all that it depends on: the weights, the arguments, and the versions
    of the packages that make it. TensorFlow makes it, in a process of its own; after that
    no framework is needed. Two processes that want the same make it once.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        make: makes the graph, a function as `export_elsewhere`.
        makers: names of the packages whose versions count.

    Returns:
        `pathlib.Path`.

    Raises:
        WeightsError: the weights are damaged.
        GenomeKerasError: a package is missing, it cannot be written, or the scores differ.

    Example:
        >>> from genome_keras.weights import find
        >>> cached_onnx(find("danq.human_chromatin.v1"))  # doctest: +SKIP
        PosixPath('/home/me/.cache/genome_keras/onnx/0123456789abcdef0123456789abcdef.onnx')
    """
    from filelock import FileLock

    checkpoint.check_sha256()
    about = [checkpoint.bytes_sha256()]
    about += [checkpoint.architecture, checkpoint.arguments]
    about += [_version(package) for package in makers]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    path = locations.cache() / "onnx" / f"{digest[:32]}.onnx"
    if path.is_file():
        return path
    need("tf2onnx", "onnxruntime")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _log.info("making the ONNX graph of %s, once: %s", checkpoint.name, path)
                make(checkpoint.name, path, format="onnx")
    except OSError as error:
        raise GenomeKerasError(f"{path}: cannot write: {error.strerror or error}") from error
    return path


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def session_of(path: str | os.PathLike) -> Callable[[np.ndarray], np.ndarray]:
    """As `onnx_session`, on as many threads as this process may use.

    Raises:
        GenomeKerasError: the graph is damaged.

    Example:
        >>> scores = session_of(cached_onnx(checkpoint))  # doctest: +SKIP
    """
    try:
        return onnx_session(path, threads=_threads())
    except ImportError:
        raise
    except Exception as error:  # ONNX Runtime raises kinds of its own
        raise GenomeKerasError(f"{path}: damaged; remove it, and it is made anew") from error


def _threads():
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
