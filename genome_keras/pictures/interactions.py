"""Pictures of what parts of a sequence do together: curves by distance, maps of pairs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.pictures.canvas import (
    BASES,
    COLOURS,
    LESS,
    LETTER_COLOURS,
    MORE,
    SOFT,
    name_positions,
    stack,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_spacing(
    cooperativity: ArrayLike,
    *,
    distances: Sequence[int] | np.ndarray,
    tasks: Sequence[str],
    title: str | None = None,
    label: str = "cooperativity, log-odds",
) -> "Figure":
    """Curves of what two motifs do together by distance: the mean, and two standard errors.

    Args:
        cooperativity: float (n, distances, tasks), of n backgrounds, as
            `genome_keras.interpret.space` gives it.
        distances: bp.
        tasks: their names, of at most six.
        title: text.
        label: what the numbers are.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape, or more tasks.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> values = np.array([[[1.5], [0.5]], [[0.5], [0.5]]])
        >>> figure = draw_spacing(values, distances=[0, 10], tasks=["CTCF"])
        >>> figure.axes[0].lines[1].get_ydata().tolist()
        [1.0, 0.5]
    """
    values = np.asarray(cooperativity, np.float64)
    if values.ndim != 3 or not values.size or values.shape[1:] != (len(distances), len(tasks)):
        raise ValueError(
            f"expected cooperativity (n, {len(distances)}, {len(tasks)}), at least one of each. "
            f"Received: {values.shape}"
        )
    if len(tasks) > len(COLOURS):
        raise ValueError(f"expected at most {len(COLOURS)} tasks. Received: {len(tasks)}")
    mean = values.mean(0)
    error = values.std(0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0 * mean
    with style():
        figure, (axis,) = stack([2.6], gaps=0, top=0.5)
        axis.axhline(0, color=SOFT, linewidth=0.6)
        for number, task in enumerate(tasks):
            line, width, colour = mean[:, number], 2 * error[:, number], COLOURS[number]
            axis.fill_between(
                distances, line - width, line + width, color=colour, alpha=0.2, linewidth=0
            )
            axis.plot(distances, line, "o-", color=colour, markersize=3, linewidth=1.2, label=task)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set_xlabel("distance, bp")
        axis.set_ylabel(label)
        axis.legend(frameon=False, fontsize=8)
        if title:
            axis.set_title(title)
    return figure


def draw_epistasis(
    effects: ArrayLike,
    *,
    codes: ArrayLike,
    start: int | None = None,
    contig: str | None = None,
    title: str | None = None,
    label: str = "epistasis, log-odds",
) -> "Figure":
    """A map of pairs of places: blue is less than what the two add, orange more.

    Args:
        effects: float (r, r), as `genome_keras.interpret.strongest` gives them for one
            window and task; NaN is grey.
        codes: integer (r,), the letters there.
        start: of the first of them, 0-based; None counts from 1.
        contig: its name.
        title: text.
        label: what the numbers are.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> figure = draw_epistasis(np.eye(3), codes=np.array([0, 1, 2]), title="CTCF")
        >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
        ['A', 'C', 'G']
    """
    values, codes = np.asarray(effects, np.float64), np.asarray(codes)
    if values.ndim != 2 or not values.size or values.shape != (len(codes), len(codes)):
        raise ValueError(f"expected effects ({len(codes)}, {len(codes)}). Received: {values.shape}")
    with style():
        from matplotlib.colors import LinearSegmentedColormap, Normalize
        from matplotlib.figure import Figure

        colours = LinearSegmentedColormap.from_list("less_or_more", [LESS, "white", MORE])
        most = np.abs(np.nan_to_num(values)).max() or 1.0
        side = min(11.0, 2.5 + 0.09 * len(codes))
        figure = Figure(figsize=(side + 1.2, side), facecolor="white")
        axis = figure.add_axes((0.1, 0.1, 0.75 * side / (side + 1.2), 0.8))
        image = axis.imshow(
            np.ma.masked_invalid(values),
            cmap=colours.with_extremes(bad=(0.9, 0.9, 0.9, 1.0)),
            norm=Normalize(-most, most),
            interpolation="none",
        )
        letters = [f"{BASES}N"[code] for code in codes]
        for mark, axle in ((axis.set_xticks, axis.xaxis), (axis.set_yticks, axis.yaxis)):
            mark(range(len(letters)), letters, fontsize=5 if len(letters) > 40 else 8)
            axle.set_tick_params(length=0)
            for tick, letter in zip(axle.get_ticklabels(), letters, strict=True):
                tick.set_color(LETTER_COLOURS.get(letter, SOFT))
        first = 1 if start is None else start + 1
        axis.set_xlabel(f"{name_positions(contig, start)}: {first:,} to {first + len(codes) - 1:,}")
        if title:
            axis.set_title(title)
        figure.colorbar(image, ax=axis, shrink=0.6, label=label)
    return figure
