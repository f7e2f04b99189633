"""Data sets that a user writes: what is read of them is what was given."""

import numpy as np
import pytest

from genome_keras.datasets import chromatin, write_examples
from genome_keras.datasets.chromatin_data import sources_in, splits_of_file
from genome_keras.errors import GenomeKerasError, SequenceError


def test_what_is_written_is_read(tmp_path):
    draw = np.random.default_rng(0)
    codes, labels = draw.integers(0, 5, (9, 7)), draw.integers(-1, 2, (9, 2))
    split, source = np.resize(["train", "own"], 9), ["a", "b", "ü"] * 3
    path = tmp_path / "x.h5"
    write_examples(path, codes, labels, split=split, tasks=["t", "ü"], source=source)
    assert splits_of_file(path) == ["own", "train"] and sources_in(path) == ["a", "b", "ü"]
    found = chromatin(path, "own")
    np.testing.assert_array_equal(found.codes, codes[1::2])
    np.testing.assert_array_equal(found.labels, labels[1::2])
    assert found.source.tolist() == source[1::2] and found.tasks == ["t", "ü"]
    before = path.read_bytes()
    write_examples(path, codes, labels, split=split, tasks=["t", "ü"], source=source)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("windows", "labels", "more", "error"),
    [
        (["ACGT", "AC"], [1, 0], {}, SequenceError),
        (["ACGX"], [1], {}, SequenceError),
        ([[0, 5]], [1], {}, SequenceError),
        (["ACGT"], [2], {}, ValueError),
        (["ACGT"], [0.5], {}, ValueError),
        (["ACGT"], [1, 0], {}, ValueError),
        (["ACGT"], [[1, 0]], {}, ValueError),
        (["ACGT"], [1], {"split": ["train", "test"]}, ValueError),
        (["ACGT"], [1], {"source": []}, ValueError),
        (np.empty((0, 4), np.uint8), np.empty((0, 1)), {}, ValueError),
    ],
)
def test_what_is_refused_leaves_no_file(tmp_path, windows, labels, more, error):
    with pytest.raises(error) as raised:
        write_examples(
            tmp_path / "x.h5", windows, labels, **{"split": "train", "tasks": ["t"]} | more
        )
    assert isinstance(raised.value, (ValueError, GenomeKerasError))
    assert not list(tmp_path.iterdir())
