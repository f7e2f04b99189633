"""Engines: ONNX Runtime scores as Keras does, from a graph that is made once."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from support.toy import Toy

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.interpret.mutagenesis import Mutagenesis
from genome_keras.scoring import engines, onnx
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.numpy_models import NUMPY_MODELS
from genome_keras.scoring.predict import predict_fasta
from genome_keras.sharing.conversion import convert
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.variants.score_variants import score_vcf
from genome_keras.weights import locations
from genome_keras.weights import resolve as weights
from genome_keras.weights.registry import PUBLISHED

SIZES = {"window": 20, "tasks": 3, "filters": 5, "width": 4, "hidden": 6, "both_strands": True}
TASKS = ["a", "b", "c"]
needs_onnx = pytest.mark.skipif(
    not (importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx")),
    reason="the extra onnx is not installed",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = genome_keras.deepbind(**SIZES, seed=1)
    return save_pretrained(model, tmp_path_factory.mktemp("saved") / "m", tasks=TASKS)


@pytest.fixture(scope="module")
def cache(saved, tmp_path_factory):
    """A folder with the graph, made in this process, which has its framework."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("GENOME_KERAS_CACHE", str(folder))

        def make(name, path, *, format):
            with warnings.catch_warnings():  # of tf2onnx, as in another process
                warnings.simplefilter("ignore")
                convert(weights.find(name), path, format)

        onnx.cached_onnx(weights.find(saved), make=make)
        yield folder


@needs_onnx
@pytest.mark.thorough
def test_a_graph_is_made_in_a_process_of_its_own(saved, tmp_path, monkeypatch):
    """As for users; the others take one that this process makes."""
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path))
    path = onnx.cached_onnx(weights.find(saved))
    codes = np.random.default_rng(2).integers(0, 5, (3, 20), dtype=np.uint8)
    expected = model_in_use(saved, engine="keras").scorer.scores(codes)
    scores = model_in_use(saved, engine="onnx").scorer.scores(codes)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert [path] == [*tmp_path.rglob("*.onnx")]


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
def test_auto_takes_a_graph_that_is_at_hand(saved, cache, fasta, capsys, no_gpu, caplog):
    command = ["predict", str(fasta), "--weights", str(saved)]
    onnx.cached_onnx(weights.find(saved))
    assert main([*command, "--engine", "onnx"]) == 0
    wanted = capsys.readouterr()
    assert wanted.err == ""
    assert main(command) == 0
    assert capsys.readouterr() == wanted
    with caplog.at_level("INFO"):
        assert engines.model_without_keras(weights.find(saved), "auto", sees_gpu=True) is None
    assert caplog.messages == ["engine keras: a GPU is visible"]


@needs_onnx
def test_auto_makes_no_graph(saved, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path))
    with caplog.at_level("INFO"):
        assert engines.model_without_keras(weights.find(saved), "auto", sees_gpu=False) is None
    (told,) = caplog.messages
    assert told.startswith("engine keras: there is no ONNX graph of ")
    assert told.endswith(" yet; --engine onnx makes one, once") and not any(tmp_path.iterdir())


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


LOADS_NOTHING = """
import sys
from genome_keras.cli import main
assert main(sys.argv[1:]) == 0
print(*sys.modules)
"""
HEAVY = {"keras", "tensorflow", "jax", "torch", "sklearn", "pandas", "matplotlib"}
COUNTS = "kmer_logreg.human_chromatin.v1"
WITHOUT_KERAS = {
    "predict": (["predict", "x.fa"], weights.DEFAULTS[200], "onnxruntime"),
    "predict places": (["predict", "x.bed", "--genome", "x.fa"], COUNTS, "h5py"),
    "variants": (
        ["variants", "x.vcf", "--genome", "x.fa"],
        weights.DEFAULTS[1000],
        "onnxruntime",
    ),
    "variants, counts": (["variants", "x.vcf", "--genome", "x.fa"], COUNTS, "h5py"),
    "variants, letters": (
        ["variants", "x.vcf", "--genome", "x.fa", "--window", "40"],
        "char_rnn.pfalciparum.v1",
        "onnxruntime",
    ),
    "ism": (["ism", "one.fa"], weights.DEFAULTS[100], "onnxruntime"),
    "ism, counts": (["ism", "one.fa"], COUNTS, "h5py"),
}


@pytest.mark.parametrize("case", WITHOUT_KERAS)
def test_published_checkpoints_need_no_framework(case, tmp_path, monkeypatch):
    """The main jobs: what loads a framework costs ten seconds and a gigabyte."""
    command, name, engine = WITHOUT_KERAS[case]
    pytest.importorskip(engine)
    letters = "".join(np.random.default_rng(2).choice(list("ACGT"), 300))
    (tmp_path / "x.fa").write_text(f">x\n{letters}\n")
    (tmp_path / "one.fa").write_text(f">x\n{letters[:100]}\n")
    (tmp_path / "x.bed").write_text("x\t100\t200\n")
    alt = "CGTA"["ACGT".index(letters[149])]
    (tmp_path / "x.vcf").write_text(
        f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nx\t150\t.\t{letters[149]}\t{alt}\n"
    )
    command += ["--weights", name, "--out", "o.tsv"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    environment.pop("KERAS_BACKEND", None)
    done = subprocess.run(
        [sys.executable, "-c", LOADS_NOTHING, *command],
        **{"capture_output": True, "text": True, "cwd": tmp_path, "env": environment},
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    loaded = set(done.stdout.split())
    assert engine in loaded and not loaded & HEAVY
    assert len((tmp_path / "o.tsv").read_text().splitlines()) >= 2


@pytest.mark.parametrize(
    "name", [name for name in PUBLISHED if name.partition(".")[0] != "kmer_logreg"]
)
def test_a_published_graph_scores_as_its_card_says(name):
    pytest.importorskip("onnxruntime")
    checkpoint = weights.find(name)
    model = engines.model_without_keras(checkpoint, "auto", sees_gpu=False)
    assert model.engine == "onnx"
    codes = genome_keras.tokens(checkpoint.config["probe"])
    expected = np.array(checkpoint.config["probe_scores"])
    np.testing.assert_allclose(model.predict_on_batch(codes), expected, atol=1e-5)
    window = checkpoint.arguments.get("window")
    assert model.input_shape[1] == window and model.gives_next_bases == (window is None)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The files of a published checkpoint in a folder of their own."""
    name, folder = "conv_bigru.human_chromatin.v1", tmp_path / "packaged"
    folder.mkdir()
    for end in (".weights.h5", ".json", ".onnx"):
        shutil.copy(locations.packaged() / (name + end), folder)
    monkeypatch.setattr(weights, "packaged", lambda: folder)
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path / "cache"))
    return name, folder / f"{name}.onnx"


@pytest.mark.parametrize("damage", ["missing", "cut", "another"])
def test_a_published_graph_that_is_not_whole(copied, damage, caplog):
    pytest.importorskip("onnxruntime")
    name, path = copied
    data = path.read_bytes()
    assert engines.model_without_keras(weights.find(name), "auto", sees_gpu=False) is not None
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[:-1] if damage == "cut" else data + b"\0")
    with caplog.at_level("INFO"):
        assert engines.model_without_keras(weights.find(name), "auto", sees_gpu=False) is None
    problem = "the file is missing" if damage == "missing" else "damaged (sha256 "
    (told,) = caplog.messages
    assert told.startswith(f"engine keras: {path}: {problem}")

    def make(name, path, *, format):
        path.write_bytes(b"made anew")

    assert onnx.graph_of(weights.find(name), make=make).read_bytes() == b"made anew"


def test_strands_that_a_graph_has_not(copied, caplog):
    pytest.importorskip("onnxruntime")
    checkpoint = weights.find(copied[0])
    one = {"both_strands": False, "sees_gpu": False}
    with caplog.at_level("INFO"):
        assert engines.model_without_keras(checkpoint, "auto", **one) is None
    told = f"the ONNX graph averages over both strands, as {checkpoint.name} does"
    assert caplog.messages == [f"engine keras: {told}"]
    with pytest.raises(ValueError, match=told):
        engines.model_without_keras(checkpoint, "onnx", **one)
    assert engines.model_without_keras(checkpoint, "onnx", both_strands=True) is not None


@pytest.mark.parametrize("both_strands", [None, True, False])
@pytest.mark.parametrize("k", [(1, 2), (3,)])
def test_counts_by_numpy_are_those_of_the_model(tmp_path, both_strands, k):
    model = genome_keras.kmer_logreg(window=20, tasks=3, k=k, both_strands=True, seed=1)
    folder = save_pretrained(model, tmp_path / "m", tasks=TASKS)
    codes = np.random.default_rng(0).integers(0, 5, (9, 20), dtype=np.uint8)
    by = {
        engine: model_in_use(folder, both_strands=both_strands, engine=engine)
        for engine in ("auto", "keras")
    }
    assert [use.engine for use in by.values()] == ["numpy", "keras"]
    expected = by["keras"].scorer.scores(codes)
    assert expected.std() > 0.01
    np.testing.assert_allclose(by["auto"].scorer.scores(codes), expected, atol=1e-6)
    changes = [Mutagenesis(use.scorer) for use in by.values()]
    assert [change.way for change in changes] == ["counts", "counts"]
    np.testing.assert_allclose(*(change(codes) for change in changes), atol=1e-6)


@pytest.mark.parametrize("wrong", [{"k": [1]}, {"k": [1, 9]}, {"tasks": 3, "k": [2]}])
def test_counts_of_something_else(tmp_path, wrong):
    model = genome_keras.kmer_logreg(window=20, tasks=3, k=(1, 2))
    checkpoint = weights.find(save_pretrained(model, tmp_path / "m", tasks=TASKS))
    checkpoint.config["arguments"] |= wrong
    with pytest.raises(WeightsError, match="not the weights of this kmer_logreg"):
        engines.model_without_keras(checkpoint, "auto")


def test_what_is_slow_in_onnx_is_computed_by_numpy():
    """What is known of an architecture before it is loaded is what its layers say."""
    for name in genome_keras.MODELS:
        module = importlib.import_module(f"genome_keras.models.{name}")
        slow = any(getattr(layer, "slow_in_onnx", False) for layer in vars(module).values())
        assert slow == (name in NUMPY_MODELS), name


def test_a_report_takes_any_engine(tmp_path):
    """Its letters are scores, no gradients."""
    pytest.importorskip("logomaker")
    genome, vcf, page = (tmp_path / name for name in ("g.fa", "v.vcf", "r.html"))
    genome.write_text(f">chr1\n{'ACGT' * 50}\n")
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t101\t.\tA\tC\n")
    given = {"weights": "kmer_logreg.human_chromatin.v1", "genome": genome, "report": page}
    score_vcf(vcf, tmp_path / "o.tsv", **given)
    assert "when a letter is hidden" in page.read_text()


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
def test_the_export_fails(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("GENOME_KERAS_CACHE", str(tmp_path))

    def fails(name, path, *, format):
        raise GenomeKerasError("no such operation")

    with pytest.raises(GenomeKerasError, match="no such operation"):
        engines.model_without_keras(weights.find(saved), "onnx", make=fails)


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
