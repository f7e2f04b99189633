"""DeepSTARR's two files as Keras 2.2 wrote them, small: weights, and the description."""

import json

import h5py
import numpy as np


def write_deepstarr(path, json_path, *, window, filters, widths, hidden, heads=("Dev", "Hk")):
    """Random weights in HDF5 with layers by name, and the JSON of `model.to_json()`."""
    draw = np.random.default_rng(0)
    layers, arrays, before, channels = [], {}, [], 4

    def add(kind, name, settings, *shapes):
        reads = [[[before[-1], 0, 0, {}]]] if before else []
        layers.append(
            {"class_name": kind, "name": name, "inbound_nodes": reads}
            | {"config": {"name": name, **settings}}
        )
        arrays[name] = [draw.normal(size=shape) / 2 for shape in shapes]
        before.append(name)

    def norm_and_relu(size):
        number = sum(name.startswith("batch") for name in before) + 1
        name = f"batch_normalization_{number}"
        add("BatchNormalization", name, {"axis": -1, "epsilon": 0.001}, *[(size,)] * 4)
        arrays[name][3] = np.abs(arrays[name][3]) + 0.5
        add("Activation", f"activation_{number}", {"activation": "relu"})

    add("InputLayer", "input_1", {"batch_input_shape": [None, window, 4]})
    for number, (size, width) in enumerate(zip(filters, widths, strict=True), 1):
        name = "Conv1D_1st" if number == 1 else f"Conv1D_{number}"
        how = {"filters": size, "kernel_size": [width], "padding": "same"}
        how |= {"strides": [1], "dilation_rate": [1], "activation": "linear", "use_bias": True}
        add("Conv1D", name, how, (width, channels, size), (size,))
        norm_and_relu(size)
        pool = {"pool_size": [2], "strides": [2], "padding": "valid"}
        add("MaxPooling1D", f"max_pooling1d_{number}", pool)
        channels = size
    add("Flatten", "flatten_1", {})
    features = (window >> len(filters)) * channels
    for number, size in enumerate(hidden, 1):
        how = {"units": size, "activation": "linear", "use_bias": True}
        add("Dense", f"Dense_{number}", how, (features, size), (size,))
        norm_and_relu(size)
        add("Dropout", f"dropout_{number}", {"rate": 0.4})
        features = size
    last = before[-1]
    for head in heads:
        before.append(last)
        how = {"units": 1, "activation": "linear", "use_bias": True}
        add("Dense", f"Dense_{head}", how, (features, 1), (1,))
    ends = {"input_layers": [["input_1", 0, 0]]}
    ends |= {"output_layers": [[f"Dense_{head}", 0, 0] for head in heads]}
    network = {"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}}
    json_path.write_text(json.dumps({**network, "keras_version": "2.2.4", "backend": "tensorflow"}))
    _write_weights(path, arrays)


def _write_weights(path, arrays):
    parts = ("kernel:0", "bias:0"), ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in arrays]
        file.attrs["keras_version"], file.attrs["backend"] = b"2.2.4", b"tensorflow"
        for name, values in arrays.items():
            group = file.create_group(name)
            names = [f"{name}/{part}" for part in parts[len(values) == 4][: len(values)]]
            group.attrs["weight_names"] = np.array(names, "S")
            for weight, value in zip(names, values, strict=True):
                group[weight] = value.astype("float32")
