"""Laws of convolutions of which only what a letter changes is computed."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import GenomeKerasError
from genome_keras.interpret.mutagenesis import Mutagenesis, model_for
from genome_keras.layers.strands import OneHot
from genome_keras.scoring.onnx import OnnxModel, onnx_session
from genome_keras.scoring.onnx_file import Graph
from genome_keras.scoring.onnx_shorter import shorter
from genome_keras.scoring.scorer import Scorer
from genome_keras.scoring.shared_convolutions import (
    Convolution,
    MaxPool,
    SharedConvolutions,
    Step,
    Trunk,
    letters,
    relu,
    same_padding,
    silu,
)
from genome_keras.weights.locations import packaged

GRAPHS = ("basset.human_chromatin_1000bp.v1", "conv_bigru.human_chromatin.v1")
PUBLISHED = packaged()


def convolution(width, channels, filters, *, seed, dilation=1, around=(0, 0), activation=None):
    draw = np.random.default_rng(seed)
    kernel = draw.normal(size=(width, channels, filters)).astype(np.float32)
    bias = draw.normal(size=filters).astype(np.float32)
    return Convolution(kernel, bias, dilation, *around, activation)


def plain(work, x):
    """A convolution or pooling, position by position."""
    x = np.pad(x, ((0, 0), (work.before, work.after), (0, 0)), constant_values=work.filling)
    if isinstance(work, MaxPool):
        count = x.shape[1] // work.size
        return np.stack([x[:, i * work.size : (i + 1) * work.size].max(1) for i in range(count)], 1)
    width, dilation = len(work.kernel), work.dilation
    count = x.shape[1] - (width - 1) * dilation
    sums = [
        sum(x[:, i + tap * dilation] @ work.kernel[tap] for tap in range(width)) + work.bias
        for i in range(count)
    ]
    out = np.stack(sums, 1)
    return out if work.activation is None else work.activation(out)


def values_of(trunk, codes):
    """Values of all steps, the letters first."""
    values = [letters(codes)]
    for work, inputs in trunk.steps:
        given = [values[each] for each in inputs]
        is_local = isinstance(work, Convolution | MaxPool)
        values.append(plain(work, *given) if is_local else work(*given))
    return dict(enumerate(values))


def shared(trunk, **sizes):
    draw = np.random.default_rng(9)
    strands = 1 + sizes.get("both_strands", False)
    rest = None

    def scores(values):
        nonlocal rest
        if rest is None:
            rest = draw.normal(size=(values.shape[1] * values.shape[2], 2))
        flat = values.reshape(strands, -1, values.shape[1] * values.shape[2]).sum(0)
        return np.tanh(flat @ rest / 9).astype(np.float32)

    def whole(codes):
        both = [codes, genome_keras.encode.reverse_complement(codes)][:strands]
        values = values_of(trunk, np.concatenate(both))
        return {each: values[each] for each in trunk.context}, scores(values[len(trunk.steps)])

    return SharedConvolutions(trunk, whole, scores, **sizes)


TRUNKS = {
    "valid": [
        Step(convolution(5, 4, 3, seed=0), (0,)),
        Step(relu, (1,)),
        Step(MaxPool(3), (2,)),
        Step(convolution(3, 3, 2, seed=1, activation=np.tanh), (3,)),
        Step(MaxPool(2), (4,)),
    ],
    "padded": [
        Step(convolution(4, 4, 3, seed=0, around=(1, 2)), (0,)),
        Step(MaxPool(4, *same_padding(30, 4)), (1,)),
        Step(convolution(3, 3, 2, seed=1, around=(1, 1), activation=silu), (2,)),
    ],
    "sums of several widths": [
        Step(convolution(3, 4, 3, seed=0, around=(1, 1)), (0,)),
        Step(MaxPool(2), (1,)),
        Step(convolution(3, 3, 3, seed=1, dilation=2, around=(2, 2)), (2,)),
        Step(np.add, (2, 3)),
        Step(convolution(5, 3, 3, seed=2, around=(2, 2)), (4,)),
        Step(np.multiply, (5, 4)),
    ],
    "no more than one position left": [
        Step(convolution(29, 4, 3, seed=0), (0,)),
        Step(MaxPool(2), (1,)),
    ],
}


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize("name", TRUNKS)
def test_each_substitution_is_that_of_the_whole_window(name, both_strands):
    model = shared(Trunk(TRUNKS[name]), both_strands=both_strands, batch_size=7)
    codes = np.random.default_rng(1).integers(0, 5, (3, 30), dtype=np.uint8)
    changed, own = model.substitutions(codes)
    np.testing.assert_array_equal(own, model.whole(codes)[1])
    assert np.ptp(changed, (1, 2)).min() > 1e-3
    for at in range(30):
        for code in range(4):
            other = codes.copy()
            other[:, at] = code
            known = codes[:, at] < 4
            expected = model.whole(other)[1]
            np.testing.assert_allclose(changed[known, at, code], expected[known], atol=1e-5)


def test_windows_that_differ_by_a_letter_from_one_before():
    model = shared(Trunk(TRUNKS["valid"][:3]), batch_size=4)
    codes = np.random.default_rng(1).integers(0, 4, (9, 30), dtype=np.uint8)
    codes[[1, 2]], codes[5], codes[8] = codes[0], codes[4], codes[7]
    codes[1, 3], codes[2, 29], codes[5, 0] = 4, (codes[2, 29] + 1) % 4, (codes[5, 0] + 1) % 4
    np.testing.assert_allclose(model.scores(codes), model.whole(codes)[1], atol=1e-5)
    alone = np.random.default_rng(2).integers(0, 4, (9, 30), dtype=np.uint8)
    assert model.scores(alone) is None  # nothing to save


def test_layers_that_are_not_what_they_look_like():
    trunk = Trunk(TRUNKS["valid"])
    model, codes = shared(trunk), np.zeros((2, 30), np.uint8)
    assert model.substitutions(codes) is not None
    model.trunk = Trunk([Step(convolution(5, 4, 3, seed=7), (0,)), *trunk.steps[1:]])
    assert model.substitutions(codes) is None


def test_multiply_adds_are_counted():
    steps = [
        Step(convolution(5, 4, 3, seed=0), (0,)),  # 96 positions of a window, 5 of a letter
        Step(MaxPool(4), (1,)),  # 24, and at most 2
        Step(convolution(3, 3, 2, seed=0), (2,)),  # 22, 4
    ]
    trunk = Trunk(steps)
    assert trunk.multiply_adds(100) == (96 * 60 + 22 * 18, 5 * 60 + 4 * 18)
    assert trunk.saves(100) and not trunk.saves(6) and not Trunk([]).saves(100)


FACTORIES = {
    "basset": {"filters": (4, 3), "widths": (5, 3), "pools": (3, 2), "hidden": (4,)},
    "conv_bigru": {"filters": (4, 3), "width": 5, "units": 2, "both_strands": True},
    "deepsea": {"filters": (3, 4), "widths": (4, 3), "pools": (3, 1), "hidden": 3}
    | {"dropout": (0.1, 0.1)},
}


@pytest.mark.parametrize("name", FACTORIES)
def test_layers_of_keras(name):
    model = getattr(genome_keras, name)(**FACTORIES[name], window=50, tasks=3, seed=1)
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 5, (2, 50), dtype=np.uint8)
    scorer = Scorer(model, batch_size=100, both_strands=name == "basset")
    change = Mutagenesis(scorer)
    for _ in range(2):  # also with the weights of a later time
        weights = [each + draw.normal(size=each.shape) ** 2 / 3 for each in model.get_weights()]
        model.set_weights(weights)
        found, full = (each.scores(codes) for each in (change, Mutagenesis(scorer, reuse=False)))
        assert change.way == "changed positions" and np.ptp(full[0]) > 1e-2
        known = codes < 4
        np.testing.assert_allclose(found[0][known], full[0][known], atol=1e-5)
        np.testing.assert_allclose(found[1], full[1], atol=1e-5)


class Odd(keras.layers.Conv1D):
    """A convolution by its settings, but not by what it does."""

    def call(self, x):
        return super().call(keras.ops.flip(x, 1))


def test_layers_that_are_subclassed_take_full_passes():
    codes = keras.Input((40,), dtype="uint8")
    x = keras.layers.Flatten()(Odd(3, 5, name="convolution")(OneHot()(codes)))
    model = keras.Model(codes, keras.layers.Dense(2, "sigmoid")(x))
    assert Mutagenesis(Scorer(model)).way == "full passes"


@pytest.mark.parametrize("name", GRAPHS)
def test_published_graphs(name):
    use = model_for(name, engine="onnx")
    window, model = use.window, use.scorer.convolutions
    draw = np.random.default_rng(0)
    own = draw.integers(0, 5, (1, window), dtype=np.uint8)
    at = np.array([0, 1, 7, window // 2, window - 9, window - 1])
    codes = np.repeat(own, len(at) + 1, 0)
    codes[np.arange(1, len(codes)), at] = (codes[0, at] + 1) % 4
    expected = use.scorer.scores(codes)
    assert np.ptp(expected, 0).max() > 1e-4
    row = np.zeros(len(at), np.int64)
    found = model._scored(own, row, at, codes[np.arange(1, len(codes)), at])
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-5)
    assert Mutagenesis(use.scorer).way == "changed positions"


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_with_fewer_operations_is_the_same_model(name):
    path = PUBLISHED / f"{name}.onnx"
    short = Graph(shorter(Graph.of_file(path)), PUBLISHED)
    operations = [node.operation for node in short.nodes]
    convolutions = operations.count("Conv")
    assert len(short.nodes) < len(Graph.of_file(path).nodes)
    assert operations.count("Squeeze") < convolutions  # they follow each other directly
    model = OnnxModel(path)
    codes = np.random.default_rng(0).integers(0, 5, (3, model.input_shape[1]), dtype=np.uint8)
    np.testing.assert_allclose(model.predict_on_batch(codes), onnx_session(path)(codes), atol=1e-6)


def test_a_damaged_graph_is_told(tmp_path):
    path = tmp_path / "x.onnx"
    whole = (PUBLISHED / "basset.human_chromatin_1000bp.v1.onnx").read_bytes()
    for size in (0, 1, 10, 5000, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(GenomeKerasError, match="damaged"):
            OnnxModel(path)


def test_a_graph_of_other_layers_takes_full_passes():
    use = model_for("bigru_multitask.human_chromatin.v2", engine="onnx")
    assert Mutagenesis(use.scorer).way == "full passes"


def test_a_file_is_read_as_onnx_does():
    onnx = pytest.importorskip("onnx")
    path = PUBLISHED / "conv_bigru.human_chromatin.v1.onnx"
    graph, expected = Graph.of_file(path), onnx.load(path)
    assert [node.operation for node in graph.nodes] == [
        node.op_type for node in expected.graph.node
    ]
    for tensor in expected.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        found = graph.constant(tensor.name)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    (loop, _) = (node for node in graph.nodes if node.operation == "Loop")
    assert graph.after(loop.inputs[0], []) is None  # the codes are needed too
