"""Windows of one length along records, in batches of one size."""

from typing import NamedTuple

import numpy as np

from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import SequenceError

ON_SHORT = ("error", "pad", "skip")


class Batch(NamedTuple):
    """Windows of one or several records.

    Attributes:
        names: n names of records.
        starts, ends: int64 (n,), 0-based, half-open, in the record.
        codes: uint8 (n, window), A 0, C 1, G 2, T 3, N 4.
    """

    names: list[str]
    starts: np.ndarray
    ends: np.ndarray
    codes: np.ndarray


class Slider:
    """Batches of windows along records of any length, in memory that does not grow.

    Windows start at 0, stride, 2 * stride... as long as they fit. Where `stride` is at
    most `window` and letters are left over at the end, one more window ends with the
    record, so that every letter is in a window.

    Iterate over it once: it yields `Batch` after `Batch`, across records, all of
    `batch_size` windows but the last.

    Args:
        chunks: pieces of records with `name`, `letters` and `last`, as from
            `genome_keras.io.fasta.chunks`.
        window: length of a window, bp.
        stride: from one start to the next, bp; None is `window`.
        batch_size: windows a batch.
        on_short: what becomes of a record shorter than `window`: "error"; "pad", centred
            between N, one more on the right where they are odd, with start 0 and end its
            length; or "skip".
        unknown: as in `genome_keras.encode.tokens`.

    Attributes:
        skipped: number of records left out so far.

    Raises:
        SequenceError: a foreign letter, or a short record where it is an error, while
            iterating.
        ValueError: another value of an argument.
    """

    def __init__(
        self, chunks, *, window, stride=None, batch_size=256, on_short="error", unknown=None
    ):
        stride = window if stride is None else stride
        for name, value in (("window", window), ("stride", stride), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {name}={value}")
        if on_short not in ON_SHORT:
            raise ValueError(f"on_short must be one of {ON_SHORT}. Received: on_short={on_short!r}")
        translate(b"", unknown=unknown)
        self.chunks, self.window, self.stride = chunks, window, stride
        self.batch_size, self.on_short, self.unknown = batch_size, on_short, unknown
        self.skipped = 0

    def __iter__(self):
        batch, filled = self._empty(), 0
        for name, starts, ends, rows in self._runs():
            done = 0
            while done < len(rows):
                n = min(len(rows) - done, self.batch_size - filled)
                to, of = slice(filled, filled + n), slice(done, done + n)
                batch.names.extend([name] * n)
                batch.starts[to], batch.ends[to] = starts[of], ends[of]
                batch.codes[to] = rows[of]
                filled, done = filled + n, done + n
                if filled == self.batch_size:
                    yield batch
                    batch, filled = self._empty(), 0
        if filled:
            yield Batch(batch.names, *(array[:filled] for array in batch[1:]))

    def _empty(self):
        n = self.batch_size
        starts, ends = np.empty((2, n), np.int64)
        return Batch([], starts, ends, np.empty((n, self.window), np.uint8))

    def _runs(self):
        """Yields name, starts, ends and codes (windows, window) of neighbouring windows."""
        window, stride = self.window, self.stride
        held = np.empty(0, np.uint8)  # letters that a window to come may need,
        begin = 0  # the first of them at this position of the record
        following = 0  # start of the next window
        for piece in self.chunks:
            codes = self._codes(piece, begin + len(held))
            held = np.concatenate([held, codes]) if len(held) else codes
            end = begin + len(held)
            if following + window <= end:
                starts = np.arange(following, end - window + 1, stride)
                rows = np.ndarray(  # overlapping rows of `held`, not copied
                    (len(starts), window), np.uint8, held, following - begin, (stride, 1)
                )
                yield piece.name, starts, starts + window, rows
                following = int(starts[-1]) + stride
            if not piece.last:
                keep = max(begin, min(following, end - window))
                held, begin = held[keep - begin :], keep
                continue
            if end < window:
                yield from self._short(piece.name, held)
            elif stride <= window and following - stride + window < end:
                yield piece.name, [end - window], [end], held[None, len(held) - window :]
            held, begin, following = held[:0], 0, 0

    def _short(self, name, codes):
        length, window = len(codes), self.window
        if self.on_short == "error":
            raise SequenceError(
                f"{name}: a record of {length} bp, shorter than the window of {window} bp; "
                "accepted are on_short='pad' (N on both sides), 'skip' (leave it out) and 'error'"
            )
        if self.on_short == "skip":
            self.skipped += 1
            return
        row = np.full((1, window), 4, np.uint8)
        left = (window - length) // 2
        row[0, left : left + length] = codes
        yield name, [0], [length], row

    def _codes(self, piece, before):
        codes, foreign = translate(piece.letters, unknown=self.unknown)
        if foreign >= 0:
            letter = chr(piece.letters[foreign])
            raise SequenceError(
                f"{piece.name}: position {before + foreign + 1} (1-based): {letter!r}; {ACCEPTED}"
            )
        return codes
