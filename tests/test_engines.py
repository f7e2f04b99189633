"""Engines: ONNX Runtime scores as Keras does, from a graph that is made once."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError
from genome_keras.scoring import engines, onnx
from genome_keras.scoring.predict import predict_fasta
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.weights import resolve as weights

SIZES = {"window": 20, "tasks": 3, "units": 4, "both_strands": True}
TASKS = ["a", "b", "c"]
needs_onnx = pytest.mark.skipif(
    not (importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx")),
    reason="the extra onnx is not installed",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = genome_keras.bigru_multitask(**SIZES, seed=1)
    return save_pretrained(model, tmp_path_factory.mktemp("saved") / "m", tasks=TASKS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One folder for the graphs of all tests: making one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("GENOME_KERAS_CACHE", str(folder))
        yield folder


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fa"
    letters = "".join(np.random.default_rng(2).choice(list("ACGTN"), 30 * 20))
    path.write_text(f">x\n{letters}\n")
    return path


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(engines, "_sees_gpu", lambda: False)


def scores(path):
    return np.array([line.split("\t")[3:] for line in path.read_text().splitlines()[1:]], float)


@needs_onnx
@pytest.mark.parametrize("batch_size", [7, 256])
def test_both_engines_score_the_same(saved, cache, fasta, tmp_path, batch_size):
    for engine in ("keras", "onnx"):
        out = tmp_path / f"{engine}.tsv"
        done = predict_fasta(fasta, out, weights=saved, batch_size=batch_size, engine=engine)
        assert done == (30, 0)
    found = scores(tmp_path / "onnx.tsv")
    assert found.shape == (30, 3) and found.std() > 0
    np.testing.assert_allclose(found, scores(tmp_path / "keras.tsv"), atol=1e-5)


@needs_onnx
def test_auto_says_what_it_takes(saved, cache, fasta, capsys, no_gpu, monkeypatch):
    command = ["predict", str(fasta), "--weights", str(saved), "--engine"]
    onnx.cached_onnx(weights.find(saved))
    assert main([*command, "onnx"]) == 0
    wanted = capsys.readouterr()
    assert wanted.err == ""
    assert main([*command, "auto"]) == 0
    told = "genome-keras: engine onnx: ONNX Runtime is installed and no GPU is visible\n"
    assert capsys.readouterr() == (wanted.out, told)
    monkeypatch.setattr(engines, "_sees_gpu", lambda: True)
    assert main([*command, "auto"]) == 0
    assert capsys.readouterr().err == "genome-keras: engine keras: a GPU is visible\n"


@needs_onnx
def test_the_graph_is_made_once_for_the_same_model(saved, cache, monkeypatch):
    made = []
    path = onnx.cached_onnx(weights.find(saved))
    monkeypatch.setattr(onnx, "export_elsewhere", lambda *about, **_: made.append(about))
    assert onnx.cached_onnx(weights.find(saved)) == path and made == []
    checkpoint = weights.find(saved)
    checkpoint.config["arguments"] = SIZES | {"both_strands": False}
    other = onnx.cached_onnx(checkpoint)
    assert other != path and [about[1] for about in made] == [other]
    monkeypatch.setattr(onnx, "_version", lambda package: "0")
    assert onnx.cached_onnx(weights.find(saved)) not in (path, other)


@needs_onnx
def test_no_framework_is_loaded_for_a_graph_that_is_there(saved, cache, fasta, tmp_path):
    onnx.cached_onnx(weights.find(saved))
    code = (
        "import sys\nfrom genome_keras.cli import main\n"
        f"assert main(['predict', {str(fasta)!r}, '--weights', {str(saved)!r}, '--engine', 'onnx',"
        f" '--out', {str(tmp_path / 'o.tsv')!r}]) == 0\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "onnxruntime" in loaded and not loaded & {"keras", "tensorflow", "jax", "torch"}
    assert len(scores(tmp_path / "o.tsv")) == 30


@needs_onnx
def test_a_damaged_graph_is_one_error(saved, tmp_path, fasta, monkeypatch, capsys):
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path))
    monkeypatch.setattr(
        onnx, "export_elsewhere", lambda name, path, *, format: path.write_bytes(b"no graph")
    )
    command = ["predict", str(fasta), "--weights", str(saved), "--engine", "onnx"]
    assert main([*command, "--out", str(tmp_path / "o.tsv")]) == 1
    *_, told = capsys.readouterr().err.splitlines()
    assert told.endswith(".onnx: damaged; remove it, and it is made anew")
    assert not (tmp_path / "o.tsv").exists()


def test_a_missing_package(saved, fasta, monkeypatch, capsys):
    found = importlib.util.find_spec
    absent = lambda name, *more: None if name == "onnxruntime" else found(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    command = ["predict", str(fasta), "--weights", str(saved)]
    assert main([*command, "--engine", "onnx"]) == 1
    assert 'pip install "genome_keras[onnx]"' in capsys.readouterr().err
    assert main([*command, "--engine", "auto"]) == 0
    told = "genome-keras: engine keras: ONNX Runtime is not installed\n"
    assert capsys.readouterr().err == told


def test_auto_is_keras_where_the_export_fails(saved, fasta, monkeypatch, capsys, no_gpu):
    def fails(checkpoint):
        raise GenomeKerasError("no such operation")

    monkeypatch.setattr(engines, "cached_onnx", fails)
    monkeypatch.setattr(engines, "_against_onnx", lambda architecture: None)
    assert main(["predict", str(fasta), "--weights", str(saved), "--engine", "auto"]) == 0
    assert capsys.readouterr().err == "genome-keras: engine keras: no such operation\n"


@needs_onnx
def test_auto_is_keras_for_the_models_that_are_slower(no_gpu):
    for name in genome_keras.MODELS:
        assert (engines._against_onnx(name) is not None) == (name == "kmer_logreg")


def test_arguments_are_checked(saved, fasta, tmp_path):
    with pytest.raises(ValueError, match="engine must be one of"):
        predict_fasta(fasta, tmp_path / "o.tsv", weights=saved, engine="torch")
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("0", None), ("", None), ("4,2", None)])
def test_threads(monkeypatch, given, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert onnx._threads() == threads or (threads is None and onnx._threads() >= 1)
