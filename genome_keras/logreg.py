"""Many L2-regularised logistic regressions on the same counts, solved together.

L-BFGS runs for all tasks at once: one step costs one product with the counts
for the directions of all tasks and one for all gradients. Every task starts its
approximation of the inverse Hessian from the same eigenvectors, those of the
covariance of the counts. The step length is found on the margins, which needs
no product with the counts.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

_ROWS = 4096  # rows of counts converted to floats at a time
_PAIRS = 20  # steps L-BFGS remembers


@dataclass(frozen=True, eq=False)
class Fit:
    """Logistic regressions, one for each task.

    Attributes:
        weights: float64 (features, tasks).
        intercepts: float64 (tasks,).
        objective: float64 (tasks,), what was minimised.
        iterations: int64 (tasks,), steps taken.
        converged: bool (tasks,), whether the tolerance was reached.
    """

    weights: np.ndarray
    intercepts: np.ndarray
    objective: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


def fit(
    counts, labels, *, C, start=None, tol=1e-8, max_iter=2000, dtype="float32", tasks_at_once=256
):
    """Minimises C * (sum of log-losses) + |weights|^2 / 2 for each task.

    The intercept is not penalised: the objective is that of scikit-learn's
    `LogisticRegression(C=C)`. A task whose measured labels are all equal gets
    zero weights and the intercept of the rate (positives + 0.5) / (measured + 1).

    Memory, beside the arguments: 9 bytes * n * min(tasks, tasks_at_once), 17 in
    float64, and some tens of arrays of the size of the weights.

    Args:
        counts: unsigned integers (n, features).
        labels: (n, tasks); 0, 1, and -1 for "not measured".
        C: weight of the losses, above 0; large is weak regularisation.
        start: a `Fit` of the same tasks to start from.
        tol: a task is done when the decrease that the next step promises is
            less than this share of its objective.
        max_iter: most steps for a task.
        dtype: of products and margins; sums are float64. "float32" is within
            1e-6 of the lowest objective, except for tasks that the counts almost
            separate: with log-odds in the hundreds they need "float64", at twice
            the time.
        tasks_at_once: tasks solved together.

    Returns:
        A `Fit`.

    Raises:
        ValueError: shapes that do not fit, C not above 0, or another label.

    Source: Nocedal & Wright 2006, algorithm 7.4, with the preconditioner as its
        first matrix and an exact line search.
    """
    labels = np.asarray(labels)
    if counts.ndim != 2 or labels.ndim != 2 or len(counts) != len(labels):
        raise ValueError(
            "counts and labels must be (n, features) and (n, tasks). "
            f"Received: {counts.shape} and {labels.shape}"
        )
    if not C > 0:
        raise ValueError(f"C must be above 0. Received: C={C!r}")
    if labels.dtype.kind not in "iub" or labels.size and (labels.max() > 1 or labels.min() < -1):
        raise ValueError(f"labels must be integers -1, 0, 1. Received: {np.unique(labels)[:9]}")
    tasks = labels.shape[1]
    basis = _Basis(counts, dtype)
    parts = []
    with tqdm(total=tasks, desc=f"C={C:g}", unit="task", disable=None) as bar:
        for first in range(0, tasks, tasks_at_once):
            part = slice(first, first + tasks_at_once)
            before = start and (start.weights[:, part], start.intercepts[part])
            parts.append(_solve(basis, labels[:, part], C, before, tol, max_iter, bar))
    columns = zip(*parts, strict=True)
    return Fit(*(np.concatenate(column, -1) for column in columns))


class _Basis:
    """Counts as seen from their mean along the eigenvectors of their covariance."""

    def __init__(self, counts, dtype):
        self.counts, self.dtype = counts, dtype
        n, features = counts.shape
        self.mean = counts.mean(0, dtype="float64")
        gram = np.zeros((features, features))
        for _, block in self.blocks():
            gram += block.T @ block
        covariance = gram / n - np.outer(self.mean, self.mean)
        variances, self.vectors = np.linalg.eigh(covariance)
        self.variances = np.maximum(variances, 0)[:, None]

    def blocks(self):
        """Slices of the rows, and their counts as floats in one reused array."""
        n, features = self.counts.shape
        block = np.empty((min(n, _ROWS), features), self.dtype)
        for first in range(0, n, _ROWS):
            rows = slice(first, min(n, first + _ROWS))
            part = block[: rows.stop - first]
            part[:] = self.counts[rows]
            yield rows, part

    def margins(self, x, signs, out):
        """signs * (counts @ weights + intercepts) of coordinates `x`."""
        weights, intercepts = self.to_weights(x)
        weights, intercepts = weights.astype(self.dtype), intercepts.astype(self.dtype)
        for rows, block in self.blocks():
            np.matmul(block, weights, out=out[rows])
            out[rows] += intercepts
            out[rows] *= signs[rows]

    def gradient(self, margins, signs, x, C):
        """Gradient at `x`, sum of losses, and sum of p (1 - p), by task."""
        gradient = np.zeros_like(x)
        loss, curvature = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        sums = np.zeros((len(x) - 1, x.shape[1]))
        for rows, block in self.blocks():
            wrong = _wrong(margins[rows])
            right = 1 - wrong
            loss -= _sum(np.log(np.maximum(right, 1e-30)))
            curvature += _sum(np.multiply(right, wrong, out=right))
            wrong *= signs[rows]
            gradient[-1] -= _sum(wrong)
            sums -= block.T @ wrong
        gradient[:-1] = self.vectors.T @ (sums - np.outer(self.mean, gradient[-1]))
        gradient *= C
        gradient[:-1] += x[:-1]
        return gradient, loss, curvature

    def to_weights(self, x):
        weights = self.vectors @ x[:-1]
        return weights, x[-1] - self.mean @ weights

    def from_weights(self, weights, intercepts):
        return np.vstack([self.vectors.T @ weights, intercepts + self.mean @ weights])


def _solve(basis, labels, C, start, tol, max_iter, bar):
    """The columns of a `Fit` for some tasks."""
    n, tasks = labels.shape
    signs = np.where(labels < 0, 0, 2 * (labels > 0).astype("int8") - 1).astype("int8")
    positive, measured = (signs > 0).sum(0), (signs != 0).sum(0)
    both = (positive > 0) & (positive < measured)
    rate = np.where(both, positive / np.maximum(measured, 1), (positive + 0.5) / (measured + 1))
    found = np.zeros((basis.counts.shape[1] + 1, tasks))
    found[-1] = np.log(rate / (1 - rate))
    if start is not None:
        found[:, both] = basis.from_weights(*start)[:, both]
    iterations, converged = np.zeros(tasks, int), ~both
    bar.update(int(converged.sum()))

    # From here on, every array has a column for each task still open.
    task = np.flatnonzero(both)
    x, sign, unmeasured = found[:, task], signs.take(task, 1), (n - measured)[task]
    margins, slopes = (np.empty((n, task.size), basis.dtype) for _ in range(2))
    basis.margins(x, sign, margins)
    pairs, previous = [], None
    for iteration in range(max_iter + 1):
        if not task.size:
            break
        gradient, loss, curvature = basis.gradient(margins, sign, x, C)
        # An unmeasured label has margin 0: a loss of log 2, and p (1 - p) of 1/4.
        objective = C * (loss - unmeasured * np.log(2)) + (x[:-1] ** 2).sum(0) / 2
        curvature = C * np.maximum(curvature - unmeasured / 4, 1e-6)
        first = 1 / np.vstack([curvature * basis.variances + 1, curvature])
        if previous is not None:
            pairs = [*pairs[1 - _PAIRS :], _pair(step, gradient - previous)]
        direction = -_inverse_hessian(gradient, pairs, first)
        decrease = -(gradient * direction).sum(0)
        found[:, task], iterations[task] = x, iteration
        done = decrease <= tol * objective
        # Narrowing the margins has a price, so it waits for a tenth of the tasks.
        if 10 * done.sum() >= task.size or iteration == max_iter:
            converged[task[done]] = True
            bar.update(int(done.sum()))
            keep = ~done
            task, unmeasured, decrease = task[keep], unmeasured[keep], decrease[keep]
            x, gradient, direction = x[:, keep], gradient[:, keep], direction[:, keep]
            sign, margins, slopes = (_narrowed(a, keep) for a in (sign, margins, slopes))
            pairs = [tuple(a[..., keep] for a in pair) for pair in pairs]
        if iteration == max_iter or not task.size:
            break
        basis.margins(direction, sign, slopes)
        length = _line_search(margins, slopes, x[:-1], direction[:-1], decrease, C)
        step, previous = length * direction, gradient
        x = x + step
        for rows in _row_slices(n):
            margins[rows] += length.astype(slopes.dtype) * slopes[rows]
    bar.update(task.size)
    del margins, slopes
    return *basis.to_weights(found), _objective(basis, found, signs, C), iterations, converged


def _objective(basis, x, signs, C):
    """The objective, from fresh margins and with losses in float64."""
    margins = np.empty(signs.shape, basis.dtype)
    basis.margins(x, signs, margins)
    losses = -np.log(2) * (signs == 0).sum(0)
    for rows in _row_slices(len(signs)):
        losses += np.logaddexp(0, -margins[rows].astype("float64")).sum(0)
    return C * losses + (x[:-1] ** 2).sum(0) / 2


def _row_slices(n):
    return (slice(first, first + _ROWS) for first in range(0, n, _ROWS))


def _narrowed(x, keep):
    """Some columns of a contiguous array, moved together in its own memory."""
    columns = np.flatnonzero(keep)
    narrow = x.ravel()[: len(x) * columns.size].reshape(len(x), -1)
    for rows in _row_slices(len(x)):
        narrow[rows] = x[rows].take(columns, 1)
    return narrow


def _wrong(margins):
    """Probability given to the wrong label, 1 / (1 + exp(margins)), exact in its tail too."""
    wrong = np.exp(np.minimum(margins, 80))
    wrong += 1
    return np.reciprocal(wrong, out=wrong)


def _sum(x):
    """Sums of the columns of a block, by BLAS."""
    return np.ones(len(x), x.dtype) @ x


def _pair(step, change):
    """A step and the change of the gradient over it, as L-BFGS keeps them."""
    product = (step * change).sum(0)
    scale = (np.abs(step) * np.abs(change)).sum(0)
    return step, change, np.where(product > 1e-10 * scale, 1 / np.maximum(product, 1e-300), 0)


def _inverse_hessian(gradient, pairs, first):
    """The product of L-BFGS's inverse Hessian and the gradient, by task."""
    q, weights = gradient.copy(), []
    for step, change, inverse in reversed(pairs):
        weight = inverse * (step * q).sum(0)
        q -= weight * change
        weights.append(weight)
    q *= first
    if pairs:
        _, change, inverse = pairs[-1]
        size = inverse * (change * first * change).sum(0)
        q /= np.where(size > 0, size, 1)
    for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        q += (weight - inverse * (change * q).sum(0)) * step
    return q


def _line_search(margins, slopes, weights, direction, decrease, C, trials=12):
    """Step lengths where the objective along the direction is lowest, by task.

    Newton's method inside a bracket, until the slope is a tenth of the first.
    """
    length = np.ones(len(decrease))
    low, high = np.zeros_like(length), np.full_like(length, np.inf)
    inner, square = (weights * direction).sum(0), (direction**2).sum(0)
    for _ in range(trials):
        slope, bend = np.zeros_like(length), np.zeros_like(length)
        for rows in _row_slices(len(margins)):
            wrong = _wrong(margins[rows] + length.astype(slopes.dtype) * slopes[rows])
            product = wrong * slopes[rows]
            slope -= _sum(product)
            product *= slopes[rows]
            bend += _sum(np.multiply(product, 1 - wrong, out=product))
        slope = C * slope + inner + length * square
        bend = C * bend + square
        far = np.abs(slope) > 0.1 * decrease
        if not far.any():
            break
        low, high = np.where(slope < 0, length, low), np.where(slope < 0, high, length)
        newton = length - slope / np.maximum(bend, 1e-300)
        middle = np.where(np.isfinite(high), (low + high) / 2, 10 * length)
        inside = (newton > low) & (newton < np.minimum(high, 10 * length + low))
        length = np.where(far, np.where(inside, newton, middle), length)
    return length
