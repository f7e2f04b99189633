"""What a page of variants keeps of the alleles that pass: bounded, however many they are."""

import heapq
from collections import Counter
from itertools import count
from typing import NamedTuple

import numpy as np

from genome_keras.genome import Variant
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.blocks import Block

SHOWN = 10  # alleles with pictures, at most
LISTED = 10_000  # alleles in the list, at most
NUMBERS = 2_000_000  # effects in the list, at most: alleles x tasks


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
        list: `ListedAlleles`.
        scorer: None until it is set: the model that the pictures ask.

    Example:
        >>> variants = [Variant("chr1", 5, "A", letter) for letter in "CGT"]
        >>> alike = np.zeros((2, 4), np.uint8)
        >>> block = Block([1, 2, 3], variants, ["ok"] * 3, np.zeros(3, int), np.ones(3, int), alike)
        >>> largest = LargestEffects(shown=1)
        >>> largest.add(block, np.array([[0.1], [-0.4], [0.2]]))
        >>> [allele.variant.alt for allele in largest.kept], largest.status["ok"]
        (['G'], 3)
        >>> [variant.alt for variant in largest.list.variants]
        ['C', 'G', 'T']
    """

    def __init__(self, shown: int = SHOWN, *, listed: int = LISTED, numbers: int = NUMBERS) -> None:
        self.status, self.kept, self.shown, self._order = Counter(), [], shown, count(0, -1)
        self.list = ListedAlleles(listed, numbers)
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


class ListedAlleles:
    """The alleles with the largest effects, in the order in which they came.

    Args:
        most: alleles, at most.
        numbers: effects of all of them, at most.

    Attributes:
        left_out: how many have no place in the list.
        largest_left_out: the largest absolute effect among those; 0 where there is none.

    Example:
        >>> alleles = ListedAlleles(most=2, numbers=100)
        >>> variants = [Variant("chr1", 5, "A", letter) for letter in "CGT"]
        >>> effects = np.array([[0.3], [-0.1], [0.2]])
        >>> alleles.add(variants, effects, np.abs(effects).max(1))
        >>> [variant.alt for variant in alleles.variants], alleles.left_out
        (['C', 'T'], 1)
    """

    def __init__(self, most: int = LISTED, numbers: int = NUMBERS) -> None:
        self._most, self._numbers = most, numbers
        self._variants, self._effects, self._sizes = [], [], []
        self.left_out, self.largest_left_out = 0, 0.0

    def add(self, variants: list[Variant], effects: np.ndarray, sizes: np.ndarray) -> None:
        """Takes alleles: n variants, float (n, tasks), and the largest of each, float (n,)."""
        if not len(variants):
            return
        self._variants += variants
        self._effects.append(np.asarray(effects, np.float32))
        self._sizes.append(sizes)
        if len(self._variants) > 2 * self._room():
            self._prune()

    @property
    def variants(self) -> list[Variant]:
        """Those that are listed."""
        self._prune()
        return self._variants

    @property
    def effects(self) -> np.ndarray:
        """float32 (listed, tasks)."""
        self._prune()
        return self._effects[0] if self._effects else np.empty((0, 0), np.float32)

    def _room(self):
        return max(1, min(self._most, self._numbers // max(1, self._effects[0].shape[1])))

    def _prune(self):
        if not self._effects:
            return
        effects, sizes = np.concatenate(self._effects), np.concatenate(self._sizes)
        order = np.argsort(-sizes, kind="stable")
        kept, lost = np.sort(order[: self._room()]), order[self._room() :]
        if len(lost):
            self.left_out += len(lost)
            self.largest_left_out = max(self.largest_left_out, float(sizes[lost[0]]))
            self._variants = [self._variants[i] for i in kept]
            effects, sizes = effects[kept], sizes[kept]
        self._effects, self._sizes = [effects], [sizes]
