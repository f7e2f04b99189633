"""Every public function and class has a docstring, types and an example that doctest can run."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "genome_keras"
# Commands are called by the program alone.
LEFT_OUT = ("commands",)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CALLED = ("__init__", "__call__")  # methods that a caller calls by another name


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if not any(part.startswith("_") or part in LEFT_OUT for part in name.split("/")):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def public(kinds):
    """Name with its module -> tree of what is public at the top of a public module."""
    return {
        f"{module}.{node.name}": node
        for module, tree in modules()
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    }


def methods(tree):
    return [node for node in tree.body if isinstance(node, FUNCTIONS)]


def has_example(node):
    """In its docstring; of a class, also in that of a method."""
    every = [node, *methods(node)] if isinstance(node, ast.ClassDef) else [node]
    return any(">>> " in (ast.get_docstring(each) or "") for each in every)


def has_types(node):
    """Of all arguments and the result; of a class, those of its public methods."""
    if isinstance(node, ast.ClassDef):
        names = [each for each in methods(node) if each.name[0] != "_" or each.name in CALLED]
        return all(map(has_types, names))
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    every = [one for one in every if one is not None and one.arg not in ("self", "cls")]
    return node.returns is not None and all(one.annotation for one in every)


CHECKS = {"a docstring": ast.get_docstring, "an example": has_example, "types": has_types}


@pytest.mark.parametrize("kinds", [FUNCTIONS, ast.ClassDef], ids=["functions", "classes"])
@pytest.mark.parametrize("what", CHECKS)
def test_nothing_public_lacks(what, kinds):
    found = public(kinds)
    assert len(found) > 100  # else the search is wrong
    lacking = [name for name, node in found.items() if not CHECKS[what](node)]
    assert not lacking, f"{len(lacking)} lack {what}:\n" + "\n".join(lacking)


@pytest.mark.parametrize(
    ("source", "example", "types"),
    [
        ("def f(a): pass", False, False),
        ("def f(a: int, *, b: str = 'x') -> None:\n    '''>>> f(1)'''", True, True),
        ("def f(a: int, *b) -> None:\n    '''Text.'''", False, False),
        ("def f(**given: int): pass", False, False),
        ("class A:\n    def f(self) -> None:\n        '''>>> A().f()'''", True, True),
        ("class A:\n    '''>>> A(1)'''\n    def __init__(self, a): pass", True, False),
        ("class A:\n    def _f(self, a): pass", False, True),
    ],
)
def test_what_is_looked_for(source, example, types):
    (node,) = ast.parse(source).body
    assert (has_example(node), has_types(node)) == (example, types)
