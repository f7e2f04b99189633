"""`genome-keras weights verify`: each check can fail, and says why."""

import json

import h5py
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.evaluation.evaluate import evaluate
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.sharing.verify import HEADINGS, verify

TASKS = ["A|CTCF", "B|TAL1"]
CARD = "# Toy\n" + "".join(f"\n## {heading}\n\nSome words.\n" for heading in HEADINGS)


@pytest.fixture
def folder(tmp_path):
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)
    return save_pretrained(model, tmp_path / "toy", tasks=TASKS, license="mit", card=CARD)


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        file["x"] = draw.integers(0, 4, (300, 12), dtype=np.uint8)
        file["y"] = draw.integers(0, 2, (300, 2)).astype("int8")
        file["split"] = np.array([b"train"] * 100 + [b"valid"] * 100 + [b"test"] * 100)
        file["source"] = np.array([b"genome"] * 300)
        file["tasks"] = np.array([task.encode() for task in TASKS])
    return path


def outcome(folder, **options):
    return {check.what: (check.passed, check.detail) for check in verify(folder, **options)}


def edit(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_sound_folder(folder):
    checks = outcome(folder)
    passed = {what: result for what, (result, _) in checks.items()}
    every = ("description", "bytes", "structure", "probe", "tasks", "card")
    assert passed == {**dict.fromkeys(every, True), "scores": None}


def test_other_scores_of_the_probe(folder):
    scores = json.loads((folder / "config.json").read_text())["probe_scores"]
    scores[0][0] += 0.001
    edit(folder, probe_scores=scores)
    assert outcome(folder)["probe"] == (False, "scores differ by at most 1.0e-03")
    edit(folder, probe_scores=[[0.5]])
    assert outcome(folder)["probe"][0] is False
    edit(folder, probe_scores={"a": "b"})
    assert outcome(folder)["probe"][0] is False


def test_weights_that_are_no_numbers(folder):
    with h5py.File(folder / "model.weights.h5", "a") as file:
        found = []
        file.visititems(lambda n, x: found.append(x) if isinstance(x, h5py.Dataset) else None)
        found[0][0] = np.nan
    checks = outcome(folder)
    assert checks["bytes"][0] is False and "damaged" in checks["bytes"][1]
    passed, told = checks["structure"]
    assert not passed and told.endswith("a weight is not a finite number")
    assert checks["probe"][0] is False


@pytest.mark.parametrize("tasks", [["a"], ["a", "b", "c"]])
def test_another_number_of_tasks(folder, tasks):
    (folder / "tasks.tsv").write_text("".join(f"{line}\n" for line in ["task", *tasks]))
    assert outcome(folder)["tasks"] == (False, f"{len(tasks)} different names for 2 tasks")


def test_cards_with_gaps(folder):
    card = folder / "README.md"
    whole = card.read_text()
    card.write_text(whole.replace("## Limits\n\nSome words.", "## Limits\n\nNot stated."))
    assert outcome(folder)["card"] == (False, "nothing under 'Limits'")
    card.write_text(whole.replace("## Licence", "## Other"))
    assert outcome(folder)["card"] == (False, "nothing under 'Licence'")
    card.unlink()
    assert outcome(folder)["card"][0] is False


def test_scores_against_a_fresh_evaluation(folder, data, capsys):
    result = evaluate(data, weights=[folder])
    held_out = {
        subset: part["groups"]["frequent"]["models"][str(folder)]
        for subset, part in result["subsets"].items()
    }
    edit(folder, held_out=held_out)
    card = folder / "README.md"
    metrics = ("f1_mean", "f1_tuned_mean", "auroc_mean", "auprc_mean", "overall_perplexity")
    numbers = [f"{scores[m]:.4f}" for scores in held_out.values() for m in metrics]
    assert outcome(folder)["card"][0] is False
    card.write_text(card.read_text() + "\n" + " ".join(numbers) + "\n")
    assert main(["weights", "verify", str(folder), "--data", str(data)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[2] for line in lines] == ["ok"] * 7
    held_out["all"]["auroc_mean"] += 0.001
    edit(folder, held_out=held_out)
    assert main(["weights", "verify", str(folder), "--data", str(data)]) == 1
    captured = capsys.readouterr()
    assert "scores\tFAILED\tauroc_mean of 'all' is" in captured.out
    assert "2 checks failed" in captured.err


def test_data_of_other_tasks_are_not_compared(folder, data):
    edit(folder, held_out={"all": {"auroc_mean": 0.5}})
    with h5py.File(data, "r+") as file:
        file["tasks"][...] = [b"A|CTCF", b"B|GATA1"]
    passed, detail = outcome(folder, data=data)["scores"]
    assert passed is None and "tasks are not" in detail


def test_other_windows_are_not_compared(folder, data):
    edit(folder, held_out={"all": {"auroc_mean": 0.5, "examples": 7}})
    passed, detail = outcome(folder, data=data)["scores"]
    assert passed is None and "scores are of 7 windows (all), here are " in detail


def test_other_windows_are_told_before_any_is_scored(folder, data, monkeypatch):
    edit(folder, held_out={"all": {"auroc_mean": 0.5, "examples": 7}})

    def evaluate(*arguments, **options):
        raise AssertionError("scored")

    monkeypatch.setattr("genome_keras.evaluation.evaluate.evaluate", evaluate)
    passed, detail = outcome(folder, data=data)["scores"]
    assert passed is None and "scores are of 7 windows (all), here are " in detail


def test_no_checkpoint_at_all(tmp_path, capsys):
    assert main(["weights", "verify", str(tmp_path / "none.weights.h5")]) == 1
    assert "FAILED" in capsys.readouterr().out
