"""The scripts of the 919 columns: packing, and training that goes on where it stopped."""

import importlib
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

MAKE = Path(__file__).parents[1] / "weights" / "make"
TEXTS = ("chrom", "source", "split", "tasks", "label_kind")
SOURCES = ("tf_bins", "edge_bins", "other_bins", "windows", "shifted", "dhs")


@pytest.fixture
def script(monkeypatch):
    """Imports a script by its name; afterwards all is as before."""
    monkeypatch.syspath_prepend(MAKE)
    yield importlib.import_module
    for path in MAKE.glob("*.py"):
        sys.modules.pop(path.stem, None)


def regions(draw, folder, short=20, long=60, count=120):
    """Both files: regions of two contigs that overlap, and some letters that differ."""
    left = (long - short) // 2
    genome = {name: draw.integers(0, 4, 2000, np.uint8) for name in (b"chr1", b"chr2")}
    genome[b"chr2"][300:340] = 4
    chrom = np.repeat([*genome], count // 2)
    start = np.sort(draw.integers(left, 900, (2, count // 2)), axis=1).reshape(-1)
    wide = np.arange(count) % 3 != 0
    x = np.stack(
        [genome[c][s - left : s + short + left] for c, s in zip(chrom, start, strict=True)]
    )
    x[7] = draw.integers(0, 4, long, np.uint8)  # of another assembly
    source = np.array([SOURCES[number % 5] for number in range(count)], "S10")
    source[~wide] = b"dhs"
    whole = {
        "y": draw.integers(-1, 2, (count, 5), np.int8),
        "chrom": chrom.astype("S5"),
        "source": source,
        "split": np.array([("train", "valid", "test")[n % 7 % 3] for n in range(count)], "S5"),
        "start_hg19": start.astype(np.int32),
    }
    of_columns = {
        "tasks": np.array([f"K562|CTCF|{number}" for number in range(5)], "S20"),
        "label_kind": np.array(["exact"] * 4 + ["none"], "S12"),
    }
    files = {"short": (x[:, left : left + short], slice(None)), "long": (x[wide], wide)}
    for name, (codes, rows) in files.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["x"] = codes
            for key, values in whole.items():
                file[key] = values[rows]
            for key, values in of_columns.items():
                file[key] = values
    return [folder / "short.h5", folder / "long.h5"]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_unpacked_is_what_was_packed(tmp_path, script, seed):
    short, long = regions(np.random.default_rng(seed), tmp_path)
    pack = script("pack_919")
    pack.pack(short, long, tmp_path / "packed.xz")
    pack.unpack(tmp_path / "packed.xz", tmp_path / "out")
    for path in (short, long):
        with h5py.File(path) as before, h5py.File(tmp_path / "out" / path.name) as after:
            assert {*before} == {*after}
            for name in before:
                assert np.array_equal(before[name][:], after[name][:]), name


def test_letters_that_regions_share_are_kept_once(script):
    shared = script("pack_919")._shared
    letters = np.arange(4, dtype=np.uint8).repeat(25)
    codes = [letters[first : first + 40] for first in (0, 20, 60)]
    found, offset = shared(codes, np.zeros(3), np.array([100, 120, 160]))
    assert np.array_equal(found, letters)
    assert offset.tolist() == [0, 20, 60]


def test_labels_that_differ_are_refused(tmp_path, script):
    short, long = regions(np.random.default_rng(0), tmp_path)
    with h5py.File(long, "r+") as file:
        file["y"][0, 0] = 1 - abs(file["y"][0, 0])
    with pytest.raises(SystemExit, match="its labels are not those of"):
        script("pack_919").pack(short, long, tmp_path / "packed.xz")


def test_regions_of_a_file_with_less_around_them(tmp_path, script):
    train = script("train_919")
    short, long = regions(np.random.default_rng(0), tmp_path)
    data, more = train.read(long, 40), train.read(short, 40)
    both = train.joined(data, more)
    added = both["x"][len(data["x"]) :]
    dhs = (more["source"] == "dhs") & (more["split"] == "train")
    assert np.array_equal(added[:, 20:40], more["x"][dhs])
    assert (added[:, :20] == 4).all() and (added[:, 40:] == 4).all()
    assert np.array_equal(both["y"][len(data["y"]) :], more["y"][dhs])


@pytest.mark.parametrize(
    ("begun", "clock", "end"),
    [
        ("2024-03-01 22:30", "23:05", "2024-03-01 23:05"),
        ("2024-03-01 22:30", "00:20", "2024-03-02 00:20"),
        ("2024-03-01 00:10", "00:20", "2024-03-01 00:20"),
    ],
)
def test_a_run_ends_when_the_clock_next_shows_the_time(script, begun, clock, end):
    begun, end = (datetime.fromisoformat(text).timestamp() for text in (begun, end))
    assert script("train_919").end_of(clock, begun) == end


LABELS = np.array([[1, 0, -1, -1]], "int8")
KINDS = np.array(["exact", "touched", "touched", "none"])


@pytest.mark.parametrize(
    ("edges", "taught", "share", "expected"),
    [
        (None, None, 0.5, [1, 0, -1, -1]),
        (0.25, None, 0.5, [1, 0, 0.25, -1]),
        (None, [0.5, 0.5, 0.5, 0.5], 0.5, [0.75, 0.25, -1, -1]),
        (None, [0.5, np.nan, 0.5, 0.5], 1.0, [0.5, 0, -1, -1]),
        (0.25, [0.5, 0.5, 0.5, 0.5], 0.5, [0.75, 0.25, 0.25, -1]),
    ],
)
def test_labels_softened_by_edges_and_by_a_teacher(script, edges, taught, share, expected):
    teacher = None if taught is None else np.array([taught], "float16")
    run = SimpleNamespace(
        data={"y": LABELS, "label_kind": KINDS},
        teacher=teacher,
        options=SimpleNamespace(edges=edges, share=share),
    )
    labels = script("train_919").Run.labels(run, np.array([0]))
    assert labels[0].tolist() == expected


@pytest.mark.parametrize(
    ("kind", "read", "parameters"),
    [
        ("excited", "max", 276_003),
        ("gated", "mean", 350_083),
        ("inverted", "max place", 458_243),
        ("plain", "max attended", 269_723),
    ],
)
def test_parameters_of_networks_of_the_search(script, kind, read, parameters):
    search = script("search_919")
    model = search.short(window=20, tasks=3, blocks=1, block=kind, read=read, seed=0)
    assert model.count_params() == parameters
    scores = np.asarray(model.predict_on_batch(np.zeros((2, 20), "uint8")))
    assert scores.shape == (2, 3) and (scores > 0).all() and (scores < 1).all()


def test_attention_of_the_search_sums_to_one_over_places(script):
    import keras

    values = np.broadcast_to(np.arange(3, dtype="float32"), (2, 5, 3))  # alike at each place
    read = script("search_919").Parts(seed=0).attended(keras.ops.convert_to_tensor(values), 4)
    assert np.asarray(read) == pytest.approx(np.tile(values[:, 0], 4), abs=1e-6)


def test_kept_scores_are_taken_for_the_same_regions_only(script, tmp_path):
    predicted = script("evaluate_919").predicted
    scores = np.full((3, 2), 0.5, np.float32)
    np.save(tmp_path / "network.npy", scores)
    data = {"y": np.zeros((3, 2), np.int8)}
    assert np.array_equal(predicted("network", "no run", data, tmp_path), scores)
    with pytest.raises(SystemExit, match=r"network.npy: scores of other --sources"):
        predicted("network", "no run", {"y": data["y"][:2]}, tmp_path)


def test_columns_in_which_a_network_is_ahead(script, capsys):
    """Those without an area, or of both the same one, are none."""
    areas = {"first": [0.9, 0.8, 0.7, np.nan], "other": [0.5, 0.8, 0.8, 0.1]}
    script("evaluate_919").ahead({name: (np.array(a), np.array(a)) for name, a in areas.items()})
    assert "| other | 3 | 33.3% | 33.3% |" in capsys.readouterr().out
