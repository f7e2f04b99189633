"""Fitting the baselines: equal to scikit-learn, resumable, the right C kept."""

import json

import h5py
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from support.training import examples, write_examples

import genome_keras
from genome_keras import datasets
from genome_keras.cli import main
from genome_keras.training.train_logreg import train_logreg

C = (1e-2, 1.0)


@pytest.fixture
def data(tmp_path):
    return write_examples(tmp_path / "toy.h5")


def numbers(codes):
    return np.array([0, 1, 2, 3, 1.5])[codes]


def both_strands(codes):
    other = genome_keras.reverse_complement(codes)
    return (genome_keras.kmer_counts(codes) + genome_keras.kmer_counts(other)) / 2


@pytest.mark.parametrize("features", ["kmers", "integers"])
def test_equal_to_scikit_learn(data, tmp_path, features):
    """Same optimum on the features that are fitted: numbers doubled, and counts of the
    first k-mer of each pair of strands, on both."""
    out = tmp_path / "run"
    assert main(["logreg", str(data), "--out", str(out), "--features", features, "--C", "1"]) == 0
    train = examples(48, 1)
    name = "kmer_logreg" if features == "kmers" else "integer_logreg"
    factory = getattr(genome_keras, name)
    arguments = json.loads((out / "train.json").read_text())["arguments"]
    model = factory(**arguments, weights=out / "best.weights.h5")
    if features == "integers":
        columns = 2 * numbers(train.codes)
    else:
        counts = 2 * both_strands(train.codes)
        names = genome_keras.encode.kmer_names(k=(1, 2, 3, 4, 5))
        complement = str.maketrans("ACGT", "TGCA")
        first = [name <= name.translate(complement)[::-1] for name in names]
        own = [name == name.translate(complement)[::-1] for name in names]
        columns = np.where(own, counts / 2, counts)[:, first]
    for task in range(2):
        known = train.labels[:, task] >= 0
        fit = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000)
        fit.fit(columns[known], train.labels[known, task])
        expected = fit.predict_proba(columns)[:, 1]
        got = np.asarray(model.predict(train.codes, verbose=0))[:, task]
        np.testing.assert_allclose(got, expected, atol=2e-3)


def test_the_best_c_is_kept_and_a_killed_run_goes_on(data, tmp_path, monkeypatch):
    log = train_logreg(data, out=tmp_path / "run", C=C)
    best = min(log, key=lambda row: row["val_perplexity"])["C"]
    folder = tmp_path / "run"
    kept = (folder / "best.weights.h5", folder / f"C-{best:g}.weights.h5")
    models = [genome_keras.kmer_logreg(window=12, tasks=2, weights=path) for path in kept]
    assert all(map(np.array_equal, *(model.get_weights() for model in models)))
    assert [row["C"] for row in log] == sorted(C)
    assert all(row["converged"] == 2 for row in log)

    before = (folder / "C-0.01.npz").stat().st_mtime_ns
    (folder / "C-1.npz").unlink()
    again = train_logreg(data, out=folder, C=C)
    assert (folder / "C-0.01.npz").stat().st_mtime_ns == before
    for row, other in zip(log, again, strict=True):
        assert {**row, "cpu_seconds": 0} == {**other, "cpu_seconds": 0}


def test_n_counts_as_the_mean_of_the_others():
    model = genome_keras.integer_logreg(window=4, tasks=1, seed=1)
    kernel = np.arange(1.0, 5)[:, None] / 10
    model.get_layer("head").set_weights([kernel, np.zeros(1)])
    codes = np.array([[0, 1, 2, 3], [4, 4, 4, 4]], "uint8")
    expected = 1 / (1 + np.exp(-(numbers(codes) @ kernel)))
    np.testing.assert_allclose(model.predict(codes, verbose=0), expected, atol=1e-6)


def test_the_recipe_of_the_paper(tmp_path):
    out, data, draw = tmp_path / "run", tmp_path / "hard.h5", np.random.default_rng(0)
    codes, labels = draw.integers(0, 4, (400, 60)), draw.integers(0, 2, (400, 1))
    split = np.repeat(["train", "valid"], [300, 100])
    datasets.write_examples(data, codes, labels, split=split, tasks=["CTCF"], source="genome")
    assert main(["logreg", str(data), "--out", str(out), "--recipe", "paper"]) == 0
    (row,) = json.loads((out / "log.json").read_text())
    assert row["C"] == 1e6 and row["most_iterations"] == 100
    model = genome_keras.kmer_logreg(
        **json.loads((out / "train.json").read_text())["arguments"],
        weights=out / "best.weights.h5",
    )
    fit = np.load(out / "C-1e+06.npz")
    odds = genome_keras.kmer_counts(codes[:8]) @ fit["weights"] + fit["intercepts"]
    expected = 1 / (1 + np.exp(-np.clip(odds, -80, 80)))  # of one strand
    np.testing.assert_allclose(model.predict(codes[:8], verbose=0), expected, atol=1e-4)


def test_another_run_in_the_folder_and_bad_arguments(data, tmp_path, capsys):
    command = ["logreg", str(data), "--out", str(tmp_path / "run")]
    assert main([*command, "--C", "1"]) == 0
    assert main([*command, "--features", "integers"]) == 1
    assert "this folder holds a run with other arguments" in capsys.readouterr().err
    with h5py.File(data, "r+") as file:
        file["y"][1] = 1 - file["y"][1]
    assert main([*command, "--C", "1"]) == 1  # and not the fit of other labels
    assert "this folder holds a run with other arguments or data" in capsys.readouterr().err
    with h5py.File(data, "r+") as file:
        file["y"][...] = -1
    assert main(["logreg", str(data), "--out", str(tmp_path / "nothing")]) == 1
    assert "split 'train': no label is 0 or 1; all are missing" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(ValueError, match="C must differ in six digits"):
        train_logreg(data, out=tmp_path / "x", C=[0.1, 0.10000001])
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--C", "0"])
    assert stopped.value.code == 2
    assert "expected a number above 0, got '0'" in capsys.readouterr().err
    with pytest.raises(ValueError, match="features must be one of"):
        train_logreg(data, out=tmp_path / "x", features="words")
