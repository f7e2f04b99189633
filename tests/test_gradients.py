"""Several derivatives of one pass through a model, on each backend, compiled or not."""

import keras
import numpy as np
import pytest

from genome_keras.interpret.deep_lift_shap import DeepLift
from genome_keras.layers._gradients import outputs_and_gradients, weights_of_columns
from genome_keras.layers.recurrent import GRU, LSTM

LETTERS = np.random.default_rng(0).normal(size=(2, 4, 4)).astype("float32")
SUMS = np.random.default_rng(1).normal(size=(3, 2, 6)).astype("float32")
compiled = pytest.mark.compiled


class Counted(keras.layers.Dropout):
    """Its input, and how often it was asked."""

    asked = 0

    def call(self, inputs, training=False):
        self.asked += 1
        return inputs


def network(layer):
    inputs = keras.Input((4, 4))
    counted = Counted(0.0)
    both = keras.layers.Bidirectional(layer(3), merge_mode="concat")
    model = keras.Model(inputs, both(counted(inputs)))
    counted.asked = 0
    return model, counted


def scores(model, letters):
    return keras.ops.convert_to_numpy(model(letters, training=False))


@pytest.mark.parametrize("columns, sizes", [(1, [1]), (8, [8]), (9, [5, 5]), (17, [6, 6, 6])])
def test_columns_stand_in_few_groups_of_one_size(columns, sizes):
    chosen = list(range(columns))[::-1]
    groups = list(weights_of_columns(chosen, rows=2, outputs=20))
    assert [len(weights) for _, weights in groups] == sizes
    assert [before for before, _ in groups] == list(range(0, columns, sizes[0]))
    weights = np.concatenate([weights for _, weights in groups])
    assert np.array_equal(weights[:columns], np.repeat(np.eye(20)[chosen][:, None], 2, 1))
    assert not weights[columns:].any()


@pytest.mark.parametrize("layer", [GRU, pytest.param(GRU, marks=compiled), LSTM])
def test_several_derivatives_are_of_one_pass(layer):
    """Each is that of its sum alone; the model is passed once for all."""
    model, counted = network(layer)
    compute = outputs_and_gradients(model)
    outputs, several = compute(LETTERS, SUMS)
    assert counted.asked == 1
    np.testing.assert_allclose(outputs, scores(model, LETTERS), rtol=1e-5, atol=2e-6)
    for number in range(len(SUMS)):
        others_none = SUMS * (np.arange(len(SUMS)) == number)[:, None, None]
        alone = compute(LETTERS, others_none.astype("float32"))[1]
        np.testing.assert_allclose(several[number], alone[number], rtol=1e-5, atol=2e-6)
        assert not np.delete(alone, number, 0).any()
    step = 0.01 * np.random.default_rng(2).normal(size=LETTERS.shape).astype("float32")
    change = scores(model, LETTERS + step) - scores(model, LETTERS - step)
    expected = (SUMS * change).sum((1, 2)) / 2
    np.testing.assert_allclose((several * step).sum((1, 2, 3)), expected, atol=1e-4)


def test_deep_lift_shares_the_pass():
    model, counted = network(GRU)
    lift = DeepLift(model, batch_size=4)
    counted.asked = 0
    references = np.zeros((2, 1, 4, 4), "float32")
    both, change = lift(LETTERS, references, outputs=[4, 1])
    assert counted.asked == 1
    for at, output in enumerate((4, 1)):
        own, of_one = lift(LETTERS, references, outputs=[output])
        np.testing.assert_allclose(both[..., at], own[..., 0], rtol=1e-5, atol=2e-6)
        np.testing.assert_allclose(change[:, at], of_one[:, 0], rtol=1e-5, atol=2e-6)
