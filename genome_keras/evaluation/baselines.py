"""What a model must beat: each task's positive rate, and the GC content of the window."""

import numpy as np

from genome_keras.scores import positive_rates
from genome_keras.scoring.effects import sigmoid


def prior_scores(train_labels: np.ndarray, n: int) -> np.ndarray:
    """Scores of the model that knows each task's positive rate in training only.

    Args:
        train_labels: (n_train, tasks); 0, 1, and -1 or NaN for "not measured".
        n: number of examples to score.

    Returns:
        float64 (n, tasks), the same in every row; a view that takes no memory.

    Example:
        >>> prior_scores(np.array([[1, 0], [1, 0], [-1, 1]]), n=2).round(3).tolist()
        [[0.833, 0.375], [0.833, 0.375]]
    """
    rates = positive_rates(train_labels)
    return np.broadcast_to(rates, (n, len(rates)))


def gc_fraction(codes: np.ndarray) -> np.ndarray:
    """Share of G and C among the bases of each window, N not counted.

    Args:
        codes: integers (n, window), A 0, C 1, G 2, T 3, N 4.

    Returns:
        float64 (n,); NaN for a window of N only.

    Example:
        >>> gc_fraction(np.array([[0, 1, 2, 4], [4, 4, 4, 4]])).round(3).tolist()
        [0.667, nan]
    """
    gc = np.count_nonzero((codes == 1) | (codes == 2), axis=1)
    bases = np.count_nonzero(codes < 4, axis=1)
    return np.divide(gc, bases, out=np.full(len(codes), np.nan), where=bases > 0)


def gc_scores(train_codes: np.ndarray, train_labels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Scores of a logistic regression on the GC fraction and its square, task by task.

    Both features are standardised over the training windows, their coefficients
    carry an L2 penalty of one half (scikit-learn's C = 1). A window of N only has
    the mean GC fraction. A task with one kind of label in training has its prior.

    Args:
        train_codes, codes: integers (n_train, window) and (n, window).
        train_labels: (n_train, tasks); 0, 1, and -1 or NaN for "not measured".

    Returns:
        float64 (n, tasks).

    Example:
        >>> codes = np.array([[0, 0], [0, 3], [1, 2], [2, 2]])  # AA, AT, CG, GG
        >>> scores = gc_scores(codes, np.array([[0], [0], [1], [1]]), codes)
        >>> (scores[2:] > scores[:2]).all().item()
        True
    """
    train_labels = np.asarray(train_labels)
    train, new = gc_fraction(train_codes), gc_fraction(codes)
    mean = np.nanmean(train)
    train, new = (np.where(np.isnan(gc), mean, gc) for gc in (train, new))
    powers = np.stack([train, train**2], 1)
    center, spread = powers.mean(0), powers.std(0)
    spread[spread == 0] = 1

    def features(gc):
        scaled = (np.stack([gc, gc**2], 1) - center) / spread
        return np.concatenate([np.ones((len(gc), 1)), scaled], 1)

    # Windows with one GC fraction are one row: a window has few, and counts suffice.
    values, row = np.unique(train, return_inverse=True)
    positive, measured = (
        np.stack([np.bincount(row[a], minlength=len(values)) for a in kind], 1)
        for kind in ((train_labels == 1).T, (train_labels >= 0).T)
    )
    rates = positive_rates(train_labels)
    fitted = (positive.sum(0) > 0) & (positive.sum(0) < measured.sum(0))
    weights = np.zeros((3, len(rates)))
    weights[0] = np.log(rates / (1 - rates))
    weights[:, fitted] = _newton(
        features(values), positive[:, fitted], measured[:, fitted], weights[:, fitted]
    )
    values, row = np.unique(new, return_inverse=True)
    return sigmoid(features(values) @ weights)[row]


def _newton(features, positive, measured, weights):
    """Logistic regressions (features, tasks) on counts (rows, tasks), L2 but for the bias."""
    penalty = np.diag([0.0] + [1.0] * (features.shape[1] - 1))
    for _ in range(100):
        p = sigmoid(features @ weights)
        slope = features.T @ (measured * p - positive) + penalty @ weights
        curve = np.einsum("gi,gt,gj->tij", features, measured * p * (1 - p), features)
        step = np.linalg.solve(curve + penalty, slope.T[:, :, None])[:, :, 0].T
        # Far from the optimum a full step may go astray.
        weights = weights - step / np.maximum(1, np.abs(step).max(0) / 2)
        if np.abs(step).max(initial=0) < 1e-8:
            break
    return weights
