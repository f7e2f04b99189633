"""A sequence as words: the k-mers, whole or with gaps, that it is read in."""

from typing import Any

import keras
from keras import ops

from genome_keras.arguments import at_least_one
from genome_keras.io.word_vectors import word_offsets
from genome_keras.layers.codes import check_rank


@keras.saving.register_keras_serializable("genome_keras")
class KmerWords(keras.layers.Layer):
    """Numbers of the words of a sequence.

    The words begin at 0, stride, 2 stride... as long as they fit. Their numbers are
    those of their letters in alphabetical order; a word with an N has the number
    after the last.

    Args:
        word: length of a word, or its pattern, as in `genome_keras.io.word_vectors.word_offsets`.
        stride: from one word to the next, bp: 1 overlaps as much as can be.

    Call arguments:
        inputs: integer (batch, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        int32 (batch, words), 0 to 4**k, k being the letters of a word.

    Raises:
        ValueError: another word or stride, or a window shorter than a word.
        SequenceError: called with what has not the axes (batch, window).

    Example:
        >>> import numpy as np
        >>> words = KmerWords(2)(np.array([[0, 1, 3, 4]]))  # AC, CT, and one with an N
        >>> keras.ops.convert_to_numpy(words).tolist()
        [[1, 7, 16]]
    """

    def __init__(self, word: int | str, *, stride: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offsets = word_offsets(word)
        at_least_one(stride=stride)
        self.word, self.stride = word, stride
        self.span, self.vocabulary = self.offsets[-1] + 1, 4 ** len(self.offsets)

    def call(self, inputs: Any) -> Any:
        check_rank(inputs)
        codes = ops.cast(inputs, "int32")
        begins = ops.shape(codes)[1] - self.span + 1
        number, known = 0, True
        for offset in self.offsets:
            letter = codes[:, offset : offset + begins : self.stride]
            number = 4 * number + letter
            known = ops.logical_and(known, ops.less(letter, 4))
        return ops.where(known, number, self.vocabulary)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        check_rank(inputs)
        window = inputs.shape[1]
        if window is not None and window < self.span:
            raise ValueError(f"window must be at least {self.span}, a word. Received: {window}")
        words = None if window is None else (window - self.span) // self.stride + 1
        return keras.KerasTensor((inputs.shape[0], words), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "word": self.word, "stride": self.stride}
