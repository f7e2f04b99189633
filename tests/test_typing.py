"""What type checkers see of the package; `tests/typing/user_program.py` is read by mypy in CI."""

import ast
import importlib
from pathlib import Path

import pytest

import genome_keras

PACKAGE = Path(genome_keras.__file__).parent
# Rooms whose names are loaded when they are first used, which a checker does not see.
ROOMS = [
    path.parent.name
    for path in PACKAGE.glob("*/__init__.py")
    if "lazy_names(" in path.read_text(encoding="utf-8")
]


def names_of(stub):
    """Name -> module of each `from HOME import NAME as NAME`."""
    return {
        alias.name: node.module
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_there_are_rooms():
    assert {"datasets", "interpret", "variants", "weights"} <= {*ROOMS}


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_a_stub_has_every_public_name_from_its_home(room):
    """`from HOME import NAME as NAME` in `__init__.pyi`, one for each name of the table."""
    package = importlib.import_module(f"genome_keras.{room}".rstrip("."))
    told = names_of(PACKAGE / room / "__init__.pyi")
    missing = [
        f"from {home} import {name} as {name}"
        for name, home in package._HOMES.items()
        if told.get(name) != home
    ]
    assert not missing, "\n" + "\n".join(missing)
    assert set(told) == set(package._HOMES)


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_dir_and_help_see_every_public_name(room):
    package = importlib.import_module(f"genome_keras.{room}".rstrip("."))
    assert set(package._HOMES) <= set(dir(package)) & set(package.__all__)


def test_the_stub_has_nothing_else():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    names = {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}
    assert names | set(genome_keras._HOMES) == {*genome_keras.__all__, "__all__"}
