"""Checkpoints: found, checked, described.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "Checkpoint": "genome_keras.weights.checkpoint",
    "PUBLISHED": "genome_keras.weights.registry",
    "DEFAULT": "genome_keras.weights.resolve",
    "find": "genome_keras.weights.resolve",
    "list_weights": "genome_keras.weights.listing",
    "tasks_of": "genome_keras.weights.listing",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
