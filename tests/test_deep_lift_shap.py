"""Laws of DeepLIFT/SHAP: sums, closed forms of each rule, the numbers of other programs."""

import warnings

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.encode import reverse_complement
from genome_keras.interpret import (
    Attribution,
    DeepLift,
    DeepLiftShap,
    attribute,
    letter_model,
    read_attributions,
    shuffled,
    write_attributions,
)
from genome_keras.interpret.deep_lift_rules import (
    both_ways,
    gated,
    largest,
    pooled,
    product,
    through,
    ticking,
)
from genome_keras.layers._gradients import outputs_and_gradients
from genome_keras.layers.clockwork import Clockwork
from genome_keras.layers.recurrent import GRU

WINDOW = 12
SMALL = {"window": WINDOW, "tasks": 2, "seed": 1}
CONVOLUTIONS = {"filters": (3, 4, 4), "widths": (3, 3, 1), "pools": (2, 1, 1)}
MODELS = {
    "bigru_multitask": {"units": 3, "depth": 1},
    "center_context": {"center": WINDOW, "filters": (3, 4), "units": 2, "head_dropout": 0.0},
    "clockwork_rnn": {"embedding": 3, "width": 3, "units": 4, "periods": (1, 4)},
    "deepbind": {"filters": 3, "width": 4, "hidden": 4, "both_strands": True},
    "deepsea": {**CONVOLUTIONS, "hidden": 5},
    "kmer_logreg": {"k": (1, 2, 3), "both_strands": True},
    "kmer_rnn": {"word": "101", "embedding": 3, "units": 2},
}


def build(name, **more):
    model = getattr(genome_keras, name)(**{**SMALL, **MODELS.get(name, {}), **more})
    rng = np.random.default_rng(2)
    for weight in model.trainable_weights:  # of a size that letters matter
        weight.assign(numbers(weight) + 0.4 * rng.normal(size=weight.shape))
    return model


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def one_hot(codes):
    return (codes[..., None] == np.arange(4)).astype("float32")


def windows(n=2, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, WINDOW), dtype=np.uint8)


def multipliers(function, *pairs):
    """What the sum of a function's outputs has as derivatives for its pairs of rows."""
    inputs = [keras.Input(x.shape[1:]) for x in pairs]
    width = sum(int(np.prod(x.shape[1:])) for x in pairs)
    flat = keras.ops.concatenate([keras.ops.reshape(x, (-1, x.size // len(x))) for x in pairs], 1)

    class Applied(keras.layers.Layer):
        def call(self, joined):
            parts, first = [], 0
            for x in pairs:
                size = x.size // len(x)
                parts.append(keras.ops.reshape(joined[:, first : first + size], x.shape))
                first += size
            return keras.ops.reshape(function(*parts), (len(pairs[0]), -1))

        def compute_output_spec(self, joined):
            return keras.KerasTensor((None, None))

    del inputs
    joined = keras.Input((width,))
    network = keras.Model(joined, Applied()(joined))
    given = numbers(flat).astype("float32")
    shape = numbers(network(given)).shape
    weights = np.zeros(shape, "float32")
    weights[::2] = 1
    outputs, (found,) = outputs_and_gradients(network)(given, weights[None])
    return outputs, found[::2], given[::2] - given[1::2]


@pytest.mark.parametrize("name", MODELS)
def test_every_network_adds_up(name):
    """To the change from the references, by its own scores; N stays out of it."""
    model, codes = build(name), windows()
    codes[0, 3] = 4
    network = letter_model(model)
    references = shuffled(codes, 3, seed=5)
    lift = DeepLift(network, batch_size=8)
    found, change = lift(one_hot(codes), one_hot(references), outputs=[1, 0])
    own = numbers(network(one_hot(codes), training=False))
    of_references = numbers(network(one_hot(references.reshape(6, -1)), training=False))
    expected = (own - of_references.reshape(2, 3, -1).mean(1))[:, [1, 0]]
    np.testing.assert_allclose(change, expected, atol=1e-5)
    sums = (found * one_hot(codes)[..., None]).sum((1, 2))
    np.testing.assert_allclose(sums, expected, atol=2e-5)
    assert np.abs(expected).max() > 1e-3


def test_attribute_takes_shuffles_by_the_seed():
    model, codes = build("kmer_logreg"), windows()
    found, _ = DeepLift(letter_model(model))(
        one_hot(codes), one_hot(shuffled(codes, 3, seed=5)), outputs=[1, 0]
    )
    ours = attribute(model, codes, tasks=[1, 0], method=DeepLiftShap(references=3, seed=5))
    np.testing.assert_allclose(ours, found * one_hot(codes)[..., None], atol=1e-5)


# The rules


def test_the_rescale_rule():
    pairs = np.float32([[3.0, 2.0, -1.0, 0.5], [-1.0, 1.0, -2.0, 0.5]])
    _, found, _ = multipliers(lambda x: through(keras.ops.relu, x), pairs)
    np.testing.assert_allclose(found, [[0.75, 1.0, 0.0, 1.0]], atol=1e-6)
    # Two numbers that hardly differ take the derivative, not the quotient of roundings.
    close = np.float32([[0.5], [0.5 + 1e-7]])
    _, found, _ = multipliers(lambda x: through(keras.ops.tanh, x), close)
    np.testing.assert_allclose(found, 1 - np.tanh(0.5) ** 2, rtol=1e-3)


def test_products_share_evenly():
    a, b = np.float32([[3.0], [1.0]]), np.float32([[5.0], [2.0]])
    _, found, change = multipliers(product, a, b)
    np.testing.assert_allclose(found, [[3.5, 2.0]])  # the means of the other factor
    np.testing.assert_allclose((found * change).sum(), 15 - 2)


def test_maxima_go_to_the_larger_of_both():
    """By hand, as SHAP's program has it."""
    pairs = np.float32([[1.0, 4.0, 0.0], [3.0, 2.0, 0.0]]).reshape(2, 1, 3, 1)
    outputs, found, change = multipliers(largest, pairs)
    np.testing.assert_allclose(outputs.ravel(), [4.0, 3.0])
    # The window's maximum is the larger: 4 - 3 goes to its place, where the change is 4 - 2.
    np.testing.assert_allclose(found, [[0.0, 0.5, 0.0]])
    _, found, change = multipliers(largest, pairs[::-1])
    np.testing.assert_allclose((found * change).ravel(), [0.0, -1.0, 0.0])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (4, 3)])
def test_pools_have_the_numbers_of_keras(size, stride, padding):
    x = np.random.default_rng(0).normal(size=(4, 9, 2)).astype("float32")
    layer = keras.layers.MaxPooling1D(size, stride, padding)
    np.testing.assert_allclose(numbers(pooled(x, size, stride, padding)), numbers(layer(x)))
    outputs, found, change = multipliers(lambda x: pooled(x, size, stride, padding), x)
    sums = outputs[::2].sum(1) - outputs[1::2].sum(1)
    np.testing.assert_allclose((found * change).sum(1), sums, atol=1e-5)


RECURRENT = {
    "gru": lambda: keras.layers.GRU(3),
    "gru before": lambda: keras.layers.GRU(3, reset_after=False, return_sequences=True),
    "gru of the package": lambda: GRU(3, return_sequences=True),
    "gru no bias": lambda: keras.layers.GRU(3, use_bias=False),
    "gru backwards": lambda: keras.layers.GRU(3, go_backwards=True, return_sequences=True),
    "lstm": lambda: keras.layers.LSTM(3, return_sequences=True),
    "rnn": lambda: keras.layers.SimpleRNN(3),
    "both ways": lambda: keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True)),
    "both ways, last": lambda: keras.layers.Bidirectional(keras.layers.GRU(2), merge_mode="ave"),
    "clockwork": lambda: Clockwork(4, periods=(1, 2), return_sequences=True),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_have_their_own_numbers_and_add_up(name):
    rng, layer = np.random.default_rng(1), RECURRENT[name]()
    x = rng.normal(size=(4, 5, 2)).astype("float32")
    expected = numbers(layer(x))
    layer.set_weights([w + 0.5 * rng.normal(size=w.shape) for w in layer.get_weights()])
    expected = numbers(layer(x))
    rule = ticking if name == "clockwork" else both_ways if "both" in name else gated
    outputs, found, change = multipliers(lambda x: rule(layer, x), x)
    np.testing.assert_allclose(outputs, expected.reshape(4, -1), atol=1e-5)
    sums = (expected[::2] - expected[1::2]).reshape(2, -1).sum(1)
    np.testing.assert_allclose((found * change).sum(1), sums, atol=1e-5)


def test_a_linear_network_has_its_weights_beside_the_references():
    model, codes = build("kmer_logreg"), windows()
    codes_of_one = genome_keras.kmer_logreg(**SMALL, k=(1,))
    kernel = np.random.default_rng(3).normal(size=codes_of_one.layers[-1].kernel.shape)
    codes_of_one.layers[-1].kernel.assign(kernel)
    letters, references = one_hot(codes), one_hot(shuffled(codes, 4))
    found, _ = DeepLift(letter_model(codes_of_one))(letters, references, outputs=[0])
    weights = kernel.reshape(-1, 4, 2)[-1, :, 0] if kernel.ndim == 2 else None
    expected = weights - (references * weights).sum(-1, keepdims=True).mean(1)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)
    assert model.output_shape == codes_of_one.output_shape


def test_both_strands_and_batches():
    model, codes = build("deepsea", both_strands=True), windows(2)
    lifted = Attribution(model, tasks=0, method="deep_lift_shap", references=3, batch_size=4)
    found, other = lifted(codes), lifted(reverse_complement(codes))
    np.testing.assert_allclose(other[:, ::-1, ::-1], found, atol=1e-4)


def test_what_is_missed_is_told():
    model, codes = build("deepsea"), windows(3)
    found = Attribution(model, tasks=[0, 1], method=DeepLiftShap(references=2))
    attributions, missed = found.explained(codes)
    assert missed.shape == (3, 2) and np.abs(missed).max() < 1e-4
    assert found.explained(codes, tasks=0)[1].shape == (3,)
    other = Attribution(model, tasks=0, method="gradient_x_input").explained(codes)[1]
    assert other is None and attributions.any()


def test_operations_without_a_rule_are_refused_by_name():
    model = genome_keras.deepbind_2015(window=WINDOW, tasks=2, filters=3, widths=4, hidden=4)
    with pytest.raises(ValueError, match=r"multipliers of 'detectors_1' \(MotifWindows\)"):
        attribute(model, windows(), tasks=0, method="deep_lift_shap")
    codes = keras.Input((WINDOW,), dtype="uint8")
    x = keras.layers.LayerNormalization(name="norm")(keras.layers.Embedding(5, 3)(codes))
    head = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(x))
    with pytest.raises(ValueError, match=r"multipliers of 'norm' \(LayerNormalization\)"):
        attribute(keras.Model(codes, head), windows(), tasks=0, method="deep_lift_shap")


# Files


def test_tables_arrays_and_pages_tell_what_is_missed(tmp_path):
    model, codes = build("deepsea"), windows(2)
    fasta, out, page = tmp_path / "a.fa", tmp_path / "a.tsv", tmp_path / "a.html"
    seqs = genome_keras.decode(codes)
    fasta.write_text("".join(f">s{n}\n{seq}\n" for n, seq in enumerate(seqs)))
    given = {"weights": model, "method": DeepLiftShap(references=2)}
    assert write_attributions(fasta, out, **given, report=page) == 2
    head, *rows = [line.split("\t") for line in out.read_text().splitlines()]
    at = head.index("sum_error")
    attributions, missed = Attribution(model, tasks=[0, 1], method=given["method"]).explained(codes)
    for number in range(2):
        own = [row for row in rows if row[0] == f"s{number}"]
        assert len({row[at] for row in own}) == 1
        most = missed[number, np.abs(missed[number]).argmax()]
        np.testing.assert_allclose(float(own[0][at]), most, rtol=0.5, atol=2e-6)
    assert "sum error" in page.read_text()
    write_attributions(fasta, tmp_path / "a.h5", **given, tasks=["task_1"])
    letters, found = read_attributions(tmp_path / "a.h5")
    np.testing.assert_allclose(
        (letters * found).sum(1), attributions[..., 1].sum(2), rtol=1e-4, atol=1e-5
    )


# Other programs


@pytest.mark.parametrize("program", ["tangermeme", "captum"])
def test_the_numbers_of_other_programs(program):
    """The same convolutional network in torch, the same references.

    Captum's rule for maxima takes the first row's gradient for all rows where nothing changes
    (`grad_input[0]` in `captum.attr._core.deep_lift.maxpool`), so it has no pools here.
    """
    torch = pytest.importorskip("torch")
    pytest.importorskip(program)
    more = {"pools": (1, 1, 1)} if program == "captum" else {}
    model, codes = build("basset", hidden=(5, 4), **{**CONVOLUTIONS, **more}), windows(4)
    references = one_hot(shuffled(codes, 5))
    ours, _ = DeepLift(letter_model(model))(one_hot(codes), references, outputs=[1])
    network = torch_of(torch, letter_model(model))
    letters = torch.tensor(one_hot(codes).transpose(0, 2, 1))
    given = torch.tensor(references.transpose(0, 1, 3, 2))
    scores = network(letters).detach().numpy()
    np.testing.assert_allclose(numbers(letter_model(model)(one_hot(codes))), scores, atol=1e-5)
    if program == "tangermeme":
        from tangermeme.deep_lift_shap import deep_lift_shap

        found = deep_lift_shap(
            network, letters, target=1, references=given, hypothetical=True, device="cpu"
        ).numpy()
    else:
        from captum.attr import DeepLiftShap as Captum

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it sets hooks, and wants gradients
            pairs = [(letters[n : n + 1], given[n]) for n in range(4)]
            found = [Captum(network).attribute(*pair, target=1) for pair in pairs]
        found = torch.cat(found).detach().numpy()
    found = found.transpose(0, 2, 1)
    if program == "captum":  # (letter - reference) times multiplier: its sum at each position
        own = (ours[..., 0] * one_hot(codes)).sum(-1)
        np.testing.assert_allclose(found.sum(-1), own, atol=1e-4)
    else:
        np.testing.assert_allclose(found, ours[..., 0], atol=1e-4)
    assert np.abs(found).max() > 0.01


def torch_of(torch, network):
    """A Basset as a torch network of the same weights."""
    parts = []
    for layer in network.layers:
        weights = [torch.tensor(weight) for weight in layer.get_weights()]
        kind = type(layer).__name__
        if kind == "Conv1D":
            width, channels, filters = weights[0].shape
            made = torch.nn.Conv1d(channels, filters, width, padding=layer.padding)
            kernel = weights[0].permute(2, 1, 0)
            bias = weights[1] if layer.use_bias else torch.zeros(filters)
        elif kind == "Dense":
            made, kernel = torch.nn.Linear(*weights[0].shape), weights[0].T
            bias = weights[1] if layer.use_bias else torch.zeros(weights[0].shape[1])
        elif kind == "LogOdds":
            made = torch.nn.Linear(*layer.head.kernel.shape)
            kernel = torch.tensor(numbers(layer.head.kernel)).T
            bias = torch.tensor(numbers(layer.head.bias))
        elif kind == "BatchNormalization":
            made = torch.nn.BatchNorm1d(len(weights[0]), eps=layer.epsilon)
            kernel, bias = weights[:2]
            made.running_mean, made.running_var = weights[2:]
        elif kind == "MaxPooling1D":
            if layer.pool_size[0] > 1:
                parts.append(torch.nn.MaxPool1d(layer.pool_size[0]))
            continue
        elif kind == "Flatten":
            parts.append(Flat(torch))
            continue
        elif kind in ("Activation", "ReLU"):
            parts.append(torch.nn.ReLU())
            continue
        elif kind in ("InputLayer", "OneHot", "Dropout"):
            continue
        else:
            raise AssertionError(kind)
        made.weight, made.bias = torch.nn.Parameter(kernel), torch.nn.Parameter(bias)
        parts.append(made)
        if getattr(layer, "activation", None) is keras.activations.relu:
            parts.append(torch.nn.ReLU())
    return torch.nn.Sequential(*parts).eval()


def Flat(torch):
    """As Keras flattens: positions before channels."""

    class Flat(torch.nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 1).reshape(len(x), -1)

    return Flat()
