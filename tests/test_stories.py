"""The examples that tell a user's whole story: short, and they run."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
STORIES = ("peaks_and_variants.py", "new_head.py", "redo_the_paper.py", "pipeline.sh")


@pytest.fixture
def run_story(tmp_path, monkeypatch, capsys):
    """Runs a story in this process, which has its framework, and returns what it prints."""

    def run(name):
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(EXAMPLES))
        monkeypatch.setattr(sys, "argv", [name])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("name", [*STORIES, "pipelines/Snakefile", "pipelines/main.nf"])
def test_a_story_is_short(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 25


def values(told, word):
    """Name -> the number behind a word in each line `NAME: ... WORD X`."""
    lines = [line.split(": ") for line in told.splitlines() if f"{word} " in line]
    return {name: float(rest.split(f"{word} ")[1].split(",")[0]) for name, rest in lines}


@pytest.mark.thorough
@pytest.mark.compiled
def test_peaks_and_variants(run_story, tmp_path):
    """The model is ahead of GC content on planted sites, and a broken site loses its score."""
    auroc = values(run_story("peaks_and_variants.py"), "AUROC")
    assert auroc["model"] > 0.9 > auroc["gc"]
    header, *rows = [line.split("\t") for line in Path("effects.tsv").read_text().splitlines()]
    effect = [float(row[header.index("CTCF")]) for row in rows]
    assert len(rows) == 6 and {row[header.index("status")] for row in rows} == {"ok"}
    assert max(map(abs, effect[0::2])) > max(map(abs, effect[1::2]))  # in a site, beside one
    assert {"quality.html", "variants.html"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.thorough
def test_new_head(run_story):
    pytest.importorskip("pandas")
    assert float(run_story("new_head.py").split()[-1]) > 0.9
    assert Path("scores.csv").read_text().count("\n") == 101 and Path("mine.keras").exists()


@pytest.mark.thorough
def test_redo_the_paper(run_story):
    """Two epochs of four units learn next to nothing; the baseline is fitted to its optimum."""
    perplexity = values(run_story("redo_the_paper.py"), "perplexity")
    assert {"network", "kmers", "gc", "prior"} <= perplexity.keys()
    assert perplexity["kmers"] < perplexity["network"]
    assert Path("scores.html").exists()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")
def test_pipeline(tmp_path):
    command = [
        "bash",
        str(EXAMPLES / "pipeline.sh"),
        str(EXAMPLES / "demo.fa"),
        str(tmp_path / "out"),
    ]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    best = [line.split("\t")[0] for line in (tmp_path / "out/best.tsv").read_text().splitlines()]
    assert len(best) == len(set(best)) == 5
    assert "position 5 (1-based): '!'" in done.stderr  # the wrong file, told in one line
    assert not (tmp_path / "out/wrong.tsv").exists()
