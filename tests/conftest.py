"""Shared set-up: quiet frameworks, the real data sets where they are at hand."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def shared_data():
    """The folder of the real data sets; its tests skip where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GENOME_KERAS_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}; set GENOME_KERAS_DATA")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all examples that hypothesis makes in a module."""
    return tmp_path_factory.mktemp("module")
