"""The site of the documentation: what its pages hold. `.ci/docs` builds it."""

import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import genome_keras
from genome_keras.cli import COMMANDS, _parser
from genome_keras.weights.registry import PUBLISHED

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@cache
def made():
    """docs/_pages.py, which mkdocs calls."""
    found = importlib.util.spec_from_file_location("_pages", DOCS / "_pages.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@cache
def pages():
    """Path in the site -> Markdown of what is made when it is built."""
    return {path: text for found in made().pages().values() for path, text in found.items()}


def in_navigation(entries):
    """Paths of the pages of a navigation."""
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from in_navigation(value) if isinstance(value, list) else [value]


def test_every_public_name_is_in_the_reference_once():
    found = re.findall(r"^::: (\S+)$", "\n".join(pages().values()), re.MULTILINE)
    homes = [f"{home}.{name}" for each in made().PACKAGES for name, home in each._HOMES.items()]
    known = {package.__name__.rpartition(".")[2] for package in made().PACKAGES}
    assert known >= {"genome_keras", "interpret", "datasets", "weights"} and len(homes) > 100
    assert sorted(found) == sorted(set(homes))


def test_every_checkpoint_has_its_card_and_every_model_its_checkpoints():
    for name in PUBLISHED:
        card = (ROOT / "weights" / f"{name}.md").read_text(encoding="utf-8")
        assert pages()[f"checkpoints/{name}.md"] == card
        assert f"({name}.md)" in pages()["checkpoints/index.md"]
        assert f"(../checkpoints/{name}.md)" in pages()[f"models/{name.partition('.')[0]}.md"]
    assert {f"models/{name}.md" for name in genome_keras.MODELS} <= pages().keys()


def test_every_command_has_its_help():
    text = pages()["reference/commands.md"]
    assert all(f"\n## genome-keras {name}\n" in text for name in COMMANDS)
    assert "\n### genome-keras lm train\n" in text


def test_every_page_is_in_the_navigation():
    """Those of mkdocs.yml, chapters that it does not name, and the made ones, each once."""
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    nav = made().on_config(SimpleNamespace(nav=settings["nav"])).nav
    assert sorted(in_navigation(nav)) == sorted([*written, *pages()])
    names = ["Start", "Tutorials", "Guide", "Results", "Models", "Checkpoints", "Reference"]
    assert [name for entry in nav for name in entry] == [*names, "About"]


def commands():
    """Document, command: lines of a terminal in the tutorials, long ones put together."""
    for path in [DOCS / "index.md", *sorted((DOCS / "tutorials").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"^```(?:bash)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("genome-keras "):
                    yield path.name, line


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_a_command_of_a_tutorial_is_one(page, command):
    words = shlex.split(command.partition(" | ")[0].partition(" > ")[0], comments=True)
    assert _parser().parse_args(words[1:]).run


def test_docstrings_are_rewritten_for_griffe():
    pytest.importorskip("griffe")
    found = importlib.util.spec_from_file_location("_docstrings", DOCS / "_docstrings.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    text = "One.\n\nArgs:\n    a, b: bp,\n        each.\n\n"
    text += "Source: A 2016,\n    and B.\n\nExample:\n    >>> 1\n    1"
    assert module.as_griffe_reads(text) == (
        "One.\n\nArgs:\n    a: bp,\n        each.\n    b: bp,\n        each.\n\n"
        "**Source** A 2016, and B.\n\nExamples:\n    >>> 1\n    1"
    )
