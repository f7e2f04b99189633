"""Every factory, on the backend of KERAS_BACKEND."""

import keras
import numpy as np
import pytest
from support import task_sizes

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.layers.recurrent import keras_only

# Factory -> arguments of a small model, arguments of the source's size, its parameters.
# bigru_multitask: 770,366 is the size of the authors' program (the paper says "about
# 740,000"): 2 embeddings of 4 x 2, 4 GRUs, 919 heads of 256 x 2 + 2.
# kmer_logreg: 1364 columns (section 4.3) and an intercept for each task.
# integer_logreg: one number a base (section 4.3) and an intercept for each task.
# char_rnn: embedding 4 x 128, two GRUs with two biases, 128 x 4 + 4.
# deepsea: 52,843,119 in Quang & Xie 2016, results; from Zhou & Troyanskaya's sizes:
# convolutions 4-320-480-960 of width 8, 53 positions left of 1000, 925 units, 919 tasks.
# danq: 46,926,479 in Quang & Xie 2016, results.
# basset: the published pretrained model (convolutions, five norms of four arrays, 10
# positions left of 600, dense layers).
# beluga, sei: from the sizes in their authors' programs.
# deepbind: 16 detectors of 24 letters, max and mean of each, 32 hidden units.
# deepbind_2015: 16 detectors of 24 letters, 32 hidden units, for each task.
# clockwork_rnn: no published size: convolution of 9 letters to 64, two directions of
# modules of 32 that read 64 inputs, themselves and all slower ones; the head.
# conv_bigru: this package's own: convolutions and norms of four arrays, two GRUs, the head
# over maxima and means of both.
# center_context: this package's own: convolutions and norms of four arrays, four GRUs, two
# sums over 50 and over 63 positions, the head over maxima, means and sums.
# kmer_rnn: no published size: 4^6 words and one for N, two GRUs, the head.
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
    "integer_logreg": ({"window": 12, "tasks": 3}, {}, (100 + 1) * 919),
    "deepsea": (
        {
            "window": 12,
            "tasks": 3,
            "filters": (5, 6, 7),
            "widths": (3, 2, 2),
            "pools": (2, 1, 1),
            "hidden": 8,
            "dropout": (0.0, 0.0, 0.0),
        },
        {},
        52_843_119,
    ),
    "danq": (
        {
            "window": 12,
            "tasks": 3,
            "filters": 5,
            "width": 4,
            "pool": 3,
            "units": 4,
            "hidden": 6,
            "dropout": (0.0, 0.0),
        },
        {},
        46_926_479,
    ),
    "basset": (
        {
            "window": 12,
            "tasks": 3,
            "filters": (5, 6, 7),
            "widths": (3, 2, 2),
            "pools": (2, 2, 1),
            "hidden": (8, 6),
            "dropout": 0.0,
        },
        {},
        (4 * 19 * 300 + 300 * 11 * 200 + 200 * 7 * 200 + 300 + 200 + 200)
        + (10 * 200 * 1000 + 1000 * 1000 + 1000 + 1000)
        + 4 * (300 + 200 + 200 + 1000 + 1000)
        + (1000 + 1) * 164,
    ),
    "beluga": (
        {"window": 12, "tasks": 3, "filters": (5, 6), "width": 2, "pool": 2, "hidden": 7}
        | {"dropout": (0.0, 0.0)},
        {},
        task_sizes.beluga(2000, (320, 480, 640), 8, 4, 2003, 2002),
    ),
    "sei": (
        {"window": 12, "tasks": 3, "filters": (5, 6), "width": 3, "pool": 2}
        | {"dilations": (1, 2), "splines": 4, "hidden": 3, "dropout": (0.0, 0.0, 0.0)},
        {},
        task_sizes.sei((480, 640, 960), 9, range(5), 16, 21_907),
    ),
    "deepbind": (
        {"window": 12, "tasks": 3, "filters": 5, "width": 4, "hidden": 6, "dropout": 0.0},
        {},
        (4 * 24 + 1) * 16 + (2 * 16 + 1) * 32 + (32 + 1) * 919,
    ),
    "deepbind_2015": (
        {"window": 12, "tasks": (2, 1), "widths": (4, 5), "readouts": ("max", "both")}
        | {"filters": 5, "hidden": (6, 0)},
        {},
        ((4 * 24 + 1) * 16 + (16 + 1) * 32 + 32 + 1) * 919,
    ),
    "clockwork_rnn": (
        {"window": 12, "tasks": 3, "embedding": 3, "width": 3, "units": 6, "periods": (1, 4)},
        {},
        (4 * 9 + 1) * 64
        + 2 * sum((64 + 32 * slower + 32 + 1) * 32 for slower in range(7))
        + (2 * 224 + 1) * 919,
    ),
    "conv_bigru": (
        {"window": 12, "tasks": 3, "filters": (5, 6), "width": 4, "pool": 2, "units": 4},
        {},
        (4 * 19 + 4) * 256
        + (5 * 256 + 4 + 2 * (5 * 128 + 4)) * 128
        + 2 * (128 + 96 + 2) * 3 * 96
        + (4 * 96 + 1) * 919,
    ),
    "center_context": (
        {
            "window": 12,
            "tasks": 3,
            "center": 8,
            "filters": (5, 6),
            "units": 4,
            "context_filters": (3, 4),
            "context_units": 2,
            "head_dropout": 0.0,
        },
        {},
        (4 * 19 + 4) * 256
        + (5 * 256 + 4) * 128
        + (4 * 15 + 4) * 96
        + (5 * 96 + 4) * 128
        + 4 * (128 + 96 + 2) * 3 * 96
        + 2 * (50 + 63) * 192
        + (8 * 192 + 1) * 919,
    ),
    "kmer_rnn": (
        {"window": 12, "tasks": 3, "word": 2, "embedding": 3, "units": 4},
        {},
        (4**6 + 1) * 64 + 2 * (64 * 384 + 128 * 384 + 2 * 384) + (2 * 128 + 1) * 919,
    ),
}
MULTITASK = [name for name in SPECIFICATIONS if name != "char_rnn"]
# Models with a dense layer over all positions, which need to know how many there are.
FIXED = ("deepsea", "danq", "basset", "integer_logreg", "center_context", "beluga", "sei")
# Of more parameters than a test should hold: counted at the small size.
LARGE = {
    "beluga": task_sizes.beluga(12, (5, 6), 2, 2, 7, 3),
    "sei": task_sizes.sei((5, 6), 3, (1, 2), 4, 3),
}
COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


def small(name, **more):
    return getattr(genome_keras, name)(**{**SPECIFICATIONS[name][0], "seed": 1, **more})


def codes(n=5, window=12, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (n, window), dtype=np.uint8)


def scores(model, x):
    return keras.ops.convert_to_numpy(model(x))


def test_every_model_has_a_specification():
    assert set(SPECIFICATIONS) == set(genome_keras.MODELS)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="of torch")
@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_scores_are_those_of_keras_layer_by_layer(name):
    model, draw = small(name), np.random.default_rng(3)
    for weight in model.weights:
        values = draw.normal(size=weight.shape)
        weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)
    found = model.predict_on_batch(codes())
    with keras_only():
        np.testing.assert_allclose(found, model.predict_on_batch(codes()), atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [  # deepsea and danq hold some hundred megabytes
        pytest.param(name, marks=pytest.mark.thorough) if 10**7 < count < 10**8 else name
        for name, (_, _, count) in SPECIFICATIONS.items()
    ],
)
def test_parameter_count_at_the_size_of_the_source(name):
    _, arguments, parameters = SPECIFICATIONS[name]
    if name in LARGE:
        assert small(name).count_params() == LARGE[name]
        return
    assert getattr(genome_keras, name)(**arguments).count_params() == parameters


@pytest.mark.parametrize("name", SPECIFICATIONS)
@pytest.mark.parametrize(
    "steps", [4, pytest.param(9, marks=[pytest.mark.compiled, pytest.mark.thorough])]
)
def test_training_lowers_the_loss(name, steps):
    if steps == 4 and keras.backend.backend() == "jax":
        pytest.skip("JAX compiles all the same")
    model = small(name, learning_rate=0.02)
    x = codes(16)
    y = (
        (x == 2) * 1
        if name == "char_rnn"
        else np.stack([x[:, 0] == 0, x[:, 1] == 1, x[:, 2] > 1], 1)
    )
    y = x if name == "char_rnn" else y.astype("int8")
    losses = [model.train_on_batch(x, y)[0] for _ in range(steps)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_same_seed_same_weights(name):
    one, two, other = (small(name, seed=seed).get_weights() for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("seed", [20260101, 2**32 - 1])
def test_a_seed_may_be_a_date(seed):
    """On torch too, which keeps seeds of dropout as int32."""
    one, two = (small("char_rnn", dropout=0.1, seed=each).get_weights() for each in (seed, 7))
    assert not all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


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


@pytest.mark.parametrize("name", ["bigru_multitask", "char_rnn", "kmer_logreg", "danq"])
def test_weights_of_another_size_are_refused(name, tmp_path):
    small(name).save_weights(tmp_path / "m.weights.h5")
    other = {"units": 3} if name == "char_rnn" else {"tasks": 2}
    with pytest.raises(WeightsError, match=f"not the weights of this {name}"):
        small(name, **other, weights=tmp_path / "m.weights.h5")


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_any_window(name):
    if name in FIXED:
        with pytest.raises(ValueError, match="window must be an integer of at least 1"):
            small(name, window=None)
        return
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
    x = codes()
    one_strand = small(name, **({"both_strands": False} if name != "integer_logreg" else {}))
    a, b = scores(one_strand, x), scores(one_strand, COMPLEMENT[x][:, ::-1])
    assert not np.allclose(a, b, atol=1e-6)
    logits = (np.log(a / (1 - a)) + np.log(b / (1 - b))) / 2
    merge = "max" if name.startswith("deepbind") else "mean"
    expected = np.maximum(a, b) if merge == "max" else 1 / (1 + np.exp(-logits))
    model = genome_keras.strand_symmetric(one_strand, merge=merge)
    forward, reverse = scores(model, x), scores(model, COMPLEMENT[x][:, ::-1])
    np.testing.assert_allclose(forward, reverse, atol=1e-6)
    np.testing.assert_allclose(forward, expected, atol=1e-5)
    if name != "integer_logreg":
        model = small(name, both_strands=True)
        model.set_weights(one_strand.get_weights())
        np.testing.assert_allclose(scores(model, x), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("bigru_multitask", {"units": 0}, "units must be an integer of at least 1"),
        ("bigru_multitask", {"readout": "first"}, "readout must be one of 'last', 'max', 'mean'"),
        ("kmer_logreg", {"tasks": 0}, "tasks must be an integer of at least 1"),
        ("deepsea", {"filters": 3}, "filters must have one integer for each layer"),
        ("deepsea", {"filters": (3, 4)}, "one number for each layer in each"),
        ("deepsea", {"pools": (2, 1, 0)}, r"pools\[2\] must be an integer of at least 1"),
        ("deepsea", {"dropout": (0.1,)}, "dropout must have one number for each layer"),
        ("deepsea", {"window": 5}, "window must be at least 8 for these filters or padding='same'"),
        ("danq", {"padding": "full"}, "padding must be one of 'valid', 'same'"),
        ("danq", {"gates": "soft"}, "gates must be one of 'sigmoid', 'hard'"),
        ("basset", {"window": 8}, "window must be at least 12"),
        ("deepbind", {"readout": "last"}, "readout must be one of 'both', 'max', 'mean'"),
        ("clockwork_rnn", {"units": 5}, "units must be a multiple of the 2 modules"),
        ("conv_bigru", {"filters": (3, 4, 5)}, "filters must be two integers"),
        ("conv_bigru", {"blocks": -1}, "blocks must be an integer of at least 0"),
        ("conv_bigru", {"activation": "tanh"}, "activation must be one of 'relu', 'gelu', 'silu'"),
        ("kmer_rnn", {"window": 1}, "window must be at least 2, a word"),
        ("kmer_rnn", {"word": "011"}, "word must be a length from 1 to 6, or a pattern"),
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


# conv_bigru


def test_parts_of_conv_bigru_can_be_left_out():
    """Without GRUs the head reads the maximum and the mean of the convolutions."""
    model = small("conv_bigru", blocks=0, units=0)
    x = codes()
    convolved = keras.Model(model.input, model.get_layer("second_activation").output)
    convolved = scores(convolved, x)
    assert convolved.shape == (5, 6, 6)
    read = np.concatenate([convolved.max(1), convolved.mean(1)], -1)
    expected = keras.ops.convert_to_numpy(model.get_layer("head")(read))
    np.testing.assert_allclose(scores(model, x), expected, atol=1e-6)


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


# The convolutional networks


@pytest.mark.slow
def test_parameters_of_danq_jaspar():
    """67,892,175 in Quang & Xie 2016, results."""
    model = genome_keras.danq(filters=1024, width=30, pool=15, units=512)
    assert model.count_params() == 67_892_175


@pytest.mark.parametrize("name", ["deepsea", "danq", "basset"])
def test_shortest_window(name):
    """The shortest window the message names works, and "same" padding takes shorter ones."""
    shortest = {"deepsea": 8, "danq": 6, "basset": 12}[name]
    assert scores(small(name, window=shortest), codes(window=shortest)).shape == (5, 3)
    model = small(name, window=shortest - 1, padding="same")
    assert scores(model, codes(window=shortest - 1)).shape == (5, 3)


@pytest.mark.parametrize("name", ["deepsea", "danq", "basset", "deepbind"])
def test_an_untrained_head_gives_the_rates(name):
    model = small(name)
    kernel, bias = model.get_layer("head").get_weights()
    model.get_layer("head").set_weights([np.zeros_like(kernel), bias])
    model.layers[-1].set_rates([0.5, 0.25, 0.01])
    np.testing.assert_allclose(scores(model, codes()), [[0.5, 0.25, 0.01]] * 5, rtol=1e-5)


def test_n_around_a_sequence_changes_nothing_for_deepbind():
    model, x = small("deepbind", window=None), codes()
    padded = np.pad(x, ((0, 0), (3, 9)), constant_values=4)
    np.testing.assert_allclose(scores(model, padded), scores(model, x), atol=1e-6)


@pytest.mark.parametrize("readout", ["max", "mean", "both"])
def test_readouts_of_deepbind(readout):
    """Against a convolution by hand over the sequence with N at its ends."""
    model = small("deepbind", readout=readout, hidden=None, both_strands=False)
    x = codes()
    kernel, bias = model.get_layer("convolution").get_weights()
    letters = np.pad(np.eye(5, 4)[x], ((0, 0), (3, 3), (0, 0)))
    places = [letters[:, i : i + 4] for i in range(15)]
    rectified = [np.maximum(np.einsum("nwc,wcf->nf", p, kernel) + bias, 0) for p in places]
    covers = np.stack([p.any((1, 2)) for p in places])[:, :, None]
    rectified = np.stack(rectified) * covers
    parts = {"max": rectified.max(0), "mean": rectified.sum(0) / covers.sum(0)}
    chosen = ("max", "mean") if readout == "both" else (readout,)
    weights, bias = model.get_layer("head").get_weights()
    logits = np.concatenate([parts[part] for part in chosen], 1) @ weights + bias
    np.testing.assert_allclose(scores(model, x), 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_lstms_of_danq_read_from_both_ends():
    """With equal weights, each direction sees what the other does on the window reversed."""
    model = small("danq", width=1, pool=1)
    lstm = {way: model.get_layer(f"{way}_lstm") for way in ("forward", "backward")}
    lstm["backward"].set_weights(lstm["forward"].get_weights())
    read = keras.Model(model.input, model.get_layer("dropout_2").output)
    x = codes()
    forward, backward = scores(read, x), scores(read, x[:, ::-1])
    assert forward.shape == (5, 12, 8)
    np.testing.assert_allclose(forward[..., 4:], backward[:, ::-1, :4], atol=1e-6)
