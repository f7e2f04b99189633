"""Counts of all k-mers of a sequence, inside a model."""

from typing import Any

import keras
from keras import ops

from genome_keras.encode import reverse_complement_columns
from genome_keras.layers.codes import check_rank


@keras.saving.register_keras_serializable("genome_keras")
class KmerCounts(keras.layers.Layer):
    """Number of times each k-mer occurs in a sequence, overlaps included.

    A k-mer that contains N, or does not fit into the window, is not counted.

    Args:
        k: lengths of the k-mers, increasing, 1 to 8.
        both_strands: the mean of the counts and those of the reverse complement.
            Averaging the log-odds of a linear model over both strands is the same.

    Call arguments:
        inputs: integer (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        float32 (batch, sum of 4**k), whatever the dtype policy: columns ordered
        by k, then alphabetically; equal to `encode.kmer_counts`.

    Raises:
        ValueError: another `k`.
        SequenceError: called with what has not the axes (batch, window).

    Example:
        >>> import numpy as np
        >>> counts = KmerCounts(k=(1,))(np.array([[0, 0, 3, 4]]))  # AATN
        >>> keras.ops.convert_to_numpy(counts).tolist()
        [[2.0, 0.0, 0.0, 1.0]]
    """

    slow_in_onnx = True  # it counts one k-mer after the other; NumPy does not

    def __init__(
        self, k: tuple[int, ...] = (1, 2, 3, 4, 5), *, both_strands: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.k = tuple(k)
        if not self.k or any(type(n) is not int or not 1 <= n <= 8 for n in self.k):
            raise ValueError(f"k must be integers from 1 to 8. Received: k={k!r}")
        if list(self.k) != sorted(set(self.k)):
            raise ValueError(f"k must be increasing. Received: k={k!r}")
        self.both_strands = both_strands

    def call(self, inputs: Any) -> Any:
        check_rank(inputs)
        codes = ops.cast(inputs, "int32")
        batch, window = ops.shape(codes)
        codes = ops.pad(codes, ((0, 0), (0, max(self.k) - 1)), constant_values=4)
        known = ops.cast(ops.less(codes, 4), "int32")
        letters = codes * known
        column, whole, kmers = 0, 1, {}
        for last in range(max(self.k)):  # k-mers of all window positions, letter by letter
            column = 4 * column + letters[:, last : window + last]
            whole = whole * known[:, last : window + last]
            kmers[last + 1] = column, whole
        columns = sum(4**k for k in self.k)
        first = columns * ops.expand_dims(ops.arange(batch, dtype="int32"), 1)
        places, ones = [], []
        for k in self.k:
            places.append(first + kmers[k][0])
            ones.append(kmers[k][1])
            first = first + 4**k
        counts = ops.segment_sum(
            ops.cast(ops.reshape(ops.concatenate(ones, 1), (-1,)), "float32"),
            ops.reshape(ops.concatenate(places, 1), (-1,)),
            num_segments=batch * columns,
        )
        counts = ops.reshape(counts, (-1, columns))
        if self.both_strands:
            counts = (counts + ops.take(counts, reverse_complement_columns(self.k), -1)) / 2
        return counts

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        check_rank(inputs)
        return keras.KerasTensor((inputs.shape[0], sum(4**n for n in self.k)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": list(self.k), "both_strands": self.both_strands}
