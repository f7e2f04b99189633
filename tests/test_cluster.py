"""Scores by Ray: the rows of one process, each once, whatever dies."""

import base64
import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.toy import Toy

import genome_keras
from genome_keras import predict_fasta
from genome_keras.cli import main
from genome_keras.cluster import run
from genome_keras.cluster.folder import Folder
from genome_keras.cluster.workers import AlleleWorker, WindowWorker, allele_fields, allele_of
from genome_keras.errors import FormatError, GenomeKerasError, SequenceError
from genome_keras.genome import Variant
from genome_keras.io.vcf_alleles import Malformed
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.sharing.pretrained import save_pretrained
from genome_keras.variants.score_variants import score_vcf

parquet = pytest.importorskip("pyarrow.parquet")
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra ray is not installed"
)
WINDOW = 20
TOY = Toy(WINDOW)
LENGTHS = {"chr1": 1_503, "a/b": 20, "short": 7, "chr2": 611}
GENOME = {
    name: "".join(np.random.default_rng(seed).choice(list("ACGTN"), length))
    for seed, (name, length) in enumerate(LENGTHS.items())
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=3, k=(1, 2), seed=1)
    return save_pretrained(model, tmp_path_factory.mktemp("saved") / "m", tasks=["a", "b", "c"])


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{name}\n{seq}\n" for name, seq in GENOME.items()))
    return path


@pytest.fixture
def vcf(tmp_path):
    """Substitutions of every contig, one of another letter than the genome has."""
    path = tmp_path / "v.vcf"
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for name, seq in GENOME.items():
        for at in range(3, len(seq), 11):
            ref = seq[at] if at % 5 else "ACGT".replace(seq[at], "")[0]
            alt = "ACGT".replace(ref, "")[at % 3]
            lines.append(f"{name}\t{at + 1}\t.\t{ref}\t{alt},<DEL>\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n")
    return path


ALONE = {"workers": 0}  # the workers' parts, done in this process, without Ray


def rows(path):
    """The rows of a file, or of all parts of a folder in their order."""
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob("*/*.parquet"), key=lambda p: p.name)
    return [row for file in files for row in parquet.ParquetFile(file).read().to_pylist()]


def close(found, wanted):
    """The same rows in the same order; numbers to 1e-5."""
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            same = pytest.approx(other[name], abs=1e-5) if isinstance(value, float) else other[name]
            assert value == same


@pytest.mark.parametrize("part", [3, 10_000])
@pytest.mark.parametrize("stride", [7, 20, 33])
@pytest.mark.parametrize("on_short", ["pad", "skip"])
def test_parts_are_what_one_process_writes(genome, tmp_path, part, stride, on_short):
    how = {"weights": Toy(WINDOW), "stride": stride, "on_short": on_short}
    wanted = predict_fasta(genome, tmp_path / "o.parquet", **how).windows
    done = run.predict_genome(genome, tmp_path / "o", part=part, **how, **ALONE)
    assert done.rows == wanted
    assert rows(tmp_path / "o") == rows(tmp_path / "o.parquet")


def test_untrained_tasks_are_left_out_unless_asked_for(genome, tmp_path):
    sizes = {"window": WINDOW, "tasks": 3, "k": (1,)}
    saved = tmp_path / "m.weights.h5"
    genome_keras.kmer_logreg(**sizes).save_weights(saved)
    about = {"architecture": "kmer_logreg", "arguments": sizes, "tasks": ["a", "b", "c"]}
    (tmp_path / "m.json").write_text(json.dumps(about | {"untrained": ["b"]}))
    how = {"weights": saved, "on_short": "skip", **ALONE}
    for all_tasks, columns in (False, ["a", "c"]), (True, ["a", "b", "c"]):
        run.predict_genome(genome, tmp_path / f"o{all_tasks}", all_tasks=all_tasks, **how)
        assert list(rows(tmp_path / f"o{all_tasks}")[0])[3:] == columns


def test_chosen_tasks_of_windows(genome, tmp_path):
    model = Toy(WINDOW, ["x|CTCF", "y|CTCF", "x|MAX"])
    how = {"weights": model, "on_short": "skip", "tasks": ["target=MAX", "y|*"]}
    predict_fasta(genome, tmp_path / "o.parquet", **how)
    run.predict_genome(genome, tmp_path / "o", **how, **ALONE)
    assert list(rows(tmp_path / "o")[0])[3:] == ["x|MAX", "y|CTCF"]
    assert rows(tmp_path / "o") == rows(tmp_path / "o.parquet")


@pytest.mark.parametrize("region", ["chr1:100-200", "chr2", "a/b"])
def test_alleles_of_a_region(genome, vcf, tmp_path, region):
    how = {"genome": genome, "weights": TOY, "region": region}
    score_vcf(vcf, tmp_path / "o.parquet", **how)
    run.score_variants(vcf, tmp_path / "o", part=4, **how, **ALONE)
    close(rows(tmp_path / "o"), rows(tmp_path / "o.parquet"))


@pytest.mark.parametrize("tasks", [None, ["c", "a"]])
@pytest.mark.parametrize("effect", ["diff", "logodds", "both"])
def test_alleles_are_what_one_process_writes(genome, vcf, tmp_path, effect, tasks, part=9):
    model = Toy(WINDOW, ["a", "b", "c"])
    how = {"genome": genome, "weights": model, "effect": effect, "tasks": tasks}
    score_vcf(vcf, tmp_path / "o.parquet", **how)
    done = run.score_variants(vcf, tmp_path / "o", part=part, **how, **ALONE)
    close(rows(tmp_path / "o"), rows(tmp_path / "o.parquet"))
    assert done.rows == len(rows(tmp_path / "o")) and done.parts > len(GENOME)


def test_a_summary_is_that_of_one_process(genome, vcf, tmp_path):
    model = Toy(WINDOW, ["K562|DNase|None", "K562|CTCF|None", "A549|DNase|None"])
    how = {"genome": genome, "weights": model, "summary": ["cell=K562"], "effect": "logodds"}
    score_vcf(vcf, tmp_path / "o.parquet", **how)
    run.score_variants(vcf, tmp_path / "o", part=9, **how, **ALONE)
    close(rows(tmp_path / "o"), rows(tmp_path / "o.parquet"))
    assert "summary" in rows(tmp_path / "o")[0]
    with pytest.raises(ValueError, match="no accessible chromatin"):
        run.score_variants(vcf, tmp_path / "p", **how | {"summary": "K562|CTCF|None"}, **ALONE)
    assert not (tmp_path / "p").exists()


@pytest.mark.thorough
def test_the_page_is_that_of_one_process(genome, vcf, tmp_path):
    """Also where all parts were there before; its effects are those of the parts."""
    pytest.importorskip("logomaker")
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=3, k=(1, 2), seed=1)
    (tmp_path / "g.gtf").write_text('chr1\tx\tgene\t9\t99\t.\t+\t.\tgene_id "G1";\n')
    how, genes = {"genome": genome, "weights": model, "effect": "both"}, tmp_path / "g.gtf"
    pages = {"one": tmp_path / "one.html", "many": tmp_path / "many.html"}
    score_vcf(vcf, tmp_path / "o.parquet", report=pages["one"], genes=genes, **how)
    run.score_variants(vcf, tmp_path / "o", part=9, **how, **ALONE)
    again = {"resume": True, "report": pages["many"], "genes": genes}
    run.score_variants(vcf, tmp_path / "o", part=9, **how, **again, **ALONE)
    one, many = (path.read_text(encoding="utf-8") for path in pages.values())
    wanted, found = (
        json.loads(text.partition('id="listed">')[2].partition("</script>")[0])
        for text in (one, many)
    )
    assert found["rows"] == wanted["rows"] and found["tasks"] == wanted["tasks"]
    for told in (found, wanted):
        told["effects"] = told["scale"] * np.frombuffer(base64.b64decode(told["effects"]), "<i2")
    np.testing.assert_allclose(found["effects"], wanted["effects"], atol=1e-4)
    assert many.count("<figure>") == one.count("<figure>") > 10
    counts = [re.search("Without effects: .*?<", text)[0] for text in (one, many)]
    assert counts[0] == counts[1]


def test_readers_of_data_sets_see_contigs(genome, tmp_path):
    run.predict_genome(genome, tmp_path / "o", weights=TOY, on_short="skip", part=10, **ALONE)
    import pyarrow.dataset

    (tmp_path / "o" / "contig=chr1" / ".part-000000-1.parquet").write_bytes(b"half")
    table = pyarrow.dataset.dataset(tmp_path / "o", partitioning="hive").to_table()
    assert table["contig"].to_pylist() == table["name"].to_pylist()
    assert set(table["contig"].to_pylist()) == {"chr1", "a/b", "chr2"}


def test_resume_does_what_is_missing(genome, tmp_path):
    how = {"weights": TOY, "on_short": "skip", "part": 10, **ALONE}
    first = run.predict_genome(genome, tmp_path / "o", **how)
    wanted, parts = rows(tmp_path / "o"), sorted((tmp_path / "o").glob("*/*.parquet"))
    for path in (parts[0], parts[3]):
        path.rename(path.with_name(f".{path.stem}-77.parquet"))  # what a kill leaves
    with pytest.raises(GenomeKerasError, match="is there already; resume goes on with it"):
        run.predict_genome(genome, tmp_path / "o", **how)
    again = run.predict_genome(genome, tmp_path / "o", resume=True, **how)
    assert (again.parts, again.done) == (first.parts, first.parts - 2)
    assert rows(tmp_path / "o") == wanted
    assert sorted((tmp_path / "o").glob("*/.*")) == []
    for other in ({"stride": 5}, {"part": 11}, {"unknown": "N"}, {"weights": Toy(WINDOW, seed=2)}):
        with pytest.raises(FormatError, match="made with other arguments"):
            run.predict_genome(genome, tmp_path / "o", resume=True, **how | other)


def test_variants_do_not_go_on_with_another_genome(genome, vcf, tmp_path):
    how = {"genome": genome, "weights": TOY, "resume": True, **ALONE}
    run.score_variants(vcf, tmp_path / "o", **how)
    genome.write_text(genome.read_text() + "ACGT\n")
    genome.with_name("g.fa.fai").unlink(missing_ok=True)
    with pytest.raises(FormatError, match="made with other arguments"):
        run.score_variants(vcf, tmp_path / "o", **how)


def test_a_language_model_has_no_log_odds(genome, vcf, tmp_path):
    saved = save_pretrained(genome_keras.char_rnn(units=2, depth=1), tmp_path / "lm")
    how = {"genome": genome, "weights": saved, "window": 12}
    with pytest.raises(ValueError, match="a language model has no log-odds"):
        run.score_variants(vcf, tmp_path / "o", effect="logodds", **how, **ALONE)
    score_vcf(vcf, tmp_path / "o.parquet", **how)
    run.score_variants(vcf, tmp_path / "o", part=100, **how, **ALONE)
    close(rows(tmp_path / "o"), rows(tmp_path / "o.parquet"))


@pytest.mark.parametrize(
    "allele",
    [
        Variant("a/b", 5, "A", "<DEL>", "rs1"),
        Variant("chr1", 1, "AC", "G"),
        Malformed("chr1", None, ".", "C", None, "POS: expected a whole number"),
    ],
)
def test_alleles_come_out_of_jobs_as_they_went_in(allele):
    assert allele_of(json.loads(json.dumps(allele_fields(allele)))) == allele


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(GenomeKerasError, match="expected an empty folder"):
        Folder(tmp_path, {}, resume=True)
    with pytest.raises(GenomeKerasError, match="cannot use"):
        Folder(tmp_path / "no" / "such", {})
    part = Folder(tmp_path / "o", {"a": (1,)}).part("../x y", 3)
    assert part.parent.parent == tmp_path / "o" and part.name == "part-000003.parquet"


def test_bad_letters_end_the_run(genome, saved, tmp_path, capsys):
    genome.write_text(">x\n" + "ACGT" * 20 + "R" + "ACGT" * 20 + "\n")
    command = ["cluster", "predict", str(genome), "--weights", str(saved), "--part", "1"]
    assert main([*command, "--workers", "0", "--out", str(tmp_path / "o")]) == 1
    assert "position 81 (1-based): 'R'" in capsys.readouterr().err
    assert len(rows(tmp_path / "o")) == 4  # what is whole stays


def test_scores_that_are_not_finite_end_the_run(genome, vcf, tmp_path):
    how = {"weights": Toy(WINDOW, lost=0), **ALONE}
    with pytest.raises(GenomeKerasError, match=r"toy: expected finite scores\. Received: nan for"):
        run.predict_genome(genome, tmp_path / "o", on_short="skip", **how)
    run.score_variants(vcf, tmp_path / "v", genome=genome, **how)
    assert "not_finite" in {row["status"] for row in rows(tmp_path / "v")}


def test_arguments_are_checked(genome, vcf, tmp_path):
    out, how = tmp_path / "o", {"weights": TOY, **ALONE}
    with pytest.raises(ValueError, match="engine must be one of"):
        run.predict_genome(genome, out, **how, engine="best")
    with pytest.raises(ValueError, match="workers must be an integer of at least 0"):
        run.predict_genome(genome, out, weights=TOY, workers=-1)
    with pytest.raises(ValueError, match=r"workers need a checkpoint, .*; toy is in the memory"):
        run.predict_genome(genome, out, weights=TOY)
    with pytest.raises(SequenceError, match="short: 7 bp, shorter than the window of 20 bp"):
        run.predict_genome(genome, out, **how)
    with pytest.raises(ValueError, match="effect must be"):
        run.score_variants(vcf, out, genome=genome, **how, effect="ratio")
    with pytest.raises(ValueError, match="no task 'z'"):
        run.score_variants(vcf, out, genome=genome, **how, tasks=["z"])
    assert not out.exists()


def test_without_ray(genome, saved, tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    absent = lambda name, *more: None if name == "ray" else found(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # comes with the extra
    command = ["cluster", "predict", str(genome), "--weights", str(saved)]
    assert main([*command, "--out", str(tmp_path / "o")]) == 1
    assert 'pip install "genome_keras[ray]"' in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nothing", ":x"])
def test_an_address_where_nobody_answers(genome, saved, tmp_path, address, monkeypatch):
    found = importlib.util.find_spec
    there = lambda name, *more: name == "ray" or found(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", there)
    with pytest.raises(GenomeKerasError, match="expected HOST:PORT of a Ray cluster"):
        run.predict_genome(genome, tmp_path / "o", weights=saved, on_short="skip", address=address)
    for gpus in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="gpus must be at least 0"):
            run.predict_genome(genome, tmp_path / "o", weights=saved, gpus=gpus)
    assert not (tmp_path / "o").exists()


def test_a_part_that_is_there_is_only_counted(genome, tmp_path):
    run.predict_genome(genome, tmp_path / "o", weights=TOY, on_short="skip", part=10, **ALONE)
    path = str(sorted((tmp_path / "o").glob("*/*.parquet"))[0])
    part = {"contig": "chr1", "path": path, "job": "nothing"}
    for worker in (WindowWorker, AlleleWorker):
        assert worker({}, model_in_use(TOY))(part) == {"rows": len(rows(path)), "problem": ""}


def workers_of(program):
    """Processes of Ray's map workers below a process."""
    found, parents = [], {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    for pid, parent in parents.items():
        while parent > 1 and parent != program:
            parent = parents.get(parent, 0)
        with contextlib.suppress(OSError):
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
            if parent == program and title.startswith(b"ray::") and b"MapWorker" in title:
                found.append(pid)
    return found


@pytest.mark.slow
@needs_ray
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for workers in /proc")
def test_a_killed_worker_loses_and_duplicates_nothing(saved, tmp_path):
    letters = "".join(np.random.default_rng(5).choice(list("ACGT"), 60_000))
    (tmp_path / "g.fa").write_text(f">x\n{letters}\n>y\n{letters[::-1]}\n")
    out = tmp_path / "o"
    command = [sys.executable, "-m", "genome_keras", "cluster", "predict", str(tmp_path / "g.fa")]
    command += ["--weights", str(saved), "--out", str(out), "--part", "100", "--stride", "5"]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        killed = None
        while program.poll() is None and killed is None:
            if len(list(out.glob("*/part-*"))) >= 3 and len(found := workers_of(program.pid)) == 2:
                killed = found[0]
                os.kill(killed, signal.SIGKILL)
                there = len(list(out.glob("*/part-*")))
            time.sleep(0.01)
        told = program.communicate(timeout=600)[1]
    finally:
        program.kill()
    assert killed is not None and program.returncode == 0, told[-3000:]
    predict_fasta(tmp_path / "g.fa", tmp_path / "o.parquet", weights=saved, stride=5)
    found = rows(out)
    assert there < 240 and told.endswith(f"genome-keras: {len(found)} rows in 240 parts\n")
    close(found, rows(tmp_path / "o.parquet"))
    assert list(out.glob("*/.part-*")) == []


DIES_WHILE_IT_WRITES = """
import os, signal, sys
from genome_keras.io.atomic import atomic
with atomic(sys.argv[1]) as draft:
    draft.write_text("{")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_while_the_record_of_a_folder_is_written(tmp_path):
    folder = tmp_path / "o"
    folder.mkdir()
    command = [sys.executable, "-c", DIES_WHILE_IT_WRITES, str(folder / "_about.json")]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert len([*folder.iterdir()]) == 1
    Folder(folder, {"a": 1}, resume=True)
    assert [path.name for path in folder.iterdir()] == ["_about.json"]
