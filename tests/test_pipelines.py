"""Workflows, containers and the conda recipe against the package; Snakemake runs where it is."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import genome_keras
from genome_keras.cli import _parser

tomllib = pytest.importorskip("tomllib")  # of Python 3.11
ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / "examples" / "pipelines"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEFINITION = (ROOT / "recipe" / "genome_keras.def").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def commands(name):
    """The commands of a workflow, a word in place of what it fills in."""
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    text = re.sub(r'"\s*\n\s*"', "", text)  # literals that Python joins
    return [
        re.sub(r"\$?\{[^}]*\}", "X", found) for found in re.findall(r'"(genome-keras .*)"', text)
    ]


@pytest.mark.parametrize("name", ["Snakefile", "main.nf"])
def test_commands_of_a_workflow_are_ours(name):
    parsed = [_parser().parse_args(shlex.split(command)[1:]) for command in commands(name)]
    assert [options.weights for options in parsed] == ["X", "X"]
    assert parsed[1].region == "X"


def test_both_workflows_do_the_same():
    words = [
        [set(re.findall(r"--\w+", each)) for each in commands(n)] for n in ("Snakefile", "main.nf")
    ]
    assert words[0] == words[1]


def test_snakemake_runs_the_workflow(tmp_path):
    if not shutil.which("snakemake") or not shutil.which("genome-keras"):
        pytest.skip("Snakemake is not installed")
    letters = "ACGT" * 500
    (tmp_path / "g.fa").write_text(f">chr20\n{letters}\n>chr21\n{letters}\n")
    (tmp_path / "r.bed").write_text("chr20\t500\t700\n")
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    rows = [f"{contig}\t301\t.\tA\tT\t.\t.\t.\n" for contig in ("chr20", "chr21")]
    (tmp_path / "v.vcf").write_text(head + "".join(rows))
    given = {"genome": "g.fa", "regions": "r.bed", "variants": "v.vcf", "contigs": "chr20,chr21"}
    given["weights"] = "kmer_logreg.human_chromatin.v1"
    command = ["snakemake", "-s", WORKFLOWS / "Snakefile", "--cores", "1", "--config"]
    command += [f"{name}={value}" for name, value in given.items()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "regions.parquet").stat().st_size > 0
    made = sorted(path.name for path in (tmp_path / "effects").iterdir())
    assert made == ["chr20.vcf.gz", "chr21.vcf.gz"]


def test_the_recipe_asks_for_what_the_package_does():
    """The same packages and bounds; of those with a condition, the one of the oldest Python."""
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
    oldest = recipe["context"]["python_min"]
    asked = dict(line.split(maxsplit=1) for line in recipe["requirements"]["run"])
    python = asked.pop("python").replace("${{ python_min }}", oldest)
    assert python == PROJECT["requires-python"]
    needs = [
        need
        for need in map(Requirement, PROJECT["dependencies"])
        if not need.marker or need.marker.evaluate({"python_version": oldest})
    ]
    known = {need.name.replace("-", "_"): set(str(need.specifier).split(",")) for need in needs}
    assert {
        name.replace("-", "_"): set(bounds.split(",")) for name, bounds in asked.items()
    } == known
    assert recipe["context"]["version"] == genome_keras.__version__
    assert recipe["about"]["license"] == PROJECT["license"]
    (script,) = PROJECT["scripts"].items()
    assert recipe["build"]["python"]["entry_points"] == [" = ".join(script)]


@pytest.mark.parametrize("text", [DOCKERFILE, DEFINITION], ids=["docker", "apptainer"])
def test_a_container_has_a_supported_python_and_known_extras(text):
    version = re.search(r"python:(3\.\d+)-slim", text)[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    extras = re.search(r"EXTRAS=(\S+)|/source\[([a-z,]+)\]", text)
    extras = (extras[1] or extras[2]).split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])


def test_containers_get_all_that_an_installation_reads():
    needed = {"genome_keras", "weights", "pyproject.toml", "setup.py", "README.md", "LICENSE"}
    copied = set(re.findall(r"^ +(\S+) /source/", DEFINITION, re.MULTILINE))
    assert copied == needed
    kept = re.findall(
        r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert needed <= set(kept)
    assert all((ROOT / name).exists() for name in kept)
