# What type checkers and editors see; tests/test_typing.py holds it to the table in __init__.py.
from genome_keras.building.build import build as build
from genome_keras.datasets.chromatin_data import chromatin as chromatin
from genome_keras.datasets.chromatin_data import open_chromatin as open_chromatin
from genome_keras.datasets.deepsea_bundle import deepsea as deepsea
from genome_keras.datasets.examples_file import write_examples as write_examples

__all__: list[str]
