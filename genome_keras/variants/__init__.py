"""From a VCF line to the effects of its alleles.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

from genome_keras.lazy_names import lazy_names

_HOMES = {
    "score": "genome_keras.variants.score_variants",
    "score_vcf": "genome_keras.variants.score_variants",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
