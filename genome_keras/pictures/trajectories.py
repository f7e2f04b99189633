"""Pictures of designs: how scores change with each edit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genome_keras.pictures.canvas import COLOURS, SOFT, stack, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_trajectory(
    scores: ArrayLike,
    *,
    tasks: Sequence[str],
    targets: Sequence[float] | None = None,
    title: str | None = None,
) -> "Figure":
    """A line for each task: its score after each edit; targets are dashed.

    Args:
        scores: float (steps, tasks), P(label = 1), the start first.
        tasks: their names, of at most six.
        targets: P that each should have, or None.
        title: text.

    Returns:
        `matplotlib.figure.Figure`; pyplot does not know of it.

    Raises:
        ValueError: another shape, or more tasks.
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> figure = draw_trajectory([[0.1], [0.4], [0.9]], tasks=["CTCF"], targets=[1.0])
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [0.1, 0.4, 0.9]
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or not scores.size or scores.shape[1] != len(tasks):
        raise ValueError(
            f"expected scores (steps, {len(tasks)}), at least one of each. Received: {scores.shape}"
        )
    if len(tasks) > len(COLOURS):
        raise ValueError(f"expected at most {len(COLOURS)} tasks. Received: {len(tasks)}")
    with style():
        figure, (axis,) = stack([2.2], gaps=0, top=0.5)
        for number, task in enumerate(tasks):
            look = {"color": COLOURS[number], "markersize": 3, "linewidth": 1.2, "label": task}
            axis.plot(range(len(scores)), scores[:, number], "o-", **look)
            if targets is not None:
                dashes = {"color": COLOURS[number], "linewidth": 0.8, "linestyle": (0, (3, 2))}
                axis.axhline(targets[number], **dashes)
        axis.set_ylim(-0.03, 1.03)
        axis.axhline(0, color=SOFT, linewidth=0.4)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set_xlabel("edits made")
        axis.set_ylabel("P(label = 1)")
        axis.legend(frameon=False, fontsize=8)
        if title:
            axis.set_title(title)
    return figure
