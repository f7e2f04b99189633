"""Pages of the site that are made when it is built: models, checkpoints, reference, commands.

mkdocs calls `on_config` and `on_files`; nothing of this needs mkdocs otherwise, or a framework.
"""

import importlib
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this checkout, whatever is installed

import genome_keras  # noqa: E402

# Of public names: those with a table of them, which load nothing.
PACKAGES = [
    importlib.import_module(".".join(path.parent.relative_to(ROOT).parts))
    for path in sorted((ROOT / "genome_keras").rglob("__init__.py"))
    if "\n_HOMES = " in path.read_text(encoding="utf-8")
]
# Page of the reference -> what the modules on it begin with, behind `genome_keras.`
REFERENCE = {
    "Sequences, losses and errors": ("encode", "genome", "losses", "metrics", "scores", "errors"),
    "Files": ("io", "layers"),
    "Data sets": ("datasets", "building"),
    "Checkpoints and sharing": ("weights", "sharing"),
    "Scores and variants": ("scoring", "variants"),
    "Training": ("training",),
    "Evaluation": ("evaluation",),
    "Interpretation": ("interpret", "motifs", "pictures"),
    "Language models": ("lm",),
}


def pages() -> dict[str, dict[str, str]]:
    """Section of the navigation -> path of a page in the site -> its Markdown."""
    return {
        "Tutorials": notebooks(),
        "Models": models(),
        "Checkpoints": checkpoints(),
        "Reference": {**reference(), "reference/commands.md": commands()},
        "About": {f"about/{name.lower()}": text(name) for name in ("CHANGELOG.md",)},
    }


def text(*parts: str) -> str:
    """A file of the checkout."""
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def names() -> list[str]:
    """Of the published checkpoints."""
    return sorted(path.stem for path in (ROOT / "weights").glob("*.v[0-9]*.md"))


def notebooks() -> dict[str, str]:
    """A page for each notebook of the examples, with what it printed and drew."""
    paths = sorted((ROOT / "examples").glob("*.ipynb"))
    return {f"tutorials/notebook_{path.stem}.md": _notebook(path) for path in paths}


def _notebook(path):
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += map(_output, cell.get("outputs", ()))
    return "\n\n".join([*parts, f"This page is the notebook `examples/{path.name}`.", ""])


def _output(output):
    """A picture, or else what was printed or is the value of a cell."""
    data = output.get("data", {})
    if picture := data.get("image/png"):
        return f"![picture](data:image/png;base64,{''.join(picture.split())})"
    return f"```text\n{''.join(output.get('text') or data.get('text/plain', ''))}\n```"


def models() -> dict[str, str]:
    """A page for each factory: its documentation, and the checkpoints that it makes."""
    found = {}
    for model in (name for name, home in genome_keras._HOMES.items() if _room(home) == "models"):
        made = [
            f"- [{name}](../checkpoints/{name}.md)" for name in names() if _maker(name) == model
        ]
        lines = [f"# {model}", "", documented(f"genome_keras.models.{model}.{model}", level=0)]
        lines += ["", "## Checkpoints", "", *(made or ["None is published yet."]), ""]
        found[f"models/{model}.md"] = "\n".join(lines)
    return found


def checkpoints() -> dict[str, str]:
    """The card of each checkpoint, and a page that lists them."""
    lines = ["# Checkpoints", "", "Each page is the card that comes with the weights.", ""]
    lines += [f"- [{name}]({name}.md)" for name in names()]
    cards = {f"checkpoints/{name}.md": text("weights", f"{name}.md") for name in names()}
    return {"checkpoints/index.md": "\n".join([*lines, ""]), **cards}


def reference() -> dict[str, str]:
    """Pages with the docstring of every public name but the models."""
    public = {}
    for package in PACKAGES:
        for name, home in package._HOMES.items():
            public.setdefault(f"{home}.{name}", (package.__name__, name))
    found = {}
    for title, rooms in REFERENCE.items():
        here = {path: public[path] for path in public if _room(path) in rooms}
        lines = [f"# {title}", "", "```python", *_imports(here.values()), "```", ""]
        for path in sorted(here, key=here.get):
            lines += [documented(path, level=2), ""]
        found[f"reference/{_file_name(title)}.md"] = "\n".join(lines)
    return found


def _imports(places):
    """Lines of Python, one for each package of (package, name)."""
    for package in dict.fromkeys(package for package, _ in sorted(places)):
        names = sorted(name for where, name in places if where == package)
        inside = "".join(f"    {name},\n" for name in names)
        yield f"from {package} import (\n{inside})"


def documented(path: str, *, level: int) -> str:
    """What mkdocstrings puts the docstring of a dotted name in place of; level 0: no heading."""
    heading = [f"      heading_level: {level}"] if level else []
    heading += [f"      show_root_heading: {str(bool(level)).lower()}"]
    return "\n".join([f"::: {path}", "    options:", *heading])


def commands() -> str:
    """The help of every command, as a terminal of 96 columns shows it."""
    from genome_keras.cli import COMMANDS, _parser

    os.environ["COLUMNS"] = "96"
    lines = ["# Commands", "", *_help(_parser(), "genome-keras", depth=1)]
    assert all(f"## genome-keras {name}" in lines for name in COMMANDS)
    return "\n".join(lines)


def _help(parser, name, *, depth):
    """Of a parser and of those below it, each under a heading."""
    lines = [f"{'#' * depth} {name}", ""] if depth > 1 else []
    lines += ["```text", parser.format_help().rstrip(), "```", ""]
    below = [action.choices for action in parser._actions if hasattr(action, "_name_parser_map")]
    for word, other in (pair for choices in below for pair in choices.items()):
        lines += _help(other, f"{name} {word}", depth=depth + 1)
    return lines


def _maker(name):
    """The factory of a checkpoint: what its name begins with."""
    return name.partition(".")[0]


def _room(path):
    """The word behind `genome_keras.` of a dotted name."""
    return path.split(".")[1]


def _file_name(title):
    return title.lower().replace(",", "").replace(" ", "_")


def on_config(config):
    """Adds sections of made pages, and to the guide the chapters that mkdocs.yml does not name."""
    sections = {name: entries for entry in config.nav for name, entries in entry.items()}
    named = {page for entries in sections.values() for page in entries}
    chapters = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    sections["Guide"] = [*sections["Guide"], *(name for name in chapters if name not in named)]
    about = sections.pop("About")
    for section, found in pages().items():
        sections[section] = [*sections.get(section, ()), *found]
    sections["About"] = [*about, *sections.pop("About")]
    config.nav = [{name: entries} for name, entries in sections.items()]
    return config


def on_files(files, config):
    """Adds the made pages to those of the folder."""
    from mkdocs.structure.files import File

    for found in pages().values():
        for path, content in found.items():
            files.append(File.generated(config, path, content=content))
    return files
