"""Pictures of one window: the letters that carry a score, and what substitutions do."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.arguments import at_least_one
from genome_keras.pictures.canvas import (
    BASES,
    INK,
    LESS,
    LETTER_COLOURS,
    MORE,
    RIGHT,
    RULE,
    SOFT,
    WIDTH,
    checked,
    draw_letters,
    draw_sequence,
    limits,
    mark_positions,
    name_positions,
    stack,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_logo(
    attributions: ArrayLike,
    *,
    codes: ArrayLike | None = None,
    start: int | None = None,
    contig: str | None = None,
    marked: Iterable[int] = (),
    title: str | None = None,
    label: str = "attribution",
    per_row: int = 100,
    ends: tuple[float, float] | None = None,
) -> "Figure":
    """A sequence logo: the height of each letter is its number; below 0 it hangs.

    Args:
        attributions: float (window, 4), letters A, C, G, T, as
            `genome_keras.interpret.attribute` gives them for one window; of several
            letters at a position the largest is on top. NaN is drawn as 0.
        codes: integer (window,): the sequence, to be written underneath; or None.
        start: of the window, 0-based; None counts positions within the window.
        contig: its name.
        marked: positions to point out, 1-based, as on the axis.
        title: text.
        label: what the numbers are.
        per_row: bp in a row of the picture; longer windows have several.
        ends: lower and upper end of the scale; None fits it.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> codes = np.array([0, 1, 2, 3])
        >>> place = {"start": 1000, "contig": "chr1"}
        >>> figure = draw_logo(np.eye(4)[codes], codes=codes, title="CTCF", **place)
        >>> figure.axes[0].get_title(loc="left"), figure.axes[0].get_xlabel()
        ('CTCF', 'position on chr1 (1-based)')
    """
    values, codes = checked(attributions, codes)
    with style():
        figure, rows = _rows(len(values), start, per_row, height=1.25)
        low, high = limits(values) if ends is None else ends
        for axis, bases, positions in rows:
            draw_letters(axis, values[bases], positions)
            axis.set_ylim(low, high)
            _finish(axis, positions, per_row, codes if codes is None else codes[bases], 0.09)
            for position in marked:
                ends = position - 0.5, position + 0.5
                axis.axvspan(*ends, color=RULE, alpha=0.6, linewidth=0, zorder=-1)
        _name(rows, title, label, name_positions(contig, start))
    return figure


def draw_substitutions(
    effects: ArrayLike,
    *,
    codes: ArrayLike,
    start: int | None = None,
    contig: str | None = None,
    marked: Iterable[int] = (),
    title: str | None = None,
    label: str = "effect",
    per_row: int = 100,
    most: float | None = None,
) -> "Figure":
    """A heat map of what each substitution does: a column a position, a row a letter.

    Blue is less, orange more, and nothing is no change; a dot marks the window's own
    letter. The darkest colour is the largest absolute effect, or `most`.

    Args:
        effects: float (window, 4), letters A, C, G, T, as `genome_keras.interpret.ism`
            gives them for one window and task; NaN is grey.
        codes: integer (window,), the window's own letters; N has no dot.
        start, contig, marked, title, label, per_row: as in `draw_logo`.
        most: absolute effect of the darkest colour; None is the largest.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> effects = np.random.default_rng(0).normal(size=(4, 4))
        >>> figure = draw_substitutions(effects, codes=np.array([0, 1, 2, 3]), label="diff")
        >>> [axis.get_title() for axis in figure.axes]  # the heat map, and the scale of its colours
        ['', 'diff']
    """
    values, codes = checked(effects, codes)
    with style():
        from matplotlib.colors import Normalize

        figure, rows = _rows(len(values), start, per_row, height=0.8)
        most = most or np.abs(np.nan_to_num(values)).max() or 1.0
        look = {"cmap": _less_or_more(), "norm": Normalize(-most, most), "zorder": 0.5}
        for axis, bases, positions in rows:
            ends = (positions[0] - 0.5, positions[-1] + 0.5, 3.5, -0.5)
            image = axis.imshow(
                np.ma.masked_invalid(values[bases].T),
                extent=ends,
                aspect="auto",
                interpolation="none",
                **look,
            )
            known = codes[bases] < 4
            axis.plot(positions[known], codes[bases][known], "o", color=INK, markersize=2.2)
            axis.set_yticks(range(4), list(BASES), fontweight="bold")
            for tick, letter in zip(axis.get_yticklabels(), BASES, strict=False):
                tick.set_color(LETTER_COLOURS[letter])
            axis.set_ylim(3.5, -0.5)
            axis.tick_params(axis="y", length=0)
            axis.spines[["left"]].set_visible(False)
            _finish(axis, positions, per_row, codes[bases], 0.14)
            for position in marked:
                ends = position - 0.5, position + 0.5
                axis.axvspan(*ends, fill=False, edgecolor=INK, linewidth=1, clip_on=False)
        _name(rows, title, None, name_positions(contig, start))
        _scale(figure, rows[0][0], image, label)
    return figure


def _rows(window, start, per_row, *, height):
    """A figure, and for each of its rows the axis, the slice of the window, the positions."""
    at_least_one(per_row=per_row)
    slices = [slice(first, min(first + per_row, window)) for first in range(0, window, per_row)]
    figure, axes = stack([height] * len(slices), gaps=0.55, bottom=0.6)
    positions = np.arange(window) + (start or 0) + 1
    return figure, [
        (axis, bases, positions[bases]) for axis, bases in zip(axes, slices, strict=True)
    ]


def _finish(axis, positions, per_row, codes, below):
    pad = 3.5
    if codes is not None:
        draw_sequence(axis, codes, positions, below=below)
        axis.tick_params(axis="x", length=0)
        axis.spines["bottom"].set_visible(False)
        pad = 14
    mark_positions(axis, positions[0], per_row, last=positions[-1], pad=pad)


def _name(rows, title, label, positions):
    if title:
        rows[0][0].set_title(title)
    for axis, *_ in rows:
        axis.set_ylabel(label or "")
    rows[-1][0].set_xlabel(positions)


def _less_or_more():
    """From blue over nothing to orange: right on light and on dark paper."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    less, more = to_rgb(LESS), to_rgb(MORE)
    colours = [(0, (*less, 1)), (0.5, (*less, 0)), (0.5, (*more, 0)), (1, (*more, 1))]
    made = LinearSegmentedColormap.from_list("less_or_more", colours, 255)
    return made.with_extremes(bad=(*to_rgb(SOFT), 0.35))


def _scale(figure, axis, image, label):
    """The colours' own axis, right of the first row."""
    place = axis.get_position()
    beside = figure.add_axes((1 - (RIGHT - 0.15) / WIDTH, place.y0, 0.12 / WIDTH, place.height))
    figure.colorbar(image, cax=beside)
    beside.set_title(label, fontsize=8, loc="center")
    beside.tick_params(labelsize=7, length=2)
