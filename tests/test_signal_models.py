"""Models of measured signal: factories, their outputs, and what is written of them."""

from pathlib import Path

import keras
import numpy as np
import pytest
from support import signal_sizes as sizes

import genome_keras
from genome_keras.cli import main
from genome_keras.encode import decode
from genome_keras.errors import SequenceError, WeightsError
from genome_keras.interpret import filters, write_filters
from genome_keras.losses import MultinomialNLL
from genome_keras.scoring.onnx import onnx_outputs
from genome_keras.scoring.signals import predict_signal
from genome_keras.training.precision import computing_in
from genome_keras.weights.checkpoint import save_described

# Factory -> a small model and its parameters, and the source's size and its parameters.
# chrombpnet: 512 filters and 8 layers, and 128 and 4 for the bias, as its program has them.
SPECIFICATIONS = {
    "basenji2": (
        {"window": 64, "bins": 4, "tasks": 3, "filters": (4, 5), "dilated_filters": 3}
        | {"dilations": (1, 2), "last_filters": 6, "dropout": 0.0},
        sizes.basenji2((4, 5), 3, (1, 2), 6, 3),
        {},
        sizes.basenji2((288, 339, 399, 470, 554, 652, 768), 384, range(11), 1536, 5313),
    ),
    "borzoi": (
        {"window": 64, "bins": 12, "tasks": 3, "filters": (4, 5, 6), "channels": 6, "depth": 1}
        | {"heads": 2, "key_size": 3, "value_size": 4, "last_filters": 7, "dropout": 0.0},
        sizes.borzoi((4, 5, 6), 6, 1, 2, 3, 4, 7, 3),
        {},
        sizes.borzoi((512, 608, 736, 896, 1056, 1280), 1536, 8, 8, 64, 192, 1920, 7611),
    ),
    "bpnet": (
        {"window": 130, "bins": 20, "filters": 5, "layers": 2},
        sizes.bpnet(5, 2, 2),
        {},
        sizes.bpnet(64, 8, 2),
    ),
    "chrombpnet": (
        {"window": 130, "bins": 20, "filters": 5, "layers": 2}
        | {"bias_filters": 3, "bias_layers": 1},
        sizes.bpnet(5, 2, 1) + sizes.bpnet(3, 1, 1),
        {},
        sizes.bpnet(512, 8, 1) + sizes.bpnet(128, 4, 1),
    ),
    "deepstarr": (
        {"window": 60, "filters": (4, 5), "widths": (3, 5), "hidden": (6, 4), "dropout": 0.0},
        sizes.deepstarr(60, (4, 5), (3, 5), (6, 4), 2),
        {},
        sizes.deepstarr(249, (256, 60, 60, 120), (7, 3, 5, 3), (256, 256), 2),
    ),
    "enformer": (
        {"window": 64, "bins": 4, "tasks": 3, "filters": (6, 12), "depth": 1}
        | {"heads": 2, "key_size": 3, "dropout": 0.0},
        sizes.enformer((6, 12), 1, 2, 3, 3),
        {},
        sizes.enformer((768, 768, 896, 1024, 1152, 1280, 1536), 11, 8, 64, 5313),
    ),
    "legnet": (
        {"window": 40, "stem": 4, "stem_width": 5, "filters": (5, 6), "pools": (2, 2)}
        | {"width": 3, "expansion": 2},
        sizes.legnet(4, 5, (5, 6), 3, 2, 1),
        {},
        sizes.legnet(64, 11, (80, 96, 112, 128), 9, 4, 1),
    ),
    "spliceai": (
        {"window": 60, "filters": 4, "widths": (3, 5), "dilations": (1, 2), "blocks": 2},
        sizes.spliceai(4, (3, 5), 2),
        {},
        sizes.spliceai(32, (11, 11, 21, 41), 4),
    ),
}
DOCUMENTS = (Path(__file__).parents[1] / "docs" / "published_models.md").read_text()
LARGE = (
    "basenji2",
    "borzoi",
    "enformer",
)  # of more parameters than a test should hold: counted at the small size


def small(name, **more):
    return getattr(genome_keras, name)(**{**SPECIFICATIONS[name][0], "seed": 1, **more})


def window_of(name):
    return SPECIFICATIONS[name][0]["window"]


def codes(window, n=3, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (n, window), dtype=np.uint8)


def outputs(model, x):
    return keras.tree.flatten(model.predict_on_batch(x))


def test_every_model_has_a_specification():
    assert set(SPECIFICATIONS) == set(genome_keras.SIGNAL_MODELS)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_parameter_counts(name):
    _, parameters, arguments, published = SPECIFICATIONS[name]
    assert small(name).count_params() == parameters
    if name not in LARGE:
        assert getattr(genome_keras, name)(**arguments).count_params() == published


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # never trained
@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_saved_and_loaded(name, tmp_path):
    model, x = small(name), codes(window_of(name))
    model.tasks = names = [f"t{i}" for i in range(len(model.tasks))]
    expected = outputs(model, x)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.bin == model.bin and again.tasks == names
    save_described(model, tmp_path / "m.weights.h5", tasks=names)
    loaded = genome_keras.load_model(tmp_path / "m.weights.h5")
    anew = small(name, seed=2, weights=tmp_path / "m.keras")  # from another start
    assert loaded.tasks == names
    for found, wanted in zip(outputs(again, x), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    for other in (loaded, anew):
        for found, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(found, wanted)
    with pytest.raises(SequenceError, match="expected integer codes"):
        model(x[:, 1:])


@pytest.mark.parametrize(
    "name",
    ["bpnet"]
    + [
        pytest.param(name, marks=pytest.mark.thorough) for name in SPECIFICATIONS if name != "bpnet"
    ],
)
def test_training_lowers_the_loss(name):
    model, x = small(name, learning_rate=0.01), codes(window_of(name))
    bins, tasks = model.signal_shape
    counts = np.random.default_rng(1).poisson(2, (3, bins, tasks)).astype("float32")
    y = counts
    if isinstance(model.output, dict):
        y = {"profile": counts, "counts": np.log1p(counts.sum((1, 2)))[:, None]}
    first = model.train_on_batch(x, y, return_dict=True)["loss"]
    for _ in range(4):
        last = model.train_on_batch(x, y, return_dict=True)["loss"]
    assert last < first


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_signal_is_of_the_declared_shape(name):
    model, x = small(name), codes(window_of(name))
    signal = model.signal(model.predict_on_batch(x))
    assert signal.dtype == np.float32 and signal.shape == (3, *model.signal_shape)
    assert model.signal_shape[0] * model.bin <= window_of(name)


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("bpnet", "enformer") else pytest.param(name, marks=pytest.mark.thorough)
        for name in SPECIFICATIONS
    ],
)
def test_outputs_are_float32_in_mixed_precision(name):
    """And so are weights; layers between compute in half as many bytes."""
    kind = "float16" if name == "enformer" else "bfloat16"
    with computing_in(f"mixed_{kind}"):
        model = small(name)
    assert any(layer.compute_dtype == kind for layer in model.layers)
    assert {weight.dtype for weight in model.weights} == {"float32"}
    x = codes(window_of(name))
    for mixed, whole in zip(outputs(model, x), outputs(small(name), x), strict=True):
        assert mixed.dtype == np.float32
        assert np.abs(mixed - whole).max() < 0.05 * np.abs(whole).max()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("bpnet", {"window": 125}, r"window must be bins \+ 106 for these layers"),
        ("bpnet", {"window": 127}, "or more by an even number"),
        ("bpnet", {"filters": 0}, "filters must be an integer of at least 1"),
        ("chrombpnet", {"bias_layers": 9}, r"window must be bins \+ 2138"),
        ("borzoi", {"window": 72}, "window a multiple of 2 to the power of one more"),
        ("borzoi", {"bins": 18}, "bins must be at most 16"),
        ("borzoi", {"last_filters": 0}, "last_filters must be an integer of at least 1"),
        ("basenji2", {"window": 62}, "window a multiple of 2 to the power of their number"),
        ("basenji2", {"bins": 18}, "bins must be at most 16"),
        ("basenji2", {"dilations": (1, 0)}, r"dilations\[1\] must be an integer of at least 1"),
        ("deepstarr", {"window": 3}, "window must be at least 4"),
        ("deepstarr", {"window": None}, "window must be an integer of at least 1"),
        ("deepstarr", {"hidden": ()}, "hidden must have one integer for each layer"),
        ("legnet", {"window": 3}, "window must be at least 4"),
        ("legnet", {"pools": (2,)}, "one number for each layer in each"),
        ("spliceai", {"window": 40}, "window must be more than 40"),
        ("spliceai", {"widths": (3,)}, "one number for each layer in each"),
        ("enformer", {"window": 62}, "window must be a multiple of 4"),
        ("enformer", {"bins": 18}, "bins must be at most 16"),
        ("enformer", {"bins": 5}, "as even or odd as it is"),
        ("enformer", {"heads": 4}, "must be a multiple of 6 heads"),
        ("enformer", {"filters": (6, 0)}, r"filters\[1\] must be an integer of at least 1"),
        ("chrombpnet", {"bias_filters": 0}, "bias_filters must be an integer of at least 1"),
    ],
)
def test_bad_arguments(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        small(name, **arguments)


# bpnet and chrombpnet


def bpnet_by_hand(weights, x, layers, bins):
    """Both outputs, convolution by convolution, of one window of codes."""

    def convolved(x, kernel, bias, step=1):
        left = len(x) - step * (len(kernel) - 1)
        return bias + sum(x[step * i :][:left] @ each for i, each in enumerate(kernel))

    arrays = iter(weights)
    x = np.maximum(convolved(np.eye(5, 4)[x], next(arrays), next(arrays)), 0)
    for n in range(1, layers + 1):
        found = np.maximum(convolved(x, next(arrays), next(arrays), 2**n), 0)
        x = found + x[2**n : -(2**n)]
    profile = convolved(x, next(arrays), next(arrays))
    cut = (len(profile) - bins) // 2
    return profile[cut : cut + bins], x.mean(0) @ next(arrays) + next(arrays)


def test_bpnet_and_chrombpnet_by_hand():
    model, x = small("chrombpnet"), codes(130)
    parts = {before: [] for before in ("", "bias_")}
    for before, arrays in parts.items():
        names = ["convolution", "dilated_1", "dilated_2", "profile_of_all", "log_counts"]
        for name in names[: 3 - (before != "")] + names[3:]:
            layer = model.get_layer(before + name)
            layer.set_weights([w + 0.01 for w in layer.get_weights()])
            arrays += layer.get_weights()
    found = model.predict(x, verbose=0)
    for row in range(3):
        profile, counts = bpnet_by_hand(parts[""], x[row], 2, 20)
        other_profile, other_counts = bpnet_by_hand(parts["bias_"], x[row], 1, 20)
        np.testing.assert_allclose(found["profile"][row], profile + other_profile, atol=1e-5)
        total = np.log(np.exp(counts) + np.exp(other_counts))
        np.testing.assert_allclose(found["counts"][row], total, atol=1e-5)
    assert {layer.trainable for layer in model.layers if layer.name.startswith("bias_")} == {False}


def test_loss_of_profiles():
    """log of the multinomial's chance, but for its factor that no logit changes."""
    counts, shares = np.array([[[3.0], [1.0]]]), np.array([[[0.75], [0.25]]])
    assert float(MultinomialNLL()(counts, np.log(shares) + 7)) == pytest.approx(
        -(3 * np.log(0.75) + np.log(0.25))
    )
    with pytest.raises(ValueError, match="counts must have the shape of the scores"):
        MultinomialNLL()(counts[:, :1], np.log(shares))


# Signal of places


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    letters = np.array(list("ACGTN"))[codes(300, 1)[0]]
    path.write_text(f">chr1\n{''.join(letters)}\n")
    path.with_name("p.bed").write_text("chr1\t100\t104\nchr1\t108\t116\nchr1\t0\t2\n")
    return path


def test_signal_lies_in_the_middle_of_the_places(genome):
    model = small("bpnet")
    found = predict_signal(genome.with_name("p.bed"), genome=genome, weights=model)
    assert found.names == ["chr1"] * 3 and found.starts.tolist() == [92, 102, -9]
    x = codes(300, 1)[:, 102 - 65 : 102 + 65]
    expected = model.signal(model.predict(x, verbose=0))[0]
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-5)
    alone = predict_signal(x, weights=model, tasks=["task_1"])
    assert alone.names == ["0"] and alone.starts.tolist() == [55] and alone.tasks == ["task_1"]
    np.testing.assert_allclose(alone.values[0], expected[:, 1:], rtol=1e-5)
    assert predict_signal(x[:0], weights=model).values.shape == (0, 20, 2)


def test_files_of_signal(genome, tmp_path):
    model, bed = small("chrombpnet"), genome.with_name("p.bed")
    how = {"genome": genome, "weights": model}
    found = predict_signal(bed, **how)
    assert predict_signal(bed, **how, out=tmp_path / "s.tsv") == 3
    rows = [line.split("\t") for line in (tmp_path / "s.tsv").read_text().splitlines()]
    assert rows[0] == ["name", "start", "end", "task_0"] and len(rows) == 1 + 3 * 20
    assert rows[1][:3] == ["chr1", "92", "93"]
    np.testing.assert_allclose([float(row[3]) for row in rows[1:]], found.values.ravel(), rtol=1e-4)
    library = pytest.importorskip("pyBigWig")
    assert predict_signal(bed, **how, out=tmp_path / "s.bw") == 3
    covered, total = np.zeros((2, 300))
    for start, values in zip(found.starts, found.values[:, :, 0], strict=True):
        for at, value in enumerate(values, start):
            if at >= 0:
                covered[at] += 1
                total[at] += value
    with library.open(str(tmp_path / "s.bw")) as track:
        values = np.array(track.values("chr1", 0, 300))
    np.testing.assert_array_equal(np.isnan(values), covered == 0)
    known = covered > 0
    np.testing.assert_allclose(values[known], total[known] / covered[known], rtol=1e-5)


def test_mixed_precision_by_option(genome, tmp_path, capsys):
    """Half the digits in between; float32 comes out, and the policy is as before."""
    path, bed = tmp_path / "m.weights.h5", genome.with_name("p.bed")
    model = small("bpnet")
    counts = model.get_layer("log_counts")
    counts.bias.assign(counts.bias + 5)  # some signal, whatever the weights
    save_described(model, path, tasks=["plus", "minus"])
    found = {}
    for precision in ("float32", "mixed_bfloat16"):
        out = tmp_path / f"{precision}.tsv"
        command = ["predict", str(bed), "--genome", str(genome), "--weights", str(path)]
        assert not main([*command, "--out", str(out), "--precision", precision])
        found[precision] = np.loadtxt(out, skiprows=1, usecols=(3, 4))
    whole, mixed = found.values()
    assert 0 < np.abs(mixed - whole).max() < 0.1 * whole.max()
    assert keras.config.dtype_policy().name == "float32"
    capsys.readouterr()
    named = ["predict", str(bed), "--weights", "kmer_logreg.human_chromatin.v1"]
    assert main([*named, "--precision", "mixed_bfloat16"]) == 2
    assert "--precision is for models of measured signal" in capsys.readouterr().err


def test_filters_of_a_checkpoint(tmp_path):
    model, x = small("bpnet"), codes(130) % 4
    path, fasta = tmp_path / "m.weights.h5", tmp_path / "x.fa"
    save_described(model, path, tasks=["plus", "minus"])
    fasta.write_text("".join(f">{n}\n{text}\n" for n, text in enumerate(decode(x))))
    found = write_filters(fasta, tmp_path / "f.meme", weights=path, fraction=0.25)
    expected = filters(model, x, fraction=0.25)
    assert found.sites.sum() > 0
    np.testing.assert_array_equal(found.counts, expected.counts)


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # never trained
@pytest.mark.parametrize(
    ("name", "format"),
    [("bpnet", "keras")]
    + [
        pytest.param(name, "onnx", marks=[pytest.mark.thorough, pytest.mark.compiled])
        for name in SPECIFICATIONS
    ],
)
def test_export(name, format, tmp_path):
    model, path = small(name), tmp_path / "m.weights.h5"
    save_described(model, path, tasks=[f"t{i}" for i in range(len(model.tasks))])
    if format == "onnx":
        pytest.importorskip("tf2onnx")
        pytest.importorskip("onnxruntime")
    assert genome_keras.export(path, tmp_path / f"m.{format}") <= 1e-4
    if (name, format) == ("bpnet", "onnx"):
        given, found = codes(130), onnx_outputs(tmp_path / "m.onnx")(codes(130))
        for what, values in model.predict_on_batch(given).items():
            np.testing.assert_allclose(found[what], values, atol=1e-4)


def test_verbs_of_tasks_refuse_signal_in_one_line(genome, tmp_path):
    model, bed = small("bpnet"), genome.with_name("p.bed")
    path = tmp_path / "m.weights.h5"
    save_described(model, path, tasks=["plus", "minus"])
    verbs = (
        genome_keras.open_scorer,
        lambda path: genome_keras.predict_fasta(bed, weights=path),
    )
    for verb in verbs:
        with pytest.raises(WeightsError, match="bpnet gives measured signal, not P") as told:
            verb(path)
        assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match="expected a model of one output"):
        genome_keras.open_scorer(model)
    with pytest.raises(ValueError, match=r"expected a model of tasks\. Received: bpnet"):
        genome_keras.save_pretrained(model, tmp_path / "m")
    with pytest.raises(WeightsError, match="not a model of measured signal"):
        predict_signal(bed, genome=genome, weights=genome_keras.integer_logreg(window=4, tasks=1))
    with pytest.raises(ValueError, match="a file needs the places"):
        predict_signal(codes(130), weights=model, out=tmp_path / "s.tsv")
    with pytest.raises(ValueError, match="bigWig has one task: expected one in tasks, got 2"):
        predict_signal(bed, genome=genome, weights=path, out=tmp_path / "s.bw")
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".bw"] == []
    with pytest.raises(ValueError, match="two outputs, not one head"):
        genome_keras.bpnet(weights=path, tasks=1)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_model_tells_its_source_and_is_in_the_documents(name):
    text = getattr(genome_keras, name).__doc__
    assert all(f"\n    {heading}" in text for heading in ("Args:", "Returns:", "Source:"))
    parameters = f"{SPECIFICATIONS[name][3]:,}"
    rows = [line for line in DOCUMENTS.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 2, "one of its sizes, and one of its files and the proof"
    assert rows[0].endswith(f"| {parameters} |")


# Layers


def test_attention_by_hand():
    """Of one head: content and distance, step by step."""
    from genome_keras.layers.distances import distance_features
    from genome_keras.layers.relative_attention import RelativeAttention

    layer = RelativeAttention(1, key_size=2, value_size=3, distance_sizes=6, seed=1)
    x = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    layer.build(x.shape)
    draw = np.random.default_rng(1)
    arrays = [draw.normal(size=w.shape).astype("float32") for w in layer.weights]
    layer.set_weights(arrays)
    query, key, value, distance, content_bias, distance_bias, out, out_bias = arrays
    known = distance_features(4, 6) @ distance
    expected = np.zeros((4, 5))
    for i in range(4):
        q = x[0, i] @ query / np.sqrt(2)
        logits = [
            (q + content_bias[0, 0]) @ (x[0, j] @ key)
            + (q + distance_bias[0, 0]) @ known[3 + j - i]
            for j in range(4)
        ]
        shares = np.exp(logits) / np.exp(logits).sum()
        expected[i] = sum(s * (x[0, j] @ value) for j, s in enumerate(shares)) @ out + out_bias
    found = keras.ops.convert_to_numpy(layer(x))[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_distance_features():
    from genome_keras.layers.distances import distance_features

    found = distance_features(64, 24)
    assert found.shape == (127, 24) and found.dtype == np.float32
    one_way, signed = np.split(found, 2, 1)
    np.testing.assert_array_equal(one_way, one_way[::-1])
    np.testing.assert_array_equal(signed, one_way * np.sign(np.arange(-63, 64))[:, None])
    exponentials, masks, gammas = np.split(one_way[63:], 3, 1)
    half = 2 ** np.linspace(3, 6, 4)
    np.testing.assert_allclose(exponentials, 0.5 ** (np.arange(64)[:, None] / half), rtol=1e-5)
    np.testing.assert_array_equal(masks.sum(0), [1, 3, 7, 15])  # distances below 2, 4, 8, 16 - 1
    np.testing.assert_allclose(gammas.max(0), 1)
    peaks = [(shape - 1) * 8 / np.sqrt(shape) for shape in (4, 16, 36)]  # of the densities
    np.testing.assert_allclose(gammas.argmax(0)[:3], peaks, atol=1)
    for kind, number in (("enformer", 4), ("borzoi", 3)):
        with pytest.raises(ValueError, match="features must be a multiple of"):
            distance_features(4, number, kind)


def test_softmax_pool():
    from genome_keras.layers.softmax_pool import SoftmaxPool

    layer = SoftmaxPool(2)
    x = np.float32([[[1, 2], [3, -1], [0, 0], [5, 4]]])
    layer.build(x.shape)
    kernel = np.float32([[0.5, 1], [-1, 0.25]])
    layer.set_weights([kernel])
    shares = np.exp(x @ kernel).reshape(1, 2, 2, 2)
    shares /= shares.sum(2, keepdims=True)
    expected = (x.reshape(1, 2, 2, 2) * shares).sum(2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, rtol=1e-5)
