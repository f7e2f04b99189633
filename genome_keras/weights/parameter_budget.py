"""A factory may not ask for more weights than a file holds, and is stopped before it gets them.

Keras has no place to ask before a layer makes a weight, so `Layer.add_weight` is wrapped
while any checkpoint that nobody has published is built, and is Keras's own again after.
What may still be made is in a `ContextVar`: it is that of this thread and this call, and
layers that others build meanwhile are not counted.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from genome_keras.errors import WeightsError

_budget = ContextVar("budget", default=None)
_lock = threading.Lock()
_users = 0  # how many budgets are open, in all threads
_kept = _wrapper = None  # Keras's own method, and what stands in its place


class _Budget:
    """What a factory may still ask for."""

    def __init__(self, arrays, numbers, where):
        self.arrays, self.numbers, self.where = arrays, numbers, where
        self.problem = (
            f"{where}: its description asks for more weights than the "
            f"{numbers:,} numbers in {arrays} arrays of the file"
        )

    def spend(self, shape):
        self.arrays -= 1
        self.numbers -= math.prod(shape) if isinstance(shape, (tuple, list)) else shape or 1
        if min(self.arrays, self.numbers) < 0:
            raise WeightsError(self.problem)


@contextmanager
def at_most(*, arrays: int, numbers: int, where: str) -> Iterator[None]:
    """Stops what asks for more weights in the block, before it gets them.

    Args:
        arrays: how many arrays may be made.
        numbers: how many numbers may be in all of them.
        where: what to call the file in the error.

    Raises:
        WeightsError: a layer built in the block, in this thread, asked for more.

    Example:
        >>> import keras
        >>> try:
        ...     with at_most(arrays=2, numbers=9, where="x.json"):
        ...         keras.layers.Dense(1).build((None, 100))
        ... except WeightsError as error:
        ...     print(error)
        x.json: its description asks for more weights than the 9 numbers in 2 arrays of the file
    """
    _wrap()
    token = _budget.set(_Budget(arrays, numbers, where))
    try:
        yield
    finally:
        _budget.reset(token)
        _unwrap()


def _wrap():
    global _users, _kept, _wrapper
    import keras

    with _lock:
        _users += 1
        if _users == 1 and keras.layers.Layer.add_weight is not _wrapper:
            _kept = keras.layers.Layer.add_weight
            _wrapper = keras.layers.Layer.add_weight = _counting(_kept)


def _unwrap():
    global _users
    import keras

    with _lock:
        _users -= 1
        # Where somebody else has wrapped the wrapper, it stays: by itself it does nothing.
        if not _users and keras.layers.Layer.add_weight is _wrapper:
            keras.layers.Layer.add_weight = _kept


def _counting(add_weight):
    def counting(self, *args, **kwargs):
        if (budget := _budget.get()) is None:
            return add_weight(self, *args, **kwargs)
        budget.spend(kwargs.get("shape", args[0] if args else ()))
        token = _budget.set(None)  # a wrapper below this one would count the same again
        try:
            return add_weight(self, *args, **kwargs)
        finally:
            _budget.reset(token)

    return counting
