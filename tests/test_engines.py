"""Engines: ONNX Runtime scores as Keras does, from a graph that is made once."""

import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from support.toy import Toy

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
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


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
def test_auto_says_what_it_takes(saved, cache, fasta, capsys, no_gpu, caplog):
    command = ["predict", str(fasta), "--weights", str(saved), "--engine"]
    onnx.cached_onnx(weights.find(saved))
    assert main([*command, "onnx"]) == 0
    wanted = capsys.readouterr()
    assert wanted.err == ""
    assert main([*command, "auto"]) == 0
    told = "genome-keras: engine onnx: ONNX Runtime is installed and no GPU is visible\n"
    assert capsys.readouterr() == (wanted.out, told)
    with caplog.at_level("INFO"):
        assert engines.onnx_scores(weights.find(saved), "auto", sees_gpu=True) is None
    assert caplog.messages[-1] == "engine keras: a GPU is visible"


@needs_onnx
def test_the_graph_is_made_once_for_the_same_model(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path))
    made = []

    def make(name, path, *, format):
        made.append(path)
        path.write_bytes(b"a graph")

    def graph(checkpoint, **more):
        return onnx.cached_onnx(checkpoint, make=make, **more)

    path = graph(weights.find(saved))
    assert graph(weights.find(saved)) == path and made == [path]
    checkpoint = weights.find(saved)
    checkpoint.config["arguments"] = SIZES | {"both_strands": False}
    other, newer = graph(checkpoint), graph(weights.find(saved), makers=("keras", "numpy"))
    assert made == [path, other, newer] and len({*made}) == 3


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
    onnx.cached_onnx(
        weights.find(saved), make=lambda name, path, *, format: path.write_bytes(b"no graph")
    )
    command = ["predict", str(fasta), "--weights", str(saved), "--engine", "onnx"]
    assert main([*command, "--out", str(tmp_path / "o.tsv")]) == 1
    (told,) = capsys.readouterr().err.splitlines()
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


@needs_onnx
def test_auto_is_keras_where_the_export_fails(saved, caplog):
    def fails(checkpoint):
        raise GenomeKerasError("no such operation")

    with caplog.at_level("INFO"):
        found = engines.onnx_scores(weights.find(saved), "auto", graph=fails, sees_gpu=False)
    assert found is None and caplog.messages == ["engine keras: no such operation"]
    with pytest.raises(GenomeKerasError, match="no such operation"):
        engines.onnx_scores(weights.find(saved), "onnx", graph=fails)


@needs_onnx
def test_auto_is_keras_for_the_layers_that_are_slower(caplog):
    """What is known of an architecture before it is loaded is what its layers say."""
    for name in genome_keras.MODELS:
        module = importlib.import_module(f"genome_keras.models.{name}")
        slow = any(getattr(layer, "slow_in_onnx", False) for layer in vars(module).values())
        assert slow == (name in engines.SLOW_IN_ONNX), name
    described = SimpleNamespace(architecture=engines.SLOW_IN_ONNX[0])
    with caplog.at_level("INFO"):
        assert engines.onnx_scores(described, "auto", sees_gpu=False) is None
    assert caplog.messages == ["engine keras: kmer_logreg is slower in ONNX Runtime"]


def test_models_in_memory_have_no_graph(fasta, tmp_path):
    toy = Toy(20, TASKS)
    with pytest.raises(ValueError, match="engine 'onnx' needs a checkpoint"):
        predict_fasta(fasta, tmp_path / "o.tsv", weights=toy, engine="onnx")
    assert not (tmp_path / "o.tsv").exists()
    assert predict_fasta(fasta, tmp_path / "o.tsv", weights=toy, engine="auto") == (30, 0)


def test_arguments_are_checked(saved, fasta, tmp_path):
    with pytest.raises(ValueError, match="engine must be one of"):
        predict_fasta(fasta, tmp_path / "o.tsv", weights=saved, engine="torch")
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("0", None), ("", None), ("4,2", None)])
def test_threads(monkeypatch, given, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert onnx._threads() == threads or (threads is None and onnx._threads() >= 1)
