"""Checkpoints loaded by several threads at once, beside others who use Keras."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras.errors import WeightsError
from genome_keras.weights.parameter_budget import at_most

KERAS_OWN = keras.layers.Layer.add_weight


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two checkpoints of one's own, and one whose description asks for more than it holds."""
    home = tmp_path_factory.mktemp("threads")
    for seed, name in enumerate(("a", "b")):
        model = genome_keras.kmer_logreg(window=12, tasks=2, k=(1,), seed=seed)
        genome_keras.save_pretrained(model, home / name, tasks=["x", "y"])
    greedy = genome_keras.save_pretrained(model, home / "greedy")
    config = json.loads((greedy / "config.json").read_text())
    config["arguments"]["tasks"] = 1000
    (greedy / "config.json").write_text(json.dumps(config))
    return home


def plain(units):
    """A model that is none of ours, with more weights than any of the checkpoints."""
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(units)])


def test_fifty_checkpoints_in_eight_threads_beside_a_plain_model(folders):
    expected = {name: genome_keras.load_model(folders / name).get_weights() for name in "ab"}
    done = threading.Event()

    def load(number):
        if number % 10 == 9:
            with pytest.raises(WeightsError, match="asks for more weights than"):
                genome_keras.load_model(folders / "greedy")
            return True
        name = "ab"[number % 2]
        weights = genome_keras.load_model(folders / name).get_weights()
        return all(map(np.array_equal, weights, expected[name]))

    def build():
        built = 0
        while not done.is_set():
            assert plain(500).count_params() == 4500
            built += 1
        return built

    with ThreadPoolExecutor(9) as pool:
        beside = pool.submit(build)
        try:
            assert all(pool.map(load, range(50)))
        finally:
            done.set()
        assert beside.result() > 0
    assert keras.layers.Layer.add_weight is KERAS_OWN


def test_budgets_that_overlap_are_those_of_their_threads():
    """The first to begin is the first to end; each counts its own and nobody else's."""
    second_began, first_ended = threading.Event(), threading.Event()

    def second():
        with at_most(arrays=2, numbers=18, where="second"):
            second_began.set()
            first_ended.wait(60)
            plain(2)
            with pytest.raises(WeightsError, match="second: its description asks"):
                plain(2)

    with ThreadPoolExecutor(1) as pool:
        with at_most(arrays=2, numbers=9, where="first"):
            other = pool.submit(second)
            assert second_began.wait(60)
            plain(1)
        first_ended.set()
        plain(50)
        other.result()
    assert keras.layers.Layer.add_weight is KERAS_OWN


def test_a_wrapper_of_somebody_else_stays(monkeypatch):
    """One that was put on meanwhile keeps working, and budgets count right with it."""
    with at_most(arrays=9, numbers=99, where="first"):
        ours, seen = keras.layers.Layer.add_weight, []

        def theirs(self, *args, **kwargs):
            seen.append(self.name)
            return ours(self, *args, **kwargs)

        monkeypatch.setattr(keras.layers.Layer, "add_weight", theirs)
    assert keras.layers.Layer.add_weight is theirs
    plain(50)
    with at_most(arrays=2, numbers=9, where="second"):
        plain(1)
        with pytest.raises(WeightsError, match="second"):
            plain(1)
    assert keras.layers.Layer.add_weight is theirs and len(seen) == 4
