"""Laws of attributions: closed forms on linear models, sums, symmetry, on every backend."""

from pathlib import Path

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.encode import kmer_counts, reverse_complement
from genome_keras.interpret import (
    Attribution,
    DeepLiftShap,
    GradientXInput,
    IntegratedGradients,
    Occlusion,
    SmoothGrad,
    attribute,
    letter_model,
    of_letters,
)
from genome_keras.layers._gradients import outputs_and_gradients
from genome_keras.layers.strands import OneHot
from genome_keras.layers.task_head import SigmoidHead, TaskHead
from genome_keras.losses import NextBaseCrossEntropy
from genome_keras.scoring.effects import logit
from genome_keras.scoring.scorer import Scorer

WINDOW = 12
SMALL = {"window": WINDOW, "tasks": 3, "seed": 1}
CONVOLUTIONS = {"filters": (5, 6, 7), "widths": (3, 2, 2), "pools": (2, 1, 1)}
MODELS = {
    "basset": {**CONVOLUTIONS, "hidden": (8, 6)},
    "beluga": {"filters": (5, 6), "width": 2, "pool": 2, "hidden": 7},
    "bigru_multitask": {"units": 4},
    "center_context": {"center": 8, "filters": (5, 6), "units": 4, "context_filters": (3, 4)}
    | {"context_units": 2, "head_dropout": 0.0},
    "clockwork_rnn": {"embedding": 3, "width": 3, "units": 6, "periods": (1, 4)},
    "conv_bigru": {"filters": (5, 6), "width": 4, "pool": 2, "units": 4},
    "danq": {"filters": 5, "width": 4, "pool": 3, "units": 4, "hidden": 6},
    "deepbind": {"filters": 5, "width": 4, "hidden": 6},
    "deepbind_2015": {"filters": 5, "widths": 4, "hidden": 6},
    "deepsea": {**CONVOLUTIONS, "hidden": 8},
    "integer_logreg": {},
    "kmer_logreg": {"k": (1, 2)},
    "kmer_rnn": {"word": "101", "embedding": 3, "units": 4},
    "sei": {"filters": (5, 6), "width": 3, "pool": 2, "dilations": (1, 2), "splines": 4}
    | {"hidden": 3},
}
METHODS = [GradientXInput(), IntegratedGradients(steps=3), SmoothGrad(steps=3), Occlusion()]
ONE_STRAND = ("integer_logreg",)  # no `both_strands`
# ReLU and maxima: more points; ties and what rounding decides differ between strands.
KINKED = ("basset", "clockwork_rnn", "conv_bigru", "danq", "deepbind", "deepsea")
KINKED += ("center_context", "deepbind_2015", "beluga", "sei")


def build(name, **more):
    model = getattr(genome_keras, name)(**{**SMALL, **MODELS[name], **more})
    rng = np.random.default_rng(2)
    for weight in model.trainable_weights:  # of a size that letters matter
        noise = 0.3 * rng.normal(size=weight.shape)
        weight.assign(keras.ops.convert_to_numpy(weight) + noise)
    return model


def windows(n=3, letters=4, seed=0):
    return np.random.default_rng(seed).integers(0, letters, (n, WINDOW), dtype=np.uint8)


def one_hot(codes):
    return (codes[..., None] == np.arange(4)).astype("float32")


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def linear(head):
    codes = keras.Input((WINDOW,), dtype="uint8")
    model = keras.Model(codes, head(keras.layers.Flatten()(OneHot()(codes))))
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    return model


def weights_of(head):
    kernel = numbers(head.kernel)
    kernel = kernel[1] - kernel[0] if isinstance(head, TaskHead) else kernel
    return kernel.reshape(WINDOW, 4, -1)


def test_the_table_has_every_multi_task_factory():
    assert {*MODELS, "char_rnn"} == set(genome_keras.MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_every_factory(name):
    """Same scores from letters; sums of integrated gradients; N; chosen tasks."""
    model, codes = build(name, **({} if name in ONE_STRAND else {"both_strands": True})), windows(2)
    codes[0, 3] = 4
    letters = letter_model(model)
    own = numbers(model(codes, training=False))
    scores = letter_model(model, target="score")(one_hot(codes), training=False)
    np.testing.assert_allclose(numbers(scores), own, atol=1e-6)
    ours = numbers(letters(one_hot(codes), training=False))
    np.testing.assert_allclose(ours, logit(own), atol=1e-4)
    nothing = numbers(letters(np.zeros((2, WINDOW, 4), "float32"), training=False))
    steps = {"sei": 800}.get(name, 96 if name in KINKED else 24)
    given = np.concatenate([codes, reverse_complement(codes)])
    both = attribute(model, given, tasks=[2, 0], steps=steps, batch_size=4 * steps)
    found, other = both[:2], both[2:]
    assert found.shape == (2, WINDOW, 4, 2) and found.dtype == np.float32
    close = {"rtol": 0.01, "atol": 0.05} if name in KINKED else {"atol": 1e-3}
    np.testing.assert_allclose(found.sum((1, 2)), (ours - nothing)[:, [2, 0]], **close)
    assert np.all(found[one_hot(codes) == 0] == 0) and np.any(found)
    if name not in ONE_STRAND:
        close = 1e-3 if name in KINKED else 1e-5
        np.testing.assert_allclose(other[:, ::-1, ::-1], found, atol=close)


@pytest.mark.parametrize("head", [TaskHead, SigmoidHead])
@pytest.mark.parametrize("method", METHODS[:3], ids=lambda method: method.name)
def test_a_linear_model_gives_its_weights(head, method):
    head = head(2)
    model, codes = linear(head), windows(letters=5)
    found = attribute(model, codes, tasks=1, method=method, batch_size=4)
    expected = one_hot(codes) * weights_of(head)[..., 1]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    every = attribute(model, codes, tasks=1, method=method, batch_size=4, hypothetical=True)
    known = one_hot(codes).any(-1, keepdims=True)
    np.testing.assert_allclose(every, known * weights_of(head)[..., 1], atol=1e-5)


def test_a_baseline_of_a_linear_model():
    head = TaskHead(2)
    model, codes = linear(head), windows()
    kernel = weights_of(head)
    found = attribute(model, codes, tasks=[0, 1], baseline="uniform", steps=2)
    expected = one_hot(codes)[..., None] * (kernel - kernel.mean(1, keepdims=True))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    letters = np.array([0.3, 0.2, 0.2, 0.3])
    found = attribute(model, codes, tasks=[0, 1], baseline=letters, steps=2, hypothetical=True)
    expected = kernel - (kernel * letters[:, None]).sum(1, keepdims=True)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-5)


def test_the_score_of_a_linear_model():
    head = SigmoidHead(2)
    model, codes = linear(head), windows()
    p = numbers(model(codes))[:, 0, None, None]
    found = attribute(model, codes, tasks=0, method="gradient_x_input", target="score")
    expected = one_hot(codes) * weights_of(head)[..., 0] * p * (1 - p)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_counts_of_k_mers_by_hand():
    """The derivative of a count: what the k-mers over a letter would be with each other one."""
    model, codes = build("kmer_logreg"), windows(1)
    kernel = model.get_layer("head").get_weights()[0][:, 1]
    found = attribute(
        model, codes, tasks=1, method="gradient_x_input", hypothetical=True, batch_size=1
    )
    without = codes.copy()
    for at, letter in np.ndindex(WINDOW, 4):
        changed = codes.copy()
        changed[0, at], without[0] = letter, codes[0]
        without[0, at] = 4
        by = kmer_counts(changed, k=(1, 2)) - kmer_counts(without, k=(1, 2))
        np.testing.assert_allclose(found[0, at, letter], by[0] @ kernel, atol=1e-5)


@pytest.mark.parametrize("baseline", ["n", "uniform"])
def test_sums_are_what_changes_from_the_baseline(baseline):
    model, codes = build("bigru_multitask", readout="mean", depth=1), windows(2, letters=5)
    letters, network = one_hot(codes), letter_model(model)
    start = letters.any(-1, keepdims=True) * np.full((1, 1, 4), 0.25 * (baseline == "uniform"))
    found = attribute(model, codes, tasks=[0, 1, 2], baseline=baseline, batch_size=64)
    change = numbers(network(letters)) - numbers(network(start.astype("float32")))
    np.testing.assert_allclose(found.sum((1, 2)), change, atol=1e-3)
    np.testing.assert_allclose(of_letters(found, codes).sum(1), change, atol=1e-3)


def test_smoothgrad_without_noise_is_the_gradient():
    model, codes = build("deepsea"), windows()
    network = letter_model(model)
    weights = np.zeros((3, 3), "float32")
    weights[:, 2] = 1
    _, (expected,) = outputs_and_gradients(network)(one_hot(codes), weights[None])
    for method, more in (
        ("smoothgrad", {"sigma": 0.0, "steps": 2}),
        ("gradient_x_input", {}),
    ):
        given = {"tasks": 2, "method": method, "batch_size": 6, **more}
        every = attribute(model, codes, hypothetical=True, **given)
        np.testing.assert_allclose(every, expected, atol=1e-6)
        found = attribute(model, codes, **given)
        np.testing.assert_allclose(found, expected * one_hot(codes), atol=1e-6)


def test_the_gradient_is_a_small_step():
    model, codes = build("bigru_multitask", reset_after=False, depth=1), windows(1)
    network = letter_model(model)
    found = attribute(
        model, codes, tasks=1, method="gradient_x_input", hypothetical=True, batch_size=1
    )
    direction = np.random.default_rng(3).normal(size=found.shape).astype("float32")
    up, down = (
        numbers(network(one_hot(codes) + sign * 0.01 * direction))[0, 1] for sign in (1, -1)
    )
    np.testing.assert_allclose((found * direction).sum(), (up - down) / 0.02, atol=1e-3)


@pytest.mark.parametrize(
    "method", [*METHODS[1:], DeepLiftShap(references=3)], ids=lambda method: method.name
)
def test_batches_do_not_change_numbers(method):
    model, codes = build("deepsea"), windows(3, letters=5)
    one, other = (
        attribute(model, codes, tasks=[1], method=method, batch_size=size) for size in (4, 64)
    )
    np.testing.assert_allclose(one, other, atol=1e-5)
    assert np.any(one)
    found = Attribution(model, tasks=1, method=method, batch_size=64)
    np.testing.assert_allclose(found(codes), other[..., 0], atol=1e-6)
    assert np.all(found(np.full_like(codes, 4)) == 0)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("target", ["logodds", "score"])
def test_occlusion_is_a_loop_over_scores(width, target):
    model, codes = linear(TaskHead(2)), windows(2, letters=5)
    found = attribute(model, codes, tasks=[1], method="occlusion", target=target, width=width)
    score = Scorer(model).scores
    falls = [[] for _ in range(WINDOW)]
    for start in range(WINDOW - width + 1):
        hidden = codes.copy()
        hidden[:, start : start + width] = 4
        pair = score(codes)[:, 1], score(hidden)[:, 1]
        own, without = map(logit, pair) if target == "logodds" else pair
        for at in range(start, start + width):
            falls[at].append(own - without)
    expected = np.stack([np.mean(at, 0) for at in falls], 1) * (codes < 4)
    np.testing.assert_allclose(of_letters(found, codes)[..., 0], expected, atol=1e-5)


def test_weights_that_change_later_are_seen():
    head = SigmoidHead(1)
    model, codes = linear(head), windows()
    found = Attribution(model, tasks=0, method="gradient_x_input")
    before = found(codes)
    head.kernel.assign(numbers(head.kernel) * 2)
    np.testing.assert_allclose(found(codes), 2 * before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("merge", ["mean", "probability", "max"])
def test_the_wrapper_of_both_strands(merge):
    model = genome_keras.strand_symmetric(linear(SigmoidHead(2)), merge=merge)
    codes = windows()
    ours = numbers(letter_model(model)(one_hot(codes)))
    np.testing.assert_allclose(ours, logit(numbers(model(codes))), atol=1e-4)
    found, other = (
        attribute(model, x, tasks=0, method="gradient_x_input")
        for x in (codes, reverse_complement(codes))
    )
    np.testing.assert_allclose(found, other[:, ::-1, ::-1], atol=1e-5)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_both_strands_of_a_model_that_reads_one(method):
    head = TaskHead(2)
    model, codes = linear(head), windows(letters=5)
    found = attribute(model, codes, tasks=1, method=method, both_strands=True)
    kernel = weights_of(head)[..., 1]
    expected = one_hot(codes) * (kernel + kernel[::-1, ::-1]) / 2
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("method", ["gradient_x_input", "deep_lift_shap", "occlusion"])
def test_other_tasks_in_a_call(method):
    model, codes = linear(TaskHead(3)), windows()
    every = attribute(model, codes, tasks=[0, 1, 2], method=method)
    found = Attribution(model, tasks=1, method=method)
    np.testing.assert_allclose(found(codes, tasks=[2, 0]), every[..., [2, 0]], atol=1e-6)
    np.testing.assert_allclose(found(codes, tasks=0), every[..., 0], atol=1e-6)
    np.testing.assert_allclose(found(codes), every[..., 1], atol=1e-6)
    with pytest.raises(ValueError, match="tasks must be from 0 to 2"):
        found(codes, tasks=3)


def test_an_embedding_of_codes():
    codes = keras.Input((WINDOW,), dtype="uint8")
    table, head = keras.layers.Embedding(5, 3), TaskHead(1)
    model = keras.Model(codes, head(keras.layers.Flatten()(table(codes))))
    given = windows(letters=5)
    found = attribute(model, given, tasks=0, steps=1)
    kernel = numbers(head.kernel)
    kernel = (kernel[1] - kernel[0]).reshape(WINDOW, 3)
    vectors = numbers(table.embeddings)
    expected = np.einsum("lv,wv->wl", vectors[:4] - vectors[4], kernel) * one_hot(given)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_model_that_reads_codes_as_numbers_is_refused():
    codes = keras.Input((WINDOW,), dtype="uint8")
    model = keras.Model(codes, TaskHead(1)(keras.ops.cast(codes, "float32")))
    with pytest.raises(ValueError, match=r"no gradient goes through .* method='occlusion'"):
        attribute(model, windows(), tasks=0, method="integrated_gradients")
    assert np.any(attribute(model, windows(), tasks=0))  # by occlusion


BARE = {  # numbers from codes in operations instead of `BaseNumbers`, as files of old have them
    "as of old": (lambda x: keras.ops.where(x > 3, 1.5, x), True),
    "squared": (lambda x: x**2, False),
    "another number for N": (lambda x: keras.ops.where(x > 3, 2.5, x), False),
    "T is N too": (lambda x: keras.ops.where(x > 2, 1.5, x), False),
    "of another condition": (lambda x: keras.ops.where(x**2 > 3, 1.5, x), False),
    "beside the codes": (lambda x: keras.ops.where(x > 3, 1.5, x) + x, False),
}


@pytest.mark.parametrize("case", BARE)
@pytest.mark.parametrize("name", ["integer_logreg", "another_name"])
def test_bare_numbers_are_known_by_what_is_done_to_them(case, name):
    of_codes, is_read = BARE[case]
    codes = keras.Input((WINDOW,), dtype="uint8")
    numbers_of_codes = of_codes(keras.ops.cast(codes, "float32"))
    head = SigmoidHead(1, kernel_initializer=keras.initializers.Constant(0.01))
    model = keras.Model(codes, head(numbers_of_codes), name=name)
    if is_read:
        expected = 0.01 * (np.array([0, 1, 2, 3, 1.5]) - 1.5)[windows(letters=5)]
        given = attribute(model, windows(letters=5), tasks=0, steps=1)
        np.testing.assert_allclose(given.sum(-1), expected, atol=1e-6)
    else:
        with pytest.raises(ValueError, match="no gradient goes through"):
            attribute(model, windows(), tasks=0, method="integrated_gradients")


def test_scores_from_letters_are_compared_with_those_from_codes():
    class Doubled(OneHot):
        def call(self, inputs):
            return 2 * super().call(inputs)

    codes = keras.Input((WINDOW,), dtype="uint8")
    model = keras.Model(codes, TaskHead(1)(keras.layers.Flatten()(Doubled()(codes))))
    with pytest.raises(ValueError, match="not those from codes"):
        attribute(model, windows(), tasks=0, hypothetical=True)


def test_scores_of_a_file_of_old_are_attributed():
    path = Path(__file__).parent / "saved" / "integer_logreg.keras"
    model = keras.models.load_model(path, compile=False)
    codes = np.random.default_rng(0).integers(0, 5, (2, *model.input_shape[1:]), np.uint8)
    letters = keras.ops.convert_to_numpy(letter_model(model, target="score")(one_hot(codes)))
    np.testing.assert_allclose(letters, model.predict(codes, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "magic"}, "method must be one of"),
        ({"target": "diff"}, "target must be one of"),
        ({"steps": 0}, "steps must be an integer of at least 1"),
        ({"steps": 10**8}, "steps must be at most"),
        ({"steps": True}, "steps must be an integer of at least 1"),
        ({"seed": -1, "method": "smoothgrad"}, "seed must be an integer of at least 0"),
        ({"width": 13, "method": "occlusion"}, "width=13 is more than the window"),
        ({"sigma": -1.0, "method": "smoothgrad"}, "sigma must be at least 0"),
        ({"baseline": "zeros"}, "baseline must be 'n' or 'uniform'"),
        ({"tasks": 2}, "tasks must be from 0 to 1"),
        ({"tasks": [-1]}, "tasks must be from 0 to 1"),
        ({"tasks": "CTCF"}, "tasks must be integer columns"),
        ({"tasks": []}, "at least one task"),
        ({"method": "occlusion", "hypothetical": True}, "nothing of other letters"),
    ],
)
def test_bad_arguments(given, message):
    with pytest.raises(ValueError, match=message):
        attribute(linear(TaskHead(2)), windows(), **{"tasks": 0, **given})


def test_bad_windows_and_models():
    model = linear(TaskHead(1))
    with pytest.raises(ValueError, match="expected windows of 12 bp"):
        attribute(model, windows()[:, 1:], tasks=0)
    with pytest.raises(ValueError, match="at least one window"):
        Attribution(model, tasks=0)(windows(0))
    language = genome_keras.char_rnn(units=2, depth=1)
    assert isinstance(language.loss, NextBaseCrossEntropy)
    with pytest.raises(ValueError, match="char_rnn, a language model"):
        attribute(language, windows(), tasks=0)
