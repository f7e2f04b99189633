"""Long windows in bounded memory: first layers of a model, one block of the window at a time."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from genome_keras.layers import channels_last
from genome_keras.layers.graph_model import GraphModel
from genome_keras.layers.graph_nodes import is_ours, nodes_in_order
from genome_keras.layers.softmax_pool import SoftmaxPool
from genome_keras.layers.strands import OneHot

LONG = 32_768  # bp: shorter windows are computed in one piece
BLOCK = 16_384  # bp of a block, without what it reads on both sides
FARTHEST = 512  # bp that layers on a block may read on each side of it
SAVED = 2  # times as many numbers as those layers hand on must lie between them

_AT_EACH_STEP = (OneHot, keras.layers.Add, keras.layers.ReLU, keras.layers.Dropout)
_NORMS = (keras.layers.BatchNormalization, channels_last.BatchNormalization)
_CONVOLUTIONS = (keras.layers.Conv1D, channels_last.Conv1D)
_POOLS = (keras.layers.MaxPooling1D, channels_last.MaxPooling1D, keras.layers.AveragePooling1D)


class Reading(NamedTuple):
    """What a step of an array depends on.

    Attributes:
        step: bp from one step to the next.
        farthest: bp that it may read on each side of its own `step` bp.

    Example:
        >>> Reading(2, 7).step
        2
    """

    step: int
    farthest: int


class WindowBlocks:
    """What a model gives for long windows, with the layers near the letters run block by block.

    Blocks overlap by what those layers read on each side, so each number is computed from the
    letters that it is computed from in the whole window. They are those whose array is in the
    end much smaller than between them; what they hand on is computed for the whole window, and
    all other layers run once. Layers, and so weights, are shared with the model.

    Args:
        model: a functional `keras.Model` of codes (batch, window).
        block: bp of a block.

    Raises:
        ValueError: a model of which nothing is saved so, or of a window of no two blocks.

    Example:
        >>> from genome_keras import basenji2
        >>> sizes = {"filters": (3, 4), "dilated_filters": 2, "dilations": (9,), "last_filters": 5}
        >>> model = basenji2(window=8192, bins=10, tasks=2, **sizes)
        >>> codes = np.zeros((1, 8192), np.uint8)
        >>> found = WindowBlocks(model, block=2048)(codes)
        >>> bool(np.allclose(found, model.predict_on_batch(codes), atol=1e-6))
        True
    """

    def __init__(self, model: keras.Model, *, block: int = BLOCK) -> None:
        nodes, handed_on, readings = _near_the_letters(model)
        self.steps = [readings[id(tensor)].step for tensor in handed_on]
        grain = math.lcm(*self.steps)
        farthest = max(readings[id(tensor)].farthest for tensor in handed_on)
        self.around = -(-farthest // grain) * grain
        self.window, self.size = model.inputs[0].shape[1], -(-block // grain) * grain
        self.size += 2 * self.around
        if self.size > self.window:
            raise ValueError(f"window must be at least {self.size}. Received: {self.window}")
        codes = keras.Input((self.size,), dtype="uint8", name="block")
        known = {id(model.inputs[0]): codes}
        for node in nodes:
            args, kwargs = node.arguments.fill_in(known)
            known[id(node.outputs[0])] = node.operation(*args, **kwargs)
        self.first = GraphModel(codes, [known[id(tensor)] for tensor in handed_on])
        self.rest = GraphModel(handed_on, model.output)

    def __call__(self, codes: np.ndarray) -> Any:
        """What `predict_on_batch` of the model gives for codes (batch, window)."""
        codes = keras.ops.convert_to_numpy(codes)
        whole = [
            np.empty((len(codes), self.window // step, tensor.shape[2]), np.float32)
            for step, tensor in zip(self.steps, self.first.outputs, strict=True)
        ]
        for start, begin, end in self._places():
            some = codes[:, start : start + self.size]
            values = keras.tree.flatten(self.first.predict_on_batch(some))
            for array, step, value in zip(whole, self.steps, values, strict=True):
                own = value[:, (begin - start) // step : (end - start) // step]
                array[:, begin // step : end // step] = own
        return self.rest.predict_on_batch(whole)

    def _places(self) -> Iterator[tuple[int, int, int]]:
        """Where each block starts, and what is kept of it: from where to where, in bp."""
        begin, last = 0, self.window - self.size
        while begin < self.window:
            start = min(max(0, begin - self.around), last)
            end = self.window if start == last else start + self.size - self.around
            yield start, begin, end
            begin = end


def in_blocks(model: keras.Model) -> WindowBlocks | None:
    """The model block by block, or None where its window is short or nothing is saved.

    Example:
        >>> from genome_keras import bpnet
        >>> in_blocks(bpnet(window=120, bins=10, layers=2, filters=4)) is None
        True
    """
    window = model.inputs[0].shape[1]
    if window is None or window < LONG:
        return None
    try:
        return WindowBlocks(model)
    except ValueError:
        return None


def _near_the_letters(model):
    """Nodes that read a few bp around each step, what others read of them, and their readings."""
    (codes,) = model.inputs
    readings, nodes, handed_on = {id(codes): Reading(1, 0)}, [], {}
    outputs = {id(tensor) for tensor in model.outputs}
    for node in nodes_in_order(model):
        if node.is_input:
            continue
        given = [readings.get(id(tensor)) for tensor in node.input_tensors]
        reading = None
        if None not in given and id(node.outputs[0]) not in outputs:
            reading = _reading(node.operation, given, node.input_tensors[0])
        if reading is not None and reading.farthest <= FARTHEST:
            readings[id(node.outputs[0])] = reading
            nodes.append(node)
        else:
            handed_on |= {id(x): x for x in node.input_tensors if id(x) in readings}
    handed_on = list(handed_on.values())
    numbers = sum(_numbers(tensor) for tensor in handed_on)
    most = max((_numbers(node.outputs[0]) for node in nodes), default=0)
    if any(tensor is codes for tensor in handed_on) or most < SAVED * numbers:
        raise ValueError(f"{model.name}: no layers near the letters that take the most memory")
    return nodes, handed_on, readings


def _numbers(tensor):
    return math.prod(tensor.shape[1:])


def _reading(layer, given, before):
    """The `Reading` of what a layer gives, or None of one that is not known."""
    kind = type(layer)
    step, farthest = given[0].step, max(each.farthest for each in given)
    if any(each.step != step for each in given):
        return None
    if kind in _AT_EACH_STEP or (kind in _NORMS and layer.axis in (-1, 2)):
        return Reading(step, farthest)
    if kind is keras.layers.Activation:
        return Reading(step, farthest) if is_ours(layer.activation) else None
    if kind in _CONVOLUTIONS:
        reach = (layer.kernel_size[0] - 1) * layer.dilation_rate[0]
        usual = layer.strides == (1,) and layer.data_format == "channels_last"
        usual = usual and is_ours(layer.activation)
        if not usual or (layer.padding != "same" and reach):
            return None
        return Reading(step, farthest + -(-reach // 2) * step)
    if kind in _POOLS:
        if layer.strides != layer.pool_size or layer.data_format != "channels_last":
            return None
        size = layer.pool_size[0]
    elif kind is SoftmaxPool:
        size = layer.size
    else:
        return None
    return None if before.shape[1] % size else Reading(step * size, farthest)
