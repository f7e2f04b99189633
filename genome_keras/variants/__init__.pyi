# What type checkers and editors see; tests/test_typing.py holds it to the table in __init__.py.
from genome_keras.variants.score_variants import score as score
from genome_keras.variants.score_variants import score_vcf as score_vcf

__all__: list[str]
