"""Laws of reading: several data sets as one, chosen collections, room for a shift.

The files have the layout of the human 919-column set: collections in `source`, places on two
assemblies, datasets that nothing here reads, tasks that were never measured.
"""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from genome_keras.cli import main
from genome_keras.datasets.joined import Joined
from genome_keras.datasets.splits import in_memory, open_split
from genome_keras.errors import FormatError
from genome_keras.evaluation.data import blocks, held_out, training
from genome_keras.training import read
from genome_keras.training.read import buffer_of, loaded, opened

TASKS = ("A", "B", "never")
SPLITS = ("train", "train", "valid", "test")
SOURCES = ("tf_bins", "edge_bins", "windows")


def write(path, *, window=20, n=60, tasks=TASKS, sources=SOURCES, seed=0, **other):
    """A small data set; returns its columns."""
    draw = np.random.default_rng(seed)
    columns = {
        "x": draw.integers(0, 5, (n, window), np.uint8),
        "y": draw.integers(-1, 2, (n, len(tasks)), np.int8),
        "split": draw.choice(SPLITS, n).astype("S6"),
        "source": draw.choice(sources, n).astype("S10"),
        "tasks": np.array(tasks, "S49"),
        "chrom": draw.choice(["chr1", "chr2"], n).astype("S5"),
        "start_hg19": np.arange(n, dtype=np.int32),
        "start_hg38": np.arange(n, dtype=np.int32) * 2_000_000,
        "any_tf": draw.integers(0, 2, n, np.int8),
        "label_kind": np.array(["exact"] * len(tasks), "S12"),
    } | other
    columns["y"][:, -1] = -1
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            file[name] = values
    return columns


@pytest.fixture
def two(tmp_path):
    """Two files and their columns."""
    names = {"a": 1, "b": 2}
    return {str(tmp_path / f"{name}.h5"): write(tmp_path / f"{name}.h5", seed=seed)
            for name, seed in names.items()}  # fmt: skip


def rows(columns, split, *sources):
    chosen = columns["split"] == split.encode()
    return chosen & np.isin(columns["source"], [name.encode() for name in sources or SOURCES])


@pytest.mark.parametrize("chunk", [None, 7])
def test_several_data_sets_follow_each_other(two, chunk):
    found = open_split(list(two), "train", window=12)
    if chunk:
        found.chunk = chunk
    codes = np.concatenate([c["x"][rows(c, "train")][:, 4:16] for c in two.values()])
    labels = np.concatenate([c["y"][rows(c, "train")] for c in two.values()])
    assert (len(found), found.window, found.tasks) == (len(codes), 12, list(TASKS))
    first = len(open_split(next(iter(two)), "train"))
    for start, stop in ((0, len(codes)), (first - 2, first + 3), (first, first), (3, 5)):
        np.testing.assert_array_equal(found.read_codes(start, stop), codes[start:stop])
        np.testing.assert_array_equal(found.read_labels(start, stop), labels[start:stop])
    np.testing.assert_array_equal(in_memory(found).codes, codes)
    np.testing.assert_array_equal(found.label_counts[0], (labels == 1).sum(0))
    np.testing.assert_array_equal(found.label_counts[1], (labels >= 0).sum(0))


def test_the_order_is_that_of_the_command_line(two):
    first, second = two
    there, back = open_split([first, second], "test"), open_split([second, first], "test")
    own = len(open_split(second, "test"))
    np.testing.assert_array_equal(back.read_codes(own, 99), there.read_codes(0, len(back) - own))
    assert (there.read_codes(0, 1) != back.read_codes(0, 1)).any()


@pytest.mark.parametrize("sources", [["tf_bins"], ["windows", "edge_bins"], "tf_bins"])
def test_chosen_collections(two, sources):
    found = open_split(list(two), "test", sources=sources)
    names = [sources] if isinstance(sources, str) else sources
    codes = [c["x"][rows(c, "test", *names)] for c in two.values()]
    np.testing.assert_array_equal(found.read_codes(0, len(found)), np.concatenate(codes))
    examples = held_out(list(two), "test", sources=sources)
    np.testing.assert_array_equal(examples.codes, np.concatenate(codes))
    assert set(examples.source) == set(names)
    blocks_found, what = blocks(list(two), "test", len(examples), sources=sources)
    assert what == "genome" and len(blocks_found) == len(examples)
    rates, learned = training(list(two), sources=sources)
    labels = np.concatenate([c["y"][rows(c, "train", *names)] for c in two.values()])
    np.testing.assert_array_equal(learned.labels, labels)
    np.testing.assert_allclose(rates[-1], 0.5)  # never measured: nothing is known


def other(path, **given):
    write(path, **given)
    return str(path)


@pytest.mark.parametrize(
    ("given", "asked", "error", "message"),
    [
        ({"tasks": ("A", "B")}, {}, FormatError, "its 2 tasks are not the 3 of"),
        ({"tasks": ("B", "A", "never")}, {}, FormatError, "tasks have another order: task 1 is"),
        ({"tasks": ("A", "C", "never")}, {}, FormatError, "its task 2 is 'C', not 'B' as that of"),
        ({"window": 16}, {}, FormatError, "windows have 16 bp and those of .* 20; say"),
        ({}, {"sources": ["dhs"]}, ValueError, "no source 'dhs'; it has edge_bins, tf_bins, win"),
        ({"sources": ("dhs",)}, {"sources": ["tf_bins"]}, ValueError, "none of the sources tf_b"),
        ({}, {"window": 22}, ValueError, "window must be 1 to 20, to lie"),
    ],
)
def test_what_does_not_fit_together_is_one_line(two, tmp_path, given, asked, error, message):
    paths = [next(iter(two)), other(tmp_path / "other.h5", **given)]
    with pytest.raises(error, match=message) as told:
        open_split(paths, "train", **asked)
    assert ("\n" not in str(told.value) and "other.h5" in str(told.value)) or "window" in asked


def test_no_data_set_at_all():
    with pytest.raises(ValueError, match="at least one data set"):
        open_split([], "train")


def test_room_for_a_shift(two):
    path = next(iter(two))
    train, valid = opened(path, window=12, shift=3)
    assert (train.window, valid.window) == (18, 12)
    train, valid = opened(path, shift=3)
    assert (train.window, valid.window) == (20, 14)
    np.testing.assert_array_equal(
        valid.read_codes(0, len(valid)), two[path]["x"][rows(two[path], "valid")][:, 3:17]
    )
    with pytest.raises(ValueError, match=r"window=16 and shift=3 need examples of 22 bp.* 20 bp"):
        opened(path, window=16, shift=3)
    with pytest.raises(ValueError, match="shift=10 leaves nothing of examples of 20 bp"):
        opened(path, shift=10)


def test_what_takes_much_stays_on_disk(two, monkeypatch):
    train, _ = opened(list(two))
    assert loaded(train).in_memory and len(loaded(train, 9)) == 9 and buffer_of(train) == 65_536
    monkeypatch.setattr(read, "IN_MEMORY", len(train) * (20 + 3) - 1)
    monkeypatch.setattr(read, "IN_BUFFER", 5 * (20 + 3))
    assert loaded(train) is train and loaded(train, 9).in_memory and buffer_of(train) == 5
    assert loaded(train, 9 + len(train)) is train


def test_a_joined_source_is_read_in_batches_as_any(two):
    """Every example comes once an epoch, with its own labels."""
    from genome_keras.datasets.reader import Reader

    found = open_split(list(two), "train")
    reader = Reader(found, batch_size=5, seed=1, buffer=10)
    seen = {}
    for index in range(len(reader)):
        for codes, labels in zip(*reader[index], strict=True):
            seen[codes.tobytes()] = labels.tobytes()
    assert isinstance(found, Joined) and len(seen) == len(reader) * 5
    every = zip(found.read_codes(0, len(found)), found.read_labels(0, len(found)), strict=True)
    known = {codes.tobytes(): labels.tobytes() for codes, labels in every}
    assert seen.items() <= known.items()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train", "--out", "o", "--source", "dhs"], "no source 'dhs'; it has edge_bins, tf_bins"),
        (["logreg", "--out", "o", "--source", "dhs"], "no source 'dhs'; it has"),
        (["train", "--out", "o", "--window", "16", "--shift", "3"], "need examples of 22 bp"),
    ],
)
def test_commands_tell_it_before_there_is_a_folder(
    two, tmp_path, monkeypatch, capsys, command, message
):
    monkeypatch.chdir(tmp_path)
    name, *options = command
    assert main([name, *two, *options]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not (tmp_path / "o").exists()


def test_opening_splits_loads_nothing_of_making_them():
    code = "import sys, genome_keras.datasets.splits; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    foreign = ("genome_keras.building", "genome_keras.weights", "genome_keras.io.bed", "keras",
               "huggingface_hub", "tensorflow", "scipy", "sklearn")  # fmt: skip
    assert "genome_keras.datasets.splits" in loaded
    assert not [name for name in loaded if name.startswith(foreign)]
