"""The examples of a run: in memory where they are few, left on disk where they are many."""

from collections.abc import Iterable

from genome_keras.datasets.reader import BUFFER
from genome_keras.datasets.source import Source
from genome_keras.datasets.splits import Data, in_memory, open_split, paths_of
from genome_keras.errors import FormatError

IN_MEMORY = 2**29  # bytes of codes and labels; a framework takes as much again
IN_BUFFER = 64 * 2**20  # bytes; two buffers are in memory at once


def opened(
    data: Data,
    *,
    window: int | None = None,
    shift: int = 0,
    sources: Iterable[str] | None = None,
) -> tuple[Source, Source]:
    """What to learn from, and what to choose the best epoch by; none of it is read yet.

    Args:
        data: as in `genome_keras.datasets.splits.open_split`.
        window: bp that the model reads; None takes all but the room for the shift.
        shift: bp by which training windows move; their examples are 2 * shift bp wider.
        sources: only these collections; None takes all.

    Raises:
        FormatError: not such data, or no split "train" or "valid".
        ValueError: another value of an argument, or examples that are too short.

    Example:
        >>> import tempfile
        >>> from genome_keras.datasets import write_examples
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> codes, labels = draw.integers(0, 4, (80, 12)), draw.integers(0, 2, (80, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     split = np.repeat(["train", "valid", "test"], [40, 20, 20])
        ...     about = {"split": split, "tasks": ["CTCF", "DNase"], "source": "genome"}
        ...     write_examples(f"{folder}/data.h5", codes, labels, **about)
        ...     train, valid = opened(f"{folder}/data.h5", window=10)
        ...     len(train), train.window, len(valid), valid.tasks
        (40, 10, 20, ['CTCF', 'DNase'])
    """
    if window is not None and shift:
        width = open_split(data, "train", sources=sources).window
        if window + 2 * shift > width:
            raise ValueError(
                f"window={window} and shift={shift} need examples of {window + 2 * shift} bp. "
                f"Received: {width} bp"
            )
        window += 2 * shift
    train = open_split(data, "train", window=window, sources=sources)
    window = train.window - 2 * shift
    if window < 1:
        raise ValueError(f"shift={shift} leaves nothing of examples of {train.window} bp")
    return train, open_split(data, "valid", window=window, sources=sources)


def loaded(source: Source, examples: int | None = None) -> Source:
    """A source in memory, or as it is where it takes more than `IN_MEMORY`.

    Args:
        source: of `opened`.
        examples: read so many, spread evenly over all, however much they take; None is all.

    Example:
        >>> import numpy as np
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> len(loaded(examples)), len(loaded(examples, 4))
        (10, 4)
    """
    size = min(len(source), examples or len(source))
    if size == len(source) and size * _bytes(source) > IN_MEMORY:
        return source
    return in_memory(source, examples)


def check_measured(data: Data, **splits: Source) -> None:
    """Raises FormatError where no label of a split was measured: nothing can be learned of it.

    Args:
        data: for the message.
        splits: name -> its examples.

    Example:
        >>> import numpy as np
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> codes, labels = np.zeros((2, 12), np.uint8), np.full((2, 1), -1, np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 2), ["CTCF"])
        >>> try:
        ...     check_measured("data.h5", train=examples)
        ... except FormatError as error:
        ...     print(error)
        data.h5: split 'train': no label is 0 or 1; all are missing
    """
    for name, source in splits.items():
        if not source.label_counts[1].any():
            where = ", ".join(map(str, paths_of(data)))
            raise FormatError(where, None, f"split {name!r}: no label is 0 or 1; all are missing")


def buffer_of(source: Source) -> int:
    """Examples that are shuffled at a time where a source is read from disk.

    Example:
        >>> import numpy as np
        >>> from genome_keras.datasets.chromatin_data import Examples
        >>> draw = np.random.default_rng(0)
        >>> codes = draw.integers(0, 4, (10, 12), np.uint8)
        >>> labels = draw.integers(0, 2, (10, 2), np.int8)
        >>> examples = Examples(codes, labels, np.array(["genome"] * 10), ["CTCF", "DNase"])
        >>> 0 < buffer_of(examples) <= BUFFER
        True
    """
    return max(1, min(BUFFER, IN_BUFFER // _bytes(source)))


def _bytes(source):
    return source.window + len(source.tasks)
