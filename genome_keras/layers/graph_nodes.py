"""The graph of a functional model, node by node."""

from typing import Any

import keras


def is_ours(thing: Any) -> bool:
    """Whether a layer's class or a function is Keras's or this package's, and does as it looks.

    Example:
        >>> is_ours(keras.activations.relu), is_ours(print)
        (True, False)
    """
    return thing.__module__.partition(".")[0] in ("keras", "genome_keras")


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
