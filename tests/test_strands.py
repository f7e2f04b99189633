"""Both strands inside a model: the layers and the wrapper."""

import keras
import numpy as np
import pytest

from genome_keras import strand_symmetric
from genome_keras.encode import reverse_complement
from genome_keras.layers.strands import MergeStrands, OneHot, StackStrands
from genome_keras.layers.task_head import SigmoidHead, TaskHead

CODES = np.random.default_rng(0).integers(0, 5, (4, 7), dtype=np.uint8)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def linear(head, *, branches=1):
    """A model whose scores are arithmetic: a linear head on the one-hot letters."""
    codes = keras.Input((7,), dtype="uint8")
    read = [keras.layers.Flatten()(OneHot()(codes)) for _ in range(branches)]
    features = keras.ops.concatenate(read, -1) if branches > 1 else read[0]
    model = keras.Model(codes, head(features))
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy", run_eagerly=True)
    return model


def test_stacking_is_the_codes_and_their_reverse_complements():
    got = numbers(StackStrands()(CODES))
    assert got.dtype == np.uint8
    assert np.array_equal(got, np.concatenate([CODES, reverse_complement(CODES)]))


@pytest.mark.parametrize(("merge", "of"), [("mean", np.mean), ("max", np.max)])
def test_merging(merge, of):
    x = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
    merged = numbers(MergeStrands(merge)(x.reshape(8, 3)))
    np.testing.assert_allclose(merged, of(x, 0), atol=1e-6)


@pytest.mark.parametrize("head", [TaskHead, SigmoidHead])
@pytest.mark.parametrize("merge", ["mean", "probability", "max"])
def test_scores_are_those_of_the_two_strands_merged(head, merge):
    model = linear(head(2))
    both = strand_symmetric(model, merge=merge)
    a, b = (numbers(model(x)) for x in (CODES, reverse_complement(CODES)))
    logits = (np.log(a / (1 - a)) + np.log(b / (1 - b))) / 2
    expected = {
        "mean": 1 / (1 + np.exp(-logits)),
        "probability": (a + b) / 2,
        "max": np.maximum(a, b),
    }[merge]
    np.testing.assert_allclose(numbers(both(CODES)), expected, atol=1e-6)
    other = numbers(both(reverse_complement(CODES)))
    np.testing.assert_allclose(numbers(both(CODES)), other, atol=1e-6)
    assert both.name == model.name and both.count_params() == model.count_params()
    both.layers[-1].set_rates([0.5, 0.1])
    np.testing.assert_allclose(numbers(model.layers[-1].bias).ravel()[-2:], [0, np.log(1 / 9)])


def test_an_input_that_several_layers_read():
    model = linear(SigmoidHead(2), branches=3)
    both = strand_symmetric(model)
    np.testing.assert_allclose(
        numbers(both(CODES)), numbers(both(reverse_complement(CODES))), atol=1e-6
    )


def test_training_one_trains_the_other():
    model = linear(SigmoidHead(2))
    both = strand_symmetric(model)
    before = numbers(model(CODES))
    both.train_on_batch(CODES, np.ones((4, 2), "float32"))
    assert np.all(numbers(model(CODES)).mean(0) > before.mean(0))
    assert all(map(np.array_equal, model.get_weights(), both.get_weights()))


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
@pytest.mark.parametrize("merge", ["mean", "max"])
def test_saving(merge, tmp_path):
    """The whole model, and weights that fit the model of one strand too."""
    model = linear(SigmoidHead(2))
    both = strand_symmetric(model, merge=merge)
    both.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(numbers(again(CODES)), numbers(both(CODES)))
    both.save_weights(tmp_path / "m.weights.h5")
    other = linear(SigmoidHead(2))
    other.load_weights(tmp_path / "m.weights.h5")
    assert np.array_equal(numbers(other(CODES)), numbers(model(CODES)))


def test_errors():
    with pytest.raises(ValueError, match="merge must be one of 'mean', 'probability', 'max'"):
        strand_symmetric(linear(SigmoidHead(2)), merge="sum")
    plain = linear(keras.layers.Dense(2, activation="softmax"))
    with pytest.raises(ValueError, match="needs a last layer that is dense with a sigmoid"):
        strand_symmetric(plain)
    assert strand_symmetric(plain, merge="max").count_params() == plain.count_params()
    model = linear(SigmoidHead(2))
    two = keras.Model(model.input, [model.output, model.output])
    with pytest.raises(ValueError, match="one input and one output"):
        strand_symmetric(two)


def test_a_sigmoid_head_keeps_its_arguments():
    head = SigmoidHead(3, name="head")
    again = SigmoidHead.from_config(head.get_config())
    assert again.units == 3 and again.activation is keras.activations.sigmoid
