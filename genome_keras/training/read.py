"""The examples of a run: in memory where they are few, left on disk where they are many."""

from collections.abc import Iterable

from genome_keras.datasets.source import Source
from genome_keras.datasets.splits import Data, in_memory, open_split

IN_MEMORY = 2**29  # bytes of codes and labels; a framework takes as much again


def read(
    data: Data,
    *,
    window: int | None = None,
    shift: int = 0,
    sources: Iterable[str] | None = None,
    examples: int | None = None,
) -> tuple[Source, Source]:
    """What to learn from, and what to choose the best epoch by.

    Args:
        data: as in `genome_keras.datasets.splits.open_split`.
        window: bp that the model reads; None takes all but the room for the shift.
        shift: bp by which training windows move; their examples are 2 * shift bp wider.
        sources: only these collections; None takes all.
        examples: learn from so many, spread evenly over the split "train"; None takes all.

    Raises:
        FormatError: not such data, or no split "train" or "valid".
        ValueError: another value of an argument, or examples that are too short.
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
    valid = open_split(data, "valid", window=window, sources=sources)
    return _loaded(train, examples), _loaded(valid)


def _loaded(source, examples=None):
    size = min(len(source), examples or len(source))
    if size == len(source) and size * (source.window + len(source.tasks)) > IN_MEMORY:
        return source
    return in_memory(source, examples)
