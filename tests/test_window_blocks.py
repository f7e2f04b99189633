"""Long windows block by block, what a pass keeps, and attention of many steps."""

import weakref

import keras
import numpy as np
import pytest
from keras import ops

import genome_keras
from genome_keras.layers.distances import distance_features
from genome_keras.layers.graph_model import GraphModel
from genome_keras.layers.relative_attention import QUERIES, RelativeAttention
from genome_keras.layers.strands import OneHot
from genome_keras.layers.summed_signal import summed_signal
from genome_keras.layers.window_blocks import LONG, WindowBlocks, in_blocks
from genome_keras.scoring.scorer import Scorer
from genome_keras.training.precision import computing_in

# Small networks: arguments, the bins in which layers near the letters hand on, and what is read
# on each side: half of 15 bp and of 5 steps of 2, 4 and so on bp, as whole bins.
NETWORKS = {
    "basenji2": (
        {"filters": (3, 4, 5), "dilated_filters": 2, "dilations": (1, 400), "last_filters": 3},
        {8},
        32,  # 7 + 4 + 8, and a dilated one of 8 bp
    ),
    "enformer": ({"filters": (6, 6, 12), "depth": 1, "heads": 2, "key_size": 3}, {8}, 24),
    "borzoi": (
        {"filters": (24, 4, 5), "channels": 6, "depth": 1, "heads": 2, "key_size": 3}
        | {"value_size": 2, "last_filters": 3},
        {4, 8, 16},
        48,
    ),
}
WINDOW = 2048


def small(name, **more):
    sizes = {"bins": 16, "tasks": 2, "window": WINDOW, "seed": 1}
    model = getattr(genome_keras, name)(**sizes | NETWORKS[name][0] | more)
    draw = np.random.default_rng(2)
    for layer in model.layers:  # norms that move, and attention that does something
        layer.set_weights([w + 0.1 * draw.random(size=w.shape) for w in layer.get_weights()])
    return model


def codes(window, n=2):
    return np.random.default_rng(0).integers(0, 5, (n, window), dtype=np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_are_the_whole_window(name):
    """At its ends, in blocks, and between them."""
    model, (_, steps, around) = small(name, bins=WINDOW // 8), NETWORKS[name]
    blocks, x = WindowBlocks(model, block=480), codes(WINDOW)
    assert (set(blocks.steps), blocks.around, blocks.size) == (steps, around, 480 + 2 * around)
    expected = model.predict_on_batch(x)
    assert expected.std(axis=1).min() > 1e-4
    np.testing.assert_allclose(blocks(x), expected, rtol=3e-5, atol=1e-6)


def test_blocks_in_mixed_precision():
    with computing_in("mixed_bfloat16"):
        model = small("enformer")
    blocks, x = WindowBlocks(model, block=480), codes(WINDOW)
    expected = model.predict_on_batch(x)
    assert blocks(x).dtype == expected.dtype == np.float32
    np.testing.assert_allclose(blocks(x), expected, rtol=3e-2)


PUBLISHED = {
    "basenji2": {"window": 131_072, "filters": (6,) * 7},
    "enformer": {"window": 196_608, "filters": (6,) * 7, "heads": 1, "depth": 0},
    "borzoi": {"window": 524_288, "filters": (6,) * 6, "depth": 0},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_published_windows_are_computed_in_blocks(name):
    """By all that scores: variants share no first convolutions of such windows."""
    scorer = Scorer(summed_signal(small(name, **PUBLISHED[name])))
    blocks = scorer.model.window_blocks
    assert blocks.size < LONG and max(blocks.steps) == 128
    assert scorer.network is None
    assert small(name).window_blocks is None  # of a short window


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([], id="letters alone"),
        pytest.param([("Conv1D", (4, 3))], id="as many numbers as between"),
        pytest.param([("Conv1D", (4, 3), {"padding": "valid"})], id="ends are lost"),
        pytest.param([("Conv1D", (4, 3), {"padding": "causal"})], id="of one side"),
        pytest.param([("Conv1D", (4, 2000)), ("MaxPooling1D", (8,))], id="reads far"),
        pytest.param([("Conv1D", (4, 3)), ("MaxPooling1D", (3,))], id="pools do not fit"),
        pytest.param(
            [("Conv1D", (4, 3), {"activation": lambda x: x}), ("MaxPooling1D", (8,))],
            id="a function that nobody knows",
        ),
    ],
)
def test_models_that_stay_whole(layers):
    codes = keras.Input((LONG,), dtype="uint8")
    x = OneHot()(codes)
    for name, sizes, *more in layers:
        how = {"data_format": "channels_last"} | ({"padding": "same"} if name == "Conv1D" else {})
        x = getattr(keras.layers, name)(*sizes, **how | (more[0] if more else {}))(x)
    assert in_blocks(keras.Model(codes, keras.layers.GlobalMaxPooling1D()(x))) is None


def test_predict_of_long_windows_is_that_of_batches():
    model = small("basenji2", window=LONG)
    x = codes(LONG, 3)
    expected = ops.convert_to_numpy(model(x, training=False))
    for found in (model.predict_on_batch(x), model.predict(x, 2), model.predict(x)):
        np.testing.assert_allclose(found, expected, rtol=3e-5, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="of torch")
def test_what_a_layer_gave_goes_when_it_was_read():
    """Of six layers one after the other, one that the sum reads, and what the next one reads."""
    given, most = [], []

    class Counted(keras.layers.Layer):
        def call(self, x):
            alive = sum(array() is not None for array in given)
            most.append(alive)
            outputs = x + 1
            given.append(weakref.ref(outputs))
            return outputs

    first = x = Counted()(keras.Input((3,)))
    inputs = x._keras_history.operation.input
    for _ in range(6):
        x = Counted()(x)
    model = GraphModel(inputs, keras.layers.Add()([x, first]))
    given.clear()
    most.clear()
    model.predict_on_batch(np.zeros((1, 3), np.float32))
    assert most == [0, 1, 2, 2, 2, 2, 2]


def test_attention_of_many_steps_by_hand():
    """More than attend at a time."""
    steps = QUERIES + 9
    layer = RelativeAttention(1, key_size=2, value_size=3, distance_sizes=6, seed=1)
    draw = np.random.default_rng(1)
    x = draw.normal(size=(1, steps, 5)).astype("float32")
    layer.build(x.shape)
    arrays = [draw.normal(size=w.shape).astype("float32") for w in layer.weights]
    layer.set_weights(arrays)
    query, key, value, distance, content_bias, distance_bias, out, out_bias = arrays
    known = distance_features(steps, 6) @ distance
    asked = x[0] @ query / np.sqrt(2)
    apart = np.arange(steps) - np.arange(steps)[:, None] + steps - 1
    logits = (asked + content_bias[0]) @ (x[0] @ key).T
    logits += np.take_along_axis((asked + distance_bias[0]) @ known.T, apart, 1)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    expected = shares / shares.sum(1, keepdims=True) @ (x[0] @ value) @ out + out_bias
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x))[0], expected, atol=1e-4)
