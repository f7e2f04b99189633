"""What a change does to scores: log-odds are of probabilities alone."""

import numpy as np
import pytest

from genome_keras.scoring.effects import effect


@pytest.mark.parametrize("score", [-0.5, 1.25, np.inf, -np.inf])
@pytest.mark.parametrize("first", [True, False])
def test_other_scores_have_no_log_odds(score, first):
    pair = np.float32([[score, 0.5]]), np.float32([[0.25, 0.5]])
    ref, alt = pair if first else pair[::-1]
    with pytest.raises(ValueError, match=r"from 0 to 1: effect must be 'diff' here.*score of"):
        effect("logodds", ref, alt)
    assert np.array_equal(effect("diff", ref, alt), alt - ref)


def test_rounding_and_what_is_not_there_are_no_other_scores():
    ref, alt = np.float32([1 + 1e-6, -1e-7, np.nan]), np.float32([0.5, 0.5, 0.5])
    changes = effect("logodds", ref, alt)
    assert (changes[:2] * [-1, 1] > 15).all() and np.isnan(changes[2])
