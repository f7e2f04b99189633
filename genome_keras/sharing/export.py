"""Checkpoints in formats of other programs, each compared with the model."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from genome_keras import SIGNAL_MODELS
from genome_keras.errors import GenomeKerasError
from genome_keras.io.atomic import atomic
from genome_keras.scoring.load import described
from genome_keras.scoring.onnx import need
from genome_keras.sharing.conversion import KINDS, convert
from genome_keras.weights.checkpoint import Checkpoint

FORMATS = {".keras": "keras", ".onnx": "onnx", ".tflite": "litert"}
TOLERANCE = 1e-5
OF_SIGNAL = 1e-4  # of the largest value, which has no bound


def export(
    weights: str | os.PathLike | Checkpoint, out: str | os.PathLike, *, format: str | None = None
) -> float:
    """Writes a checkpoint for use without this package, and checks what was written.

    | format | file | used by | shapes |
    |---|---|---|---|
    | keras | `.keras` | Keras with this package installed | as the model |
    | onnx | `.onnx` | ONNX Runtime; needs neither Keras nor this package | any batch; any window where the model takes any |
    | litert | `.tflite` | LiteRT (TensorFlow Lite), built-in operations only | one sequence at a time |
    | saved_model | a folder | TensorFlow, TensorFlow Serving | as the model |

    All but keras are made by TensorFlow, in a process of their own. What was written is
    run on random codes, N among them, and must score as the model does to within 1e-5; what
    a model of measured signal gives, to within 1e-4 of the largest value. Its profile and
    counts are two outputs, by name.

    Args:
        weights: as in `genome_keras.load_model`.
        out: the file, or the folder for saved_model, which must not exist.
        format: "keras", "onnx", "litert" or "saved_model"; None goes by the suffix.

    Returns:
        The largest difference found between a score of the file and of the model; of measured
        signal, as a part of the largest value where that is above 1.

    Raises:
        ValueError: an unknown format, or a model of no fixed window for litert.
        WeightsError: a checkpoint that cannot be used.
        GenomeKerasError: it cannot be written, a package is missing, or the scores differ.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export("kmer_logreg.human_chromatin.v1", f"{folder}/model.keras") < 1e-5
        True
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
    checkpoint = described(weights, signal=None)
    checkpoint.check_sha256()  # told before anything heavy begins
    with _whole(out, format) as draft:
        worst = (convert if format == "keras" else _elsewhere)(checkpoint, draft, format)
        signal = checkpoint.architecture in SIGNAL_MODELS
        if not worst <= (OF_SIGNAL if signal else TOLERANCE):  # also where a score is not a number
            raise GenomeKerasError(
                f"{out}: not written: its scores differ from the model's by {worst:.1e}"
            )
    return worst


def _elsewhere(checkpoint, draft, format):
    """As `convert`, in a process of its own, with TensorFlow; what it says is kept from users."""
    with tempfile.TemporaryDirectory(prefix="genome_keras-") as folder:
        command = [sys.executable, "-W", "ignore", "-m", "genome_keras.sharing.conversion"]
        done = subprocess.run(
            [*command, checkpoint.name, str(draft), format],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    return told_by(checkpoint.name, done.stdout, done.stderr, done.returncode)


def told_by(name: str, stdout: str, stderr: str, status: int) -> float:
    """The largest difference that another process found, from what it said.

    Raises:
        The error that it met; GenomeKerasError with its last words where it ended early.

    Example:
        >>> told_by("my_model", '{"worst": 1e-07, "kind": null, "problem": null}', "", 0)
        1e-07
    """
    try:
        told = json.loads(stdout.splitlines()[-1])
        worst, kind, problem = told["worst"], told["kind"], told["problem"]
    except (IndexError, KeyError, TypeError, json.JSONDecodeError):
        lines = stderr.strip().splitlines() or [f"ended with status {status}"]
        raise GenomeKerasError(f"{name}: cannot convert: {lines[-1]}") from None
    if kind is not None:
        raise {kind.__name__: kind for kind in KINDS}[kind](problem)
    return worst


@contextlib.contextmanager
def _whole(out: Path, format: str) -> Iterator[Path]:
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
