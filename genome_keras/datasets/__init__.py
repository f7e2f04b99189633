"""Data sets: read, batched and built."""

from genome_keras.datasets.build import build
from genome_keras.datasets.chromatin import chromatin, open_chromatin
from genome_keras.datasets.deepsea import deepsea

__all__ = ["build", "chromatin", "deepsea", "open_chromatin"]
