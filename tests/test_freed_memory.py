"""Memory that was freed stays with the process where JAX computes."""

import subprocess
import sys

import pytest

from genome_keras.freed_memory import keep_freed_memory

CODE = """
import resource, sys
import numpy as np
from genome_keras.freed_memory import keep_freed_memory
print(keep_freed_memory({"KERAS_BACKEND": sys.argv[1]}))
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(64 << 20, "uint8")
before = faults()
for _ in range(8):
    np.ones(64 << 20, "uint8")
print(faults() - before)
"""


@pytest.mark.parametrize(
    "environment",
    [{}, {"KERAS_BACKEND": "torch"}, {"KERAS_BACKEND": "jax", "MALLOC_TOP_PAD_": "1"}],
)
def test_nothing_is_changed_elsewhere_or_where_somebody_chose(environment):
    assert keep_freed_memory(environment) is False


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_pages_are_cleared_once():
    """What is freed is taken again without the system."""
    done, faults = {}, {}
    for backend in ("jax", "tensorflow"):
        printed = subprocess.run(
            [sys.executable, "-c", CODE, backend], capture_output=True, text=True, check=True
        ).stdout.split()
        done[backend], faults[backend] = printed[0], int(printed[1])
    if done["jax"] == "False":
        pytest.skip("another C library than glibc")
    assert done["tensorflow"] == "False"
    assert faults["jax"] < 100
