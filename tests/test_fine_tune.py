"""Fine-tuning: what is inherited, told and refused; the head first, and never worse than it."""

import json

import keras
import numpy as np
import pytest
from support.training import examples, write_examples

import genome_keras
from genome_keras.cli import main
from genome_keras.datasets.chromatin_data import Examples
from genome_keras.encode import kmer_counts
from genome_keras.errors import WeightsError
from genome_keras.training.fine_tune import differences, start_from, started_by, window_of
from genome_keras.training.fit import fit
from genome_keras.training.head import fit_head, shift_odds
from genome_keras.training.recipe import RECIPES, Recipe
from genome_keras.training.train import train_dataset
from genome_keras.weights.checkpoint import save_described
from genome_keras.weights.resolve import find

SMALL = {"window": 12, "tasks": 2, "seed": 3}
GRU = {"units": 3, "depth": 1}


@pytest.fixture
def checkpoint(tmp_path):
    def saved(name="bigru_multitask", tasks=("a", "b"), **sizes):
        path = tmp_path / f"{name}.weights.h5"
        sizes = sizes or (GRU if name == "bigru_multitask" else {})
        model = getattr(genome_keras, name)(**SMALL, **sizes)
        save_described(model, path, tasks=list(tasks))
        return path

    return saved


def scores(model, codes):
    return keras.ops.convert_to_numpy(model(codes, training=False))


@pytest.mark.parametrize("both", [False, True])
def test_the_head_is_the_regression_on_the_features(both):
    """Of k-mer counts: as scikit-learn has it, on standardised counts of both strands."""
    linear = pytest.importorskip("sklearn.linear_model")
    part, penalty = examples(80), 0.02
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), both_strands=both)
    fit_head(model, part, part, penalties=(penalty,), tol=1e-12)
    codes, other = part.codes, genome_keras.reverse_complement(part.codes)
    counts = [kmer_counts(each, k=(1, 2)).astype(float) for each in (codes, other)]
    rows, labels = np.concatenate(counts), np.tile(part.labels, (2, 1))
    if both:
        rows, labels = sum(counts) / 2, part.labels
    spread = np.where(rows.std(0) == 0, 1, rows.std(0))
    x = (rows - rows.mean(0)) / spread
    own = x[: len(codes)]
    for task, found in enumerate(scores(model, codes).T):
        known = labels[:, task] >= 0
        regression = linear.LogisticRegression(C=1 / (len(x) * penalty), tol=1e-10, max_iter=9999)
        regression.fit(x[known], labels[known, task])
        np.testing.assert_allclose(found, regression.predict_proba(own)[:, 1], atol=2e-4)


@pytest.mark.parametrize("name", ["bigru_multitask", "conv_bigru", "deepbind"])
def test_only_the_head_changes(name):
    """Also of a two-class softmax, and where the larger score of two strands counts."""
    sizes = {"conv_bigru": {"filters": (2, 2), "width": 3, "units": 2}, "bigru_multitask": GRU}
    sizes |= {"deepbind": {"filters": 2, "width": 3, "hidden": 3, "both_strands": True}}
    model = getattr(genome_keras, name)(**SMALL, **sizes[name])
    features, before = scores(model.features(), examples().codes), model.head.get_weights()
    fit_head(model, examples(), examples(30, 4))
    np.testing.assert_array_equal(features, scores(model.features(), examples().codes))
    assert not np.array_equal(before[0], model.head.get_weights()[0])


def test_each_task_has_its_own_penalty():
    """A task that validation contradicts gets the strongest, one that it confirms a weak one."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (120, 12)).astype(np.uint8)
    rich = (codes == 2).sum(1) > 3
    labels = np.stack([rich, rich], 1).astype(np.int8)
    part = Examples(codes, labels, np.full(120, ""), ["same", "opposite"])
    against = Examples(codes, labels ^ np.int8([0, 1]), np.full(120, ""), part.tasks)
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,))
    fit_head(model, part, against, penalties=(10.0, 0.001))
    same, opposite = scores(model, codes).T
    assert np.ptp(same) > 0.9 and np.ptp(opposite) < 0.2


def test_weighted_labels_shift_the_odds():
    model = genome_keras.bigru_multitask(**SMALL, **GRU)
    before = scores(model, examples().codes)
    shift_odds(model, [3.0, 1.0])
    odds = [p / (1 - p) for p in (before, scores(model, examples().codes))]
    np.testing.assert_allclose(odds[1] / odds[0], np.tile([3.0, 1.0], (64, 1)), rtol=1e-4)


def test_never_worse_than_the_start(tmp_path):
    """Validated on other labels than it learns, training only makes it worse: epoch 0 is kept."""
    learned, valid = examples(), examples()
    learned.labels[:] = np.where(learned.labels < 0, -1, 1 - learned.labels)
    recipe = Recipe(epochs=2, batch_size=16, learning_rate=0.1, fit_head=True, keep_epochs=True)
    start = genome_keras.kmer_logreg(**SMALL, k=(1, 2))
    fit_head(start, valid, valid)
    kept = [weight.copy() for weight in start.get_weights()]
    log = fit(start, learned, valid, out=tmp_path, recipe=recipe, trained=True)
    assert [row["epoch"] for row in log] == [0, 1, 2]
    assert log[0]["val_perplexity"] < min(row["val_perplexity"] for row in log[1:])
    assert all(map(np.array_equal, kept, start.get_weights()))
    assert (tmp_path / "epochs" / "0000.weights.h5").exists()
    header, first, *_ = (tmp_path / "log.csv").read_text().splitlines()
    assert first.startswith("0,0.0,") and first.count(",") == header.count(",")


def test_a_run_that_was_stopped_keeps_its_start(tmp_path):
    """To the same numbers, and the head is not fitted again."""
    logs, weights = [], []
    for folder, stops in (("straight", [3]), ("stopped", [1, 3])):
        for epochs in stops:
            model = genome_keras.kmer_logreg(**SMALL, k=(1, 2))
            recipe = Recipe(epochs=epochs, batch_size=16, schedule="constant", warmup=0)
            recipe = RECIPES["fine_tune"].__class__(**{**vars(recipe), "fit_head": True})
            log = fit(model, examples(), examples(20, 5), out=tmp_path / folder, recipe=recipe)
        logs.append([{k: v for k, v in row.items() if k != "cpu_seconds"} for row in log])
        weights.append(model.get_weights())
    assert logs[0] == logs[1] and len(logs[0]) == 4
    assert all(map(np.array_equal, *weights))


def test_architecture_sizes_window_and_strands_come_from_the_checkpoint(
    tmp_path, checkpoint, caplog
):
    caplog.set_level("INFO")
    path = checkpoint("bigru_multitask", both_strands=True, **GRU, dropout=0.3)
    wide = Examples(
        np.random.default_rng(0).integers(0, 4, (60, 13)).astype(np.uint8),
        examples(60).labels,
        np.full(60, ""),
        ["TATA", "GC"],
    )
    data = tmp_path / "wide.csv"
    letters = genome_keras.decode(wide.codes)
    data.write_text(
        "sequence,split,TATA\n"
        + "".join(f"{s},{'valid' if i % 3 else 'train'},{i % 2}\n" for i, s in enumerate(letters))
    )
    model = train_dataset(data, out=tmp_path / "run", fine_tune=path, epochs=1, batch_size=8)
    made = model.made_with["arguments"]
    assert (made["units"], made["both_strands"], made["window"]) == (3, True, 12)
    assert made["dropout"] == RECIPES["fine_tune"].dropout and made["tasks"] == 1
    told = [record.getMessage() for record in caplog.records if "fine_tune" in record.name]
    assert told[0] == f"starting from {path}: bigru_multitask, 12 bp, both strands"
    assert "window: the middle 12 bp of examples of 13 bp" in told
    assert "head: new, of 1 task in place of 2, fitted first" in told
    assert f"dropout: {RECIPES['fine_tune'].dropout}, in place of 0.3" in told
    asked = json.loads((tmp_path / "run" / "train.json").read_text())
    assert asked["recipe"] == "fine_tune" and asked["fit_head"] is True


def test_what_contradicts_the_checkpoint_is_one_line(tmp_path, checkpoint, capsys):
    path, data = checkpoint(), str(write_examples(tmp_path / "d.h5"))
    command = ["train", data, "--out", str(tmp_path / "run"), "--fine-tune", str(path)]
    for option, message in (
        (["--model", "danq"], "is a bigru_multitask, not a danq. Leave model out."),
        (["--set", "units=64"], "units=64 contradicts"),
        (["--set", "readout=max"], "which has readout='last'. Leave readout out."),
        (["--window", "14"], "window must be 1 to 12"),
    ):
        assert main([*command, *option]) in (1, 2)
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1
    assert not (tmp_path / "run").exists()
    path.with_suffix("").with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match="does not tell its architecture; give model"):
        started_by(path)


def test_a_window_that_the_layers_do_not_take(checkpoint):
    path = checkpoint("danq", filters=2, width=3, pool=2, units=2, hidden=3)
    with pytest.raises(WeightsError, match="reads 12 bp, and its layers take no 10 bp"):
        start_from(path, tasks=["x"], arguments={"window": 10})
    path = checkpoint("kmer_logreg")
    model, sizes, same_head = start_from(path, tasks=["a", "b"], arguments={"window": 10})
    assert model.input_shape == (None, 10) and sizes["window"] == 10 and same_head


def test_windows_of_the_examples(checkpoint):
    known = find(checkpoint())
    assert [window_of(known, width) for width in (11, 12, 13, 100)] == [None, 12, 12, 12]
    assert window_of(known, 13, shift=1) is None and window_of(known, 14, shift=1) == 12


def test_what_is_told_where_nothing_differs(checkpoint):
    known = find(checkpoint())
    how = {"arguments": known.arguments, "examples": 12, "tasks": ["a", "b"]}
    told = differences(known, recipe=RECIPES["default"], **how)
    assert told[1:] == ["head: the checkpoint's, for its 2 tasks"]


def test_chromosomes_that_were_learned_from_are_written_down(tmp_path):
    rows = (f"ACGTACGTACG{'ACGT'[i % 4]},chr{i % 2},{i},{'train' if i % 4 else 'valid'},{i % 2}"
            for i in range(12))  # fmt: skip
    (tmp_path / "d.csv").write_text("sequence,chrom,start,split,CTCF\n" + "\n".join(rows))
    how = {"model": "kmer_logreg", "arguments": {"k": (1,)}, "epochs": 1, "batch_size": 4}
    train_dataset(tmp_path / "d.csv", out=tmp_path / "first", **how)
    assert find(tmp_path / "first").config["contigs"] == ["chr0", "chr1"]
    text = (tmp_path / "d.csv").read_text().replace("chr0", "chr5").replace("CTCF", "ATAC")
    (tmp_path / "e.csv").write_text(text)
    train_dataset(tmp_path / "e.csv", out=tmp_path / "tuned", fine_tune=tmp_path / "first")
    assert find(tmp_path / "tuned").config["contigs"] == ["chr0", "chr1", "chr5"]
