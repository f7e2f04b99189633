"""A picture of two alleles: which letters carry their scores, and which tasks change."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.genome import Variant
from genome_keras.pictures.canvas import (
    LESS,
    MORE,
    RULE,
    SOFT,
    WIDTH,
    checked,
    draw_letters,
    draw_sequence,
    limits,
    stack,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = 0.26  # inches for a task
NAMES = 3.3  # inches for their names


class Columns(NamedTuple):
    """Two windows side by side.

    Attributes:
        ref, alt: int64 (n,), the base of the window that stands in a column, 0-based; -1
            where the other allele has letters and this one none, -2 beyond the window.
        positions: int64 (n,), of the reference, 1-based; 0 in columns of inserted letters.
        first, last: the columns of the alleles themselves, half-open.

    Example:
        >>> columns = align(Variant("chr1", 101, "A", "AT"), window=4)
        >>> columns.ref.tolist(), columns.alt.tolist()  # T stands over a gap
        ([0, 1, 2, -1, 3], [0, 1, 2, 3, -2])
    """

    ref: np.ndarray
    alt: np.ndarray
    positions: np.ndarray
    first: int
    last: int


def align(variant: Variant, window: int) -> Columns:
    """The columns of a variant's two windows, as `genome_keras.windows.alleles` makes them.

    Both alleles begin in column `window // 2`; the shorter one has a gap after its
    letters.

    Args:
        variant: `genome_keras.genome.Variant` whose `alt` is a sequence.
        window: bp.

    Returns:
        `Columns`.

    Example:
        >>> columns = align(Variant("chr1", 101, "A", "C"), window=4)
        >>> columns.positions.tolist(), columns.first, columns.last
        ([99, 100, 101, 102], 2, 3)
    """
    variant, before = variant.trimmed(), window // 2
    sizes = len(variant.ref), len(variant.alt)
    block, after = max(sizes), max(window - before - min(sizes), 0)
    alleles = []
    for size in sizes:
        own = np.full(block, -1)
        own[:size] = before + np.arange(size)
        bases = np.concatenate([np.arange(before), own, before + size + np.arange(after)])
        alleles.append(np.where(bases < window, bases, -2))
    inside = np.zeros(block, np.int64)
    inside[: sizes[0]] = variant.position + np.arange(sizes[0])
    left = variant.position - before + np.arange(before)
    right = variant.position + sizes[0] + np.arange(after)
    return Columns(*alleles, np.concatenate([left, inside, right]), before, before + block)


def draw_alleles(
    attributions: ArrayLike,
    *,
    codes: ArrayLike,
    variant: Variant,
    scores: ArrayLike,
    tasks: Sequence[str],
    effects: ArrayLike | None = None,
    top: int = 8,
    show: int = 80,
    title: str | None = None,
    label: str = "attribution",
    score_label: str = "P(label = 1)",
    effect_label: str = "alt - ref",
    high: float | None = None,
    most: float | None = None,
) -> "Figure":
    """Reference and alternative allele: two aligned logos above the most changed tasks.

    The alleles themselves are shaded; letters that only one of them has stand over a gap,
    "–", in the other. Both logos have one scale.

    Args:
        attributions: float (2, window, 4), of the reference and of the alternative
            window, letters A, C, G, T.
        codes: integer (2, window), the windows, as `genome_keras.windows.alleles` makes
            them.
        variant: `genome_keras.genome.Variant`.
        scores: float (2, tasks), of both windows.
        tasks: their names.
        effects: float (tasks,); None is alternative - reference.
        top: tasks to show at most, those with the largest absolute effect.
        show: columns of letters to show at most, around the variant.
        title: text; None is the variant's place and alleles.
        label, score_label, effect_label: what the numbers are.
        high: upper end of the bars of scores, which begin at 0; None fits them.
        most: end, to both sides, of the bars of effects; None fits them.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> codes = np.array([[0, 1, 2, 3], [0, 1, 1, 3]])
        >>> figure = draw_alleles(
        ...     np.eye(4)[codes],
        ...     codes=codes,
        ...     variant=Variant("chr1", 101, "G", "C"),
        ...     scores=[[0.2], [0.6]],
        ...     tasks=["CTCF"],
        ... )
        >>> figure.axes[0].get_title(loc="left")
        'chr1:101 G>C'
    """
    scores, codes = np.asarray(scores, np.float64), np.asarray(codes)
    if len(attributions) != 2 or codes.ndim != 2 or len(codes) != 2:
        raise ValueError("expected attributions and codes of two windows")
    values = [
        checked(attribution, own)[0] for attribution, own in zip(attributions, codes, strict=True)
    ]
    if scores.shape != (2, len(tasks)) or not len(tasks):
        raise ValueError(f"expected scores (2, {len(tasks)}). Received: {scores.shape}")
    effects = scores[1] - scores[0] if effects is None else np.asarray(effects, np.float64)
    if effects.shape != (len(tasks),):
        raise ValueError(f"expected effects ({len(tasks)},). Received: {effects.shape}")
    order = np.argsort(-np.abs(np.nan_to_num(effects)), kind="stable")[:top]
    with style():
        height = max(0.6, BAR * len(order) + 0.1)
        figure, (ref, alt, bars) = stack(
            [1.25, 1.25, height], top=0.5, bottom=0.55, gaps=(0.4, 0.75)
        )
        _draw_letters((ref, alt), values, codes, variant, show, label)
        ref.set_title(title if title is not None else name_variant(variant), pad=8)
        _draw_bars(bars, scores[:, order], [tasks[i] for i in order], score_label, high)
        _draw_effects(figure, bars, effects[order], effect_label, most)
    return figure


def name_variant(variant: Variant) -> str:
    """Place and alleles in a line: "chr1:1,000 A>G"; long alleles are cut.

    Example:
        >>> name_variant(Variant("chr1", 1000, "A", "G"))
        'chr1:1,000 A>G'
    """
    ref, alt = (
        allele if len(allele) <= 20 else f"{allele[:16]}… ({len(allele)} bp)"
        for allele in (variant.ref, variant.alt)
    )
    return f"{variant.contig}:{variant.position:,} {ref}>{alt}"


def _draw_letters(axes, values, codes, variant, show, label):
    columns = align(variant, codes.shape[1])
    begin = max(0, min((columns.first + columns.last - show) // 2, columns.first))
    at = np.arange(len(columns.ref))[begin : begin + show]
    rows = [columns.ref[at], columns.alt[at]]
    pairs = zip(values, rows, strict=True)
    heights = [np.where((row >= 0)[:, None], allele_values[row], 0) for allele_values, row in pairs]
    low, high = limits(*heights)
    for axis, letter_heights, own, row, name in zip(
        axes, heights, codes, rows, ("ref", "alt"), strict=True
    ):
        draw_letters(axis, letter_heights, at)
        axis.set(ylim=(low, high), xlim=(at[0] - 0.5, at[-1] + 0.5), ylabel=label)
        letters = np.where(row >= 0, own[row].astype(int), -1)
        draw_sequence(axis, letters[row > -2], at[row > -2], below=0.09)
        own_columns = (columns.first - 0.5, columns.last - 0.5)
        axis.axvspan(*own_columns, color=RULE, alpha=0.6, linewidth=0, zorder=-1)
        axis.text(1.008, 0.5, name, transform=axis.transAxes, fontweight="bold", va="center")
        axis.spines["bottom"].set_visible(False)
        axis.set_xticks([])
    told = [column for column in at if columns.positions[column] > 0]
    told = [column for column in told if columns.positions[column] % 10 == 0] or told[:1]
    axes[1].set_xticks(told, [f"{columns.positions[column]:,}" for column in told])
    axes[1].tick_params(axis="x", length=0, pad=14)
    axes[1].set_xlabel(f"position on {variant.contig} (1-based)")


def _draw_bars(axis, scores, tasks, label, high):
    """The scores of both alleles, a pair of bars a task."""
    place = axis.get_position()
    left = NAMES / WIDTH
    axis.set_position((left, place.y0, 0.62 - left, place.height))
    at = np.arange(len(tasks))
    axis.barh(at - 0.19, scores[0], 0.36, color=SOFT, label="ref")
    rises = scores[1] >= scores[0]
    axis.barh(at + 0.19, scores[1], 0.36, color=np.where(rises, MORE, LESS), label="alt")
    axis.set_yticks(at, [task if len(task) <= 44 else f"{task[:43]}…" for task in tasks])
    axis.set(ylim=(len(tasks) - 0.4, -0.6), xlabel=f"{label}: grey ref, coloured alt")
    if high is not None:
        axis.set_xlim(0, 1.03 * high)
    axis.tick_params(axis="y", length=0)
    axis.locator_params(axis="x", nbins=5)


def _draw_effects(figure, beside, effects, label, most):
    place = beside.get_position()
    axis = figure.add_axes((0.66, place.y0, 0.27, place.height))
    at = np.arange(len(effects))
    axis.barh(at, effects, 0.6, color=np.where(effects >= 0, MORE, LESS))
    axis.axvline(0, color=SOFT, linewidth=0.6)
    axis.set(ylim=beside.get_ylim(), xlabel=label, yticks=[])
    if most is not None:
        axis.set_xlim(-1.03 * most, 1.03 * most)
    axis.spines["left"].set_visible(False)
    axis.locator_params(axis="x", nbins=5)
