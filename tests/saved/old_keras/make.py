"""A network of many kinds of layers, saved by Keras 2, with inputs and what it gives.

    python tests/saved/old_keras/make.py FOLDER

writes `keras_2.h5` and `keras_2.npz`; needs tf_keras (2.21.0 made those beside this file).
"""

import sys
from pathlib import Path

import numpy as np
import tf_keras as keras

layers = keras.layers
keras.utils.set_random_seed(1)


def network():
    inputs = [keras.Input((24, 4), name=name) for name in ("letters", "other_letters")]
    shared = layers.Conv1D(5, 3, activation="relu", padding="same", name="shared")
    x = layers.Average()([layers.MaxPooling1D(2)(shared(letters)) for letters in inputs])
    x = layers.BatchNormalization(scale=False)(x)
    wide = {"dilation_rate": 2, "padding": "causal", "activation": "hard_sigmoid"}
    x = layers.Add()([x, layers.Conv1D(5, 2, **wide)(x)])
    x = layers.LeakyReLU(0.2)(x)
    x = layers.ZeroPadding1D(1)(layers.Cropping1D((1, 1))(x))
    hard = {"recurrent_activation": "hard_sigmoid", "dropout": 0.1}
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True, **hard))(x)
    x = layers.GRU(4, return_sequences=True)(x)
    gru = layers.GRU(3, reset_after=False, return_sequences=True)
    x = layers.Bidirectional(gru, merge_mode="sum")(x)
    x = layers.TimeDistributed(layers.Dense(4, activation="tanh"))(x)
    y = layers.Conv2D(3, (3, 2), strides=(2, 1))(layers.Reshape((12, 4, 1))(x))
    y = layers.PReLU(shared_axes=[1])(layers.AveragePooling2D((2, 1))(y))
    y = layers.Flatten()(layers.Permute((3, 1, 2))(y))
    most = layers.GlobalMaxPooling1D()(x)
    mean = layers.GlobalAveragePooling1D()(layers.SimpleRNN(2, return_sequences=True)(x))
    x = layers.Dropout(0.3)(layers.Concatenate()([y, most, mean]))
    return keras.Model(inputs, [layers.Dense(3, activation="sigmoid")(x), most])


def main():
    folder, model = Path(sys.argv[1]), network()
    for layer in model.layers:
        values = [np.random.normal(size=weight.shape) * 0.5 for weight in layer.weights]
        positive = ["variance" in weight.name for weight in layer.weights]
        values = [np.abs(v) + 0.3 if p else v for v, p in zip(values, positive, strict=True)]
        layer.set_weights(values)
    model.save(folder / "keras_2.h5")
    draw = np.random.default_rng(0)
    letters = [np.eye(4, dtype="float32")[draw.integers(0, 4, (3, 24))] for _ in range(2)]
    given = {f"output_{i}": value.numpy() for i, value in enumerate(model(letters))}
    np.savez(folder / "keras_2.npz", input_0=letters[0], input_1=letters[1], **given)


if __name__ == "__main__":
    main()
