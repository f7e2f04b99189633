"""A functional model that lets arrays go as it runs."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras


class GraphModel(keras.Model):
    """A functional `keras.Model` that drops what a layer gave once all that read it have run.

    Keras keeps all of it to the end of a call. Where the backend compiles the network that
    takes no memory; on torch, which does not, it is the most of it in a pass without
    gradients.

    Args: as `keras.Model(inputs, outputs, name=...)`.

    Example:
        >>> x = keras.Input((3,))
        >>> tuple(GraphModel(x, keras.layers.Dense(2)(x))(keras.ops.ones((1, 3))).shape)
        (1, 2)
    """

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


def nodes_in_order(model: keras.Model) -> list[Any]:
    """Nodes of the graph of a functional model, each after those that it reads.

    Example:
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(2)(x))
        >>> [node.operation is layer for node, layer in zip(nodes_in_order(model), model.layers)]
        [True, True]
    """
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
