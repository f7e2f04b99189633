"""Every example runs, and says what it should."""

import ast
import io
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


STORIES = {"peaks_and_variants.py", "new_head.py", "redo_the_paper.py", "pipeline.sh"}


def test_all_examples_are_here():
    """Those of tests/test_stories.py and what they read, and those below."""
    names = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh", ".ipynb")}
    below = {"quickstart.py", "fine_tune.ipynb", "variants.ipynb", "language_model.py"}
    assert names == below | STORIES | {"toy_data.py"}


@pytest.fixture
def run_script(tmp_path, monkeypatch, capsys):
    """Runs a script in this process, which has its framework, and returns what it prints."""

    def run(name, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_quickstart(run_script):
    told = run_script("quickstart.py")
    lines = {line.split()[0]: line for line in told.splitlines() if line.strip()}
    assert "5 windows x 192 tasks" in told
    assert "|CTCF|" in lines["ctcf_site"] and "|CTCF|" not in lines["random"]
    assert "|JUND|" in lines["ap1_sites"]


@pytest.mark.thorough
@pytest.mark.compiled  # it takes hundreds of steps
def test_language_model(run_script):
    """A repeat is learned to the last base; nothing is learned of a random genome."""
    lines = dict(line.split(": ") for line in run_script("language_model.py", "16").splitlines())
    held_out = {name: float(lines[name].split()[-1]) for name in ("repeat", "random")}
    assert held_out["repeat"] < 1.01 and held_out["random"] >= 4
    assert lines["drawn after AGCTT"] == "GAGGCAGCTTGAGGCAGCTT"


def cells_of(name):
    cells = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert outputs and all(output["output_type"] != "error" for output in outputs)
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def run_notebook(tmp_path, monkeypatch, capsys):
    """Runs the cells of a notebook in this process, without IPython's magic, in a folder of
    its own, and returns what they print and how many pictures they draw."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    monkeypatch.chdir(tmp_path)

    def run(name):
        names, pictures = {"__name__": "__main__"}, 0
        for cell in cells_of(name):
            lines = [line for line in cell.splitlines() if not line.startswith("%")]
            *statements, last = ast.parse("\n".join(lines)).body
            exec(compile(ast.Module(statements, []), name, "exec"), names)
            if shown := isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), name, "eval"), names)
            else:
                exec(compile(ast.Module([last], []), name, "exec"), names)
            figures = [plt.figure(number) for number in plt.get_fignums()]
            for figure in [*figures, *([value] if shown and hasattr(value, "savefig") else [])]:
                picture = io.BytesIO()
                figure.savefig(picture)
                pictures += len(picture.getvalue()) > 10_000
            plt.close("all")
        return capsys.readouterr().out, pictures

    return run


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["fine_tune.ipynb", "variants.ipynb"])
def test_notebooks_in_a_kernel(tmp_path, monkeypatch, name):
    """As a reader runs them; what they say is tested below."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("logomaker")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.delenv("GENOME_KERAS_DATA", raising=False)
    notebook = nbformat.read(EXAMPLES / name, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pictures = [output.get("data", {}).get("image/png") for output in outputs]
    assert len(list(filter(None, pictures))) == {"fine_tune.ipynb": 1, "variants.ipynb": 3}[name]


@pytest.mark.thorough
@pytest.mark.compiled
@pytest.mark.filterwarnings("default")
def test_fine_tune_notebook(run_notebook):
    text, pictures = run_notebook("fine_tune.ipynb")
    assert pictures == 1
    auroc = {
        line.partition("AUROC")[0].strip(): float(line.partition("AUROC")[2].split()[0])
        for line in text.splitlines()
        if "AUROC" in line
    }
    assert auroc["checkpoint"] > 0.8 and auroc["checkpoint"] > auroc["random stacks"] + 0.1


def told_of_variant(done):
    """What the notebook of variants says at its end; all of its pictures must be there."""
    text, pictures = done
    assert pictures == 3
    lines = text.splitlines()
    where, track, factors, letters = (line.partition(": ")[2] or line for line in lines[-4:])
    ref, _, alt = track.rpartition(", ")[2].split()
    return where, track, float(ref), float(alt), factors, letters


@pytest.mark.thorough
@pytest.mark.compiled
@pytest.mark.filterwarnings("default")
def test_variants_notebook_anywhere(run_notebook, monkeypatch):
    """On its own synthetic genome: the planted site is what carries the score."""
    pytest.importorskip("logomaker")
    monkeypatch.delenv("GENOME_KERAS_DATA", raising=False)
    where, track, ref, alt, _, letters = told_of_variant(run_notebook("variants.ipynb"))
    assert where == "chr20:3,010 G>T"
    assert "|CTCF|" in track and ref - alt > 0.3
    assert letters.count(".") < len(letters) - 4
    assert re.search(letters.replace(".", "[ACGT]"), "TGGCCACCAGGGGGCGCTA")  # what was planted


@pytest.mark.thorough  # the same cells as above
@pytest.mark.compiled
@pytest.mark.shared_data
@pytest.mark.filterwarnings("default")
def test_variants_notebook_on_chr20(shared_data, run_notebook, monkeypatch):
    """A CTCF site of the human genome, broken by one letter."""
    pytest.importorskip("logomaker")
    if not (shared_data / "human_genome").is_dir():
        pytest.skip(f"no human_genome in {shared_data}")
    monkeypatch.setenv("GENOME_KERAS_DATA", str(shared_data))
    where, track, ref, alt, factors, letters = told_of_variant(run_notebook("variants.ipynb"))
    assert where == "chr20:22,228,894 G>T"
    assert "|CTCF|" in track and ref > 0.8 and alt < 0.3
    assert "CTCF" in factors and "ZNF143" in factors  # which binds with it
    # The core of CTCF's motif on the other strand, GCCMYCTRSTGG, letter by letter.
    core = ["G", "C", "C", "AC", "CT", "C", "T", "AG", "CG", "T", "G", "G"]
    at = [
        all(letter in f".{known}" for letter, known in zip(letters, core[first:], strict=False))
        for first in range(len(core) - len(letters) + 1)
    ]
    assert any(at) and len(letters) - letters.count(".") >= 5
