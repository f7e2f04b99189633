"""Exports: what other programs compute from them is what the model computes."""

import subprocess
import sys
from unittest import mock

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError
from genome_keras.sharing import export as exports
from genome_keras.sharing.pretrained import save_pretrained

CODES = np.random.default_rng(1).integers(0, 5, (7, 20), dtype=np.uint8)
MODELS = {
    "bigru_multitask": {"window": 20, "tasks": 3, "units": 4, "both_strands": True},
    "conv_bigru": {"window": 20, "tasks": 3, "filters": (8, 6), "units": 4, "both_strands": True},
    "kmer_logreg": {"window": 20, "tasks": 3, "k": (1, 2, 3), "both_strands": True},
}


@pytest.fixture
def saved(tmp_path, request):
    name = getattr(request, "param", "kmer_logreg")
    model = getattr(genome_keras, name)(**MODELS[name], seed=1)
    return model, save_pretrained(model, tmp_path / name)


def export(saved, name):
    model, folder = saved
    out = folder.parent / name
    format = None if "." in name else "saved_model"
    assert genome_keras.export(folder, out, format=format) <= 1e-5
    assert sorted(p.name for p in folder.parent.iterdir()) == sorted([folder.name, name])
    return model.predict(CODES, verbose=0), out


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


@pytest.mark.parametrize("saved", MODELS, indirect=True)
def test_onnx_runs_without_keras(saved, tmp_path):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    expected, out = export(saved, "m.onnx")
    command = [sys.executable, "-c", RUN_ONNX, str(out), str(tmp_path / "scores.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "scores.npy"), expected, atol=1e-5)


def test_saved_model(saved):
    tf = pytest.importorskip("tensorflow")
    expected, out = export(saved, "folder")
    loaded = tf.saved_model.load(str(out))
    scores = loaded.serve(CODES).numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    with pytest.raises(GenomeKerasError, match="is there already"):
        genome_keras.export(saved[1], out, format="saved_model")


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
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


def test_wrong_scores_leave_no_file(saved, monkeypatch):
    _, folder = saved
    readers = {**exports._READERS, "keras": lambda path, batches: [2.0 for _ in batches]}
    monkeypatch.setattr(exports, "_READERS", readers)
    with pytest.raises(GenomeKerasError, match="not written: its scores differ"):
        genome_keras.export(folder, folder.parent / "m.keras")
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
