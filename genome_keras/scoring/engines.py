"""What computes the scores: Keras and its backend, or ONNX Runtime."""

import importlib.metadata
import importlib.util
import logging
import os
import sys
from pathlib import Path

from genome_keras.errors import GenomeKerasError
from genome_keras.scoring.onnx import cached_onnx, need, session_of

ENGINES = ("keras", "onnx", "auto")
_GPUS = ("nvidia[0-9]*", "kfd", "dxg", "accel*")  # CUDA, ROCm, Windows' Linux, TPU
SLOWER = ("kmer_logreg",)  # in ONNX Runtime, whose operations for counting are slow

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
        need("onnxruntime")
        return session_of(cached_onnx(checkpoint))
    against = _against_onnx(checkpoint.config.get("architecture"))
    if against is None:
        try:
            scores = session_of(cached_onnx(checkpoint))
            _log.info("engine onnx: ONNX Runtime is installed and no GPU is visible")
            return scores
        except GenomeKerasError as error:
            against = str(error)
    _log.info("engine keras: %s", against)
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
