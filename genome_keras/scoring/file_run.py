"""The frame of every verb that goes from a file to a file, batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from typing import Any

import numpy as np

from genome_keras.errors import WeightsError
from genome_keras.progress import progress
from genome_keras.windows import Batch


class Run:
    """What a verb has in hand while it runs.

    Attributes:
        out: what it writes to.
        work: what computes, as `load` of `file_run` gave it.
        batches: iterator of the input's batches, to be gone through once.
        count: units of the batches given so far.

    Example:
        >>> run = Run(out=[], work=str.upper)
        >>> run.count
        0
    """

    def __init__(self, out: Any, work: Any) -> None:
        self.out, self.work, self.count = out, work, 0
        self.batches: Iterator = iter(())


@contextmanager
def file_run(
    batches: Iterable,
    out: AbstractContextManager,
    load: Callable[[], Any],
    *,
    unit: str | None = "windows",
    size: Callable[[Any], int] = lambda batch: len(batch.codes),
) -> Iterator[Run]:
    """Opens what a verb writes and loads what computes, once the first batch was read.

    So bad input is told before anything is written and before a framework loads, and a
    path that cannot be written is told before the weights are.

    Args:
        batches: the input.
        out: opens what is written.
        load: gives what computes.
        unit: of the progress bar; None shows none.
        size: units of a batch.

    Yields:
        `Run`.

    Example:
        >>> from contextlib import nullcontext
        >>> how = {"unit": None, "size": len}
        >>> with file_run(["ACG", "T"], nullcontext([]), lambda: str.lower, **how) as run:
        ...     for batch in run.batches:
        ...         run.out.append(run.work(batch))
        >>> run.out, run.count
        (['acg', 't'], 4)
    """
    batches = iter(batches)
    first = list(islice(batches, 1))
    with out as opened, progress(unit=f" {unit}", quiet=not unit) as bar:
        run = Run(opened, load())

        def counted():
            for batch in chain(first, batches):
                first.clear()
                yield batch
                run.count += size(batch)
                bar.update(size(batch))

        run.batches = counted()
        yield run


def check_finite(
    values: np.ndarray,
    batch: Batch,
    tasks: list[str],
    name: str,
    *,
    known: np.ndarray | bool = True,
) -> None:
    """Raises WeightsError for the first value that is not finite.

    Args:
        values: float (n, ..., tasks), of the windows of the batch.
        batch: of n windows.
        tasks: their names.
        name: of the model.
        known: bool that broadcasts to `values`: those that count.

    Example:
        >>> batch = Batch(["chr1"], np.array([0]), np.array([12]), np.zeros((1, 12), np.uint8))
        >>> check_finite(np.array([[np.inf]]), batch, ["CTCF"], "my_model")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        genome_keras.errors.WeightsError: my_model: expected finite scores. Received: inf ...
    """
    bad = ~np.isfinite(values) & known
    if not bad.any():
        return
    first = np.argwhere(bad)[0]
    row, task = int(first[0]), int(first[-1])
    place = f"{batch.names[row]}:{batch.starts[row] + 1}-{batch.ends[row]}"
    raise WeightsError(
        f"{name}: expected finite scores. Received: {values[tuple(first)]} for {tasks[task]!r} "
        f"at {place}; are its weights damaged?"
    )
