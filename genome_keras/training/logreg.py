"""Many L2-regularised logistic regressions on the same counts, solved together.

L-BFGS runs for all tasks at once: one step costs one product with the counts for the
directions of all tasks and one for all gradients. Every task starts its inverse
Hessian from the same eigenvectors, those of the covariance of the counts. The step
length is found on the margins, which needs no product with the counts.
"""

from dataclasses import dataclass

import numpy as np

from genome_keras.progress import progress

_ROWS = 1024  # rows of counts converted to floats at a time
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

    Example:
        >>> draw = np.random.default_rng(0)
        >>> counts = draw.integers(0, 9, (60, 2))
        >>> labels = (counts[:, :1] > counts[:, 1:]).astype(int)
        >>> found = fit(counts, labels, C=1.0)
        >>> found.weights.shape, found.converged.tolist()
        ((2, 1), [True])
    """

    weights: np.ndarray
    intercepts: np.ndarray
    objective: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


def fit(
    counts: np.ndarray,
    labels: np.ndarray,
    *,
    C: float,
    start: "Fit | None" = None,
    tol: float = 1e-8,
    max_iter: int = 2000,
    preconditioned: bool = True,
    tasks_at_once: int = 256,
    quiet: bool = False,
) -> "Fit":
    """Minimises C * (sum of log-losses) + |weights|^2 / 2 for each task.

    The intercept is not penalised: the objective is that of scikit-learn's
    `LogisticRegression(C=C)`. A task whose measured labels are all equal gets zero
    weights and the intercept of the rate (positives + 0.5) / (measured + 1).

    Products and margins are float32, sums float64. Memory, beside the arguments: n *
    min(tasks, tasks_at_once) * 14 bytes, and about 60 arrays of the size of the weights.

    Args:
        counts: numbers (n, features): unsigned integers, or floats of about the same size.
        labels: integers (n, tasks); 0, 1, and -1 for "not measured".
        C: weight of the losses, above 0; large is weak regularisation.
        start: a `Fit` of the same features and tasks to start from.
        tol: a task is done when the decrease that the next step promises is less than
            this share of its objective.
        max_iter: most steps for a task.
        preconditioned: False takes steps in the raw numbers from a multiple of the identity,
            as most solvers do, and needs many more of them.
        tasks_at_once: tasks solved together.
        quiet: show no bar on a terminal either.

    Returns:
        A `Fit`.

    Raises:
        ValueError: shapes that do not fit, C not above 0, or other labels.

    Source: Nocedal & Wright 2006, algorithm 7.4. Departures: the preconditioner is its
        first matrix, and the line search is exact to a tenth of the slope.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> counts = draw.integers(0, 9, (60, 2))
        >>> labels = (counts[:, :1] > counts[:, 1:]).astype(int)
        >>> found = fit(counts, labels, C=1.0)
        >>> (found.weights[0] > 0).tolist(), (found.weights[1] < 0).tolist()
        ([True], [True])
    """
    counts, labels = np.asarray(counts), np.asarray(labels)
    if counts.ndim != 2 or labels.ndim != 2 or len(counts) != len(labels):
        shapes = f"{counts.shape} and {labels.shape}"
        raise ValueError(f"counts, labels must be (n, features), (n, tasks). Received: {shapes}")
    if labels.dtype.kind not in "iu" or labels.max() > 1 or labels.min() < -1:
        raise ValueError(f"labels must be integers -1, 0, 1. Received: {np.unique(labels)[:9]}")
    if start is not None and start.weights.shape != (counts.shape[1], labels.shape[1]):
        raise ValueError(f"start must be of these features and tasks: {start.weights.shape}")
    if not C > 0:
        raise ValueError(f"C must be above 0. Received: C={C!r}")
    tasks = labels.shape[1]
    basis = (_Basis if preconditioned else _Raw)(counts)
    parts = []
    with progress(total=tasks, desc=f"C={C:g}", unit=" tasks", quiet=quiet) as bar:
        for first in range(0, tasks, tasks_at_once):
            part = slice(first, first + tasks_at_once)
            before = start and (start.weights[:, part], start.intercepts[part])
            parts.append(_solve(basis, labels[:, part], C, before, tol, max_iter, bar))
    return Fit(*(np.concatenate(column, -1) for column in zip(*parts, strict=True)))


class _Basis:
    """Counts as seen from their mean along the eigenvectors of their covariance."""

    def __init__(self, counts):
        self.counts = counts
        self.mean = counts.mean(0, dtype="float64")
        gram = sum((block.T @ block).astype("float64") for _, block in self.blocks())
        covariance = gram / len(counts) - np.outer(self.mean, self.mean)
        variances, vectors = np.linalg.eigh(covariance)
        # Along the others no counts vary (all 1-mers sum to the window): weights are 0.
        varied = variances > 1e-9 * variances[-1]
        self.variances, self.vectors = variances[varied, None], vectors[:, varied]

    def blocks(self):
        """Slices of the rows, and their counts as floats in one reused array."""
        block = np.empty((_ROWS, self.counts.shape[1]), "float32")
        for rows in _slices(self.counts):
            part = block[: len(self.counts[rows])]
            part[:] = self.counts[rows]
            yield rows, part

    def margins(self, x, signs, out):
        """signs * (counts @ weights + intercepts) of coordinates `x`."""
        weights, intercepts = (a.astype("float32") for a in self.to_weights(x))
        for rows, block in self.blocks():
            np.matmul(block, weights, out=out[rows])
            out[rows] += intercepts
            out[rows] *= signs[rows]

    def losses(self, margins, signs):
        """Sums over the examples: losses, their gradient, and p (1 - p), by task."""
        loss, curvature, inner = np.zeros((3, signs.shape[1]))
        outer = np.zeros((self.counts.shape[1], signs.shape[1]))
        for rows, block in self.blocks():
            odds = np.exp(np.clip(margins[rows], -80, 80))
            wrong, seen = 1 / (1 + odds), signs[rows] ** 2
            loss += _sum(np.log1p(1 / odds) * seen)
            curvature += _sum(odds * wrong * wrong * seen)
            wrong *= signs[rows]
            inner -= _sum(wrong)
            outer -= block.T @ wrong
        gradient = np.vstack([self.vectors.T @ (outer - np.outer(self.mean, inner)), inner])
        return loss, gradient, curvature

    def first(self, curvature):
        """The diagonal that L-BFGS starts its inverse Hessian from, by coordinate and task."""
        return 1 / np.vstack([curvature * self.variances + 1, curvature])

    def to_weights(self, x):
        weights = self.vectors @ x[:-1]
        return weights, x[-1] - self.mean @ weights

    def from_weights(self, weights, intercepts):
        return np.vstack([self.vectors.T @ weights, intercepts + self.mean @ weights])


class _Raw(_Basis):
    """The counts themselves."""

    def __init__(self, counts):
        self.counts = counts
        self.mean = np.zeros(counts.shape[1])
        self.vectors = np.eye(counts.shape[1])
        squares = sum(np.square(block).sum() for _, block in self.blocks())
        self.variances = np.full((counts.shape[1], 1), squares / len(counts))

    def first(self, curvature):
        return np.tile(1 / (curvature * self.variances[0] + 1), (len(self.mean) + 1, 1))


def _solve(basis, labels, C, start, tol, max_iter, bar):
    """The columns of a `Fit` for some tasks."""
    signs = np.array([0, -1, 1], "int8")[labels + 1]  # by label: not measured, 0, 1
    positive, measured = (signs > 0).sum(0), (signs != 0).sum(0)
    both = (positive > 0) & (positive < measured)
    rate = (positive + 0.5) / (measured + 1)
    weights = np.zeros((len(basis.variances) + 1, rate.size))
    weights[-1] = np.log(rate / (1 - rate))
    if start is not None:
        weights[:, both] = basis.from_weights(*start)[:, both]
    objective = -C * (positive * np.log(rate) + (measured - positive) * np.log(1 - rate))
    iterations, converged = np.zeros(rate.size, int), ~both
    bar.update(int(converged.sum()))

    # From here on, every array has a column for each task still open.
    task = np.flatnonzero(both)
    x, signs = weights[:, task], signs.take(task, 1)
    margins, slopes = np.empty((2, *signs.shape), "float32")
    basis.margins(x, signs, margins)
    pairs, step, previous = [], None, None
    for iteration in range(max_iter + 1) if task.size else ():
        loss, gradient, curvature = basis.losses(margins, signs)
        gradient = C * gradient
        gradient[:-1] += x[:-1]
        curvature = C * np.maximum(curvature, 1e-6)
        first = basis.first(curvature)
        if step is not None:
            pairs = [*pairs[1 - _PAIRS :], _pair(step, gradient - previous)]
        direction = -_inverse_hessian(gradient, pairs, first)
        decrease = -(gradient * direction).sum(0)
        weights[:, task], iterations[task] = x, iteration
        objective[task] = C * loss + (x[:-1] ** 2).sum(0) / 2
        done = decrease <= tol * objective[task]
        # Dropping tasks has a price, so it waits for a tenth of them.
        if 10 * done.sum() >= task.size or iteration == max_iter:
            converged[task[done]] = True
            bar.update(int(done.sum()))
            keep = ~done
            task, decrease = task[keep], decrease[keep]
            x, gradient, direction = x[:, keep], gradient[:, keep], direction[:, keep]
            signs, margins, slopes = (a.compress(keep, 1) for a in (signs, margins, slopes))
            pairs = [tuple(a[..., keep] for a in pair) for pair in pairs]
        if iteration == max_iter or not task.size:
            break
        basis.margins(direction, signs, slopes)
        length = _line_search(margins, slopes, x[:-1], direction[:-1], decrease, C)
        step, previous = length * direction, gradient
        x = x + step
        for rows in _slices(margins):
            margins[rows] += length.astype("float32") * slopes[rows]
    bar.update(task.size)
    return *basis.to_weights(weights), objective, iterations, converged


def _slices(rows):
    return (slice(first, first + _ROWS) for first in range(0, len(rows), _ROWS))


def _sum(block):
    """Sums of the columns, by BLAS."""
    return np.ones(len(block), block.dtype) @ block


def _pair(step, change):
    """A step, the change of the gradient over it, and one over their product."""
    product, size = (step * change).sum(0), (np.abs(step) * np.abs(change)).sum(0)
    return step, change, np.where(product > 1e-10 * size, 1 / np.maximum(product, 1e-300), 0)


def _inverse_hessian(gradient, pairs, first):
    """L-BFGS's inverse Hessian, built on the diagonal `first`, times the gradient."""
    q, weights = gradient.copy(), []
    for step, change, inverse in reversed(pairs):
        weights.append(inverse * (step * q).sum(0))
        q -= weights[-1] * change
    q *= first
    if pairs:
        _, change, inverse = pairs[-1]
        size = inverse * (change * first * change).sum(0)
        q /= np.where(size > 0, size, 1)
    for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        q += (weight - inverse * (change * q).sum(0)) * step
    return q


def _line_search(margins, slopes, weights, direction, decrease, C):
    """Step lengths with a tenth of the first slope left, by Newton's method in a bracket."""
    inner, square = (weights * direction).sum(0), (direction**2).sum(0)
    length, low, high = np.ones_like(inner), np.zeros_like(inner), np.full_like(inner, np.inf)
    for _ in range(12):
        slope, bend = np.zeros((2, inner.size))
        for rows in _slices(margins):
            moved = margins[rows] + length.astype("float32") * slopes[rows]
            wrong = 1 / (1 + np.exp(np.minimum(moved, 80)))
            product = wrong * slopes[rows]
            slope -= _sum(product)
            product *= slopes[rows]
            bend += _sum(np.multiply(product, 1 - wrong, out=product))
        slope, bend = C * slope + inner + length * square, C * bend + square
        far = np.abs(slope) > 0.1 * decrease
        if not far.any():
            break
        low, high = np.where(slope < 0, length, low), np.where(slope < 0, high, length)
        newton, most = length - slope / np.maximum(bend, 1e-300), np.minimum(high, 10 * length)
        middle = np.where(np.isfinite(high), (low + high) / 2, most)
        length = np.where(far, np.where((newton > low) & (newton < most), newton, middle), length)
    return length
