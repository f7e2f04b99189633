"""The ONNX graphs that were published with checkpoints.

`NAME.onnx` lies beside `NAME.weights.h5` and holds no copy of it: its initializers are places
in that file. `weights/make/graphs.py` makes it.
"""

from pathlib import Path

from genome_keras.weights.checkpoint import Checkpoint

SUFFIX = ".onnx"


def published_graph(checkpoint: Checkpoint) -> Path | None:
    """The graph that was published with a checkpoint, or None where none was.

    Its bytes and those of the weights beside it are checked.

    Raises:
        WeightsError: the graph, or the weights, are missing or damaged.

    Example:
        >>> from genome_keras.weights import find
        >>> published_graph(find("kmer_logreg.human_chromatin.v1")) is None
        True
    """
    if checkpoint.graph_sha256 is None:
        return None
    checkpoint.check_sha256()
    return checkpoint.published_beside(SUFFIX, checkpoint.graph_sha256)
