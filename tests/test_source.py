"""Sources on disk and in memory give the same."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.datasets.chromatin_data import Examples, chromatin, open_chromatin
from genome_keras.datasets.source import spans
from genome_keras.errors import FormatError
from genome_keras.scores import positive_rates
from genome_keras.windows import centre


def write(path, *, n=50, window=12, tasks=3, source=True, seed=0, **layout):
    """A data set whose splits and sources lie mixed; returns its columns."""
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 5, (n, window), dtype=np.uint8)
    y = draw.integers(-1, 2, (n, tasks), dtype=np.int8)
    split = draw.choice([b"train", b"valid", b"test"], n, p=[0.6, 0.2, 0.2])
    sources = draw.choice([b"genome", b"windows"], n)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=x, **layout)
        file.create_dataset("y", data=y, **layout)
        file["split"], file["tasks"] = split, np.array([f"t{i}" for i in range(tasks)], "S")
        if source:
            file["source"] = sources
    return x, y, split, sources


@pytest.mark.parametrize("layout", [{}, {"chunks": (7, 2), "compression": "gzip"}])
@pytest.mark.parametrize("window", [None, 12, 4])
@pytest.mark.parametrize("chunk", [1, 5, 4096])
def test_any_range_of_a_split(tmp_path, layout, window, chunk):
    x, y, split, _ = write(tmp_path / "d.h5", **layout)
    found = open_chromatin(tmp_path / "d.h5", "train", window=window)
    found.chunk = chunk
    rows = np.flatnonzero(split == b"train")
    codes = x if window is None else x[:, 6 - window // 2 : 6 + window // 2]
    assert len(found) == len(rows) and found.window == codes.shape[1]
    for start, stop in ((0, len(rows)), (3, 4), (2, 17), (5, 5)):
        assert np.array_equal(found.read_codes(start, stop), codes[rows[start:stop]])
        assert np.array_equal(found.read_labels(start, stop), y[rows[start:stop]])
    loaded = chromatin(tmp_path / "d.h5", "train", window=window)
    assert np.array_equal(loaded.codes, codes[rows]) and np.array_equal(loaded.labels, y[rows])
    assert (loaded.window, loaded.tasks, len(loaded)) == (found.window, found.tasks, len(found))


@pytest.mark.parametrize("whole", [1 << 30, 0])
def test_a_fingerprint_tells_other_examples(tmp_path, monkeypatch, whole):
    """The same on disk and in memory; another for one other letter, label, row or name."""
    monkeypatch.setattr("genome_keras.datasets.source.WHOLE", whole)
    write(tmp_path / "d.h5", n=500, chunks=(7, 2))
    opened = open_chromatin(tmp_path / "d.h5", "train")
    x, y = opened.read_codes(0, len(opened)), opened.read_labels(0, len(opened))
    other_x, other_y = x.copy(), y.copy()
    other_x[3, 5], other_y[-1, 2] = (x[3, 5] + 1) % 4, (y[-1, 2] + 2) % 3 - 1
    variants = [(x, y), (other_x, y), (x, other_y), (x[1:], y[1:]), (x[::-1], y)]
    made = [Examples(a, b, np.full(len(a), ""), opened.tasks) for a, b in variants]
    made.append(Examples(x, y, np.full(len(x), ""), ["a", *opened.tasks[1:]]))
    found = [opened.fingerprint(), *(examples.fingerprint() for examples in made)]
    assert found[0] == found[1] and len(set(found)) == len(variants) + 1


def test_values_of_source(tmp_path):
    x, _, split, sources = write(tmp_path / "d.h5")
    rows = (split == b"test") & (sources == b"windows")
    for opened in (open_chromatin, chromatin):
        found = opened(tmp_path / "d.h5", "test", sources=["windows"])
        assert np.array_equal(found.read_codes(0, len(found)), x[rows])
    with pytest.raises(ValueError, match="no source 'none'; it has genome, windows"):
        open_chromatin(tmp_path / "d.h5", "test", sources=["genome", "none"])


def test_a_data_set_of_one_source(tmp_path):
    x, _, split, _ = write(tmp_path / "d.h5", source=False)
    found = chromatin(tmp_path / "d.h5", "valid")
    assert np.array_equal(found.codes, x[split == b"valid"]) and set(found.source) == {""}
    with pytest.raises(ValueError, match="no source 'genome'; it has none, it is one collection"):
        chromatin(tmp_path / "d.h5", "valid", sources=["genome"])


def test_positive_rates(tmp_path, monkeypatch):
    _, y, split, _ = write(tmp_path / "d.h5")
    wanted = positive_rates(y[split == b"train"])
    monkeypatch.setattr("genome_keras.datasets.source.STEP", 7)
    found = open_chromatin(tmp_path / "d.h5", "train")
    found.chunk = 3
    np.testing.assert_array_equal(found.positive_rates, wanted)
    np.testing.assert_array_equal(chromatin(tmp_path / "d.h5", "train").positive_rates, wanted)


def test_examples_are_views():
    codes, labels = np.zeros((5, 4), np.uint8), np.zeros((5, 2), np.int8)
    part = Examples(codes, labels, np.full(5, ""), ["a", "b"])
    assert part.in_memory and part.chunk == 5 and part.group == 1
    assert np.shares_memory(part.read_codes(1, 3), codes)
    assert np.shares_memory(part.read_labels(1, 3), labels)


@given(st.lists(st.integers(0, 60), unique=True).map(sorted), st.integers(1, 20))
def test_spans_lie_in_blocks_and_miss_nothing(rows, size):
    rows, seen = np.array(rows, np.int64), []
    for first, last, part in spans(rows, size):
        assert first // size == (last - 1) // size
        assert (rows[part][0], rows[part][-1] + 1) == (first, last)
        seen += rows[part].tolist()
    assert seen == rows.tolist()


@given(st.integers(1, 50), st.integers(-3, 60))
def test_the_middle_has_as_much_on_both_sides(stored, window):
    if 0 < window <= stored and (stored - window) % 2 == 0:
        found = centre(stored, window)
        assert found.start == stored - found.stop and found.stop - found.start == window
    else:
        with pytest.raises(ValueError, match=f"window must be 1 to {stored} and"):
            centre(stored, window)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": np.array(["a", "b", "c"], object)}, "expected 'tasks' of type byte strings"),
        ({"tasks": np.array([b"a"])}, "expected 3 'tasks', one for each column of 'y', got 1"),
        ({"tasks": np.array([b"a", b"\xff", b"c"])}, "damaged or foreign HDF5: .* can't decode"),
        ({"x": np.zeros((50, 12), "f4")}, "expected 'x' of type uint8, got float32"),
        ({"y": np.zeros((50, 3), "u1")}, "expected 'y' of type int8, got uint8"),
        ({"y": np.full((50, 3), 2, "i1")}, "expected labels -1, 0 and 1 in 'y', got 2 to 2"),
        ({"x": np.zeros((50, 12, 1), "u1")}, "expected 'x' of 2 dimensions, got shape"),
        ({"x": h5py.SoftLink("/y")}, "expected a dataset 'x'; it has"),
        ({"x": h5py.ExternalLink("/etc/passwd", "/x")}, "expected a dataset 'x'; it has"),
    ],
)
def test_malformed(tmp_path, change, message):
    path = tmp_path / "d.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        for name, value in change.items():
            del file[name]
            file[name] = value
    with pytest.raises(FormatError, match=message) as caught:
        chromatin(path, "train")
    assert "\n" not in str(caught.value)


def test_a_claim_of_more_than_there_is(tmp_path):
    path = tmp_path / "d.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        del file["x"]
        file.create_dataset("x", (2**40, 12), "u1", chunks=(64, 12))
    with pytest.raises(FormatError, match="'x' claims 13194139533312 bytes, but the file holds 0"):
        chromatin(path, "train")


def test_chunks_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("genome_keras.io.h5_arrays.CHUNK", 100)
    write(tmp_path / "d.h5", chunks=(50, 3))
    with pytest.raises(FormatError, match="'x' has chunks of 150 bytes; accepted are 100 at most"):
        chromatin(tmp_path / "d.h5", "train")


@pytest.mark.parametrize("packed", [{"compression": "lzf"}, {"shuffle": True, "fletcher32": True}])
def test_filters(tmp_path, packed):
    x, _, split, _ = write(tmp_path / "d.h5", chunks=(7, 2), **packed)
    assert np.array_equal(chromatin(tmp_path / "d.h5", "train").codes, x[split == b"train"])
    with h5py.File(tmp_path / "d.h5", "r+") as file:
        del file["x"]
        file.create_dataset("x", data=x, chunks=(7, 2), scaleoffset=True)
    with pytest.raises(FormatError, match=r"expected 'x' packed by gzip, .*, got filter 6"):
        chromatin(tmp_path / "d.h5", "train")
