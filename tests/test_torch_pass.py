"""Networks by torch without Keras between the layers, against Keras itself."""

import keras
import numpy as np
import pytest
from keras import layers

from genome_keras.layers.channels_last import BatchNormalization, Conv1D, MaxPooling1D
from genome_keras.layers.recurrent import GRU, LSTM, keras_only
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.strands import OneHot
from genome_keras.layers.torch_pass import TorchPass

if keras.backend.backend() != "torch":
    pytest.skip("of torch", allow_module_level=True)
torch = pytest.importorskip("torch")

LAST = {"data_format": "channels_last"}
WINDOW = 18


def convolution(**more):
    return Conv1D(6, 4, **LAST, **more)


# Layers one after the other, over letters (batch, 18, 4).
CHAINS = {
    "normalised, rectified, pooled": [convolution(), BatchNormalization(), layers.ReLU(), 4],
    "of another order": [convolution(), 3, BatchNormalization(), layers.Activation("silu")],
    "pooled before it is rectified": [convolution(), 3, layers.ReLU()],
    "an activation of its own": [convolution(activation="relu"), 4, BatchNormalization()],
    "one that falls": [convolution(), layers.Rescaling(-1.0), 4],
    "one that turns": [convolution(), layers.Activation("silu"), 3],
    "no plain rectifier": [convolution(), BatchNormalization(), layers.ReLU(threshold=0.5), 2],
    "a norm without its weights": [
        convolution(use_bias=False),
        BatchNormalization(scale=False, center=False, epsilon=1e-2),
        layers.Activation("silu"),
    ],
    "Keras's norm": [convolution(), layers.BatchNormalization(), layers.ReLU()],
    "a norm of positions": [convolution(), BatchNormalization(axis=1), layers.ReLU()],
    "more on one side": [convolution(padding="same"), BatchNormalization(), layers.ReLU(), 4],
    "as many on both": [Conv1D(6, 5, padding="same", dilation_rate=2, **LAST), 4],
    "causal": [convolution(padding="causal"), layers.ReLU(), 2],
    "steps of two": [convolution(strides=2), BatchNormalization(), layers.ReLU()],
    "recurrent": [convolution(), layers.Dropout(0.5), GRU(3, return_sequences=True), LSTM(2)],
    "dense": [layers.Flatten(**LAST), layers.Dense(4), BatchNormalization(), layers.ReLU()],
}


def model_of(chain):
    """Of `CHAINS`, where a number is a pooling; layers are made anew."""
    codes = keras.Input((WINDOW,), dtype="uint8")
    x = OneHot()(codes)
    for layer in chain:
        if isinstance(layer, int):
            layer = MaxPooling1D(layer, **LAST)
        x = type(layer).from_config(layer.get_config())(x)
    return random(SequenceModel(codes, x))


def random(model):
    draw = np.random.default_rng(0)
    for weight in model.weights:
        values = draw.normal(size=weight.shape)
        weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)
    return model


def windows(n=4):
    return np.random.default_rng(1).integers(0, 5, (n, WINDOW), dtype=np.uint8)


def by_keras(model, codes):
    with keras_only():
        return model.predict_on_batch(codes)


def taken(model, codes=None, **more):
    """How many times the pass was taken for a call without gradients."""
    calls, work = [], TorchPass.__call__
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(TorchPass, "__call__", lambda *args: calls.append(1) or work(*args))
        model(windows() if codes is None else codes, **more)
    return len(calls)


@pytest.mark.parametrize("name", CHAINS)
def test_chains(name):
    model, codes = model_of(CHAINS[name]), windows()
    assert taken(model) == 1
    np.testing.assert_allclose(
        model.predict_on_batch(codes), by_keras(model, codes), rtol=1e-5, atol=1e-5
    )


def test_what_others_read_stays_as_it_is():
    """A convolution that is read twice, or given out, is not written over."""
    codes = keras.Input((WINDOW,), dtype="uint8")
    first = convolution()(OneHot()(codes))
    second = layers.ReLU()(BatchNormalization()(first))
    third = layers.ReLU()(convolution()(first))
    fourth = convolution()(second)
    outputs = {"first": first, "fourth": layers.ReLU()(fourth), "third": third, "raw": fourth}
    model = random(SequenceModel(codes, outputs))
    given, wanted = model.predict_on_batch(windows()), by_keras(model, windows())
    assert list(given) == list(wanted)
    for name, values in given.items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-5, atol=1e-5)


def test_weights_are_those_of_now():
    model = model_of(CHAINS["normalised, rectified, pooled"])
    before = model.predict_on_batch(windows())
    model.set_weights([weight * 2 for weight in model.get_weights()])
    after = model.predict_on_batch(windows())
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after, by_keras(model, windows()), rtol=1e-5, atol=1e-5)


class Doubled(layers.Layer):
    """A layer that nobody knows."""

    def call(self, x):
        return 2 * x


def hooked(model):
    model.layers[2].register_forward_hook(lambda layer, args, outputs: outputs * 3)


# Chain, what is done to the model, arguments of the call: Keras's own pass.
OTHERS = [
    ([convolution(), Doubled()], None, {}),
    ([convolution(), layers.Masking()], None, {}),
    ([convolution(activity_regularizer="l2"), layers.ReLU()], None, {}),
    ([convolution(dtype="mixed_bfloat16"), layers.ReLU()], None, {}),
    ([convolution(), layers.ReLU()], hooked, {}),
    ([convolution(), BatchNormalization()], None, {"training": True}),
]


@pytest.mark.parametrize(("chain", "change", "more"), OTHERS)
def test_what_only_keras_does(chain, change, more):
    model = model_of(chain)
    if change:
        change(model)
    assert taken(model, **more) == 0


def test_gradients_are_kerass():
    """Also of a model that gave scores before."""
    model = model_of(CHAINS["normalised, rectified, pooled"])
    model.predict_on_batch(windows())
    model(windows()).sum().backward()
    assert all(weight.value.grad is not None for weight in model.trainable_weights)
