"""The GRU's fast paths against Keras's own layer, forward and backward."""

import logging

import keras
import numpy as np
import pytest

from genome_keras.layers import recurrent
from genome_keras.layers._gradients import outputs_and_gradients
from genome_keras.layers.recurrent import GRU, GateBias, keras_only

X = np.random.default_rng(0).normal(size=(3, 11, 5)).astype("float32")
STATE = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")


def pair(**arguments):
    bias = keras.initializers.RandomNormal(seed=1)
    ours = GRU(4, bias_initializer=bias, return_state=True, **arguments)
    plain = keras.layers.GRU(4, return_state=True, use_cudnn=False, **arguments)
    ours(X), plain(X)
    plain.set_weights(ours.get_weights())
    return ours, plain


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow")
@pytest.mark.parametrize("eager", [True, pytest.param(False, marks=pytest.mark.compiled)])
def test_only_what_is_marked_is_compiled(eager):
    """Else the tests below would say nothing of the loops that XLA makes."""
    import tensorflow as tf

    assert tf.config.functions_run_eagerly() is eager


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_same_numbers_as_keras(reset_after, go_backwards, return_sequences):
    ours, plain = pair(
        reset_after=reset_after, go_backwards=go_backwards, return_sequences=return_sequences
    )
    for a, b in zip(ours(X, initial_state=STATE), plain(X, initial_state=STATE), strict=True):
        a, b = map(keras.ops.convert_to_numpy, (a, b))
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    "rows, window",
    [
        (3, 11),
        pytest.param(3, 12, marks=[pytest.mark.compiled, pytest.mark.thorough]),
        (1, 1),
        (40, 31),
    ],
)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
def test_same_training_as_keras(reset_after, go_backwards, rows, window):
    """One large SGD step moves every weight by its gradient, so equal weights after it
    are equal gradients, of the inputs too (through the Dense layer below). From 16 rows on
    torch takes other matrix products; 40 rows of 31 steps are three parts to its loop
    backwards, the last of them shorter."""
    if rows == 40 and keras.backend.backend() != "torch":
        pytest.skip("a size of torch's")
    x = np.random.default_rng(4).normal(size=(rows, window, 5)).astype("float32")
    after = []
    for layer in pair(reset_after=reset_after, go_backwards=go_backwards, return_sequences=True):
        inputs = keras.Input((window, 5))
        below = keras.layers.Dense(5, kernel_initializer="identity")
        state_of = keras.layers.Dense(4, kernel_initializer=keras.initializers.Constant(0.1))
        sequence, last = layer(below(inputs), initial_state=state_of(inputs[:, 0]))
        model = keras.Model(inputs, [sequence, last])
        model.compile(keras.optimizers.SGD(5.0), ["mse", "mae"])
        target = np.random.default_rng(2).normal(size=(rows, window, 4)).astype("float32")
        before = model.get_weights()
        model.train_on_batch(x, [target, target[:, 0]])
        after.append(model.get_weights())
        moved = [np.abs(a - b).max() for a, b in zip(before, after[-1], strict=True)]
        assert min(moved) > 1e-4
    for a, b in zip(*after, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.compiled
@pytest.mark.parametrize("reset_after", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_windows_of_any_length(reset_after):
    """Steps of training on windows of several lengths, then predictions; TensorFlow's
    graph has no fixed number of steps from the second length on."""
    found = []
    for layer in pair(reset_after=reset_after, return_sequences=True):
        inputs = keras.Input((None, 5))
        model = keras.Model(inputs, layer(inputs)[0])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        for window in (3, 7, 1, 11):
            model.train_on_batch(X[:, :window], np.ones((3, window, 4), "float32"))
        found.append([*model.get_weights(), *(model.predict_on_batch(X[:, :w]) for w in (2, 5, 1))])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_predictions_of_large_batches(reset_after, go_backwards, return_sequences):
    """From 16 rows on, torch takes other matrix products."""
    rows = np.random.default_rng(3).normal(size=(40, 9, 5)).astype("float32")
    found = []
    for layer in pair(
        reset_after=reset_after, go_backwards=go_backwards, return_sequences=return_sequences
    ):
        inputs = keras.Input((9, 5))
        model = keras.Model(inputs, layer(inputs))
        model.compile()
        found.append(model.predict_on_batch(rows))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gradients_outside_of_training(reset_after):
    found = []
    for layer in pair(reset_after=reset_after, go_backwards=True):
        inputs = keras.Input((11, 5))
        model = keras.Model(inputs, layer(inputs)[0])
        found.append(outputs_and_gradients(model)(X, STATE[None])[1][0])
    assert np.abs(found[0]).max() > 1e-2
    np.testing.assert_allclose(*found, atol=1e-5)


torch_only = pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch's own")


def gradients_on_torch(layer):
    """Of weights, input and state; and the outputs."""
    x, state = (keras.ops.convert_to_tensor(one).requires_grad_() for one in (X, STATE))
    sequence, last = layer(x, initial_state=state)
    (sequence.sin().sum() + last.sum()).backward()
    variables = [variable.value for variable in layer.trainable_variables]
    return [*(one.grad for one in (*variables, x, state)), sequence.detach(), last.detach()]


@torch_only
@pytest.mark.parametrize("reset_after", [True, False])
def test_torch_without_onednn(reset_after, monkeypatch):
    from genome_keras.layers import _gru_torch

    ours, plain = pair(reset_after=reset_after, return_sequences=True)
    expected = gradients_on_torch(plain)
    monkeypatch.setattr(_gru_torch, "_ONEDNN", False)
    for a, b in zip(gradients_on_torch(ours), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        a.mul_(2)  # as optimizers do


@torch_only
def test_gradients_of_gradients_are_refused_on_torch():
    import torch

    x = torch.tensor(X, requires_grad=True)
    layer = GRU(4)
    with pytest.raises(NotImplementedError, match="no gradients on torch"):
        torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    with keras_only():
        (slope,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert x.grad.abs().max() > 1e-3


@torch_only
def test_shapes_without_numbers_on_torch():
    layer = GRU(4, return_sequences=True, return_state=True)
    layer(X)
    with keras.device("meta"):
        sequence, state = layer(keras.ops.zeros((3, 11, 5)))
    assert sequence.is_meta and sequence.shape == (3, 11, 4)
    assert state.is_meta and state.shape == (3, 4)


@torch_only
@pytest.mark.filterwarnings("ignore")  # of torch's compiler about itself
def test_torch_does_not_compile_the_loops():
    import torch

    from genome_keras.layers._gru_torch import gru

    def twice(x):
        return 2 * gru(x, *rest, reset_after=True)[1]

    def backend(graph, inputs):
        sizes.append(len(graph.graph.nodes))
        return graph.forward

    rest = [torch.rand(shape) for shape in ((3, 4), (5, 12), (4, 12), (2, 12))]
    x, sizes = torch.tensor(X, requires_grad=True), []
    result = torch.compile(twice, backend=backend)(x)
    result.sum().backward()
    np.testing.assert_allclose(result.detach(), twice(x).detach())
    assert x.grad.abs().max() > 1e-3
    assert 0 < max(sizes) < 9


@torch_only
def test_other_devices_take_the_path_of_keras_on_torch(monkeypatch):
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert GRU(4).fast_path() == (None, "not on a CPU")


def test_fast_path_says_why_not():
    path, reason = GRU(4).fast_path()
    assert (path == keras.backend.backend()) if path else reason
    assert not path or reason == ""
    assert GRU(4, reset_after=False).fast_path() == (path, reason)
    assert GRU(4, activation="relu").fast_path()[0] is None
    assert GRU(4, unroll=True).fast_path()[0] is None
    if path:
        reason = GRU(4, dtype="mixed_bfloat16").fast_path()[1]
        assert reason == "bfloat16, not float32"
        with keras_only():
            assert GRU(4).fast_path() == (None, "a graph for other programs")
        assert GRU(4).fast_path() == (path, "")


def test_reasons_are_logged_once(caplog):
    if GRU(4).fast_path()[0] is None:
        pytest.skip("no fast path here")
    recurrent._tell.cache_clear()
    with caplog.at_level(logging.INFO, "genome_keras"):
        GRU(4)(X)
        assert caplog.messages == []
        for _ in "12":
            GRU(4)(X, mask=np.ones((3, 11), bool))
            GRU(4, dropout=0.5)(X)
            GRU(4, dropout=0.5, dtype="mixed_bfloat16")(X)
        GRU(4, dropout=0.5)(X, training=True)
        with keras_only():
            GRU(4)(X)
    own = "GRU by Keras's own path: "
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", own + "a mask"),
        ("WARNING", own + "bfloat16, not float32"),
        ("WARNING", own + "dropout inside the layer"),
        ("INFO", own + "a graph for other programs"),
    ]


def test_masks_take_the_path_of_keras():
    ours, plain = pair(return_sequences=True)
    mask = np.arange(11) < np.array([[4], [11], [7]])
    a, b = (keras.ops.convert_to_numpy(layer(X, mask=mask)[0]) for layer in (ours, plain))
    np.testing.assert_allclose(a, b, atol=1e-6)
    assert not np.allclose(a, keras.ops.convert_to_numpy(ours(X)[0]), atol=1e-3)


@pytest.mark.parametrize("shape", [(12,), (2, 12)])
def test_gate_bias(shape):
    bias = keras.ops.convert_to_numpy(GateBias()(shape, dtype="float32"))
    row = bias if len(shape) == 1 else bias[0]
    assert row.tolist() == [1] * 8 + [0] * 4
    assert len(shape) == 1 or not bias[1].any()
