"""The order of an epoch, and the buffers it is read into."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

HELD = 3  # buffers in memory at most; in order, two


class Plan:
    """The order of one epoch, and those of its buffers that are in memory.

    Attributes:
        chunks: their numbers, in the order of the epoch.
        bounds: where each buffer begins in that order, in examples; the end of the last.
        batches: in the epoch.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> from genome_keras.datasets.reader import Reader
        >>> codes, labels = np.zeros((10, 4), np.uint8), np.zeros((10, 1), np.int8)
        >>> examples = Examples(codes, labels, np.full(10, ""), ["CTCF"])
        >>> reader = Reader(examples, batch_size=4, seed=0)
        >>> plan = Plan(reader, 0)
        >>> plan.batches, plan.bounds
        (2, [0, 10])
    """

    def __init__(self, reader: Any, epoch: int) -> None:
        self.epoch, self._owner, self._lock = epoch, os.getpid(), threading.Lock()
        n, chunk = len(reader.source), reader.source.chunk
        count = -(-n // chunk)
        self.per_buffer = max(1, reader.buffer // chunk)
        self.is_one_buffer = count <= self.per_buffer
        self.chunks = np.arange(count)
        if reader.seed is not None and not self.is_one_buffer:
            self.chunks = np.random.default_rng([reader.seed, epoch]).permutation(count)
        sizes = np.minimum(chunk, n - self.chunks * chunk)
        ends = np.cumsum(sizes)[self.per_buffer - 1 :: self.per_buffer]
        self.bounds = [0, *ends.tolist()]
        if self.bounds[-1] < n:
            self.bounds.append(n)
        # One shape in training: a last, shorter batch would be compiled anew.
        self.batches = n // reader.batch_size
        if n % reader.batch_size and (reader.seed is None or not self.batches):
            self.batches += 1
        self._buffers = {}

    def buffer(self, number: int, reader: Any) -> "Buffer":
        """A buffer, perhaps still being read."""
        if self._owner != os.getpid():  # forked: nobody reads on for this process
            self._buffers, self._lock, self._owner = {}, threading.Lock(), os.getpid()
        with self._lock:
            if number not in self._buffers:
                if len(self._buffers) == HELD:  # read out of order
                    del self._buffers[next(iter(self._buffers))]
                self._buffers[number] = Buffer(reader, self, number)
            return self._buffers[number]

    def drop(self, number: int) -> None:
        """Forgets a buffer, which nobody needs any more."""
        with self._lock:
            self._buffers.pop(number, None)

    def draws(self, reader: Any, number: int) -> np.random.Generator:
        """The random numbers of a buffer, the same for the same seed, epoch and number."""
        if self.is_one_buffer:
            return np.random.default_rng([reader.seed, self.epoch])
        return np.random.default_rng([reader.seed, self.epoch, number + 1])


class Buffer:
    """Chunks in memory, with the order, strands and shifts of their examples.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> from genome_keras.datasets.reader import Reader
        >>> codes, labels = np.zeros((10, 4), np.uint8), np.zeros((10, 1), np.int8)
        >>> examples = Examples(codes, labels, np.full(10, ""), ["CTCF"])
        >>> reader = Reader(examples, batch_size=4, seed=0)
        >>> buffer = Buffer(reader, Plan(reader, 0), 0).wait()
        >>> sorted(buffer.order.tolist()) == list(range(10)), buffer.codes.shape
        (True, (10, 4))
    """

    def __init__(self, reader: Any, plan: Plan, number: int) -> None:
        group = reader.source.group
        n = plan.bounds[number + 1] - plan.bounds[number]
        self._read(reader, plan, number, n)
        self.order, self.flipped = np.arange(n), np.zeros(n, bool)
        if reader.seed is None:
            return
        draw = plan.draws(reader, number)
        # What belongs together stays together, and is flipped and moved together.
        self.order = (draw.permutation(n // group)[:, None] * group + np.arange(group)).ravel()
        share = 0.5 if reader.reverse_complement else 0
        self.flipped = np.repeat(draw.random(n // group) < share, group)
        if reader.shift:
            moves = draw.integers(-reader.shift, reader.shift, n // group, endpoint=True)
            sides = np.array([1, -1])[:group]  # of a pair, the second is the other strand
            self.starts = reader.shift + (moves[:, None] * sides).ravel()

    def _read(self, reader, plan, number, n):
        source, chunk = reader.source, reader.source.chunk
        first = number * plan.per_buffer
        chunks = plan.chunks[first : first + plan.per_buffer]
        self._pending = []
        if source.in_memory and len(chunks) == 1:
            start = int(chunks[0]) * chunk
            self.codes = source.read_codes(start, start + n)[:, reader.crop]
            self.labels = source.read_labels(start, start + n)
            return
        width = reader.crop.stop - reader.crop.start
        self.codes = np.empty((n, width), np.uint8)
        self.labels = np.empty((n, len(source.tasks)), np.int8)

        def fill(start, stop, at):
            part = slice(at, at + stop - start)
            self.codes[part] = source.read_codes(start, stop)[:, reader.crop]
            self.labels[part] = source.read_labels(start, stop)

        at = 0
        for start in (chunks * chunk).tolist():
            stop = min(start + chunk, len(source))
            self._pending.append(reader.threads().submit(fill, start, stop, at))
            at += stop - start

    def wait(self) -> "Buffer":
        """This buffer, read; an error of reading is raised here."""
        for task in self._pending:
            task.result()
        return self


class Threads:
    """A pool of threads, one for each process that asks for it.

    Example:
        >>> threads = Threads(2)
        >>> threads() is threads(), threads().submit(len, "ACGT").result()
        (True, 4)
    """

    def __init__(self, workers: int) -> None:
        self._workers, self._owner = workers, None

    def __call__(self) -> ThreadPoolExecutor:
        if self._owner != os.getpid():
            self._pool = ThreadPoolExecutor(self._workers, "genome_keras-reader")
            self._owner = os.getpid()
        return self._pool
