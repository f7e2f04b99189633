import numpy as np
import pytest
from sklearn import metrics as sk

from genome_keras import scores as gk
from genome_keras.evaluation import bootstrap


def problem(n=400, *, seed=0, ties=True):
    """Three tasks, the last without a positive label; many ties and unmeasured labels."""
    draw = np.random.default_rng(seed)
    scores = draw.random((n, 3)).astype(np.float32) ** 2
    labels = (draw.random((n, 3)) < scores * [0.9, 0.3, 0]).astype(int)
    labels[draw.random((n, 3)) < 0.1] = -1
    return labels, np.round(scores, 2) if ties else scores


def replicated(labels, scores, *, blocks, drawn, **more):
    exact = gk.task_scores(labels, scores)
    return bootstrap.replicate(labels, scores, blocks=blocks, drawn=drawn, exact=exact, **more)


def weighted(label, score, weight, cut, tuned):
    """scikit-learn's scores of one task with a weight for each window."""
    clipped = np.clip(score.astype(float), 1e-7, 1 - 1e-7)
    how = {"sample_weight": weight}
    some = weight[label == 1].sum() > 0
    return {
        "f1": sk.f1_score(label, score > np.float32(cut), **how) if some else np.nan,
        "f1_tuned": sk.f1_score(label, score > np.float32(tuned), **how) if some else np.nan,
        "auroc": sk.roc_auc_score(label, score, **how) if label.any() else np.nan,
        "auprc": sk.average_precision_score(label, score, **how) if label.any() else np.nan,
        "perplexity": np.exp(sk.log_loss(label, clipped, labels=[0, 1], **how)),
        "brier": sk.brier_score_loss(label, score, pos_label=1, **how),
    }


def test_a_resample_is_a_weight_for_each_window():
    labels, scores = problem()
    blocks = np.arange(400) // 10
    drawn = bootstrap.resamples(40, replicates=6)
    tuned = np.array([0.3, 0.2, 0.5])
    found = replicated(labels, scores, blocks=blocks, drawn=drawn, tuned=tuned)
    assert found.keys() == set(bootstrap.METRICS)
    for task in range(3):
        kept = labels[:, task] >= 0
        for number in range(6):
            weight = drawn[blocks[kept], number]
            wanted = weighted(labels[kept, task], scores[kept, task], weight, 0.5, tuned[task])
            for metric, value in wanted.items():
                assert found[metric][number, task] == pytest.approx(value, abs=2e-6, nan_ok=True)


def test_bins_of_many_positives_cost_little():
    draw = np.random.default_rng(0)
    scores = draw.random((30_000, 1), np.float32) ** 4
    labels = (draw.random((30_000, 1)) < scores).astype(int)
    assert labels.sum() > 20 * bootstrap.CUTS
    blocks = bootstrap.row_blocks(30_000)
    drawn = bootstrap.resamples(500, replicates=20)
    found = replicated(labels, scores, blocks=blocks, drawn=drawn)
    for metric, scorer in (("auroc", sk.roc_auc_score), ("auprc", sk.average_precision_score)):
        wanted = [scorer(labels[:, 0], scores[:, 0], sample_weight=w) for w in drawn[blocks].T]
        spread = np.std(wanted)
        assert np.abs(found[metric][:, 0] - wanted).max() < spread / 4


def test_spread_of_a_mean_is_that_of_block_means():
    """The Brier score is a mean, and its standard error is known in closed form."""
    draw = np.random.default_rng(0)
    level = np.repeat(draw.random(100), 20)  # windows of a block are alike
    labels, scores = (draw.random((2000, 1)) < 0.3).astype(int), level[:, None]
    blocks = np.repeat(np.arange(100), 20)
    drawn = bootstrap.resamples(100, replicates=4000)
    found = replicated(labels, scores, blocks=blocks, drawn=drawn)["brier"][:, 0]
    of_block = np.square(scores - labels).reshape(100, 20).mean(1)
    assert found.std() == pytest.approx(of_block.std() / 10, rel=0.05)
    one_by_one = np.square(scores - labels).std() / np.sqrt(2000)
    assert found.std() > 1.3 * one_by_one  # what windows drawn alone would promise


def test_nothing_measured():
    labels, scores = np.full((10, 1), -1), np.full((10, 1), 0.5)
    found = replicated(
        labels, scores, blocks=np.arange(10), drawn=bootstrap.resamples(10, replicates=3)
    )
    assert "f1_tuned" not in found
    assert all(np.isnan(values).all() for values in found.values())


def test_blocks_of_the_genome():
    chrom = np.array(["chr2", "chr10", "chr2", "chr2", "chr10"])
    start = np.array([5, 999_999, 1_000_000, 999_999, 1_000_000])
    blocks = bootstrap.genome_blocks(chrom, start)
    assert blocks[0] == blocks[3]
    assert len(set(blocks)) == blocks.max() + 1 == 4


def test_many_blocks_become_fewer_and_neighbours_stay_together():
    start = np.arange(0, 2_000_000_000, 500_000)
    blocks = bootstrap.genome_blocks(np.full(len(start), "chr1"), start)
    assert set(blocks) == set(range(bootstrap.MOST))
    assert (np.diff(blocks) >= 0).all()
    assert bootstrap.row_blocks(3).tolist() == [0, 1, 2]
    rows = np.bincount(bootstrap.row_blocks(10_001))
    assert len(rows) == bootstrap.MOST and np.ptp(rows) <= 1


def test_resamples_draw_as_many_blocks_as_there_are():
    drawn = bootstrap.resamples(30, replicates=50, seed=3)
    assert drawn.shape == (30, 50) and (drawn.sum(0) == 30).all()
    np.testing.assert_array_equal(drawn, bootstrap.resamples(30, replicates=50, seed=3))
    assert (drawn != bootstrap.resamples(30, replicates=50, seed=4)).any()
    assert drawn.mean() == 1


def test_intervals_leave_out_what_is_undefined():
    values = np.arange(101, dtype=float)[:, None] * [1, 2, 1]
    np.testing.assert_allclose(bootstrap.interval(values)[:, 1], [5, 195])
    values[50:, 2] = np.nan
    low, high = bootstrap.interval(values)
    assert (low[2], high[2]) == (pytest.approx(49 * 0.025), pytest.approx(49 * 0.975))
    assert np.isnan(bootstrap.interval(np.full((5, 1), np.nan))).all()
