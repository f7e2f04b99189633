"""ONNX graphs of checkpoints: those at hand, one that is made, and the session that runs it."""

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
from typing import TYPE_CHECKING, Any

import numpy as np

from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.weights import locations
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.graphs import published_graph

if TYPE_CHECKING:
    from genome_keras.scoring.shared_convolutions import SharedConvolutions

_MAKERS = ("genome_keras", "keras", "tensorflow", "tf2onnx")

LARGEST = 2**27  # bytes of a graph that is made shorter: for a while there are three of it

_log = logging.getLogger(__name__)


class OnnxModel:
    """An ONNX graph as a model, as `genome_keras.scoring.scorer.Scorer` takes one.

    It runs on the CPU, on as many threads as OMP_NUM_THREADS says, or as there are
    processors for this process.

    Args:
        path: of a graph from uint8 codes (n, window) to float32 (n, tasks), or of a
            language model (n, window, 4).
        name: of the model.

    Attributes:
        input_shape, output_shape: tuples, None where any size is taken.
        gives_next_bases: whether it is a language model.

    Raises:
        GenomeKerasError: the graph is damaged.

    Example:
        >>> model = OnnxModel("model.onnx")  # doctest: +SKIP
        >>> model.predict_on_batch(np.zeros((8, 100), np.uint8)).shape  # doctest: +SKIP
        (8, 192)
    """

    engine, layers = "onnx", ()

    def __init__(self, path: str | os.PathLike, *, name: str = "onnx") -> None:
        self.name, self._graph = name, None
        try:
            session = self._session(path)
        except ImportError:
            raise
        except Exception as error:  # ONNX Runtime raises kinds of its own
            problem = "damaged; remove it, and it is made anew"
            raise GenomeKerasError(f"{path}: {problem}") from error
        self.predict_on_batch = session
        self.input_shape, self.output_shape = session.input_shape, session.output_shape
        self.gives_next_bases = len(self.output_shape) == 3

    def _session(self, path):
        """The session of a graph, with fewer operations where its convolutions are known."""
        model = _shorter(path)
        if model is None:
            return onnx_session(path, threads=_threads())
        from genome_keras.scoring.onnx_file import Graph

        self._graph = Graph(model, Path(path).resolve().parent)
        return _Session(_opened(model, threads=_threads(), folder=self._graph.folder))

    def convolutions(self, batch_size: int) -> "SharedConvolutions | None":
        """The graph as convolutions of which only what changes is computed, or None.

        Args:
            batch_size: windows at a time.
        """
        graph = self._graph
        if graph is None or self.gives_next_bases:
            return None
        from genome_keras.scoring.onnx_trunk import network

        def run(model):
            session = _opened(model, threads=_threads(), folder=graph.folder)
            (given,) = (each.name for each in session.get_inputs())
            return lambda values: session.run(None, {given: values})

        return network(graph, run, window=self.input_shape[1], batch_size=batch_size)


def _shorter(path):
    """The bytes of a graph in a shorter form, or None where there is none."""
    from genome_keras.scoring.onnx_file import Graph
    from genome_keras.scoring.onnx_shorter import shorter

    try:
        if os.path.getsize(path) > LARGEST:
            return None
        return shorter(Graph.of_file(path))
    except (OSError, ValueError, LookupError):  # ONNX Runtime tells what is wrong with it
        return None


class _Session:
    """A function of codes; `input_shape` and `output_shape` have None for any size."""

    def __init__(self, session):
        (codes,), (scores,) = session.get_inputs(), session.get_outputs()
        self._session, self._codes = session, codes.name
        self.input_shape, self.output_shape = _sizes(codes), _sizes(scores)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._codes: codes})[0]


def _sizes(value):
    return tuple(size if isinstance(size, int) else None for size in value.shape)


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
    return _Session(_opened(str(path), threads=threads))


def onnx_outputs(
    path: str | os.PathLike,
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """As `onnx_session`, of a graph with any number of outputs.

    Returns:
        A function of codes uint8 (n, window) that gives name -> array.

    Example:
        >>> outputs = onnx_outputs("bpnet.onnx")  # doctest: +SKIP
        >>> sorted(outputs(codes))  # doctest: +SKIP
        ['counts', 'profile']
    """
    session = _opened(str(path), threads=0)
    (given,) = (each.name for each in session.get_inputs())
    names = [each.name for each in session.get_outputs()]
    return lambda codes: dict(zip(names, session.run(None, {given: codes}), strict=True))


def _opened(model, *, threads, folder=None):
    """A session of a path, or of the bytes of a model whose arrays lie in a folder."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails is raised
    options.intra_op_num_threads = threads
    # Threads that wait for work would burn a processor each.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if folder is not None:
        beside = "session.model_external_initializers_file_folder_path"
        options.add_session_config_entry(beside, str(folder))
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model, options, providers=providers)


def graph_at_hand(checkpoint: Checkpoint) -> Path | None:
    """The graph of a checkpoint that was published with it, or made before; None without.

    Raises:
        WeightsError: the weights are damaged.
        GenomeKerasError: the published graph is missing or damaged, and none was made.

    Example:
        >>> from genome_keras.weights import find
        >>> graph_at_hand(find("danq.human_chromatin.v1"))  # doctest: +SKIP
        PosixPath('/usr/lib/python3/site-packages/genome_keras/checkpoints/danq...v1.onnx')
    """
    checkpoint.check_sha256()
    kept = _cached(checkpoint, _MAKERS)
    try:
        published = published_graph(checkpoint)
    except WeightsError as error:  # the weights were right before
        if kept.is_file():
            return kept
        raise GenomeKerasError(str(error)) from error
    return published or (kept if kept.is_file() else None)


def graph_of(checkpoint: Checkpoint, *, make: Callable[..., Any] | None = None) -> Path:
    """The graph of a checkpoint: at hand, or made; the log tells of a published one not whole.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        make: as in `cached_onnx`.

    Raises:
        As `cached_onnx`.

    Example:
        >>> from genome_keras.weights import find
        >>> graph_of(find("danq.human_chromatin.v1"))  # doctest: +SKIP
        PosixPath('/home/me/.cache/genome_keras/onnx/0123456789abcdef0123456789abcdef.onnx')
    """
    try:
        path = graph_at_hand(checkpoint)
    except WeightsError:
        raise
    except GenomeKerasError as error:
        _log.info("%s", error)
        path = None
    return path or cached_onnx(checkpoint, make=make)


def cached_onnx(
    checkpoint: Checkpoint,
    *,
    make: Callable[..., Any] | None = None,
    makers: Iterable[str] = _MAKERS,
) -> Path:
    """The ONNX graph of a checkpoint, made once and kept in the user's cache folder.

    It is named after all that it depends on: the weights, the arguments, and the versions
    of the packages that make it. TensorFlow makes it, in a process of its own; after that
    no framework is needed. Two processes that want the same make it once.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        make: makes the graph, a function as `export_elsewhere`, which None is.
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
    checkpoint.check_sha256()
    path = _cached(checkpoint, makers)
    if path.is_file():
        return path
    need("tf2onnx", "onnxruntime")
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _log.info("making the ONNX graph of %s, once: %s", checkpoint.name, path)
                (make or export_elsewhere)(checkpoint.name, path, format="onnx")
    except OSError as error:
        raise GenomeKerasError(f"{path}: cannot write: {error.strerror or error}") from error
    return path


def _cached(checkpoint, makers):
    """Where the graph of a checkpoint is kept once it was made."""
    about = [checkpoint.bytes_sha256()]
    about += [checkpoint.architecture, checkpoint.arguments]
    about += [_version(package) for package in makers]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return locations.cache() / "onnx" / f"{digest[:32]}.onnx"


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


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


def _threads():
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
