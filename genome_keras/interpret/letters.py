"""A model of codes as a function of letters that may be in part there, for gradients.

One-hot letters go where the codes went. What looks whole words up, or counts k-mers, becomes
the mean over the words that the letters may be: the one function that agrees with the model
at every sequence and is linear in the letters of each position. What is missing to 1 at a
position is N, so that zeros are N everywhere.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from genome_keras.arguments import one_of
from genome_keras.interpret.methods import TARGETS
from genome_keras.layers.base_numbers import BaseNumbers
from genome_keras.layers.kmer_counts import KmerCounts, reverse_complement_columns
from genome_keras.layers.kmer_words import KmerWords
from genome_keras.layers.strands import MergeStrands, OneHot, StackStrands
from genome_keras.layers.task_head import TaskHead
from genome_keras.scoring.effects import KEPT


def letter_model(model: keras.Model, *, target: str = "logodds") -> keras.Model:
    """The same network from letters instead of codes; it shares the layers and weights.

    Args:
        model: a functional `keras.Model` from codes (batch, window) to P(label = 1) of
            (batch, tasks): of any multi-task factory, or one that reads its codes by
            `OneHot`, `KmerWords`, `KmerCounts` or an `Embedding`, of both strands or one.
        target: "logodds", log(P / (1 - P)), from before the last sigmoid where there is
            one, so that it does not saturate; or "score", P.

    Returns:
        A `keras.Model` from float32 (batch, window, 4), letters A, C, G, T, zeros at an N,
        to float32 (batch, tasks).

    Raises:
        ValueError: another target, or a model that reads its codes otherwise.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> network = letter_model(model)
        >>> network.input_shape, network.output_shape
        ((None, 12, 4), (None, 3))
    """
    one_of(accepted=TARGETS, target=target)
    if not isinstance(model, keras.models.Model) or len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError("expected a functional model with one input, the codes")
    letters = keras.Input((model.inputs[0].shape[1], 4), name="letters")
    head, reader = _head(model), _Reader(model, letters)

    def call(operation, *args, **kwargs):
        return reader(LogOdds(head) if operation is head else operation, *args, **kwargs)

    outputs = keras.models.clone_model(
        model,
        input_tensors=keras.tree.map_structure(lambda _: letters, model.input),
        clone_function=lambda layer: layer,
        call_function=call,
    ).outputs[0]
    if head is not None:
        outputs = outputs if target == "logodds" else ops.sigmoid(outputs)
    elif target == "logodds":
        kept = ops.clip(outputs, KEPT, 1 - KEPT)
        outputs = ops.log(kept) - ops.log1p(-kept)
    return keras.Model(letters, outputs, name=model.name)


def _head(model):
    """The layer with the last sigmoid, where log-odds can be had in its place; or None."""
    layers = list(model.layers)
    last = getattr(layers[-1], "activation", None)
    if isinstance(layers[-1], keras.layers.Activation) and last is keras.activations.sigmoid:
        return layers[-1]
    if isinstance(layers[-1], MergeStrands) and layers[-1].merge == "max":
        layers.pop()  # the larger score has the larger log-odds
    dense = isinstance(layers[-1], keras.layers.Dense)
    dense = dense and layers[-1].activation is keras.activations.sigmoid
    return layers[-1] if dense or isinstance(layers[-1], TaskHead) else None


class _Reader:
    """Calls what reads codes on letters instead, and everything else as it is."""

    def __init__(self, model, letters):
        self.name, self.letters, self.words = model.name, [letters], []
        self.numbers, self.are_n = [], []

    def __call__(self, operation, *args, **kwargs):
        for x in keras.tree.flatten((args, kwargs)):
            if any(x is known for known in self.letters):
                return self._read(operation, x)
            if any(x is known for known in self.words):
                return self._look_up(operation, x)
            if any(x is known for known in self.numbers):
                return self._without_n(operation, *args, **kwargs)
        return operation(*args, **kwargs)

    def _read(self, operation, letters):
        if isinstance(operation, StackStrands):
            both = ops.concatenate([letters, ops.flip(letters, (1, 2))], 0)
            self.letters.append(both)
            return both
        if isinstance(operation, OneHot):
            return ops.cast(letters, operation.compute_dtype)
        if isinstance(operation, BaseNumbers):
            return MeanCodes()(letters)
        if isinstance(operation, KmerCounts):
            return MeanCounts(operation)(letters)
        if isinstance(operation, KmerWords):
            self.words.append(WordChances(operation)(letters))
            return self.words[-1]
        if isinstance(operation, keras.layers.Embedding):
            words = KmerWords(1)
            words.build(letters.shape[:2])
            return self._look_up(operation, WordChances(words)(letters))
        if type(operation).__name__ == "Cast":
            self.numbers.append(MeanCodes()(letters))
            return self.numbers[-1]
        raise self._error(operation)

    def _without_n(self, operation, *args, **kwargs):
        """`where(numbers > 3, 1.5, numbers)`: `BaseNumbers` in files from before that layer."""
        match type(operation).__name__, args:
            case "Greater", (_, 3):
                self.are_n.append(operation(*args, **kwargs))
                return self.are_n[-1]
            case "Where", (chosen, 1.5, numbers) if any(chosen is known for known in self.are_n):
                return ops.copy(numbers)  # N is 1.5 in them already
        raise self._error(operation)

    def _look_up(self, operation, chances):
        if isinstance(operation, keras.layers.Embedding):
            return MeanVectors(operation)(chances)
        raise self._error(operation)

    def _error(self, operation):
        return ValueError(
            f"{self.name}: no gradient goes through {operation.name!r} "
            f"({type(operation).__name__}), which reads codes. Accepted: OneHot, KmerWords, "
            "KmerCounts, Embedding; or method='occlusion', which needs no gradient"
        )


class LogOdds(keras.layers.Layer):
    """What a head has before its sigmoid.

    Args:
        head: a `TaskHead`, a dense layer, or a sigmoid alone.

    Example:
        >>> head = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones")
        >>> _ = head(np.ones((1, 2)))
        >>> ops.convert_to_numpy(LogOdds(head)(np.float32([[1, 2]]))).tolist()
        [[3.0]]
    """

    def __init__(self, head: keras.layers.Layer) -> None:
        super().__init__(dtype="float32")
        self.head = head

    def call(self, inputs: Any) -> Any:
        if isinstance(self.head, keras.layers.Activation):
            return inputs
        kernel, bias = self.head.kernel, self.head.bias
        if isinstance(self.head, TaskHead):
            kernel, bias = kernel[1] - kernel[0], bias[1] - bias[0]
        product = ops.matmul(inputs, kernel)
        return product if bias is None else product + bias


class MeanCodes(keras.layers.Layer):
    """float (batch, window): codes 0 to 3 by the letters, and 1.5 as far as it is N.

    Example:
        >>> letters = np.float32([[[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]])  # A, T, N
        >>> ops.convert_to_numpy(MeanCodes()(letters)).tolist()
        [[0.0, 3.0, 1.5]]
    """

    def call(self, inputs: Any) -> Any:
        return ops.matmul(inputs, np.arange(4, dtype="float32") - 1.5) + 1.5


class WordChances(keras.layers.Layer):
    """Chances of all words at each place, the last for those with an N.

    Args:
        words: a `KmerWords`.
        multiply: the product of two tensors, chances of words and of one more letter.

    Example:
        >>> words = KmerWords(2)
        >>> words.build((None, 3))
        >>> chances = WordChances(words)(np.eye(4, dtype="float32")[None, :3])  # ACG: AC, CG
        >>> ops.convert_to_numpy(chances).argmax(-1).tolist()
        [[1, 6]]
    """

    def __init__(self, words: KmerWords, multiply: Callable = ops.multiply) -> None:
        super().__init__(dtype="float32")
        self.words, self.multiply = words, multiply

    def call(self, inputs: Any) -> Any:
        begins = ops.shape(inputs)[1] - self.words.span + 1
        chances = None
        for offset in self.words.offsets:
            letters = inputs[:, offset : offset + begins : self.words.stride]
            chances = _longer(chances, letters, self.multiply)
        rest = 1 - ops.sum(chances, -1, keepdims=True)
        return ops.concatenate([chances, rest], -1)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        places = self.words.compute_output_spec(keras.KerasTensor(inputs.shape[:2])).shape
        return keras.KerasTensor((*places, self.words.vocabulary + 1), dtype="float32")


class MeanVectors(keras.layers.Layer):
    """Mean of the vectors of words.

    Args:
        table: a `keras.layers.Embedding`.

    Example:
        >>> table = keras.layers.Embedding(2, 3, embeddings_initializer="ones")
        >>> table.build((None,))
        >>> ops.convert_to_numpy(MeanVectors(table)(np.float32([[[0.5, 0.5]]]))).tolist()
        [[[1.0, 1.0, 1.0]]]
    """

    def __init__(self, table: keras.layers.Embedding) -> None:
        super().__init__(dtype="float32")
        self.table = table

    def call(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.table.embeddings[: inputs.shape[-1]])


class MeanCounts(keras.layers.Layer):
    """Mean counts of k-mers.

    Args:
        counts: a `KmerCounts`.
        multiply: as of `WordChances`.

    Example:
        >>> letters = np.float32([[[1, 0, 0, 0], [0.5, 0.5, 0, 0]]])  # A, then A or C
        >>> counts = KmerCounts(k=(1,))
        >>> _ = counts(np.zeros((1, 2), np.uint8))
        >>> ops.convert_to_numpy(MeanCounts(counts)(letters)).tolist()
        [[1.5, 0.5, 0.0, 0.0]]
    """

    def __init__(self, counts: KmerCounts, multiply: Callable = ops.multiply) -> None:
        super().__init__(dtype="float32")
        self.counts, self.multiply = counts, multiply

    def call(self, inputs: Any) -> Any:
        window, chances, means = ops.shape(inputs)[1], None, []
        padded = ops.pad(inputs, ((0, 0), (0, max(self.counts.k) - 1), (0, 0)))
        for last in range(max(self.counts.k)):
            chances = _longer(chances, padded[:, last : window + last], self.multiply)
            if last + 1 in self.counts.k:
                means.append(ops.sum(chances, 1))
        means = ops.concatenate(means, -1)
        if self.counts.both_strands:
            other = ops.take(means, reverse_complement_columns(self.counts.k), -1)
            means = (means + other) / 2
        return means

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return self.counts.compute_output_spec(keras.KerasTensor(inputs.shape[:2]))


def _longer(chances, letters, multiply):
    """Chances of words (batch, places, 4**n) with one more letter (batch, places, 4)."""
    if chances is None:
        return letters
    shape = ops.shape(letters)
    longer = multiply(ops.expand_dims(chances, -1), ops.expand_dims(letters, -2))
    return ops.reshape(longer, (-1, shape[1], 4 * chances.shape[-1]))
