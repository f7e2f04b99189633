"""Data sets: read and batched; `genome_keras.building` makes them.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "build": "genome_keras.building.build",
    "chromatin": "genome_keras.datasets.chromatin_data",
    "deepsea": "genome_keras.datasets.deepsea_bundle",
    "open_chromatin": "genome_keras.datasets.chromatin_data",
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
