"""The layers of the models.

Keras loads a saved `.keras` or `.h5` file only after the layers in it are defined:
`import genome_keras.layers` defines all of them, and the losses and metrics.

Example:
    >>> import keras, genome_keras.layers
    >>> keras.saving.get_registered_object("genome_keras>OneHot").__name__
    'OneHot'
"""

from genome_keras import losses as _losses  # noqa: F401
from genome_keras import metrics as _metrics  # noqa: F401
from genome_keras.layers import (
    activations,
    base_numbers,
    channels_last,
    checked_batches,
    clockwork,
    codes,
    covered,
    distances,
    fused_adam,
    graph_model,
    graph_nodes,
    kmer_counts,
    kmer_words,
    log_sum_exp,
    motif_windows,
    motifs,
    places,
    recurrent,
    relative_attention,
    reverse,
    sequence_model,
    signal_model,
    softmax_pool,
    spline_basis,
    strands,
    summed_signal,
    task_head,
    torch_pass,
    window_blocks,
)

__all__ = [
    "activations",
    "base_numbers",
    "channels_last",
    "checked_batches",
    "clockwork",
    "codes",
    "covered",
    "distances",
    "fused_adam",
    "graph_model",
    "graph_nodes",
    "kmer_counts",
    "kmer_words",
    "log_sum_exp",
    "motif_windows",
    "motifs",
    "places",
    "recurrent",
    "relative_attention",
    "reverse",
    "sequence_model",
    "signal_model",
    "softmax_pool",
    "spline_basis",
    "strands",
    "summed_signal",
    "task_head",
    "torch_pass",
    "window_blocks",
]
