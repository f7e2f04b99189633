"""What a page of variants keeps of the alleles that pass: bounded, however many they are."""

import heapq
from collections import Counter
from itertools import count
from typing import NamedTuple

import numpy as np

from genome_keras.genome import Variant
from genome_keras.pictures.listed_rows import LISTED, NUMBERS, ListedRows
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.blocks import Block

SHOWN = 10  # alleles with pictures, at most


class Pictured(NamedTuple):
    """An allele that has pictures.

    Attributes:
        size: its largest absolute effect.
        order: the more below 0, the later it came; of ties, the first is kept.
        variant: the allele.
        effects: float (tasks,).
        codes: uint8 (2, window), of ref and alt.

    Example:
        >>> variant, codes = Variant("chr1", 5, "A", "C"), np.zeros((2, 4), np.uint8)
        >>> Pictured(0.4, 0, variant, np.array([-0.4, 0.1]), codes).size
        0.4
    """

    size: float
    order: int
    variant: Variant
    effects: np.ndarray
    codes: np.ndarray


class LargestEffects:
    """How many alleles there were, those that a page lists, and those that it pictures.

    Args:
        shown: alleles with pictures, at most.
        listed, numbers: alleles in the list at most, and their effects.

    Attributes:
        status: Counter of words of `genome_keras.variants.blocks.STATUS`.
        kept: list of `Pictured`, in no order.
        list: `genome_keras.pictures.listed_rows.ListedRows` of variants.
        scorer: None until it is set: the model that the pictures ask.

    Example:
        >>> variants = [Variant("chr1", 5, "A", letter) for letter in "CGT"]
        >>> alike = np.zeros((2, 4), np.uint8)
        >>> block = Block([1, 2, 3], variants, ["ok"] * 3, np.zeros(3, int), np.ones(3, int), alike)
        >>> largest = LargestEffects(shown=1)
        >>> largest.add(block, np.array([[0.1], [-0.4], [0.2]]))
        >>> [allele.variant.alt for allele in largest.kept], largest.status["ok"]
        (['G'], 3)
        >>> [variant.alt for variant in largest.list.rows]
        ['C', 'G', 'T']
    """

    def __init__(self, shown: int = SHOWN, *, listed: int = LISTED, numbers: int = NUMBERS) -> None:
        self.status, self.kept, self.shown, self._order = Counter(), [], shown, count(0, -1)
        self.list = ListedRows(listed, numbers)
        self.scorer: Scorer | None = None

    def add(self, block: Block, effects: np.ndarray) -> None:
        """Takes alleles.

        Args:
            block: `genome_keras.variants.blocks.Block`.
            effects: float (n, tasks), NaN where there are none.
        """
        self.status.update(block.status)
        known = np.flatnonzero(block.ref >= 0)
        sizes = np.abs(effects[known]).max(1, initial=0)
        self.list.add([block.variants[i] for i in known], effects[known], sizes)
        for i in np.argsort(-sizes, kind="stable")[: self.shown]:
            row, size = known[i], float(sizes[i])
            order = next(self._order)
            full = len(self.kept) == self.shown
            if full and (size, order) <= self.kept[0][:2]:
                continue
            codes = block.codes[[block.ref[row], block.alt[row]]]
            allele = Pictured(size, order, block.variants[row], effects[row].copy(), codes)
            (heapq.heapreplace if full else heapq.heappush)(self.kept, allele)
