"""Keras loads in silence, and what is wrong with it is still told."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import genome_keras
from genome_keras.errors import GenomeKerasError
from genome_keras.quiet_keras import load_keras, quiet_keras, use_onednn

LOUD = "import os\nos.write(2, b'native greeting\\n')\n"


@pytest.fixture
def loud(tmp_path, monkeypatch):
    """Makes a package that greets, then does what it is told; gives its name."""

    def make(name, then):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(LOUD + then)
        (folder / "part.py").write_text("value = 3\n")
        monkeypatch.setitem(sys.modules, name, None)  # so that it goes again after the test
        del sys.modules[name]
        return name

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_the_first_import_is_quiet_wherever_it_is(loud, capfd):
    name = loud("loud_1", "where = __spec__.loader.path\n")
    before = list(sys.meta_path)
    with quiet_keras(name), quiet_keras(name):
        os.write(2, b"before\n")
        module = __import__(f"{name}.part")
        os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"
    assert module.part.value == 3 and module.where == module.__file__
    assert sys.meta_path == before


def test_outside_of_the_block_nothing_changes(loud, capfd):
    name = loud("loud_2", "")
    before = list(sys.meta_path)
    with quiet_keras(name):
        pass
    assert sys.meta_path == before
    __import__(name)
    assert capfd.readouterr().err == "native greeting\n"


def test_an_import_that_fails_says_all_that_it_said(loud, capfd):
    name = loud("loud_3", "raise ImportError('libcuda.so: wrong ELF class')\n")
    with quiet_keras(name), pytest.raises(ImportError, match="wrong ELF class"):
        __import__(name)
    assert capfd.readouterr().err == "native greeting\n"
    os.write(2, b"still there\n")
    assert capfd.readouterr().err == "still there\n"


def test_a_backend_that_is_not_installed_is_one_line(loud, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    name = loud("loud_4", "import abacus_of_beads\n")
    message = r"loud_4 does not load with KERAS_BACKEND=abacus: No module named 'abacus_of_beads'"
    with quiet_keras(name), pytest.raises(GenomeKerasError, match=message):
        __import__(name)
    with quiet_keras("no_such_keras"), pytest.raises(ModuleNotFoundError):
        __import__("no_such_keras")
    with pytest.raises(GenomeKerasError, match=message):
        load_keras(name)
    assert load_keras("json") is json


def test_no_function_of_the_package_takes_the_descriptors_of_its_caller():
    """Only the program does, which has a process of its own."""
    home = Path(genome_keras.__file__).parent
    switches = re.compile(
        r"os\.dup2\(|redirect_std(out|err)|catch_warnings|set_verbosity|disable_progress_bars"
    )
    found = {
        path.relative_to(home).as_posix()
        for path in home.rglob("*.py")
        if switches.search(path.read_text())
    }
    # htslib has one verbosity, and matplotlib one set of settings; there is no other door.
    assert found - {"io/bcf.py", "pictures/svg_of_figures.py"} == {"cli.py", "quiet_keras.py"}


ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


@pytest.mark.parametrize(
    ("given", "loaded", "machine", "chosen"),
    [
        (None, (), "x86_64", "1"),
        (None, ("keras",), "AMD64", "1"),
        (None, ("tensorflow",), "x86_64", None),  # it has read it
        (None, (), "aarch64", None),
        ("0", (), "x86_64", "0"),
    ],
)
def test_onednn_is_chosen_where_nobody_did(given, loaded, machine, chosen):
    variables = {} if given is None else {ONEDNN: given}
    use_onednn(variables, loaded=loaded, machine=machine)
    assert variables.get(ONEDNN) == chosen


def test_factories_choose_onednn_before_keras_is_loaded():
    """`import genome_keras` alone chooses nothing."""
    environment = {name: value for name, value in os.environ.items() if name != ONEDNN}
    code = f"import os, sys; print('keras' in sys.modules, os.environ.get('{ONEDNN}'))"
    for module, chosen in {"genome_keras": "None", "genome_keras.models": "1"}.items():
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}; {code}"],
            env=environment,
            capture_output=True,
            text=True,
        )
        if platform.machine().lower() in ("x86_64", "amd64"):
            assert done.stdout.split() == ["False", chosen], done.stderr


@pytest.mark.thorough  # a whole program, which loads a framework
def test_a_command_says_nothing_of_the_framework(tmp_path):
    """In a process of its own, with the log level that a user has."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    command = ["lm", "sample", "--weights", "char_rnn.pfalciparum.v1", "--length", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "genome_keras", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(">sample_1\n")
