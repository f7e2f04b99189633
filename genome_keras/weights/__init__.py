"""Checkpoints: found, checked, described.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

from genome_keras.lazy_names import lazy_names

_HOMES = {
    "Checkpoint": "genome_keras.weights.checkpoint",
    "PUBLISHED": "genome_keras.weights.registry",
    "DEFAULT": "genome_keras.weights.resolve",
    "DEFAULTS": "genome_keras.weights.resolve",
    "find": "genome_keras.weights.resolve",
    "list_weights": "genome_keras.weights.listing",
    "tasks_of": "genome_keras.weights.listing",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
