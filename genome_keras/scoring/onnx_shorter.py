"""ONNX graphs with fewer operations in their convolutions, for the same numbers."""

import numpy as np

from genome_keras.scoring.onnx_file import Graph
from genome_keras.scoring.onnx_steps import Reader
from genome_keras.scoring.onnx_trunk import last_step
from genome_keras.scoring.shared_convolutions import Convolution, MaxPool, relu, sigmoid

_OPERATIONS = {relu: "Relu", sigmoid: "Sigmoid", np.tanh: "Tanh"}
_OPERATIONS |= {np.add: "Add", np.multiply: "Mul"}
_AXES = "bc1p"  # of the values between: batch, channels, one, positions


def shorter(graph: Graph) -> bytes | None:
    """The same model with fewer operations in its convolutions.

    What scales and shifts the sums of a convolution, as batch normalisation does, becomes
    part of it, and values are turned at the ends only, so that ONNX Runtime computes a
    convolution, what is added and its rectifier at once.

    Args:
        graph: as of `genome_keras.scoring.onnx_trunk.network`.

    Returns:
        Bytes of a model, or None where there is nothing to gain.

    Example:
        >>> shorter(Graph.of_file("model.onnx")) is None  # doctest: +SKIP
        False
    """
    reader = Reader(graph)
    last = last_step(graph, reader)
    if last is None or reader.entry is None:
        return None
    step, axes, _ = last
    begin, value = reader.entry
    writer = _Writer()
    letters = begin if value.axes == _AXES else writer.turned("Unsqueeze", begin)
    name = writer.trunk(letters, reader.steps_of(step)[0])
    if name is None or axes.count("1") > 1:
        return None
    own = _AXES if "1" in axes else _AXES.replace("1", "")
    if own != _AXES:
        name = writer.turned("Squeeze", name)
    end = reader.names[step][0]
    order = {"perm": [own.index(axis) for axis in axes]}
    writer.nodes.append(("Transpose", [name], end, order))
    return graph.replaced(begin, end, writer.nodes, writer.arrays)


class _Writer:
    """Nodes of a graph and the arrays that they read."""

    def __init__(self):
        self.nodes, self.arrays = [], {}

    def add(self, operation, inputs, **attributes):
        output = f"shorter.{len(self.nodes)}"
        self.nodes.append((operation, inputs, output, attributes))
        return output

    def turned(self, operation, name):
        """A value with, or without, the axis of size one."""
        self.arrays["shorter.axis"] = np.array([_AXES.index("1")], np.int64)
        return self.add(operation, [name, "shorter.axis"])

    def trunk(self, letters, steps):
        """The name of the last step's value, or None where one cannot be written."""
        names = [letters]
        for work, inputs in steps:
            given = [names[each] for each in inputs]
            if isinstance(work, Convolution):
                names.append(self.convolution(work, given))
            elif isinstance(work, MaxPool):
                shape = {"kernel_shape": [1, work.size], "strides": [1, work.size]}
                pads = [0, work.before, 0, work.after]
                names.append(self.add("MaxPool", given, **shape, pads=pads))
            elif work in _OPERATIONS:
                names.append(self.add(_OPERATIONS[work], given))
            else:
                return None
        return names[-1]

    def convolution(self, work, given):
        width, channels, filters = work.kernel.shape
        kernel, bias = (f"shorter.{part}.{len(self.nodes)}" for part in ("kernel", "bias"))
        self.arrays[kernel] = work.kernel.transpose(2, 1, 0).reshape(filters, channels, 1, width)
        self.arrays[bias] = work.bias
        around = {"dilations": [1, work.dilation], "pads": [0, work.before, 0, work.after]}
        shape = {"kernel_shape": [1, width], "strides": [1, 1]}
        return self.add("Conv", [*given, kernel, bias], **around, **shape)
