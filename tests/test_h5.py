"""Laws of genome_keras.io.h5."""

import os

import h5py
import numpy as np
import pytest

from genome_keras.errors import GenomeKerasError
from genome_keras.io import h5


@pytest.mark.parametrize("parts", [[3000], [1, 1023, 1, 1975], [1000] * 3, [0, 3000, 0]])
@pytest.mark.parametrize("width", [(), (3,)])
def test_rows_come_back_however_they_were_added(tmp_path, parts, width):
    values = np.random.default_rng(0).integers(0, 9, (3000, *width), np.uint8)
    with (
        h5.create(tmp_path / "x.h5") as file,
        h5.Rows(file, "x", values.shape, values.dtype) as rows,
    ):
        for part in np.split(values, np.cumsum(parts)[:-1]):
            rows.append(part)
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["x"].chunks[0] == h5.CHUNK and file["x"].compression == "gzip"
        np.testing.assert_array_equal(file["x"][:], values)


def test_chunks_of_long_rows_stay_small(tmp_path):
    with h5.create(tmp_path / "x.h5") as file, h5.Rows(file, "x", (9, 2**19), "uint8") as rows:
        rows.append(np.ones((9, 2**19), np.uint8))
        assert rows.data.chunks == (2, 2**19)


def test_missing_rows_are_an_error_and_no_file(tmp_path):
    with (
        pytest.raises(ValueError, match=r"expected 5 rows\. Received: 2"),
        h5.create(tmp_path / "x.h5") as file,
        h5.Rows(file, "x", (5, 2), "uint8") as rows,
    ):
        rows.append(np.ones((2, 2), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_the_first_error_is_the_one_that_is_told(tmp_path):
    with (
        pytest.raises(KeyError, match="mine"),
        h5.create(tmp_path / "x.h5") as file,
        h5.Rows(file, "x", (5, 2), "uint8"),
    ):
        raise KeyError("mine")
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf_8(tmp_path):
    with h5.create(tmp_path / "x.h5") as file:
        h5.texts(file, "one", ["CTCF", "NF-κB"])
        h5.texts(file, "pairs", [["a", "bc"], ["d", ""]])
    with h5py.File(tmp_path / "x.h5") as file:
        assert [text.decode() for text in file["one"][:]] == ["CTCF", "NF-κB"]
        assert file["pairs"][:].tolist() == [[b"a", b"bc"], [b"d", b""]]


def test_a_path_that_cannot_be_written(tmp_path):
    with (
        pytest.raises(GenomeKerasError, match="cannot write"),
        h5.create(tmp_path / "no" / "x.h5"),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="file sizes are limited by POSIX means")
def test_a_full_disk_leaves_no_file(tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    values = np.random.default_rng(0).integers(0, 255, (4096, 100), np.uint8)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with (
            pytest.raises(OSError),
            h5.create(tmp_path / "x.h5") as file,
            h5.Rows(file, "x", values.shape, "uint8") as rows,
        ):
            rows.append(values)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
