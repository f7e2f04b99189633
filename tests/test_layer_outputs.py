"""Laws of read-outs: what follows a layer, computed from what was read of it, is the model."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.encode import reverse_complement
from genome_keras.interpret import hidden_states, read_out, readouts

WINDOW = 12
SMALL = {"window": WINDOW, "tasks": 3, "seed": 1}
MODELS = {
    "bigru_multitask": {**SMALL, "units": 4},
    "center_context": {**SMALL, "center": WINDOW, "filters": (5, 6), "units": 4},
    "char_rnn": {"units": 4, "seed": 1},
    "clockwork_rnn": {**SMALL, "embedding": 3, "width": 3, "units": 6, "periods": (1, 4)},
    "conv_bigru": {**SMALL, "filters": (5, 6), "width": 4, "pool": 2, "units": 4, "blocks": 1},
    "danq": {**SMALL, "filters": 5, "width": 4, "pool": 3, "units": 4, "hidden": 6},
    "kmer_rnn": {**SMALL, "word": "101", "stride": 1, "embedding": 3, "units": 4, "depth": 2},
}
# Recurrent layers, and the steps that they take.
STATES = {
    "bigru_multitask": ("forward_gru_1 forward_gru_2 backward_gru_1 backward_gru_2", WINDOW),
    "center_context": ("forward_gru backward_gru", WINDOW // 4),
    "char_rnn": ("gru_1 gru_2", WINDOW),
    "clockwork_rnn": ("forward_clockwork_1 backward_clockwork_1", WINDOW),
    "conv_bigru": ("forward_gru backward_gru", WINDOW // 2),
    "danq": ("forward_lstm backward_lstm", 3),
    "kmer_rnn": ("forward_gru_1 forward_gru_2 backward_gru_1 backward_gru_2", WINDOW - 2),
}


OTHERS = {"basset", "beluga", "deepbind", "deepbind_2015", "deepsea", "integer_logreg"}
OTHERS |= {"kmer_logreg", "sei"}


def test_the_table_has_every_recurrent_factory():
    assert {*MODELS} | OTHERS == {*genome_keras.MODELS}


def build(name, **more):
    return getattr(genome_keras, name)(**{**MODELS[name], **more})


def windows(n=3):
    return np.random.default_rng(0).integers(0, 5, (n, WINDOW), dtype=np.uint8)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("name", MODELS)
def test_scores_follow_from_the_states(name):
    model, codes = build(name), windows()
    states = hidden_states(model, codes, batch_size=2)
    names, steps = STATES[name]
    assert set(states) == set(names.split())
    assert all(of.shape[:2] == (3, steps) and of.dtype == np.float32 for of in states.values())
    last = hidden_states(model, codes, layers="last")
    assert [*last] == [n for n in states if n[-1] == max(m[-1] for m in states)]
    for layer in last:
        np.testing.assert_allclose(last[layer], states[layer], atol=1e-6)
    read = [last[layer] for layer in sorted(last, reverse=True)]  # forward, backward
    if name == "char_rnn":
        scores = model.get_layer("next_base")(read[0])
    elif name == "conv_bigru":
        together = [f(states, 1) for f in (np.max, np.mean) for states in read]
        scores = model.get_layer("head")(np.concatenate(together, -1))
    elif name == "center_context":
        both = np.concatenate(read, -1)
        sums = numbers(model.get_layer("places")(both))
        together = np.concatenate([both.max(1), both.mean(1), sums], -1)
        scores = model.get_layer("head")(together)
    elif name == "danq":
        together = np.concatenate(read, -1).reshape(3, -1)
        scores = model.get_layer("head")(model.get_layer("hidden")(together))
    else:  # the last step of reading is the first of the window, backward
        scores = model.get_layer("head")(np.concatenate([read[0][:, -1], read[1][:, 0]], -1))
    np.testing.assert_allclose(numbers(scores), numbers(model(codes)), atol=1e-5)


def test_a_state_has_read_the_bases_so_far():
    model, codes = build("bigru_multitask", window=None), windows()
    states = hidden_states(model, codes, layers="last")
    part = hidden_states(model, codes[:, 4:9], layers="last")
    near = {"atol": 1e-6}
    whole = hidden_states(model, codes[:, :9], layers="last")["forward_gru_2"]
    np.testing.assert_allclose(states["forward_gru_2"][:, :9], whole, **near)
    whole = hidden_states(model, codes[:, 4:], layers="last")["backward_gru_2"]
    np.testing.assert_allclose(states["backward_gru_2"][:, 4:], whole, **near)
    assert np.abs(states["forward_gru_2"][:, 4:9] - part["forward_gru_2"]).max() > 1e-3


def test_both_strands_give_the_strand_that_was_given():
    codes = windows()
    one, both = build("bigru_multitask"), build("bigru_multitask", both_strands=True)
    both.set_weights(one.get_weights())
    for given in (codes, reverse_complement(codes)):
        expected = hidden_states(one, given)
        for layer, found in hidden_states(both, given).items():
            np.testing.assert_allclose(found, expected[layer], atol=1e-6)
    merged = read_out(both, codes, layer="merge_strands")
    other = read_out(both, reverse_complement(codes), layer="merge_strands")
    np.testing.assert_allclose(merged, other, atol=1e-6)


def test_the_list_of_layers_and_their_outputs():
    model, codes = build("danq"), windows()
    listed = {entry.layer: entry for entry in readouts(model)}
    assert listed["convolution"].kind == "Conv1D" and listed["convolution"].shape == (9, 5)
    assert [name for name, entry in listed.items() if entry.recurrent] == [
        *hidden_states(model, codes)
    ]
    for name in listed:
        found = read_out(model, codes, layer=name)
        assert found.shape == (3, *listed[name].shape) and found.dtype == np.float32
    convolution = keras.Model(model.inputs[0], model.get_layer("convolution").output)
    found = read_out(model, codes, layer="convolution", batch_size=2)
    np.testing.assert_allclose(found, numbers(convolution(codes)), atol=1e-6)
    np.testing.assert_allclose(
        read_out(model, codes, layer="head"), numbers(model(codes)), atol=1e-6
    )


def test_weights_of_the_model_stay_what_they_are():
    model = build("clockwork_rnn")
    before, count = model.get_weights(), model.count_params()
    first = hidden_states(model, windows())
    assert model.count_params() == count
    model.set_weights([2 * weight for weight in before])
    again = hidden_states(model, windows())
    assert all(np.abs(first[layer] - again[layer]).max() > 1e-3 for layer in first)


def test_what_cannot_be_read():
    model = build("bigru_multitask")
    with pytest.raises(ValueError, match=r"layer must be one of .*forward_gru_1.*'gru'"):
        read_out(model, windows(), layer="gru")
    with pytest.raises(ValueError, match="expected windows of 12 bp"):
        read_out(model, windows()[:, 1:], layer="head")
    with pytest.raises(ValueError, match="at least one window"):
        hidden_states(model, windows(0))
    with pytest.raises(ValueError, match="layers must be one of"):
        hidden_states(model, windows(), layers="first")
    with pytest.raises(ValueError, match=r"with recurrent layers\. Received: kmer_logreg"):
        hidden_states(genome_keras.kmer_logreg(window=WINDOW, tasks=1, k=(1,)), windows())
    with pytest.raises(ValueError, match="stateful=False"):
        readouts(genome_keras.char_rnn(units=2, depth=1, stateful=True, batch_size=2))
    with pytest.raises(ValueError, match="one input, the codes"):
        readouts(keras.Sequential())
