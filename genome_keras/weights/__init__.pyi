# What type checkers and editors see; tests/test_typing.py holds it to the table in __init__.py.
from genome_keras.weights.checkpoint import Checkpoint as Checkpoint
from genome_keras.weights.listing import list_weights as list_weights
from genome_keras.weights.listing import tasks_of as tasks_of
from genome_keras.weights.registry import PUBLISHED as PUBLISHED
from genome_keras.weights.resolve import DEFAULT as DEFAULT
from genome_keras.weights.resolve import DEFAULTS as DEFAULTS
from genome_keras.weights.resolve import find as find

__all__: list[str]
