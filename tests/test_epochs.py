import numpy as np
import pytest

from genome_keras.evaluation.epochs import Epochs
from genome_keras.evaluation.measure import split_of

LABELS = np.array([[1, 1], [0, 0], [1, 0], [0, 1]])
RIGHT, WRONG = np.where(LABELS == 1, 0.9, 0.1), np.where(LABELS == 1, 0.4, 0.1)


def mixed(*good):
    """Scores whose F1 is 1 in the tasks of `good` and 0 elsewhere."""
    return np.where(np.isin([0, 1], good), RIGHT, WRONG)


def run(*epochs):
    """Epochs of (scores, scores on the choosing split), numbered from 3."""
    split = split_of(LABELS, train_rates=[0.5, 0.001])
    seen = Epochs(split, LABELS)
    for number, (scores, valid) in enumerate(epochs, 3):
        seen.add(number, scores, valid)
    return seen


def test_the_best_epoch_is_chosen_on_the_other_split():
    seen = run((RIGHT, WRONG), (WRONG, RIGHT), (RIGHT, mixed(0)))
    assert seen.best == 4
    rows = seen.each()
    assert [row["epoch"] for row in rows] == [3, 4, 5]
    assert [row["all_f1"] for row in rows] == [1, 0, 1]
    assert [row["rare_f1"] for row in rows] == [1, 0, 1]
    assert np.argmin([row["valid_perplexity"] for row in rows]) == 1
    assert rows[0]["frequent_perplexity"] == pytest.approx(1 / 0.9)


def test_each_task_has_its_epoch_by_the_other_split():
    seen = run((mixed(1), mixed(0)), (mixed(0), mixed(1)))
    found = seen.by_task()
    assert found.kind == "by task"
    assert found.tables["all"]["epoch"].tolist() == [3, 4]
    assert found.tables["all"]["f1"].tolist() == [0, 0]  # what looked good there was not here


def test_each_tasks_best_epoch_is_optimistic():
    seen = run((mixed(1), mixed(0)), (mixed(0), mixed(1)))
    found = seen.by_task_optimistic()
    assert found.kind == "optimistic"
    assert found.tables["all"]["epoch"].tolist() == [4, 3]
    assert found.tables["all"]["f1"].tolist() == [1, 1]
    assert found.tables["all"]["brier"] == pytest.approx([0.01, 0.01])


def test_a_tie_takes_the_best_epoch_of_all():
    seen = run((WRONG, WRONG), (WRONG, RIGHT), (WRONG, WRONG))
    assert seen.by_task_optimistic().tables["all"]["epoch"].tolist() == [4, 4]


def test_the_optimistic_choice_is_never_below_another():
    draw = np.random.default_rng(0)
    labels = (draw.random((200, 20)) < 0.2).astype(int)
    seen = Epochs(split_of(labels, train_rates=np.full(20, 0.2)), labels)
    for number in range(5):
        seen.add(number, draw.random(labels.shape), draw.random(labels.shape))
    best = seen.by_task_optimistic().tables["all"]["f1"]
    assert (best >= np.max([one.tables["all"]["f1"] for one in seen.measured], 0)).all()
    assert (best >= seen.by_task().tables["all"]["f1"]).all()
