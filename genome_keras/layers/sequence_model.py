"""A functional model that takes codes of one window and nothing else."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np

from genome_keras.encode import tokens
from genome_keras.errors import WeightsError
from genome_keras.layers.checked_batches import as_sequence_error, checked
from genome_keras.layers.codes import check_codes, check_shape
from genome_keras.layers.graph_model import GraphModel
from genome_keras.layers.strands import MergeStrands
from genome_keras.layers.window_blocks import WindowBlocks, in_blocks

_checked = ContextVar("checked", default=False)  # codes were checked before they came here


@keras.saving.register_keras_serializable("genome_keras")
class SequenceModel(GraphModel):
    """A functional `keras.Model` with one input, integer codes (batch, window).

    Everything that takes codes (calls, `predict`, `fit`, `evaluate` and their `_on_batch`
    forms) refuses what is no code of A, C, G, T or N, and any other window. The check runs
    on what is handed over, on the host; no operation joins the network. In graphs that
    users build, shapes are checked and values are not.

    Args: as `keras.Model(inputs, outputs, name=...)`.

    Attributes:
        made_with: dict with "architecture", "arguments" and "tasks" of a model that a
            factory made, None of others. It is saved with the model, and the card too.
        checkpoint: the `genome_keras.weights.Checkpoint` it was loaded from, or None.

    Raises:
        SequenceError: other codes, or another window.
        ValueError: `class_weight` with more than one task; codes and labels of a batch
            that differ in number.

    Example:
        >>> codes = keras.Input((3,), dtype="uint8")
        >>> model = SequenceModel(codes, keras.layers.Embedding(5, 2)(codes))
        >>> model(keras.ops.zeros((1, 4), "uint8"))
        Traceback (most recent call last):
        genome_keras.errors.SequenceError: expected integer codes (batch, 3), as \
genome_keras.tokens gives them. Received: shape (1, 4)
    """

    made_with = checkpoint = _card = _blocks = None

    @property
    def window(self) -> int | None:
        """Length of the windows in bp; None is any."""
        return self.inputs[0].shape[1]

    @property
    def tasks(self) -> list[str]:
        """Names of the columns of its scores: "task_0" and so on where nobody named them.

        Assign others to rename them. A model of bases, not of windows, has none.
        """
        shape = self.output_shape
        if not isinstance(shape, tuple) or len(shape) != 2:
            return []
        known = (self.made_with or {}).get("tasks") or ()
        return list(known) if len(known) == shape[1] else [f"task_{i}" for i in range(shape[1])]

    @tasks.setter
    def tasks(self, names: Iterable[str]) -> None:
        names, count = list(names), len(self.tasks)
        named = all(isinstance(name, str) and name for name in names)
        if not named or len(set(names)) != len(names) or len(names) != count:
            raise ValueError(f"tasks must be {count} different names. Received: {names!r:.200}")
        self.made_with = {**(self.made_with or {}), "tasks": names}

    @property
    def card(self) -> str | None:
        """Markdown of the checkpoint it was loaded from; None where there is none."""
        if self._card is None and self.checkpoint is not None:
            with suppress(WeightsError):
                self._card = self.checkpoint.card
        return self._card

    @property
    def head(self) -> keras.layers.Layer:
        """The last layer with weights, dense, which all scores come from.

        Raises:
            ValueError: a model that has none.
        """
        last = self.layers[-1]
        if isinstance(last, MergeStrands):
            last = last.input._keras_history.operation
        if not isinstance(last, keras.layers.Dense) and not hasattr(last, "set_rates"):
            raise ValueError(f"{self.name} has no head that reads the same features for all tasks")
        return last

    def features(self) -> "SequenceModel":
        """The model without its head: from codes to what the head reads of them.

        Layers, and so weights, are shared with this model. Of a model that reads both
        strands it is the mean of the two.

        Returns:
            A `SequenceModel` from codes (batch, window) to float (batch, features); of a
            language model (batch, window, features).

        Raises:
            ValueError: a model without one head for all tasks.
        """
        read = self.head.input
        if isinstance(self.layers[-1], MergeStrands):
            read = MergeStrands(name="merge_features")(read)
        return SequenceModel(self.inputs[0], read, name=f"{self.name}_features")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        window, known = self.inputs[0].shape[1], _checked.get()
        for codes in keras.tree.flatten(args[0] if args else kwargs.get("inputs")):
            if not hasattr(codes, "dtype"):
                continue
            if known:  # for several devices Keras builds a model with numbers of its own type
                check_shape(codes, window=window, integers=False)
            else:
                check_codes(codes, window=window)
        return super().__call__(*args, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self._through(super().fit, x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self._through(super().evaluate, x, y, *args, **kwargs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """As of Keras; sequences as text, which `genome_keras.tokens` takes, are codes too.

        An array of windows of 32,768 bp or more goes through `predict_on_batch`, one at a
        time unless `batch_size` says otherwise.
        """
        x = tokens(x) if _is_text(x) else x
        told = steps or callbacks or not getattr(x, "shape", (0,))[0]  # what Keras alone knows
        if told or self.window_blocks is None:
            return self._through(super().predict, x, batch_size, verbose, steps, callbacks)
        size = batch_size or 1
        batches = [self.predict_on_batch(x[n : n + size]) for n in range(0, len(x), size)]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *batches)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, **kw: Any
    ) -> Any:
        _same_rows(x, y)
        self._check_class_weight(class_weight)
        checked(x, window=self.inputs[0].shape[1])
        with self._inside():
            return super().train_on_batch(x, y, sample_weight, class_weight, **kw)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        _same_rows(x, y)
        checked(x, window=self.inputs[0].shape[1])
        with self._inside():
            return super().test_on_batch(x, y, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """As of Keras; windows of 32,768 bp or more block by block, in less memory."""
        checked(x, window=self.inputs[0].shape[1])
        blocks = self.window_blocks
        with self._inside():
            return super().predict_on_batch(x) if blocks is None else blocks(x)

    @property
    def window_blocks(self) -> WindowBlocks | None:
        """The model block by block, by which it predicts; None where windows stay whole."""
        if self._blocks is None:
            self._blocks = (in_blocks(self),)
        return self._blocks[0]

    def _through(self, call: Callable, *args: Any, **kwargs: Any) -> Any:
        """Keras's own method, with codes checked and its arguments looked through."""
        bound = inspect.signature(call).bind(*args, **kwargs)
        given, window = bound.arguments, self.inputs[0].shape[1]
        self._check_class_weight(given.get("class_weight"))
        given["x"] = checked(given.get("x"), window=window)
        if isinstance(valid := given.get("validation_data"), (tuple, list)):
            checked(valid[0], window=window)
        elif valid is not None:
            given["validation_data"] = checked(valid, window=window)
        with self._inside():
            return call(*bound.args, **bound.kwargs)

    def _check_class_weight(self, class_weight):
        if class_weight is not None and self.output_shape[1:] != (1,):
            raise ValueError(
                "class_weight is for one task. Received: class_weight with scores "
                f"{self.output_shape}; use MaskedCrossEntropy(positive_weight=[...])"
            )

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Within it, codes are known to be right; a failed check among operations is one line."""
        token = _checked.set(True)
        try:
            yield
        except Exception as error:
            if keras.backend.backend() == "jax":
                self.jax_state_sync()  # Keras took the weights out of the model for a while
            told = as_sequence_error(error)
            if told is error:
                raise
            raise told from None
        finally:
            _checked.reset(token)

    def get_config(self) -> dict[str, Any]:
        told = {"made_with": self.made_with} | ({"card": self.card} if self.card else {})
        return {**super().get_config(), **told}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SequenceModel":
        config = dict(config)
        made_with, card = config.pop("made_with", None), config.pop("card", None)
        model = super().from_config(config, custom_objects)
        model.made_with, model._card = made_with, card
        return model


keras.saving.get_custom_objects()["SequenceModel"] = SequenceModel  # its name in `.h5` files


def _is_text(x):
    """Whether it is a sequence, or a list, array or Series of them."""
    if getattr(getattr(x, "dtype", None), "kind", None) in ("S", "U", "O", "T"):  # of NumPy
        return True
    return isinstance(x[0] if isinstance(x, list | tuple) and x else x, str | bytes)


def _same_rows(x, y):
    shapes = [getattr(given, "shape", None) for given in (x, y)]
    if all(shapes) and shapes[0][0] != shapes[1][0]:
        codes, labels = map(tuple, shapes)
        raise ValueError(
            "codes and labels must be of the same windows. "
            f"Received: codes {codes}, labels {labels}"
        )
