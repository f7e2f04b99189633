"""What models of measured signal share: places of bins, parts of networks, compiling."""

import keras

from genome_keras.layers.channels_last import BatchNormalization
from genome_keras.layers.fused_adam import FusedAdam
from genome_keras.layers.signal_model import PROFILE, SignalModel
from genome_keras.losses import MultinomialNLL
from genome_keras.models._factory import Seeds, convolved, dense

FIRST, DILATED, LAST = 21, 3, 75  # widths of BPNet's convolutions


def cropped(x, bins, name, **more):
    """The middle bins of (batch, steps, channels).

    Raises:
        ValueError: fewer steps, or an odd number of them too many.
    """
    over = x.shape[1] - bins
    if over < 0 or over % 2:
        raise ValueError(
            f"bins must be at most {x.shape[1]} and as even or odd as it is, for this window. "
            f"Received: bins={bins}"
        )
    return keras.layers.Cropping1D(over // 2, name=name, **more)(x) if over else x


def profile_and_counts(
    letters, *, window: int, bins: int, tasks: int, filters: int, layers: int, seeds: Seeds, name=""
):
    """BPNet's two outputs for one-hot letters, of convolutions that lose the ends.

    Args:
        letters: float (batch, window, 4).
        name: before the names of its layers.

    Returns:
        Logits (batch, bins, tasks), and logarithms of the total (batch, 1).
    """
    lost = FIRST + LAST - 2 + 2 * sum(2**n for n in range(1, layers + 1))
    if window - lost < bins or (window - lost - bins) % 2:
        raise ValueError(
            f"window must be bins + {lost} for these layers, or more by an even number. "
            f"Received: window={window}, bins={bins}"
        )
    x = convolved(letters, filters, FIRST, f"{name}convolution", seeds, activation="relu")
    for n in range(1, layers + 1):
        how = {"dilation_rate": 2**n, "activation": "relu"}
        branch = convolved(x, filters, DILATED, f"{name}dilated_{n}", seeds, **how)
        middle = keras.layers.Cropping1D(2**n, name=f"{name}crop_{n}")(x)
        x = keras.layers.Add(name=f"{name}sum_{n}")([branch, middle])
    logits = convolved(x, tasks, LAST, f"{name}profile_of_all", seeds, dtype="float32")
    mean = keras.layers.GlobalAveragePooling1D(data_format="channels_last", name=f"{name}mean")(x)
    counts = dense(mean, 1, f"{name}log_counts", seeds, dtype="float32")
    return cropped(logits, bins, f"{name}profile_crop", dtype="float32"), counts


def profiles_out(name, codes, profile, counts, *, learning_rate, counts_weight):
    """A compiled model of a profile and its total."""
    outputs = {"profile": profile, "counts": counts}
    model = SignalModel(codes, outputs, name=name)
    model.compile(
        optimizer=FusedAdam(learning_rate),
        loss={"profile": MultinomialNLL(), "counts": "mean_squared_error"},
        loss_weights={"profile": 1.0, "counts": counts_weight},
    )
    assert set(outputs) == PROFILE
    return model


def tracks_out(
    name, codes, tracks, *, bin, learning_rate, loss="poisson", clip=0.2, scale="signal"
):
    """A compiled model of tracks."""
    model = SignalModel(codes, tracks, name=name)
    model.bin, model.scale = bin, scale
    model.compile(optimizer=FusedAdam(learning_rate, global_clipnorm=clip), loss=loss)
    return model


def normed(x, name, *, epsilon=1e-5):
    """Batch normalisation of each channel."""
    return BatchNormalization(momentum=0.9, epsilon=epsilon, name=name)(x)


def feed_forward(x, attention, number, seeds, *, dropout, epsilon):
    """A block of a transformer: attention and two dense layers, each added to what it reads."""
    channels = x.shape[-1]

    def dense(units, name, **more):
        initial = keras.initializers.GlorotUniform(seed=seeds())
        name = f"{name}_{number}"
        return keras.layers.Dense(units, kernel_initializer=initial, name=name, **more)

    def left_out(x, name):
        return keras.layers.Dropout(dropout, seed=seeds(), name=f"{name}_{number}")(x)

    def norm(x, name):
        return keras.layers.LayerNormalization(epsilon=epsilon, name=f"{name}_{number}")(x)

    branch = left_out(attention(norm(x, "attention_norm")), "attention_dropout")
    x = keras.layers.Add(name=f"attention_sum_{number}")([x, branch])
    branch = dense(2 * channels, "dense")(norm(x, "dense_norm"))
    branch = keras.layers.ReLU(name=f"dense_relu_{number}")(left_out(branch, "dense_dropout"))
    branch = left_out(dense(channels, "dense_out")(branch), "dense_out_dropout")
    return keras.layers.Add(name=f"dense_sum_{number}")([x, branch])
