"""The DeepSEA training bundle: 919 tasks, windows of 1000 bp, both strands of each."""

import os
from collections.abc import Iterable

import numpy as np

from genome_keras.arguments import one_of
from genome_keras.datasets.source import Source
from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError
from genome_keras.io.deepsea_mat import DeepSEAFile

STRANDS = ("both", "forward", "pairs")


class DeepSEA(Source):
    """One split of the bundle, left on disk; `deepsea` makes it.

    Attributes:
        path: the file.
        strands: as asked for.

    Example:
        >>> import tempfile
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     x, y = np.zeros((2, 4, 3), np.uint8), np.ones((2, 5), np.uint8)
        ...     x[0, 0], x[1, 3] = 1, 1  # AAA and TTT, its other strand: bases are A G C T
        ...     scipy.io.savemat(f"{folder}/test.mat", {"testxdata": x, "testdata": y})
        ...     data = deepsea(folder, "test", strands="pairs", tasks="abcde")
        ...     print(len(data), data.read_codes(0, 2).tolist(), int(data.other_strand(0)))
        2 [[0, 0, 0], [3, 3, 3]] 1
    """

    def __init__(self, file: DeepSEAFile, *, strands: str, tasks: list[str]) -> None:
        self.path, self.strands, self.tasks, self._file = file.path, strands, tasks, file
        self.window, self.half = file.window, file.n // 2
        self.group = 2 if strands == "pairs" else 1
        self.chunk = self.group * file.chunk

    def __len__(self) -> int:
        return self.half if self.strands == "forward" else 2 * self.half

    def read_codes(self, start: int, stop: int) -> np.ndarray:
        if self.strands != "pairs":
            return self._file.read_codes(start, stop)
        first, last = start // 2, -(-stop // 2)
        forward = self._file.read_codes(first, last)
        other = self._file.read_codes(first + self.half, last + self.half)
        differ = np.flatnonzero((reverse_complement(forward) != other).any(1))
        if differ.size:
            example = first + int(differ[0])
            pair = f"examples {example} and {example + self.half} (0-based)"
            problem = f"{pair} are not reverse complements"
            raise FormatError(self.path, None, problem)
        return _alternate(forward, other)[start - 2 * first : stop - 2 * first]

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        if self.strands != "pairs":
            return self._file.read_labels(start, stop)
        first, last = start // 2, -(-stop // 2)
        forward = self._file.read_labels(first, last)
        other = self._file.read_labels(first + self.half, last + self.half)
        return _alternate(forward, other)[start - 2 * first : stop - 2 * first]

    def other_strand(self, index: int | np.ndarray) -> np.ndarray:
        """Which example is the reverse complement of this one.

        Args:
            index: 0-based, a number or an array.

        Raises:
            ValueError: only the forward strands were opened.
        """
        if self.strands == "forward":
            raise ValueError("the forward strands alone have no pairs. Received: strands='forward'")
        index = np.asarray(index)
        return index ^ 1 if self.strands == "pairs" else (index + self.half) % (2 * self.half)


SPLITS = ("train", "valid", "test")


def deepsea(
    path: str | os.PathLike,
    split: str = "train",
    *,
    window: int | None = None,
    strands: str = "both",
    tasks: Iterable[str] | None = None,
) -> DeepSEA:
    """Opens one split of the DeepSEA training bundle, without loading it.

    `train.mat` and what is not compressed are read in place. Compressed `valid.mat`
    and `test.mat` cannot be: they are unpacked once into a temporary file, a byte for
    each base and label (see `genome_keras.io.deepsea_mat.DeepSEAFile`).

    Args:
        path: the folder with `train.mat`, `valid.mat` and `test.mat`, or one such file.
        split: "train", "valid" or "test".
        window: bp in the middle of the 1000, as 100, 200 or 500; None takes all. Only
            these are read.
        strands: "both" keeps the order of the file, the reverse complements in its second
            half; "pairs" puts each of them after its forward strand, and batches keep
            the two together; "forward" leaves them out.
        tasks: names of the tasks; None takes the 919 of "deepsea-919".

    Returns:
        `DeepSEA`, a `Source` with codes in the order A C G T.

    Raises:
        FormatError: not such a file, or not as many tasks as names. Values are checked
            when they are read; in "pairs", also that they are reverse complements.
        ValueError: another value of `split`, `strands` or `window`.

    Source: Zhou & Troyanskaya 2015; the layout is that of its published bundle.

    Example:
        >>> import tempfile
        >>> import scipy.io
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     x, y = np.zeros((2, 4, 3), np.uint8), np.ones((2, 5), np.uint8)
        ...     x[0, 0], x[1, 3] = 1, 1  # AAA and TTT, its other strand: bases are A G C T
        ...     scipy.io.savemat(f"{folder}/test.mat", {"testxdata": x, "testdata": y})
        ...     data = deepsea(folder, "test", strands="forward", tasks="abcde")
        ...     print(len(data), data.read_codes(0, 1).tolist(), data.read_labels(0, 1).tolist())
        1 [[0, 0, 0]] [[1, 1, 1, 1, 1]]
    """
    one_of(accepted=SPLITS, split=split)
    one_of(accepted=STRANDS, strands=strands)
    if os.path.isdir(path):
        path = os.path.join(path, f"{split}.mat")
    file = DeepSEAFile(path, split, window=window)
    if tasks is None:
        from genome_keras.datasets.task_table import tasks as known

        tasks = known("deepsea-919").names
    tasks = list(tasks)
    if len(tasks) != file.tasks:
        problem = f"expected {len(tasks)} tasks, as many as names, got {file.tasks}"
        raise FormatError(path, None, problem)
    if file.n % 2:
        raise FormatError(path, None, f"expected an even number of examples, got {file.n}")
    return DeepSEA(file, strands=strands, tasks=tasks)


def _alternate(first, second):
    return np.stack([first, second], 1).reshape(2 * len(first), first.shape[1])
