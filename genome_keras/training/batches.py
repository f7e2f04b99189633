"""Batches for Keras, tf.data and torch, in one and the same order."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np

from genome_keras.datasets.reader import BUFFER, Reader
from genome_keras.datasets.source import Source


class Batches(keras.utils.PyDataset):
    """Batches of codes and labels, the same for the same seed and epoch.

    `start_epoch` draws the order of an epoch, so training for several epochs calls it
    before each: `model.fit(batches, epochs=9, callbacks=[batches.each_epoch()])`.

    Args:
        source: what to read: `Examples` in memory, or an opened file.
        batch_size, seed, window, reverse_complement, shift, buffer, workers: as in
            `genome_keras.datasets.reader.Reader`.

    Attributes:
        seed, epoch, first: as in `Reader`.
        reader: the `Reader` behind it.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> batches = Batches(examples, batch_size=4, seed=0)
        >>> len(batches), [part.shape for part in batches[0]]  # what fills none is left out
        (2, [(4, 12), (4, 2)])
    """

    def __init__(
        self,
        source: Source,
        *,
        batch_size: int,
        seed: int | None = None,
        window: int | None = None,
        reverse_complement: bool = False,
        shift: int = 0,
        buffer: int = BUFFER,
        workers: int = 1,
    ) -> None:
        # The threads of the reader work ahead. Those of Keras would mix batches of the
        # pass that builds a model into the first epoch.
        super().__init__(workers=1, use_multiprocessing=False)
        self.reader = Reader(
            source,
            batch_size=batch_size,
            seed=seed,
            window=window,
            reverse_complement=reverse_complement,
            shift=shift,
            buffer=buffer,
            workers=workers,
        )

    @property
    def seed(self) -> int | None:
        return self.reader.seed

    @property
    def epoch(self) -> int:
        return self.reader.epoch

    @property
    def first(self) -> int:
        return self.reader.first

    def start_epoch(self, epoch: int, batch: int = 0) -> None:
        """Draws an epoch and leaves out its first `batch` batches."""
        self.reader.start_epoch(epoch, batch)

    def each_epoch(self) -> keras.callbacks.Callback:
        """A Keras callback that calls `start_epoch` before each epoch.

        An epoch begun in the middle, by `restore`, goes on there. Keras fixes the number
        of steps when `fit` is called, so train the rest of such an epoch on its own:
        `fit(..., initial_epoch=e, epochs=e + 1)`, then `fit(..., initial_epoch=e + 1)`.
        """
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: epoch == self.epoch or self.start_epoch(epoch),
            on_epoch_end=lambda epoch, logs: self.start_epoch(epoch + 1),
        )

    def state(self, done: int = 0) -> dict[str, Any]:
        """As `Reader.state`."""
        return self.reader.state(done)

    def restore(self, state: dict[str, Any]) -> None:
        """As `Reader.restore`."""
        self.reader.restore(state)

    def __len__(self) -> int:
        return len(self.reader)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.reader[index]


def tf_dataset(batches: Batches | Reader, *, epochs: int = 1) -> Any:
    """The same batches in the same order as a `tf.data.Dataset`.

    Args:
        batches: `Batches` or `Reader`; it starts where they stand, and leaves them there.
        epochs: passes; a first one begun in the middle counts as one.

    Returns:
        `tf.data.Dataset` of codes uint8 (batch, window) and labels int8 (batch, tasks).

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> batches = Batches(examples, batch_size=4, seed=0)
        >>> tf_dataset(batches, epochs=2).cardinality().numpy().item()
        4
    """
    import tensorflow as tf

    reader = getattr(batches, "reader", batches)
    signature = (
        tf.TensorSpec((None, reader.window), tf.uint8),
        tf.TensorSpec((None, len(reader.source.tasks)), tf.int8),
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: stream(reader, epochs), output_signature=signature
    )
    count = tf.data.experimental.assert_cardinality(sum(_lengths(reader, epochs)))
    return dataset.apply(count).prefetch(2)


def torch_dataset(batches: Batches | Reader, *, epochs: int = 1) -> Any:
    """The same batches in the same order as a `torch.utils.data.IterableDataset`.

    Give it to `torch.utils.data.DataLoader(..., batch_size=None)`. With several
    `num_workers` the order stays, but each of them reads all buffers for itself.

    Args:
        batches, epochs: as in `tf_dataset`.

    Returns:
        `IterableDataset` of tensors: codes uint8 (batch, window), labels int8
        (batch, tasks).

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> batches = Batches(examples, batch_size=4, seed=0)
        >>> [tuple(codes.shape) for codes, labels in torch_dataset(batches)]
        [(4, 12), (4, 12)]
    """
    from genome_keras.training.torch_stream import Stream

    reader = getattr(batches, "reader", batches)
    return Stream(partial(stream, copy.copy(reader), epochs), sum(_lengths(reader, epochs)))


def _lengths(reader, epochs):
    whole = len(reader) + reader.first
    return [len(reader), *[whole] * (epochs - 1)] if epochs > 0 else []


def stream(
    reader: Reader, epochs: int, turn: int = 0, turns: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of several epochs; of `turns` processes, this is the one whose `turn` it is.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> reader = Reader(examples, batch_size=4, seed=0)
        >>> [len(codes) for codes, labels in stream(reader, epochs=2)]
        [4, 4, 4, 4]
    """
    reader = copy.copy(reader)
    step = 0
    for epoch in range(reader.epoch, reader.epoch + epochs):
        if epoch != reader.epoch:
            reader.start_epoch(epoch)
        for index in range(len(reader)):
            if step % turns == turn:
                yield reader[index]
            step += 1
