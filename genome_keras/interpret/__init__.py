"""Which letters a model's scores hang on.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "Attribution": "genome_keras.interpret.attribution",
    "attribute": "genome_keras.interpret.attribution",
    "of_letters": "genome_keras.interpret.attribution",
    "letter_model": "genome_keras.interpret.letters",
    "Mutagenesis": "genome_keras.interpret.mutagenesis",
    "ism": "genome_keras.interpret.mutagenesis",
    "write_ism": "genome_keras.interpret.tables",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'genome_keras.interpret' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
