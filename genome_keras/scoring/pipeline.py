"""Reading, computing and writing at the same time, with the result of a plain loop."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def overlap(
    items: Iterable,
    work: Callable[[Any], Any],
    finish: Callable[[Any, Any], Any],
    *,
    ahead: int = 4,
) -> None:
    """Does `finish(item, work(item))` for each item, in order, while the next are made.

    The caller's thread makes the items, so that Ctrl-C ends a wait for input; a second
    thread works and a third finishes, each on one item at a time. NumPy, the frameworks
    and ONNX Runtime let the others run while they compute.

    What happens is what a plain loop does: where making, working or finishing fails, the
    items before are finished, none after, and the error is raised here. Only Ctrl-C and
    the like leave out items that were made.

    Args:
        items: iterable.
        work: function of an item.
        finish: function of an item and of what `work` gave.
        ahead: items that are made and not finished, at most.

    Example:
        >>> overlap([1, 2, 3], lambda item: item**2, print)
        1 1
        2 4
        3 9
    """
    waiting, stopped = deque(), False

    def last(item, worked):
        nonlocal stopped
        if stopped:
            return
        try:
            finish(item, worked.result())
        except BaseException:
            stopped = True  # those that wait come after this one
            raise

    with ThreadPoolExecutor(1) as worker, ThreadPoolExecutor(1) as finisher:
        try:
            for item in _until_error(items, waiting):
                waiting.append(finisher.submit(last, item, worker.submit(work, item)))
                if len(waiting) >= ahead:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
        except BaseException:
            stopped = True
            worker.shutdown(wait=False, cancel_futures=True)
            raise


def _until_error(items, waiting):
    """The items; an error in making one comes after those of the items before it."""
    try:
        yield from items
    except Exception:
        while waiting:
            waiting.popleft().result()
        raise
