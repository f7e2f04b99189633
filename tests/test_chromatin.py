"""Reading labelled windows."""

import h5py
import numpy as np
import pytest

from genome_keras.datasets.chromatin_data import chromatin, open_chromatin
from genome_keras.errors import FormatError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "d.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(24, dtype=np.uint8).reshape(6, 4) % 5
        file["y"] = np.array([[1, 0], [0, -1], [1, 1], [0, 0], [1, -1], [0, 0]], "int8")
        file["split"] = np.array([b"train", b"train", b"valid", b"test", b"test", b"train"])
        file["source"] = np.array([b"a", b"b", b"a", b"a", b"b", b"b"])
        file["tasks"] = np.array([b"CTCF", b"REST"])
    return path


def test_one_split(path):
    train = chromatin(path, "train")
    assert len(train) == 3 and train.tasks == ["CTCF", "REST"]
    assert train.labels.tolist() == [[1, 0], [0, -1], [0, 0]]
    assert train.source.tolist() == ["a", "b", "b"]
    assert chromatin(path, "test", sources=["b"]).labels.tolist() == [[1, -1]]
    assert train.where([0]).codes.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.pop("y"), "expected a dataset 'y'"),
        (lambda file: file.pop("split"), "expected a dataset 'split'"),
        (lambda file: file["x"].__setitem__((0, 0), 9), "expected codes 0 to 4 in 'x', got 9"),
        (lambda file: file["split"].__setitem__(slice(None), b"test"), "no example of split"),
    ],
)
def test_malformed(path, change, message):
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(FormatError, match=message):
        chromatin(path, "train")


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_file_of_other_columns_in_its_place_is_an_error(path, name):
    opened = open_chromatin(path, "train")
    with h5py.File(path, "r+") as file:
        wider = np.concatenate([file[name][:]] * 2, 1)
        del file[name]
        file[name] = wider
    with pytest.raises(FormatError, match="the file was changed after it was opened"):
        opened.read_codes(0, 1)


def test_rows_that_differ(path):
    with h5py.File(path, "r+") as file:
        del file["source"]
        file["source"] = np.array([b"a"])
    with pytest.raises(FormatError, match="expected 6 rows in 'source' as in 'x', got 1"):
        chromatin(path, "train")


def test_foreign_and_missing_files(tmp_path):
    (tmp_path / "t.h5").write_text("text")
    with pytest.raises(FormatError, match="not an HDF5 file, or a truncated one"):
        chromatin(tmp_path / "t.h5", "train")
    with pytest.raises(FormatError, match="no such file"):
        chromatin(tmp_path / "none.h5", "train")
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["x"], file["y"] = np.zeros((2, 8), np.uint8), np.zeros((2, 1), np.int8)
        file["split"], file["tasks"] = np.array([b"train", b"dev"]), np.array([b"a"])
    assert len(chromatin(tmp_path / "s.h5", "dev")) == 1  # any name
    with pytest.raises(FormatError, match="no example of split 'test'; it has 'dev', 'train'"):
        chromatin(tmp_path / "s.h5", "test")


@pytest.mark.shared_data
def test_real_data(shared_data):
    path = shared_data / "human_chromatin" / "human_chromatin_100bp.h5"
    sizes = [len(chromatin(path, split)) for split in ("train", "valid", "test")]
    assert sizes == [287_678, 40_402, 52_258]
    windows = chromatin(path, "test", sources=["windows"])
    assert len(windows) == 7_177 and windows.codes.shape[1] == 100 and len(windows.tasks) == 192
