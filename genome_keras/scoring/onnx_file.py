"""ONNX files without the package onnx: nodes and constants of a graph, and what follows a value.

A file is a Protocol Buffers message (`onnx.proto`, which only ever grows): fields of a number
and a kind, one after the other. What is not looked at is copied as it is.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_GRAPH = 7  # fields of a model
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12  # of a graph
_DTYPES = {1: "<f4", 2: "|u1", 3: "|i1", 6: "<i4", 7: "<i8", 9: "|b1", 10: "<f2", 11: "<f8"}
_FLOAT = 1


class Node(NamedTuple):
    """An operation of a graph.

    Attributes:
        operation: its name, such as "Conv".
        inputs, outputs: names of values; "" is an input that is left out.
        attributes: dict name -> int, float, bytes or list of int; others are left out.
        inner: names that graphs inside the node use, their own among them.
        message: its bytes.

    Example:
        >>> Node("Relu", ["x"], ["y"], {}, frozenset(), memoryview(b"")).operation
        'Relu'
    """

    operation: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    inner: frozenset[str]
    message: memoryview


class Graph:
    """The graph of an ONNX model.

    Args:
        model: bytes of it.
        folder: where the arrays lie that are not among them; they are read when asked for.

    Attributes:
        nodes: list of `Node`, each after those that it needs.
        inputs, outputs: names.
        folder: as given.

    Raises:
        ValueError, IndexError, KeyError: not a model.

    Example:
        >>> Graph.of_file("model.onnx").nodes[0].operation  # doctest: +SKIP
        'Cast'
    """

    def __init__(self, model: bytes, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self._model = [*_fields(memoryview(model))]
        ((_, graph),) = [field for field in self._model if field[0] == _GRAPH]
        self._graph = [*_fields(graph)]
        self.nodes = [_node(value) for number, value in self._graph if number == _NODE]
        self._initializers = {
            _text(value, 8): value for number, value in self._graph if number == _INITIALIZER
        }
        self.inputs = [_text(value, 1) for value in self._all(_INPUT)]
        self.outputs = [_text(value, 1) for value in self._all(_OUTPUT)]

    @classmethod
    def of_file(cls, path: str | os.PathLike) -> "Graph":
        """The graph of a file."""
        return cls(Path(path).read_bytes(), Path(path).resolve().parent)

    def _all(self, wanted):
        return [value for number, value in self._graph if number == wanted]

    def constant(self, name: str) -> np.ndarray | None:
        """The array of an initializer, or None."""
        message = self._initializers.get(name)
        return None if message is None else _array(message, self.folder)

    def after(self, value: str, sizes: Iterable[int | None]) -> bytes | None:
        """The bytes of a model from a value to the outputs.

        Args:
            value: its name; it becomes the one input, float32.
            sizes: of its axes, None for any.

        Returns:
            Bytes, whose arrays beside the file are still named from its folder; or None where
            the outputs need more than the value and constants.
        """
        kept = self._needed(self.outputs, value)
        if kept is None:
            return None
        kept += [_field(_OUTPUT, message) for message in self._all(_OUTPUT)]
        kept += [_field(2, b"rest"), _field(_INPUT, _value(value, sizes))]
        return self._with(kept)

    def _needed(self, values, stop):
        """Nodes and initializers that values need but for one; None where that is not enough.

        With `stop` None the inputs of the graph may be needed too.
        """
        made_by = {name: node for node in self.nodes for name in node.outputs if name}
        needed, todo, read = set(), list(values), {stop}
        while todo:
            name = todo.pop()
            if name in read:
                continue
            read.add(name)
            if stop is not None and name in self.inputs and name not in self._initializers:
                return None
            if (node := made_by.get(name)) is not None and id(node) not in needed:
                needed.add(id(node))
                todo += [*node.inputs, *node.inner]
        kept = [_field(_NODE, node.message) for node in self.nodes if id(node) in needed]
        return kept + [
            _field(_INITIALIZER, message)
            for name, message in self._initializers.items()
            if name in read
        ]

    def replaced(
        self,
        begin: str,
        end: str,
        nodes: Iterable[tuple[str, list[str], str, dict[str, list[int]]]],
        arrays: dict[str, np.ndarray],
    ) -> bytes | None:
        """The bytes of the model with other nodes between two values.

        Args:
            begin, end: names; the new nodes go from one to the other.
            nodes: of each its operation, names of its inputs and of its output, and attributes
                that are lists of integers.
            arrays: those that the nodes read, float32 or int64, by name; new names.

        Returns:
            As of `after`.
        """
        before, after = self._needed([begin], None), self._needed(self.outputs, end)
        if after is None:
            return None
        new = [_field(_NODE, _encoded_node(*node)) for node in nodes]
        new += [_field(_INITIALIZER, _encoded_array(*each)) for each in arrays.items()]
        known, kept = set(), []
        for field in (*before, *new, *after):  # what both ends need is there once
            if field not in known:
                known.add(field)
                kept.append(field)
        kept += [_field(number, message) for number, message in self._graph if number == 2]
        kept += [_field(_INPUT, message) for message in self._all(_INPUT)]
        kept += [_field(_OUTPUT, message) for message in self._all(_OUTPUT)]
        return self._with(kept)

    def showing(self, values: Iterable[tuple[str, int]]) -> bytes:
        """The bytes of the model with more outputs after its own.

        Args:
            values: name of each, float32, and how many axes it has.

        Returns:
            As of `after`.
        """
        kept = [_field(number, message) for number, message in self._graph]
        kept += [_field(_OUTPUT, _value(name, [None] * axes)) for name, axes in values]
        return self._with(kept)

    def _with(self, kept):
        """The bytes of the model with the fields of another graph."""
        model = [
            _number(number, message) if isinstance(message, int) else _field(number, message)
            for number, message in self._model
            if number != _GRAPH
        ]
        return b"".join([*model, _field(_GRAPH, b"".join(kept))])


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: int, or a view of what has a length or is a fixed size."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                if kind != 2:
                    raise ValueError(f"no field is of kind {kind}")
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
            if at > end:
                raise ValueError("the file ends in the middle")
        yield number, value


def _varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _encoded(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def _field(number, message):
    return b"".join([_encoded(number << 3 | 2), _encoded(len(message)), message])


def _number(number, value):
    return _encoded(number << 3) + _encoded(value)


def _integers(values):
    """Integers of a repeated field, packed or not."""
    for value in values:
        if isinstance(value, int):
            yield _signed(value)
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield _signed(number)


def _text(message, wanted):
    return next((_decoded(value) for number, value in _fields(message) if number == wanted), "")


def _decoded(value):
    return str(value, "utf-8")


def _node(message):
    inputs, outputs, operation, attributes, inner = [], [], "", {}, set()
    for number, value in _fields(message):
        if number == 1:
            inputs.append(_decoded(value))
        elif number == 2:
            outputs.append(_decoded(value))
        elif number == 4:
            operation = _decoded(value)
        elif number == 5:
            name, attribute, graphs = _attribute(value)
            attributes[name] = attribute
            for graph in graphs:
                inner |= _names(graph)
    return Node(operation, inputs, outputs, attributes, frozenset(inner), message)


def _attribute(message):
    """Name, value (None of a kind that nobody asks for) and the graphs of an attribute."""
    fields = [*_fields(message)]
    name = next(_decoded(value) for number, value in fields if number == 1)
    graphs = [value for number, value in fields if number in (6, 11)]
    for number, value in fields:
        if number == 2:
            return name, float(np.frombuffer(value, "<f4")[0]), graphs
        if number == 3:
            return name, _signed(value), graphs
        if number == 4:
            return name, bytes(value), graphs
    integers = [value for number, value in fields if number == 8]
    return name, [*_integers(integers)] if integers else None, graphs


def _names(graph):
    """Names of values that the nodes and outputs of a graph inside a node use."""
    names = {_text(value, 1) for number, value in _fields(graph) if number == _OUTPUT}
    for number, value in _fields(graph):
        if number == _NODE:
            node = _node(value)
            names |= {*node.inputs, *node.inner}
    return names


def _array(message, folder):
    dims, numbers, kind, raw, beside = [], {4: [], 5: [], 7: []}, 0, None, {}
    for number, value in _fields(message):
        if number == 1:
            dims += _integers([value])
        elif number == 2:
            kind = value
        elif number in numbers:
            numbers[number].append(value)
        elif number == 9:
            raw = value
        elif number == 13:
            beside[_text(value, 1)] = _text(value, 2)
    dtype = np.dtype(_DTYPES[kind])
    if beside:
        size = int(np.prod(dims, dtype=np.int64))
        path, offset = folder / beside["location"], int(beside.get("offset", 0))
        return np.fromfile(path, dtype, size, offset=offset).reshape(dims)
    if raw is None:
        if kind == _FLOAT:
            raw = b"".join(numbers[4])
        else:
            raw = np.array([*_integers(numbers[5] + numbers[7])], dtype).tobytes()
    return np.frombuffer(raw, dtype).reshape(dims)


def _value(name, sizes):
    """A float32 tensor as an input of a graph."""
    dims = b"".join(_field(1, b"" if size is None else _number(1, size)) for size in sizes)
    tensor = _number(1, _FLOAT) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _encoded_node(operation, inputs, output, attributes):
    fields = [_field(1, name.encode()) for name in inputs]
    fields += [_field(2, output.encode()), _field(4, operation.encode())]
    for name, integers in attributes.items():
        kind = _number(20, 7)  # a list of integers
        values = b"".join(_number(8, value) for value in integers)
        fields.append(_field(5, _field(1, name.encode()) + values + kind))
    return b"".join(fields)


def _encoded_array(name, array):
    kind = next(kind for kind, dtype in _DTYPES.items() if np.dtype(dtype) == array.dtype)
    fields = [_number(1, size) for size in array.shape]
    fields += [_number(2, kind), _field(8, name.encode()), _field(9, array.tobytes())]
    return b"".join(fields)
