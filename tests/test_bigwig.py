"""Laws of genome_keras.io.bigwig."""

import sys
from collections import namedtuple
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.errors import GenomeKerasError
from genome_keras.io.bigwig import open_bigwig

pyBigWig = pytest.importorskip("pyBigWig", reason='pip install "genome_keras[bigwig]"')

CONTIGS = {"chr1": 1_000, "chr10": 400, "chr2": 50}  # not in the order of their names


@st.composite
def tracks(draw):
    """dict contig -> places and values."""
    found = {}
    for name, length in CONTIGS.items():
        edges = draw(st.lists(st.integers(0, length), max_size=12, unique=True))
        edges = np.array(sorted(edges), np.int64)
        starts, ends = edges[:-1], edges[1:]
        kept = np.array(draw(st.lists(st.booleans(), min_size=len(starts), max_size=len(starts))))
        starts, ends = starts[kept.astype(bool)], ends[kept.astype(bool)]
        number = st.floats(-(2**60), 2**60, width=32) | st.just(float("nan"))
        values = draw(st.lists(number, min_size=len(starts), max_size=len(starts)))
        found[name] = starts, ends, np.array(values, np.float32)
    return found


@settings(max_examples=60, deadline=None)
@given(track=tracks(), parts=st.integers(1, 4))
def test_what_was_written_is_read_back(tmp_path_factory, track, parts):
    path = tmp_path_factory.mktemp("bigwig") / "x.bw"
    with open_bigwig(path, CONTIGS) as file:
        for name, columns in track.items():
            for part in zip(*(np.array_split(column, parts) for column in columns), strict=True):
                file.write(name, *part)
    with pyBigWig.open(str(path)) as file:
        assert file.isBigWig() and file.chroms() == CONTIGS
        for name, columns in track.items():
            wanted = tuple(
                (start, end, value)
                for start, end, value in zip(*(column.tolist() for column in columns), strict=True)
                if value == value
            )
            # Asking for the intervals of a file without any is an error of pyBigWig.
            covered = file.header()["nBasesCovered"]
            assert (file.intervals(name) or () if covered else ()) == wanted


def test_summaries_are_those_of_the_values(tmp_path):
    values = np.random.default_rng(0).random(100_000)
    starts = np.arange(100_000) * 200
    with open_bigwig(tmp_path / "x.bw", {"a": 20_000_000}) as file:
        file.write("a", starts, starts + 200, values)
    with pyBigWig.open(str(tmp_path / "x.bw")) as file:
        means = file.stats("a", 0, 20_000_000, nBins=4)  # of a zoom level
        np.testing.assert_allclose(means, values.reshape(4, -1).mean(1), rtol=0.02)
        at = file.values("a", 4_000, 4_400)
    np.testing.assert_allclose(at, np.repeat(values[20:22], 200), rtol=1e-6)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([("chr3", [0], [1], [0.5])], "expected a contig of the file. Received: 'chr3'"),
        ([("chr2", [0], [1], [1]), ("chr1", [0], [1], [1])], "in the order of the file"),
        ([("chr1", [5], [5], [0.5])], "at least one base"),
        ([("chr1", [5, 1], [6, 2], [1, 2])], "sorted and not overlapping"),
        ([("chr1", [1, 5], [6, 9], [1, 2])], "sorted and not overlapping"),
        ([("chr1", [0], [9], [1]), ("chr1", [8], [10], [1])], "from 9 on"),
        ([("chr1", [-1], [9], [1])], "from 0 on"),
        ([("chr2", [0], [51], [1])], "within the 50 bp of 'chr2'. Received: an end of 51"),
        ([("chr1", [0, 1], [2], [1])], "expected starts, ends and values (n,)"),
        ([("chr1", [0.0], [2.0], [1])], "expected integers"),
        ([("chr1", [0], [2], [np.inf])], "expected values of float32 or NaN"),
        ([("chr1", [0], [2], [1e39])], "expected values of float32 or NaN"),
    ],
)
def test_bad_values_are_an_error_and_no_file(tmp_path, calls, message):
    path = tmp_path / "x.bw"
    path.write_text("old")
    with pytest.raises(ValueError) as caught, open_bigwig(path, CONTIGS) as file:
        for call in calls:
            file.write(*call)
    assert message in str(caught.value)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_contigs_are_checked(tmp_path):
    for contigs in ({}, {"a": 0}, {"a": 2**32}):
        with (
            pytest.raises(ValueError, match="expected contigs of 1 to"),
            open_bigwig(tmp_path / "x.bw", contigs),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_oserror_and_no_file(tmp_path):
    usage = namedtuple("usage", "total used free")
    with (
        pytest.raises(OSError, match="No space left"),
        open_bigwig(tmp_path / "x.bw", CONTIGS) as file,
        mock.patch("shutil.disk_usage", return_value=usage(9, 9, 0)),
    ):
        file.write("chr1", [0], [1], [0.5])
    assert list(tmp_path.iterdir()) == []


def test_paths_that_cannot_be_written(tmp_path):
    with (
        pytest.raises(GenomeKerasError, match="cannot write"),
        open_bigwig(tmp_path / "no" / "x.bw", CONTIGS),
    ):
        pass


def test_without_the_library_one_line_says_what_to_install(tmp_path):
    with (
        mock.patch.dict(sys.modules, {"pyBigWig": None}),
        pytest.raises(GenomeKerasError, match=r'pip install "genome_keras\[bigwig\]"'),
        open_bigwig(tmp_path / "x.bw", CONTIGS),
    ):
        pass
