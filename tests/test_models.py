"""Every factory, on the backend of KERAS_BACKEND."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import WeightsError

# Factory -> arguments of a small model, arguments of the source's size, its parameters.
# bigru_multitask: 770,366 is the size of the authors' program (the paper says "about
# 740,000"): 2 embeddings of 4 x 2, 4 GRUs, 919 heads of 256 x 2 + 2.
# kmer_logreg: 1364 columns (section 4.3) and an intercept for each task.
# char_rnn: embedding 4 x 128, two GRUs with two biases, 128 x 4 + 4.
SPECIFICATIONS = {
    "bigru_multitask": (
        {"window": 12, "tasks": 3, "units": 4},
        {"reset_after": False},
        770_366,
    ),
    "char_rnn": (
        {"units": 4},
        {},
        4 * 128 + 2 * (2 * 128 * 384 + 2 * 384) + 128 * 4 + 4,
    ),
    "kmer_logreg": (
        {"window": 12, "tasks": 3, "k": (1, 2)},
        {},
        (1364 + 1) * 919,
    ),
}
MULTITASK = [name for name in SPECIFICATIONS if name != "char_rnn"]
COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


@pytest.fixture(autouse=True)
def clean():
    yield
    keras.backend.clear_session()


def small(name, **more):
    return getattr(genome_keras, name)(**{**SPECIFICATIONS[name][0], "seed": 1, **more})


def codes(n=5, window=12, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (n, window), dtype=np.uint8)


def scores(model, x):
    return keras.ops.convert_to_numpy(model(x))


def test_every_model_has_a_specification():
    assert set(SPECIFICATIONS) == set(genome_keras.MODELS)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_parameter_count_at_the_size_of_the_source(name):
    _, arguments, parameters = SPECIFICATIONS[name]
    assert getattr(genome_keras, name)(**arguments).count_params() == parameters


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_training_lowers_the_loss(name):
    model = small(name, learning_rate=0.02)
    x = codes(16)
    y = (
        (x == 2) * 1
        if name == "char_rnn"
        else np.stack([x[:, 0] == 0, x[:, 1] == 1, x[:, 2] > 1], 1)
    )
    y = x if name == "char_rnn" else y.astype("int8")
    first = model.train_on_batch(x, y)[0]
    for _ in range(8):
        last = model.train_on_batch(x, y)[0]
    assert last < first


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_same_seed_same_weights(name):
    one, two, other = (small(name, seed=seed).get_weights() for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # never trained
@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_save_and_load_of_the_whole_model(name, tmp_path):
    model = small(name)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(scores(again, codes()), scores(model, codes()))


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_weights_from_a_path(name, tmp_path):
    model = small(name)
    model.save_weights(tmp_path / "m.weights.h5")
    again = small(name, seed=2, weights=tmp_path / "m.weights.h5")
    assert np.array_equal(scores(again, codes()), scores(model, codes()))


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_weights_of_another_size_are_refused(name, tmp_path):
    small(name).save_weights(tmp_path / "m.weights.h5")
    other = {"k": (1, 2, 3)} if name == "kmer_logreg" else {"units": 5}
    with pytest.raises(WeightsError, match=f"not the weights of this {name}"):
        small(name, **other, weights=tmp_path / "m.weights.h5")


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_any_window(name):
    model = small(name, window=None)
    for window in (6, 12):
        assert scores(model, codes(window=window)).shape[0] == 5


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_only_known_keyword_arguments(name):
    factory = getattr(genome_keras, name)
    with pytest.raises(TypeError, match=r"has no argument 'seq_len'. Accepted: .*window"):
        factory(seq_len=3)
    with pytest.raises(TypeError):
        factory(100)


@pytest.mark.parametrize("name", MULTITASK)
def test_scores_are_probabilities_for_each_task(name):
    p = scores(small(name), codes())
    assert p.shape == (5, 3) and p.dtype == np.float32
    assert np.all((p > 0) & (p < 1))


@pytest.mark.parametrize("name", MULTITASK)
def test_both_strands_do_not_tell_apart(name):
    model, x = small(name, both_strands=True), codes()
    forward, reverse = scores(model, x), scores(model, COMPLEMENT[x][:, ::-1])
    np.testing.assert_allclose(forward, reverse, atol=1e-6)
    one_strand = small(name)
    one_strand.set_weights(model.get_weights())
    a, b = scores(one_strand, x), scores(one_strand, COMPLEMENT[x][:, ::-1])
    assert not np.allclose(a, b, atol=1e-6)
    logits = (np.log(a / (1 - a)) + np.log(b / (1 - b))) / 2
    np.testing.assert_allclose(forward, 1 / (1 + np.exp(-logits)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("bigru_multitask", {"units": 0}, "units must be an integer of at least 1"),
        ("bigru_multitask", {"readout": "first"}, "readout must be one of 'last', 'max', 'mean'"),
        ("kmer_logreg", {"tasks": 0}, "tasks must be an integer of at least 1"),
        ("char_rnn", {"cell": "transformer"}, "cell must be one of 'gru', 'lstm', 'rnn'"),
        ("char_rnn", {"stateful": True}, "stateful=True needs batch_size"),
    ],
)
def test_bad_arguments(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        small(name, **arguments)


# bigru_multitask


def test_n_is_embedded_as_zeros():
    model = small("bigru_multitask")
    letters = keras.Model(model.input, model.get_layer("forward_embedding").output)
    x = np.full((1, 12), 4, np.uint8)
    assert np.all(scores(letters, x) == 0)
    x[0, 3] = 2
    row = scores(letters, x)[0]
    assert np.any(row[3] != 0) and np.all(np.delete(row, 3, 0) == 0)


def test_stacks_are_independent():
    """The backward stack has no influence on what the head reads of the forward one."""
    model = small("bigru_multitask")
    read = keras.Model(model.input, model.get_layer("forward_gru_2").output)
    before = scores(read, codes())
    for layer in model.layers:
        if layer.name.startswith("backward"):
            layer.set_weights([w + 1 for w in layer.get_weights()])
    assert np.array_equal(before, scores(read, codes()))


def test_backward_stack_reads_from_the_end():
    """With equal weights, the backward stack on x is the forward stack on x reversed."""
    model = small("bigru_multitask")
    for part in ("embedding", "gru_1", "gru_2"):
        model.get_layer(f"backward_{part}").set_weights(
            model.get_layer(f"forward_{part}").get_weights()
        )
    forward = keras.Model(model.input, model.get_layer("forward_gru_2").output)
    backward = keras.Model(model.input, model.get_layer("backward_gru_2").output)
    x = codes()
    np.testing.assert_allclose(scores(backward, x), scores(forward, x[:, ::-1]), atol=1e-6)


def test_head_is_a_softmax_of_two_classes():
    model = small("bigru_multitask")
    features = keras.Model(model.input, model.get_layer("head").input)
    kernel, bias = model.get_layer("head").get_weights()
    logits = np.einsum("nf,cft->nct", scores(features, codes()), kernel) + bias
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(scores(model, codes()), softmax[:, 1], atol=1e-6)


@pytest.mark.parametrize("readout", ["last", "max", "mean"])
def test_readouts(readout):
    model = small("bigru_multitask", readout=readout)
    layer = model.get_layer("forward_gru_2")
    states = keras.Model(model.input, layer.output)
    read = keras.Model(model.input, model.get_layer("forward_dropout").output)
    x = codes()
    got = scores(read, x)
    assert got.shape == (5, 4)
    if readout != "last":
        np.testing.assert_allclose(got, getattr(np, readout)(scores(states, x), 1), atol=1e-6)


# kmer_logreg


def test_weights_fitted_elsewhere_load_into_kmer_logreg():
    from sklearn.linear_model import LogisticRegression

    x = codes(60)
    counts = genome_keras.kmer_counts(x, k=(1, 2))
    y = (x[:, :3] < 2).astype(int)
    model = small("kmer_logreg")
    fits = [LogisticRegression().fit(counts, column) for column in y.T]
    model.get_layer("head").set_weights(
        [np.concatenate([f.coef_ for f in fits]).T, np.concatenate([f.intercept_ for f in fits])]
    )
    expected = np.stack([f.predict_proba(counts)[:, 1] for f in fits], 1)
    np.testing.assert_allclose(scores(model, x), expected, atol=1e-5)


# char_rnn


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_next_base_probabilities(cell):
    model = small("char_rnn", cell=cell)
    x = codes()
    p = scores(model, x)
    assert p.shape == (5, 12, 4)
    np.testing.assert_allclose(p.sum(-1), 1, atol=1e-6)
    x[:, 7:] = (x[:, 7:] + 1) % 4
    np.testing.assert_array_equal(scores(model, x)[:, :7], p[:, :7])  # never sees what comes


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_state_carried_over_equals_one_long_window(cell):
    model = small("char_rnn", cell=cell, stateful=True, batch_size=5)
    x = codes()
    whole = small("char_rnn", cell=cell)
    whole.set_weights(model.get_weights())
    parts = [scores(model, x[:, i : i + 4]) for i in (0, 4, 8)]
    np.testing.assert_allclose(np.concatenate(parts, 1), scores(whole, x), atol=1e-5)
