"""Files as Keras 0.2 and Keras 1 wrote them, and their layers computed by NumPy."""

import json

import h5py
import numpy as np


def write_keras_1(path, description, arrays, *, version="1.1.1", tensorflow=False):
    """A whole model: names of layers and weights in attributes."""
    ends = ":0" if tensorflow else ""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(description).encode()
        file.attrs["keras_version"] = version.encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, values in arrays.items():
            names = [f"{name}_{number}{ends}".encode() for number in range(len(values))]
            group.create_group(name).attrs["weight_names"] = names
            for weight, value in zip(names, values, strict=True):
                group[name][weight.decode()] = value.astype("float32")


def write_keras_0(path, arrays):
    """Weights alone, of numbered layers."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(arrays)
        for number, values in enumerate(arrays):
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(values)
            for place, value in enumerate(values):
                group[f"param_{place}"] = value.astype("float32")


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def convolved(x, kernel, bias, *, backwards):
    """x (n, steps, channels), kernel (width, channels, filters); `backwards` as Theano."""
    kernel = kernel[::-1] if backwards else kernel
    width = len(kernel)
    places = [
        np.einsum("nwc,wcf->nf", x[:, place : place + width], kernel)
        for place in range(x.shape[1] - width + 1)
    ]
    return np.stack(places, 1) + bias


def pooled(x, size):
    """The largest of each `size` steps."""
    steps = x.shape[1] // size
    return x[:, : steps * size].reshape(len(x), steps, size, -1).max(2)


def lstm(x, gates, *, inner=hard_sigmoid):
    """States (n, steps, units); gates: name -> (W, U, b), names "i", "c", "f", "o"."""
    state = cell = np.zeros((len(x), len(gates["i"][2])))
    states = []
    for step in range(x.shape[1]):
        z = {n: x[:, step] @ w + state @ u + b for n, (w, u, b) in gates.items()}
        cell = inner(z["f"]) * cell + inner(z["i"]) * np.tanh(z["c"])
        state = inner(z["o"]) * np.tanh(cell)
        states.append(state)
    return np.stack(states, 1)


def gru(x, gates, *, inner=hard_sigmoid):
    """States (n, steps, units); gates: name -> (W, U, b), names "z", "r", "h"."""
    state = np.zeros((len(x), len(gates["z"][2])))
    states = []
    for step in range(x.shape[1]):
        z, r = (inner(x[:, step] @ w + state @ u + b) for w, u, b in (gates["z"], gates["r"]))
        w, u, b = gates["h"]
        new = np.tanh(x[:, step] @ w + (r * state) @ u + b)
        state = z * state + (1 - z) * new
        states.append(state)
    return np.stack(states, 1)


def gates_of(arrays, names):
    """Three arrays a gate, in the file's order."""
    return {name: arrays[3 * i : 3 * i + 3] for i, name in enumerate(names)}
