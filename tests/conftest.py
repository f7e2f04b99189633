"""Shared set-up: quiet frameworks that compile little, what is freed between files, data."""

import ctypes
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_configure(config):
    # It tells that functions of tf.data are compiled all the same.
    config.addinivalue_line(
        "filterwarnings", "ignore:Even though the `tf.config.experimental_run_functions_eagerly`"
    )


def pytest_collection_finish(session):
    """What modules hold stays; to look at it in every collection costs more than most tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)  # frameworks make many objects, and few circles of them


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A small model is traced and compiled for seconds, and runs for milliseconds."""
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.config.run_functions_eagerly(item.get_closest_marker("compiled") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """Models and compiled functions of a file go before the next one begins."""
    done = yield
    if nextitem is None or nextitem.path != item.path:
        if keras := sys.modules.get("keras"):
            keras.utils.clear_session(free_memory=False)
        gc.collect()
        gc.freeze()  # what frameworks keep is not looked at again: half a second each time
        with suppress(AttributeError, OSError):  # of glibc alone
            ctypes.CDLL(None).malloc_trim(0)
    return done


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
