"""Checks of arguments: what is accepted, and the one wording of what is not."""

import numpy as np
import pytest

from genome_keras.arguments import at_least, at_least_one, layers_of, one_of


@pytest.mark.parametrize("value", [2, 3, np.int64(2), np.uint8(200)])
def test_integers_from_the_minimum_on_are_accepted(value):
    at_least(2, units=value)


@pytest.mark.parametrize("value", [1, -1, True, 2.0, "2", None, np.int64(1), np.bool_(True)])
def test_others_are_named_with_the_minimum_that_holds(value):
    with pytest.raises(ValueError) as told:
        at_least(2, units=value, depth=3)
    assert str(told.value) == (f"units must be an integer of at least 2. Received: units={value!r}")


def test_at_least_one_is_at_least_of_one():
    at_least_one(units=1)
    with pytest.raises(ValueError, match=r"integer of at least 1\. Received: units=0"):
        at_least_one(units=0)


def test_one_of_lists_the_words():
    one_of(merge="mean", accepted=("mean", "max"))
    with pytest.raises(ValueError) as told:
        one_of(merge="sum", accepted=iter(("mean", "max")))
    assert str(told.value) == "merge must be one of 'mean', 'max'. Received: merge='sum'"


@pytest.mark.parametrize(
    "sizes, problem",
    [
        ({"filters": 8}, "one integer for each layer"),
        ({"filters": ()}, "one integer for each layer"),
        ({"filters": (8, 0)}, "filters[1] must be an integer of at least 1"),
        ({"filters": (8, 8), "widths": (3,)}, "Received lengths: {'filters': 2, 'widths': 1}"),
    ],
)
def test_layers_need_one_number_each(sizes, problem):
    with pytest.raises(ValueError) as told:
        layers_of(**sizes)
    assert problem in str(told.value)
