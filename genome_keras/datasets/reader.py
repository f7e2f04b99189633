"""Batches of a source in random order, from ranges that are read in one go."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genome_keras.arguments import at_least_one
from genome_keras.datasets.shuffle import Plan, Threads
from genome_keras.datasets.source import Source
from genome_keras.encode import reverse_complement
from genome_keras.windows import centre

BUFFER = 65_536  # examples


class Reader:
    """Batches by number, the same for the same seed and epoch.

    The source is cut into chunks of `source.chunk` examples. Their order is drawn anew
    for each epoch; `buffer` examples' worth of them are read into memory, and their
    examples shuffled. What fits into one buffer, or lies in memory, is shuffled
    throughout. At most two buffers are in memory: the second is read while the
    second half of the first is used.

    Args:
        source: a `Source`.
        batch_size: examples a batch, a multiple of `source.group`.
        seed: of order, strands and shifts; None keeps the order of the source.
        window: bp, in the middle of those of the source; None takes all but the
            room for the shift.
        reverse_complement: flip each window to the other strand with probability
            one half; needs a seed.
        shift: move each window by -shift to shift bp, drawn evenly; needs a seed, and a
            source that is 2 * shift bp wider than `window`.
        buffer: examples in memory; rounded down to whole chunks, at least one.
        workers: threads that read.

    Attributes:
        epoch: the one begun.
        first: number of its batches left out; batch 0 is this one of the epoch.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> codes, labels = np.zeros((10, 6), np.uint8), np.arange(10, dtype=np.int8)[:, None] % 2
        >>> examples = Examples(codes, labels, np.full(10, ""), ["CTCF"])
        >>> reader = Reader(examples, batch_size=4, seed=0, shift=1)
        >>> codes, labels = reader[0]
        >>> len(reader), codes.shape, labels.shape
        (2, (4, 4), (4, 1))
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
        at_least_one(batch_size=batch_size, buffer=buffer, workers=workers)
        if batch_size % source.group:
            raise ValueError(
                f"batch_size must be a multiple of {source.group}, for {source.group} examples in "
                f"a row belong together. Received: batch_size={batch_size!r}"
            )
        if shift < 0 or 2 * shift >= source.window:
            raise ValueError(
                f"shift must be 0 or more, and leave some of {source.window} bp. "
                f"Received: shift={shift!r}"
            )
        if seed is None and (reverse_complement or shift):
            raise ValueError("reverse_complement and shift need a seed. Received: seed=None")
        self.source, self.batch_size, self.seed = source, batch_size, seed
        self.window = source.window - 2 * shift if window is None else window
        self.reverse_complement, self.shift = reverse_complement, shift
        self.buffer, self.workers = buffer, workers
        self.crop = centre(source.window, self.window + 2 * shift)
        self.threads = Threads(workers)
        self.start_epoch(0)

    def start_epoch(self, epoch: int, batch: int = 0) -> None:
        """Goes to a batch of an epoch; it becomes batch 0, and those before it are gone."""
        plan = self._now[0] if hasattr(self, "_now") else None
        if plan is None or plan.epoch != epoch:
            plan = Plan(self, epoch)
        if not 0 <= batch <= plan.batches:
            raise ValueError(f"batch must be 0 to {plan.batches}. Received: batch={batch!r}")
        self._now = plan, batch  # at once, for other threads may read

    @property
    def epoch(self) -> int:
        return self._now[0].epoch

    @property
    def first(self) -> int:
        return self._now[1]

    def state(self, done: int = 0) -> dict[str, Any]:
        """What `restore` needs to go on, fit for JSON.

        Args:
            done: batches used since `start_epoch`; only who uses them knows, for batches
                are read ahead.
        """
        return {
            "seed": self.seed,
            "epoch": self.epoch,
            "batch": self.first + done,
            "examples": len(self.source),
            "batch_size": self.batch_size,
            "window": self.window,
            "reverse_complement": self.reverse_complement,
            "shift": self.shift,
            "chunk": self.source.chunk,
            "buffer": self.buffer,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to where a reader with the same arguments was.

        Raises:
            ValueError: it had other arguments, so the batches would differ.
        """
        place = {"epoch": state.get("epoch"), "batch": state.get("batch")}
        for name, value in (self.state() | place).items():
            if state.get(name) != value or (value is None and name in place):
                raise ValueError(
                    f"the state of a reader with the same {name} is expected, {value!r}. "
                    f"Received: {state.get(name)!r}"
                )
        self.start_epoch(**place)

    def __len__(self) -> int:
        plan, first = self._now
        return plan.batches - first

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Codes uint8 (batch_size, window) and labels int8 (batch_size, tasks)."""
        plan, first = self._now
        if not 0 <= index < plan.batches - first:
            raise IndexError(f"batch {index} of {plan.batches - first}")
        start = (first + index) * self.batch_size
        stop = min(start + self.batch_size, len(self.source))
        parts = []
        while start < stop:
            number = int(np.searchsorted(plan.bounds, start, "right")) - 1
            begin, end = plan.bounds[number], plan.bounds[number + 1]
            part = slice(start - begin, min(stop, end) - begin)
            parts.append(self._take(self._loaded(plan, number, part), part))
            start = min(stop, end)
        if len(parts) == 1:
            return parts[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))

    def _loaded(self, plan, number, part):
        """The buffer of this number; past its middle, the next is begun."""
        buffer = plan.buffer(number, self)
        size = plan.bounds[number + 1] - plan.bounds[number]
        if part.stop > size // 2:
            plan.drop(number - 1)
            if number + 2 < len(plan.bounds):
                plan.buffer(number + 1, self)
        return buffer.wait()

    def _take(self, buffer, part):
        chosen = buffer.order[part]
        codes = buffer.codes[chosen]
        if self.shift:
            windows = sliding_window_view(codes, self.window, axis=1)
            codes = windows[np.arange(len(codes)), buffer.starts[part]]
        flipped = buffer.flipped[part]
        codes[flipped] = reverse_complement(codes[flipped])
        return codes, buffer.labels[chosen]

    def __getstate__(self):
        # A copy, in this process or another, reads for itself.
        return self.__dict__ | {"threads": None, "_now": (self.epoch, self.first)}

    def __setstate__(self, state):
        place = state.pop("_now")
        self.__dict__ |= state
        self.threads = Threads(self.workers)
        self.start_epoch(*place)
