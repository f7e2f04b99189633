"""A picture of scores along an interval of a genome."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.pictures.canvas import (
    COLOURS,
    INK,
    SOFT,
    mark_positions,
    name_positions,
    stack,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_tracks(
    scores: ArrayLike,
    *,
    starts: Sequence[int] | np.ndarray,
    window: int,
    tasks: Sequence[str],
    contig: str | None = None,
    marked: Iterable[int] = (),
    title: str | None = None,
    high: float | None = None,
) -> "Figure":
    """Scores of tasks along an interval, a filled line for each task.

    A score stands at the centre of its window, and all tasks have one scale.

    Args:
        scores: float (windows, tasks), P(label = 1).
        starts: integers (windows,), of the windows, 0-based, rising.
        window: bp.
        tasks: their names.
        contig: name.
        marked: positions to mark with a line, 1-based: variants, say.
        title: text.
        high: upper end of the scale; None is the largest score.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: other shapes, or starts that do not rise.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> scores = np.array([[0.1, 0.5], [0.7, 0.4], [0.2, 0.3]])
        >>> figure = draw_tracks(scores, starts=[0, 100, 200], window=200, tasks=["CTCF", "DNase"])
        >>> [axis.get_title(loc="left") for axis in figure.axes]
        ['CTCF', 'DNase']
    """
    scores, starts = np.asarray(scores, np.float64), np.asarray(starts)
    if scores.ndim != 2 or not scores.size or scores.shape != (len(starts), len(tasks)):
        raise ValueError(
            f"expected scores ({len(starts)}, {len(tasks)}), windows and tasks, at least one of "
            f"each. Received: {scores.shape}"
        )
    if (np.diff(starts) <= 0).any():
        raise ValueError("expected starts that rise")
    centres = starts + window // 2 + 1  # 1-based
    high = high or np.nan_to_num(scores).max() * 1.05 or 1.0
    with style():
        figure, axes = stack([0.55] * len(tasks), gaps=0.3, bottom=0.6, top=0.65 if title else 0.3)
        for number, (axis, task) in enumerate(zip(axes, tasks, strict=True)):
            colour = COLOURS[number % len(COLOURS)]
            axis.fill_between(centres, 0, scores[:, number], color=colour, alpha=0.35, linewidth=0)
            axis.plot(centres, scores[:, number], color=colour, linewidth=1.2)
            axis.set_ylim(0, high)
            axis.set_title(task, fontsize=9, pad=2)
            axis.locator_params(axis="y", nbins=2)
            for position in marked:
                axis.axvline(position, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
            first, last = starts[0] + 1, starts[-1] + window
            mark_positions(axis, first, last - first + 1, last=last)
            if axis is not axes[-1]:
                axis.tick_params(axis="x", labelbottom=False)
        axes[-1].set_xlabel(name_positions(contig, starts[0]))
        if title:
            figure.suptitle(title, x=axes[0].get_position().x0, ha="left", fontsize=11)
        figure.text(0.025, 0.5, "P(label = 1)", rotation=90, va="center", ha="center", color=SOFT)
    return figure
