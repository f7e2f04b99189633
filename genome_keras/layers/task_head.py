"""Output layers for any number of binary tasks."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class TaskHead(keras.layers.Layer):
    """Per-task two-class softmax, all tasks in one matrix product.

    Each task owns `2 * features` weights and 2 biases. The softmax of two
    classes equals the logistic function of the difference of their logits, so
    the layer multiplies once by the difference of the two halves.

    Args:
        tasks: number of binary tasks.
        bias_initializer: for the bias of (2, tasks).
        dtype: float32 in mixed precision too, so that small scores keep their digits.

    Call arguments:
        inputs: float (batch, features).

    Returns:
        float (batch, tasks): P(label = 1).

    Source: Zhang & Kamath 2016, section 3 (each task has its own weights and
        biases at the softmax layer).

    Example:
        >>> head = TaskHead(2)
        >>> tuple(head(np.zeros((3, 5), "float32")).shape)
        (3, 2)
        >>> head.set_rates([0.5, 0.1])
        >>> round(float(head(np.zeros((1, 5), "float32"))[0, 1]), 4)
        0.1
    """

    def __init__(
        self,
        tasks: int,
        *,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.tasks = tasks
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(2, input_shape[-1], self.tasks),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(2, self.tasks), initializer=self.bias_initializer
        )

    def call(self, inputs: Any) -> Any:
        kernel, bias = self.kernel[1] - self.kernel[0], self.bias[1] - self.bias[0]
        return ops.sigmoid(ops.matmul(inputs, kernel) + bias)

    def set_rates(self, rates: Any) -> None:
        """Sets the biases so that an untrained task scores its positive rate.

        Args:
            rates: float (tasks,) inside (0, 1).
        """
        log_odds = _log_odds(rates)
        self.bias.assign(np.stack([np.zeros_like(log_odds), log_odds]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.tasks)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tasks": self.tasks,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable("genome_keras")
class SigmoidHead(keras.layers.Dense):
    """A logistic unit for each task: `keras.layers.Dense` with a sigmoid.

    It computes what `TaskHead` does with half of its weights, and is the last layer of
    the published convolutional networks, whose number of parameters counts on it.

    Args:
        tasks: number of binary tasks.
        dtype: as in `TaskHead`.

    Call arguments:
        inputs: float (batch, features).

    Returns:
        float (batch, tasks): P(label = 1).

    Example:
        >>> head = SigmoidHead(2)
        >>> head(np.zeros((3, 5), "float32")).shape[1], head.count_params()
        (2, 12)
    """

    def __init__(self, tasks: int, *, dtype: Any = "float32", **kwargs: Any) -> None:
        super().__init__(tasks, activation="sigmoid", dtype=dtype, **kwargs)

    def set_rates(self, rates: Any) -> None:
        """As `TaskHead.set_rates`."""
        self.bias.assign(_log_odds(rates))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activation"]
        return {"tasks": config.pop("units"), **config}


def _log_odds(rates):
    rates = np.asarray(rates, "float64")
    return np.log(rates / (1 - rates))
