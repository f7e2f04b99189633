"""The convolutions of an ONNX graph as a trunk, and sessions of what lies before and after."""

from collections.abc import Callable

import numpy as np

from genome_keras.scoring.onnx_file import Graph
from genome_keras.scoring.onnx_steps import Reader
from genome_keras.scoring.shared_convolutions import SharedConvolutions, Trunk

USUAL = 100  # bp of a window, where any is taken


def network(
    graph: Graph, run: Callable[[bytes], Callable], *, window: int | None, batch_size: int
) -> SharedConvolutions | None:
    """The model of a graph as convolutions of which only what changes is computed.

    Args:
        graph: of a model that takes codes (n, window) and gives (n, tasks).
        run: of the bytes of a model makes a function of its input, which gives a list of its
            outputs.
        window: bp; None is any.
        batch_size: windows at a time.

    Returns:
        `SharedConvolutions`, or None for a graph whose first layers are none that are known,
        or of which too little is saved.

    Example:
        >>> graph = Graph("model.onnx")  # doctest: +SKIP
        >>> network(graph, run, window=100, batch_size=256).trunk.context  # doctest: +SKIP
        [3, 4, 7]
    """
    reader = Reader(graph)
    last = last_step(graph, reader)
    if last is None:
        return None
    step, axes, rest = last
    steps, old = reader.steps_of(step)
    trunk = Trunk(steps)
    if not trunk.saves(window or USUAL):
        return None
    shown = [reader.names[old[number]] for number in trunk.context]
    whole = run(graph.showing((name, len(value.axes)) for name, value in shown))
    rest = run(rest)

    def values_and_scores(codes):
        scores, *values = whole(codes)
        pairs = zip(trunk.context, values, shown, strict=True)
        return {number: _plain(each, value.axes) for number, each, (_, value) in pairs}, scores

    return SharedConvolutions(
        trunk,
        values_and_scores,
        lambda values: rest(_as_in(values, axes))[0],
        both_strands=reader.both_strands,
        batch_size=batch_size,
    )


def last_step(graph: Graph, reader: Reader) -> tuple[int, str, bytes] | None:
    """The last step that all after it hangs on, the axes of its value, and what is after it.

    Args:
        graph: of a model.
        reader: of the graph.

    Returns:
        Number of the step, letters as of `genome_keras.scoring.onnx_steps.Value`, and bytes of
        a model; or None where there is no such step.

    Example:
        >>> last_step(graph, Reader(graph))  # doctest: +SKIP
        (9, 'bpc', b'...')
    """
    for step, (name, value) in reversed(reader.names.items()):
        if value.axes.replace("1", "") in ("bpc", "bcp"):
            known = {"b": None, "p": None, "c": reader.channels[step], "1": 1}
            rest = graph.after(name, [known[axis] for axis in value.axes])
            if rest is not None:
                return step, value.axes, rest
    return None


def _plain(values, axes):
    """Values as (n, positions, channels)."""
    order = [axes.index(axis) for axis in "bpc"] + [i for i, axis in enumerate(axes) if axis == "1"]
    shape = [values.shape[axis] for axis in order[:3]]
    return values.transpose(order).reshape(shape)


def _as_in(values, axes):
    """(n, positions, channels) with the axes of a graph."""
    if axes.index("c") < axes.index("p"):
        values = values.transpose(0, 2, 1)
    at = tuple(i for i, axis in enumerate(axes) if axis == "1")
    return np.ascontiguousarray(np.expand_dims(values, at))
