"""What computes the scores: Keras and its backend, or ONNX Runtime."""

import importlib.util
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.errors import GenomeKerasError
from genome_keras.scoring import ENGINES
from genome_keras.scoring.batch import once_if_blank
from genome_keras.scoring.model_in_use import ModelInUse
from genome_keras.scoring.onnx import cached_onnx, need, session_of
from genome_keras.weights.checkpoint import Checkpoint

_GPUS = ("nvidia[0-9]*", "kfd", "dxg", "accel*")  # CUDA, ROCm, Windows' Linux, TPU
# Architectures with a layer that says `slow_in_onnx`, known before a framework loads.
SLOW_IN_ONNX = ("kmer_logreg",)

_log = logging.getLogger(__name__)


def scores_by(engine: str, use: ModelInUse) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the scores of a model, by Keras or another engine.

    Args:
        engine: as in `onnx_scores`.
        use: of `genome_keras.scoring.model_in_use.model_in_use`.

    Returns:
        A function of codes uint8 (n, window) that gives float32 (n, tasks).

    Raises:
        ValueError: another engine, or "onnx" for a model that is no checkpoint.
        GenomeKerasError, WeightsError: as `onnx_scores`.

    Example:
        >>> from genome_keras.scoring.model_in_use import model_in_use
        >>> use = model_in_use("kmer_logreg.human_chromatin.v1")
        >>> scores_by("keras", use)(np.zeros((2, 100), np.uint8)).shape
        (2, 192)
    """
    one_of(engine=engine, accepted=ENGINES)
    if use.checkpoint is None and engine == "onnx":
        raise ValueError(
            f"engine 'onnx' needs a checkpoint, which `save_pretrained` makes. Received: {use.name}"
        )
    scores = None if use.checkpoint is None else onnx_scores(use.checkpoint, engine)
    return use.scorer.scores if scores is None else partial(once_if_blank, scores)


def onnx_scores(
    checkpoint: Checkpoint,
    engine: str,
    *,
    graph: Callable[[Checkpoint], Path] = cached_onnx,
    sees_gpu: bool | None = None,
) -> Callable[[np.ndarray], np.ndarray] | None:
    """The scores of a checkpoint by ONNX Runtime, if that is the engine.

    ONNX Runtime runs on the CPU, on as many threads as OMP_NUM_THREADS says, or as there
    are processors for this process. What "auto" takes, and that a graph is being made, is
    logged.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        engine: "keras", "onnx" or "auto": "onnx" where ONNX Runtime is installed, no GPU
            is visible to the backend, the architecture is none of `SLOW_IN_ONNX`, and the
            model can be exported.
        graph: gives the path of the graph of a checkpoint.
        sees_gpu: whether a GPU is visible; None looks.

    Returns:
        A function of codes uint8 (n, window) that gives float32 (n, tasks), or None where
        the engine is Keras.

    Raises:
        ValueError: another engine.
        GenomeKerasError: "onnx", and a package is missing or the export failed.
        WeightsError: a checkpoint that cannot be used.

    Example:
        >>> from genome_keras.weights import find
        >>> checkpoint = find("kmer_logreg.human_chromatin.v1")
        >>> onnx_scores(checkpoint, "auto") is None  # Keras is faster for it
        True
    """
    one_of(engine=engine, accepted=ENGINES)
    if engine == "keras":
        return None
    if engine == "onnx":
        need("onnxruntime")
        return session_of(graph(checkpoint))
    against = _against_onnx(checkpoint.architecture, sees_gpu)
    if against is None:
        try:
            scores = session_of(graph(checkpoint))
            _log.info("engine onnx: ONNX Runtime is installed and no GPU is visible")
            return scores
        except GenomeKerasError as error:
            against = str(error)
    _log.info("engine keras: %s", against)
    return None


def _against_onnx(architecture, sees_gpu):
    """Why "auto" is Keras, or None."""
    if architecture in SLOW_IN_ONNX:
        return f"{architecture} is slower in ONNX Runtime"
    if importlib.util.find_spec("onnxruntime") is None:
        return "ONNX Runtime is not installed"
    sees_gpu = _sees_gpu() if sees_gpu is None else sees_gpu
    return "a GPU is visible" if sees_gpu else None


def _sees_gpu():
    """Whether the backend sees a GPU or TPU; on Linux without one, no framework is loaded."""
    if sys.platform.startswith("linux"):
        if not any(path for device in _GPUS for path in Path("/dev").glob(device)):
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
