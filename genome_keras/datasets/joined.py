"""Several sets of labelled windows, one after the other, as one."""

from collections.abc import Sequence

import numpy as np

from genome_keras.datasets.source import Source
from genome_keras.errors import FormatError


class Joined(Source):
    """Sources of the same tasks and window, in the order in which they are given.

    Args:
        sources: at least one.
        names: of each, for messages.

    Raises:
        FormatError: other tasks, in another order or with other windows than the first's.

    Example:
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> labels = np.array([[0], [1]], np.int8)
        >>> first = Examples(np.zeros((2, 4), np.uint8), labels, np.array(["", ""]), ["CTCF"])
        >>> joined = Joined([first, first.where(np.array([1]))], ["a.h5", "b.h5"])
        >>> len(joined), joined.read_labels(1, 3).ravel().tolist()
        (3, [1, 1])
    """

    def __init__(self, sources: Sequence[Source], names: Sequence[str]) -> None:
        first = sources[0]
        for source, name in zip(sources, names, strict=True):
            if list(source.tasks) != list(first.tasks):
                problem = f"its {_differing(source.tasks, first.tasks)} of {names[0]}"
                raise FormatError(name, None, problem)
            if source.window != first.window:
                problem = (
                    f"its windows have {source.window} bp and those of {names[0]} {first.window}; "
                    "say with window how many in the middle to take"
                )
                raise FormatError(name, None, problem)
        self.sources, self.tasks, self.window = list(sources), list(first.tasks), first.window
        self.group = max(source.group for source in sources)
        self.chunk = max(source.chunk for source in sources)
        self._ends = np.cumsum([len(source) for source in sources]).tolist()

    def __len__(self) -> int:
        return self._ends[-1]

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        return self._read("read_codes", start, stop)

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        return self._read("read_labels", start, stop)

    def _read(self, what, start, stop):
        parts, begin = [], 0
        for source, end in zip(self.sources, self._ends, strict=True):
            first, last = max(start, begin) - begin, min(stop, end) - begin
            if first < last:
                parts.append(getattr(source, what)(first, last))
            begin = end
        if not parts:  # nothing was asked for
            return getattr(self.sources[0], what)(0, 0)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _differing(tasks, wanted):
    """How tasks differ from those wanted, for a message that goes on with "of" a name."""
    tasks, wanted = list(tasks), list(wanted)
    if len(tasks) != len(wanted):
        return f"{len(tasks)} tasks are not the {len(wanted)}"
    at = next(i for i, pair in enumerate(zip(tasks, wanted, strict=True)) if pair[0] != pair[1])
    told = f"task {at + 1} is {tasks[at]!r}, not {wanted[at]!r} as that"
    return told if sorted(tasks) != sorted(wanted) else f"tasks have another order: {told}"
