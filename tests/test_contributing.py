"""CONTRIBUTING.md: every line of its checklists is held by a test, most of them here.

What must be there is read from the code and the files, never from a list of our own. Nothing
here loads a framework.
"""

import ast
import hashlib
import importlib
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import COMMANDS, _parser
from genome_keras.interpret.methods import METHODS
from genome_keras.scoring.numpy_models import NUMPY_MODELS
from genome_keras.sharing.verify import HEADINGS
from genome_keras.weights.calibration import SUFFIX as CALIBRATION
from genome_keras.weights.graphs import SUFFIX as GRAPH
from genome_keras.weights.locations import SUFFIXES
from genome_keras.weights.registry import PUBLISHED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "genome_keras"
WEIGHTS = ROOT / "weights"
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DOCS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
LISTS = ("architecture", "checkpoint", "file format", "command", "method of interpretation")
HEAVY = ("keras", "tensorflow", "jax", "torch", "onnxruntime", "pandas", "sklearn", "matplotlib")


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def suite():
    """Stem of each test file -> its tree."""
    return {path.stem: tree(path) for path in sorted((ROOT / "tests").glob("test_*.py"))}


def functions(module):
    """Public functions of a module's tree."""
    return {
        node.name: node
        for node in module.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


@cache
def imported(module):
    """Modules and names that a tree imports, with dots."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@cache
def words(module):
    """Everything in a tree that is a name, an attribute or a text."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def literal(stem, name):
    """The value of a constant of a test file."""
    for node in suite()[stem].body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"no {name} in tests/{stem}.py")


def keys(stem, name):
    """The keys of a dict of a test file, whatever its values are."""
    for node in suite()[stem].body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return {ast.literal_eval(key) for key in node.value.keys}
    raise AssertionError(f"no {name} in tests/{stem}.py")


def section(text, heading):
    """What is under a heading, up to the next of its level."""
    mark = heading.partition(" ")[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, heading
    return rest.partition(f"\n{mark} ")[0]


def rows(text):
    """First cells of the rows of tables, as they are written."""
    return re.findall(r"^\| ((?:[^|\\]|\\.)+) \|", text, re.MULTILINE)


# The guide itself


def items():
    for part in LISTS:
        text = section(GUIDE, f"## A new {part}")
        for item in text.split("\n- [ ] ")[1:]:
            yield part, " ".join(item.split())


def test_the_guide_has_five_lists():
    headings = re.findall(r"^## A new (.+)$", GUIDE, re.MULTILINE)
    assert tuple(headings) == LISTS
    assert all(sum(part == name for name, _ in items()) >= 4 for part in LISTS)


@pytest.mark.parametrize(("part", "item"), list(items()))
def test_every_line_of_the_guide_names_a_test_that_there_is(part, item):
    named = re.search(r"\((`test_\w+`(?:, `test_\w+`)*)\)", item)
    assert named, item
    known = set().union(*(functions(module) for module in suite().values()))
    for name in re.findall(r"`(test_\w+)`", named[1]):
        assert name in known, name


# A new architecture


@pytest.mark.parametrize("name", genome_keras.MODELS)
def test_a_model_tells_its_source(name):
    text = ast.get_docstring(functions(tree(PACKAGE / "models" / f"{name}.py"))[name])
    for heading in ("Args:", "Returns:", "Source:"):
        assert f"\n{heading}" in text, f"{name}: {heading}"


@pytest.mark.parametrize("name", genome_keras.MODELS)
def test_a_model_is_in_the_documents(name):
    """With its parameters."""
    assert re.search(rf"^\| `{name}` \|.*\| [\d,]+[^|]*\|$", DOCS["models"], re.MULTILINE), name


def test_models_and_methods_run_on_every_backend():
    assert {"models", "attribution"} <= set(literal("test_backends", "FILES"))


@pytest.mark.parametrize("name", genome_keras.MODELS)
def test_a_model_is_exported(name):
    used = set().union(*(words(test) for stem, test in suite().items() if "export" in stem))
    assert name in used, name


# A new checkpoint


def test_every_checkpoint_is_registered():
    """Every file in weights/ has an entry; entries without files lie on the Hub."""
    here = {path.name.removesuffix(".weights.h5") for path in WEIGHTS.glob("*.weights.h5")}
    assert here <= set(PUBLISHED)
    for name, entry in PUBLISHED.items():
        assert name in here or entry.hub, f"{name}: neither here nor on the Hub"
        assert len(entry.citation) > 20 and "CITE" not in entry.citation, name
        assert name.partition(".")[0] in genome_keras.MODELS, name
        assert re.fullmatch(r"\w+\.\w+\.v\d+", name), name


def test_bytes_are_those_of_the_sums_and_of_the_registry():
    lines = (WEIGHTS / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    ends = (SUFFIXES["weights"], SUFFIXES["json"], GRAPH, CALIBRATION)
    assert set(sums) == {path.name for path in WEIGHTS.iterdir() if path.name.endswith(ends)}
    for name, digest in sums.items():
        found = (WEIGHTS / name).read_bytes()
        assert hashlib.sha256(found).hexdigest() == digest, name
        entry = PUBLISHED[name.removesuffix(next(end for end in ends if name.endswith(end)))]
        if name.endswith((GRAPH, CALIBRATION)):
            of_graph = name.endswith(GRAPH)
            assert (entry.graph_sha256 if of_graph else entry.calibration_sha256) == digest, name
            continue
        of_json = name.endswith(ends[1])
        told = (entry.json_sha256, entry.json_size) if of_json else (entry.sha256, entry.size)
        assert told == (digest, len(found)), name


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_checkpoint_has_a_graph(name):
    """Or is of an architecture that NumPy computes; so no framework is loaded to score with it."""
    by_numpy = name.partition(".")[0] in NUMPY_MODELS
    assert (PUBLISHED[name].graph_sha256 is None) == by_numpy


def cards():
    return sorted(path.name.removesuffix(".weights.h5") for path in WEIGHTS.glob("*.weights.h5"))


def description(name):
    return json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", cards())
def test_a_card_has_every_section(name):
    text = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    for heading in HEADINGS:
        assert len(section(text, f"## {heading}").strip()) > 20, heading


@pytest.mark.parametrize("name", cards())
def test_a_checkpoint_has_a_probe_and_scores(name):
    config = description(name)
    window = config["window"] or 60
    assert config["name"] == name and config["license"] in ("Apache-2.0", "BSD-3-Clause")
    assert (config["license"] == "Apache-2.0") == ("imported_from" not in config)
    assert [len(letters) for letters in config["probe"]] == [window, window]
    assert set(config["probe"][1][window // 4 : window // 2]) == {"N"}
    shape = (2, window, 4) if config["window"] is None else (2, len(config["tasks"]))
    assert np.shape(config["probe_scores"]) == shape
    assert config["held_out"] and ("all" in config["held_out"] or "imported_from" in config)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_a_checkpoint_is_in_the_changelog(name):
    """By its name, or as `ARCHITECTURE.DATA.*`."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    architecture, data, _ = name.split(".")
    assert f"`{name}`" in text or f"{architecture}.{data}" in text, name


# A new file format


def formats():
    return sorted(path for path in (PACKAGE / "io").glob("*.py") if path.stem != "__init__")


@cache
def uses(name):
    """Modules of the package that a module imports, by name."""
    path = ROOT / Path(*name.split("."))
    path = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    return (
        {found for found in imported(tree(path)) if is_module(found)} if path.is_file() else set()
    )


def is_module(name):
    path = ROOT / Path(*name.split("."))
    return name.startswith("genome_keras.") and path.with_suffix(".py").is_file()


@cache
def direct(stem):
    """Modules that a test imports, by themselves or by the public names of the package."""
    test = suite()[stem]
    names = imported(test) | {genome_keras._HOMES[x] for x in words(test) if x in HOMES}
    return {name for name in names if is_module(name)}


HOMES = genome_keras._HOMES


@cache
def reached(stem):
    """Those, what they import, and what of io is imported for that."""
    found = direct(stem).union(*(uses(name) for name in direct(stem)))
    while more := set().union(*(uses(x) for x in found if ".io." in x)) - found:
        found |= more
    return found


def importers(module, *, directly=False):
    """Stems of the tests that use a module of io."""
    of = direct if directly else reached
    return [stem for stem in suite() if f"genome_keras.io.{module}" in of(stem)]


def reads(module):
    """Whether a module of io has a public function that reads a file of the user."""
    return any(
        re.fullmatch(r"read|read_\w+|open_genome|variables|chunks|texts|rows", name)
        for name in functions(module)
    )


@pytest.mark.parametrize("path", formats(), ids=lambda path: path.stem)
def test_every_format_has_a_test(path):
    assert importers(path.stem), f"no test imports {path.name}"


@pytest.mark.parametrize(
    "path", [path for path in formats() if reads(tree(path))], ids=lambda path: path.stem
)
def test_every_reader_is_given_damaged_files(path):
    errors = {"FormatError", "GenomeKerasError", "SequenceError"}
    assert any(errors & words(suite()[stem]) for stem in importers(path.stem, directly=True))


def doors():
    """What is read or written -> "read" or "write" -> (module, name of the function)."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in functions(tree(path)):
            if match := re.fullmatch(r"(read|write)_(\w+)", name):
                place = ".".join(path.relative_to(ROOT).with_suffix("").parts), name
                found.setdefault(match[2], {}).setdefault(match[1], []).append(place)
    return found


def pairs():
    """Of formats; words that are none of one format are left out."""
    found = {what: of for what, of in doors().items() if len(of) == 2}
    return {what: found[what] for what in set(found) - {"json", "table", "text", "rows"}}


@pytest.mark.parametrize("what", sorted(pairs()))
def test_reader_and_writer_are_in_one_module(what):
    (reader, _), *_ = pairs()[what]["read"]
    assert [place for place, _ in pairs()[what]["write"]] == [reader]


@pytest.mark.parametrize("what", sorted(pairs()))
def test_what_is_written_is_read_in_a_test(what):
    names = {f"read_{what}", f"write_{what}"}
    assert any(names <= words(module) for module in suite().values()), what


def test_there_are_pairs():
    assert {"scores", "attributions"} <= set(pairs())


# A new command


def parsers(parser=None, path=()):
    """Every command and action with its parser."""
    for action in (parser or _parser())._actions:
        if isinstance(action.choices, dict):
            for name, below in action.choices.items():
                yield (*path, name), below
                yield from parsers(below, (*path, name))


def test_every_command_is_in_the_program():
    files = {path.stem for path in (PACKAGE / "commands").glob("*.py")}
    assert {stem for stem in files if not stem.startswith("_")} == set(COMMANDS)
    assert {path[0] for path, _ in parsers()} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_in_the_readme(name):
    cells = rows(section(README, "## Commands"))
    # A row may tell of several: `genome-keras filters IN.fa ...`, `modisco IN.h5`.
    started = [command for cell in cells for command in re.findall(r"`([^`]+)`", cell)]
    assert any(command.removeprefix("genome-keras ").split()[0] == name for command in started)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_an_example(name):
    """A line of a code block that starts with it, or `genome-keras NAME ARGUMENT` in a text."""
    text = "\n".join([README, *DOCS.values()])
    assert re.search(rf"^ *(?:\S+=\S+ )*genome-keras {name} \S", text, re.MULTILINE) or re.search(
        rf"`genome-keras {name} [^`]+`", text
    ), name


def test_a_command_has_help():
    lines = " ".join(_parser().format_help().split())
    for name in COMMANDS:
        assert re.search(rf" {name} \w", lines), name
    for path, parser in parsers():
        for action in parser._actions:
            told = action.help or action.metavar or action.choices or action.nargs
            assert told or action.option_strings, (path, action.dest)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_nothing_heavy(name):
    module = tree(PACKAGE / "commands" / f"{name}.py")
    at_once = ast.Module([node for node in module.body if "Import" in type(node).__name__], [])
    assert not {found.partition(".")[0] for found in imported(at_once)} & set(HEAVY)


# A new method of interpretation


def test_the_command_takes_every_method():
    parser = dict(parsers())[("attribute",)]
    (option,) = (action for action in parser._actions if action.dest == "method")
    assert set(option.choices) == set(METHODS)


@pytest.mark.parametrize(("name", "of"), list(METHODS.items()))
def test_a_method_tells_its_source(name, of):
    assert re.search(r"\n\s*Source: \S", of.__doc__), name
    assert of.__dataclass_params__.frozen


@pytest.mark.parametrize("name", list(METHODS))
def test_a_method_is_in_the_documents(name):
    table = section(DOCS["interpretation"], "## Attribution by gradients and by occlusion")
    assert any(cell.startswith(f"`{name}`") for cell in rows(table)), name
    assert name in dir(importlib.import_module("genome_keras.interpret")) or METHODS[name]


@pytest.mark.parametrize("name", list(METHODS))
def test_a_method_is_tested(name):
    found = words(suite()["test_attribution"])
    assert name in found or METHODS[name].__name__ in found


# Who wrote this


def test_the_citation():
    """CITATION.cff names this version, and the paper that is implemented."""
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0" and cited["type"] == "software"
    assert cited["title"].startswith("genome_keras")
    assert cited["version"] == genome_keras.__version__
    assert cited["license"] == "Apache-2.0"
    assert [author["name"] for author in cited["authors"]] == ["genome_keras developers"]
    (paper,) = cited["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Zhang", "Kamath"]
    assert paper["title"] == "Learning the Language of the Genome using RNNs"
    assert paper["year"] == 2016 and paper["type"] == "report"
    assert paper["institution"]["name"] == "Stanford University"
