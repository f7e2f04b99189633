"""The tests of the models again, on each other backend that is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

FILES = [
    "models",
    "recurrent",
    "fast_layers",
    "torch_pass",
    "losses",
    "saved",
    "sequence_model",
    "window_blocks",
    "new_head",
    "kmer_counts",
    "weights",
    "train",
    "fine_tune",
    "cli",
    "clockwork",
    "strands",
    "foreign",
    "deepbind_2015",
    "old_keras",
    "attribution",
    "gradients",
    "ism",
    "shared_convolutions",
    "lm_train",
]
# What no backend changes is not tested on each.
ONCE = ["-k", "not parameter_count and not bad_arguments"]


@pytest.mark.other_backends
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_models_on(backend):
    if backend == keras.backend.backend():
        pytest.skip("this backend runs the tests themselves")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    here = Path(__file__).parent
    files = [str(here / f"test_{name}.py") for name in FILES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *ONCE, *files],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=here.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "[100%]" in done.stdout
