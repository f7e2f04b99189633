"""Laws of genome_keras.io.tables."""

import gzip
import io
import os
import sys
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.errors import GenomeKerasError
from genome_keras.io import tables
from genome_keras.io.tables import open_table

NAMES = ["chr1", "chr2"]
STARTS, ENDS = np.array([0, 10]), np.array([10, 20])
SCORES = np.array([[0.5, 1 / 3], [1e-7, np.nan]], np.float32)
TEXT = "name\tstart\tend\tCTCF\tDNase\nchr1\t0\t10\t0.5\t0.333333\nchr2\t10\t20\t1e-07\tnan\n"


def fill(path):
    with open_table(path, ["CTCF", "DNase"]) as table:
        table.write(NAMES[:1], STARTS[:1], ENDS[:1], SCORES[:1])
        table.write(NAMES[1:], STARTS[1:], ENDS[1:], SCORES[1:])


def test_tsv_has_places_and_scores(tmp_path):
    fill(tmp_path / "scores.tsv")
    assert (tmp_path / "scores.tsv").read_bytes() == TEXT.encode()
    assert os.listdir(tmp_path) == ["scores.tsv"]


def test_gzip_holds_the_same_text_and_the_same_bytes_each_time(tmp_path):
    fill(tmp_path / "a.tsv.gz")
    fill(tmp_path / "b.tsv.gz")
    data = (tmp_path / "a.tsv.gz").read_bytes()
    assert gzip.decompress(data) == TEXT.encode()
    assert data == (tmp_path / "b.tsv.gz").read_bytes()
    assert data[3:8] == bytes(5)  # no flag for a name, no time


def test_standard_output_gets_tsv(capsys):
    fill("-")
    assert capsys.readouterr().out == TEXT


@pytest.mark.parametrize("group", [1, 2**24])
def test_parquet_has_the_same_rows_in_exact_types(tmp_path, monkeypatch, group):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(tables, "ROW_GROUP", group)
    fill(tmp_path / "scores.parquet")
    file = parquet.ParquetFile(tmp_path / "scores.parquet")
    assert file.num_row_groups == (2 if group == 1 else 1)
    found = file.read()
    assert found.column_names == ["name", "start", "end", "CTCF", "DNase"]
    assert list(map(str, found.schema.types)) == ["string", "int64", "int64", "float", "float"]
    assert found["name"].to_pylist() == NAMES
    assert found["start"].to_pylist() == [0, 10] and found["end"].to_pylist() == [10, 20]
    scores = np.stack([found["CTCF"].to_numpy(), found["DNase"].to_numpy()], 1)
    assert np.array_equal(scores, SCORES, equal_nan=True)


def test_parquet_rows_do_not_change_when_the_caller_reuses_its_arrays(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    names, starts, scores = ["a"], np.array([1]), np.ones((1, 1), np.float32)
    with open_table(tmp_path / "t.parquet", ["x"]) as table:
        table.write(names, starts, starts, scores)
        names[0], starts[0], scores[0] = "b", 2, 2
        table.write(names, starts, starts, scores)
    found = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert found == {"name": ["a", "b"], "start": [1, 2], "end": [1, 2], "x": [1, 2]}


def test_a_table_without_rows_has_its_header(tmp_path):
    for suffix in (".tsv", ".parquet"):
        if suffix == ".parquet":
            parquet = pytest.importorskip("pyarrow.parquet")
        with open_table(tmp_path / f"empty{suffix}", ["x"]) as table:
            table.write([], np.empty(0, int), np.empty(0, int), np.empty((0, 1)))
    assert (tmp_path / "empty.tsv").read_text() == "name\tstart\tend\tx\n"
    assert parquet.read_table(tmp_path / "empty.parquet").num_rows == 0


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_text_scores_have_six_significant_digits(scores):
    kept = io.StringIO()
    n = len(scores)
    with mock.patch.object(sys, "stdout", kept), open_table("-", ["x"]) as table:
        table.write(["a"] * n, np.arange(n), np.arange(n), np.array(scores, np.float32)[:, None])
    found = [line.split("\t")[3] for line in kept.getvalue().splitlines()[1:]]
    assert found == [f"{score:.6g}" for score in scores]


@pytest.mark.parametrize("name", ["x.csv", "x", "x.tsv.bz2", "x.TSV", "x.gz", "tsv"])
def test_other_suffixes_are_refused_with_the_accepted_ones(tmp_path, name):
    with (
        pytest.raises(ValueError, match=r"'\.tsv', '\.tsv\.gz', '\.parquet'.* Received: "),
        open_table(tmp_path / name, ["x"]),
    ):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "columns, message",
    [
        (["x", "x"], "Received twice: 'x'"),
        (["start"], "Received twice: 'start'"),
        (["a\tb"], "without tabs and line ends. Received: 'a\\\\tb'"),
    ],
)
def test_columns_are_unique_and_without_tabs(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message), open_table(tmp_path / "x.tsv", columns):
        pass


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".parquet"])
def test_rows_are_checked(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x{suffix}"
    with (
        pytest.raises(
            ValueError, match=r"scores \(n, 3\)\. Received: 3 columns of \[2, 2, 2\] .*\(2, 2\)"
        ),
        open_table(path, ["x", "y", "z"]) as table,
    ):
        table.write(NAMES, STARTS, ENDS, SCORES)
    with (
        pytest.raises(ValueError, match=r"without tabs and line ends. Received: 'b\\nc'"),
        open_table(path, ["x", "y"]) as table,
    ):
        table.write(["a", "b\nc"], STARTS, ENDS, SCORES)
    assert os.listdir(tmp_path) == []


FIELDS = {"chrom": str, "pos": int, "top": float}


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".parquet"])
def test_fields_of_any_kind_with_missing_values(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x{suffix}"
    scores = np.array([[0.5], [np.nan], [1 / 3]], np.float32)
    with open_table(path, ["x"], fields=FIELDS) as table:
        table.write(["a", None], [5, None], [0.25, None], scores[:2])
        table.write(["b"], np.array([7]), np.array([np.nan]), scores[2:])
    if suffix == ".parquet":
        import pyarrow.parquet

        found = pyarrow.parquet.read_table(path)
        assert list(map(str, found.schema.types)) == ["string", "int64", "float", "float"]
        assert found["chrom"].to_pylist() == ["a", None, "b"]
        assert found["pos"].to_pylist() == [5, None, 7]
        assert found["top"].to_pylist() == [0.25, None, None]
        assert found["x"].null_count == 1
        return
    data = path.read_bytes()
    text = (gzip.decompress(data) if suffix.endswith("gz") else data).decode()
    assert text == "chrom\tpos\ttop\tx\na\t5\t0.25\t0.5\n.\t.\tnan\tnan\nb\t7\tnan\t0.333333\n"


def test_columns_that_differ_in_length_or_number_are_an_error(tmp_path):
    score = np.zeros((1, 1))
    for columns in (["a"], [1]), (["a"], [1, 2], [0.5]), (["a"], [1], [0.5], [0.5]):
        with (
            pytest.raises(ValueError, match="expected 3 columns of n values"),
            open_table(tmp_path / "x.tsv", ["x"], fields=FIELDS) as table,
        ):
            table.write(*columns, score)
    for columns in (["pos"], ["x", "x"]):
        with pytest.raises(ValueError, match=r"columns must be unique\. Received twice"):
            open_table(tmp_path / "x.tsv", columns, fields=FIELDS).__enter__()


def test_a_missing_pyarrow_is_told_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        pytest.raises(GenomeKerasError, match=r'pip install "genome_keras\[parquet\]"'),
        open_table(tmp_path / "x.parquet", ["x"]),
    ):
        pytest.fail("the block ran")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".parquet"])
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_table_that_is_not_finished_leaves_the_old_one(tmp_path, suffix, stop):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    with pytest.raises(stop), open_table(path, ["CTCF", "DNase"]) as table:
        table.write(NAMES, STARTS, ENDS, SCORES)
        assert len(os.listdir(tmp_path)) == 2
        raise stop
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


@contextmanager
def small_disk():
    """Lets no file grow beyond 10 kB, the log of this test run included."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".parquet"])
@pytest.mark.parametrize("rows", [2_000, 20_000])
def test_a_full_disk_is_an_oserror_and_leaves_the_old_table(tmp_path, suffix, rows):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    scores = np.random.default_rng(0).random((rows, 2))
    with (
        pytest.raises(OSError) as caught,
        small_disk(),
        open_table(path, ["x", "y"]) as table,
    ):
        table.write(["a"] * rows, np.arange(rows), np.arange(rows), scores)
    assert not isinstance(caught.value, GenomeKerasError)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]
