"""Opening splits: the paper's commands on a bundle, and examples read into memory."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.deepsea_files import contents, write_v5

from genome_keras.cli import main
from genome_keras.datasets.source import Source
from genome_keras.datasets.splits import in_memory, open_split
from genome_keras.datasets.task_table import tasks


class Numbered(Source):
    """Examples that hold their own number; `read` are the ranges that were asked for."""

    window, tasks = 1, ("t",)

    def __init__(self, n, chunk):
        self.n, self.chunk, self.read = n, chunk, []

    def __len__(self):
        return self.n

    def read_codes(self, start, stop):
        self.read.append((start, stop))
        return np.arange(start, stop, dtype=np.uint8)[:, None]

    def read_labels(self, start, stop):
        return np.arange(start, stop).astype(np.int8)[:, None]


@given(n=st.integers(1, 100), chunk=st.integers(1, 120), most=st.none() | st.integers(1, 120))
def test_so_many_different_examples_of_few_chunks_in_order(n, chunk, most):
    source = Numbered(n, chunk)
    found = in_memory(source, most)
    numbers = found.codes[:, 0].astype(int)
    assert len(numbers) == min(n, most or n)
    assert (np.diff(numbers) > 0).all() and numbers[-1] < n
    assert np.array_equal(found.labels[:, 0], numbers)
    assert all(stop - start <= chunk for start, stop in source.read)
    if len(source.read) > 1:  # from the first chunk to the last
        assert numbers[0] == 0 and numbers[-1] // chunk == (n - 1) // chunk


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="at least 1 example"):
        in_memory(Numbered(9, 4), 0)


@pytest.fixture
def bundle(tmp_path):
    for seed, (split, n) in enumerate({"train": 60, "valid": 16, "test": 20}.items()):
        write_v5(tmp_path / f"{split}.mat", split, *contents(n, seed, window=20, tasks=919))
    return tmp_path


def test_a_bundle_is_a_split_as_any_other(bundle):
    codes, labels = contents(16, 1, window=20, tasks=919)
    found = in_memory(open_split(bundle, "valid", window=10))
    assert np.array_equal(found.codes, codes[:, 5:15])
    assert np.array_equal(found.labels, labels)


@pytest.mark.thorough
def test_the_paper_in_three_commands(bundle, tmp_path):
    same = ["--window", "10", "--examples", "32"]
    rnn, baseline = str(tmp_path / "rnn"), str(tmp_path / "baseline")
    train = ["train", str(bundle), "--out", rnn, "--recipe", "paper", "--epochs", "2", *same]
    assert main([*train, "--set", "units=4"]) == 0
    assert main(["logreg", str(bundle), "--out", baseline, "--C", "1", *same]) == 0
    out = tmp_path / "result"
    runs = ["--weights", rnn, "--weights", baseline]
    assert main(["evaluate", str(bundle), *runs, "--out", str(out), "--replicates", "2"]) == 0
    assert json.loads((tmp_path / "rnn" / "train.json").read_text())["examples"] == 32
    (name,) = [path.name for path in out.iterdir() if path.suffix == ".json"]
    models = json.loads((out / name).read_text())["models"]
    assert {rnn, baseline, "gc", "prior"} <= set(models)
    # A run is a checkpoint as any other.
    (tmp_path / "x.fa").write_text(">x\nACGTTGCAAC\n")
    scores = tmp_path / "scores.tsv"
    for run in (rnn, baseline):
        predict = ["predict", str(tmp_path / "x.fa"), "--weights", run, "--out", str(scores)]
        assert main(predict) == 0
        header, row = (line.split("\t") for line in scores.read_text().splitlines())
        assert (header[3], len(row)) == (tasks("deepsea-919").names[0], 922)
    # Another number of examples is another run.
    assert main([*train[:-1], "48", "--set", "units=4"]) == 1
