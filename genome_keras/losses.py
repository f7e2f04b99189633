"""Losses that do not count what was not measured."""

import keras
from keras import ops


def measured(labels, sample_weight=None):
    """Labels with the unmeasured ones set to 0, and the weight of each label.

    Args:
        labels: (batch, tasks); 0, 1, and -1 or NaN for "not measured".
        sample_weight: None, (batch,) or (batch, tasks).

    Returns:
        Two float tensors (batch, tasks); unmeasured labels weigh 0.
    """
    labels = ops.cast(labels, "float32")
    mask = ops.greater_equal(labels, 0)  # false for NaN too
    weight = ops.cast(mask, "float32")
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, "float32")
        if len(sample_weight.shape) == 1:
            sample_weight = ops.expand_dims(sample_weight, 1)
        weight = weight * sample_weight
    return ops.where(mask, labels, 0.0), weight


def cross_entropy(labels, scores):
    """Binary cross-entropy in nats, element by element, clipped at 1e-7.

    Args:
        labels, scores: float (batch, tasks); labels 0 or 1, scores P(label = 1).
    """
    scores = ops.clip(ops.cast(scores, "float32"), 1e-7, 1 - 1e-7)
    return -(labels * ops.log(scores) + (1 - labels) * ops.log(1 - scores))


def next_base_cross_entropy(codes, scores):
    """Cross-entropy in nats of each next base, and its weight.

    Args:
        codes: integer (batch, window), the bases that came; N (4) weighs 0.
        scores: float (batch, window, 4), their probabilities, clipped at 1e-7.

    Returns:
        Two float tensors (batch, window).
    """
    codes = ops.expand_dims(ops.cast(codes, "int32"), -1)
    one_hot = ops.cast(ops.equal(codes, ops.arange(4, dtype="int32")), "float32")
    scores = ops.clip(ops.cast(scores, "float32"), 1e-7, 1.0)
    return -ops.sum(one_hot * ops.log(scores), -1), ops.sum(one_hot, -1)


def weighted_mean(values, weight):
    """sum(weight * values) / sum(weight), 0 where nothing has weight."""
    return ops.sum(weight * values) / ops.maximum(ops.sum(weight), 1e-7)


@keras.saving.register_keras_serializable("genome_keras")
class MaskedCrossEntropy(keras.losses.Loss):
    """Mean binary cross-entropy, in nats, over all measured labels of a batch.

    Labels are 0, 1, and -1 or NaN for "not measured"; the latter have no weight.
    A batch without a measured label has loss 0. `sample_weight` may be
    (batch,) or (batch, tasks).

    Args:
        positive_weight: weight of a label 1, one number or a list with one for each
            task; a label 0 weighs 1.

    Source: Zhang & Kamath 2016, section 3. The exponential of this loss is the
        geometric mean of the tasks' perplexities, so both have one optimum.
    """

    def __init__(self, positive_weight=1.0, name="masked_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.positive_weight = positive_weight

    def __call__(self, y_true, y_pred, sample_weight=None):
        return weighted_mean(*self.weighted(y_true, y_pred, sample_weight))

    def weighted(self, y_true, y_pred, sample_weight=None):
        """Cross-entropy and weight of each label, two float tensors (batch, tasks)."""
        labels, weight = measured(y_true, sample_weight)
        if self.positive_weight != 1:
            heavier = ops.convert_to_tensor(self.positive_weight, "float32")
            weight = ops.where(ops.equal(labels, 1), weight * heavier, weight)
        return cross_entropy(labels, y_pred), weight

    def get_config(self):
        return {"positive_weight": self.positive_weight, "name": self.name}


@keras.saving.register_keras_serializable("genome_keras")
class NextBaseCrossEntropy(keras.losses.Loss):
    """Mean cross-entropy, in nats, of the next base; N has no weight.

    Source: Zhang & Kamath 2016, section 3, the logarithm of PP.
    """

    def __init__(self, name="next_base_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)

    def __call__(self, y_true, y_pred, sample_weight=None):
        values, weight = next_base_cross_entropy(y_true, y_pred)
        if sample_weight is not None:
            weight = weight * ops.cast(sample_weight, "float32")
        return weighted_mean(values, weight)

    def get_config(self):
        return {"name": self.name}
