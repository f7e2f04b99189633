"""Exports: what other programs compute from them is what the model computes."""

import logging
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.sharing import conversion
from genome_keras.sharing.conversion import convert
from genome_keras.sharing.export import FORMATS, told_by
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.weights.resolve import find

CODES = np.random.default_rng(1).integers(0, 5, (7, 20), dtype=np.uint8)
MODELS = {
    "bigru_multitask": {"window": 20, "tasks": 3, "units": 4, "both_strands": True},
    "conv_bigru": {"window": 20, "tasks": 3, "filters": (8, 6), "units": 4, "both_strands": True},
    "deepbind_2015": {"window": 20, "tasks": (2, 1), "widths": (4, 5), "readouts": ("max", "both")}
    | {"hidden": (6, 0)},
    "kmer_logreg": {"window": 20, "tasks": 3, "k": (1, 2, 3), "both_strands": True},
}

FEWER = [  # converting takes seconds
    name if name == "kmer_logreg" else pytest.param(name, marks=pytest.mark.thorough)
    for name in MODELS
]


@pytest.fixture
def saved(tmp_path, request):
    name = getattr(request, "param", "kmer_logreg")
    model = getattr(genome_keras, name)(**MODELS[name], seed=1)
    return model, save_pretrained(model, tmp_path / name)


def export(saved, name):
    """In this process where it can be: another one that loads TensorFlow takes its time."""
    model, folder = saved
    out, format = folder.parent / name, conversion_of(name)
    if format != "keras" and keras.backend.backend() == "tensorflow":
        assert convert(find(folder), out, format) <= 1e-5
    else:
        assert genome_keras.export(folder, out, format=format) <= 1e-5
    return model.predict(CODES, verbose=0), out


def conversion_of(name):
    return FORMATS.get(Path(name).suffix, "saved_model")


@pytest.mark.parametrize("saved", MODELS, indirect=True)
def test_keras(saved):
    expected, out = export(saved, "m.keras")
    again = keras.saving.load_model(out)
    np.testing.assert_allclose(again.predict(CODES, verbose=0), expected, atol=1e-6)
    factory = getattr(genome_keras, again.name)
    anew = factory(**MODELS[again.name], weights=out)
    np.testing.assert_array_equal(anew.predict(CODES, verbose=0), expected)


RUN_ONNX = """
import sys, numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
codes = np.random.default_rng(1).integers(0, 5, (7, 20), dtype=np.uint8)
(name,) = [i.name for i in session.get_inputs()]
np.save(sys.argv[2], session.run(None, {name: codes})[0])
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"keras", "tensorflow", "genome_keras", "h5py"}, loaded
"""


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # those of the converter
@pytest.mark.parametrize("saved", FEWER, indirect=True)
def test_onnx_runs_without_keras(saved, tmp_path):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    expected, out = export(saved, "m.onnx")
    command = [sys.executable, "-c", RUN_ONNX, str(out), str(tmp_path / "scores.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "scores.npy"), expected, atol=1e-5)


@pytest.mark.thorough
@pytest.mark.compiled
def test_saved_model_by_another_process(saved, capfd):
    """What converters print and set is not of this process."""
    tf = pytest.importorskip("tensorflow")
    model, folder = saved
    out = folder.parent / "folder"
    before = sys.stdout, sys.stderr, logging.getLogger("tf2onnx").level
    with warnings.catch_warnings(record=True) as told:
        assert genome_keras.export(folder, out, format="saved_model") <= 1e-5
    assert (sys.stdout, sys.stderr, logging.getLogger("tf2onnx").level) == before
    assert capfd.readouterr() == ("", "") and not told
    assert sorted(p.name for p in folder.parent.iterdir()) == sorted([folder.name, out.name])
    loaded = tf.saved_model.load(str(out))  # which holds the variables of `serve`
    scores = loaded.serve(CODES).numpy()
    np.testing.assert_allclose(scores, model.predict(CODES, verbose=0), atol=1e-5)
    with pytest.raises(GenomeKerasError, match="is there already"):
        genome_keras.export(folder, out, format="saved_model")


@pytest.mark.parametrize(
    ("name", "printed", "kind", "match"),
    [
        ("broken.v1", "", GenomeKerasError, "cannot convert"),
        ("broken.v1", "12\n", GenomeKerasError, "cannot convert"),
        (
            "broken.v1",
            'noise\n{"worst": null, "kind": "ValueError", "problem": "needs a window"}\n',
            ValueError,
            "needs a window",
        ),
        (
            "broken.v1",
            '{"worst": null, "kind": "WeightsError", "problem": "damaged"}\n',
            WeightsError,
            "damaged",
        ),
    ],
)
def test_what_the_other_process_meets_is_told(name, printed, kind, match):
    with pytest.raises(kind, match=match) as told:
        told_by(name, stdout=printed, stderr="Traceback\nKilled: 9", status=137)
    assert type(told.value) is kind
    assert "cannot convert" not in match or str(told.value).endswith(": Killed: 9")


@pytest.mark.thorough
@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # those of the converter
@pytest.mark.parametrize("saved", ["bigru_multitask"], indirect=True)
def test_litert(saved):
    tf = pytest.importorskip("tensorflow")
    expected, out = export(saved, "m.tflite")
    interpreter = tf.lite.Interpreter(str(out))
    interpreter.allocate_tensors()
    (read,), (written,) = interpreter.get_input_details(), interpreter.get_output_details()
    for row, wanted in zip(CODES, expected, strict=True):
        interpreter.set_tensor(read["index"], row[None])
        interpreter.invoke()
        scores = interpreter.get_tensor(written["index"])
        np.testing.assert_allclose(scores[0], wanted, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", genome_keras.list_weights())
@pytest.mark.parametrize("file", ["m.keras", "m.onnx", "m.tflite", "folder"])
def test_published_checkpoints(name, file, tmp_path):
    format = None if "." in file else "saved_model"
    assert genome_keras.export(name, tmp_path / file, format=format) <= 1e-5


@pytest.mark.slow
def test_onnx_takes_any_window_where_the_model_does(tmp_path):
    model = genome_keras.char_rnn(units=5, seed=1)
    folder = save_pretrained(model, tmp_path / "char")
    assert genome_keras.export(folder, tmp_path / "m.onnx") <= 1e-5
    with pytest.raises(ValueError, match="fixed window"):
        genome_keras.export(folder, tmp_path / "m.tflite")


def test_command_line(saved, capsys):
    _, folder = saved
    out = folder.parent / "m.keras"
    assert main(["export", str(folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("largest difference ") and out.is_file()
    assert main(["export", str(folder), "--out", "m.bin"]) == 2
    assert "end in one of .keras, .onnx, .tflite" in capsys.readouterr().err
    assert main(["export", "best", "--out", "m.keras"]) == 1
    assert "no checkpoint 'best'" in capsys.readouterr().err
    with mock.patch("genome_keras.scoring.load.load_model", side_effect=AssertionError):
        assert main(["export", str(folder), "--out", "/no/such/folder/m.keras"]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_damage_is_told_before_another_process_begins(saved):
    _, folder = saved
    checkpoint = find(folder)
    path = folder / "model.weights.h5"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(WeightsError, match="damaged, or not the weights"):
        genome_keras.export(checkpoint, folder.parent / "folder", format="saved_model")
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_wrong_scores_leave_no_file(saved, monkeypatch):
    _, folder = saved
    readers = {**conversion.READERS, "keras": lambda path, batches: [2.0 for _ in batches]}
    monkeypatch.setattr(conversion, "READERS", readers)
    with pytest.raises(GenomeKerasError, match="not written: its scores differ"):
        genome_keras.export(folder, folder.parent / "m.keras")
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
