"""Checkpoints in formats of other programs, each compared with the model."""

import contextlib
import logging
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np

from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic
from genome_keras.scoring.onnx import export_elsewhere, need, onnx_session

FORMATS = {".keras": "keras", ".onnx": "onnx", ".tflite": "litert"}
TOLERANCE = 1e-5


def export(weights, out, *, format=None):
    """Writes a checkpoint for use without this package, and checks what was written.

    | format | file | used by | shapes |
    |---|---|---|---|
    | keras | `.keras` | Keras with this package installed | as the model |
    | onnx | `.onnx` | ONNX Runtime; needs neither Keras nor this package | any batch; any window where the model takes any |
    | litert | `.tflite` | LiteRT (TensorFlow Lite), built-in operations only | one sequence at a time |
    | saved_model | a folder | TensorFlow, TensorFlow Serving | as the model |

    All but keras are made by TensorFlow, in another process where this one has another
    backend. What was written is run on random codes, N among them, and must score as
    the model does to within 1e-5.

    Args:
        weights: as in `genome_keras.load_model`.
        out: the file, or the folder for saved_model, which must not exist.
        format: "keras", "onnx", "litert" or "saved_model"; None goes by the suffix.

    Returns:
        The largest difference found between a score of the file and of the model.

    Raises:
        ValueError: an unknown format, or a model of no fixed window for litert.
        WeightsError: a checkpoint that cannot be used.
        GenomeKerasError: it cannot be written, a package is missing, or the scores differ.
    """  # noqa: E501
    out = Path(out)
    if format is None:
        format = FORMATS.get(out.suffix)
    if format not in (*FORMATS.values(), "saved_model"):
        raise ValueError(
            f"{out}: say format='saved_model' for a folder, or end in one of {', '.join(FORMATS)}"
        )
    if format == "onnx":
        need("tf2onnx", "onnxruntime")
    if format == "saved_model" and os.path.lexists(out):
        raise GenomeKerasError(f"{out}: is there already; nothing is overwritten")
    if format != "keras" and _backend() != "tensorflow":
        return export_elsewhere(weights, out, format=format)
    from genome_keras.layers.recurrent import keras_only
    from genome_keras.scoring.load import load_model

    with _whole(out, format) as draft:
        model, _ = load_model(weights)
        batches = _batches(model, format)
        expected = [np.asarray(model.predict(codes, verbose=0)) for codes in batches]
        with _quiet():
            with keras_only():
                _WRITERS[format](model, draft)
            scored = _READERS[format](draft, batches)
        worst = max(float(np.abs(a - b).max()) for a, b in zip(scored, expected, strict=True))
        if not worst <= TOLERANCE:  # also where a score is not a number
            raise GenomeKerasError(
                f"{out}: not written: its scores differ from the model's by {worst:.1e}"
            )
    return worst


def _backend():
    import keras

    return keras.backend.backend()


def _batches(model, format):
    window = model.input_shape[1]
    if format == "litert":
        if window is None:
            raise ValueError("litert needs a model of a fixed window")
        sizes = [(1, window)] * 3
    else:
        sizes = [(1, window or 100), (5, window or 60)]
    draw = np.random.default_rng(0)
    return [draw.integers(0, 5, size, dtype=np.uint8) for size in sizes]


@contextlib.contextmanager
def _whole(out, format):
    """A temporary file, or folder for saved_model, that becomes `out` when all is well."""
    if format != "saved_model":
        with atomic(out) as draft:
            yield draft
        return
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise GenomeKerasError(f"{out}: cannot write: {error.strerror}") from error
    try:
        yield draft
        draft.chmod(0o755)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def _quiet():
    """Silences the converters, whose notes are not for users."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), open(os.devnull, "w") as nowhere:
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
    finally:
        logger.setLevel(level)


def _write_keras(model, path):
    # Without the state of an optimizer, which nobody needs to score sequences.
    type(model)(model.inputs, model.outputs, name=model.name).save(path)


def _write_onnx(model, path):
    model.export(path, format="onnx", verbose=False)


def _write_litert(model, path):
    import keras

    from genome_keras.layers.strands import OneHot

    def copy(layer):
        if isinstance(layer, OneHot):
            return _LookUp(name=layer.name)
        return type(layer).from_config(layer.get_config())

    # LiteRT's converter takes OneHot and a matrix product for a look-up without N.
    class _LookUp(keras.layers.Layer):
        def call(self, inputs):
            letters = keras.ops.convert_to_tensor(np.eye(5, 4, dtype="float32"))
            return keras.ops.take(letters, keras.ops.cast(inputs, "int32"), axis=0)

    copied = keras.models.clone_model(model, clone_function=copy)
    copied.set_weights(model.get_weights())
    one = keras.InputSpec(shape=(1, model.input_shape[1]), dtype="uint8", name="codes")
    copied(np.zeros(one.shape, "uint8"))
    copied.export(path, format="litert", verbose=False, input_signature=[one])


def _write_saved_model(model, path):
    model.export(path, format="tf_saved_model", verbose=False)


def _read_keras(path, batches):
    import keras

    model = keras.saving.load_model(path)
    return [np.asarray(model.predict(codes, verbose=0)) for codes in batches]


def _read_onnx(path, batches):
    return [*map(onnx_session(path), batches)]


def _read_litert(path, batches):
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    (read,), (written,) = interpreter.get_input_details(), interpreter.get_output_details()
    scores = []
    for codes in batches:
        interpreter.set_tensor(read["index"], codes)
        interpreter.invoke()
        scores.append(interpreter.get_tensor(written["index"]))
    return scores


def _read_saved_model(path, batches):
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    return [model.serve(codes).numpy() for codes in batches]


_WRITERS = {
    "keras": _write_keras,
    "onnx": _write_onnx,
    "litert": _write_litert,
    "saved_model": _write_saved_model,
}
_READERS = {
    "keras": _read_keras,
    "onnx": _read_onnx,
    "litert": _read_litert,
    "saved_model": _read_saved_model,
}
