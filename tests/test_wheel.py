"""The built wheel: what is in it, and that it works away from the checkout."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import genome_keras
from genome_keras.weights.registry import PUBLISHED

ROOT = Path(__file__).parents[1]


def run(*command, **options):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the sources, and the sdist and the wheel that `.ci/build` makes of it."""
    pytest.importorskip("setuptools")
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("building needs setuptools 77 or later")
    folder = tmp_path_factory.mktemp("built")
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder / "source", ignore=left_out)
    build(folder, "first")
    return folder


def build(folder, out):
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    run(ROOT / ".ci" / "build", folder / out, folder / "source", env=environment)


@pytest.fixture(scope="module")
def wheel(built):
    return next((built / "first").glob("*.whl"))


@pytest.mark.thorough
def test_builds_are_reproducible(built):
    os.utime(built / "source" / "setup.py")
    build(built, "second")
    names = sorted(path.name for path in (built / "first").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["whl", "gz"]
    for name in names:
        assert (built / "first" / name).read_bytes() == (built / "second" / name).read_bytes()


@pytest.mark.thorough
def test_sdist_holds_the_sources_and_nothing_else(built, wheel):
    """What the wheel is built from: the package, the checkpoints, and who made it."""
    with tarfile.open(next((built / "first").glob("*.gz"))) as archive:
        members = archive.getmembers()
    names = {m.name.partition("/")[2] for m in members if not m.isdir()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    prefix = "genome_keras/checkpoints/"
    expected = {
        f"weights/{name.removeprefix(prefix)}" if name.startswith(prefix) else name
        for name in packed
    }
    expected |= {"LICENSE", "README.md", "CHANGELOG.md", "MANIFEST.in", "PKG-INFO"}
    expected |= {"pyproject.toml", "setup.py", "setup.cfg"}
    assert {name for name in names if ".egg-info/" not in name} == expected
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {
        (0, 0, "", "", 1700000000)
    }


def test_every_dependency_is_bounded():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = list(project["dependencies"])
    for extra in ("jax", "torch", "plot", "onnx", "parquet"):
        needed += project["optional-dependencies"][extra]
    for line in needed:
        assert re.match(r"[\w.-]+>=[\d.]+,<\d+", line), line


@pytest.mark.thorough
def test_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = {
        f"genome_keras/{path.relative_to(ROOT / 'genome_keras')}"
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in (ROOT / "genome_keras").rglob(pattern)
    }
    for name, entry in PUBLISHED.items():
        ends = (".weights.h5", ".json", ".md", *([".onnx"] if entry.graph_sha256 else []))
        files |= {f"genome_keras/checkpoints/{name}{end}" for end in ends}
    files |= {"genome_keras/checkpoints/SHA256SUMS"}
    tables = {f"genome_keras/checkpoints/{path.name}" for path in ROOT.glob("weights/*.tsv")}
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == files | tables
    assert any(name.endswith("LICENSE") for name in names)
    assert wheel.stat().st_size < 40e6


@pytest.mark.thorough
def test_wheel_predicts_from_elsewhere(wheel, tmp_path):
    home = tmp_path / "installed"
    flags = ["--no-deps", "--no-index", "--disable-pip-version-check"]
    run("-m", "pip", "install", *flags, "--target", home, wheel)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 300))
    (elsewhere / "x.fa").write_text(f">a\n{letters}\n")
    environment = {**os.environ, "PYTHONPATH": str(home)}
    code = "import genome_keras; print(genome_keras.__file__)"
    assert run("-c", code, cwd=elsewhere, env=environment).strip().startswith(str(home))
    name = "bigru_multitask.human_chromatin.v2"
    command = ["-m", "genome_keras", "predict", "x.fa", "--weights", name, "--out", "x.tsv"]
    run(*command, cwd=elsewhere, env=environment)
    table = np.loadtxt(elsewhere / "x.tsv", skiprows=1, usecols=range(3, 195), delimiter="\t")
    model = genome_keras.bigru_multitask(weights=name)
    windows = genome_keras.tokens([letters[i : i + 100] for i in (0, 100, 200)])
    np.testing.assert_allclose(table, model.predict(windows, verbose=0), atol=1e-4)
