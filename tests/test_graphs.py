"""`weights/make/graphs.py`: graphs with the same bytes for the same network, without weights."""

import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from genome_keras.errors import WeightsError
from genome_keras.scoring.onnx import onnx_session

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
MAKE = Path(__file__).parents[1] / "weights" / "make"
CODES = np.random.default_rng(0).integers(0, 5, (6, 4), dtype=np.uint8)


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """The scripts import each other by their bare names; afterwards all is as before."""
    monkeypatch.syspath_prepend(MAKE)
    yield
    for script in MAKE.glob("*.py"):
        sys.modules.pop(script.stem, None)


@pytest.fixture
def weights(tmp_path):
    """Weights of a product, in half precision, of its sums, and of what is added in a loop."""
    draw, path = np.random.default_rng(1), tmp_path / "toy.x.v1.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = draw.normal(size=(5, 5)).astype("float16")
        file["layers/dense/vars/1"] = draw.normal(size=(1, 20)).astype("float32")
        file["layers/gru/vars/0"] = draw.normal(size=(20,)).astype("float32")
    return path


def arrays(path):
    names = ("layers/dense/vars/0", "layers/dense/vars/1", "layers/gru/vars/0")
    with h5py.File(path) as file:
        return [file[name][()] for name in names]


def graph(path, tag="", *, order=1, maker="tf2onnx"):
    """The kernel's columns of four letters, plus bias, plus three steps: float32 (n, 20)."""
    make, tensor = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    kernel, bias, step = arrays(path)
    name = "{}{}".format
    body = onnx.helper.make_graph(
        [make("Identity", [name("c", tag)], ["d"]), make("Add", ["s", name("step", tag)], ["t"])],
        name("body", tag),
        [
            tensor("i", onnx.TensorProto.INT64, []),
            tensor(name("c", tag), onnx.TensorProto.BOOL, []),
            tensor("s", onnx.TensorProto.FLOAT, [None, 20]),
        ],
        [tensor("d", onnx.TensorProto.BOOL, []), tensor("t", onnx.TensorProto.FLOAT, [None, 20])],
    )
    nodes = [
        make("Cast", ["codes"], [name("x", tag)], to=onnx.TensorProto.INT32),
        make("Gather", [name("kernel", tag), name("x", tag)], [name("g", tag)], axis=0),
        make("Reshape", [name("g", tag), name("shape", tag)], [name("r", tag)]),
        make("MatMul", [name("r", tag), name("square", tag)], [name("m", tag)]),
        make("Add", [name("m", tag), name("bias", tag)], [name("a", tag)]),
        make("Loop", [name("three", tag), "", name("a", tag)], ["scores"], body=body),
        make("Neg", [name("bias", tag)], [name("unused", tag)]),
    ]
    constants = {
        "kernel": kernel.astype("float32").T.copy(),  # its axes the other way
        "square": np.eye(20, dtype="float32"),
        "bias": bias.reshape(20),
        "step": step,
        "shape": np.array([-1, 20]),
        "three": np.array(3),
    }
    initializers = [
        onnx.numpy_helper.from_array(value, name(key, tag)) for key, value in constants.items()
    ]
    opsets = [onnx.helper.make_opsetid("", 15), onnx.helper.make_opsetid("ai.onnx.ml", 2)]
    codes = tensor("codes", onnx.TensorProto.UINT8, [None, 4])
    scores = tensor("scores", onnx.TensorProto.FLOAT, [None, 20])
    whole = onnx.helper.make_graph(
        nodes, name("graph", tag), [codes], [scores], initializers[::order]
    )
    return onnx.helper.make_model(
        whole, opset_imports=opsets[::order], ir_version=8, producer_name=maker
    )


def scores_of(model, path):
    path.write_bytes(model.SerializeToString())
    return onnx_session(path)(CODES)


def test_names_and_makers_leave_no_trace(weights):
    from onnx_form import as_bytes, canonical

    one = as_bytes(canonical(graph(weights)))
    other = as_bytes(canonical(graph(weights, "/while_17:0", order=-1, maker="another 2.0")))
    assert one == other and b"tf2onnx" not in one and b"kernel" not in one
    assert as_bytes(canonical(onnx.load_from_string(one))) == one
    assert b"Neg" not in one  # nobody needs it


def test_the_form_changes_no_score(weights, tmp_path):
    from onnx_form import canonical, without_weights

    kernel, bias, step = arrays(weights)
    letters = kernel.astype("float32").T[CODES].reshape(6, 20)
    expected = letters + bias + 3 * step
    made = graph(weights)
    np.testing.assert_allclose(scores_of(made, tmp_path / "a.onnx"), expected, atol=1e-6)
    form = without_weights(canonical(made), weights)
    whole = scores_of(made, tmp_path / "a.onnx")
    assert np.array_equal(scores_of(form, tmp_path / "toy.x.v1.onnx"), whole)
    places = [t for t in form.graph.initializer if t.external_data]
    assert [tuple(t.dims) for t in places] == [(5, 5), (1, 20), (20,)]
    told = {pair.key: pair.value for pair in places[0].external_data}
    assert told["location"] == weights.name and told["length"] == "50"
    copies = [t for t in form.graph.initializer if not t.external_data]
    assert sum(np.size(onnx.numpy_helper.to_array(t)) for t in copies) < 410  # 400 of the eye


def test_a_graph_is_written_if_it_scores_as_the_card_says(weights, tmp_path):
    from graphs import check

    path = tmp_path / "a.onnx"
    path.write_bytes(graph(weights).SerializeToString())
    scores = onnx_session(path)
    probe = ["ACGT", "AAAA"]
    expected = scores(np.array([[0, 1, 2, 3], [0, 0, 0, 0]], np.uint8))
    config = {"probe": probe, "probe_scores": expected.tolist()}
    check(scores, scores, SimpleNamespace(name="toy.x.v1", config=config))
    config["probe_scores"] = (expected + 2e-5).tolist()
    with pytest.raises(WeightsError, match=r"toy\.x\.v1: its graph differs by 2\.0e-05"):
        check(scores, scores, SimpleNamespace(name="toy.x.v1", config=config))
