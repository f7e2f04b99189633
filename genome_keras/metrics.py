"""Streaming Keras metrics for many binary tasks with unmeasured labels.

Exact AUROC and AUPRC need all scores at once: `genome_keras.scores` has them.
"""

from typing import Any

import keras
from keras import ops

from genome_keras.arguments import at_least_one
from genome_keras.losses import cross_entropy, measured, next_base_cross_entropy


@keras.saving.register_keras_serializable("genome_keras")
class CrossEntropy(keras.metrics.Metric):
    """Mean binary cross-entropy, in nats, over all measured labels.

    Labels are (batch, tasks), and may be (batch,) for one task; `sample_weight` may be
    (batch,) or (batch, tasks).

    Args:
        name, dtype: as of every Keras metric.

    Raises:
        ValueError: when updated, labels, scores or weights whose shapes do not fit.

    Example:
        >>> metric = CrossEntropy()
        >>> metric.update_state([1, 0, -1], [[0.5], [0.5], [0.9]])
        >>> float(metric.result())  # log 2
        0.6931...
    """

    def __init__(self, name: str = "cross_entropy", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels, scores, weight = measured(y_true, y_pred, sample_weight)
        self._add(cross_entropy(labels, scores), weight)

    def _add(self, values, weight):
        self.total.assign_add(ops.sum(weight * values))
        self.count.assign_add(ops.sum(weight))

    def result(self) -> Any:
        return self.total / ops.maximum(self.count, 1e-7)


@keras.saving.register_keras_serializable("genome_keras")
class Perplexity(CrossEntropy):
    """exp of the mean cross-entropy over measured labels; 1 is perfect.

    With every label measured it is the geometric mean of the tasks' perplexities.

    Args, Raises: as `CrossEntropy`.

    Source: Zhang & Kamath 2016, section 3.

    Example:
        >>> metric = Perplexity()
        >>> metric.update_state([[1, 0], [0, -1]], [[0.5, 0.5], [0.5, 0.5]])
        >>> round(float(metric.result()), 4)
        2.0
    """

    def __init__(self, name: str = "perplexity", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def result(self) -> Any:
        return ops.exp(super().result())


@keras.saving.register_keras_serializable("genome_keras")
class NextBasePerplexity(Perplexity):
    """exp of the mean cross-entropy of the next base; 4 is a blind guess.

    Codes are (batch, window), scores (batch, window, 4).

    Args, Raises: as `CrossEntropy`.

    Source: Zhang & Kamath 2016, section 3, PP.

    Example:
        >>> metric = NextBasePerplexity()
        >>> metric.update_state([[0, 3, 4]], keras.ops.ones((1, 3, 4)) / 4)
        >>> round(float(metric.result()), 4)
        4.0
    """

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._add(*next_base_cross_entropy(y_true, y_pred, sample_weight))


@keras.saving.register_keras_serializable("genome_keras")
class F1(keras.metrics.Metric):
    """Mean over tasks of the F1 score at a threshold, over measured labels.

    A task with neither a positive label nor a positive prediction scores 0, as
    in scikit-learn.

    Args:
        tasks: number of tasks.
        threshold: scores above it are positive predictions.
        name, dtype: as of every Keras metric.

    Raises:
        ValueError: no task; when updated, scores of another number of tasks, or labels or
            weights whose shapes do not fit.

    Example:
        >>> metric = F1(tasks=1)
        >>> metric.update_state([1, 1, 0], [[0.9], [0.2], [0.1]])
        >>> round(float(metric.result()), 4)  # precision 1, recall 1/2
        0.6667
    """

    def __init__(
        self, tasks: int, threshold: float = 0.5, name: str = "f1", dtype: Any = None
    ) -> None:
        at_least_one(tasks=tasks)
        super().__init__(name=name, dtype=dtype)
        self.tasks, self.threshold = tasks, threshold
        self.hits = self.add_weight(name="hits", shape=(tasks,), initializer="zeros")
        self.called = self.add_weight(name="called", shape=(tasks,), initializer="zeros")
        self.true = self.add_weight(name="true", shape=(tasks,), initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels, scores, weight = measured(y_true, y_pred, sample_weight)
        if tuple(scores.shape[1:]) != (self.tasks,):
            raise ValueError(
                f"scores must be (batch, {self.tasks}), one for each task. "
                f"Received: scores {tuple(scores.shape)}"
            )
        called = ops.cast(ops.greater(scores, self.threshold), "float32")
        self.hits.assign_add(ops.sum(weight * labels * called, 0))
        self.called.assign_add(ops.sum(weight * called, 0))
        self.true.assign_add(ops.sum(weight * labels, 0))

    def result(self) -> Any:
        return ops.mean(2 * self.hits / ops.maximum(self.called + self.true, 1e-7))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "tasks": self.tasks, "threshold": self.threshold}
