import json

import numpy as np
import pytest

from genome_keras.evaluation.compare import compare

# Tasks: found by `good`, found by `bad`, found by both, without a positive in "a".
LABELS = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 1], [0, 1, 0, 0]])
SOURCE = np.array(["a", "a", "b", "b"])
RIGHT = np.where(LABELS == 1, 0.9, 0.1)
GOOD, BAD = RIGHT.copy(), RIGHT.copy()
GOOD[:, 1] = 0.25
BAD[:, 0] = 0.75
BAD[:, 3] = 0.1
MODELS = {"good": GOOD, "bad": BAD}


def run(**changes):
    given = {"tasks": list("wxyz"), "train_rates": [0.5, 0.5, 0.01, 0.001]} | changes
    return compare(LABELS, MODELS, **given)


def test_means_by_hand():
    models = run()[0]["subsets"]["all"]["groups"]["all"]["models"]
    good, bad = models["good"], models["bad"]
    # good calls nothing in x; bad calls everything in w and nothing in z.
    assert good["f1_mean"] == pytest.approx((1 + 0 + 1 + 1) / 4)
    assert bad["f1_mean"] == pytest.approx((2 / 3 + 1 + 1 + 0) / 4)
    assert bad["f1_median"] == pytest.approx((2 / 3 + 1) / 2)
    assert good["auroc_mean"] == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert bad["auprc_mean"] == pytest.approx((0.5 + 1 + 1 + 0.25) / 4)
    x = np.exp((2 * np.log(4) + 2 * np.log(4 / 3)) / 4)
    assert good["perplexity_mean"] == pytest.approx((3 / 0.9 + x) / 4)
    assert good["overall_perplexity"] == pytest.approx((x / 0.9**3) ** (1 / 4))


def test_wins_by_hand():
    (pair,) = run()[0]["subsets"]["all"]["groups"]["all"]["pairs"]
    assert (pair["model"], pair["baseline"]) == ("good", "bad")
    assert pair["f1"] == {
        "tasks": 4,
        "won": 2,
        "tied": 1,
        "won_share": 0.5,
        "mean_difference": pytest.approx((1 / 3 - 1 + 0 + 1) / 4),
    }
    assert (pair["auroc"]["won"], pair["auroc"]["tied"]) == (2, 1)
    assert pair["auprc"]["mean_difference"] == pytest.approx((0.5 - 0.5 + 0 + 0.75) / 4)


def test_groups_split_at_the_rate_in_training():
    groups = run()[0]["subsets"]["all"]["groups"]
    assert {name: group["tasks"] for name, group in groups.items()} == {
        "all": 4,
        "frequent": 3,
        "rare": 1,
    }
    assert groups["rare"]["models"]["bad"]["f1_mean"] == 0
    assert groups["frequent"]["models"]["good"]["f1_mean"] == pytest.approx(2 / 3)
    assert run(min_rate=0.1)[0]["subsets"]["all"]["groups"]["frequent"]["tasks"] == 2


def test_a_task_without_positives_in_a_subset_is_left_out_and_counted():
    result, rows = run(source=SOURCE, sources=("a",))
    subset = result["subsets"]["a"]
    assert subset["examples"] == 2
    assert subset["groups"]["all"]["tasks"] == 3
    assert subset["groups"]["all"]["tasks_without_positives"] == 1
    assert subset["groups"]["all"]["models"]["good"]["f1_mean"] == pytest.approx(2 / 3)
    x = np.exp((np.log(4) + np.log(4 / 3)) / 2)
    perplexity = subset["groups"]["all"]["models"]["good"]["perplexity_mean"]
    assert perplexity == pytest.approx((3 / 0.9 + x) / 4)  # the left out task is in this mean
    rare = subset["groups"]["rare"]
    assert rare["models"]["good"]["f1_mean"] is None
    assert rare["models"]["good"]["overall_perplexity"] == pytest.approx(1 / 0.9)
    assert rare["pairs"][0]["f1"]["won_share"] is None
    assert list(result["subsets"]) == ["all", "a"]
    (row,) = (r for r in rows if (r["subset"], r["task"], r["model"]) == ("a", "z", "bad"))
    assert (row["positives"], row["measured"], row["auroc"]) == (0, 2, None)
    assert len(rows) == 2 * 4 * 2


def test_a_subset_is_scored_as_if_it_were_alone():
    result, _ = run(source=SOURCE, sources=("b", "a"))
    for name in "ab":
        chosen = name == SOURCE
        alone, _ = compare(
            LABELS[chosen],
            {model: scores[chosen] for model, scores in MODELS.items()},
            tasks=list("wxyz"),
            train_rates=[0.5, 0.5, 0.01, 0.001],
        )
        assert result["subsets"][name] == alone["subsets"]["all"]
    assert result["subsets"]["a"] != result["subsets"]["b"]


def test_unmeasured_labels_weigh_nothing():
    labels = LABELS.astype(float)
    labels[2:] = np.nan
    given = {"tasks": list("wxyz"), "train_rates": [0.5, 0.5, 0.5, 0.001]}
    found = compare(labels, MODELS, **given)[0]["subsets"]["all"]["groups"]
    wanted = compare(LABELS[:2], {k: v[:2] for k, v in MODELS.items()}, **given)[0]
    assert found == wanted["subsets"]["all"]["groups"]


def test_thresholds_add_a_tuned_f1():
    cuts = {"good": np.array([0.5, 0.2, 0.5, 0.5]), "bad": np.full(4, 0.5)}
    plain, tuned = run()[0], run(thresholds=cuts)[0]
    group = tuned["subsets"]["all"]["groups"]["all"]
    assert group["models"]["good"]["f1_tuned_mean"] == pytest.approx((1 + 2 / 3 + 1 + 1) / 4)
    assert group["models"]["good"]["f1_mean"] == 0.75
    assert group["pairs"][0]["f1_tuned"]["won"] == 2
    assert "f1_tuned_mean" not in plain["subsets"]["all"]["groups"]["all"]["models"]["good"]


def test_every_model_meets_every_later_one():
    result, _ = compare(
        LABELS,
        {"a": GOOD, "b": BAD, "c": RIGHT},
        tasks=list("wxyz"),
        train_rates=np.full(4, 0.5),
    )
    pairs = result["subsets"]["all"]["groups"]["all"]["pairs"]
    assert [(p["model"], p["baseline"]) for p in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert result["subsets"]["all"]["groups"]["rare"]["tasks"] == 0


def test_the_result_is_json():
    result, rows = run(source=SOURCE, sources=("a", "b"))
    for value in (result, rows):
        assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_an_unknown_source_is_an_error():
    with pytest.raises(ValueError, match="'c'"):
        run(source=SOURCE, sources=("c",))
    with pytest.raises(ValueError, match="'a'"):
        run(sources=("a",))


def noisy(*, n=300, seed=0):
    draw = np.random.default_rng(seed)
    labels = (draw.random((n, 4)) < 0.3).astype(int)
    strength = {"good": 2, "fair": 1}
    scores = {
        name: 1 / (1 + np.exp(-weight * (labels - 0.5) - draw.normal(size=labels.shape)))
        for name, weight in strength.items()
    }
    return labels, scores


def test_intervals_hold_the_means_and_are_paired():
    labels, scores = noisy()
    scores["again"] = scores["good"]
    result, rows = compare(
        labels,
        scores,
        tasks=list("wxyz"),
        train_rates=[0.5, 0.5, 0.5, 0.001],
        thresholds=dict.fromkeys(scores, np.full(4, 0.4)),
        replicates=100,
    )
    group = result["subsets"]["all"]["groups"]["frequent"]
    for metric in ("f1", "f1_tuned", "auroc", "auprc", "perplexity", "brier"):
        low, high = group["models"]["good"][f"{metric}_interval"]
        assert low < group["models"]["good"][f"{metric}_mean"] < high
        better, same, _ = group["pairs"]
        assert same["baseline"] == "again" and same[metric]["interval"] == [0, 0]
        assert low < high  # of one model, but two equal models never differ
        ends = better[metric]["interval"]
        assert ends[0] < better[metric]["mean_difference"] < ends[1]
    assert group["pairs"][0]["auroc"]["interval"][0] > 0
    means = result["models"]["good"]["replicates"]["all"]["frequent"]["f1"]
    assert len(means) == 100
    assert np.quantile(means, 0.025) == pytest.approx(group["models"]["good"]["f1_interval"][0])
    row = rows[0]
    assert row["auroc_low"] < row["auroc"] < row["auroc_high"]
    assert row["threshold"] == 0.4


def test_lower_is_better_for_losses():
    labels, scores = noisy()
    result, _ = compare(labels, scores, tasks=list("wxyz"), train_rates=np.full(4, 0.5))
    (pair,) = result["subsets"]["all"]["groups"]["all"]["pairs"]
    assert pair["brier"]["mean_difference"] < 0
    assert pair["brier"]["won"] == 4
    assert "interval" not in pair["brier"]


def test_reliability_is_pooled_over_the_tasks_of_a_group():
    result, _ = run(source=SOURCE, sources=("a",))
    pooled = result["models"]["good"]["reliability"]
    assert sum(pooled["all"]["all"]["count"]) == 16
    assert sum(pooled["a"]["rare"]["count"]) == 2
    assert sum(pooled["all"]["frequent"]["positives"]) == LABELS[:, :3].sum()
    assert sum(pooled["all"]["all"]["score"]) == pytest.approx(GOOD.sum())


def test_unmeasured_tasks_are_in_no_count():
    labels = LABELS.copy()
    labels[:, 3] = -1
    given = {"tasks": list("wxyz"), "train_rates": np.full(4, 0.5)}
    group = compare(labels, MODELS, **given)[0]["subsets"]["all"]["groups"]["all"]
    assert (group["tasks"], group["tasks_without_positives"]) == (3, 0)
