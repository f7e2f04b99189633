"""What a training folder keeps, and that a killed run goes on to the same bits."""

import csv
import json

import keras
import numpy as np
import pytest
from support.training import TOY, examples, run, small, without_time

import genome_keras
from genome_keras.errors import FormatError
from genome_keras.training.fit import fit
from genome_keras.training.recipe import Recipe, recipe_of
from genome_keras.training.run_folder import RunFolder
from genome_keras.weights.resolve import find


class Killed(BaseException):
    """What a kill is to Python: nothing catches it."""


def counting():
    return genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)


def recurrent():
    sizes = {"window": 12, "tasks": 2, "units": 3, "depth": 1}
    return genome_keras.bigru_multitask(**sizes, dropout=0.2, seed=1)


@pytest.mark.parametrize(
    ("hook", "how", "made"),
    [
        ("on_epoch_begin", {}, lambda: None),
        ("on_train_batch_end", {}, lambda: None),
        ("on_epoch_begin", {"ema": 0.8}, counting),
        ("on_train_batch_end", {"ema": 0.8}, counting),
        pytest.param("on_train_batch_end", {}, recurrent, marks=pytest.mark.thorough),
    ],
)
def test_resuming_gives_the_same_bits(tmp_path, monkeypatch, hook, how, made):
    """Killed at the start of the third epoch, or after two batches of the second."""
    straight_log, straight = run(tmp_path / "straight", how=how, model=made())
    usual, seen = getattr(RunFolder, hook), []

    def killed(self, number, logs=None):
        usual(self, number, logs)
        seen.append(number)
        if len(seen) == (3 if hook == "on_epoch_begin" else 6):
            raise Killed

    monkeypatch.setattr(RunFolder, hook, killed)
    with pytest.raises(Killed):
        run(tmp_path / "killed", how=how, model=made(), save_every=0)
    monkeypatch.undo()
    with np.load(tmp_path / "killed" / "state.npz") as state:
        begun = (int(state["epoch"]), int(state["batch"]))
    assert begun == ((2, 0) if hook == "on_epoch_begin" else (1, 2))
    resumed_log, resumed = run(tmp_path / "killed", how=how, model=made())
    assert without_time(resumed_log) == without_time(straight_log) and len(straight_log) == 3
    assert all(map(np.array_equal, straight.get_weights(), resumed.get_weights()))


@pytest.mark.parametrize("warm", [{}, {"trunk_rate": 0.5}])
def test_averages_are_kept_and_training_goes_on_without_them(tmp_path, warm):
    """One step an epoch, so that the kept epochs tell the weights, or averages, after each."""
    if warm and not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("of Keras 3.15")
    weights, log = {}, {}
    for ema in (None, 0.75):
        folder, part = tmp_path / str(ema), examples()
        model = counting()
        how = Recipe(batch_size=64, epochs=3, keep_epochs=True, warmup=0, ema=ema, **warm)
        log[ema] = fit(model, part, part, out=folder, recipe=how, seed=1)
        weights[ema] = []
        for path in sorted((folder / "epochs").iterdir()):
            find(path).load_into(model)
            weights[ema].append(model.get_weights())
        scored = model.evaluate(part.codes, part.labels, verbose=0, batch_size=64)[1]
        assert scored == pytest.approx(log[ema][-1]["val_perplexity"], rel=1e-5)
    average = weights[None][0]
    for own, kept in zip(weights[None], weights[0.75], strict=True):
        average = [0.75 * old + 0.25 * new for old, new in zip(average, own, strict=True)]
        for one, other in zip(average, kept, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    assert not np.allclose(weights[None][2][-2], weights[0.75][2][-2], atol=1e-4)


def test_files(tmp_path):
    log, model = run(tmp_path, how={"keep_epochs": True})
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["best.weights.h5", "epochs", "log.csv", "log.json", "state.npz"]
    assert json.loads((tmp_path / "log.json").read_text()) == log
    with (tmp_path / "log.csv").open() as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert rows == log
    epochs = sorted((tmp_path / "epochs").iterdir())
    assert [path.name for path in epochs] == [f"{i:04d}.weights.h5" for i in (1, 2, 3)]
    best = min(log, key=lambda row: row["val_perplexity"])["epoch"]
    kept = small(weights=epochs[best - 1])
    assert all(map(np.array_equal, kept.get_weights(), model.get_weights()))


def test_patience(tmp_path):
    """Validated on the opposite labels, training only makes it worse: one good epoch."""
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)
    train, valid = examples(), examples()
    valid.labels[:] = np.where(valid.labels < 0, -1, 1 - valid.labels)
    recipe = Recipe(epochs=9, batch_size=16, learning_rate=0.1, patience=2)
    how = {"out": tmp_path, "recipe": recipe}
    log = fit(model, train, valid, **how)
    best = min(log, key=lambda row: row["val_perplexity"])["epoch"]
    assert len(log) == best + 2 < 9
    assert fit(model, train, valid, **how) == log  # a finished run stays finished


@pytest.mark.parametrize("damage", ["cut", "empty", "other model", "no state"])
def test_a_damaged_state_is_an_error(tmp_path, damage):
    run(tmp_path, epochs=1)
    path = tmp_path / "state.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-99])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no state":
        np.savez(path, epoch=1)
    model = small(filters=4 if damage == "other model" else 3)
    with pytest.raises(FormatError, match=r"state.npz: damaged, or not the .* model; remove"):
        fit(model, examples(), examples(20, 5), out=tmp_path, recipe=recipe_of(TOY, epochs=2))


def test_a_state_of_another_kind_of_file(tmp_path):
    run(tmp_path, epochs=1)
    np.save(tmp_path / "x.npy", np.array([print], dtype=object))
    (tmp_path / "x.npy").rename(tmp_path / "state.npz")
    with pytest.raises(FormatError, match=r"not the state of this model"):
        run(tmp_path, epochs=2)


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorflow")
    pytest.importorskip("tensorboard")
    run(tmp_path, epochs=1, tensorboard=True)
    assert list((tmp_path / "tensorboard").rglob("events.*"))
