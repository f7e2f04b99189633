"""Streaming Keras metrics for many binary tasks with unmeasured labels.

Exact AUROC and AUPRC need all scores at once: `genome_keras.scores` has them.
"""

import keras
from keras import ops

from genome_keras.losses import cross_entropy, measured, next_base_cross_entropy


@keras.saving.register_keras_serializable("genome_keras")
class CrossEntropy(keras.metrics.Metric):
    """Mean binary cross-entropy, in nats, over all measured labels."""

    def __init__(self, name="cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels, weight = measured(y_true, sample_weight)
        self._add(cross_entropy(labels, y_pred), weight)

    def _add(self, values, weight):
        self.total.assign_add(ops.sum(weight * values))
        self.count.assign_add(ops.sum(weight))

    def result(self):
        return self.total / ops.maximum(self.count, 1e-7)


@keras.saving.register_keras_serializable("genome_keras")
class Perplexity(CrossEntropy):
    """exp of the mean cross-entropy over measured labels; 1 is perfect.

    With every label measured it is the geometric mean of the tasks' perplexities.

    Source: Zhang & Kamath 2016, section 3.
    """

    def __init__(self, name="perplexity", **kwargs):
        super().__init__(name=name, **kwargs)

    def result(self):
        return ops.exp(super().result())


@keras.saving.register_keras_serializable("genome_keras")
class NextBasePerplexity(Perplexity):
    """exp of the mean cross-entropy of the next base; 4 is a blind guess.

    Source: Zhang & Kamath 2016, section 3, PP.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        values, weight = next_base_cross_entropy(y_true, y_pred)
        if sample_weight is not None:
            weight = weight * ops.cast(sample_weight, "float32")
        self._add(values, weight)


@keras.saving.register_keras_serializable("genome_keras")
class F1(keras.metrics.Metric):
    """Mean over tasks of the F1 score at a threshold, over measured labels.

    A task with neither a positive label nor a positive prediction scores 0, as
    in scikit-learn.

    Args:
        tasks: number of tasks.
        threshold: scores above it are positive predictions.
    """

    def __init__(self, tasks, threshold=0.5, name="f1", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tasks, self.threshold = tasks, threshold
        self.hits = self.add_weight(name="hits", shape=(tasks,), initializer="zeros")
        self.called = self.add_weight(name="called", shape=(tasks,), initializer="zeros")
        self.true = self.add_weight(name="true", shape=(tasks,), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels, weight = measured(y_true, sample_weight)
        called = ops.cast(ops.greater(y_pred, self.threshold), "float32")
        self.hits.assign_add(ops.sum(weight * labels * called, 0))
        self.called.assign_add(ops.sum(weight * called, 0))
        self.true.assign_add(ops.sum(weight * labels, 0))

    def result(self):
        return ops.mean(2 * self.hits / ops.maximum(self.called + self.true, 1e-7))

    def get_config(self):
        return {**super().get_config(), "tasks": self.tasks, "threshold": self.threshold}
