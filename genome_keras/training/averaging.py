"""Moving averages of weights: they are validated and kept, and training goes on without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Within it, a model has the averages of its weights, where its optimizer keeps any.

    Args:
        model: compiled, and trained for at least one step.

    Example:
        >>> import numpy as np
        >>> codes = keras.Input((1,))
        >>> model = keras.Model(codes, keras.layers.Dense(1, use_bias=False)(codes))
        >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
        >>> for step in range(2):
        ...     loss = model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))
        >>> own = model.get_weights()[0].item()
        >>> with averaged(model):
        ...     average = model.get_weights()[0].item()
        >>> average != own, model.get_weights()[0].item() == own
        (True, True)
    """
    if not _keeps_averages(model.optimizer):
        yield
        return
    own = _values(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    # Arrays of their own: JAX would take those that the optimizer still needs.
    _assign(model, _values(model))
    try:
        yield
    finally:
        _assign(model, own)


class ValidatedAverages(keras.callbacks.Callback):
    """Validates the averages, and gives a model its own weights back when `fit` ends.

    Keras leaves the averages in the model then, from which training could not go on.

    Example:
        >>> import numpy as np
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=2)
        >>> data = np.zeros((4, 12), np.uint8), np.zeros((4, 2), np.int8)
        >>> how = {"callbacks": [ValidatedAverages()], "validation_data": data, "verbose": 0}
        >>> sorted(model.fit(*data, **how).history)
        ['loss', 'perplexity', 'val_loss', 'val_perplexity']
    """

    def __init__(self) -> None:
        super().__init__()
        self._within, self._own = None, None

    def on_test_begin(self, logs: Any = None) -> None:
        self._within = averaged(self.model)
        self._within.__enter__()

    def on_test_end(self, logs: Any = None) -> None:
        self._within.__exit__(None, None, None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if _keeps_averages(self.model.optimizer):
            self._own = _values(self.model)

    def on_train_end(self, logs: Any = None) -> None:
        if self._own is not None:
            _assign(self.model, self._own)


def _keeps_averages(optimizer):
    optimizers = getattr(optimizer, "optimizers", [optimizer])  # of several, or of scaled losses
    return any(getattr(each, "inner_optimizer", each).use_ema for each in optimizers)


def _values(model):
    return [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_variables]


def _assign(model, values):
    for weight, value in zip(model.trainable_variables, values, strict=True):
        weight.assign(value)
