"""Parameters of models of tasks that are too large to be built in a test, layer by layer."""

from itertools import pairwise


def beluga(window, filters, width, pool, hidden, tasks):
    """Two convolutions a block, positions left of the window, two dense layers."""
    size, left = 0, window
    for number, (before, after) in enumerate(pairwise((4, *filters)), 1):
        size += (width * before + 1) * after + (width * after + 1) * after
        left = (left - 2 * (width - 1)) // (pool if number < len(filters) else 1)
    return size + (left * filters[-1] + 1) * hidden + (hidden + 1) * tasks


def sei(filters, width, dilations, splines, tasks):
    """Four convolutions a block, dilated ones of 5, two dense layers of as many units."""
    size = sum(
        (width * before + 1) * after + 3 * (width * after + 1) * after
        for before, after in pairwise((4, *filters))
    )
    size += len(dilations) * (5 * filters[-1] + 1) * filters[-1]
    return size + (splines * filters[-1] + 1) * tasks + (tasks + 1) * tasks
