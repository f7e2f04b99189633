"""Every example runs, and says what it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_all_examples_are_here():
    names = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")}
    assert names == {"quickstart.py", "fine_tune.ipynb", "language_model.py"}


def test_quickstart(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "quickstart.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "5 records x 192 tasks" in done.stdout
    assert "|CTCF|" in lines["ctcf_site"] and "|CTCF|" not in lines["random"]
    assert "|JUND|" in lines["ap1_sites"]


def test_language_model(tmp_path):
    """A repeat is learned to the last base; nothing is learned of a random genome."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "language_model.py"), "16"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = dict(line.split(": ") for line in done.stdout.splitlines())
    held_out = {name: float(lines[name].split()[-1]) for name in ("repeat", "random")}
    assert held_out["repeat"] < 1.01 and held_out["random"] >= 4
    assert lines["drawn after AGCTT"] == "GAGGCAGCTTGAGGCAGCTT"


@pytest.mark.filterwarnings("default")
def test_fine_tune_notebook(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(EXAMPLES / "fine_tune.ipynb", as_version=4)
    os.environ.setdefault("MPLBACKEND", "agg")
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    text = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())
    )
    auroc = {
        line.partition("AUROC")[0].strip(): float(line.partition("AUROC")[2].split()[0])
        for line in text.splitlines()
        if "AUROC" in line
    }
    assert auroc["checkpoint"] > 0.8 and auroc["checkpoint"] > auroc["random stacks"] + 0.1
