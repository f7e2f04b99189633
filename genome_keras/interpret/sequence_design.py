"""Sequences edited towards targets: substitutions that bring chosen tasks where they should be."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.arguments import at_least
from genome_keras.encode import LETTERS, decode, tokens
from genome_keras.errors import SequenceError
from genome_keras.interpret.edit_rules import EditRules
from genome_keras.interpret.edit_ways import (
    DEFAULT_WAY,
    EDIT_WAYS,
    Annealing,
    EditWay,
    GradientGuided,
    engine_for,
)
from genome_keras.interpret.mutagenesis import Mutagenesis
from genome_keras.scoring.effects import KEPT, logit
from genome_keras.scoring.model_in_use import ModelInUse, model_in_use
from genome_keras.settings import chosen

REACHED = 1e-6  # an edit must come this much closer, in log-odds


class Step(NamedTuple):
    """A sequence on the way, after one more edit.

    Attributes:
        position: of the edit, 0-based; None of the start.
        ref, alt: letters before and after it; "" of the start.
        loss: distance from the targets, the sum over tasks of log-odds.
        scores: P(label = 1) of each task of the targets.

    Example:
        >>> Step(None, "", "", 2.0, (0.1,)).loss
        2.0
    """

    position: int | None
    ref: str
    alt: str
    loss: float
    scores: tuple[float, ...]


class Design(NamedTuple):
    """A designed sequence and how it came about.

    Attributes:
        start, sequence: letters.
        tasks: names of those of the targets.
        steps: list of `Step`, the start first.

    Example:
        >>> Design("AC", "AG", ["CTCF"], []).edits
        1
    """

    start: str
    sequence: str
    tasks: list[str]
    steps: list[Step]

    @property
    def edits(self) -> int:
        """Letters that differ from the start."""
        return sum(a != b for a, b in zip(self.start, self.sequence, strict=True))


def design(
    model: object,
    targets: Mapping[str, float],
    start: str | None = None,
    *,
    method: str | EditWay = DEFAULT_WAY,
    edits: int | None = 20,
    fixed: Sequence[tuple[int, int]] = (),
    gc: tuple[float, float] | None = None,
    forbidden: Sequence[str] = (),
    seed: int = 0,
    window: int | None = None,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> Design:
    """Edits a sequence towards targets for chosen tasks.

    What is made small is the sum over the tasks of |log-odds - log-odds of the target|. The same
    arguments give the same sequence.

    Args:
        model: a checkpoint's name, a `Checkpoint`, a `keras.Model` or a `Scorer`.
        targets: name of a task, or what means several as with `genome_keras.predict` -> P(label
            = 1) it should have; 1 and 0 are as high and as low as it goes.
        start: letters; N are drawn by the seed, and None draws all.
        method: "greedy", "gradient" or "annealing", or settings of
            `genome_keras.interpret.edit_ways`.
        edits: substitutions against the start, at most; None is any number.
        fixed, gc, forbidden: as in `genome_keras.interpret.EditRules`.
        seed: of what is drawn.
        window: bp; needed without a start where the model takes any length.
        both_strands: average over both strands; None does what the checkpoint or the
            scorer does.
        batch_size: windows at a time; None is 256 (64 of 1000 bp), or what the scorer has.

    Returns:
        `Design`.

    Raises:
        SequenceError: a foreign letter of the start, another length, or what breaks the rules.
        WeightsError: a checkpoint that cannot be used.
        ValueError: no targets, a task that the model has not, a target outside 0 to 1, another
            value of an argument.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> made = design(model, {"task_1": 1.0}, "ACGTACGTACGT", edits=3, fixed=[(0, 4)])
        >>> made.sequence[:4], made.edits <= 3, made.steps[-1].loss <= made.steps[0].loss
        ('ACGT', True, True)
    """
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(model, **sizes, engine=engine_for(method))
    rules = EditRules(edits, tuple(map(tuple, fixed)), gc and tuple(gc), tuple(forbidden))
    designer = Designer(use, targets, method=method, rules=rules, window=window)
    return designer(start, seed=seed)


class Designer:
    """As `design`, for many sequences: what is compiled serves all of them.

    Args:
        use: of `genome_keras.scoring.model_in_use.model_in_use`.
        targets, method, window: as in `design`.
        rules: `genome_keras.interpret.EditRules`.

    Attributes:
        tasks, targets: names of the tasks, and P that each should have.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> use = model_in_use(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> designer = Designer(use, {"task_0": 0.5}, rules=EditRules(edits=2))
        >>> [designer(None, seed=seed).edits <= 2 for seed in range(2)]
        [True, True]
    """

    def __init__(
        self,
        use: ModelInUse,
        targets: Mapping[str, float],
        *,
        method: str | EditWay = DEFAULT_WAY,
        rules: EditRules = EditRules(),  # noqa: B008, frozen
        window: int | None = None,
    ) -> None:
        self.way = chosen(EDIT_WAYS, what="method", choice=method, given={})
        if use.is_language_model:
            raise ValueError(f"expected a model of tasks. Received: {use.name}, a language model")
        if not targets:
            raise ValueError("expected at least one target. Received: none")
        for name, target in targets.items():
            if not 0 <= target <= 1:
                raise ValueError(f"a target must be from 0 to 1. Received: {name}={target!r}")
        self.use, self.rules, self.window = use, rules, use.window_of(window)
        goals = {}
        for choice, target in targets.items():  # which may mean several tasks
            goals |= dict.fromkeys(use.columns([choice])[1], target)
        self.tasks, self.targets = list(goals), list(goals.values())
        self._columns = [use.tasks.index(name) for name in self.tasks]
        self._goals = logit(np.clip([*goals.values()], KEPT, 1 - KEPT))
        self._tools = None
        rules.check(self.window)

    def __call__(self, start: str | None = None, *, seed: int = 0) -> Design:
        """As `design`."""
        at_least(0, seed=seed)
        random = np.random.default_rng(seed)
        codes = tokens("N" * self.window if start is None else start)[0]
        if len(codes) != self.window:
            raise SequenceError(f"expected a start of {self.window} bp. Received: {len(codes)} bp")
        codes = self.rules.drawn(codes, random)
        walk = self._anneal if isinstance(self.way, Annealing) else self._climb
        end, steps = walk(codes, random)
        return Design(decode(codes)[0], decode(end)[0], self.tasks, steps)

    def _losses(self, scores):
        """Distances from the targets, float64 (...,), of scores (..., tasks)."""
        return np.abs(logit(scores) - self._goals).sum(-1)

    def _scores(self, codes):
        return self.use.scorer.scores(codes)[:, self._columns]

    def _climb(self, start, random):
        """One edit after the other, each the best of those that are looked at."""
        codes, scores = start.copy(), self._scores(start[None])[0]
        steps = [_step(None, "", "", self._losses(scores), scores)]
        seen = {codes.tobytes()}
        while True:
            allowed = self.rules.allowed(codes, start)
            if not allowed.any() or steps[-1].loss < REACHED:
                return codes, steps
            look = self._proposed if isinstance(self.way, GradientGuided) else self._all
            places, letters, changed = look(codes, allowed)
            losses = self._losses(changed)
            best = int(losses.argmin())
            if losses[best] > steps[-1].loss - REACHED:
                return codes, steps
            at, letter = int(places[best]), int(letters[best])
            ref, codes = LETTERS[codes[at]], _edited(codes, at, letter)
            if codes.tobytes() in seen:
                return codes, steps
            seen.add(codes.tobytes())
            steps.append(_step(at, ref, LETTERS[letter], losses[best], changed[best]))

    def _all(self, codes, allowed):
        """Places, letters and scores of all allowed substitutions."""
        if self._tools is None:
            self._tools = Mutagenesis(self.use.scorer, tasks=self._columns)
        changed, _ = self._tools.scores(codes[None])
        places, letters = np.nonzero(allowed)
        return places, letters, changed[0, places, letters]

    def _proposed(self, codes, allowed):
        """As `_all`, of those that the gradient of the loss says are best."""
        from genome_keras.interpret.attribution import Attribution

        if self._tools is None:
            given = {"method": "gradient_x_input", "hypothetical": True}
            self._tools = Attribution(self.use.scorer, tasks=self._columns, **given)
        gradients = self._tools(codes[None])[0].astype(np.float64)  # (window, 4, tasks)
        own = np.take_along_axis(gradients, codes[:, None, None].astype(np.int64), 1)
        upwards = np.sign(self._goals - logit(self._scores(codes[None])[0]))
        gains = ((gradients - own) * upwards).sum(-1)
        places, letters = np.nonzero(allowed)
        first = np.argsort(-gains[places, letters], kind="stable")[: self.way.tried]
        places, letters = places[first], letters[first]
        windows = np.repeat(codes[None], len(places), 0)
        windows[np.arange(len(places)), places] = letters
        return places, letters, self._scores(windows)

    def _anneal(self, start, random):
        """Chains side by side; the way of the one that saw the best sequence, up to there."""
        way, chains = self.way, self.way.chains
        codes = np.repeat(start[None], chains, 0)
        scores = self._scores(codes[:1])[0]
        losses = np.repeat(self._losses(scores), chains)
        steps = [[_step(None, "", "", losses[0], scores)] for _ in range(chains)]
        best = losses[0], 0, 1, start
        for temperature in np.geomspace(way.hot, way.cold, way.rounds):
            tried, edits = codes.copy(), []
            for chain in range(chains):
                allowed = np.argwhere(self.rules.allowed(codes[chain], start))
                if len(allowed):
                    at, letter = allowed[random.integers(len(allowed))].tolist()
                    edits.append((chain, at, letter))
                    tried[chain, at] = letter
            if not edits:
                break
            scores = self._scores(tried)
            after = self._losses(scores)
            kept = random.random(chains) < np.exp(np.minimum(0, (losses - after) / temperature))
            for chain, at, letter in edits:
                if not kept[chain]:
                    continue
                ref = LETTERS[codes[chain, at]]
                codes[chain], losses[chain] = tried[chain], after[chain]
                made = _step(at, ref, LETTERS[letter], after[chain], scores[chain])
                steps[chain].append(made)
                if after[chain] < best[0] - REACHED:
                    best = after[chain], chain, len(steps[chain]), codes[chain].copy()
        _, chain, count, end = best
        return end, steps[chain][:count]


def _step(position, ref, alt, loss, scores):
    return Step(position, ref, alt, float(loss), tuple(map(float, scores)))


def _edited(codes, at, letter):
    codes = codes.copy()
    codes[at] = letter
    return codes
