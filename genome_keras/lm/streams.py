"""A genome as parallel streams: row i of each window continues row i of the last."""

from collections.abc import Iterator, Sequence

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.encode import reverse_complement

N = 4


class Streams:
    """Windows of parallel streams for truncated back-propagation.

    All pairs (base, next base) of the training parts, part after part, are laid end to
    end and cut into `batch_size` streams of one length. An N stands between two parts,
    and fills the last stream: no pair is left out and none crosses two contigs. Where
    an N is the next base, the pair has no weight.

    Args:
        sequences: list of uint8 (n,), codes of contigs or parts of them.
        batch_size: streams.
        window: steps of a window in bp; only the last may hold less, filled with N.
        reverse_complement: each epoch, read a random half of the streams on the other
            strand, back to front.
        seed: of that choice.

    Example:
        >>> streams = Streams([np.array([0, 1, 2, 3, 0], np.uint8)], batch_size=2, window=2)
        >>> [(codes.tolist(), following.tolist()) for codes, following in streams.epoch(0)]
        [([[0, 1], [2, 3]], [[1, 2], [3, 0]])]
    """

    def __init__(
        self,
        sequences: Sequence[np.ndarray],
        *,
        batch_size: int,
        window: int,
        reverse_complement: bool = False,
        seed: int = 0,
    ) -> None:
        at_least_one(batch_size=batch_size, window=window)
        joined = [np.append(codes, np.uint8(N)) for codes in sequences]
        self._codes = np.concatenate(joined)[:-1] if joined else np.empty(0, np.uint8)
        pairs = len(self._codes) - 1
        if not any(len(codes) > 1 for codes in sequences):
            raise ValueError("expected at least one sequence of two bases")
        self.batch_size, self.window = batch_size, window
        self.reverse_complement, self.seed = reverse_complement, seed
        self.steps = -(-pairs // batch_size)
        filled = np.full(self.steps * batch_size + 1 - len(self._codes), N, np.uint8)
        self._codes = np.concatenate([self._codes, filled])

    def __len__(self) -> int:
        """Windows of an epoch."""
        return -(-self.steps // self.window)

    def epoch(self, number: int, *, first: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The windows of an epoch, from the window `first` on.

        Yields:
            Two uint8 (batch_size, window): codes, and the codes that follow each.
        """
        rows = np.lib.stride_tricks.as_strided(
            self._codes, (self.batch_size, self.steps + 1), (self.steps, 1), writeable=False
        )
        if self.reverse_complement:
            flipped = np.random.default_rng([self.seed, number]).permutation(self.batch_size)
            flipped = flipped[: self.batch_size // 2]
            rows = rows.copy()
            rows[flipped] = reverse_complement(rows[flipped])
        for begin in range(first * self.window, self.steps, self.window):
            chunk = rows[:, begin : begin + self.window + 1]
            short = self.window + 1 - chunk.shape[1]
            if short:
                chunk = np.pad(chunk, ((0, 0), (0, short)), constant_values=N)
            yield chunk[:, :-1], chunk[:, 1:]
