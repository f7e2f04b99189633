"""Networks that Keras 0.2 to 2.x saved: layers, their connections, and their arrays.

HDF5 of the whole model, or of its weights with the description in JSON beside it. Nothing
is built here, and nothing in a file is run.
"""

import json
import os
from typing import Any, NamedTuple

import numpy as np

from genome_keras.errors import WeightsError, printable
from genome_keras.weights.description import read_json
from genome_keras.weights.file_checks import check_h5

_MOST_LAYERS = 5000
_LARGEST = 10_000_000  # number in a description
_STACKS = ("Sequential",)
_GRAPHS = ("Model", "Functional")


class Tensor(NamedTuple):
    """An output of a layer.

    Attributes:
        layer: its name.
        call: which of the layer's calls gave it, from 0.
        part: which of that call's outputs, from 0.

    Example:
        >>> Tensor("dense_1")
        Tensor(layer='dense_1', call=0, part=0)
    """

    layer: str
    call: int = 0
    part: int = 0


class Layer(NamedTuple):
    """A layer as it was described.

    Attributes:
        name: unique in the network.
        kind: class in Keras, such as "Convolution1D".
        settings: dict of its settings.
        calls: for each call what it reads; none for an input.

    Example:
        >>> layer = Layer("dense_1", "Dense", {"units": 2}, [[Tensor("input_1")]])
        >>> [end.layer for end in layer.calls[0]]
        ['input_1']
    """

    name: str
    kind: str
    settings: dict[str, Any]
    calls: list[list[Tensor]]


class Saved(NamedTuple):
    """A saved network.

    Attributes:
        layers: in their order in the description.
        inputs, outputs: of the network.
        arrays: name of a layer -> its arrays, in their order in the file.
        version: (major, minor) of the Keras that saved it; (0, 0) where the file does not
            tell, as before 1.0.
        theano: whether convolutions read their kernels backwards; None where the file does
            not tell.
        contents: how many arrays and numbers the file has.

    Example:
        >>> ends = [Tensor("input_1")], [Tensor("input_1")]
        >>> saved = Saved([Layer("input_1", "InputLayer", {}, [[]])], *ends, {}, (1, 0), True, None)
        >>> saved.version >= (1, 0), saved.theano
        (True, True)
    """

    layers: list[Layer]
    inputs: list[Tensor]
    outputs: list[Tensor]
    arrays: dict[str, list[np.ndarray]]
    version: tuple[int, int]
    theano: bool | None
    contents: Any


def read_old_keras(path: str | os.PathLike, json_path: str | os.PathLike | None = None) -> Saved:
    """Reads a network that an old Keras saved.

    Args:
        path: HDF5 of `model.save(...)` or `model.save_weights(...)`; not larger than 4 GiB.
        json_path: what `model.to_json()` gave; None where the description is in `path`.

    Raises:
        WeightsError: no such file, not such a network, a network inside another, or arrays
            that do not belong to it.

    Example:
        >>> import h5py, tempfile
        >>> dense = {"name": "dense", "units": 2, "input_dim": 3, "activation": "linear"}
        >>> layers = [{"class_name": "Dense", "config": dense}]
        >>> description = json.dumps({"class_name": "Sequential", "config": layers})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(f"{folder}/old.json", "w") as file:
        ...         _ = file.write(description)
        ...     with h5py.File(f"{folder}/old.h5", "w") as file:  # weights, as Keras 0.3 wrote them
        ...         file.attrs["nb_layers"] = 1
        ...         file.create_group("layer_0").attrs["nb_params"] = 1
        ...         file["layer_0/param_0"] = np.ones((3, 2))
        ...     saved = read_old_keras(f"{folder}/old.h5", f"{folder}/old.json")
        >>> [layer.kind for layer in saved.layers], saved.arrays["dense"][0].shape
        (['InputLayer', 'Dense'], (3, 2))
    """
    import h5py

    contents = check_h5(path)
    try:
        with h5py.File(path, "r") as file:
            told = read_json(json_path) if json_path is not None else _description_in(file, path)
            layers, inputs, outputs = _network(told, json_path or path)
            group = file.get("model_weights", file)
            arrays, names = _arrays(group, layers, path)
            version = _version(file, group, told)
            backend = _text(group.attrs.get("backend", file.attrs.get("backend")))
    except WeightsError as error:
        if str(error).startswith((f"{path}:", f"{json_path}:")):
            raise
        raise WeightsError(f"{path}: {error}") from error  # of a part that does not know it
    except Exception as error:  # h5py raises many kinds, and so does a twisted description
        reason = printable(" ".join(str(error).split()))[:200] or "no reason"
        raise WeightsError(
            f"{path}: not a network that Keras 0.2 to 2.x saved ({reason})"
        ) from error
    backend = backend or told.get("backend")
    if backend is None and names:  # TensorFlow's variables, and only those, end in ":0"
        backend = "tensorflow" if all(name.endswith(":0") for name in names) else "theano"
    theano = None if backend is None else backend == "theano"
    return Saved(layers, inputs, outputs, arrays, version, theano, contents)


def _description_in(file, path):
    text = _text(file.attrs.get("model_config"))
    if text is None:
        raise WeightsError(
            f"{path}: has weights alone; the description is needed too: JSON of model.to_json()"
        )
    told = json.loads(text)
    if not isinstance(told, dict):
        raise WeightsError(f"{path}: its model_config is not one JSON object")
    return told


def _network(told, where):
    """Layers, inputs and outputs of a description of any era."""
    kind = told.get("class_name", told.get("name"))  # a name before 1.0
    settings = told.get("config", told)
    if kind in _STACKS:
        entries = settings if isinstance(settings, list) else settings["layers"]
        layers = _stack(entries, where)
        inputs, outputs = [Tensor(layers[0].name)], [Tensor(layers[-1].name)]
    elif kind in _GRAPHS:
        layers = [_layer(entry, where) for entry in settings["layers"]]
        inputs = [_tensor(end) for end in _ends(settings["input_layers"])]
        outputs = [_tensor(end) for end in _ends(settings["output_layers"])]
    else:
        raise WeightsError(
            f"{where}: expected a network of the class Sequential, Model or Functional, "
            f"got {kind!r:.60}"
        )
    names = [layer.name for layer in layers]
    if not layers or len(layers) > _MOST_LAYERS or len(set(names)) < len(names):
        raise WeightsError(f"{where}: expected 1 to {_MOST_LAYERS} layers of different names")
    _check_plain([layer.settings for layer in layers], where)
    return layers, inputs, outputs


def _stack(entries, where):
    """Layers that follow one another, the first of which tells its input."""
    layers, before = [], None
    for number, entry in enumerate(entries):
        layer = _layer(entry, where, number)
        if before is None and layer.kind != "InputLayer":
            shape = _input_shape(layer, where)
            before = Tensor("the_input")
            settings = {"batch_input_shape": [None, *shape]}
            layers.append(Layer(before.layer, "InputLayer", settings, [[]]))
        layers.append(layer._replace(calls=[[before]] if before else [[]]))
        before = Tensor(layer.name)
    return layers


def _input_shape(layer, where):
    settings = layer.settings
    if settings.get("batch_input_shape"):
        return settings["batch_input_shape"][1:]
    if settings.get("input_shape"):
        return settings["input_shape"]
    if settings.get("input_dim"):
        size = settings["input_dim"]
        if layer.kind == "Embedding":
            return [settings.get("input_length")]
        return [size] if layer.kind == "Dense" else [settings.get("input_length"), size]
    raise WeightsError(f"{where}: the first layer, {layer.kind}, does not tell the input's shape")


def _layer(entry, where, number=0):
    kind = entry.get("class_name", entry.get("name"))
    settings = entry.get("config", entry)
    if kind in _STACKS + _GRAPHS:
        raise WeightsError(f"{where}: a network inside another ({kind}) is not supported")
    if not isinstance(kind, str) or not isinstance(settings, dict):
        raise WeightsError(f"{where}: expected a layer with its settings, got {entry!r:.60}")
    name = settings.get("name") if "class_name" in entry else settings.get("custom_name")
    name = entry.get("name") if "inbound_nodes" in entry else name
    calls = [[_tensor(end) for end in _ends(node)] for node in entry.get("inbound_nodes", [])]
    return Layer(str(name or f"layer_{number}"), kind, settings, calls or [[]])


def _ends(node):
    """A list of tensors; one alone may stand without a list around it."""
    return [node] if node and isinstance(node[0], str) else node


def _tensor(end):
    layer, call, part, *more = end
    if any(more):
        raise WeightsError(f"layer {layer!r:.60} is called with more than tensors")
    return Tensor(str(layer), int(call), int(part))


def _check_plain(values, where):
    todo = list(values)
    while todo:
        value = todo.pop()
        if isinstance(value, (list, dict)):
            todo.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, (int, float)) and not abs(value) <= _LARGEST:
            raise WeightsError(f"{where}: a number beyond {_LARGEST}: {value!r:.40}")


def _arrays(group, layers, path):
    """Arrays of each layer, and their names where the file has any."""
    if "nb_layers" in group.attrs:  # before 1.0: numbered layers
        own = [layer for layer in layers if layer.kind != "InputLayer"]
        many = int(group.attrs["nb_layers"])
        if many != len(own):
            raise WeightsError(f"{path}: has weights of {many} layers, the network {len(own)}")
        return {
            layer.name: [
                np.asarray(group[f"layer_{number}"][f"param_{place}"], "float32")
                for place in range(int(group[f"layer_{number}"].attrs["nb_params"]))
            ]
            for number, layer in enumerate(own)
        }, []
    arrays, all_names = {}, []
    for name in _listed(group.attrs, "layer_names"):
        names = _listed(group[name].attrs, "weight_names")
        arrays[name] = [np.asarray(group[name][weight], "float32") for weight in names]
        all_names += names
    known = {layer.name for layer in layers}
    if foreign := [name for name, values in arrays.items() if values and name not in known]:
        raise WeightsError(f"{path}: has weights of {foreign[0]!r:.60}, a layer it does not have")
    return arrays, all_names


def _listed(attributes, name):
    """A list of texts, which Keras 2.2 cuts into parts where it is long."""
    if name in attributes:
        parts = [attributes[name]]
    else:
        parts = []
        while f"{name}{len(parts)}" in attributes:
            parts.append(attributes[f"{name}{len(parts)}"])
        if not parts:
            raise WeightsError(f"no attribute {name}: not weights that Keras saved")
    return [_text(value) for part in parts for value in part]


def _text(value):
    return value.decode() if isinstance(value, bytes) else value if value is None else str(value)


def _version(file, group, told):
    for attributes in (file.attrs, group.attrs, told):
        text = _text(attributes.get("keras_version"))
        if text is not None:
            major, minor, *_ = text.split(".")
            return int(major), int(minor)
    return (0, 0) if "nb_layers" in group.attrs else (1, 0)
