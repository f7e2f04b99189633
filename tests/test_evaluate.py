import json
import sys
import types

import h5py
import numpy as np
import pytest

from genome_keras.baselines import gc_scores
from genome_keras.errors import FormatError, WeightsError
from genome_keras.evaluate import as_markdown, evaluate
from genome_keras.scores import auroc, best_threshold, f1

TASKS = ["has G first", "has T last"]
N_SPLIT = {"train": 400, "valid": 60, "test": 80}


class Toy:
    """Scores 0.4 where the label is 1 and 0.1 elsewhere."""

    def predict(self, codes, *, batch_size, verbose):
        assert (batch_size, verbose) == (512, 0)
        true = np.stack([codes[:, 0] == 2, codes[:, -1] == 3], 1)
        return np.where(true, 0.4, 0.1).astype(np.float32)


@pytest.fixture
def toys(monkeypatch):
    """Puts toy checkpoints in the place of the real ones."""
    known = {"toy": (TASKS, 8), "any length": (TASKS, None), "other": (TASKS[::-1], 8)}
    known["wide"] = (TASKS, 100)

    def load_model(weights):
        tasks, window = known[weights]
        return Toy(), types.SimpleNamespace(tasks=tasks, arguments={"window": window})

    module = types.ModuleType("genome_keras.predict")
    module.load_model = load_model
    monkeypatch.setitem(sys.modules, "genome_keras.predict", module)


@pytest.fixture
def data(tmp_path, toys):
    draw = np.random.default_rng(0)
    n = sum(N_SPLIT.values())
    codes = draw.integers(0, 4, (n, 8), np.uint8)
    split = np.repeat(list(N_SPLIT), list(N_SPLIT.values()))
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        file["x"] = codes
        file["y"] = np.stack([codes[:, 0] == 2, codes[:, -1] == 3], 1).astype(np.int8)
        file["split"] = split.astype("S5")
        file["source"] = np.resize(["genome", "dhs", "genome", "dhs", "dhs"], n).astype("S6")
        file["tasks"] = [t.encode() for t in TASKS]
    return path


def frequent(result, subset="all"):
    return result["subsets"][subset]["groups"]["frequent"]


def test_a_perfect_ranking_beside_the_baselines(data):
    result = evaluate(data, weights=["toy"])
    models = frequent(result)["models"]
    assert list(models) == ["toy", "gc", "prior"]
    assert models["toy"]["auroc_mean"] == models["toy"]["auprc_mean"] == 1
    assert (models["toy"]["f1_mean"], models["toy"]["f1_tuned_mean"]) == (0, 1)
    assert models["prior"]["auroc_mean"] == 0.5
    assert 0.5 < models["gc"]["auroc_mean"] < 1
    assert list(result["subsets"]) == ["all", "genome"]
    assert result["subsets"]["genome"]["examples"] == 32
    assert (result["split"], result["tuned_on"], result["window"]) == ("test", "valid", 8)


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
    result = evaluate(data, weights=["toy", "any length"], out=out)
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
    evaluate(data, weights=["toy"], out=tmp_path / "out")
    result = evaluate(data, weights=[], out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == result


@pytest.mark.parametrize(
    ("name", "message"),
    [("other", "its 2 tasks are not the 2 tasks of"), ("wide", "windows of 100 bp, not of 8 bp")],
)
def test_a_checkpoint_of_other_data_is_an_error(data, name, message):
    with pytest.raises(WeightsError, match=message) as caught:
        evaluate(data, weights=[name])
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


def test_bad_data_and_unknown_sources(data, tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        evaluate(tmp_path / "none.h5", weights=["toy"])
    with pytest.raises(ValueError, match="'windows'"):
        evaluate(data, weights=[], sources=("windows",))
    assert list(evaluate(data, weights=[], sources=("dhs",))["subsets"]) == ["all", "dhs"]


def test_markdown(data):
    text = as_markdown(evaluate(data, weights=["toy"]))
    assert "**all**: 80 windows, 2 tasks with at least 1 % positives in training" in text
    assert "| model | F1 | tuned F1 | AUROC | AUPRC | perplexity |\n|---|---:|" in text
    assert "| toy | 0.0000 | 1.0000 | 1.0000 | 1.0000 | " in text
    assert "- toy against prior: higher F1 in 0 of 2 tasks (0.0%; 2 equal)" in text
    assert "AUROC in 2 of 2" in text
    assert "fewer than" not in text  # no rare task
    assert as_markdown(evaluate(data, weights=[]), groups=("rare",)) == ""
