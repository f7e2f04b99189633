"""A pass through a network by torch, without what Keras does between two layers.

Between layers Keras looks after masks, types, names and gradients to come; of the published
networks that takes 5 to 10 ms a pass, a tenth of that for 64 windows. Without it a convolution
also takes the normalisation after it into its kernel, and pools before it rectifies.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from genome_keras.layers.channels_last import BatchNormalization, Conv1D, MaxPooling1D
from genome_keras.layers.graph_nodes import is_ours, nodes_in_order
from genome_keras.layers.recurrent import torch_at_once
from genome_keras.layers.strands import OneHot


class TorchPass:
    """Outputs of a functional model, out of training and without gradients.

    Args:
        model: a `keras.Model`, whose weights are read at each call.

    Example:
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(2)(x))
        >>> TorchPass(model).knows([keras.ops.ones((1, 3))])  # with gradients
        False
    """

    def __init__(self, model: keras.Model) -> None:
        nodes = [node for node in nodes_in_order(model) if not node.is_input]
        self._layers = [node.operation for node in nodes]
        self._inputs = [id(tensor) for tensor in model.inputs]
        self._outputs, self._form = [id(tensor) for tensor in model.outputs], model.output
        self._steps = _steps(nodes, self._outputs)

    def knows(self, inputs: list[Any]) -> bool:
        """Whether nothing is asked for that Keras does between layers.

        Args:
            inputs: tensors of the backend, of the types that the model takes.
        """
        if keras.backend.backend() != "torch":
            return False
        import torch

        if torch.is_grad_enabled() or torch.compiler.is_compiling() or torch.jit.is_tracing():
            return False
        if not all(map(torch.is_tensor, inputs)):
            return False
        zero = torch.zeros((), device=inputs[0].device)
        return torch_at_once(zero) and all(map(_is_plain, self._layers))

    def __call__(self, inputs: list[Any]) -> Any:
        """What the model gives for inputs that it knows."""
        values = dict(zip(self._inputs, inputs, strict=True))
        for step in self._steps:
            args, kwargs = step.arguments.fill_in(values)
            for tensor in step.last_read:
                del values[tensor]
            outputs = step.work(*args, **kwargs)
            del args, kwargs
            values.update(zip(step.outputs, keras.tree.flatten(outputs), strict=True))
        outputs = [values[tensor] for tensor in self._outputs]
        given = keras.tree.pack_sequence_as(self._form, outputs)
        return given[0] if isinstance(given, list) and len(given) == 1 else given


class _Step(NamedTuple):
    """Some layers as one function; tensors by their ids."""

    arguments: Any
    work: Callable
    outputs: list
    last_read: list  # which no later step reads


def _steps(nodes, kept):
    """Steps of nodes, each after those that it reads; the tensors in `kept` stay."""
    readers = {}
    for node in nodes:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node)
    joined, done = [], set()
    for node in nodes:
        if id(node) not in done:
            joined.append(_joined(node, readers, kept))
            done.update(map(id, joined[-1]))
    steps, read = [], set(kept)
    for chain in reversed(joined):
        first, outputs = chain[0], [id(tensor) for tensor in chain[-1].outputs]
        last = {id(tensor) for tensor in first.input_tensors} - read
        read |= last
        work = _work(*(node.operation for node in chain))
        steps.append(_Step(first.arguments, work, outputs, list(last)))
    return steps[::-1]


def _joined(node, readers, kept):
    """A node, and those after a convolution that are computed with it."""
    chain = [node]
    if type(node.operation) is not Conv1D or not node.operation.at_once:
        return chain
    is_next = [_is_norm, lambda layer: _in_place(layer) is not None]
    if node.operation.activation is not keras.activations.linear:
        is_next = []
    for fits in (*is_next, lambda layer: type(layer) is MaxPooling1D):
        tensor = id(chain[-1].outputs[0])
        after = readers.get(tensor, [])
        if len(after) == 1 and tensor not in kept and fits(after[0].operation):
            chain.append(after[0])
    return chain


def _work(layer, *after):
    if after or (type(layer) is Conv1D and layer.at_once):
        return _Convolution(layer, *after)
    if type(layer) is OneHot:
        return _letters
    if not isinstance(layer, keras.layers.Layer):
        return layer
    out_of_training = "training" in inspect.signature(layer.call).parameters
    more = {"training": False} if out_of_training else {}
    return lambda *args, **kwargs: layer.call(*args, **{**kwargs, **more})


class _Convolution:
    """A convolution with the layers after it, as far as `_joined` has them."""

    def __init__(self, layer, *after):
        self.layer, self.norm, self.pool = layer, None, None
        self.activation = _in_place(layer) or layer.activation
        for each in after:
            if isinstance(each, BatchNormalization):
                self.norm = each
            elif isinstance(each, MaxPooling1D):
                self.pool = each
            else:
                self.activation = _in_place(each)

    def __call__(self, x):
        layer = self.layer
        kernel = keras.ops.convert_to_tensor(layer.kernel)
        bias = None if layer.bias is None else keras.ops.convert_to_tensor(layer.bias)
        if self.norm is not None:
            kernel, bias = _folded(kernel, bias, self.norm)
        x = layer.sums(x, kernel, bias)
        if self.pool is None:
            return self.activation(x)
        if self.activation is _relu:  # which keeps the order of numbers
            return self.activation(self.pool.call(x))
        return self.pool.call(self.activation(x))


def _folded(kernel, bias, norm):
    """Kernel and bias of a convolution that also normalises."""
    weights = (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    gamma, beta, mean, variance = (None if w is None else w.value for w in weights)
    factor = (variance + norm.epsilon).rsqrt()
    factor = factor if gamma is None else factor * gamma
    bias = (-mean if bias is None else bias - mean) * factor
    return kernel * factor, bias if beta is None else bias + beta


def _is_norm(layer):
    return type(layer) is BatchNormalization and layer.axis in (-1, 2) and not layer.renorm


def _in_place(layer):
    """The activation of a layer as a function that may write over its argument, or None."""
    if type(layer) is keras.layers.ReLU:
        plain = layer.max_value is None and not (layer.negative_slope or layer.threshold)
        return _relu if plain else None
    if type(layer) in (keras.layers.Activation, Conv1D):
        return _IN_PLACE.get(layer.activation)
    return None


def _relu(x):
    return x.relu_()


def _silu(x):
    from torch.nn.functional import silu

    return silu(x, inplace=True)


_IN_PLACE = {keras.activations.relu: _relu, keras.activations.silu: _silu}


def _letters(codes):
    """One-hot letters, float32 (batch, window, 4), of codes."""
    import torch

    bases = torch.arange(4, dtype=codes.dtype, device=codes.device)
    return (codes[..., None] == bases).float()


def _is_plain(layer):
    """Whether Keras and torch would do nothing but call it."""
    if not is_ours(type(layer)) or isinstance(layer, keras.Model):
        return False
    if not isinstance(layer, keras.layers.Layer):
        return True
    hooks = layer._forward_hooks or layer._forward_pre_hooks
    masks = isinstance(layer, keras.layers.Masking) or getattr(layer, "mask_zero", False)
    odd = hooks or masks or layer.activity_regularizer or getattr(layer, "quantization_mode", None)
    return not odd and layer.compute_dtype == layer.variable_dtype == "float32"
