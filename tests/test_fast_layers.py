"""Layers and the optimizer with paths of their own, against Keras's, forward and backward."""

import keras
import numpy as np
import pytest
from keras import ops

from genome_keras.layers import channels_last, recurrent
from genome_keras.layers.fused_adam import FusedAdam
from genome_keras.layers.recurrent import keras_only

TORCH = keras.backend.backend() == "torch"
LAYERS = [
    ("Conv1D", (6, 4), {}),
    ("Conv1D", (6, 4), {"padding": "same"}),  # more on one side than on the other
    ("Conv1D", (6, 5), {"padding": "same", "dilation_rate": 2, "use_bias": False}),
    ("Conv1D", (6, 3), {"activation": "silu"}),
    ("Conv1D", (6, 3), {"strides": 2}),
    ("Conv1D", (6, 3), {"padding": "causal"}),
    ("MaxPooling1D", (4,), {}),
    ("MaxPooling1D", (4,), {"padding": "same"}),
    ("MaxPooling1D", (5,), {"padding": "same"}),
    ("MaxPooling1D", (3,), {"strides": 1}),
    ("BatchNormalization", (), {"momentum": 0.9}),
    ("BatchNormalization", (), {"scale": False, "center": False, "epsilon": 1e-5}),
    ("LSTM", (6,), {"return_sequences": True}),
    ("LSTM", (6,), {"go_backwards": True}),
    ("LSTM", (6,), {"recurrent_activation": "hard_sigmoid"}),
]


def numbers(shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def trained(layer):
    """Outputs in and out of training, and weights after one long step of a model with it.

    The layer below shows the gradients of its inputs.
    """
    inputs = keras.Input((18, 5))
    model = keras.Model(inputs, layer(keras.layers.Dense(5)(inputs)))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.set_weights(
        [0.3 * numbers(w.shape, i) + ("moving" in w.path) for i, w in enumerate(model.weights)]
    )
    x = numbers((4, 18, 5), 50)
    model.train_on_batch(x, numbers((4, *model.output_shape[1:]), 51))
    outputs = [ops.convert_to_numpy(model(x, training=way)) for way in (False, True)]
    return [*outputs, *model.get_weights()]


@pytest.mark.parametrize(("name", "sizes", "arguments"), LAYERS)
def test_layers_train_as_keras_does(name, sizes, arguments):
    ours = getattr(recurrent if name == "LSTM" else channels_last, name)
    plain = getattr(keras.layers, name)
    if name in ("Conv1D", "MaxPooling1D"):
        arguments = {"data_format": "channels_last", **arguments}
    both = trained(ours(*sizes, **arguments)), trained(plain(*sizes, **arguments))
    for a, b in zip(*both, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)
    config = ours(*sizes, **arguments, name="x").get_config()
    assert config == plain(*sizes, **arguments, name="x").get_config()


@pytest.mark.skipif(not TORCH, reason="of torch")
@pytest.mark.parametrize("row", [row for row in LAYERS if row[0] == "Conv1D"])
def test_convolutions_of_many_channels_too(row, monkeypatch):
    """As sums of products; here all have many."""
    monkeypatch.setattr(channels_last, "WIDE", 1)
    test_layers_train_as_keras_does(*row)


@pytest.mark.skipif(not TORCH, reason="of torch")
@pytest.mark.parametrize("name", ["Conv1D", "MaxPooling1D"])
def test_arrays_of_torch_stay_as_they_lie(name):
    layer = getattr(channels_last, name)(3, *([3] if name == "Conv1D" else []))
    x = numbers((2, 9, 5), 0)
    assert layer(x).is_contiguous()
    with keras_only():  # Keras turns its outputs round
        assert not layer(x).is_contiguous()


ADAM = [
    {},
    {"global_clipnorm": 1.0},
    {"global_clipnorm": 1e6},
    {"global_clipnorm": 1.0, "gradient_accumulation_steps": 2},
    {"clipnorm": 1.0, "weight_decay": 0.01},
    {"use_ema": True, "ema_momentum": 0.9, "epsilon": 1e-3},
    {"amsgrad": True, "global_clipnorm": 1.0},
]


@pytest.mark.parametrize("arguments", ADAM)
def test_adam_steps_as_keras_does(arguments):
    after = []
    for adam in (FusedAdam, keras.optimizers.Adam):
        weights = [keras.Variable(numbers(size, 1)) for size in ((7, 3), (5,), (2, 3, 4))]
        optimizer = adam(1e-2, **arguments)
        optimizer.build(weights)
        for step in range(4):
            slopes = [10.0**step * numbers(weight.shape, step) for weight in weights]
            optimizer.apply([ops.convert_to_tensor(slope / 100) for slope in slopes], weights)
        after.append([ops.convert_to_numpy(w) for w in (*weights, *optimizer.variables)])
    for a, b in zip(*after, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7)
    ours, plain = (a(**arguments, name="x") for a in (FusedAdam, keras.optimizers.Adam))
    assert ours.get_config() == plain.get_config()


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_adam_spreads_what_is_no_number_as_keras_does(wrong):
    after = []
    for adam in (FusedAdam, keras.optimizers.Adam):
        weights = [keras.Variable(numbers(3, 1)), keras.Variable(numbers(2, 2))]
        optimizer = adam(1e-2, global_clipnorm=1.0)
        slopes = [ops.convert_to_tensor(np.float32([1, wrong, 0])), ops.ones(2)]
        optimizer.apply(slopes, weights)
        after.append([np.isnan(ops.convert_to_numpy(weight)) for weight in weights])
    for a, b in zip(*after, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.all()


@pytest.mark.skipif(not TORCH, reason="of torch")
def test_the_norm_of_many_gradients_is_exact():
    """Of three million numbers a sum one by one would be off by 1e-3."""
    import torch

    weight = keras.Variable(np.zeros(3_000_000, np.float32))
    optimizer = FusedAdam(1.0, beta_1=0.0, global_clipnorm=1.0)
    optimizer.apply([torch.full((3_000_000,), 0.1)], [weight])
    kept = ops.convert_to_numpy(optimizer._momentums[0])
    np.testing.assert_allclose(np.linalg.norm(kept.astype("float64")), 1, rtol=1e-5)


def test_adam_keeps_what_training_had():
    """A `.keras` file names the optimizer; its arguments come back with it."""
    told = keras.saving.serialize_keras_object(FusedAdam(1e-2, global_clipnorm=3.0))
    again = keras.saving.deserialize_keras_object(told)
    assert type(again) is FusedAdam
    assert again.global_clipnorm == 3.0
