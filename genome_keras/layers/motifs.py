"""First filters that begin as known motifs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

EDGE = 3  # letters left free on both sides of a motif, where the filter is wide enough


def start_from_motifs(layer: Any, motifs: Sequence[Any], *, seed: int | None = None) -> None:
    """Sets the first filters of a convolution to motifs; the others stay as they are.

    Each filter keeps its random weights around its motif, which lies at a random place:
    probability minus 1/4 for each letter. Its bias is drawn from (-1, 0).

    Args:
        layer: a built `keras.layers.Conv1D` that reads one-hot letters A, C, G, T.
        motifs: float matrices (length, 4) of probabilities, columns A, C, G, T, such as
            those of `genome_keras.read_motifs`; at most one a filter.
        seed: of places and biases; None draws one.

    Raises:
        ValueError: more motifs than filters, a motif longer than the filters, or one
            that is not a matrix of probabilities.

    Source: Quang & Xie 2016, DanQ-JASPAR, and the authors' program (half of 1024 filters
        from JASPAR). Departure: it flips the motifs, as Theano's convolution does again.

    Example:
        >>> import keras
        >>> layer = keras.layers.Conv1D(2, 3)
        >>> layer.build((None, 9, 4))
        >>> start_from_motifs(layer, [np.eye(4)[[2, 2, 2]]], seed=1)  # GGG
        >>> layer.get_weights()[0][:, 2, 0].tolist()
        [0.75, 0.75, 0.75]
    """
    kernel, bias = (np.array(weight) for weight in layer.get_weights())
    width, _, filters = kernel.shape
    motifs = [np.asarray(getattr(motif, "matrix", motif), "float64") for motif in motifs]
    if len(motifs) > filters:
        raise ValueError(f"motifs must not be more than the {filters} filters. Got {len(motifs)}")
    draw = np.random.default_rng(seed)
    for i, motif in enumerate(motifs):
        whole = motif.ndim == 2 and motif.shape[1] == 4 and len(motif)
        if not whole or motif.min() < 0 or not np.allclose(motif.sum(1), 1, atol=0.02):
            raise ValueError(f"motifs[{i}] must be probabilities (length, 4), each row 1 in all")
        free = width - len(motif)
        if free < 0:
            raise ValueError(f"motifs[{i}] has {len(motif)} letters, the filters {width}")
        edge = min(EDGE, free // 2)
        place = draw.integers(edge, free - edge, endpoint=True)
        kernel[place : place + len(motif), :, i] = motif - 0.25
        bias[i] = draw.uniform(-1, 0)
    layer.set_weights([kernel, bias])
