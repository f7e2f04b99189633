"""The documents against the package: names and files that are there, code that is code."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

import genome_keras

ROOT = Path(__file__).parents[1]
# What a CHANGELOG says of older versions may be gone.
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*.ipynb")),
    *sorted((ROOT / "examples").glob("*.py")),
    *sorted((ROOT / "weights" / "make").glob("*.py")),
    *sorted((ROOT / "weights" / "make" / "data_sets").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.py")),
]
MADE = ("checkpoints", "models", "reference")  # pages of the site, whose links .ci/docs checks
ROOMS = sorted(path.parent.name for path in (ROOT / "genome_keras").glob("*/__init__.py"))
FOLDERS = "genome_keras|tests|docs|benchmarks|examples|weights"


def relative(path):
    return path.relative_to(ROOT).as_posix()


def text_of(path):
    """All of a document; of a notebook its cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return text


def names():
    """Document, dotted name; `interpret.ism` is `genome_keras.interpret.ism`."""
    rooms = "|".join(ROOMS)
    for path in DOCUMENTS:
        text = text_of(path)
        full = re.findall(r"(?<![\w./-])genome_keras((?:\.[A-Za-z_]\w*)+)(?![\w/])", text)
        short = re.findall(rf"`((?:{rooms})(?:\.[A-Za-z_]\w*)+)[`(]", text)
        short = [name for name in short if not name.endswith((".py", ".md"))]
        for name in sorted({*full, *(f".{name}" for name in short)}):
            yield relative(path), f"genome_keras{name}"


def exists(name):
    """Whether a dotted name can be imported, or is an attribute of what can."""
    parts = name.split(".")
    for many in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:many]))
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("genome_keras"):
                pytest.skip(f"{error.name} is not installed")
            continue
        for part in parts[many:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize(("path", "name"), list(names()))
def test_a_name_can_be_imported(path, name):
    assert exists(name), f"{path} names {name}"


def test_names_are_found():
    assert len({name for _, name in names()}) > 40
    assert not exists("genome_keras.no_such") and not exists("genome_keras.io.bed.nothing")


def files():
    for path in DOCUMENTS:
        found = re.findall(rf"(?<![\w./-])((?:{FOLDERS})/[\w./-]*[\w/])", text_of(path))
        for name in sorted(set(found)):
            last = name.rpartition("/")[2]  # examples/s is a rate, and NAME.py is any file
            if "NAME" not in last and (not last or "." in last):
                yield relative(path), name


@pytest.mark.parametrize(("path", "name"), list(files()))
def test_a_file_is_there(path, name):
    assert (ROOT / name).exists(), f"{path} names {name}"


def links():
    """Document, target of a link to another file or to a heading."""
    for path in DOCUMENTS:
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
                if "://" not in target and Path(target).parent.name not in MADE:
                    yield relative(path), target


@pytest.mark.parametrize(("path", "target"), list(links()))
def test_a_link_leads_somewhere(path, target):
    name, _, heading = target.partition("#")
    place = (ROOT / path).parent / name if name else ROOT / path
    assert place.exists(), target
    if heading:
        titles = re.findall(r"^#+ (.+)$", text_of(place), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert heading in anchors, target


def blocks():
    """Document, number, code: ```python blocks, and indented ones that import something."""
    for path in DOCUMENTS:
        if path.suffix != ".md":
            continue
        text = text_of(path)
        found = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        indented = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
        for block in indented:
            code = "\n".join(line[4:] for line in block.split("\n")).strip("\n")
            if re.match(r"(import|from) \w+", code):
                found.append(code)
        for number, code in enumerate(found, 1):
            yield relative(path), number, code


@pytest.mark.parametrize(("path", "number", "code"), list(blocks()))
def test_python_of_a_document(path, number, code):
    """It compiles, and all that it imports is there."""
    tree = ast.parse(code, filename=f"{path}, block {number}")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("genome_keras"):
            for alias in node.names:
                assert exists(f"{node.module}.{alias.name}"), alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("genome_keras"):
                    assert exists(alias.name), alias.name


def test_changelog_names_what_there_is_now():
    """Behind an arrow, `old` -> `new`, is a name of this version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in re.findall(r"(?:->|→) `(genome_keras(?:\.\w+)+)`", text):
        assert exists(name), name


def test_public_names_come_from_their_homes():
    for name, home in genome_keras._HOMES.items():
        assert exists(f"{home}.{name}"), f"{name}: {home}"
