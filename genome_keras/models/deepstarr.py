"""DeepSTARR: the activity of an enhancer of 249 bp, one number for each kind of promoter."""

import keras

from genome_keras.arguments import at_least_one, layers_of
from genome_keras.layers.channels_last import BatchNormalization, MaxPooling1D
from genome_keras.layers.strands import OneHot
from genome_keras.models._factory import (
    Seeds,
    Tasks,
    Weights,
    codes_in,
    convolved,
    factory,
    positions_left,
)
from genome_keras.models._signals import tracks_out


@factory
def deepstarr(
    *,
    window: int = 249,
    tasks: Tasks = 2,
    filters: tuple[int, ...] = (256, 60, 60, 120),
    widths: tuple[int, ...] = (7, 3, 5, 3),
    hidden: tuple[int, ...] = (256, 256),
    dropout: float = 0.4,
    learning_rate: float = 2e-3,
    seed: int | None = None,
    weights: Weights = None,
) -> keras.Model:
    """Convolutions and dense layers, each normalised over the batch before its rectifier.

    The model takes integer codes (batch, window), A 0, C 1, G 2, T 3, N 4 (no letter), and
    gives float32 (batch, 1, tasks): one bin as wide as the window, the logarithm to base 2 of
    how much more it is transcribed than was put in. Values may be below 0.

    Args:
        window: length of the input in bp; at least 16 at the default sizes.
        tasks: their number, or their names; the published ones are of developmental and
            housekeeping promoters.
        filters, widths: of the convolutions, with a pooling of two after each.
        hidden: units of each dense layer.
        dropout: fraction dropped after each dense layer.
        learning_rate: of Adam.
        seed: of the initial weights and of dropout; None draws one.
        weights: None, a `Checkpoint`, or the name or path of one.

    Returns:
        A compiled `keras.Model`, with the mean of squared errors as its loss.

    Raises:
        ValueError: a size below one, a window too short, or an argument that contradicts the
            checkpoint.
        WeightsError: a checkpoint that is unknown, missing or damaged.

    Source: de Almeida et al. 2022 (doi:10.1038/s41588-022-01048-5) and its program. Departure:
        one head of all tasks in place of one for each, which computes the same.

    Example:
        >>> model = deepstarr(window=20, filters=(3, 4), widths=(3, 3), hidden=(5,))
        >>> model.output_shape, model.bin
        ((None, 1, 2), 20)
    """
    at_least_one(tasks=tasks)
    layers, dense = layers_of(filters=filters, widths=widths), layers_of(hidden=hidden)
    positions_left(window, widths=widths, pools=[2] * len(layers), padding="same")
    seeds = Seeds(seed)
    codes, strand = codes_in(window)

    def rectified(x, name):
        x = BatchNormalization(epsilon=1e-3, name=f"{name}_norm")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(x)

    x = OneHot(name="letters")(strand)
    for number, (size, width) in enumerate(layers, 1):
        name = f"convolution_{number}"
        x = rectified(convolved(x, size, width, name, seeds, padding="same"), name)
        pooled = {"data_format": "channels_last", "name": f"pool_{number}"}
        x = MaxPooling1D(2, **pooled)(x)
    x = keras.layers.Flatten(data_format="channels_last", name="flat")(x)
    for number, (size,) in enumerate(dense, 1):
        initial = keras.initializers.GlorotUniform(seed=seeds())
        x = keras.layers.Dense(size, kernel_initializer=initial, name=f"hidden_{number}")(x)
        x = rectified(x, f"hidden_{number}")
        x = keras.layers.Dropout(dropout, seed=seeds(), name=f"dropout_{number}")(x)
    head = keras.layers.Dense(
        tasks,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seeds()),
        dtype="float32",
        name="head",
    )
    activity = head(keras.layers.Reshape((1, hidden[-1]), name="one_bin")(x))
    how = {"loss": "mean_squared_error", "clip": None, "scale": "log2"}
    return tracks_out("deepstarr", codes, activity, bin=window, learning_rate=learning_rate, **how)
