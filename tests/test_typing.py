"""What type checkers see of the package; `tests/typing/user_program.py` is read by mypy in CI."""

import ast
from pathlib import Path

import genome_keras

PACKAGE = Path(genome_keras.__file__).parent


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_the_stub_has_every_public_name_from_its_home():
    """`from HOME import NAME as NAME` in `genome_keras/__init__.pyi`, one for each of the table."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    told = {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    missing = [
        f"from {home} import {name} as {name}"
        for name, home in genome_keras._HOMES.items()
        if told.get(name) != home
    ]
    assert not missing, "\n" + "\n".join(missing)
    assert set(told) == set(genome_keras._HOMES)


def test_the_stub_has_nothing_else():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    names = {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}
    assert names | set(genome_keras._HOMES) == {*genome_keras.__all__, "__all__"}
