"""The shape of the package: lazy imports, arrows between rooms, names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support.rooms import LEVELS, level, room

import genome_keras

HOME = Path(genome_keras.__file__).parent
HEAVY = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "h5py", "sklearn")

ROOMS = {path.stem for path in HOME.iterdir()}
ROOMS -= {"__init__", "__main__", "__pycache__", "checkpoints", "py"}
# Rooms that know nothing of Keras: their laws are tested in milliseconds.
SEQUENCES = {"encode", "genome", "windows", "io", "datasets", "building", "scores", "arguments"}


def modules():
    for path in sorted(HOME.rglob("*.py")):
        if path.parent.name != "checkpoints":
            yield path, ".".join(path.relative_to(HOME).with_suffix("").parts)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


SAY_NOTHING = {"found", "of", "one", "every"}  # of a local: it says what it holds
OLD_MODULES = {"origins", "parts", "spans", "guard", "checks", "overlap", "stacks"}
OLD_MODULES |= {"utils", "helpers", "common", "misc"}


def locals_of(path):
    """Name -> its first line, of all that functions and modules of a file assign or take."""
    lines = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines.setdefault(node.id, node.lineno)
        elif isinstance(node, ast.arg):
            lines.setdefault(node.arg, node.lineno)
    return lines


def test_names_say_what_is_there():
    """Of modules, and of locals and arguments in them."""
    poor = [
        f"{path}:{n}: {name}"
        for path, _ in modules()
        for name, n in locals_of(path).items()
        if name in SAY_NOTHING
    ]
    poor += [str(path) for path, _ in modules() if path.stem.lstrip("_") in OLD_MODULES]
    assert not poor, "\n".join(poor)


def test_every_room_has_a_level():
    assert set.union(*LEVELS) == ROOMS


@pytest.mark.parametrize(
    ("path", "module"), list(modules()), ids=lambda x: str(x).rpartition("/")[2]
)
def test_arrows_point_down(path, module):
    if module in ("__init__", "__main__"):
        return
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "genome_keras" and room(rest) in ROOMS - {room(module)}:
            assert level(room(module)) < level(room(rest)), f"{module} imports {name}"
        if room(module) in SEQUENCES:
            assert top not in ("keras", "tensorflow", "jax", "torch"), f"{module} imports {name}"


@pytest.mark.parametrize("command", ["import genome_keras", "import genome_keras.cli"])
def test_importing_loads_no_framework(command):
    code = f"{command}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & set(HEAVY)
    assert "genome_keras" in loaded


def test_help_loads_no_framework():
    code = (
        "import sys\nfrom genome_keras.cli import main\n"
        "try: main(['predict', '--help'])\nexcept SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: genome-keras predict" in done.stdout
    assert not set(done.stdout.split()) & set(HEAVY)


@pytest.mark.parametrize("name", genome_keras.__all__)
def test_public_names_exist(name):
    assert getattr(genome_keras, name) is not None
    assert name in dir(genome_keras)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        genome_keras.nothing  # noqa: B018


def test_every_model_file_is_in_the_registry():
    files = {path.stem for path in (HOME / "models").glob("*.py") if not path.stem.startswith("_")}
    assert files == {*genome_keras.MODELS, *genome_keras.SIGNAL_MODELS}


def test_every_file_is_in_the_package_list():
    """Folders of the package that pyproject.toml forgot would be missing in the wheel."""
    tomllib = pytest.importorskip("tomllib")
    path = Path(__file__).parents[1] / "pyproject.toml"
    listed = set(tomllib.loads(path.read_text())["tool"]["setuptools"]["packages"])
    found = {"genome_keras", "genome_keras.checkpoints"}
    source = path.parent / "genome_keras"
    found |= {f"genome_keras.{p.parent.name}" for p in source.glob("*/__init__.py")}
    assert listed == found
