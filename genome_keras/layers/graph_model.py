"""A functional model that passes its network in less time and memory where torch runs it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras

from genome_keras.layers.graph_nodes import nodes_in_order
from genome_keras.layers.torch_pass import TorchPass


class GraphModel(keras.Model):
    """A functional `keras.Model` that drops what a layer gave once all that read it have run.

    Keras keeps all of it to the end of a call. Where the backend compiles the network that
    takes no memory; on torch, which does not, it is the most of it in a pass without
    gradients. There float32 on CPUs takes a `TorchPass`, and all else Keras's own layers.

    Args: as `keras.Model(inputs, outputs, name=...)`.

    Example:
        >>> x = keras.Input((3,))
        >>> tuple(GraphModel(x, keras.layers.Dense(2)(x))(keras.ops.ones((1, 3))).shape)
        (1, 2)
    """

    _by_torch = None

    def call(self, inputs: Any, training: Any = None, mask: Any = None, **more: Any) -> Any:
        if not (training or mask is not None or more) and keras.backend.backend() == "torch":
            if self._by_torch is None:
                self._by_torch = TorchPass(self)
            tensors = self._standardize_inputs(inputs)
            if self._by_torch.knows(tensors):
                return self._by_torch(tensors)
        return super().call(inputs, training=training, mask=mask, **more)

    def _run_through_graph(
        self,
        inputs: Any,
        operation_fn: Callable[[Any], Callable] = lambda operation: operation,
        **more: Any,
    ) -> Any:
        if keras.backend.backend() != "torch" or more:
            return super()._run_through_graph(inputs, operation_fn, **more)
        nodes = [node for node in nodes_in_order(self) if not node.is_input]
        kept = {id(tensor) for tensor in self.outputs}
        readers = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
        known = {id(tensor): given for tensor, given in zip(self.inputs, inputs, strict=True)}
        for node in nodes:
            args, kwargs = node.arguments.fill_in(known)
            for tensor in node.input_tensors:
                readers[id(tensor)] -= 1
                if not readers[id(tensor)] and id(tensor) not in kept:
                    known.pop(id(tensor), None)
            outputs = operation_fn(node.operation)(*args, **kwargs)
            del args, kwargs
            known.update(
                (id(tensor), given)
                for tensor, given in zip(node.outputs, keras.tree.flatten(outputs), strict=True)
            )
            del outputs
        outputs = [known[id(tensor)] for tensor in self.outputs]
        return keras.tree.pack_sequence_as(self.output, outputs)
