"""Keras, tf.data and torch get the same batches in the same order."""

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.datasets.chromatin_data import Examples
from genome_keras.datasets.reader import Reader
from genome_keras.datasets.source import Source
from genome_keras.training.batches import Batches, tf_dataset, torch_dataset


def examples(n=100, seed=0):
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 4, (n, 16), dtype=np.uint8)
    labels = draw.integers(-1, 2, (n, 2), dtype=np.int8)
    return Examples(codes, labels, np.full(n, ""), ["a", "b"])


class Chunked(Source):
    """Examples that are read in chunks of eight."""

    def __init__(self, part):
        self.part, self.chunk, self.window, self.tasks = part, 8, part.window, part.tasks

    def __len__(self):
        return len(self.part)

    def read_codes(self, start, stop):
        return self.part.codes[start:stop].copy()

    def read_labels(self, start, stop):
        return self.part.labels[start:stop].copy()


ARGUMENTS = dict(batch_size=6, seed=3, shift=2, reverse_complement=True, buffer=32)


def batches(**changes):
    return Batches(Chunked(examples()), **ARGUMENTS | changes)


def expected(epochs, first=(0, 0)):
    """The batches of a `Reader`, from one place to the end of an epoch."""
    reader = Reader(Chunked(examples()), **ARGUMENTS)
    found = []
    for epoch in range(first[0], epochs):
        reader.start_epoch(epoch, first[1] if epoch == first[0] else 0)
        found += [reader[i] for i in range(len(reader))]
    return found


def assert_same(found, wanted):
    found = [tuple(map(np.asarray, batch)) for batch in found]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert [a.dtype for a in one] == [np.uint8, np.int8]
        assert all(map(np.array_equal, one, other))


def test_py_dataset():
    data = batches()
    assert len(data) == 16 and data.seed == 3 and (data.epoch, data.first) == (0, 0)
    assert_same([data[i] for i in range(16)], expected(1))
    data.start_epoch(2, 5)
    assert_same([data[i] for i in range(11)], expected(3, (2, 5)))
    other = batches()
    other.restore(data.state(4))
    assert (other.epoch, other.first, len(other)) == (2, 9, 7)


def test_tf_data():
    pytest.importorskip("tensorflow")
    data = batches()
    data.start_epoch(1, 3)
    found = tf_dataset(data, epochs=2)
    assert int(found.cardinality()) == 13 + 16
    assert found.element_spec[0].shape[1] == 12
    for _ in range(2):  # again from the same place
        assert_same([(c.numpy(), y.numpy()) for c, y in found], expected(3, (1, 3)))
    assert (data.epoch, data.first) == (1, 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of fork, from torch
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of jax
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # one core
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_torch(workers):
    torch = pytest.importorskip("torch")
    data = batches()
    data.start_epoch(1, 3)
    found = torch_dataset(data, epochs=2)
    loader = torch.utils.data.DataLoader(found, batch_size=None, num_workers=workers)
    assert len(loader) == 13 + 16
    assert_same([(c.numpy(), y.numpy()) for c, y in loader], expected(3, (1, 3)))


def test_fit_resumes_in_the_middle_of_an_epoch():
    def model():
        return genome_keras.kmer_logreg(window=12, tasks=2, k=(1, 2), seed=1)

    def train(model, data, more=(), **arguments):
        callbacks = [*more, data.each_epoch()]
        model.fit(data, shuffle=False, verbose=0, callbacks=callbacks, **arguments)

    straight = model()
    train(straight, batches(), epochs=3)

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if self.epoch == 1 and batch == 6:
                self.state = data.state(batch + 1)
                self.model.stop_training = True

    stopped, data, stop = model(), batches(), Stop()
    train(stopped, data, epochs=3, more=[stop])
    assert stop.state["epoch"] == 1 and stop.state["batch"] == 7
    data = batches()
    data.restore(stop.state)
    train(stopped, data, initial_epoch=1, epochs=2)  # the rest of the epoch
    train(stopped, data, initial_epoch=2, epochs=3)
    assert all(map(np.array_equal, straight.get_weights(), stopped.get_weights()))
