"""What windows under convolutions share: a letter changes only what lies near it.

Layer by layer the positions that a substitution can change are computed, between the window's
own values on both sides: the width of each convolution and pooling says how many there are.
They are put into what the window itself has there, and the layers after, which read all
positions at once, go on as ever.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from genome_keras.encode import reverse_complement

CACHED = 2**18  # numbers that a matrix product reads at a time: they stay in a cache
KEPT = 2**23  # numbers of the windows' own values that are kept at a time, about
FEWEST = 0.25  # a share of windows that are changed others: with fewer nothing is saved
# Times as many multiply-adds of the convolutions of a window as of a substitution in it: with
# less the work around them takes what is saved, of substitutions and of pairs of windows.
SAVED, SAVED_OF_PAIRS = 1.5, 3.0


class Convolution(NamedTuple):
    """Sums over neighbouring positions, one apart.

    Args:
        kernel: float32 (width, channels, filters).
        bias: float32 (filters,).
        dilation: positions from one that is read to the next.
        before, after: zeros that are read beyond the ends.
        activation: of the sums; None is none.

    Example:
        >>> step = Convolution(np.ones((3, 1, 1), np.float32), np.zeros(1, np.float32))
        >>> step(np.ones((1, 5, 1), np.float32))[0, :, 0].tolist()
        [3.0, 3.0, 3.0]
    """

    kernel: np.ndarray
    bias: np.ndarray
    dilation: int = 1
    before: int = 0
    after: int = 0
    activation: Callable[[np.ndarray], np.ndarray] | None = None

    filling = 0.0

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Of float32 (n, positions, channels), which are contiguous, without padding."""
        width, channels, filters = self.kernel.shape
        n, positions, _ = x.shape
        left = positions - (width - 1) * self.dilation
        row, step, between = x.strides
        shape, strides = (n, left, width, channels), (row, step, step * self.dilation, between)
        read = np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
        kernel, out = self.kernel.reshape(-1, filters), np.empty((n, left, filters), np.float32)
        rows = max(1, CACHED // (left * width * channels))
        for first in range(0, n, rows):
            some = slice(first, first + rows)
            matrix = read[some].reshape(-1, width * channels)
            np.matmul(matrix, kernel, out=out[some].reshape(-1, filters))
        out += self.bias
        return out if self.activation is None else self.activation(out)

    def reached(self, start: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        """First position and number of those that changed ones can change."""
        reach = (len(self.kernel) - 1) * self.dilation
        return start + self.before - reach, count + reach

    def read(self, start: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        """First position and number of those that outputs read."""
        return start - self.before, count + (len(self.kernel) - 1) * self.dilation


class MaxPool(NamedTuple):
    """The largest of each so many positions.

    Args:
        size: positions.
        before, after: positions beyond the ends that are passed over.

    Example:
        >>> MaxPool(2)(np.float32([[[1], [3], [2], [0]]])).ravel().tolist()
        [3.0, 2.0]
    """

    size: int
    before: int = 0
    after: int = 0

    filling = -np.inf

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Of float32 (n, positions, channels); those at the end that fill no pool are left out."""
        end = x.shape[1] // self.size * self.size
        return reduce(np.maximum, [x[:, at : end : self.size] for at in range(self.size)])

    def reached(self, start: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        """As `Convolution.reached`; at most so many."""
        return (start + self.before) // self.size, (count + self.size - 2) // self.size + 1

    def read(self, start: np.ndarray, count: int) -> tuple[np.ndarray, int]:
        """As `Convolution.read`."""
        return start * self.size - self.before, count * self.size


class Step(NamedTuple):
    """A step of a trunk: what it does, and the numbers of the steps whose values it takes.

    Args:
        work: a `Convolution` or `MaxPool` of one value; or else a function of values of the
            same shape, which keeps each position to itself.
        inputs: numbers; 0 are the letters.

    Example:
        >>> Step(np.add, (1, 2)).inputs
        (1, 2)
    """

    work: Callable[..., np.ndarray]
    inputs: tuple[int, ...]


class Changed(NamedTuple):
    """Positions that may have changed.

    Attributes:
        start: int64 (n,), the first of each row; some may lie beyond the ends.
        values: float32 (n, positions, channels).

    Example:
        >>> Changed(np.array([3]), np.zeros((1, 2, 4), np.float32)).values.shape
        (1, 2, 4)
    """

    start: np.ndarray
    values: np.ndarray


class Trunk:
    """Layers over letters of which each position reads only its neighbours.

    Args:
        steps: list of `Step`, each after those that it needs; the last is the trunk's value.

    Attributes:
        context: numbers of the steps whose values of whole windows are read; the last is among
            them, the letters are not.

    Example:
        >>> wide = Convolution(np.ones((3, 4, 1), np.float32), np.zeros(1, np.float32))
        >>> trunk = Trunk([Step(wide, (0,))])
        >>> whole = {0: letters(np.array([[0, 1, 2, 3, 4]], np.uint8))}
        >>> trunk.changed(whole, *np.array([[0], [4], [0]])).values[0, :, 0].tolist()
        [3.0, 2.0, 1.0]
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        read, places = {len(self.steps)}, [0]  # of each step, the last one that moved positions
        for number, (work, inputs) in enumerate(self.steps, 1):
            offsets = {places[each] for each in inputs}
            moves = isinstance(work, Convolution | MaxPool) or len(offsets) > 1
            read |= set(inputs) if moves else set()
            places.append(number if moves else offsets.pop())
        self.context = sorted(read - {0})

    def changed(
        self, whole: dict[int, np.ndarray], rows: np.ndarray, at: np.ndarray, codes: np.ndarray
    ) -> Changed:
        """What substitutions change.

        Args:
            whole: values of the windows, float32 (windows, positions, channels), of the
                letters, 0, and of the steps of `context`.
            rows, at, codes: integers (n,): of each substitution the row of its window, its
                position and its new code.

        Returns:
            `Changed`, of the last step.
        """
        parts = [Changed(at, letters(codes[:, None]))]
        for work, inputs in self.steps:
            given = [parts[number] for number in inputs]
            if isinstance(work, Convolution | MaxPool):
                start, count = work.reached(given[0].start, given[0].values.shape[1])
                between = _between(
                    whole[inputs[0]], rows, given[0], *work.read(start, count), work.filling
                )
                parts.append(Changed(start, work(between)))
            else:
                start, values = _together(whole, rows, inputs, given)
                parts.append(Changed(start, work(*values)))
        return parts[-1]

    def saves(self, window: int, *, least: float = SAVED) -> bool:
        """Whether a substitution takes so many times less of the convolutions than a window."""
        total, near = self.multiply_adds(window)
        return total > 0 and total >= least * near

    def multiply_adds(self, window: int) -> tuple[int, int]:
        """Of the convolutions: for a window of so many bp, and for a substitution in it."""
        lengths, widths, total, near = [window], [1], 0, 0
        for work, inputs in self.steps:
            length, width = (max(sizes[each] for each in inputs) for sizes in (lengths, widths))
            if isinstance(work, Convolution):
                length += work.before + work.after - (len(work.kernel) - 1) * work.dilation
            elif isinstance(work, MaxPool):
                length = (length + work.before + work.after) // work.size
            if isinstance(work, Convolution | MaxPool):
                width = min(length, work.reached(np.array([0]), width)[1])
            lengths.append(length)
            widths.append(width)
            if isinstance(work, Convolution):
                total += length * work.kernel.size
                near += width * work.kernel.size
        return total, near


def relu(x: np.ndarray) -> np.ndarray:
    """The positive part.

    Example:
        >>> relu(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), float32 of float32.

    Example:
        >>> sigmoid(np.float32([0, -1e9])).tolist()
        [0.5, 0.0]
    """
    with np.errstate(over="ignore"):  # of exp(-x) comes infinity, of that 0
        return 1 / (1 + np.exp(-x))


def silu(x: np.ndarray) -> np.ndarray:
    """x times its sigmoid.

    Example:
        >>> silu(np.float32([0, -1e9])).tolist()
        [0.0, -0.0]
    """
    return x * sigmoid(x)


def same_padding(length: int, size: int) -> tuple[int, int]:
    """Positions that a pooling of padding "same" passes over before and after the ends.

    Example:
        >>> same_padding(10, 4)
        (1, 1)
    """
    missing = -length % size
    return missing // 2, missing - missing // 2


def letters(codes: np.ndarray) -> np.ndarray:
    """One-hot letters, float32 (..., 4), of codes; zeros of N.

    Example:
        >>> letters(np.array([1, 4])).tolist()
        [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    return (codes[..., None] == np.arange(4, dtype=np.uint8)).astype(np.float32)


def _between(own, rows, changed, begin, count, filling):
    """So many positions of each row: the changed ones, and the window's own beside them."""
    length = own.shape[1]
    positions = begin[:, None] + np.arange(count)
    index = positions.clip(0, length - 1)
    if own.flags.c_contiguous:
        filled = own.reshape(-1, own.shape[2]).take(rows[:, None] * length + index, 0)
    else:
        filled = np.ascontiguousarray(own[rows[:, None], index])
    offset, width = changed.start - begin, changed.values.shape[1]
    if (offset == offset[0]).all():
        filled[:, offset[0] : offset[0] + width] = changed.values
    else:
        filled[np.arange(len(rows))[:, None], offset[:, None] + np.arange(width)] = changed.values
    outside = (positions < 0) | (positions >= length)
    if outside.any():
        filled[outside] = filling
    return filled


def _together(whole, rows, inputs, given):
    """Values of several steps at the same positions: all that one of them changed."""
    first, width = given[0], given[0].values.shape[1]
    if all(each.values.shape[1] == width and (each.start == first.start).all() for each in given):
        return first.start, [each.values for each in given]
    start = np.min([each.start for each in given], 0)
    end = np.max([each.start + each.values.shape[1] for each in given], 0)
    count = int((end - start).max())
    pairs = zip(inputs, given, strict=True)
    return start, [_between(whole[each], rows, part, start, count, 0.0) for each, part in pairs]


class SharedConvolutions:
    """A model whose trunk computes only what changes.

    Args:
        trunk: a `Trunk`.
        whole: of codes uint8 (n, window) gives a dict of the values of the steps of
            `trunk.context`, float32 (n, positions, channels), and the scores (n, tasks). Where
            both strands are read, the values are those of the windows and then of their
            reverse complements, (2 n, positions, channels).
        rest: gives scores (n, tasks) of values of the last step, of so many rows.
        both_strands: whether both are read.
        batch_size: windows at a time.

    Attributes:
        way: what `genome_keras.interpret.Mutagenesis` calls it.

    Example:
        >>> wide = Convolution(np.ones((3, 4, 1), np.float32), np.zeros(1, np.float32))
        >>> model = SharedConvolutions(
        ...     Trunk([Step(wide, (0,))]),
        ...     lambda codes: ({1: wide(letters(codes))}, wide(letters(codes)).max(1)),
        ...     lambda values: values.max(1),
        ... )
        >>> changed, own = model.substitutions(np.array([[0, 1, 4, 4]], np.uint8))
        >>> own.tolist(), changed.shape
        ([[2.0]], (1, 4, 4, 1))
    """

    way = "changed positions"

    def __init__(
        self,
        trunk: Trunk,
        whole: Callable[[np.ndarray], tuple[dict[int, np.ndarray], np.ndarray]],
        rest: Callable[[np.ndarray], np.ndarray],
        *,
        both_strands: bool = False,
        batch_size: int = 256,
    ) -> None:
        self.trunk, self.whole, self.rest = trunk, whole, rest
        self.strands, self.batch_size = 1 + both_strands, batch_size

    def substitutions(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Scores of all substitutions (n, window, 4, tasks), and of the windows (n, tasks).

        None where a letter in place of itself would change something: the layers are not what
        they look like.
        """
        row, at, code = np.nonzero((codes[..., None] != np.arange(4)) & (codes < 4)[..., None])
        pair = self._scored(codes, row, at, code.astype(np.uint8))
        if pair is None:
            return None
        own, scores = pair
        changed = np.zeros((*codes.shape, 4, own.shape[1]), np.float32)
        changed[row, at, code] = scores
        kept = np.minimum(codes, 3)[..., None, None]
        np.put_along_axis(changed, kept, own[:, None, None], 2)
        return changed, own

    def scores(self, codes: np.ndarray) -> np.ndarray | None:
        """Scores of windows of which many differ from one before them by a letter.

        Args:
            codes: uint8 (n, window).

        Returns:
            float32 (n, tasks), or None where too few do, or as of `substitutions`.
        """
        base, at = _neighbours(codes)
        changed, whole = np.flatnonzero(base >= 0), np.flatnonzero(base < 0)
        saves = self.trunk.saves(codes.shape[1], least=SAVED_OF_PAIRS)
        if len(changed) < FEWEST * len(codes) or not saves:
            return None
        row, at = np.searchsorted(whole, base[changed]), at[changed]
        pair = self._scored(codes[whole], row, at, codes[changed, at])
        if pair is None:
            return None
        scores = np.empty((len(codes), pair[0].shape[1]), np.float32)
        scores[whole], scores[changed] = pair
        return scores

    def _scored(self, codes, row, at, code):
        """Scores of windows, and of substitutions, whose rows rise."""
        own, scores, size = [], [], 1
        first = 0
        while first < len(codes):
            some = codes[first : first + size]
            values, of_windows = self.whole(some)
            strands = [some, reverse_complement(some)][: self.strands]
            values[0] = letters(np.concatenate(strands))
            here = slice(*np.searchsorted(row, [first, first + len(some)]))
            if here.stop - here.start > len(some):  # read more than once
                values = {step: np.ascontiguousarray(each) for step, each in values.items()}
            if not self._is_itself(values, some):
                return None
            own.append(of_windows)
            scores += self._changed(values, len(some), row[here] - first, at[here], code[here])
            first += len(some)
            # How much one window takes is known now.
            numbers = sum(each.size for each in values.values()) // len(some)
            size = max(1, min(self.batch_size, KEPT // numbers))
        return np.concatenate(own), np.concatenate([own[0][:0], *scores])

    def _is_itself(self, values, codes):
        """Whether a letter in place of itself changes nothing, at the ends and in the middle."""
        window = codes.shape[1]
        at = np.array([0, window // 2, window - 1])
        zero, last = np.zeros(3, np.int64), len(self.trunk.steps)
        changed = self.trunk.changed(values, zero, at, codes[0, at])
        unchanged = _put(values[last], zero, changed)
        return np.allclose(unchanged, values[last][:1], atol=1e-4, rtol=1e-4)

    def _changed(self, values, n, row, at, code):
        last, window = values[len(self.trunk.steps)], values[0].shape[1]
        for first in range(0, len(row), self.batch_size):
            some = slice(first, first + self.batch_size)
            parts = []
            for strand in range(self.strands):
                rows, place, letter = row[some] + strand * n, at[some], code[some]
                if strand:
                    place, letter = window - 1 - place, np.where(letter < 4, 3 - letter, letter)
                changed = self.trunk.changed(values, rows, place, letter)
                parts.append(_put(last, rows, changed))
            yield self.rest(np.concatenate(parts))


def _put(own, rows, changed):
    """The windows' own values with the changed ones among them."""
    values = own[rows]
    positions = changed.start[:, None] + np.arange(changed.values.shape[1])
    row, place = np.nonzero((positions >= 0) & (positions < own.shape[1]))
    values[row, positions[row, place]] = changed.values[row, place]
    return values


def _neighbours(codes):
    """For each window the row of one before it that differs by one letter, or -1, and where."""
    base, at, last = np.full(len(codes), -1), np.zeros(len(codes), np.int64), 0
    for number in range(1, len(codes)):
        differs = np.flatnonzero(codes[number] != codes[last])
        if len(differs) == 1:
            base[number], at[number] = last, differs[0]
        else:
            last = number
    return base, at
