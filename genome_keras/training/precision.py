"""Which numbers a model computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Within it, layers are made with a dtype policy; weights are float32 in all.

    Keras keeps the policy that a layer takes for each thread on its own, so models that other
    threads make at the same time have theirs (`tests/test_precision.py` holds Keras to that).

    Args:
        precision: one of `PRECISIONS`.

    Example:
        >>> with computing_in("mixed_float16"):
        ...     layer = keras.layers.Dense(2)
        >>> layer.compute_dtype, layer.variable_dtype
        ('float16', 'float32')
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
