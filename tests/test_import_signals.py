"""Files of models of measured signal that do not fit, and the way from a file to a bigWig."""

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.sharing.array_files import read_keras_layers, read_state
from genome_keras.sharing.import_cards import ORIGINS, origin_of
from genome_keras.sharing.import_signals import READERS, import_signals

save_file = pytest.importorskip("safetensors.numpy").save_file


def bpnet(filters=3, layers=1, tracks=2, controls=0):
    """A state of bpnet-lite."""
    draw = np.random.default_rng(0)
    shapes = {"iconv": (filters, 4, 21), "fconv": (tracks, filters + controls, 75)}
    shapes |= {f"rconvs.{n}": (filters, filters, 3) for n in range(layers)}
    shapes["linear"] = (1, filters + (controls > 0))
    state = {}
    for name, shape in shapes.items():
        state[f"{name}.weight"] = draw.normal(size=shape).astype("float32") / 5
        state[f"{name}.bias"] = draw.normal(size=shape[:1]).astype("float32") / 5
    state["linear.bias"] += 3  # so that there are counts
    return state


def without(*names):
    return {name: values for name, values in bpnet().items() if name not in names}


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file(bpnet(), path)
    return path


@pytest.mark.parametrize(
    ("architecture", "arrays", "message"),
    [
        ("bpnet", {}, "not the weights of BPNet: expected iconv"),
        ("bpnet", without("iconv.bias"), "expected iconv"),
        (
            "bpnet",
            without("rconvs.0.weight") | {"rconvs.1.weight": np.ones(2)},
            "expected rconvs.0",
        ),
        ("bpnet", bpnet() | {"iconv.weight": np.ones((3, 4))}, "iconv has shape"),
        ("bpnet", bpnet() | {"iconv.weight": np.ones((3, 5, 21))}, "convolution has shapes"),
        ("bpnet", bpnet() | {"iconv.weight": np.ones((99, 4, 21))}, "asks for more weights than"),
        ("bpnet", bpnet() | {"linear.weight": np.ones((2, 3))}, "log_counts has shapes"),
        ("chrombpnet", bpnet(), "expected iconv"),
        ("enformer", bpnet(), r"not a state of Enformer: expected stem\.0\.weight"),
        ("borzoi", bpnet(), "not a state of Borzoi: expected conv_dna"),
    ],
)
def test_states_that_do_not_fit(architecture, arrays, message, tmp_path):
    path, out = tmp_path / "m.safetensors", tmp_path / "m.weights.h5"
    save_file(arrays, path)
    with pytest.raises(WeightsError, match=rf"m\.safetensors: .*{message}") as told:
        import_signals(architecture, path, out)
    assert "\n" not in str(told.value) and not out.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"architecture": "basset"}, "architecture must be one of"),
        ({"head": "human"}, "head is for borzoi, enformer"),
        ({"window": 100}, r"window must be bins \+ 98"),
        ({"bins": 0}, "bins must be an integer of at least 1"),
        ({"out": "m.h5"}, r"out must end in \.weights\.h5"),
        ({"architecture": "spliceai"}, "spliceai has no bins to choose"),
    ],
)
def test_bad_arguments(given, message, state, tmp_path):
    how = {"architecture": "bpnet", "out": tmp_path / "m.weights.h5", "bins": 20} | given
    with pytest.raises(ValueError, match=message):
        import_signals(how.pop("architecture"), state, how.pop("out"), **how)


def test_names_of_tracks(state, tmp_path):
    (tmp_path / "names.txt").write_text("plus\nminus\nplus\n")
    with pytest.raises(WeightsError, match="expected 2 different names, one a line; got 3"):
        import_signals("bpnet", state, tmp_path / "m.weights.h5", tasks=tmp_path / "names.txt")


def write_layers(path, layers):
    with h5py.File(path, "w") as file:
        for group, name in layers:
            file[f"model_weights/{group}/{name}"] = np.ones(2)
            file[f"model_weights/{group}"].attrs["weight_names"] = [name]


def test_keras_files_that_do_not_fit(tmp_path):
    path, out = tmp_path / "m.h5", tmp_path / "m.weights.h5"
    write_layers(path, [("a", "x/kernel:0"), ("b", "x/kernel:0")])
    with pytest.raises(WeightsError, match="two layers are called 'x'"):
        read_keras_layers(path)
    write_layers(path, [])
    with pytest.raises(WeightsError, match="no layer has any"):
        read_keras_layers(path)
    path.write_bytes(b"hello")
    for architecture in ("bpnet", "chrombpnet", "spliceai"):
        with pytest.raises(WeightsError, match=r"m\.h5: "):
            import_signals(architecture, path, out)
    write_layers(path, [("bpnet_1st_conv", "bpnet_1st_conv/kernel:0")])
    with pytest.raises(WeightsError, match="expected bpnet_1st_conv"):
        import_signals("bpnet", path, out)
    with pytest.raises(WeightsError, match="not SpliceAI-10k: it lacks"):
        import_signals("spliceai", path, out)
    assert not out.exists()


def test_views_of_torch_that_would_be_larger_than_their_file(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"iconv.weight": torch.zeros(1).expand(10**12)}, tmp_path / "m.pth")
    with pytest.raises(WeightsError, match="declares 1000000000000 numbers, more than its"):
        read_state(tmp_path / "m.pth")


def test_every_importer_has_an_origin():
    """And its sha256 are those of the documents."""
    known = {"basset", "beluga", "danq", "deepbind_2015", "deepsea", "sei"}
    assert set(ORIGINS) == set(READERS) | known
    documents = (Path(__file__).parents[1] / "docs" / "published_models.md").read_text()
    for origin in ORIGINS.values():
        for digest, name in origin.digests.items():
            assert f"| `{name}` | `{digest}` |" in documents


def test_a_card_tells_whose_weights_they_are_and_what_was_not_checked(state, tmp_path, capsys):
    out = tmp_path / "m.weights.h5"
    import_signals("bpnet", state, out, window=120, bins=20)
    digest = hashlib.sha256(state.read_bytes()).hexdigest()
    text = (tmp_path / "m.md").read_text()
    for told in ("# m\n", digest, "bpnet-lite 1.1.0", "none of the authors' was", "not known here"):
        assert told in text
    assert not main(["weights", "verify", str(out)])
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    checks = {what: (word, detail) for _, what, word, detail in lines}
    assert checks["card"][0] == checks["structure"][0] == "ok"
    assert checks["origin"][0] == "skipped" and "none of the authors' was" in checks["origin"][1]


def test_a_file_that_was_at_hand_is_known(tmp_path, monkeypatch):
    path = tmp_path / "spliceai1.h5"
    path.write_bytes(b"weights")
    digests = {hashlib.sha256(b"weights").hexdigest(): "spliceai1.h5"}
    monkeypatch.setitem(ORIGINS, "spliceai", ORIGINS["spliceai"]._replace(digests=digests))
    assert "spliceai1.h5, which was at hand" in origin_of("spliceai", path)["compared"]
    path.write_bytes(b"others")
    assert "so its scores were not checked" in origin_of("spliceai", path)["compared"]


def test_from_a_file_to_a_table(state, tmp_path, capsys):
    out, genome, bed = (str(tmp_path / name) for name in ("m.weights.h5", "g.fa", "p.bed"))
    assert not main(
        ["import", "bpnet", str(state), "--out", out, "--window", "120", "--bins", "20"]
    )
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGTTGCA" * 30 + "\n")
    (tmp_path / "p.bed").write_text("chr1\t100\t110\n")
    capsys.readouterr()
    how = ["--weights", out]
    assert not main(["predict", bed, "--genome", genome, "--task", "task_2", *how])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name\tstart\tend\ttask_2" and len(lines) == 21
    assert lines[1].startswith("chr1\t95\t96\t") and float(lines[1].split("\t")[3]) > 0
    for command, status, message in (
        (["predict", genome, *how], 2, "signal needs places: BED, and --genome"),
        (
            ["predict", bed, "--genome", genome, "--all-tasks", *how],
            2,
            "not for models of measured",
        ),
        (["import", "enformer", genome + "x", "--out", out], 1, "no such file"),
    ):
        assert main(command) == status
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1, told
