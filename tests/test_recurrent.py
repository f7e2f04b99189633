"""The GRU's fast paths against Keras's own layer, forward and backward."""

import keras
import numpy as np
import pytest

from genome_keras.layers.recurrent import GRU, GateBias

X = np.random.default_rng(0).normal(size=(3, 11, 5)).astype("float32")
STATE = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")


def pair(**arguments):
    bias = keras.initializers.RandomNormal(seed=1)
    ours = GRU(4, bias_initializer=bias, return_state=True, **arguments)
    plain = keras.layers.GRU(4, return_state=True, use_cudnn=False, **arguments)
    ours(X), plain(X)
    plain.set_weights(ours.get_weights())
    return ours, plain


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


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
def test_same_training_as_keras(reset_after, go_backwards):
    """One large SGD step moves every weight by its gradient, so equal weights after it
    are equal gradients, of the inputs too (through the Dense layer below)."""
    after = []
    for layer in pair(reset_after=reset_after, go_backwards=go_backwards, return_sequences=True):
        inputs = keras.Input((11, 5))
        below = keras.layers.Dense(5, kernel_initializer="identity")
        state_of = keras.layers.Dense(4, kernel_initializer=keras.initializers.Constant(0.1))
        sequence, last = layer(below(inputs), initial_state=state_of(inputs[:, 0]))
        model = keras.Model(inputs, [sequence, last])
        model.compile(keras.optimizers.SGD(5.0), ["mse", "mae"])
        target = np.random.default_rng(2).normal(size=(3, 11, 4)).astype("float32")
        before = model.get_weights()
        model.train_on_batch(X, [target, target[:, 0]])
        after.append(model.get_weights())
        moved = [np.abs(a - b).max() for a, b in zip(before, after[-1], strict=True)]
        assert min(moved) > 1e-4
    for a, b in zip(*after, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_fast_path_says_why_not():
    path, reason = GRU(4).fast_path()
    assert (path == keras.backend.backend()) if path else reason
    if keras.backend.backend() == "torch":
        assert GRU(4, reset_after=False).fast_path() == (
            None,
            "torch has no native kernel for reset_after=False",
        )
    else:
        assert GRU(4, activation="relu").fast_path()[0] is None


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
