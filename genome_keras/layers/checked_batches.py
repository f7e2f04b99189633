"""Data sets whose batches are checked as they come, whatever gives them."""

import copy
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from genome_keras.errors import SequenceError
from genome_keras.layers.codes import TOLD, check_codes, check_shape


def checked(data: Any, *, window: int | None = None) -> Any:
    """What `fit`, `evaluate` and `predict` of Keras are given, with its codes checked.

    Args:
        data: codes, or batches that begin with codes: a `keras.utils.PyDataset`, a
            `tf.data.Dataset`, a torch `DataLoader` or a generator.
        window: bp; None is any.

    Returns:
        Codes as they are; of batches, an object of the same kind that checks each.

    Raises:
        SequenceError: not integers (batch, window) from 0 to 4; of batches, when they come.
            A `tf.data.Dataset` raises what TensorFlow does, with the same words.

    Example:
        >>> import numpy as np
        >>> batches = checked(iter_ for iter_ in [np.array([[0, 9]])])
        >>> next(batches)
        Traceback (most recent call last):
        genome_keras.errors.SequenceError: expected codes from 0 to 4 (A, C, G, T, N), as \
genome_keras.tokens gives them. Received: code 9 at row 0, position 1
    """
    check = partial(check_batch, window=window)
    if data is None:
        return None
    if isinstance(data, keras.utils.PyDataset):
        return CheckedBatches(data, check)
    if isinstance(data, types.GeneratorType):
        return (check(batch) for batch in data)
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(data).__mro__}
    if ("tensorflow", "DatasetV2") in kinds:
        return data.map(lambda *parts: _checked_in_graph(parts, window))
    if ("torch", "DataLoader") in kinds:
        return _checked_loader(data, check)
    for codes in keras.tree.flatten(data):
        if hasattr(codes, "shape") or isinstance(codes, (str, bytes)):
            check_codes(codes, window=window)
    return data


def check_batch(batch: Any, *, window: int | None = None) -> Any:
    """The same batch, codes first, once its codes are checked as `check_codes` does.

    Example:
        >>> import numpy as np
        >>> codes, labels = check_batch((np.array([[0, 4]]), np.array([[1]])), window=2)
    """
    for codes in keras.tree.flatten(batch[0] if isinstance(batch, (tuple, list)) else batch):
        check_codes(codes, window=window)
    return batch


class CheckedBatches(keras.utils.PyDataset):
    """A `keras.utils.PyDataset` whose batches are checked.

    Args:
        batches: the `keras.utils.PyDataset`.
        check: a function that gives a batch back, or raises.

    Example:
        >>> class Ones(keras.utils.PyDataset):
        ...     num_batches = 2
        ...     def __getitem__(self, index):
        ...         return keras.ops.ones((1, 3), "uint8"), keras.ops.ones((1, 1))
        >>> len(CheckedBatches(Ones(), check_batch)[0])
        2
    """

    def __init__(self, batches: keras.utils.PyDataset, check: Callable[[Any], Any]) -> None:
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self.batches, self.check = batches, check

    def __getitem__(self, index: int) -> Any:
        return self.check(self.batches[index])

    @property
    def num_batches(self) -> int | None:
        return self.batches.num_batches

    def on_epoch_begin(self) -> None:
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.batches.on_epoch_end()


def _checked_loader(loader, check):
    """A copy of a torch `DataLoader`: it collates examples to a batch and checks that."""
    other = copy.copy(loader)
    other.collate_fn = partial(_collated, loader.collate_fn, check)
    return other


def _collated(collate, check, examples):
    return check(collate(examples))


def _checked_in_graph(parts, window):
    """A batch of a `tf.data.Dataset`, with the checks among the operations that make it."""
    import tensorflow as tf

    for codes in keras.tree.flatten(parts[0]):
        check_shape(codes, window=window)
        at = f"expected codes from 0 to 4 (A, C, G, T, N), {TOLD}"
        lowest, highest = tf.reduce_min(codes), tf.reduce_max(codes)
        kept = [tf.debugging.Assert((lowest >= 0) & (highest <= 4), [at])]
        if window is not None:
            at = f"expected integer codes (batch, {window}), {TOLD}"
            kept.append(tf.debugging.Assert(tf.shape(codes)[1] == window, [at]))
    with tf.control_dependencies(kept):
        return tf.nest.map_structure(tf.identity, parts if len(parts) > 1 else parts[0])


def as_sequence_error(error: Exception) -> Exception:
    """What a failed check among TensorFlow's operations means; other errors as they are.

    Example:
        >>> as_sequence_error(KeyError("x"))
        KeyError('x')
    """
    lines = [line for line in str(error).splitlines() if TOLD in line]
    if isinstance(error, SequenceError) or not lines:
        return error
    text = lines[0][lines[0].index("expected") : lines[0].index(TOLD) + len(TOLD)]
    return SequenceError(text)
