"""What computes the scores: Keras and its backend, or ONNX Runtime."""

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
from pathlib import Path

from genome_keras import exports, origins
from genome_keras.errors import GenomeKerasError

ENGINES = ("keras", "onnx", "auto")
_GPUS = ("nvidia[0-9]*", "kfd", "dxg", "accel*")  # CUDA, ROCm, Windows' Linux, TPU
SLOWER = ("kmer_logreg",)  # in ONNX Runtime, whose operations for counting are slow
_MAKERS = ("genome_keras", "keras", "tensorflow", "tf2onnx")

_log = logging.getLogger(__name__)


def onnx_scores(checkpoint, engine):
    """The scores of a checkpoint by ONNX Runtime, if that is the engine.

    ONNX Runtime runs on the CPU, on as many threads as OMP_NUM_THREADS says, or as there
    are processors for this process. The graph is made by `cached_onnx`.
    What "auto" takes, and that a graph is being made, is logged.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        engine: "keras", "onnx" or "auto": "onnx" where ONNX Runtime is installed, no GPU
            is visible to the backend, the architecture is none of `SLOWER`, and the model
            can be exported.

    Returns:
        A function of codes uint8 (n, window) that gives float32 (n, tasks), or None where
        the engine is Keras.

    Raises:
        ValueError: another engine.
        GenomeKerasError: "onnx", and a package is missing or the export failed.
        WeightsError: a checkpoint that cannot be used.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}. Received: engine={engine!r}")
    if engine == "keras":
        return None
    if engine == "onnx":
        exports.need("onnxruntime")
        return _session(cached_onnx(checkpoint))
    against = _against_onnx(checkpoint.config.get("architecture"))
    if against is None:
        try:
            scores = _session(cached_onnx(checkpoint))
            _log.info("engine onnx: ONNX Runtime is installed and no GPU is visible")
            return scores
        except GenomeKerasError as error:
            against = str(error)
    _log.info("engine keras: %s", against)
    return None


def cached_onnx(checkpoint):
    """The ONNX graph of a checkpoint, made once and kept in the user's cache folder.

    It is named after all that it depends on: the weights, the arguments, and the versions
    of the packages that make it. TensorFlow makes it, in a process of its own; after that
    no framework is needed. Two processes that want the same make it once.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.

    Returns:
        `pathlib.Path`.

    Raises:
        WeightsError: the weights are damaged.
        GenomeKerasError: a package is missing, it cannot be written, or the scores differ.
    """
    from filelock import FileLock

    checkpoint.check_sha256()
    about = [checkpoint.bytes_sha256()]
    about += [checkpoint.config.get("architecture"), checkpoint.arguments]
    about += [_version(package) for package in _MAKERS]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    path = origins.cache() / "onnx" / f"{digest[:32]}.onnx"
    if path.is_file():
        return path
    exports.need("tf2onnx", "onnxruntime")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _log.info("making the ONNX graph of %s, once: %s", checkpoint.name, path)
                exports.export_elsewhere(checkpoint.name, path, format="onnx")
    except OSError as error:
        raise GenomeKerasError(f"{path}: cannot write: {error.strerror or error}") from error
    return path


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _against_onnx(architecture):
    """Why "auto" is Keras, or None."""
    if architecture in SLOWER:
        return f"{architecture} is slower in ONNX Runtime"
    if importlib.util.find_spec("onnxruntime") is None:
        return "ONNX Runtime is not installed"
    return "a GPU is visible" if _sees_gpu() else None


def _sees_gpu():
    """Whether the backend sees a GPU or TPU; on Linux without one, no framework is loaded."""
    if sys.platform.startswith("linux"):
        if not any(path for of in _GPUS for path in Path("/dev").glob(of)):
            return False
        if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
            return False
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _session(path):
    try:
        return exports.onnx_session(path, threads=_threads())
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
