"""Laws of batches: each example once, the same for the same seed, resumable anywhere."""

import json
import os
import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.datasets.chromatin_data import Examples, open_chromatin
from genome_keras.datasets.reader import Reader
from genome_keras.datasets.source import Source
from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError


def examples(n=64, window=12, tasks=3, seed=0):
    """Windows that tell their number: the first ten codes of each are unique."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 4, (n, window), dtype=np.uint8)
    labels = draw.integers(-1, 2, (n, tasks), dtype=np.int8)
    return Examples(codes, labels, np.full(n, "toy"), [f"task {i}" for i in range(tasks)])


class Chunked(Source):
    """Examples that are read in chunks, and which ranges were."""

    def __init__(self, examples, chunk, group=1):
        self.examples, self.chunk, self.group = examples, chunk, group
        self.window, self.tasks = examples.window, examples.tasks
        self.ranges = []

    def __len__(self):
        return len(self.examples)

    def read_codes(self, start, stop):
        self.ranges.append((start, stop))
        return self.examples.codes[start:stop].copy()

    def read_labels(self, start, stop):
        return self.examples.labels[start:stop].copy()


def rows(reader):
    """All batches of the epoch, as one."""
    parts = [reader[i] for i in range(len(reader))]
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def numbers(reader, part):
    """Which example each row of an epoch without flips is."""
    known = {row.tobytes(): i for i, row in enumerate(part.codes)}
    return [known[row.tobytes()] for row in rows(reader)[0]]


def same(one, other):
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize("chunk", [None, 8])
@pytest.mark.parametrize("flip", [False, True])
def test_what_fits_into_a_buffer_is_drawn_as_one_permutation(chunk, flip):
    part = examples()
    source = part if chunk is None else Chunked(part, chunk)
    reader = Reader(source, batch_size=10, seed=5, reverse_complement=flip, buffer=64)
    for epoch in (0, 3):
        reader.start_epoch(epoch)
        draw = np.random.default_rng([5, epoch])
        order = draw.permutation(64)
        flipped = draw.random(64) < (0.5 if flip else 0)
        codes = part.codes[order]
        codes[flipped] = reverse_complement(codes[flipped])
        assert len(reader) == 6
        assert same(rows(reader), (codes[:60], part.labels[order][:60]))


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 90),
    chunk=st.integers(1, 30),
    buffer=st.integers(1, 60),
    batch_size=st.integers(1, 20),
    seed=st.integers(0, 2**40),
)
def test_an_epoch_has_each_example_once(n, chunk, buffer, batch_size, seed):
    part = examples(n, window=20)
    reader = Reader(Chunked(part, chunk), batch_size=batch_size, seed=seed, buffer=buffer)
    found = numbers(reader, part)
    assert len(set(found)) == len(found) == len(reader) * min(batch_size, n)
    assert n - len(found) < batch_size
    again = Reader(Chunked(part, chunk), batch_size=batch_size, seed=seed, buffer=buffer)
    assert same(rows(again), rows(reader))


def test_without_a_seed_the_order_stays_and_nothing_is_dropped():
    part = examples(61)
    reader = Reader(Chunked(part, 8), batch_size=10, buffer=16)
    assert len(reader) == 7
    assert same(rows(reader), (part.codes, part.labels))


def test_epochs_and_seeds_differ():
    part = examples(40, window=20)
    orders = set()
    for seed in (0, 1):
        reader = Reader(Chunked(part, 4), batch_size=4, seed=seed, buffer=8)
        for epoch in range(3):
            reader.start_epoch(epoch)
            orders.add(tuple(numbers(reader, part)))
    assert len(orders) == 6


def test_chunks_are_read_once_and_mixed():
    part = examples(96, window=20)
    source = Chunked(part, 8)
    reader = Reader(source, batch_size=6, seed=1, buffer=32)
    found = numbers(reader, part)
    assert sorted(source.ranges) == [(i, i + 8) for i in range(0, 96, 8)]
    # A buffer holds four whole chunks, from anywhere; its batches mix them.
    chunks = [{i // 8 for i in found[at : at + 32]} for at in (0, 32, 64)]
    assert [len(each) for each in chunks] == [4, 4, 4] and set.union(*chunks) == set(range(12))
    assert max(max(each) - min(each) for each in chunks) > 4
    assert np.mean([len({i // 8 for i in found[at : at + 6]}) for at in range(0, 96, 6)]) > 2.5


def test_strands_are_flipped_half_of_the_time_and_keep_their_labels():
    part = examples(400, window=20)
    reader = Reader(Chunked(part, 16), batch_size=8, seed=1, buffer=64, reverse_complement=True)
    known = {row.tobytes(): (i, 0) for i, row in enumerate(part.codes)}
    known |= {row.tobytes(): (i, 1) for i, row in enumerate(reverse_complement(part.codes))}
    codes, labels = rows(reader)
    found = [known[row.tobytes()] for row in codes]
    assert same([labels], [part.labels[[i for i, _ in found]]])
    assert 150 < sum(flipped for _, flipped in found) < 250
    assert (labels == -1).any()


def test_shifts_are_even_and_around_the_middle():
    n, wide, shift = 700, 31, 3
    codes = np.tile(np.arange(wide, dtype=np.uint8) % 4, (n, 1))
    codes[:, 15] = 4  # one N marks the place
    part = Examples(codes, np.zeros((n, 1), np.int8), np.full(n, ""), ["t"])
    reader = Reader(part, batch_size=7, seed=2, window=11, shift=shift)
    found = rows(reader)[0]
    assert found.shape == (n, 11)
    places = np.argmax(found == 4, 1)  # 5 without a shift
    counts = np.bincount(places, minlength=11)
    assert np.flatnonzero(counts).tolist() == [2, 3, 4, 5, 6, 7, 8] and counts[2:9].min() > 60


def test_crop_without_shift_is_the_middle():
    part = examples(20, window=12)
    reader = Reader(Chunked(part, 8), batch_size=20, window=4)
    assert same(rows(reader), (part.codes[:, 4:8], part.labels))


def paired(n=40, window=20):
    part = examples(n, window=window)
    codes = np.stack([part.codes, reverse_complement(part.codes)], 1).reshape(2 * n, window)
    labels = np.repeat(part.labels, 2, 0)
    return Examples(codes, labels, np.full(2 * n, ""), part.tasks)


@pytest.mark.parametrize("buffer", [16, 1000])
def test_pairs_stay_together_and_stay_pairs(buffer):
    source = Chunked(paired(), 8, group=2)
    reader = Reader(
        source,
        batch_size=10,
        seed=3,
        buffer=buffer,
        window=12,
        shift=4,
        reverse_complement=True,
    )
    codes, labels = rows(reader)
    assert len(codes) == 80
    assert np.array_equal(codes[1::2], reverse_complement(codes[::2]))
    assert np.array_equal(labels[1::2], labels[::2])
    assert len({row.tobytes() for row in codes}) == 80
    with pytest.raises(ValueError, match="batch_size must be a multiple of 2"):
        Reader(source, batch_size=5)


@pytest.mark.parametrize("buffer", [16, 1000])
def test_resuming_in_the_middle_of_an_epoch(buffer):
    arguments = dict(batch_size=6, seed=9, buffer=buffer, reverse_complement=True, shift=2)
    straight = Reader(Chunked(examples(100), 8), **arguments)
    straight.start_epoch(4)
    wanted = [straight[i] for i in range(len(straight))]
    stopped = Reader(Chunked(examples(100), 8), **arguments)
    stopped.start_epoch(4)
    for i in range(5):
        stopped[i]
    state = json.loads(json.dumps(stopped.state(5)))
    resumed = Reader(Chunked(examples(100), 8), **arguments)
    resumed.restore(state)
    assert (resumed.epoch, resumed.first, len(resumed)) == (4, 5, len(straight) - 5)
    assert all(same(resumed[i], wanted[i + 5]) for i in range(len(resumed)))
    assert resumed.state(1)["batch"] == 6
    resumed.start_epoch(4)
    assert same(resumed[0], wanted[0])


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"batch_size": 7}, {"buffer": 32}, {"window": 10, "shift": 1}]
)
def test_a_state_of_other_arguments_is_refused(change):
    arguments = dict(batch_size=6, seed=9, buffer=16)
    state = Reader(Chunked(examples(), 8), **arguments).state()
    with pytest.raises(ValueError, match=f"same {next(iter(change))} is expected"):
        Reader(Chunked(examples(), 8), **arguments | change).restore(state)
    with pytest.raises(ValueError, match="same seed is expected"):
        Reader(Chunked(examples(), 8), **arguments).restore({})


def test_any_batch_in_any_order_from_several_threads():
    from concurrent.futures import ThreadPoolExecutor

    part = examples(300)
    reader = Reader(Chunked(part, 8), batch_size=7, seed=1, buffer=32, workers=3)
    wanted = [reader[i] for i in range(len(reader))]
    asked = np.random.default_rng(0).integers(0, len(reader), 200).tolist()
    with ThreadPoolExecutor(4) as pool:
        for i, found in zip(asked, pool.map(reader.__getitem__, asked), strict=True):
            assert same(found, wanted[i])
    with pytest.raises(IndexError):
        reader[len(reader)]


def test_memory_holds_few_buffers(monkeypatch):
    import genome_keras.datasets.shuffle as module

    alive, most = set(), []

    class Counted(module.Buffer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            alive.add(id(self))
            most.append(len(alive))

        def __del__(self):
            alive.discard(id(self))

    monkeypatch.setattr(module, "Buffer", Counted)
    reader = Reader(Chunked(examples(300), 8), batch_size=7, seed=1, buffer=32)
    rows(reader)
    assert len(most) == 10 and max(most) == 2
    for i in (40, 3, 25, 11, 30, 0):
        reader[i]
    assert max(most) <= 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of jax
def test_a_forked_process_and_a_pickle_read_the_same(tmp_path):
    path = stored(tmp_path, examples(100))
    reader = Reader(open_chromatin(path, "train"), batch_size=8, seed=1, buffer=16)
    reader.start_epoch(2, 1)
    wanted = [reader[i] for i in range(len(reader))]
    copied = pickle.loads(pickle.dumps(reader))
    assert (copied.epoch, copied.first) == (2, 1)
    assert all(same(copied[i], wanted[i]) for i in range(len(reader)))
    reader[0]  # leaves a buffer in memory, and another half read
    child = os.fork()
    if not child:
        right = all(same(reader[i], wanted[i]) for i in range(len(reader)))
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


def stored(folder, part, chunks=(8, 12)):
    path = folder / "d.h5"
    n = len(part)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=part.codes, chunks=chunks, compression="gzip")
        file.create_dataset("y", data=part.labels)
        file["split"] = np.array([b"train", b"valid", b"train", b"train"] * (n // 4))
        file["tasks"] = np.array([name.encode() for name in part.tasks])
    return path


def test_an_error_of_reading_comes_out_of_the_batch(tmp_path):
    part = examples(100)
    path = stored(tmp_path, part)
    with h5py.File(path, "r+") as file:
        file["y"][70, 1] = 7
    source = open_chromatin(path, "train")
    source.chunk = 8
    reader = Reader(source, batch_size=8, buffer=16)
    with pytest.raises(FormatError, match="expected labels -1, 0 and 1 in 'y', got -1 to 7"):
        rows(reader)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"batch_size": 4, "workers": 0}, "workers must be an integer of at least 1"),
        ({"batch_size": 4, "shift": 6, "seed": 1}, "shift must be 0 or more, and leave some"),
        ({"batch_size": 4, "shift": 1}, "reverse_complement and shift need a seed"),
        ({"batch_size": 4, "window": 5}, "window must be 1 to 12 and even"),
        ({"batch_size": 4, "window": 12, "shift": 1, "seed": 1}, "window must be 1 to 12"),
    ],
)
def test_usage(arguments, message):
    with pytest.raises(ValueError, match=message):
        Reader(examples(), **arguments)
