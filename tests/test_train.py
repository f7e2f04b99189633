"""Training: what is learned, and from which start."""

import json

import h5py
import keras
import numpy as np
import pytest
from support.training import examples, write_examples

import genome_keras
from genome_keras.cli import main
from genome_keras.training.fine_tune import start_from
from genome_keras.training.fit import fit
from genome_keras.training.recipe import Recipe
from genome_keras.training.train import train_dataset
from genome_keras.weights import resolve as weights


@pytest.fixture
def data(tmp_path):
    return write_examples(tmp_path / "toy.h5")


def test_the_best_epoch_is_kept(tmp_path):
    """Validated on the opposite labels, training only makes it worse."""
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)
    train, valid = examples(), examples()
    valid.labels[:] = np.where(valid.labels < 0, -1, 1 - valid.labels)
    recipe = Recipe(epochs=4, batch_size=16, learning_rate=0.1)
    log = fit(model, train, valid, out=tmp_path, recipe=recipe)
    perplexities = [row["val_perplexity"] for row in log]
    kept = model.evaluate(valid.codes, valid.labels, verbose=0)[1]
    assert kept == pytest.approx(min(perplexities), rel=1e-5)
    assert len(perplexities) == 4 and kept < perplexities[-1]


def test_an_untrained_model_starts_at_the_positive_rates():
    train = examples()
    model = genome_keras.bigru_multitask(window=12, tasks=2, units=3)
    head = model.get_layer("head")
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), bias])
    head.set_rates([0.25, 0.01])
    p = keras.ops.convert_to_numpy(model(train.codes))
    np.testing.assert_allclose(p, np.tile([0.25, 0.01], (64, 1)), rtol=1e-5)


def test_balanced_labels(tmp_path):
    """Each task's labels 1 weigh, together, about as much as its labels 0."""
    part = examples(70)
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,), seed=1)
    recipe = Recipe(positive_weight="balanced", epochs=1, batch_size=35)
    fit(model, part, part, out=tmp_path, recipe=recipe)
    ones, zeros = (part.labels == 1).sum(0), (part.labels == 0).sum(0)
    np.testing.assert_allclose(model.loss.positive_weight, (zeros + 0.5) / (ones + 0.5), rtol=1e-6)


@pytest.mark.parametrize(
    "precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.thorough)]
)
def test_mixed_precision(data, tmp_path, precision):
    sizes = {"units": 4}
    how = {"arguments": sizes, "epochs": 1, "batch_size": 16, "precision": precision}
    model = train_dataset(data, out=tmp_path / "run", **how)
    assert keras.config.dtype_policy().name == "float32"
    assert model.get_layer("forward_gru_1").compute_dtype == precision.removeprefix("mixed_")
    assert {str(w.dtype) for w in model.weights} == {"float32"}
    full = genome_keras.bigru_multitask(
        window=12, tasks=2, units=4, weights=tmp_path / "run" / "best.weights.h5"
    )
    codes = examples().codes
    half, whole = (keras.ops.convert_to_numpy(m(codes)) for m in (model, full))
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, whole, atol=0.02)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0"),
        ({"warmup": -1}, "warmup must be an integer of at least 0"),
        ({"recipe": "fast"}, "recipe must be one of 'default', 'paper'"),
        ({"model": "gpt"}, "model must be one of"),
        ({"precision": "float8"}, "precision must be one of"),
        ({"arguments": {"q": 1}}, "no argument 'q'"),
    ],
)
def test_bad_arguments_leave_no_folder(data, tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        train_dataset(data, out=tmp_path / "run", **{"model": "kmer_logreg", **given})
    assert not (tmp_path / "run").exists()


def test_paper_recipe(data, tmp_path):
    train_dataset(data, out=tmp_path / "run", recipe="paper", epochs=1, arguments={"units": 4})
    asked = json.loads((tmp_path / "run" / "train.json").read_text())
    assert asked["batch_size"] == 20 and asked["learning_rate"] == 1e-3
    assert not asked["reverse_complement"] and asked["clip"] is None
    wanted = {"units": 4, "initializer": "uniform", "reset_after": False, "window": 12, "tasks": 2}
    assert asked["arguments"] == wanted
    assert (tmp_path / "run" / "epochs" / "0001.weights.h5").exists()
    (row,) = json.loads((tmp_path / "run" / "log.json").read_text())
    assert row["learning_rate"] == pytest.approx(1e-3)


def test_fine_tuning_a_new_head(data, tmp_path):
    """A frozen trunk keeps its weights; a slower one moves less than a free one."""
    first = tmp_path / "first"
    how = {"epochs": 1, "batch_size": 16, "learning_rate": 0.01}
    train_dataset(data, out=first, arguments={"units": 4}, **how)
    saved = first / "best.weights.h5"
    (first / "best.weights.json").unlink(missing_ok=True)
    config = json.loads((first / "best.json").read_text()) | {"tasks": ["other", "GC"]}
    (first / "best.json").write_text(json.dumps(config))
    start = genome_keras.bigru_multitask(weights=saved)
    rates = [0, 1]
    if hasattr(keras.optimizers, "MultiOptimizer"):
        rates.append(0.01)
    moved = {}
    for rate in rates:
        how |= {"fine_tune": str(saved), "trunk_rate": rate, "recipe": "default"}
        model = train_dataset(data, out=tmp_path / f"rate {rate}", **how)
        assert not np.array_equal(model.get_weights()[-2], start.get_weights()[-2])
        layers = zip(model.layers[:-1], start.layers[:-1], strict=True)
        moved[rate] = max(
            np.abs(a - b).max()
            for new, old in layers
            for a, b in zip(new.get_weights(), old.get_weights(), strict=True)
        )
    assert moved[0] == 0 < moved[1]
    if 0.01 in moved:
        assert 0 < moved[0.01] < 0.1 * moved[1]


@pytest.mark.parametrize("strands", [None, False])
def test_new_tasks_for_a_checkpoint_of_both_strands(strands):
    """The published ones read both strands, and so does what starts from them unless it is told."""
    arguments = {} if strands is None else {"both_strands": strands}
    how = {"architecture": "bigru_multitask", "tasks": ["a", "b"], "seed": 1}
    model, sizes, trained = start_from(weights.DEFAULT, arguments=arguments, **how)
    assert (sizes["both_strands"], trained) == (strands is None, False)
    start = genome_keras.bigru_multitask(weights=weights.DEFAULT, both_strands=strands is None)
    for new, old in zip(model.layers[:-1], start.layers[:-1], strict=True):
        assert all(map(np.array_equal, new.get_weights(), old.get_weights()))


def test_going_on_with_the_same_tasks_keeps_the_head(data, tmp_path):
    first = tmp_path / "first"
    how = {"epochs": 1, "batch_size": 16}
    train_dataset(data, out=first, arguments={"units": 4}, **how)
    start = genome_keras.bigru_multitask(weights=first / "best.weights.h5")
    how |= {"fine_tune": str(first / "best.weights.h5"), "learning_rate": 1e-9}
    model = train_dataset(data, out=tmp_path / "second", **how)
    for a, b in zip(model.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_middle_of_the_examples(data, tmp_path):
    model = train_dataset(data, out=tmp_path, model="kmer_logreg", window=6, epochs=1)
    assert model.input_shape == (None, 6)


def test_genome_and_peaks(tmp_path, capsys):
    """The data set is built first, once, and is that of `build`."""
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 12_000))
    genome, peaks = tmp_path / "g.fa", tmp_path / "GATA1.bed"
    genome.write_text(f">one\n{letters[:90]}R{letters[91:]}\n>two\n{letters[::-1]}\n")
    places = [(c, s) for c in ("one", "two") for s in range(1000, 11_000, 2000)]
    peaks.write_text("".join(f"{c}\t{s}\t{s + 200}\n" for c, s in places))
    command = ["train", "--genome", str(genome), "--peaks", str(peaks), "--valid", "two"]
    command += ["--model", "kmer_logreg", "--epochs", "1", "--batch-size", "5", "--window", "100"]
    assert main([*command, "--out", str(tmp_path / "runs" / "1")]) == 1
    assert "'R'; accepted are" in capsys.readouterr().err and not (tmp_path / "runs").exists()
    command += ["--unknown", "N"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 0
    built = tmp_path / "b.h5"
    assert main([
        "build", str(genome), str(peaks), "--context", "100", "--valid", "two", "--out", str(built),
        "--unknown", "N",
    ]) == 0  # fmt: skip
    assert built.read_bytes() == (tmp_path / "run" / "data.h5").read_bytes()
    assert json.loads((tmp_path / "run" / "train.json").read_text())["tasks"] == ["GATA1"]
    capsys.readouterr()
    peaks.write_text("elsewhere\t1\t5\n" + peaks.read_text())
    assert main([*command, "--out", str(tmp_path / "strict")]) == 1
    assert "GATA1.bed:1: no contig 'elsewhere' in the genome" in capsys.readouterr().err
    command += ["--on-outside", "skip"]
    assert main([*command, "--out", str(tmp_path / "skipped")]) == 0
    told = f"genome-keras: {peaks}: left out places: 1 on contigs that the genome lacks\n"
    assert told in capsys.readouterr().err
    for name in ("x", "y", "start"):
        values = [h5py.File(path)[name][:] for path in (built, tmp_path / "skipped" / "data.h5")]
        np.testing.assert_array_equal(*values)
    assert main(["train", str(built), "--genome", str(genome), "--out", str(tmp_path / "x")]) == 2
    assert "expected DATA, or --genome, --peaks and --valid" in capsys.readouterr().err


def test_command_line(data, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", str(data), "--out", str(out), "--model", "kmer_logreg"]
    command += ["--batch-size", "16", "--seed", "4"]
    assert main([*command, "--epochs", "2"]) == 0
    assert len(json.loads((out / "log.json").read_text())) == 2
    assert main([*command, "--epochs", "2"]) == 0  # nothing left to do
    assert main([*command, "--epochs", "3"]) == 1
    assert "this folder holds a run with other arguments" in capsys.readouterr().err
    again = genome_keras.kmer_logreg(window=12, tasks=2, weights=out / "best.weights.h5")
    trained = train_dataset(data, out=out, model="kmer_logreg", epochs=2, batch_size=16, seed=4)
    assert all(map(np.array_equal, again.get_weights(), trained.get_weights()))
    with h5py.File(data, "r+") as file:
        file["y"][1] = 1 - file["y"][1]
    assert main([*command, "--epochs", "2"]) == 1  # and not the weights of other labels
    assert "a run with other arguments or data" in capsys.readouterr().err


def test_a_trained_model_and_its_folder_are_evaluated_alike(data, tmp_path):
    """With a shift it reads the middle; a task that nothing was learned of counts nowhere."""
    with h5py.File(data, "r+") as file:
        file["y"][:48, 1] = -1
        file["y"][64:, 0] = np.repeat([1, 0], 8)
        file["source"][...] = np.resize([b"a", b"b"], 80)
    recipe = Recipe(epochs=1, batch_size=8, shift=2, ema=0.9)
    how = {"model": "kmer_logreg", "recipe": recipe, "sources": ["a"]}
    model = genome_keras.train([data], out=tmp_path / "run", **how)
    asked = json.loads((tmp_path / "run" / "train.json").read_text())
    assert (asked["shift"], asked["ema"], asked["sources"]) == (2, 0.9, ["a"])
    assert model.input_shape == (None, 8)
    assert json.loads((tmp_path / "run" / "best.json").read_text())["untrained"] == ["GC"]
    models = {"model": model, "folder": str(tmp_path / "run")}
    result = genome_keras.evaluate(data, weights=models, only="a", replicates=0)
    assert result["only"] == ["a"] and result["subsets"]["all"]["examples"] == 8
    group = result["subsets"]["all"]["groups"]["all"]["models"]
    assert group["folder"]["auroc_mean"] is not None
    rows = result["subsets"]["all"]["groups"]["all"]["pairs"]
    pair = next(row for row in rows if row["model"] == "model" and row["baseline"] == "folder")
    assert pair["auroc"]["tasks"] == 1 and abs(pair["brier"]["mean_difference"]) < 1e-6


def test_the_verbs_are_functions():
    from genome_keras import compare, evaluate, train

    assert callable(compare) and callable(evaluate) and callable(train)
