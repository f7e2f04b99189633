import json
import sys

import h5py
import numpy as np
import pytest
from support.deepsea_files import contents, write_v5

import genome_keras
from genome_keras.cli import main
from genome_keras.datasets.task_table import tasks
from genome_keras.errors import FormatError, WeightsError
from genome_keras.evaluation.baselines import gc_scores
from genome_keras.evaluation.contenders import Contender
from genome_keras.evaluation.evaluate import evaluate
from genome_keras.evaluation.markdown import as_markdown
from genome_keras.evaluation.score_files import read_scores
from genome_keras.scores import auroc, best_threshold, f1
from genome_keras.scoring.model_in_use import ModelInUse
from genome_keras.scoring.scorer import Scorer
from genome_keras.weights.resolve import find

TASKS = ["has G first", "has T last"]
N_SPLIT = {"train": 400, "valid": 60, "test": 80}


class Toy:
    """A model of 8 bp that scores 0.4 where the label is 1 and 0.1 elsewhere."""

    layers, output_shape = (), (None, 2)

    def __init__(self, name="toy", window=8):
        self.name, self.input_shape = name, (None, window)

    def predict_on_batch(self, codes):
        assert len(codes) <= 512 and codes.shape[1] == (self.input_shape[1] or 8)
        true = np.stack([codes[:, 0] == 2, codes[:, -1] == 3], 1)
        return np.where(true, 0.4, 0.1).astype(np.float32)


def toy(name="toy", *, tasks=TASKS, window=8, trained=(True, True)):
    """A toy as verbs use a model."""
    scorer = Scorer(Toy(name, window), tasks=tasks)
    return ModelInUse(name, tasks, list(trained), window, lambda: scorer)


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    n = sum(N_SPLIT.values())
    codes = draw.integers(0, 4, (n, 8), np.uint8)
    places = {"chrom": np.resize(["chr1", "chr2"], n).astype("S4"), "start": np.arange(n) * 70_000}
    split = np.repeat(list(N_SPLIT), list(N_SPLIT.values()))
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        file["x"] = codes
        file["y"] = np.stack([codes[:, 0] == 2, codes[:, -1] == 3], 1).astype(np.int8)
        file["split"] = split.astype("S5")
        file["source"] = np.resize(["genome", "dhs", "genome", "dhs", "dhs"], n).astype("S6")
        file["tasks"] = np.array(TASKS, "S")
        for name, values in places.items():
            file[name] = values
    return path


def frequent(result, subset="all"):
    return result["subsets"][subset]["groups"]["frequent"]


def test_a_perfect_ranking_beside_the_baselines(data):
    result = evaluate(data, weights=toy())
    models = frequent(result)["models"]
    assert list(models) == ["toy", "gc", "prior"]
    assert models["toy"]["auroc_mean"] == models["toy"]["auprc_mean"] == 1
    assert (models["toy"]["f1_mean"], models["toy"]["f1_tuned_mean"]) == (0, 1)
    assert models["prior"]["auroc_mean"] == 0.5
    assert 0.5 < models["gc"]["auroc_mean"] < 1
    assert list(result["subsets"]) == ["all", "genome"]
    assert result["subsets"]["genome"]["examples"] == 32
    assert (result["split"], result["tuned_on"], result["window"]) == ("test", "valid", 8)


def test_what_can_be_scored(data):
    """A model with names for its tasks, a scorer, and several under names of one's own."""
    wanted = evaluate(data, weights=toy(), replicates=0)
    given = {"data": data, "replicates": 0}
    assert evaluate(**given, weights=Toy(), tasks=TASKS) == wanted
    assert evaluate(**given, weights=[Scorer(Toy(), tasks=TASKS, batch_size=7)]) == wanted
    assert evaluate(**given, weights={"toy": toy("another")}) == wanted
    named = evaluate(**given, weights={"a": toy(), "b": toy()})
    assert list(named["models"]) == ["a", "b", "gc", "prior"]
    assert frequent(named)["models"]["b"] == frequent(wanted)["models"]["toy"]


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([toy(), toy()], ValueError, "two models are called 'toy': give a dict"),
        ("no-such-checkpoint", WeightsError, "no checkpoint 'no-such-checkpoint'"),
        ([3], ValueError, "a keras.Model or a Scorer. Received: int"),
    ],
)
def test_what_cannot_be_scored_is_told_before_the_data_are_read(weights, error, message):
    with pytest.raises(error, match=message):
        evaluate("no-such-file.h5", weights=weights)


def test_every_split_and_source_has_its_use(data):
    with h5py.File(data) as file:
        split, source, x, y = (file[name][:] for name in ("split", "source", "x", "y"))
    train, valid, test = (split == name for name in (b"train", b"valid", b"test"))
    genome = test & (source == b"genome")
    cut = best_threshold(y[valid], gc_scores(x[train], y[train], x[valid]))
    scores = gc_scores(x[train], y[train], x[genome])
    found = frequent(evaluate(data, weights=[]), "genome")["models"]["gc"]
    assert found["f1_tuned_mean"] == pytest.approx(f1(y[genome], scores, threshold=cut).mean())
    assert found["auroc_mean"] == pytest.approx(auroc(y[genome], scores).mean())


def test_thresholds_are_not_tuned_on_the_examples_they_are_scored_on(data):
    untuned = evaluate(data, weights=[], tuned_on=None)
    assert "f1_tuned_mean" not in frequent(untuned)["models"]["gc"]
    same = evaluate(data, weights=[], split="valid")
    assert same["tuned_on"] is None
    assert same["subsets"]["all"]["examples"] == 60


def test_the_files_hold_what_is_returned(data, tmp_path):
    out = tmp_path / "a" / "b"
    result = evaluate(data, weights=[toy(), toy("any length", window=None)], out=out)
    assert sorted(path.name for path in out.iterdir()) == ["per_task.tsv", "scores.json"]
    assert json.loads((out / "scores.json").read_text()) == result
    head, *lines = (line.split("\t") for line in (out / "per_task.tsv").read_text().splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert len(rows) == 2 * 4 * 2
    for model, summary in frequent(result, "genome")["models"].items():
        chosen = [r for r in rows if (r["subset"], r["model"]) == ("genome", model)]
        assert [r["task"] for r in chosen] == TASKS
        mean = np.mean([float(r["auprc"]) for r in chosen])
        assert mean == pytest.approx(summary["auprc_mean"], abs=1e-15)


def test_a_second_run_replaces_the_files(data, tmp_path):
    evaluate(data, weights=toy(), out=tmp_path / "out")
    result = evaluate(data, weights=[], out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == result


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (toy(tasks=TASKS[::-1]), "its 2 tasks are not the 2 tasks of"),
        (toy(window=100), "windows of 100 bp, not of 8 bp"),
        (Toy(), r"its 2 tasks are not the 2 tasks of .* say their names with tasks=\[...\]"),
    ],
)
def test_a_model_of_other_data_is_an_error(data, model, message):
    with pytest.raises(WeightsError, match=message) as caught:
        evaluate(data, weights=model)
    assert str(caught.value).startswith("toy: ")
    assert "\n" not in str(caught.value)


def test_bad_data_and_unknown_sources(data, tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        evaluate(tmp_path / "none.h5", weights=toy())
    with pytest.raises(ValueError, match="'windows'"):
        evaluate(data, weights=[], sources=("windows",))
    assert list(evaluate(data, weights=[], sources=("dhs",))["subsets"]) == ["all", "dhs"]


def test_a_shorter_window_is_the_middle(data, tmp_path):
    wider = tmp_path / "wider.h5"
    with h5py.File(data) as old, h5py.File(wider, "w") as new:
        for name in old:
            new[name] = old[name][:]
        del new["x"]
        new["x"] = np.pad(old["x"][:], ((0, 0), (2, 2)), constant_values=4)
    found = frequent(evaluate(wider, weights=toy()))
    assert found["models"]["toy"] == frequent(evaluate(data, weights=toy()))["models"]["toy"]
    evaluate(data, weights=toy(window=5), replicates=0)  # base 2 of 5 is base 4 of 8


def test_intervals_are_of_blocks_of_the_genome(data, tmp_path):
    result = evaluate(data, weights=toy(), replicates=50)
    # 80 windows, 70 kb apart, in turn on two chromosomes: from 32.2 to 37.7 Mb of each.
    assert result["bootstrap"] == {"blocks": "genome", "number": 12, "replicates": 50, "seed": 0}
    low, high = frequent(result)["models"]["gc"]["auroc_interval"]
    assert low < frequent(result)["models"]["gc"]["auroc_mean"] < high
    with h5py.File(data, "a") as file:
        del file["chrom"]
    result = evaluate(data, weights=toy(), replicates=0)
    assert (result["bootstrap"]["blocks"], result["bootstrap"]["number"]) == ("rows", 80)
    assert "auroc_interval" not in frequent(result)["models"]["gc"]


def test_the_deepsea_bundle(tmp_path, monkeypatch):
    """919 tasks; the windows of a pair are neighbours, and resampled together."""
    from genome_keras.evaluation import data

    for seed, (split, n) in enumerate({"train": 300, "valid": 40, "test": 60}.items()):
        codes, labels = contents(n, seed, window=8, tasks=919)
        write_v5(tmp_path / f"{split}.mat", split, codes, labels)
    found = data.held_out(tmp_path, "test")
    np.testing.assert_array_equal(found.codes[::2], codes[:30])
    np.testing.assert_array_equal(found.labels[1::2], labels[30:])
    names = list(tasks("deepsea-919").names)
    run = Constant("run", ModelInUse("run", names, [True] * 919, 8, None))
    result = evaluate(tmp_path, weights=run, replicates=5)
    assert result["subsets"]["all"]["examples"] == 60
    assert (result["bootstrap"]["blocks"], result["bootstrap"]["number"]) == ("rows", 30)
    assert frequent(result)["models"]["run"]["auroc_mean"] == 0.5
    assert list(result["models"]) == ["run", "gc", "prior"]

    monkeypatch.setattr(data, "DEEPSEA_TEST", 60)  # as if it were the published test set
    out = tmp_path / "out"
    result = evaluate(tmp_path, weights=run, replicates=0, out=out, report=tmp_path / "r.html")
    others = [f"{name} (published)" for name in ("deepsea", "danq", "danq_jaspar")]
    assert list(result["models"]) == ["run", *others, "gc", "prior"]
    danq = result["subsets"]["all"]["groups"]["all"]["models"]["danq (published)"]
    assert danq["auroc_mean"] == pytest.approx(0.9384, abs=1e-4)
    assert (danq["f1_mean"], danq["overall_perplexity"]) == (None, None)
    text = as_markdown(result)
    assert "- run against danq (published): higher AUROC in 0 of 9" in text
    assert "| danq (published) |  |  | 0.9" in text
    assert as_markdown(read_scores([out])[0]) == text


def test_a_large_training_set_is_sampled(data, monkeypatch):
    from genome_keras.evaluation import data as reading

    rates, all_of_it = reading.training(data)
    assert len(all_of_it) == 400
    monkeypatch.setattr(reading, "MOST", 100)
    monkeypatch.setattr(sys.modules["genome_keras.datasets.chromatin_data"], "ROWS", 10)
    again, some = reading.training(data)
    np.testing.assert_array_equal(again, rates)
    assert len(some) == 100
    assert (some.codes[0] == all_of_it.codes[0]).all()
    assert (some.codes[-1] == all_of_it.codes[-1]).all()


def test_a_task_that_was_never_trained_counts_nowhere(data, tmp_path):
    result = evaluate(
        data, weights=[toy("half", trained=[True, False]), toy()], replicates=0, out=tmp_path
    )
    group = result["subsets"]["all"]["groups"]["all"]
    assert group["models"]["half"]["auroc_mean"] == group["models"]["toy"]["auroc_mean"] == 1
    pair = next(p for p in group["pairs"] if (p["model"], p["baseline"]) == ("half", "toy"))
    assert pair["auroc"]["tasks"] == 1 and pair["f1"]["tasks"] == 1
    rows = [line.split("\t") for line in (tmp_path / "per_task.tsv").read_text().splitlines()]
    where = {name: rows[0].index(name) for name in ("task", "model", "auroc")}
    found = {(r[where["task"]], r[where["model"]]): r[where["auroc"]] for r in rows[1:]}
    assert found[TASKS[1], "half"] in ("", "nan") and float(found[TASKS[1], "toy"]) == 1


class Constant(Contender):
    """One score for everything."""

    def scores(self, epoch, codes):
        return np.full((len(codes), len(self.tasks)), 0.25)


class Run(Contender):
    """Three epochs; the second is the best on the windows it is chosen on."""

    def __init__(self):
        super().__init__("run", toy(), files={1: None, 2: None, 3: None})

    def scores(self, epoch, codes):
        true = np.stack([codes[:, 0] == 2, codes[:, -1] == 3], 1)
        valid = len(codes) == N_SPLIT["valid"]
        right = {1: [0.6, 0.1], 2: [0.4, 0.4], 3: [0.1, 0.6]}
        if valid:
            right = {1: [0.1, 0.6], 2: [0.9, 0.9], 3: [0.1, 0.1]}
        return np.where(true, right[epoch], 0.05)


def test_a_run_is_scored_at_its_best_epoch_and_at_those_of_each_task(data):
    result = evaluate(data, weights=Run(), replicates=0)
    names = ["run", "run (each task's epoch)", "run (each task's epoch, optimistic)"]
    assert list(result["models"]) == [*names, "gc", "prior"]
    kinds = [model["kind"] for model in result["models"].values()]
    assert kinds == ["model", "by task", "optimistic", "baseline", "baseline"]
    epochs = result["models"]["run"]["epochs"]
    assert epochs["best"] == 2
    assert [row["all_f1"] for row in epochs["each"]] == [0.5, 0, 0.5]
    models = frequent(result)["models"]
    # Task 0 has F1 1 in epoch 1 only, task 1 in epoch 3 only.
    assert [models[name]["f1_mean"] for name in names] == [0, 0, 1]
    assert [models[name]["f1_tuned_mean"] for name in names[::2]] == [0, 1]
    text = as_markdown(result)
    assert "run is epoch 2 of 3, the best on valid." in text
    assert f"- {names[2]} against gc: higher F1 in 2 of 2 tasks" in text
    assert f"against {names[1]}" not in text
    assert "optimistic): the epoch with the highest F1 was chosen for each task" in text
    with pytest.raises(ValueError, match="run: its epochs need tuned_on"):
        evaluate(data, weights=Run(), tuned_on=None)


def test_command(data, tmp_path, capsys):
    """On a checkpoint whose scores are one number, as it comes from training."""
    model = genome_keras.kmer_logreg(window=8, tasks=2, k=(1,))
    model.get_layer("head").set_weights([np.zeros((4, 2)), np.zeros(2)])
    model.save_weights(tmp_path / "m.weights.h5")
    about = {"architecture": "kmer_logreg", "arguments": {"window": 8, "tasks": 2, "k": [1]}}
    (tmp_path / "m.json").write_text(json.dumps(about | {"tasks": TASKS}))
    name = str(tmp_path / "m.weights.h5")
    files = ["--out", str(tmp_path / "out"), "--report", str(tmp_path / "out" / "r.html")]
    assert main(["evaluate", str(data), "--weights", name, "--replicates", "20", *files]) == 0
    assert f"| {name} | " in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert result == evaluate(data, weights=[name], replicates=20)
    assert result == evaluate(data, weights=find(name), replicates=20)
    assert frequent(result)["models"][name]["auroc_mean"] == 0.5
    assert TASKS[0] in (tmp_path / "out" / "r.html").read_text()
    trained = {name: genome_keras.kmer_logreg(weights=name)}
    assert evaluate(data, weights=trained, replicates=20)["subsets"] == result["subsets"]


def test_chosen_tasks_score_as_among_all(data, tmp_path):
    every, out = tmp_path / "all", tmp_path / "one"
    evaluate(data, weights=toy(), replicates=0, out=every)
    found = evaluate(data, weights=toy(), replicates=0, out=out, choose="*LAST")
    header, *rows = (every / "per_task.tsv").read_text().splitlines()
    kept = [row for row in rows if TASKS[1] in row.split("\t")]
    assert (out / "per_task.tsv").read_text().splitlines() == [header, *kept] != [header]
    assert {*found["models"]} == {"toy", "gc", "prior"}
    with pytest.raises(ValueError, match=r"toy\.h5: no task 'x'; it has 2"):
        evaluate(data, weights=toy(), choose="x")


def test_markdown(data):
    text = as_markdown(evaluate(data, weights=toy()))
    assert "**all**: 80 windows, 2 tasks with at least 1 % positives in training" in text
    assert "| model | F1 | tuned F1 | AUROC | AUPRC | perplexity |\n|---|---:|" in text
    assert "| toy | 0.0000 | 1.0000 | 1.0000 | 1.0000 | " in text
    assert "- toy against prior: higher F1 in 0 of 2 tasks (0.0%; 2 equal)" in text
    assert "AUROC in 2 of 2" in text
    assert "fewer than" not in text  # no rare task
    assert as_markdown(evaluate(data, weights=[]), groups=("rare",)) == ""
