"""From a VCF line to the effects of its alleles.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "score": "genome_keras.variants.score_variants",
    "score_vcf": "genome_keras.variants.score_variants",
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
