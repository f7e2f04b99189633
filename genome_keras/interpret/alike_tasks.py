"""Tasks whose values tell the same, which a page shows once."""

import numpy as np

ALIKE = 0.95  # cosine of the values of two tasks


def alike_tasks(
    values: np.ndarray, order: list[int], *, most: int, alike: float = ALIKE
) -> list[list[int]]:
    """Groups tasks whose values differ by little more than a factor.

    Args:
        values: float (n, tasks), without NaN.
        order: columns of the tasks; the first that is in no group begins the next.
        most: groups, at most; tasks of further ones are left out.
        alike: cosine of the values of a task and of the first of its group, at least.

    Returns:
        Columns of each group, in that order.

    Example:
        >>> values = np.array([[1, 2, 0.0], [0, 0, 1.0]])
        >>> alike_tasks(values, [1, 0, 2], most=9)
        [[1, 0], [2]]
    """
    norms = np.sqrt(np.einsum("nt,nt->t", values, values))
    left, groups = list(order), []
    while left and len(groups) < most:
        first = left[0]
        near = (values[:, first] @ values) >= alike * norms[first] * norms
        near &= norms > 0
        groups.append([first, *(column for column in left[1:] if near[column])])
        taken = set(groups[-1])
        left = [column for column in left if column not in taken]
    return groups
