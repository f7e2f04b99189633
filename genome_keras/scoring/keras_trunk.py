"""The convolutions of a Keras model, found from its layers, and models of what lies beyond."""

from collections.abc import Callable

import keras
import numpy as np

from genome_keras.layers.activations import threshold
from genome_keras.layers.strands import OneHot, StackStrands
from genome_keras.scoring.batch import BatchSizes, compiles_sizes, filled
from genome_keras.scoring.shared_convolutions import (
    Convolution,
    MaxPool,
    SharedConvolutions,
    Step,
    Trunk,
    relu,
    same_padding,
    sigmoid,
    silu,
)
from genome_keras.scoring.twins import compiled

_POINTWISE = {
    keras.activations.linear: lambda x: x,
    keras.activations.relu: relu,
    keras.activations.sigmoid: sigmoid,
    keras.activations.silu: silu,
    keras.activations.tanh: np.tanh,
    threshold: lambda x: np.where(x > 0, x, np.float32(1e-6)),
}
_PASSED = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "ActivityRegularization",
)


def network(model: keras.Model, batch_size: int) -> SharedConvolutions | None:
    """The model as convolutions of which only what changes is computed.

    Args:
        model: a functional `keras.Model` that takes codes (n, window) and gives (n, tasks).
        batch_size: windows at a time.

    Returns:
        `SharedConvolutions`, or None for a model whose first layers are none that are known,
        of which too little is saved, or whose windows are so long that it takes them in blocks.

    Example:
        >>> from genome_keras import basset, kmer_logreg
        >>> sizes = {"filters": (2, 2), "widths": (3, 3), "pools": (2, 2), "hidden": (4,)}
        >>> shared = network(basset(**sizes, window=50, tasks=3), 64)
        >>> changed, own = shared.substitutions(np.zeros((1, 50), np.uint8))
        >>> changed.shape, own.shape
        ((1, 50, 4, 3), (1, 3))
        >>> network(kmer_logreg(k=(1, 2), window=12, tasks=2), 64) is None
        True
    """
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        return None
    if getattr(model, "window_blocks", None) is not None:
        return None
    reader = _Reader(model)
    for last in reversed(range(1, len(reader.steps))):
        tensor = reader.tensors[last]
        try:
            rest = keras.Model(tensor, model.outputs[0])
        except ValueError:  # it needs more than this
            continue
        break
    else:
        return None
    trunk = reader.trunk(last)
    window = model.input_shape[1]
    if window is None or not trunk.saves(window):
        return None
    shown = [reader.tensors[number] for number in trunk.context]
    whole = keras.Model(model.inputs[0], [model.outputs[0], *shown])
    return _OfKeras(
        lambda: reader.trunk(last),
        compiled(whole),
        compiled(rest),
        both_strands=reader.both_strands,
        batch_size=batch_size,
    )


class _OfKeras(SharedConvolutions):
    """With the weights that the layers have when something is asked."""

    def __init__(self, trunk, whole, rest, *, both_strands, batch_size):
        self._trunk, self._whole, self._rest = trunk, whole, rest
        sizes = {"compiled": compiles_sizes(whole)}
        self._sizes = [BatchSizes(batch_size, **sizes) for _ in range(2)]
        super().__init__(
            trunk(), self._values, self._scores, both_strands=both_strands, batch_size=batch_size
        )

    def _scored(self, *arguments):
        self.trunk = self._trunk()
        return super()._scored(*arguments)

    def _values(self, codes):
        size = self._sizes[0].of(len(codes))
        ((batch, count),) = filled(codes, size)
        scores, *values = (np.asarray(each) for each in self._whole.predict_on_batch(batch))
        kept = {
            number: np.concatenate([each[at : at + count] for at in range(0, len(each), size)])
            for number, each in zip(self.trunk.context, values, strict=True)
        }
        return kept, scores[:count]

    def _scores(self, values):
        rows, shape = len(values) // self.strands, values.shape[1:]
        size = self._sizes[1].of(rows)
        values = values.reshape(self.strands, rows, *shape)
        if size > rows:
            more = np.zeros((self.strands, size - rows, *shape), np.float32)
            values = np.concatenate([values, more], 1)
        return np.asarray(self._rest.predict_on_batch(values.reshape(-1, *shape)))[:rows]


class _Reader:
    """Goes through the layers of a model in their order, as far as they are known.

    Attributes:
        steps: a function that gives the `Step`, for each; the first, the letters, has none.
        tensors: what each gives.
    """

    def __init__(self, model):
        self.steps, self.tensors, self.both_strands = [None], [None], False
        self._numbers = {id(model.inputs[0]): -1}  # tensor -> its step, -1 of codes
        for depth in sorted(model._nodes_by_depth, reverse=True):
            for node in model._nodes_by_depth[depth]:
                given = [self._numbers.get(id(each)) for each in node.input_tensors]
                if given and None not in given and len(node.outputs) == 1:
                    self._read(node.operation, given, node.input_tensors, node.outputs[0])

    def trunk(self, last: int) -> Trunk:
        """The steps up to one, with the weights that the layers have now."""
        return Trunk([make() for make in self.steps[1 : last + 1]])

    def _read(self, layer, given, before, tensor):
        first, kind = given[0], type(layer).__name__
        if first < 0:
            if isinstance(layer, StackStrands):
                self.both_strands = True
                self._numbers[id(tensor)] = -1
            elif isinstance(layer, OneHot):
                self._numbers[id(tensor)] = 0
                self.tensors[0] = tensor
            return
        if kind in _PASSED:
            self._numbers[id(tensor)] = first
            return
        make = _step_of(layer, kind, tuple(given), before[0])
        if make is not None:
            self._numbers[id(tensor)] = len(self.steps)
            self.steps.append(make)
            self.tensors.append(tensor)


def _step_of(layer, kind, inputs, before) -> Callable[[], Step] | None:
    """A function that gives the step of a layer, or None of one that is not known."""
    if getattr(layer, "compute_dtype", "float32") != "float32":
        return None
    if kind == "Conv1D":
        return _convolution(layer, inputs)
    if kind == "MaxPooling1D":
        return _pool(layer, inputs, before.shape[1])
    if kind == "BatchNormalization" and layer.axis in (-1, 2):
        return lambda: Step(_normalised(layer), inputs)
    if kind == "Add":
        return lambda: Step(lambda *values: sum(values[1:], values[0]), inputs)
    if kind == "ReLU":
        plain = layer.max_value is None and not layer.negative_slope and not layer.threshold
        return (lambda: Step(relu, inputs)) if plain else None
    if kind == "Activation" and (work := _POINTWISE.get(layer.activation)):
        return lambda: Step(work, inputs)
    return None


def _convolution(layer, inputs):
    width, dilation = layer.kernel_size[0], layer.dilation_rate[0]
    work = _POINTWISE.get(layer.activation)
    if layer.strides != (1,) or layer.groups != 1 or layer.data_format != "channels_last":
        return None
    if layer.padding not in ("valid", "same") or work is None:
        return None
    reach = (width - 1) * dilation
    around = (reach // 2, reach - reach // 2) if layer.padding == "same" else (0, 0)

    def make():
        kernel = np.ascontiguousarray(keras.ops.convert_to_numpy(layer.kernel))
        bias = np.zeros(kernel.shape[2], np.float32)
        if layer.use_bias:
            bias = keras.ops.convert_to_numpy(layer.bias)
        return Step(Convolution(kernel, bias, dilation, *around, work), inputs)

    return make


def _pool(layer, inputs, length):
    (size,) = layer.pool_size
    if layer.strides != (size,) or layer.data_format != "channels_last":
        return None
    around = 0, 0
    if layer.padding == "same":
        if length is None:
            return None
        around = same_padding(length, size)
    return lambda: Step(MaxPool(size, *around), inputs)


def _normalised(layer):
    mean, variance = map(keras.ops.convert_to_numpy, (layer.moving_mean, layer.moving_variance))
    factor = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        factor = factor * keras.ops.convert_to_numpy(layer.gamma)
    term = -mean * factor
    if layer.center:
        term = term + keras.ops.convert_to_numpy(layer.beta)
    return lambda x: x * factor + term
