"""What a designed sequence must keep: which substitutions are allowed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from genome_keras.arguments import at_least
from genome_keras.encode import decode, reverse_complement, tokens
from genome_keras.errors import SequenceError
from genome_keras.interpret.ablation import check_region

_TRIES = 10_000  # random sequences before it is said that none will do


@dataclass(frozen=True)
class EditRules:
    """Constraints of a design.

    Args:
        edits: substitutions against the start, at most; None is any number.
        fixed: regions (start, end), 0-based and half-open, whose letters stay.
        gc: least and most share of G and C, or None.
        forbidden: words of A, C, G, T that must occur on neither strand.

    Raises:
        ValueError: another number, share or word.

    Example:
        >>> rules = EditRules(gc=(0.3, 0.5), forbidden=("GAATTC",))
        >>> rules.broken_by(tokens("GGGCCAATTAGG")[0])
        'a share of G and C of 0.583, not 0.3 to 0.5'
        >>> rules.allowed(tokens("GAATTGGACTCA")[0], tokens("GAATTGGACTCA")[0])[5].tolist()
        [True, False, False, True]
    """

    edits: int | None = None
    fixed: tuple[tuple[int, int], ...] = ()
    gc: tuple[float, float] | None = None
    forbidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.edits is not None:
            at_least(0, edits=self.edits)
        if self.gc is not None and not 0 <= self.gc[0] <= self.gc[1] <= 1:
            raise ValueError(f"gc must be two shares, the lower first. Received: gc={self.gc}")
        for word in self.forbidden:
            if len(word) < 2 or (tokens(word) > 3).any():
                raise ValueError(
                    f"a forbidden word must be 2 letters or more of ACGT. Received: {word!r}"
                )

    def check(self, window: int) -> None:
        """Raises ValueError for a fixed region outside the window, bp."""
        for region in self.fixed:
            check_region(region, window)

    def broken_by(self, codes: np.ndarray) -> str | None:
        """What a sequence breaks, in words; None where it keeps the rules.

        Args:
            codes: uint8 (window,), without N.
        """
        told = []
        share = float(((codes == 1) | (codes == 2)).mean())
        if self.gc is not None and not self.gc[0] <= share <= self.gc[1]:
            told.append(f"a share of G and C of {share:.3f}, not {self.gc[0]:g} to {self.gc[1]:g}")
        letters = decode(codes)[0]
        told += [word for word in self._words() if word in letters]
        return ", ".join(told) or None

    def allowed(self, codes: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Which substitutions keep all rules.

        Args:
            codes: uint8 (window,), a sequence that keeps them.
            start: uint8 (window,), from which edits are counted.

        Returns:
            bool (window, 4).
        """
        window, letters = len(codes), np.arange(4)
        is_allowed = codes[:, None] != letters
        for first, last in self.fixed:
            is_allowed[first:last] = False
        if self.edits is not None:
            before = codes != start
            after = before.sum() - before[:, None] + (letters != start[:, None])
            is_allowed &= after <= self.edits
        if self.gc is not None:
            strong = (codes == 1) | (codes == 2)
            after = (strong.sum() - strong[:, None] + np.isin(letters, (1, 2))) / window
            is_allowed &= (self.gc[0] <= after) & (after <= self.gc[1])
        for word in self._words():
            word = tokens(word)[0]
            if len(word) > window:
                continue
            places = np.lib.stride_tricks.sliding_window_view(codes, len(word))
            differs = places != word
            (almost,) = np.nonzero(differs.sum(1) == 1)
            within = differs[almost].argmax(1)
            is_allowed[almost + within, word[within]] = False
        return is_allowed

    def drawn(self, codes: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A sequence whose N became random letters, by the rules.

        Args:
            codes: uint8 (window,); what is no N stays.
            random: what draws.

        Returns:
            uint8 (window,).

        Raises:
            SequenceError: the letters that stand break the rules, or no sequence was found.
        """
        (open_places,) = np.nonzero(codes == 4)
        share = 0.5 if self.gc is None else sum(self.gc) / 2
        chances = [(1 - share) / 2, share / 2, share / 2, (1 - share) / 2]
        broken = None
        for _ in range(_TRIES if len(open_places) else 1):
            made = codes.copy()
            made[open_places] = random.choice(4, len(open_places), p=chances)
            broken = self.broken_by(made)
            if broken is None:
                return made
        tried = f"; the last of {_TRIES:,} random ones" if len(open_places) else ""
        raise SequenceError(f"the start must keep the rules. Received: {broken}{tried}")

    def _words(self) -> list[Any]:
        words = [word.upper() for word in self.forbidden]
        return list(dict.fromkeys([*words, *(reverse_complement(word) for word in words)]))
