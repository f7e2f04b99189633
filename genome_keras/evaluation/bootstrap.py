"""How far scores would move on other windows: a bootstrap of blocks of the genome.

Neighbouring windows share peaks, so windows drawn one by one would promise too much.
Whole blocks are drawn instead, with replacement, the same ones for every task and every
model: differences of models are paired. The sums that the scores are made of are taken
once for each block; each resample is then a product of matrices. AUROC and average
precision are taken over bins of scores, at most CUTS of them at scores of positives and
one between each two, and shifted by what that changes on the windows themselves.

Source: Kuensch 1989 (blocks); Efron & Tibshirani 1993, chapter 13 (percentiles).
"""

import numpy as np

from genome_keras.scores import CLIP

BLOCK = 1_000_000  # bp
MOST = 500  # blocks
CUTS = 256
METRICS = ("f1", "f1_tuned", "auroc", "auprc", "perplexity", "brier")


def genome_blocks(chrom: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The block of each window: BLOCK bp of one chromosome, at most MOST blocks in all.

    Args:
        chrom: (n,) names.
        start: integers (n,), 0-based.

    Returns:
        int64 (n,), from 0 without gaps; neighbours share one where there would be more.

    Example:
        >>> genome_blocks(np.array(["chr1", "chr1", "chr2"]), np.array([0, 5_000_000, 0])).tolist()
        [0, 1, 2]
    """
    name = np.unique(np.asarray(chrom), return_inverse=True)[1].astype(np.int64)
    start = np.asarray(start, np.int64)
    number = np.unique(name * (start.max(initial=0) // BLOCK + 1) + start // BLOCK, False, True)[1]
    return _at_most(number)


def row_blocks(n: int) -> np.ndarray:
    """Blocks of neighbouring rows, for windows of unknown place; int64 (n,).

    Example:
        >>> row_blocks(3).tolist(), int(row_blocks(1000).max())
        ([0, 1, 2], 499)
    """
    return _at_most(np.arange(n))


def _at_most(number):
    count = int(number.max(initial=-1)) + 1
    return number if count <= MOST else number * MOST // count


def resamples(blocks: int, *, replicates: int, seed: int = 0) -> np.ndarray:
    """How often each block is drawn in each resample.

    Args:
        blocks: their number.
        replicates: resamples.
        seed: the same seed draws the same blocks.

    Returns:
        float32 (blocks, replicates); each column sums to `blocks`.

    Example:
        >>> drawn = resamples(4, replicates=100)
        >>> drawn.shape, set(drawn.sum(0).tolist())
        ((4, 100), {4.0})
    """
    draw = np.random.default_rng(seed)
    return draw.multinomial(blocks, np.full(blocks, 1 / blocks), replicates).T.astype(np.float32)


def replicate(
    labels: np.ndarray,
    scores: np.ndarray,
    *,
    blocks: np.ndarray,
    drawn: np.ndarray,
    exact: dict[str, np.ndarray],
    threshold: float = 0.5,
    tuned: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Scores of every task in every resample.

    Args:
        labels, scores: as in `genome_keras.scores`.
        blocks: integers (n,), the block of each window.
        drawn: (blocks, replicates), from `resamples`.
        exact: what `task_scores` says of the same labels and scores.
        threshold: of `f1`.
        tuned: thresholds (tasks,) of `f1_tuned`; None leaves it out.

    Returns:
        A dict of float32 (replicates, tasks), each of METRICS; NaN where a resample
        leaves a score undefined, and for F1 where it has no positive label.

    Example:
        >>> from genome_keras.scores import task_scores
        >>> draw = np.random.default_rng(0)
        >>> labels = draw.integers(0, 2, (40, 1))
        >>> scores = 0.25 + 0.5 * labels + draw.uniform(-0.2, 0.2, (40, 1))
        >>> how = {"blocks": row_blocks(40), "drawn": resamples(40, replicates=50)}
        >>> resampled = replicate(labels, scores, exact=task_scores(labels, scores), **how)
        >>> resampled["auroc"].shape
        (50, 1)
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    drawn = np.concatenate([np.ones((len(drawn), 1), np.float32), drawn], 1)
    cuts = {"f1": np.broadcast_to(threshold, labels.shape[1:])}
    if tuned is not None:
        cuts["f1_tuned"] = tuned
    out = {name: np.empty((drawn.shape[1] - 1, labels.shape[1]), np.float32) for name in METRICS}
    if tuned is None:
        del out["f1_tuned"]
    for task, (label, score) in enumerate(_columns(labels, scores)):
        kept = np.flatnonzero(label >= 0)  # false for NaN too
        order = kept[np.argsort(score[kept])]
        column = label[order] == 1, score[order], blocks[order]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = _areas(*column, drawn, exact["auroc"][task], exact["auprc"][task])
            values |= _losses(*column, drawn)
            for name, cut in cuts.items():
                values[name] = _f1(*column, drawn, cut[task])
        for name, value in values.items():
            out[name][:, task] = value[1:]
    return out


def interval(values: np.ndarray, *, level: float = 0.95) -> np.ndarray:
    """The middle share of replicates: their lower and upper end.

    Args:
        values: (replicates, ...); NaN is left out.
        level: the share.

    Returns:
        float64 (2, ...); NaN where all are NaN.

    Example:
        >>> interval(np.arange(101.0)).round(6).tolist()
        [2.5, 97.5]
    """
    values = np.asarray(values, float)
    ends = ((1 - level) / 2, (1 + level) / 2)
    if not np.isnan(values).any():
        return np.quantile(values, ends, axis=0)
    flat = values.reshape(len(values), -1).T
    rows = [
        np.quantile(row[~np.isnan(row)], ends) if (row == row).any() else (np.nan,) * 2
        for row in flat
    ]
    return np.array(rows).T.reshape(2, *values.shape[1:])


def _columns(labels, scores):
    """Yields the labels and scores of each task, both contiguous."""
    kind = np.promote_types(scores.dtype, np.float32)
    for start in range(0, labels.shape[1], 16):  # 16 tasks share their cache lines
        block = slice(start, start + 16)
        label, score = (np.ascontiguousarray(array[:, block].T) for array in (labels, scores))
        yield from zip(label, score.astype(kind, copy=False), strict=True)


def _by_block(block, drawn, weights=None):
    """Sums over each resample of a number for each window, (replicates,)."""
    return np.bincount(block, weights, len(drawn)).astype(np.float32) @ drawn


def _f1(label, score, block, drawn, cut):
    called = np.searchsorted(score, score.dtype.type(cut), "right")
    hits = _by_block(block[called:][label[called:]], drawn)
    positives = _by_block(block[label], drawn)
    return np.where(
        positives > 0, 2 * hits / (_by_block(block[called:], drawn) + positives), np.nan
    )


def _losses(label, score, block, drawn):
    score = score.astype(float)
    right = np.where(label, score, 1 - score)
    loss = _by_block(block, drawn, -np.log(np.clip(right, CLIP, 1 - CLIP)))
    count = _by_block(block, drawn)
    square = _by_block(block, drawn, np.square(1 - right))
    return {"perplexity": np.exp(loss / count), "brier": square / count}


def _areas(label, score, block, drawn, auroc, auprc):
    """Of sorted scores. The first column of `drawn` is the windows themselves."""
    values = np.unique(score[label])
    if len(values) > CUTS:
        values = np.unique(score[label][np.linspace(0, label.sum() - 1, CUTS).astype(int)])
    sides = [np.searchsorted(score, values, side) for side in ("left", "right")]
    edges = np.concatenate([[0], np.stack(sides, 1).ravel(), [score.size]])
    cell = np.repeat(np.arange(len(edges) - 1), np.diff(edges)) * len(drawn) + block
    shape = (len(edges) - 1, len(drawn))
    counts = (np.bincount(c, minlength=shape[0] * shape[1]) for c in (cell, cell[label]))
    labelled, positive = (c.reshape(shape).astype(np.float32) @ drawn for c in counts)
    # From the highest bin down: labels and positive labels with a score at least as high.
    calls, hits = (np.cumsum(a[::-1], 0)[::-1] for a in (labelled, positive))
    negative = labelled - positive
    lower = negative.sum(0) - (calls - hits)
    pairs = (positive * (lower + negative / 2)).sum(0) / (hits[0] * negative.sum(0))
    precision = (positive * hits / np.maximum(calls, 1)).sum(0) / hits[0]
    shift = auroc - pairs[0], auprc - precision[0]
    return {"auroc": pairs + shift[0], "auprc": precision + shift[1]}
