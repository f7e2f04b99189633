"""The weaker baseline of Zhang & Kamath 2016: logistic regression on one integer a base."""

import keras

from genome_keras.arguments import at_least_one
from genome_keras.layers.base_numbers import BaseNumbers
from genome_keras.layers.sequence_model import SequenceModel
from genome_keras.layers.task_head import SigmoidHead
from genome_keras.models._factory import Seeds, Tasks, Weights, compiled, factory


@factory
def integer_logreg(
    *,
    window: int = 100,
    tasks: Tasks = 919,
    learning_rate: float = 1e-3,
    seed: int | None = None,
    weights: Weights = None,
    trunk_trainable: bool = True,
) -> keras.Model:
    """A logistic regression for each task on the codes of the bases, taken as numbers.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, and gives
    P(label = 1) as float32 (batch, tasks). N counts as 1.5, the mean of the others.
    It is here to be compared with: the numbers have no meaning, and its scores are poor.

    Args:
        window: length of the input in bp.
        tasks: number of binary tasks, or their names. Others than the checkpoint's put a
            new head on its layers.
        learning_rate: of Adam, for training with `fit`.
        seed: of the initial weights; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.
        trunk_trainable: False lets `fit` train the head only.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: a size below one, or an argument that contradicts the checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: Zhang & Kamath 2016, section 4.3, the first feature mapping.

    Example:
        >>> model = integer_logreg(window=12, tasks=3)
        >>> model.output_shape
        (None, 3)
    """
    at_least_one(window=window, tasks=tasks)
    codes = keras.Input((window,), dtype="uint8", name="codes")
    numbers = BaseNumbers(name="numbers")(codes)
    head = SigmoidHead(
        tasks,
        kernel_initializer=keras.initializers.GlorotUniform(seed=Seeds(seed)()),
        name="head",
    )
    model = SequenceModel(codes, head(numbers), name="integer_logreg")
    return compiled(model, learning_rate=learning_rate)
