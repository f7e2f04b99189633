"""The clockwork layer against its equation, written out step by step."""

import keras
import numpy as np
import pytest

from genome_keras.layers.clockwork import Clockwork

X = np.random.default_rng(0).normal(size=(3, 11, 4)).astype("float32")


def layer(periods=(1, 2, 4), *, units=6, **arguments):
    made = Clockwork(
        units, periods=periods, kernel_initializer=keras.initializers.RandomNormal(), **arguments
    )
    made(X)
    draw = np.random.default_rng(1)
    made.set_weights([draw.normal(size=w.shape).astype("float32") / 2 for w in made.get_weights()])
    return made


def full(made):
    """W, U and b of the paper's equation, from the layer's weights by name, in float64."""
    weights = {w.name: keras.ops.convert_to_numpy(w) for w in made.weights}
    kernels = [weights[f"kernel_{period}"] for period in made.periods]
    bias = np.concatenate([weights[f"bias_{period}"] for period in made.periods])
    W = np.concatenate([kernel[: X.shape[2]] for kernel in kernels], 1).T
    return [a.astype("float64") for a in (W, made.recurrent_matrix(), bias)]


def by_steps(x, W, U, b, periods):
    """Every step in full: h' = tanh(W x + U h + b) where the clock ticks, h elsewhere."""
    size = len(b) // len(periods)
    h, states = np.zeros((len(x), len(b))), []
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ W.T + h @ U.T + b)
        ticking = np.repeat([t % period == 0 for period in periods], size)
        h = np.where(ticking, new, h)
        states.append(h)
    return np.stack(states, 1)


@pytest.mark.parametrize("periods", [(1,), (1, 2, 4), (1, 3, 5), (2, 7, 16)])
def test_equals_the_equation(periods):
    made = layer(periods, units=2 * len(periods), return_sequences=True)
    expected = by_steps(X, *full(made), periods)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(made(X)), expected, atol=1e-5)
    last = Clockwork(2 * len(periods), periods=periods)
    last(X)
    last.set_weights(made.get_weights())
    np.testing.assert_allclose(keras.ops.convert_to_numpy(last(X)), expected[:, -1], atol=1e-5)


def test_recurrent_matrix_is_block_upper_triangular():
    made = layer((1, 2, 4), units=9)
    matrix = made.recurrent_matrix()
    blocks = np.kron(np.triu(np.ones((3, 3))), np.ones((3, 3)))
    assert matrix.shape == (9, 9) and np.array_equal(matrix != 0, blocks == 1)
    trained = sum(w.shape[0] * w.shape[1] for w in made.weights if len(w.shape) == 2)
    assert trained == blocks.sum() + 4 * 9  # nothing else is stored or trained


def test_gradients():
    """One step of SGD moves each weight by the slope of the loss, by finite differences."""
    made = layer((1, 2), units=4)
    inputs = keras.Input(X.shape[1:])
    model = keras.Model(inputs, made(inputs))
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
    target = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")
    before = made.get_weights()
    W, U, b = full(made)

    def loss():
        return np.mean((by_steps(X, W, U, b, (1, 2))[:, -1] - target) ** 2)

    def slope(array, *at):
        array[at] += 1e-5
        above = loss()
        array[at] -= 2e-5
        below = loss()
        array[at] += 1e-5
        return (above - below) / 2e-5

    # kernel of the fast module: inputs, then the slow module's states; its own states.
    expected = [slope(W, 0, 1), slope(U, 0, 2), slope(U, 1, 0), slope(b, 3)]
    model.train_on_batch(X, target)
    moved = [old - new for old, new in zip(before, made.get_weights(), strict=True)]
    kernel, recurrent, _, _, _, slow_bias = moved
    got = [kernel[1, 0], kernel[4, 0], recurrent[0, 1], slow_bias[1]]
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6)
    assert all(np.abs(step).max() > 0 for step in moved)


def test_modules_hold_between_their_ticks():
    states = keras.ops.convert_to_numpy(layer((1, 4), units=4, return_sequences=True)(X))
    for t in range(1, X.shape[1]):
        held = np.array_equal(states[:, t, 2:], states[:, t - 1, 2:])
        assert held == (t % 4 != 0)
        assert not np.array_equal(states[:, t, :2], states[:, t - 1, :2])


def test_slow_modules_do_not_see_fast_ones():
    made = layer((1, 4), units=4, return_sequences=True)
    x = X.copy()
    x[:, 5] += 1  # between the slow module's ticks
    before, after = (keras.ops.convert_to_numpy(made(a)) for a in (X, x))
    assert np.array_equal(before[..., 2:], after[..., 2:])
    assert not np.allclose(before[:, 5:, :2], after[:, 5:, :2])


def test_modules_start_different_and_the_same_for_a_seed():
    def weights(seed):
        made = Clockwork(
            6,
            periods=(1, 2, 4),
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed),
        )
        made.build(X.shape)
        return [keras.ops.convert_to_numpy(w) for w in made.recurrent_kernels]

    one, two, other = weights(1), weights(1), weights(2)
    assert all(map(np.array_equal, one, two)) and not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[0], one[1]) and not np.array_equal(one[1], one[2])


def test_config():
    made = layer(return_sequences=True)
    again = Clockwork.from_config(made.get_config())
    assert again.compute_output_shape((None, None, 4)) == (None, None, 6)
    assert again.periods == (1, 2, 4) and again.units == 6 and again.return_sequences


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 5, "periods": (1, 2)}, "units must be a multiple of the 2 modules"),
        ({"units": 4, "periods": (2, 1)}, "periods must be increasing"),
        ({"units": 4, "periods": (0, 1)}, "periods must be integers of at least 1"),
        ({"units": 4, "periods": ()}, "periods must be integers"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Clockwork(**arguments)
