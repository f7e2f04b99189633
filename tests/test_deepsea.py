"""The DeepSEA bundle, on files of its layout that other programs write."""

import os
import pickle
import tempfile

import h5py
import numpy as np
import pytest
from scipy.io import loadmat
from support.deepsea_files import (
    TASKS,
    WINDOW,
    contents,
    one_hot,
    write_bundle,
    write_v5,
    write_v73,
)

from genome_keras.datasets.deepsea_bundle import deepsea
from genome_keras.datasets.reader import Reader
from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError

NAMES = [f"task {i}" for i in range(TASKS)]


def write(path, kind, codes, labels, **changes):
    if kind.startswith("v5"):
        write_v5(path, "train", codes, labels, compressed="compressed" in kind, **changes)
    else:
        layout = {
            "v7.3 chunks": {},
            "v7.3 rows": {"chunks": (1, 1, 1000)},
            "v7.3 blocks": {"chunks": (7, 3, 5)},
            "v7.3 plain": {"chunks": None},
        }[kind]
        write_v73(path, "train", codes, labels, **layout | changes)


KINDS = ("v7.3 chunks", "v7.3 rows", "v7.3 blocks", "v7.3 plain", "v5 plain", "v5 compressed")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [None, 20, 8, 2])
def test_codes_and_labels_are_those_written(tmp_path, kind, window):
    codes, labels = contents(48)
    write(tmp_path / "train.mat", kind, codes, labels)
    found = deepsea(tmp_path, window=window, tasks=NAMES)
    middle = codes if window is None else codes[:, 10 - window // 2 : 10 + window // 2]
    assert (len(found), found.window, found.tasks) == (48, middle.shape[1], NAMES)
    for start, stop in ((0, 48), (0, 1), (5, 33), (47, 48), (9, 9)):
        assert np.array_equal(found.read_codes(start, stop), middle[start:stop])
        assert np.array_equal(found.read_labels(start, stop), labels[start:stop])
    assert found.read_codes(0, 2).dtype == np.uint8 and found.read_labels(0, 2).dtype == np.int8
    wanted = ((labels == 1).sum(0) + 0.5) / 49
    np.testing.assert_allclose(found.positive_rates, wanted)


def test_the_layout_is_that_of_the_bundle(tmp_path):
    """What others read from these files has the shapes and the order of the original."""
    codes, labels = contents(48)
    write_v5(tmp_path / "valid.mat", "valid", codes, labels)
    x = loadmat(tmp_path / "valid.mat")["validxdata"]
    assert x.shape == (48, 4, WINDOW) and x.dtype == np.uint8
    assert x[0, :, 0].tolist() == [int(codes[0, 0] == base) for base in (0, 2, 1, 3)]
    write_v73(tmp_path / "train.mat", "train", codes, labels)
    with h5py.File(tmp_path / "train.mat") as file:
        assert file["trainxdata"].shape == (WINDOW, 4, 48)
        assert file["traindata"].shape == (TASKS, 48)
        assert np.array_equal(np.transpose(file["trainxdata"][:], (2, 1, 0)), x)


def test_the_order_of_bases(tmp_path):
    codes = np.array([[0, 1, 2, 3, 4, 0]], np.uint8)
    codes = np.concatenate([codes, reverse_complement(codes)])
    x = one_hot(codes)
    assert x[0].argmax(0)[:4].tolist() == [0, 2, 1, 3]  # A, C, G, T among A, G, C, T
    write_v73(tmp_path / "train.mat", "train", codes, np.ones((2, TASKS)))
    assert np.array_equal(deepsea(tmp_path, tasks=NAMES).read_codes(0, 2), codes)


@pytest.mark.parametrize("dtype", ["u1", "?", "i1", "f8", "u2"])
@pytest.mark.parametrize("kind", ["v7.3 chunks", "v7.3 plain", "v5 compressed"])
def test_types_of_numbers(tmp_path, kind, dtype):
    codes, labels = contents(48)
    write(tmp_path / "train.mat", kind, codes, labels, dtype=dtype)
    found = deepsea(tmp_path, tasks=NAMES)
    assert np.array_equal(found.read_codes(3, 40), codes[3:40])
    assert np.array_equal(found.read_labels(3, 40), labels[3:40])


def test_other_variables_are_left_alone(tmp_path):
    codes, labels = contents(12)
    others = {"note": "some text", "cell": np.array([[1, "a"]], object), "one": 1.0}
    for compressed in (True, False):
        write_v5(tmp_path / "test.mat", "test", codes, labels, compressed=compressed, **others)
        assert np.array_equal(deepsea(tmp_path, "test", tasks=NAMES).read_codes(0, 12), codes)


@pytest.mark.parametrize("kind", KINDS)
def test_pairs(tmp_path, kind):
    codes, labels = contents(48)
    write(tmp_path / "train.mat", kind, codes, labels)
    found = deepsea(tmp_path, strands="pairs", window=8, tasks=NAMES)
    assert (len(found), found.group) == (48, 2)
    for start, stop in ((0, 48), (3, 11), (4, 6)):
        wanted = [i // 2 + 24 * (i % 2) for i in range(start, stop)]
        assert np.array_equal(found.read_codes(start, stop), codes[wanted, 6:14])
        assert np.array_equal(found.read_labels(start, stop), labels[wanted])
    everything = found.read_codes(0, 48)
    assert np.array_equal(everything[1::2], reverse_complement(everything[::2]))
    assert found.other_strand(np.arange(4)).tolist() == [1, 0, 3, 2]


def test_other_strands(tmp_path):
    codes, labels = contents(48)
    write(tmp_path / "train.mat", "v7.3 chunks", codes, labels)
    both = deepsea(tmp_path, tasks=NAMES)
    assert both.other_strand(1) == 25 and both.other_strand(25) == 1
    at = both.other_strand(np.arange(48))
    assert np.array_equal(codes[at], reverse_complement(codes))
    forward = deepsea(tmp_path, strands="forward", tasks=NAMES)
    assert len(forward) == 24 and np.array_equal(forward.read_codes(0, 24), codes[:24])
    with pytest.raises(ValueError, match="the forward strands alone have no pairs"):
        forward.other_strand(0)


def test_what_is_no_pair_is_an_error(tmp_path):
    codes, labels = contents(48)
    codes[24 + 7] = codes[7]
    write(tmp_path / "train.mat", "v7.3 chunks", codes, labels)
    with pytest.raises(FormatError, match=r"examples 7 and 31 \(0-based\) are not reverse"):
        deepsea(tmp_path, strands="pairs", tasks=NAMES).read_codes(0, 48)


@pytest.mark.parametrize("strands", ["both", "pairs"])
def test_batches_from_a_bundle(tmp_path, strands):
    parts = write_bundle(tmp_path)
    for split, (codes, labels) in parts.items():
        source = deepsea(tmp_path, split, window=10, strands=strands, tasks=NAMES)
        source.chunk = 4
        reader = Reader(source, batch_size=8, seed=1, buffer=16, shift=2, reverse_complement=True)
        rows = [reader[i] for i in range(len(reader))]
        assert sum(len(batch) for batch, _ in rows) == len(codes)
        total = np.concatenate([batch for _, batch in rows]).sum(0)
        assert np.array_equal(total, labels.sum(0, dtype=int))
        if strands == "pairs":
            assert all(np.array_equal(c[1::2], reverse_complement(c[::2])) for c, _ in rows)


def test_the_919_names(tmp_path):
    codes, labels = contents(8, tasks=919)
    write_v73(tmp_path / "train.mat", "train", codes, labels)
    found = deepsea(tmp_path / "train.mat")
    assert len(found.tasks) == len(set(found.tasks)) == 919
    assert found.read_labels(0, 8).shape == (8, 919)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of jax
@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_and_a_fork_read_the_same(tmp_path, kind):
    codes, labels = contents(48)
    write(tmp_path / "train.mat", kind, codes, labels)
    found = deepsea(tmp_path, window=8, tasks=NAMES)
    found.read_codes(0, 4)
    copied = pickle.loads(pickle.dumps(found))
    assert np.array_equal(copied.read_codes(0, 48), codes[:, 6:14])
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            right = np.array_equal(found.read_codes(0, 48), codes[:, 6:14])
            right &= np.array_equal(found.read_labels(0, 48), labels)
            os._exit(0 if right else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_unpacking_leaves_no_file(tmp_path, monkeypatch):
    codes, labels = contents(48)
    for folder in ("bundle", "temporary"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    write(tmp_path / "bundle" / "train.mat", "v5 compressed", codes, labels)
    found = deepsea(tmp_path / "bundle", tasks=NAMES)
    assert np.array_equal(found.read_codes(0, 48), codes)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(list((tmp_path / "bundle").iterdir())) == 1


def test_long_chunks_are_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("genome_keras.io.mat_arrays.LONG", 9)
    codes, labels = contents(48)
    for chunks in ((8, 4, 16), (3, 2, 48), (1, 1, 10), (20, 4, 11)):
        write_v73(tmp_path / "train.mat", "train", codes, labels, chunks=chunks)
        found = deepsea(tmp_path, window=12, tasks=NAMES)
        assert found.chunk == 4096
        assert np.array_equal(found.read_codes(5, 48), codes[5:, 4:16])
        assert np.array_equal(found.read_labels(5, 48), labels[5:])


def bad_base(codes, labels):
    x = one_hot(codes)
    x[3, :2, 5] = 1
    return {"trainxdata": x, "traindata": labels}


BAD = {
    "two bases": (bad_base, "at most one 1 a position"),
    "label": (
        lambda c, y: {"trainxdata": one_hot(c), "traindata": y + np.uint8(2)},
        "expected 0, 1 and -1 in the labels",
    ),
    "half": (
        lambda c, y: {"trainxdata": one_hot(c) / 2, "traindata": y},
        "expected whole numbers of one byte, got float64",
    ),
    "rows": (
        lambda c, y: {"trainxdata": one_hot(c), "traindata": y[:-1]},
        "expected 48 rows in 'traindata' as in 'trainxdata', got 47",
    ),
    "shape": (
        lambda c, y: {"trainxdata": one_hot(c).transpose(0, 2, 1), "traindata": y},
        r"expected 'trainxdata' of shape \(n, 4, window\), got \(48, 20, 4\)",
    ),
    "name": (
        lambda c, y: {"validxdata": one_hot(c), "traindata": y},
        "expected (an array|a dataset) 'trainxdata'; it has",
    ),
    "tasks": (
        lambda c, y: {"trainxdata": one_hot(c), "traindata": y[:, :3]},
        "expected 5 tasks, as many as names, got 3",
    ),
    "odd": (
        lambda c, y: {"trainxdata": one_hot(c)[:47], "traindata": y[:47]},
        "expected an even number of examples, got 47",
    ),
    "complex": (
        lambda c, y: {"trainxdata": one_hot(c), "traindata": y * 1j},
        "expected (an array 'traindata'|'traindata' of type)",
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("kind", ["v7.3", "v5", "v5 compressed"])
def test_malformed(tmp_path, case, kind):
    from scipy.io import savemat

    change, message = BAD[case]
    arrays, path = change(*contents(48)), tmp_path / "train.mat"
    if kind == "v7.3":
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, values in arrays.items():
                file.create_dataset(name, data=values.T, chunks=True)
    else:
        savemat(path, arrays, do_compression=kind != "v5")
    with pytest.raises(FormatError, match=message) as caught:
        found = deepsea(tmp_path, tasks=NAMES)
        found.read_codes(0, 48)
        found.read_labels(0, 48)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_truncated(tmp_path, kind):
    path = tmp_path / "train.mat"
    write(path, kind, *contents(48))
    whole = path.read_bytes()
    for size in (0, 60, 128, 200, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            found = deepsea(tmp_path, tasks=NAMES)
            found.read_codes(0, 48)
            found.read_labels(0, 48)


def test_missing_and_usage(tmp_path):
    with pytest.raises(FormatError, match=r"train\.mat: no such file"):
        deepsea(tmp_path)
    with pytest.raises(ValueError, match="split must be one of"):
        deepsea(tmp_path, "dev")
    with pytest.raises(ValueError, match="strands must be one of"):
        deepsea(tmp_path, strands="reverse")
    write(tmp_path / "train.mat", "v5 plain", *contents(8))
    with pytest.raises(ValueError, match="window must be 1 to 20 and even"):
        deepsea(tmp_path, window=7, tasks=NAMES)
    with pytest.raises(FormatError, match="expected 919 tasks, as many as names, got 5"):
        deepsea(tmp_path)
