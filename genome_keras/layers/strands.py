"""Letters to numbers, and both strands of a sequence, inside a model."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from genome_keras.arguments import one_of
from genome_keras.layers.codes import check_rank

_MERGES = ("mean", "probability", "max")


def strand_symmetric(model: keras.Model, *, merge: str = "mean") -> keras.Model:
    """A model whose scores are the same for a sequence and its reverse complement.

    The model reads both strands with the same weights, one after the other in one
    batch, and the two are merged; so it costs twice as much. Its layers are those of
    `model`: training one trains the other.

    Args:
        model: a functional `keras.Model`, one input of integer codes (batch, window),
            one output of probabilities (batch, tasks) from its last layer.
        merge: "mean" averages the log-odds of the strands, which is what
            `both_strands=True` of the factories does (`deepbind` takes the maximum);
            "probability" averages the probabilities; "max" takes the larger one.

    Returns:
        A `keras.Model`, compiled as `model` is, with an optimizer of its own.

    Raises:
        ValueError: another `merge`, more than one input or output, or "mean" for a model
            whose last layer is not a dense layer with a sigmoid or one of the package's.

    Example:
        >>> import numpy as np
        >>> from genome_keras import kmer_logreg, reverse_complement
        >>> model = strand_symmetric(kmer_logreg(window=6, tasks=1, k=(2,)))
        >>> codes = np.array([[0, 0, 1, 3, 2, 4]], "uint8")
        >>> bool(np.allclose(model.predict_on_batch(codes),
        ...                  model.predict_on_batch(reverse_complement(codes))))
        True
    """
    check_merge(merge)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("strand_symmetric needs a model with one input and one output")
    head, codes = model.layers[-1], model.inputs[0]
    activation = getattr(head, "activation", None)
    if merge == "mean" and not (
        hasattr(head, "set_rates")
        or (isinstance(head, keras.layers.Dense) and activation is keras.activations.sigmoid)
    ):
        raise ValueError(
            "merge='mean' needs a last layer that is dense with a sigmoid, whose log-odds it "
            f"averages. Received: {type(head).__name__}. Accepted here: 'probability', 'max'."
        )
    codes = keras.Input(batch_shape=codes.shape, dtype=codes.dtype, name="codes")
    strands = StackStrands(name="stack_strands")(codes)

    def call(layer, *args, **kwargs):
        """A layer of the model on both strands; the merging stands beside the last one."""
        args, kwargs = keras.tree.map_structure(
            lambda x: strands if x is codes else x, (args, kwargs)
        )
        if layer is not head:
            return layer(*args, **kwargs)
        if merge == "mean":
            return layer(MergeStrands(name="merge_strands")(*args), **kwargs)
        return merged_scores(layer(*args, **kwargs), merge)

    return keras.models.clone_model(
        model,
        input_tensors=keras.tree.map_structure(lambda _: codes, model.input),
        clone_function=lambda layer: layer,
        call_function=call,
    )


def check_merge(merge: str) -> None:
    """Raises ValueError for a word that is none of "mean", "probability" and "max".

    Example:
        >>> check_merge("max")
    """
    one_of(merge=merge, accepted=_MERGES)


def merged_scores(scores: Any, merge: str) -> Any:
    """The scores of both strands as one.

    Args:
        scores: float (2 batch, tasks), a head's output for what `StackStrands` laid out.
        merge: "max", or else their mean.

    Example:
        >>> float(merged_scores(keras.ops.array([[0.25], [0.75]]), "max")[0, 0])
        0.75
    """
    return MergeStrands("max" if merge == "max" else "mean", name="merge_strands")(scores)


@keras.saving.register_keras_serializable("genome_keras")
class OneHot(keras.layers.Layer):
    """Integer codes to one-hot letters; N becomes four zeros.

    Call arguments:
        inputs: integer (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        float (batch, window, 4).

    Raises:
        SequenceError: no integers of rank 2.

    Example:
        >>> import numpy as np
        >>> keras.ops.convert_to_numpy(OneHot()(np.array([[1, 4]]))).tolist()
        [[[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]
    """

    def call(self, inputs: Any) -> Any:
        check_rank(inputs)
        codes = ops.expand_dims(ops.cast(inputs, "int32"), -1)
        return ops.cast(ops.equal(codes, ops.arange(4, dtype="int32")), self.compute_dtype)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        check_rank(inputs)
        return keras.KerasTensor((*inputs.shape, 4), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("genome_keras")
class StackStrands(keras.layers.Layer):
    """The batch, followed by its reverse complements.

    Call arguments:
        inputs: integer codes (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        Codes (2 batch, window), of the same type.

    Raises:
        SequenceError: no integers of rank 2.

    Example:
        >>> import numpy as np
        >>> keras.ops.convert_to_numpy(StackStrands()(np.array([[0, 1, 4]]))).tolist()
        [[0, 1, 4], [4, 2, 3]]
    """

    def call(self, inputs: Any) -> Any:
        check_rank(inputs)
        codes = ops.flip(ops.cast(inputs, "int32"), 1)
        other = ops.where(ops.less(codes, 4), 3 - codes, codes)
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        return ops.concatenate([inputs, ops.cast(other, dtype)], 0)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype)


@keras.saving.register_keras_serializable("genome_keras")
class MergeStrands(keras.layers.Layer):
    """One value for the two strands that `StackStrands` laid out.

    Behind a head that has `set_rates`, the layer has it too, so that the last layer of a
    model always sets the rates of an untrained one.

    Args:
        merge: "mean" or "max" of the two.

    Call arguments:
        inputs: float (2 batch, features).

    Returns:
        float (batch, features).

    Raises:
        ValueError: another `merge`.

    Example:
        >>> import numpy as np
        >>> float(MergeStrands("mean")(np.array([[0.25], [0.75]], "float32"))[0, 0])
        0.5
    """

    def __init__(self, merge: str = "mean", **kwargs: Any) -> None:
        one_of(merge=merge, accepted=("mean", "max"))
        super().__init__(**kwargs)
        self.merge = merge

    @property
    def set_rates(self) -> Callable[[Any], None]:
        """`set_rates` of the head whose scores are merged; others have none."""
        return self.input._keras_history.operation.set_rates

    def call(self, inputs: Any) -> Any:
        forward, reverse = ops.split(inputs, 2, 0)
        return ops.maximum(forward, reverse) if self.merge == "max" else (forward + reverse) / 2

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "merge": self.merge}
