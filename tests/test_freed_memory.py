"""Memory that was freed stays with the process where JAX computes."""

import os
import platform
import subprocess
import sys

import pytest

from genome_keras.commands._freed_memory import keep_freed_memory

# The program, then how often pages are taken from the system for the same memory again and again.
CODE = """
import resource, sys
import numpy as np
from genome_keras.cli import run
sys.argv = ["genome-keras", "--version"]
try:
    run()
except SystemExit:
    pass
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_the_program_clears_pages_once():
    """What is freed is taken again without the system."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    printed = subprocess.run(
        [sys.executable, "-c", CODE],
        env=kept | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert int(printed[-1]) < 100
