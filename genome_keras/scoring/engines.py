"""What computes the scores of a checkpoint: Keras and its backend, ONNX Runtime, or NumPy."""

import importlib.util
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from genome_keras.arguments import one_of
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.scoring import ENGINES
from genome_keras.scoring.numpy_models import NUMPY_MODELS, KmerLogreg
from genome_keras.scoring.onnx import OnnxModel, export_elsewhere, graph_at_hand, graph_of, need
from genome_keras.weights.checkpoint import Checkpoint

_GPUS = ("nvidia[0-9]*", "kfd", "dxg", "accel*")  # CUDA, ROCm, Windows' Linux, TPU
# Without one of these, a backend has no GPU on a Mac, or on Windows: system, backend.
_PLUGINS = {
    ("darwin", "tensorflow"): "tensorflow-plugins",
    ("darwin", "jax"): "jax_plugins",
    ("win32", "tensorflow"): "tensorflow-plugins",
    ("win32", "jax"): "jax_plugins",
}

_log = logging.getLogger(__name__)


def model_without_keras(
    checkpoint: Checkpoint,
    engine: str,
    *,
    both_strands: bool | None = None,
    make: Callable[..., object] = export_elsewhere,
    sees_gpu: bool | None = None,
) -> OnnxModel | KmerLogreg | None:
    """A checkpoint as a model that needs no framework, if that is the engine.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        engine: "keras"; "onnx", ONNX Runtime on the CPU, by the graph that was published with
            the checkpoint or was made before, or else is made now, once; or "auto": NumPy
            where the architecture is one of `NUMPY_MODELS`, else ONNX Runtime where a graph is
            at hand and no GPU is visible to the backend, else Keras, and the log says why.
        both_strands: average over both strands; None does what the checkpoint says.
        make: as in `genome_keras.scoring.onnx.cached_onnx`.
        sees_gpu: whether a GPU is visible; None looks.

    Returns:
        What `genome_keras.scoring.scorer.Scorer` takes for a model, or None: Keras.

    Raises:
        ValueError: another engine; of "onnx", other strands than the checkpoint's.
        GenomeKerasError: "onnx", and a package is missing or the export failed.
        WeightsError: a checkpoint that cannot be used.

    Example:
        >>> from genome_keras.weights import find
        >>> model_without_keras(find("kmer_logreg.human_chromatin.v1"), "auto").engine
        'numpy'
    """
    one_of(engine=engine, accepted=ENGINES)
    if engine == "keras":
        return None
    if engine == "onnx":
        need("onnxruntime")
        return _of_graph(graph_of(checkpoint, make=make), checkpoint, both_strands)
    if checkpoint.architecture in NUMPY_MODELS:
        return NUMPY_MODELS[checkpoint.architecture](checkpoint, both_strands=both_strands)
    try:
        return _at_hand(checkpoint, both_strands, sees_gpu)
    except WeightsError:
        raise
    except (GenomeKerasError, ValueError) as error:
        _log.info("engine keras: %s", error)
        return None


def _at_hand(checkpoint, both_strands, sees_gpu):
    """The model by ONNX Runtime, or an error that says why it is not that."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise GenomeKerasError("ONNX Runtime is not installed")
    if _sees_gpu() if sees_gpu is None else sees_gpu:
        raise GenomeKerasError("a GPU is visible")
    path = graph_at_hand(checkpoint)
    if path is None:
        raise GenomeKerasError(
            f"there is no ONNX graph of {checkpoint.name} yet; --engine onnx makes one, once"
        )
    return _of_graph(path, checkpoint, both_strands)


def _of_graph(path, checkpoint, both_strands):
    model = OnnxModel(path, name=checkpoint.name)
    inside = bool(checkpoint.arguments.get("both_strands", False))
    if both_strands not in (None, inside) and not model.gives_next_bases:
        told = "averages" if inside else "does not average"
        raise ValueError(f"the ONNX graph {told} over both strands, as {checkpoint.name} does")
    return model


def backend_name() -> str:
    """The backend that Keras has, or would have; Keras is not loaded for the answer.

    Example:
        >>> backend_name() in ("tensorflow", "jax", "torch")
        True
    """
    if keras := sys.modules.get("keras"):
        return keras.config.backend()
    if named := os.environ.get("KERAS_BACKEND"):
        return named
    home = os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser()
    try:
        return json.loads(Path(home, "keras.json").read_text())["backend"]
    except (OSError, ValueError, TypeError, KeyError):
        return "tensorflow"


def _sees_gpu():
    """Whether the backend sees a GPU or TPU; where none can be, no framework is loaded."""
    if not _may_have_gpu():
        return False
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.is_available() or torch.backends.mps.is_available()
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _may_have_gpu():
    if sys.platform.startswith("linux"):
        if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
            return False
        return any(path for device in _GPUS for path in Path("/dev").glob(device))
    plugin = _PLUGINS.get((sys.platform, backend_name()))
    return plugin is None or importlib.util.find_spec(plugin) is not None
