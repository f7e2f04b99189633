"""Data sets: read and batched; `genome_keras.building` makes them.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

from genome_keras.lazy_names import lazy_names

_HOMES = {
    "build": "genome_keras.building.build",
    "chromatin": "genome_keras.datasets.chromatin_data",
    "deepsea": "genome_keras.datasets.deepsea_bundle",
    "open_chromatin": "genome_keras.datasets.chromatin_data",
    "write_examples": "genome_keras.datasets.examples_file",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
