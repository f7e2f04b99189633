"""Which parts of a window interact: double mutagenesis without what the parts add alone."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from genome_keras.encode import tokens
from genome_keras.interpret.ablation import ablated, check_region
from genome_keras.interpret.experiments import Function, applied, log_odds, scorer_for
from genome_keras.interpret.mutagenesis import Mutagenesis
from genome_keras.scoring.choices import check_windows
from genome_keras.scoring.effects import logit

_PIECE = 1 << 14  # windows whose codes are in memory


def epistasis(
    model: object,
    seqs: Sequence[str] | np.ndarray,
    *,
    tasks: Sequence[int],
    region: tuple[int, int] | None = None,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """What two substitutions do to the log-odds beyond the sum of what each does.

    That is f(both) - f(one) - f(other) + f(window): 0 where effects add up. A region of r bp
    takes 9 r (r - 1) / 2 + 3 r + 1 passes a window, 44,851 for 100 bp.

    Args:
        model, both_strands, batch_size: as in `genome_keras.interpret.marginalize`.
        seqs: windows, as `genome_keras.tokens` takes them.
        tasks: integer columns of the scores.
        region: start and end, 0-based, half-open, of the places to pair; None is the window.

    Returns:
        float32 (n, r, 4, r, 4, tasks), place and letter of the one and of the other
        substitution; symmetric. 0 where a letter is the window's own; NaN for two at one
        place, and at an N.

    Raises:
        SequenceError: what `tokens` refuses.
        WeightsError: a checkpoint that cannot be used.
        ValueError: another window than the model's, a region outside it, other tasks.

    Source: pairwise in-silico mutagenesis (Koo et al. 2021, PLoS Comput Biol 17:e1008925),
        here on log-odds.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1,), window=12, tasks=3, seed=0)
        >>> found = epistasis(model, "ACGTACGTACGT", tasks=[0], region=(2, 5))
        >>> found.shape, bool(np.nanmax(abs(found)) < 1e-4)  # letters that are counted only add
        ((1, 3, 4, 3, 4, 1), True)
    """
    codes = tokens(seqs)
    scorer = scorer_for(log_odds, model, both_strands=both_strands, batch_size=batch_size)
    check_windows(codes, scorer.window)
    start, end = check_region((0, codes.shape[1]) if region is None else region, codes.shape[1])
    tasks = list(tasks)
    if not tasks or not set(tasks) <= set(range(len(scorer.tasks))):
        last = len(scorer.tasks) - 1
        raise ValueError(f"tasks must be columns from 0 to {last}. Received: {tasks}")
    return np.stack([_of_window(scorer, window, start, end, tasks) for window in codes])


def _of_window(scorer, window, start, end, tasks):
    size = end - start
    changed, own = Mutagenesis(scorer, tasks=tasks).scores(window[None])
    scale = (lambda scores: scores) if scorer.is_language_model else logit
    own = scale(own)[0]
    alone = scale(changed)[0, start:end] - own  # (r, 4, tasks); own letters 0
    interactions = np.full((size, 4, size, 4, len(tasks)), np.nan, np.float32)
    pairs = np.array(
        [
            (at, letter, other, second)
            for at, other in combinations(range(size), 2)
            if max(window[start + at], window[start + other]) < 4
            for letter in range(4)
            for second in range(4)
        ],
        np.int64,
    ).reshape(-1, 4)
    at, letter, other, second = pairs.T
    same = (letter == window[start + at]) | (second == window[start + other])
    beyond = np.zeros((len(pairs), len(tasks)))
    for first in range(0, len(pairs), _PIECE):
        rows = np.flatnonzero(~same[first : first + _PIECE]) + first
        doubles = np.repeat(window[None], len(rows), 0)
        index = np.arange(len(rows))
        doubles[index, start + at[rows]] = letter[rows]
        doubles[index, start + other[rows]] = second[rows]
        both = scale(scorer.scores(doubles)[:, tasks]) - own
        beyond[rows] = both - alone[at[rows], letter[rows]] - alone[other[rows], second[rows]]
    interactions[at, letter, other, second] = beyond
    interactions[other, second, at, letter] = beyond
    return interactions


def strongest(effects: np.ndarray) -> np.ndarray:
    """A map of places: the largest effect, by its size, over the letters of both.

    Args:
        effects: float (..., r, 4, r, 4, tasks), as `epistasis` gives them.

    Returns:
        float (..., r, r, tasks), with signs; NaN where there is none.

    Example:
        >>> effects = np.zeros((2, 4, 2, 4, 1))
        >>> effects[0, 1, 1, 3] = -2
        >>> strongest(effects)[..., 0].tolist()
        [[0.0, -2.0], [0.0, 0.0]]
    """
    *_, size, _, _, _, tasks = effects.shape
    by_pair = np.moveaxis(effects, -4, -3).reshape(*effects.shape[:-5], size, size, 16, tasks)
    missing = np.isnan(by_pair)
    at = np.where(missing, -1.0, np.abs(by_pair)).argmax(-2)
    return np.take_along_axis(by_pair, at[..., None, :], -2)[..., 0, :]


def region_epistasis(
    model: object,
    seqs: Sequence[str] | np.ndarray,
    regions: Sequence[tuple[int, int]],
    *,
    how: str = "letters",
    shuffles: int = 20,
    seed: int = 0,
    function: Function = log_odds,
    both_strands: bool | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """What two regions, such as motifs, do together beyond the sum of what each does.

    The regions are ablated one by one and in pairs, by the same shuffles:
    f(window) - f(without one) - f(without other) + f(without both), the mean over shuffles. It is
    above 0 where they help each other, and 0 where their effects add up.

    Args:
        model, function, both_strands, batch_size: as in `genome_keras.interpret.marginalize`.
        seqs, how, shuffles, seed: as in `genome_keras.interpret.ablate`.
        regions: k of start and end, 0-based, half-open, that do not overlap.

    Returns:
        float (n, k, k, ...), symmetric; NaN on the diagonal.

    Raises:
        As `marginalize`; ValueError also for regions outside the window, or that overlap.

    Example:
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> region_epistasis(model, "ACGTACGTACGT", [(0, 4), (6, 10)]).shape
        (1, 2, 2, 3)
    """
    codes = tokens(seqs)
    scorer = scorer_for(function, model, both_strands=both_strands, batch_size=batch_size)
    ends = [check_region(region, codes.shape[1]) for region in regions]
    ordered = sorted(ends)
    if any(left[1] > right[0] for left, right in pairwise(ordered)):
        raise ValueError(f"regions must not overlap. Received: {list(regions)}")
    given = {"how": how, "shuffles": shuffles, "seed": seed}
    alone = [ablated(codes, each, **given) for each in ends]
    pairs = list(combinations(range(len(ends)), 2))
    both = []
    for first, second in pairs:
        start, end = ends[second]
        mixed = alone[first].copy()
        mixed[:, :, start:end] = alone[second][:, :, start:end]
        both.append(mixed)
    copies = alone[0].shape[1] if alone else 0
    all_windows = np.concatenate([codes[:, None], *alone, *both], 1)
    scores = applied(function, scorer, all_windows)
    own, rest = scores[:, 0], scores[:, 1:]
    rest = rest.reshape(len(codes), -1, copies or 1, *scores.shape[2:]).mean(2)
    result = np.full((len(codes), len(ends), len(ends), *own.shape[1:]), np.nan)
    for number, (first, second) in enumerate(pairs, len(ends)):
        beyond = own - rest[:, first] - rest[:, second] + rest[:, number]
        result[:, first, second] = result[:, second, first] = beyond
    return result
