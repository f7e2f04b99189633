"""Networks that Keras 0.2 to 2.x saved: equal outputs, and one line for what is not read."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from support.old_keras import (
    convolved,
    gates_of,
    gru,
    lstm,
    pooled,
    relu,
    sigmoid,
    write_keras_0,
    write_keras_1,
)

from genome_keras.cli import main
from genome_keras.errors import WeightsError
from genome_keras.io.digest import sha256_of
from genome_keras.sharing.import_keras import import_keras

SAVED = Path(__file__).parent / "saved" / "old_keras"
DRAW = np.random.default_rng(4)


def some(*shape):
    return DRAW.normal(size=shape) * 0.5


def letters(n, window, channels=4):
    return DRAW.random((n, window, channels)).astype("float32")


def outputs(model, x):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(x))


def dense(units, activation="linear"):
    return {"class_name": "Dense", "config": {"output_dim": units, "activation": activation}}


def stack(*layers):
    """Keras 1's description of a Sequential; layers are named by their place."""
    for number, layer in enumerate(layers):
        layer["config"]["name"] = f"l{number}"
    return {"class_name": "Sequential", "config": list(layers)}


def first_convolution(**more):
    settings = {"nb_filter": 3, "filter_length": 4, "activation": "relu", "input_dim": 4}
    return {"class_name": "Convolution1D", "config": {**settings, "input_length": 12, **more}}


def one_gate_set(inputs, units, gates):
    return [a for _ in range(gates) for a in (some(inputs, units), some(units, units), some(units))]


# Keras 2, saved by tf_keras


def test_a_network_of_keras_2(tmp_path):
    """Two inputs through one layer, dilation, norms, gates of both eras, two dimensions."""
    data = np.load(SAVED / "keras_2.npz")
    model = import_keras(SAVED / "keras_2.h5", tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    for read in (model, again):
        found = outputs(read, [data["input_0"], data["input_1"]])
        for number, values in enumerate(found):
            np.testing.assert_allclose(values, data[f"output_{number}"], atol=1e-5)


# Keras 1


@pytest.mark.parametrize("backend", ["theano", "tensorflow", "told"])
@pytest.mark.parametrize("old_shape", [False, True])
def test_convolutions_of_keras_1(tmp_path, backend, old_shape):
    """Theano's kernels are read backwards; which it was is in the names of the weights."""
    kernel, bias = some(4, 4, 3), some(3)
    stored = kernel.transpose(2, 1, 0)[..., None] if old_shape else kernel[:, None]
    norm = [some(3), some(3), some(3), np.abs(some(3)) + 0.5]
    description = stack(
        first_convolution(),
        {"class_name": "BatchNormalization", "config": {"epsilon": 0.01, "mode": 0, "axis": -1}},
        {"class_name": "MaxPooling1D", "config": {"pool_length": 2, "stride": 2}},
        {"class_name": "Flatten", "config": {}},
        dense(2, "sigmoid"),
    )
    head = [some(12, 2), some(2)]
    arrays = {"l0": [stored, bias], "l1": norm, "l2": [], "l3": [], "l4": head}
    write_keras_1(tmp_path / "m.h5", description, arrays, tensorflow=backend == "tensorflow")
    x = letters(5, 12)
    theano = backend != "tensorflow"
    model = import_keras(tmp_path / "m.h5", backend="theano" if backend == "told" else None)
    y = relu(convolved(x, kernel, bias, backwards=theano))
    y = norm[0] * (y - norm[2]) / np.sqrt(norm[3] + 0.01) + norm[1]
    y = sigmoid(pooled(y, 2).reshape(5, -1) @ head[0] + head[1])
    np.testing.assert_allclose(outputs(model, x), y, atol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_gates_of_keras_1(tmp_path, kind):
    """Three arrays a gate, in an order of old, and hard sigmoids."""
    settings = {"output_dim": 3, "inner_activation": "hard_sigmoid", "activation": "tanh"}
    settings |= {"return_sequences": True, "input_dim": 4, "consume_less": "cpu"}
    names = "icfo" if kind == "LSTM" else "zrh"
    wrapped = {"class_name": kind, "config": {**settings, "name": "inner"}}
    outer = {"layer": wrapped, "merge_mode": "concat", "batch_input_shape": [None, 7, 4]}
    description = stack({"class_name": "Bidirectional", "config": outer})
    both = [one_gate_set(4, 3, len(names)) for _ in range(2)]
    write_keras_1(tmp_path / "m.h5", description, {"l0": both[0] + both[1]})
    x, states = letters(2, 7), lstm if kind == "LSTM" else gru
    forward = states(x, gates_of(both[0], names))
    backward = states(x[:, ::-1], gates_of(both[1], names))[:, ::-1]
    wanted = np.concatenate([forward, backward], -1)
    np.testing.assert_allclose(outputs(import_keras(tmp_path / "m.h5"), x), wanted, atol=1e-5)


def test_two_dimensions_in_theanos_order(tmp_path):
    """(1, 4, window) images: the kernel (filters, channels, 4, width) is one of a sequence."""
    width, window = 5, 12
    settings = {"nb_filter": 3, "nb_row": 4, "nb_col": width, "activation": "relu"}
    settings |= {"dim_ordering": "th", "border_mode": "valid", "subsample": [1, 1]}
    settings["batch_input_shape"] = [None, 1, 4, window]
    pool = {"pool_size": [1, 4], "strides": [1, 4], "dim_ordering": "th", "border_mode": "valid"}
    description = stack(
        {"class_name": "Convolution2D", "config": settings},
        {"class_name": "MaxPooling2D", "config": pool},
        {"class_name": "Flatten", "config": {}},
        dense(2),
    )
    kernel, bias, head = some(width, 4, 3), some(3), [some(6, 2), some(2)]
    stored = kernel.transpose(2, 1, 0)[:, None]  # filters, 1, letters, places
    arrays = {"l0": [stored, bias], "l1": [], "l2": [], "l3": head}
    write_keras_1(tmp_path / "m.h5", description, arrays)
    x = letters(3, window)
    # Read backwards both ways: places from the end, and letters from T to A.
    y = relu(convolved(x, kernel[:, ::-1], bias, backwards=True))
    y = pooled(y, 4).transpose(0, 2, 1).reshape(3, -1) @ head[0] + head[1]
    model = import_keras(tmp_path / "m.h5")
    np.testing.assert_allclose(outputs(model, x.transpose(0, 2, 1)[:, None]), y, atol=1e-5)


# Keras 0.2


def keras_0(tmp_path, *, mode=0):
    described = [
        {"name": "Convolution1D", "nb_filter": 3, "filter_length": 4, "activation": "relu"},
        {"name": "BatchNormalization", "epsilon": 0.01, "mode": mode},
        {"name": "MaxPooling1D", "pool_length": 2, "stride": 2},
        {"name": "Flatten"},
        {"name": "Dense", "output_dim": 2, "activation": "sigmoid"},
    ]
    described[0] |= {"input_dim": 4, "input_length": 12, "border_mode": "valid"}
    text = json.dumps({"name": "Sequential", "layers": described, "loss": "mse"})
    (tmp_path / "m.json").write_text(text)
    arrays = [
        [some(3, 4, 4, 1), some(3)],
        [some(3), some(3), some(3), np.abs(some(3)) + 0.5],
        [],
        [],
        [some(12, 2), some(2)],
    ]
    write_keras_0(tmp_path / "m.h5", arrays)
    return arrays


def test_a_network_of_keras_0_2(tmp_path):
    """Numbered layers; the norm keeps a standard deviation, to which epsilon is added."""
    (kernel, bias), norm, _, _, head = keras_0(tmp_path)
    model = import_keras(tmp_path / "m.h5", json=tmp_path / "m.json", backend="theano")
    x = letters(5, 12)
    y = relu(convolved(x, kernel[..., 0].transpose(2, 1, 0), bias, backwards=True))
    y = norm[0] * (y - norm[2]) / (norm[3] + 0.01) + norm[1]
    y = sigmoid(pooled(y, 2).reshape(5, -1) @ head[0] + head[1])
    np.testing.assert_allclose(outputs(model, x), y, atol=1e-5)


def test_what_an_older_file_does_not_tell_is_asked(tmp_path):
    keras_0(tmp_path)
    with pytest.raises(WeightsError, match=r"l.*say backend='theano' or 'tensorflow'"):
        import_keras(tmp_path / "m.h5", json=tmp_path / "m.json")
    with pytest.raises(WeightsError, match="has weights alone; the description is needed too"):
        import_keras(tmp_path / "m.h5")
    keras_0(tmp_path, mode=1)
    with pytest.raises(WeightsError, match=r"BatchNormalization.*mode 1 or 2.*not supported"):
        import_keras(tmp_path / "m.h5", json=tmp_path / "m.json", backend="theano")


# What is not read


def odd(kind, **config):
    return {"class_name": kind, "config": config}


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (odd("Lambda", function=["4wEAAA", None, None]), "has code in it, which is not run"),
        (odd("Capsule", units=3), r"layer 'l1' \(Capsule\): is not known"),
        (odd("Dense", output_dim=9_000_000), "asks for more weights than"),
        (odd("Dense", output_dim=10**9), "a number beyond 10000000"),
        (odd("Dense", output_dim="many"), r"layer 'l1' \(Dense\): "),
        (odd("Dense", activation="relu"), "no setting 'units'"),
        (odd("Dense", output_dim=2, activation="step"), "unknown activation 'step'"),
        (odd("Dense", output_dim=2, activation={"class_name": "x"}), "unknown activation"),
        (odd("Dense", output_dim=2), r"layer 'l1': arrays of shapes \[\(27, 3\)"),
        (odd("Sequential", layers=[]), "a network inside another"),
        (odd("LSTM", output_dim=2, stateful=True), "keeps its state"),
        (odd("TimeDistributed", layer=odd("Conv1D", filters=2)), "around 'Conv1D' is not"),
        (odd("Reshape", target_shape=[5, 5]), r"layer 'l1' \(Reshape\): "),
        (odd("Merge", mode="dot"), "mode 'dot' is not supported"),
        (odd("MaxPooling1D", pool_length=2, border_mode="full"), "padding 'full'"),
    ],
)
def test_odd_layers_are_one_line(tmp_path, layer, message):
    write_keras_1(
        tmp_path / "m.h5",
        stack(first_convolution(), layer),
        {"l0": [some(4, 1, 4, 3), some(3)], "l1": [some(27, 3), some(3)]},
    )
    with pytest.raises(WeightsError, match=message) as caught:
        import_keras(tmp_path / "m.h5")
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(tmp_path / "m.h5"))


def graph(**changes):
    ends = [["d", 0, 0]]
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3]}, "name": "i"},
        {**dense(2), "name": "d", "inbound_nodes": [[["i", 0, 0]]]},
    ]
    for layer in layers:
        layer["config"]["name"] = layer["name"]
        layer.setdefault("inbound_nodes", [])
    layers[1] |= changes.pop("dense", {})
    config = {"layers": layers, "input_layers": [["i", 0, 0]], "output_layers": ends}
    return {"class_name": "Model", "config": {**config, **changes}}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (graph(), None),
        (graph(input_layers=["i", 0, 0], output_layers=["d", 0, 0]), None),
        (graph(output_layers=[["d", 1, 0]]), r"no tensor \('d', 1\)"),
        (graph(dense={"inbound_nodes": [[["d", 0, 0]]]}), "layer 'd' reads what nothing gives"),
        (graph(dense={"inbound_nodes": []}), "layer 'd' is connected in no known way"),
        (graph(dense={"inbound_nodes": [[["i", 0, 0, {"mask": 1}]]]}), "more than tensors"),
        (graph(dense={"name": "i"}), "layers of different names"),
        (graph(layers=[]), "expected 1 to 5000 layers"),
        (graph(layers=7), "not a network that Keras 0.2 to 2.x saved"),
        ({"class_name": "Graph", "config": {}}, "got 'Graph'"),
        ({"class_name": "Sequential"}, "not a network that Keras"),
        ({"class_name": "Sequential", "config": [dense(2)]}, "does not tell the input's shape"),
        ([], "not one JSON object"),
    ],
)
def test_odd_descriptions_are_one_line(tmp_path, description, message):
    arrays = {"d": [np.eye(3, 2), np.ones(2)]}
    write_keras_1(tmp_path / "m.h5", description, arrays, tensorflow=True)
    if message is None:
        x = np.array([[1, 2, 3]], "float32")
        assert outputs(import_keras(tmp_path / "m.h5"), x).tolist() == [[2, 3]]
        return
    with pytest.raises(WeightsError, match=message) as caught:
        import_keras(tmp_path / "m.h5")
    assert "\n" not in str(caught.value)


def test_weights_of_another_network(tmp_path):
    write_keras_1(tmp_path / "m.h5", graph(), {"d": [np.eye(3, 2), np.ones(2)], "e": [some(2)]})
    with pytest.raises(WeightsError, match="has weights of 'e', a layer it does not have"):
        import_keras(tmp_path / "m.h5")
    write_keras_1(tmp_path / "m.h5", graph(), {"i": [], "d": []})
    with pytest.raises(WeightsError, match="asks for more weights than the 0 numbers"):
        import_keras(tmp_path / "m.h5")


def test_links_to_other_files_are_refused(tmp_path):
    write_keras_1(tmp_path / "m.h5", graph(), {"d": [np.eye(3, 2), np.ones(2)]})
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file["more"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(WeightsError, match="ExternalLink is not accepted"):
        import_keras(tmp_path / "m.h5")


def test_command_line(tmp_path, capsys):
    out = tmp_path / "m.keras"
    assert main(["import", "keras", str(SAVED / "keras_2.h5"), "--out", str(out)]) == 0
    data = np.load(SAVED / "keras_2.npz")
    found = outputs(keras.models.load_model(out), [data["input_0"], data["input_1"]])
    np.testing.assert_allclose(found[0], data["output_0"], atol=1e-5)
    assert not main(["weights", "verify", str(out)])
    checks = {
        line.split("\t")[1]: line.split("\t")[2:] for line in capsys.readouterr().out.splitlines()
    }
    assert checks["card"][0] == "ok" and checks["origin"][0] == "skipped"
    assert "none of the authors' was" in checks["origin"][1]
    assert sha256_of(SAVED / "keras_2.h5") in out.with_suffix(".md").read_text()
    assert main(["import", "keras", str(tmp_path / "none.h5"), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"genome-keras: {tmp_path / 'none.h5'}: no such file\n"
    assert main(["import", "keras", str(SAVED / "keras_2.h5"), "--out", "m.h5"]) == 2
    assert "out must end in .keras. Received: 'm.h5'" in capsys.readouterr().err


# The published files


def test_mpra_dragonn(shared_data):
    """Three convolutions with norms, and a dense layer, by NumPy."""
    folder = shared_data / "published" / "mpra_dragonn"
    path = folder / "pretrained.hdf5"
    model = import_keras(path, json=folder / "model.json")
    x = np.eye(4, dtype="float32")[DRAW.integers(0, 4, (3, 145))]
    y = x
    with h5py.File(path) as file:
        for i in (1, 2, 3):
            w = file[f"conv1d_{i}/conv1d_{i}"]
            y = relu(convolved(y, w["kernel:0"][()], w["bias:0"][()], backwards=False))
            w = file[f"batch_normalization_{i}/batch_normalization_{i}"]
            y = (y - w["moving_mean:0"][()]) / np.sqrt(w["moving_variance:0"][()] + 1e-3)
            y = y * w["gamma:0"][()] + w["beta:0"][()]
        w = file["dense_1/dense_1"]
        y = y.reshape(3, -1) @ w["kernel:0"][()] + w["bias:0"][()]
    np.testing.assert_allclose(outputs(model, x), y, atol=1e-4)


@pytest.mark.thorough
@pytest.mark.parametrize("factor", ["E2F1", "FOXA1"])
@pytest.mark.parametrize("beside", [False, True])
def test_factornet(shared_data, factor, beside):
    """Both strands through shared layers; Keras 1 and Theano; by NumPy."""
    folder = shared_data / "published" / "factornet" / factor
    path = folder / "best_model.hdf5"
    model = import_keras(path, json=folder / "model.json" if beside else None)
    strands = [letters(2, *model.input_shape[0][1:]) for _ in range(2)]
    with h5py.File(path) as file:
        group = file["model_weights"]
        weights = {
            name: [group[name][w][()] for w in group[name].attrs["weight_names"]] for name in group
        }
    scores = []
    for x in strands:
        kernel, bias = weights["convolution1d_1"]
        y = relu(convolved(x, kernel[:, 0], bias, backwards=True))
        w, b = weights["timedistributed_1"]
        y = pooled(relu(y @ w + b), 17)
        both = weights["bidirectional_1"]
        forward = lstm(y, gates_of(both[:12], "icfo"))
        backward = lstm(y[:, ::-1], gates_of(both[12:], "icfo"))[:, ::-1]
        y = np.concatenate([forward, backward], -1).reshape(2, -1)
        w, b = weights["dense_2"]
        y = relu(y @ w + b)
        w, b = weights["dense_3"]
        scores.append(sigmoid(y @ w + b))
    np.testing.assert_allclose(outputs(model, strands), sum(scores) / 2, atol=1e-5)


SPLICEAI = """
import sys, numpy, tf_keras
x = numpy.load(sys.argv[1])
model = tf_keras.models.load_model(sys.argv[2], compile=False)
numpy.save(sys.argv[3], model(x).numpy())
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_spliceai_equals_the_old_keras(number, tmp_path):
    """The networks of the PyPI package `spliceai`, which is not for commercial use.

    GENOME_KERAS_SPLICEAI is the package's folder where it is not installed here, and
    GENOME_KERAS_TF_KERAS the Python that has tf_keras.
    """
    spec = importlib.util.find_spec("spliceai")
    folder = os.environ.get("GENOME_KERAS_SPLICEAI") or (spec and Path(spec.origin).parent)
    python = os.environ.get("GENOME_KERAS_TF_KERAS")
    python = python or (importlib.util.find_spec("tf_keras") and sys.executable)
    if not folder or not python:
        pytest.skip("spliceai or tf_keras is not installed")
    path = Path(folder) / "models" / f"spliceai{number}.h5"
    x = np.eye(4, dtype="float32")[DRAW.integers(0, 4, (1, 10_100))]
    np.save(tmp_path / "x.npy", x)
    command = [python, "-c", SPLICEAI, tmp_path / "x.npy", path, tmp_path / "y.npy"]
    subprocess.run(command, check=True, capture_output=True)
    model = import_keras(path)
    assert model.count_params() == 698_787
    found = outputs(model, x)
    assert found.shape == (1, 100, 3)
    np.testing.assert_allclose(found, np.load(tmp_path / "y.npy"), atol=1e-5)
