"""Losses that do not count what was not measured."""

from typing import Any

import keras
from keras import ops

from genome_keras.arguments import one_of

REDUCTIONS = ("mean_with_sample_weight", "mean", "sum_over_batch_size", "sum", "none", None)


def measured(labels: Any, scores: Any, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Labels and scores side by side, and the weight of each label.

    Args:
        labels: (batch, tasks), or (batch,) of one task; 0, 1, and -1 or NaN for "not
            measured".
        scores: (batch, tasks), or (batch,) of one task; P(label = 1).
        sample_weight: None, (batch,), (batch, 1) or (batch, tasks).

    Returns:
        Three float tensors (batch, tasks): labels with 0 in place of the unmeasured, scores,
        and weights, which are 0 for the unmeasured.

    Raises:
        ValueError: labels or weights of another shape; nothing is repeated to fit.

    Example:
        >>> labels, _, weight = measured([1, 0, -1], [[0.9], [0.2], [0.5]])
        >>> keras.ops.convert_to_numpy(weight)[:, 0].tolist()
        [1.0, 1.0, 0.0]
    """
    scores = _column(_floats(scores))
    labels = _shaped(_floats(labels), scores, "labels")
    known = ops.greater_equal(labels, 0)  # false for NaN too
    weight = ops.cast(known, "float32")
    if sample_weight is not None:
        weight = weight * _row_weights(sample_weight, scores)
    return ops.where(known, labels, 0.0), scores, weight


def cross_entropy(labels: Any, scores: Any) -> Any:
    """Binary cross-entropy in nats, element by element, clipped at 1e-7.

    Args:
        labels, scores: float (batch, tasks); labels 0 or 1, scores P(label = 1).

    Example:
        >>> float(cross_entropy([[1.0]], [[0.5]])[0, 0])  # log 2
        0.6931...
    """
    labels, scores = _floats(labels), ops.clip(_floats(scores), 1e-7, 1 - 1e-7)
    return -(labels * ops.log(scores) + (1 - labels) * ops.log(1 - scores))


def next_base_cross_entropy(codes: Any, scores: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """Cross-entropy in nats of each next base, and its weight.

    Args:
        codes: integer (batch, window), the bases that came; N (4) weighs 0.
        scores: float (batch, window, 4), their probabilities, clipped at 1e-7.
        sample_weight: None, (batch,), (batch, 1) or (batch, window).

    Returns:
        Two float tensors (batch, window).

    Raises:
        ValueError: codes or weights of another shape; nothing is repeated to fit.

    Example:
        >>> values, weight = next_base_cross_entropy([[2, 4]], keras.ops.ones((1, 2, 4)) / 4)
        >>> float(values[0, 0]), float(weight[0, 1])  # log 4; an N
        (1.3862..., 0.0)
    """
    codes, scores = ops.cast(codes, "int32"), _floats(scores)
    if len(scores.shape) != 3 or scores.shape[-1] != 4:
        raise ValueError(
            f"scores must be (batch, window, 4). Received: scores {tuple(scores.shape)}"
        )
    codes = ops.expand_dims(_shaped(codes, scores[..., 0], "codes"), -1)
    one_hot = ops.cast(ops.equal(codes, ops.arange(4, dtype="int32")), "float32")
    weight = ops.sum(one_hot, -1)
    if sample_weight is not None:
        weight = weight * _row_weights(sample_weight, weight)
    return -ops.sum(one_hot * ops.log(ops.clip(scores, 1e-7, 1.0)), -1), weight


def weighted_mean(values: Any, weight: Any) -> Any:
    """sum(weight * values) / sum(weight), 0 where nothing has weight.

    Example:
        >>> float(weighted_mean(keras.ops.array([1.0, 4.0]), keras.ops.array([2.0, 1.0])))
        2.0
    """
    return ops.sum(weight * values) / ops.maximum(ops.sum(weight), 1e-7)


class _Weighted(keras.losses.Loss):
    """A loss of `weighted` values, reduced as Keras reduces what has a mask.

    `reduction` is "mean_with_sample_weight", the sum of weighted values by the sum of their
    weights; "mean" or "sum_over_batch_size", by the number of labels that were measured;
    "sum"; or "none", all weighted values.
    """

    def __init__(self, *, reduction, name):
        one_of(reduction=reduction, accepted=REDUCTIONS)
        super().__init__(name=name, reduction=reduction)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        values, weight = self.weighted(y_true, y_pred, sample_weight)
        if self.reduction == "mean_with_sample_weight":
            return weighted_mean(values, weight)
        if self.reduction in ("none", None):
            return weight * values
        total = ops.sum(weight * values)
        if self.reduction == "sum":
            return total
        measured_only = ops.greater(self.weighted(y_true, y_pred)[1], 0)
        return total / ops.maximum(ops.sum(ops.cast(measured_only, "float32")), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}


@keras.saving.register_keras_serializable("genome_keras")
class MaskedCrossEntropy(_Weighted):
    """Mean binary cross-entropy, in nats, over all measured labels of a batch.

    Labels are 0, 1, and -1 or NaN for "not measured"; the latter have no weight.
    A batch without a measured label has loss 0. Labels are (batch, tasks), and may be
    (batch,) for one task; `sample_weight` may be (batch,) or (batch, tasks).

    Args:
        positive_weight: weight of a label 1, one number or a list with one for each
            task; a label 0 weighs 1.
        reduction: "mean_with_sample_weight": the sum of the weighted values by the sum of
            their weights; "mean" or "sum_over_batch_size": by the number of measured
            labels; "sum"; "none" or None: the weighted values (batch, tasks).
        name: of the loss.

    Raises:
        ValueError: another reduction; when called, labels, scores, weights or
            `positive_weight` whose shapes do not fit.

    Source: Zhang & Kamath 2016, section 3. The exponential of this loss is the
        geometric mean of the tasks' perplexities, so both have one optimum.

    Example:
        >>> loss = MaskedCrossEntropy()
        >>> float(loss([[1, -1], [0, -1]], [[0.5, 0.9], [0.5, 0.9]]))  # log 2
        0.6931...
    """

    def __init__(
        self,
        positive_weight: float | list[float] = 1.0,
        *,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "masked_cross_entropy",
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        self.positive_weight = positive_weight

    def weighted(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Cross-entropy and weight of each label, two float tensors (batch, tasks)."""
        labels, scores, weight = measured(y_true, y_pred, sample_weight)
        if self.positive_weight != 1:
            heavier = ops.convert_to_tensor(self.positive_weight, "float32")
            if tuple(heavier.shape) not in ((), (1,), (scores.shape[-1],)):
                raise ValueError(
                    "positive_weight must be one number, or one for each task. Received: "
                    f"positive_weight {tuple(heavier.shape)}, scores {tuple(scores.shape)}"
                )
            weight = ops.where(ops.equal(labels, 1), weight * heavier, weight)
        return cross_entropy(labels, scores), weight

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "positive_weight": self.positive_weight}


@keras.saving.register_keras_serializable("genome_keras")
class NextBaseCrossEntropy(_Weighted):
    """Mean cross-entropy, in nats, of the next base; N has no weight.

    Args:
        reduction: as in `MaskedCrossEntropy`; "none" gives (batch, window).
        name: of the loss.

    Raises:
        ValueError: another reduction; when called, codes that are not (batch, window),
            scores that are not (batch, window, 4), or weights whose shape does not fit.

    Source: Zhang & Kamath 2016, section 3, the logarithm of PP.

    Example:
        >>> loss = NextBaseCrossEntropy()
        >>> float(loss([[0, 3]], keras.ops.ones((1, 2, 4)) / 4))  # log 4
        1.3862...
    """

    def __init__(
        self,
        *,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "next_base_cross_entropy",
    ) -> None:
        super().__init__(reduction=reduction, name=name)

    def weighted(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Cross-entropy and weight of each base, two float tensors (batch, window)."""
        return next_base_cross_entropy(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable("genome_keras")
class MultinomialNLL(keras.losses.Loss):
    """Negative log-likelihood of counts, in nats, given how many there are in all.

    Counts are (batch, bins, tasks), and the softmax of the logits is over bins and tasks
    together. The term that no logit changes, of the factorials of the counts, is left out.

    Args:
        reduction: of windows, as in `keras.losses.Loss`.
        name: of the loss.

    Raises:
        ValueError: when called, counts of another shape than the logits.

    Example:
        >>> loss = MultinomialNLL()
        >>> float(loss([[[3.0], [1.0]]], keras.ops.zeros((1, 2, 1))))  # 4 log 2
        2.7725...
    """

    def __init__(
        self, *, reduction: str | None = "sum_over_batch_size", name: str = "multinomial_nll"
    ) -> None:
        super().__init__(reduction=reduction, name=name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        logits = _floats(y_pred)
        counts = _shaped(_floats(y_true), logits, "counts")
        logs = logits - ops.logsumexp(logits, axis=(1, 2), keepdims=True)
        return -ops.sum(counts * logs, axis=(1, 2))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}


def _floats(x):
    return ops.cast(ops.convert_to_tensor(x), "float32")


def _column(x):
    return ops.expand_dims(x, 1) if len(x.shape) == 1 else x


def _shaped(labels, scores, name):
    """Labels of exactly the shape of the scores; (n,) is (n, 1)."""
    given, wanted = tuple(labels.shape), tuple(scores.shape)
    full = (*given, 1) if len(given) == 1 else given
    if len(full) != len(wanted) or not all(map(_alike, full, wanted)):
        raise ValueError(
            f"{name} must have the shape of the scores. Received: {name} {given}, scores {wanted}"
        )
    return ops.reshape(_checked_rows(labels, scores, name), ops.shape(scores))


def _row_weights(sample_weight, scores):
    """Weights of rows (batch, 1), or of labels, of the shape of the scores."""
    sample_weight = _floats(sample_weight)
    weight = _column(sample_weight)
    given, wanted = tuple(weight.shape), tuple(scores.shape)
    rows = (wanted[0], *(1 for _ in wanted[1:]))
    if len(given) == 2 and given[1] == 1:
        given = (given[0], *rows[1:])
    if len(given) != len(wanted) or not (
        all(map(_alike, given, rows)) or all(map(_alike, given, wanted))
    ):
        raise ValueError(
            "sample_weight must be (batch,), or have the shape of the scores. Received: "
            f"sample_weight {tuple(sample_weight.shape)}, scores {wanted}"
        )
    weight = _checked_rows(weight, scores, "sample_weight")
    return ops.reshape(weight, (ops.shape(scores)[0], *given[1:]))


def _checked_rows(given, scores, name):
    """The same; in a graph of TensorFlow for any number of rows, once this was checked there.

    XLA leaves such checks out, but fails at the reshape that follows them.
    """
    if None in (given.shape[0], scores.shape[0]):
        import tensorflow as tf

        shapes = tf.shape(given), tf.shape(scores)
        told = f"{name} must have as many rows as the scores. Received: {name}, scores"
        kept = tf.debugging.Assert(shapes[0][0] == shapes[1][0], [told, *shapes])
        with tf.control_dependencies([kept]):
            return tf.identity(given)
    return given


def _alike(size, other):
    return size is None or other is None or size == other
