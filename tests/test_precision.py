"""The numbers that a model computes with are set for its thread alone."""

import threading

import keras
import pytest

import genome_keras
from genome_keras.training.precision import computing_in


def in_thread(call):
    """The result of a call in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def small():
    model = genome_keras.bigru_multitask(window=8, tasks=1, units=2, depth=1)
    return model.get_layer("forward_gru_1").compute_dtype


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_other_threads_make_models_as_they_would(precision):
    before = keras.config.dtype_policy().name
    with computing_in(precision):
        assert small() == precision.removeprefix("mixed_")
        assert in_thread(lambda: keras.layers.Dense(1).compute_dtype) == "float32"
        assert in_thread(small) == "float32"
    assert keras.config.dtype_policy().name == before


def test_two_threads_at_once_each_have_theirs():
    """Each makes its model while the other is within its own block."""
    both_within, both_made = threading.Barrier(2, timeout=60), threading.Barrier(2, timeout=60)
    found = {}

    def make(precision):
        with computing_in(precision):
            both_within.wait()
            found[precision] = small(), keras.layers.Dense(1).compute_dtype
            both_made.wait()
        found[precision] += (keras.layers.Dense(1).compute_dtype,)

    threads = [threading.Thread(target=make, args=(f"mixed_{kind}",)) for kind in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {f"mixed_{kind}": (kind, kind, "float32") for kind in KINDS}


KINDS = ("float16", "bfloat16")


def test_an_error_in_the_block_ends_it():
    with pytest.raises(ZeroDivisionError), computing_in("mixed_float16"):
        1 / 0  # noqa: B018
    assert keras.layers.Dense(1).compute_dtype == "float32"
