"""A model of measured signal: tracks along a window, or a profile and its total."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from genome_keras.layers.sequence_model import SequenceModel

PROFILE = {"profile", "counts"}  # the two outputs of a model of profiles


@keras.saving.register_keras_serializable("genome_keras")
class SignalModel(SequenceModel):
    """As `SequenceModel`, but it gives signal in bins in the middle of the window.

    Its output is (batch, bins, tasks), or two by name: "profile", logits (batch, bins,
    tasks), and "counts" (batch, 1), the logarithm of one plus the total.

    Args: as `keras.Model(inputs, outputs, name=...)`.

    Attributes:
        bin: bp of a bin.
        scale: what its numbers are: "signal", at least 0; "log2", logarithms to base 2; or
            "chances" of a few things that exclude each other.

    Example:
        >>> codes = keras.Input((6,), dtype="uint8")
        >>> binned = keras.layers.AveragePooling1D(2, data_format="channels_last")
        >>> model = SignalModel(codes, binned(keras.layers.Embedding(5, 3)(codes)))
        >>> model.bin = 2
        >>> model.tasks, model.predict_on_batch(np.zeros((4, 6), "uint8")).shape
        (['task_0', 'task_1', 'task_2'], (4, 3, 3))
    """

    bin, scale = 1, "signal"

    @property
    def tasks(self) -> list[str]:
        """Names of the tracks: "task_0" and so on where nobody named them."""
        count = self._signal.shape[-1]
        known = (self.made_with or {}).get("tasks") or ()
        return list(known) if len(known) == count else [f"task_{i}" for i in range(count)]

    @tasks.setter
    def tasks(self, names: Iterable[str]) -> None:
        SequenceModel.tasks.fset(self, names)

    @property
    def head(self) -> keras.layers.Layer:
        """The last layer, dense or a convolution one bin wide, which all tracks come from.

        Raises:
            ValueError: a model that has none, or two outputs.
        """
        if isinstance(self.output, dict):
            raise ValueError(f"{self.name} has two outputs, not one head for all tasks")
        return super().head

    @property
    def signal_shape(self) -> tuple[int, int]:
        """Bins and tasks; bins are None where the window is."""
        return tuple(self._signal.shape[1:])

    @property
    def _signal(self):
        output = self.output
        return output["profile"] if isinstance(output, dict) else output

    def signal(self, outputs: Any) -> np.ndarray:
        """Signal of each bin, from what `predict` gave.

        Of a profile and counts it is the expected counts: the softmax over all bins and
        tasks together, times the total.

        Args:
            outputs: of the model, arrays of any backend.

        Returns:
            float32 (batch, bins, tasks).

        Example:
            >>> codes = keras.Input((2,), dtype="uint8")
            >>> letters = keras.layers.Embedding(5, 1)(codes)
            >>> counts = keras.layers.GlobalMaxPooling1D()(letters)
            >>> model = SignalModel(codes, {"profile": letters, "counts": counts})
            >>> outputs = {"profile": [[[0.0], [np.log(3)]]], "counts": [[np.log(1 + 8)]]}
            >>> model.signal(outputs).round(4).tolist()
            [[[2.0], [6.0]]]
        """
        if not isinstance(outputs, dict):
            return _array(outputs)
        logits, counts = _array(outputs["profile"]), _array(outputs["counts"])
        shares = np.exp(logits - logits.max((1, 2), keepdims=True))
        shares /= shares.sum((1, 2), keepdims=True)
        return shares * np.expm1(counts).clip(0)[:, :, None]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bin": self.bin, "scale": self.scale}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SignalModel":
        config = dict(config)
        bin, scale = config.pop("bin", 1), config.pop("scale", "signal")
        model = super().from_config(config, custom_objects)
        model.bin, model.scale = bin, scale
        return model


def _array(values):
    return np.asarray(keras.ops.convert_to_numpy(values), np.float32)
