"""The operations of an ONNX graph that are the steps of a trunk, as far as they are known."""

from typing import NamedTuple

import numpy as np

from genome_keras.scoring.onnx_file import Graph, Node
from genome_keras.scoring.shared_convolutions import Convolution, MaxPool, Step, relu, sigmoid


class Value(NamedTuple):
    """A value of the trunk: the number of the step that gives it, and its axes.

    Attributes:
        step: 0 are the letters; -1 are codes.
        axes: letters in order: b batch, p position, c channel, 1 of size one.

    Example:
        >>> Value(3, "bc1p").step
        3
    """

    step: int
    axes: str


class Reader:
    """Goes through the operations of a graph in their order, as far as they are known.

    Args:
        graph: of a model that takes codes.

    Attributes:
        channels: of the value of each step.
        names: dict step -> name and `Value` of what it gives.
        both_strands: whether the codes are followed by others, the reverse complements.
        entry: name and `Value` of what the first convolution reads, or None.

    Example:
        >>> Reader(Graph.of_file("model.onnx")).both_strands  # doctest: +SKIP
        True
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.constants = graph, _Constants(graph)
        self.steps, self.channels = [None], [4]
        self.values, self.names, self.both_strands = {}, {}, False
        self.entry = None
        (codes,) = graph.inputs
        self.values[codes] = Value(-1, "bp")
        self._read()

    def _read(self):
        for node in self.graph.nodes:
            known = [self.values.get(name) for name in node.inputs]
            if not any(known):
                continue
            work = getattr(self, f"_{node.operation.lower()}", None)
            value = work(node, known) if work is not None else None
            if value is not None:
                self.values[node.outputs[0]] = value
                if value.step > 0:
                    self.names.setdefault(value.step, (node.outputs[0], value))

    def steps_of(self, last: int) -> tuple[list[Step], list[int]]:
        """The steps that one needs, with numbers that are new, and the old of the new."""
        needed, todo = set(), [last]
        while todo:
            number = todo.pop()
            if number and number not in needed:
                needed.add(number)
                todo += self.steps[number].inputs
        kept = [0, *sorted(needed)]
        new = {old: number for number, old in enumerate(kept)}
        steps = [self.steps[old] for old in kept[1:]]
        return [Step(work, tuple(new[each] for each in inputs)) for work, inputs in steps], kept

    def _step(self, work, inputs, channels, axes):
        self.steps.append(Step(work, inputs))
        self.channels.append(channels)
        return Value(len(self.steps) - 1, axes)

    def _constant(self, node, number):
        return self.constants.get(node.inputs[number]) if number < len(node.inputs) else None

    # Operations on codes, and those that only turn a value.

    def _cast(self, node, known):
        return known[0]

    def _concat(self, node, known):
        """Codes and what was made of them: the reverse complement, or the scores will tell."""
        value = known[0]
        if node.attributes.get("axis") or value is None or value.step >= 0 or len(known) != 2:
            return None
        self.both_strands = True
        return value

    def _equal(self, node, known):
        letters = self._constant(node, 1)
        value = known[0]
        if value is None or value.step >= 0 or value.axes != "bp1" or letters is None:
            return None
        return Value(0, "bpc") if letters.ravel().tolist() == [0, 1, 2, 3] else None

    def _axes(self, node):
        axes = node.attributes.get("axes")
        return axes if axes is not None else self._constant(node, 1)

    def _unsqueeze(self, node, known):
        axes, old = self._axes(node), known[0]
        if axes is None or old is None:
            return None
        rank, letters = len(old.axes) + len(axes), iter(old.axes)
        at = {int(axis) % rank for axis in axes}
        return Value(old.step, "".join("1" if i in at else next(letters) for i in range(rank)))

    def _squeeze(self, node, known):
        axes, old = self._axes(node), known[0]
        if axes is None or old is None:
            return None
        at = {int(axis) % len(old.axes) for axis in axes}
        if any(old.axes[i] != "1" for i in at):
            return None
        return Value(old.step, "".join(axis for i, axis in enumerate(old.axes) if i not in at))

    def _transpose(self, node, known):
        order, old = node.attributes.get("perm"), known[0]
        # Values whose batch is not first are of the layers after.
        if order is None or old is None or order[0] != 0 or old.step < 0:
            return None
        return Value(old.step, "".join(old.axes[axis] for axis in order))

    # Operations of the trunk.

    def _conv(self, node, known):
        kernel, bias, value = self._constant(node, 1), self._constant(node, 2), known[0]
        if value is None or value.step < 0 or kernel is None:
            return None
        if value.axes not in ("bc1p", "bcp") or node.attributes.get("group", 1) != 1:
            return None
        if len(node.inputs) > 2 and bias is None:
            return None
        if (around := _around(node, value.axes)) is None:
            return None
        width, stride, dilation, before, after = around
        if stride != 1:
            return None
        if not value.step and self.entry is None:
            self.entry = node.inputs[0], value
        kernel = kernel.reshape(len(kernel), -1, width).transpose(2, 1, 0)
        bias = np.zeros(kernel.shape[2], np.float32) if bias is None else bias
        work = Convolution(np.ascontiguousarray(kernel), bias, dilation, before, after)
        return self._step(work, (value.step,), kernel.shape[2], value.axes)

    def _maxpool(self, node, known):
        value = known[0]
        if value is None or value.step < 1 or value.axes not in ("bc1p", "bcp"):
            return None
        if node.attributes.get("ceil_mode") or len(node.outputs) > 1:
            return None
        if (around := _around(node, value.axes)) is None:
            return None
        size, stride, dilation, before, after = around
        if stride != size or dilation != 1:
            return None
        work = MaxPool(size, before, after)
        return self._step(work, (value.step,), self.channels[value.step], value.axes)

    def _pointwise(self, node, known, work):
        value = known[0]
        if value is None or value.step < 1:
            return None
        return self._step(work, (value.step,), self.channels[value.step], value.axes)

    def _relu(self, node, known):
        return self._pointwise(node, known, relu)

    def _sigmoid(self, node, known):
        return self._pointwise(node, known, sigmoid)

    def _tanh(self, node, known):
        return self._pointwise(node, known, np.tanh)

    def _add(self, node, known):
        return self._of_two(node, known, np.add)

    def _mul(self, node, known):
        return self._of_two(node, known, np.multiply)

    def _of_two(self, node, known, work):
        first, second = known
        if None not in known:
            if first.step < 1 or second.step < 1 or first.axes != second.axes:
                return None
            both = first.step, second.step
            return self._step(work, both, self.channels[first.step], first.axes)
        number = 0 if second is None else 1
        value, constant = known[number], self._constant(node, 1 - number)
        if value.step < 1 or constant is None:
            return None
        numbers = _of_channels(constant, value.axes, self.channels[value.step])
        return None if numbers is None else self._scaled(value, work, numbers)

    def _scaled(self, value, work, numbers):
        """A factor or a term of each channel; a convolution takes it into its own."""
        before = self.steps[value.step]
        channels = self.channels[value.step]
        if not isinstance(before.work, Convolution):
            return self._step(lambda x: work(x, numbers), (value.step,), channels, value.axes)
        kernel, bias = before.work.kernel, work(before.work.bias, numbers).astype(np.float32)
        if work is np.multiply:
            kernel = kernel * numbers
        work = before.work._replace(kernel=np.ascontiguousarray(kernel, np.float32), bias=bias)
        return self._step(work, before.inputs, channels, value.axes)


def _around(node: Node, axes: str):
    """Width, stride, dilation and padding along the positions, or None of those across."""
    told, at, rank = node.attributes, axes.index("p") - 2, len(axes) - 2
    if told.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return None
    width = told.get("kernel_shape")
    pads = told.get("pads", [0] * 2 * rank)
    if width is None:
        return None
    ways = [width, told.get("strides", [1] * rank), told.get("dilations", [1] * rank)]
    across = [i for i in range(rank) if i != at]
    if any(way[i] != 1 for way in ways for i in across):
        return None
    if any(pads[i] or pads[rank + i] for i in across):
        return None
    return (*(way[at] for way in ways), pads[at], pads[rank + at])


def _of_channels(constant, axes, channels):
    """A constant as a number for each channel, or None where it is something else."""
    if constant.size == 1:
        return np.full(channels, constant.ravel()[0], np.float32)
    if constant.ndim > len(axes):
        return None
    at = axes.index("c") - (len(axes) - constant.ndim)
    is_of_channels = at >= 0 and constant.shape[at] == constant.size == channels
    return constant.ravel().astype(np.float32) if is_of_channels else None


class _Constants:
    """Arrays of a graph: those that it holds, and those that are made of them."""

    _OPERATIONS = ("Cast", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Identity")

    def __init__(self, graph):
        self._graph, self._arrays = graph, {}
        self._made_by = {
            node.outputs[0]: node for node in graph.nodes if node.operation in self._OPERATIONS
        }

    def get(self, name):
        """The array of this name, or None."""
        if name not in self._arrays:
            self._arrays[name] = self._graph.constant(name)
        if self._arrays[name] is not None or name not in self._made_by:
            return self._arrays[name]
        node = self._made_by[name]
        given = [self.get(each) for each in node.inputs]
        if any(each is None for each in given):
            return None
        self._arrays[name] = made = _made(node, *given)
        return made


def _made(node, array, shape=None):
    if node.operation == "Cast":
        return array.astype(np.float32) if node.attributes["to"] == 1 else None
    if node.operation == "Transpose":
        return array.transpose(node.attributes.get("perm"))
    if node.operation == "Reshape":
        return array.reshape([size or array.shape[i] for i, size in enumerate(shape.tolist())])
    if node.operation == "Identity":
        return array
    axes = tuple(int(axis) for axis in (node.attributes.get("axes") or shape))
    return np.expand_dims(array, axes) if node.operation == "Unsqueeze" else array.squeeze(axes)
