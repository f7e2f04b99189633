"""Training: batches, resuming, what is left on disk."""

import json

import h5py
import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.datasets.chromatin import Examples
from genome_keras.train import Batches, Resume, fit, train_dataset


def examples(n=64, seed=0):
    """Windows labelled by whether they contain TATA on either strand, and by GC."""
    codes = np.random.default_rng(seed).integers(0, 4, (n, 12), dtype=np.uint8)
    text = genome_keras.decode(codes)
    labels = [["TATA" in s, s.count("G") + s.count("C") > 6] for s in text]
    labels = np.array(labels, "int8")
    labels[::7, 0] = -1
    return Examples(codes, labels, np.array(["toy"] * n), ["TATA", "GC"])


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "toy.h5"
    parts = {"train": examples(48, 1), "valid": examples(16, 2), "test": examples(16, 3)}
    with h5py.File(path, "w") as file:
        file["x"] = np.concatenate([part.codes for part in parts.values()])
        file["y"] = np.concatenate([part.labels for part in parts.values()])
        file["split"] = np.concatenate(
            [np.array([split.encode()] * len(part)) for split, part in parts.items()]
        )
        file["source"] = np.array([b"toy"] * 80)
        file["tasks"] = np.array([b"TATA", b"GC"])
    return path


def batches(**arguments):
    part = examples()
    return Batches(part.codes, part.labels, batch_size=10, **arguments)


def test_an_epoch_sees_each_example_at_most_once():
    shuffled = batches(seed=1)
    rows = np.concatenate([shuffled[i][0] for i in range(len(shuffled))])
    assert len(shuffled) == 6 and rows.shape == (60, 12)
    known = {row.tobytes() for row in examples().codes}
    assert len({row.tobytes() for row in rows}) == 60 and {row.tobytes() for row in rows} <= known


def test_same_seed_and_epoch_same_batches():
    one, two = batches(seed=1, reverse_complement=True), batches(seed=1, reverse_complement=True)
    for each in (one, two):
        each.start_epoch(3)
    assert np.array_equal(one[2][0], two[2][0])
    two.start_epoch(4)
    assert not np.array_equal(one[2][0], two[2][0])


def test_random_strands_keep_the_labels():
    part = examples()
    flipping = batches(seed=1, reverse_complement=True)
    strands = genome_keras.reverse_complement(part.codes)
    seen = {False: 0, True: 0}
    for i in range(len(flipping)):
        for row, label in zip(*flipping[i], strict=True):
            forward = np.flatnonzero((part.codes == row).all(1))
            where = forward if forward.size else np.flatnonzero((strands == row).all(1))
            assert np.array_equal(part.labels[where[0]], label)
            seen[bool(forward.size)] += 1
    assert min(seen.values()) > 15


def test_without_a_seed_the_order_stays_and_nothing_is_dropped():
    plain = batches()
    codes = np.concatenate([plain[i][0] for i in range(len(plain))])
    assert np.array_equal(codes, examples().codes)


def test_resuming_gives_the_same_weights(tmp_path, monkeypatch):
    def run(folder):
        model = genome_keras.bigru_multitask(window=12, tasks=2, units=3, dropout=0.2, seed=1)
        train, valid = examples(), examples(20, 5)
        return fit(model, train, valid, out=folder, epochs=3, batch_size=16, seed=1), model

    straight_log, straight = run(tmp_path / "straight")
    begin = Resume.on_epoch_begin

    def killed(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt
        begin(self, epoch, logs)

    monkeypatch.setattr(Resume, "on_epoch_begin", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed")
    monkeypatch.undo()
    resumed_log, resumed = run(tmp_path / "killed")
    assert resumed_log == straight_log and len(straight_log) == 3
    assert all(map(np.array_equal, straight.get_weights(), resumed.get_weights()))
    files = sorted(path.name for path in (tmp_path / "killed").iterdir())
    assert files == ["best.weights.h5", "log.json", "state-0003.weights.h5"]


def test_the_best_epoch_is_kept(tmp_path):
    """Validated on the opposite labels, training only makes it worse."""
    model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)
    train, valid = examples(), examples()
    valid.labels[:] = np.where(valid.labels < 0, -1, 1 - valid.labels)
    log = fit(model, train, valid, out=tmp_path, epochs=4, batch_size=16, learning_rate=0.1)
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
