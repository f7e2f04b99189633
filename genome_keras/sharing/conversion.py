"""A model in a format of another program, and the scores of what was written.

Converters print, and set what is the whole process's, so those that need TensorFlow run in
a process of their own: `python -m genome_keras.sharing.conversion NAME OUT FORMAT`.
"""

import json
import sys
from pathlib import Path

import numpy as np

from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.scoring.onnx import onnx_outputs
from genome_keras.weights.checkpoint import Checkpoint

LONG = 10_000  # bp, of which few windows are computed at a time
KINDS = (WeightsError, GenomeKerasError, ValueError)  # what a caller may have to be told


def convert(checkpoint: Checkpoint, path: Path, format: str) -> float:
    """Writes the model of a checkpoint, and scores random codes with what was written.

    Args:
        checkpoint: a `genome_keras.weights.Checkpoint`.
        path: the file, or an empty folder for saved_model.
        format: "keras", "onnx", "litert" or "saved_model".

    Returns:
        The largest difference between a score of the file and of the model; of measured
        signal, as a part of the largest value where that is above 1.

    Raises:
        ValueError: a model of no fixed window for litert.
        WeightsError: a checkpoint that cannot be used.

    Example:
        >>> import tempfile
        >>> from genome_keras.weights import find
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoint = find("kmer_logreg.human_chromatin.v1")
        ...     convert(checkpoint, Path(folder, "model.keras"), "keras") < 1e-5
        True
    """
    from genome_keras.layers.recurrent import keras_only
    from genome_keras.scoring.load import load_model

    model = load_model(checkpoint)
    batches = _batches(model, format)
    expected = [_arrays(model.predict_on_batch(codes)) for codes in batches]
    with keras_only():
        _WRITERS[format](model, path)
    scored = READERS[format](path, batches)
    scale = 1.0
    if hasattr(model, "signal"):
        scale = max(1.0, *(float(np.abs(array).max()) for each in expected for array in each))
    return max(
        float(np.abs(a - b).max()) / scale
        for outputs, wanted in zip(scored, expected, strict=True)
        for a, b in zip(_arrays(outputs), wanted, strict=True)
    )


def _arrays(outputs):
    """The outputs of a model, those that have names in the order of these."""
    if isinstance(outputs, dict):
        outputs = [outputs[name] for name in sorted(outputs)]
    several = isinstance(outputs, (list, tuple))
    return [np.asarray(array) for array in (outputs if several else [outputs])]


def main(arguments: list[str]) -> int:
    """Converts, and prints on the last line JSON of "worst", or of "kind" and "problem".

    Args:
        arguments: name or path of the checkpoint, path to write, format.

    Example:
        >>> main(["no_such_model", "model.keras", "keras"])  # doctest: +ELLIPSIS
        <BLANKLINE>
        {"worst": null, "kind": "WeightsError", "problem": "..."}
        1
    """
    from genome_keras.weights.resolve import find

    weights, path, format = arguments
    told = {"worst": None, "kind": None, "problem": None}
    try:
        told["worst"] = convert(find(weights), Path(path), format)
    except KINDS as error:
        kind = next(kind for kind in KINDS if isinstance(error, kind))
        told |= {"kind": kind.__name__, "problem": str(error)}
    print(f"\n{json.dumps(told)}", flush=True)
    return 0 if told["kind"] is None else 1


def _batches(model, format):
    window = model.input_shape[1]
    if format == "litert":
        if window is None:
            raise ValueError("litert needs a model of a fixed window")
        sizes = [(1, window)] * 3
    else:
        sizes = [(1, window or 100), (5 if (window or 0) < LONG else 2, window or 60)]
    draw = np.random.default_rng(0)
    return [draw.integers(0, 5, size, dtype=np.uint8) for size in sizes]


def _write_keras(model, path):
    # Without the state of an optimizer, which nobody needs to score sequences.
    copy = type(model)(model.inputs[0], model.output, name=model.name)
    if hasattr(model, "signal"):
        copy.bin, copy.scale, copy.made_with = model.bin, model.scale, model.made_with
    copy.save(path)


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
    spec = keras.InputSpec(shape=(1, model.input_shape[1]), dtype="uint8", name="codes")
    copied(np.zeros(spec.shape, "uint8"))
    copied.export(path, format="litert", verbose=False, input_signature=[spec])


def _write_saved_model(model, path):
    model.export(path, format="tf_saved_model", verbose=False)


def _read_keras(path, batches):
    import keras

    model = keras.saving.load_model(path)
    return [model.predict_on_batch(codes) for codes in batches]


def _read_onnx(path, batches):
    return [*map(onnx_outputs(path), batches)]


def _read_litert(path, batches):
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    (read,) = interpreter.get_input_details()
    written = sorted(interpreter.get_output_details(), key=lambda output: output["name"])
    scores = []
    for codes in batches:
        interpreter.set_tensor(read["index"], codes)
        interpreter.invoke()
        scores.append([interpreter.get_tensor(output["index"]) for output in written])
    return scores


def _read_saved_model(path, batches):
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    return [tf.nest.map_structure(lambda x: x.numpy(), model.serve(codes)) for codes in batches]


_WRITERS = {
    "keras": _write_keras,
    "onnx": _write_onnx,
    "litert": _write_litert,
    "saved_model": _write_saved_model,
}
READERS = {
    "keras": _read_keras,
    "onnx": _read_onnx,
    "litert": _read_litert,
    "saved_model": _read_saved_model,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
