"""Letters to numbers, and both strands of a sequence, inside a model."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("genome_keras")
class OneHot(keras.layers.Layer):
    """Integer codes to one-hot letters; N becomes four zeros.

    Call arguments:
        inputs: integer (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        float (batch, window, 4).
    """

    def call(self, inputs):
        codes = ops.expand_dims(ops.cast(inputs, "int32"), -1)
        return ops.cast(ops.equal(codes, ops.arange(4, dtype="int32")), self.compute_dtype)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape, 4), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("genome_keras")
class StackStrands(keras.layers.Layer):
    """The batch, followed by its reverse complements.

    Call arguments:
        inputs: one-hot float (batch, window, 4), channels A C G T, so that
            reversing both axes is the reverse complement.

    Returns:
        float (2 batch, window, 4).
    """

    def call(self, inputs):
        return ops.concatenate([inputs, ops.flip(ops.flip(inputs, 1), 2)], 0)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype)


@keras.saving.register_keras_serializable("genome_keras")
class MergeStrands(keras.layers.Layer):
    """The mean over the two strands that `StackStrands` laid out.

    Call arguments:
        inputs: float (2 batch, features).

    Returns:
        float (batch, features).
    """

    def call(self, inputs):
        forward, reverse = ops.split(inputs, 2, 0)
        return (forward + reverse) / 2

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((None, *inputs.shape[1:]), dtype=inputs.dtype)
