import h5py
import numpy as np
import pytest

from genome_keras.datasets.positions import positions
from genome_keras.errors import FormatError

CHROM, START = ["chr1", "chr1", "chr2", "chrX"], [0, 200, 400, 3_000_000_000]


def write(path, **changes):
    arrays = {
        "split": np.array(["test", "train", "test", "test"], "S5"),
        "chrom": np.array(CHROM, "S4"),
        "start": np.array(START, np.int64),
    }
    with h5py.File(path, "w") as file:
        for name, values in (arrays | changes).items():
            if values is not None:
                file[name] = values
    return path


def test_those_of_a_split_in_the_order_of_the_file(tmp_path):
    chrom, start = positions(write(tmp_path / "x.h5"), "test")
    assert chrom.tolist() == ["chr1", "chr2", "chrX"]
    assert start.tolist() == [0, 400, 3_000_000_000] and start.dtype == np.int64


def test_the_name_of_the_build_is_no_matter(tmp_path):
    old = {"start": None, "start_hg38": np.array([1, 2, 3, 4], np.int32)}
    _, start = positions(write(tmp_path / "x.h5", **old), "train")
    assert start.tolist() == [2]


@pytest.mark.parametrize("name", ["chrom", "start"])
def test_a_data_set_that_does_not_say(tmp_path, name):
    assert positions(write(tmp_path / "x.h5", **{name: None}), "test") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.zeros(3, np.int64)}, "expected 4 rows in 'chrom' and 'start'"),
        ({"start": np.zeros(4)}, "expected 'start' of type int32 or int64"),
        ({"chrom": np.zeros(4, np.int64)}, "expected 'chrom' of type"),
        ({"split": None}, "expected a dataset 'split'"),
    ],
)
def test_other_arrays(tmp_path, change, message):
    path = write(tmp_path / "x.h5", **change)
    with pytest.raises(FormatError, match=message):
        positions(path, "test")
