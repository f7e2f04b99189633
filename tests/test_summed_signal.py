"""Measured signal as one number a task: variants, substitutions and letters of such models."""

import numpy as np
import pytest

import genome_keras
from genome_keras import Variant
from genome_keras.cli import main
from genome_keras.encode import decode
from genome_keras.layers.summed_signal import summed_signal
from genome_keras.weights.checkpoint import save_described

SMALL = {
    "bpnet": {"window": 130, "bins": 20, "filters": 5, "layers": 2},
    "chrombpnet": {"window": 130, "bins": 20, "filters": 5, "layers": 2}
    | {"bias_filters": 3, "bias_layers": 1},
    "basenji2": {"window": 64, "bins": 8, "tasks": 3, "filters": (4, 5), "dilated_filters": 3}
    | {"dilations": (1, 2), "last_filters": 6},
    "deepstarr": {"window": 60, "filters": (4, 5), "widths": (3, 5), "hidden": (6, 4)},
}


def small(name):
    """With weights that make letters matter, the same on every backend, and counts above 0."""
    model, draw = getattr(genome_keras, name)(**SMALL[name]), np.random.default_rng(2)
    for layer in model.layers:
        if layer.weights and "norm" not in layer.name:
            kernel, *biases = layer.get_weights()
            kernel = draw.normal(size=kernel.shape) / np.prod(kernel.shape[:-1]) ** 0.5
            above = 3 * layer.name.endswith("log_counts")
            biases = [draw.random(bias.shape) + above for bias in biases]
            layer.set_weights([kernel, *biases])
    return model


def codes(name, n=2, letters=4):
    shape = n, SMALL[name]["window"]
    return np.random.default_rng(0).integers(0, letters, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("bins", [None, 4])
def test_sums_of_the_middle_bins(name, bins):
    if name == "deepstarr" and bins:
        pytest.skip("one bin")
    model, x = small(name), codes(name)
    signal = model.signal(model.predict_on_batch(x))
    cut = (signal.shape[1] - bins) // 2 if bins else 0
    middle = signal[:, cut : signal.shape[1] - cut]
    expected = middle[:, 0] if name == "deepstarr" else np.log2(1 + middle.sum(1))
    summed = summed_signal(model, bins=bins)
    np.testing.assert_allclose(summed.predict_on_batch(x), expected, rtol=1e-4, atol=1e-5)
    assert summed.tasks == model.tasks and expected.std() > 0


def test_all_bins_of_a_profile_are_its_counts():
    model, x = small("chrombpnet"), codes("chrombpnet")
    counts = model.predict_on_batch(x)["counts"].clip(0)
    np.testing.assert_allclose(
        summed_signal(model).predict_on_batch(x), counts / np.log(2), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("name", "arguments", "bins", "message"),
    [
        ("bpnet", SMALL["bpnet"], 22, "bins must be at most 20 and as even or odd"),
        ("bpnet", SMALL["bpnet"], 3, "as even or odd as it is"),
        ("bpnet", SMALL["bpnet"], 0, "bins must be an integer of at least 1"),
        ("spliceai", {"window": 40, "filters": 2, "widths": (3,), "dilations": (1,)}, None, "add"),
        ("kmer_logreg", {"window": 9, "k": (1,), "tasks": 1}, None, "expected a model of measured"),
    ],
)
def test_models_that_do_not_add_up(name, arguments, bins, message):
    with pytest.raises(ValueError, match=message):
        summed_signal(getattr(genome_keras, name)(**arguments), bins=bins)


@pytest.fixture
def files(tmp_path):
    """A genome, a VCF of three alleles, and a checkpoint."""
    text = decode(np.random.default_rng(0).integers(0, 4, (1, 400), dtype=np.uint8))[0]
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    (tmp_path / "g.fa").write_text(f">chr1\n{text}\n")
    with open(tmp_path / "v.vcf", "w") as file:
        print("##fileformat=VCFv4.2", file=file)
        print("#CHROM", "POS", "ID", "REF", "ALT", sep="\t", file=file)
        print("chr1", 150, "a", text[149], other[text[149]], sep="\t", file=file)
        print("chr1", 160, "b", text[159], text[159] + "GT", sep="\t", file=file)
        print("chr1", 170, "c", other[text[169]], text[169], sep="\t", file=file)
    model = small("bpnet")
    save_described(model, tmp_path / "m.weights.h5", tasks=["plus", "minus"])
    return tmp_path, model, text


def test_effects_of_variants_are_log_fold_changes(files, capsys):
    folder, model, text = files
    weights, genome = folder / "m.weights.h5", folder / "g.fa"
    effects = genome_keras.score_variants(folder / "v.vcf", genome, weights=weights, bins=4)
    assert effects.status == ["ok", "ok", "ref_mismatch"] and effects.logodds is None
    assert effects.tasks == ["plus", "minus"]
    start = 149 - 65
    pair = [text[start : start + 130]] * 2
    pair[1] = pair[1][:65] + effects.variants[0].alt + pair[1][66:]
    scores = summed_signal(model, bins=4).predict(pair, verbose=0)
    np.testing.assert_allclose(effects.diff[0], scores[1] - scores[0], atol=1e-5)
    assert np.abs(effects.diff[:2]).min() > 1e-6
    given = ["variants", str(folder / "v.vcf"), "--genome", str(genome), "--weights", str(weights)]
    assert not main([*given, "--bins", "4", "--out", str(folder / "o.tsv")])
    rows = [line.split("\t") for line in (folder / "o.tsv").read_text().splitlines()]
    assert rows[0][-2:] == ["plus", "minus"]
    np.testing.assert_allclose([float(x) for x in rows[1][-2:]], effects.diff[0], rtol=1e-3)
    capsys.readouterr()
    for more, message in (
        (["--effect", "both"], "measured signal has no log-odds: effect must be 'diff'"),
        (["--bins", "3"], "bins must be at most 20"),
        (["--report", str(folder / "p.html")], "a report is of models of tasks"),
        (["--both-strands"], "tracks may be of one strand"),
        (["--engine", "onnx"], "measured signal is computed by Keras"),
    ):
        assert main([*given, *more, "--out", str(folder / "n.tsv")]) == 2, more
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1, told
    assert not (folder / "n.tsv").exists()


def test_substitutions_and_letters(files, capsys):
    folder, model, _ = files
    x, summed = codes("bpnet", n=1), summed_signal(model)
    found = genome_keras.interpret.ism(folder / "m.weights.h5", x)
    changed = np.repeat(x, 4, 0)
    changed[:, 60] = np.arange(4)
    scores = summed.predict_on_batch(changed) - summed.predict_on_batch(x)
    np.testing.assert_allclose(found[0, 60], scores, atol=1e-5)
    same = {"tasks": 1, "target": "score"}
    fall = genome_keras.interpret.attribute(model, x, **same, method="occlusion")[0, 60]
    hidden = x.copy()
    hidden[0, 60] = 4
    expected = summed.predict_on_batch(x) - summed.predict_on_batch(hidden)
    np.testing.assert_allclose(fall[x[0, 60]], expected[0, 1], atol=1e-5)
    given = genome_keras.interpret.attribute(model, x, **same, method="gradient_x_input")
    assert np.isfinite(given).all() and np.abs(given).max() > 0
    with pytest.raises(ValueError, match="measured signal has no log-odds: target must be"):
        genome_keras.interpret.attribute(model, x, tasks=0)
    (folder / "s.fa").write_text(f">one\n{decode(x)[0]}\n")
    for command in (["ism"], ["attribute", "--target", "score", "--method", "gradient_x_input"]):
        out = folder / f"{command[0]}.tsv"
        how = ["--weights", str(folder / "m.weights.h5"), "--out", str(out)]
        assert not main([command[0], str(folder / "s.fa"), *command[1:], *how])
        assert "plus" in out.read_text().splitlines()[0]
    assert not main(["filters", str(folder / "s.fa"), "--out", str(folder / "f"), *how[:2]])
    assert (folder / "f").read_text().startswith("MEME version")


def test_variants_in_memory():
    model = small("deepstarr")
    text = "".join("ACGT"[i] for i in np.random.default_rng(1).integers(0, 4, 90))
    with pytest.raises(ValueError, match="bins are of models of measured signal"):
        genome_keras.score_variants(
            [Variant("c", 5, "A", "C")],
            "absent.fa",
            weights=genome_keras.kmer_logreg(window=9, k=(1,), tasks=1),
            bins=3,
        )
    assert genome_keras.interpret.ism(model, text[:60]).shape == (1, 60, 4, 2)
