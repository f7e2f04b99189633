"""Which checkpoint a verb takes where none is named: one rule, from one function."""

import gzip
import io
import os
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.errors import FormatError, SequenceError
from genome_keras.genome import Interval, Variant
from genome_keras.scoring.first_record import Records
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights import DEFAULTS, PUBLISHED, find
from genome_keras.weights.resolve import DEFAULT_RULE, default_for

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "weights.md").read_text()
LONG, MIDDLE, SHORT = (DEFAULTS[window] for window in (1000, 200, 100))
LENGTHS = {
    5_000: LONG,
    1_000: LONG,
    999: MIDDLE,
    200: MIDDLE,
    199: SHORT,
    100: SHORT,
    99: SHORT,
    0: SHORT,
}


def letters(length):
    return "".join(np.random.default_rng(length).choice(list("ACGT"), length))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A genome, places, a variant, motifs, and FASTA of each length, in the working folder."""
    monkeypatch.chdir(tmp_path)
    genome = letters(3_000)
    Path("g.fa").write_text(f">chr1\n{genome}\n")
    Path("p.bed").write_text("chr1\t1500\t1550\n")
    alt = "CGTA"["ACGT".index(genome[1499])]
    Path("v.vcf").write_text(
        f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t1500\t.\t{genome[1499]}\t{alt}\n"
    )
    Path("m.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF m\nletter-probability matrix: alength= 4 w= 4\n"
        + "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    )
    for length in LENGTHS:
        Path(f"{length}.fa").write_text(f">one\n{letters(length)}\n>two\nACGT\n")
    return Variant("chr1", 1500, genome[1499], alt)


@pytest.mark.parametrize("window", DEFAULTS)
def test_a_default_is_published_and_starts_soon(window):
    name = DEFAULTS[window]
    assert find(name).arguments["window"] == window
    assert PUBLISHED[name].graph_sha256 and PUBLISHED[name].calibration_sha256


@pytest.mark.parametrize("length", LENGTHS)
def test_the_longest_window_that_the_first_sequence_fills(length, caplog):
    with caplog.at_level("INFO", logger="genome_keras"):
        assert default_for(length) == LENGTHS[length]
    told = f"a first sequence of {length:,} bp" if length else "no sequence"
    assert caplog.messages == [f"weights {LENGTHS[length]}, the default for {told}"]


@pytest.mark.parametrize(
    "text",
    [
        default_for.__doc__,
        genome_keras.predict_fasta.__doc__,
        PAGE,
        (DOCS / "tutorials" / "score_a_genome.md").read_text(),
        (DOCS.parent / "README.md").read_text(),
    ],
    ids=["default_for", "predict_fasta", "weights.md", "score_a_genome.md", "README.md"],
)
def test_the_rule_is_stated_in_the_same_words(text):
    assert " ".join(DEFAULT_RULE.split()).lower() in " ".join(text.split()).lower()
    *some, last = sorted(map(str, DEFAULTS), key=int, reverse=True)
    assert f"longest window ({', '.join(some)} or {last} bp)" in DEFAULT_RULE
    assert f"places of a genome that of {max(DEFAULTS)} bp" in DEFAULT_RULE
    assert f"of {min(DEFAULTS)} bp where it fills none" in DEFAULT_RULE


@pytest.mark.parametrize("name", DEFAULTS.values())
def test_the_page_names_each(name):
    assert re.search(rf"^\|.* (bp|more|shorter) \| `{re.escape(name)}`", PAGE, re.MULTILINE)


# What is said of a task that no checkpoint has names the checkpoint, before a model is loaded.
COMMANDS = {
    **{f"predict {length}.fa --on-short pad": name for length, name in LENGTHS.items()},
    "predict p.bed --genome g.fa": LONG,
    "variants v.vcf --genome g.fa": LONG,
    "ism 200.fa --on-short pad": MIDDLE,
    "ism p.bed --genome g.fa": LONG,
    "ism --genome g.fa --region chr1:1500-1500": LONG,
    "attribute 200.fa --on-short pad": MIDDLE,
    "attribute p.bed --genome g.fa": LONG,
    "experiment marginalize 200.fa --motif ACGT": MIDDLE,
    "motifs m.meme 1000.fa": LONG,
    "cluster predict 200.fa --out o --workers 0 --on-short pad": MIDDLE,
    "cluster variants v.vcf --genome g.fa --out o --workers 0": LONG,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_follows_the_rule(files, capsys, command):
    assert main([*command.split(), "--task", "none of all"]) == 2
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith(f"genome-keras: weights {COMMANDS[command]}, the default for ")
    assert "none of all" in error and COMMANDS[command] in error


def test_a_task_of_the_other_table_is_told_by_its_longer_names(files, capsys):
    """The 919 columns have the peak file in their names where several share cell and target."""
    assert main(["variants", "v.vcf", "--genome", "g.fa", "--task", "a549|CTCF|None"]) == 2
    _, error = capsys.readouterr().err.splitlines()
    assert "nearest are 'A549|CTCF|None|UtaA549Ctcf', 'A549|CTCF|None|UwA549Ctcf'" in error


@pytest.mark.parametrize(
    ("start", "name"), [([], SHORT), (["200.fa"], MIDDLE), (["1000.fa"], LONG)]
)
def test_a_design_follows_its_first_start(files, capsys, start, name):
    assert main(["design", *start, "--target", "none of all=1", "--out", "o.fa"]) == 2
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith(f"genome-keras: weights {name}, the default for ") and name in error


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        (lambda how: genome_keras.predict("ACGT" * 25, **how), SHORT),
        (lambda how: genome_keras.predict(["ACGT" * 50], **how), MIDDLE),
        (lambda how: genome_keras.predict({"a": "ACGT" * 250}, **how), LONG),
        (lambda how: genome_keras.predict(np.zeros((2, 200), np.uint8), **how), MIDDLE),
        (lambda how: genome_keras.predict(Path("1000.fa"), **how), LONG),
        (lambda how: genome_keras.predict([Interval("chr1", 9, 19)], genome="g.fa", **how), LONG),
    ],
    ids=["text", "list", "dict", "codes", "path", "intervals"],
)
def test_values_in_memory_follow_the_rule(files, verb, name):
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        verb({"tasks": "none of all"})


def test_variants_and_models_without_sequences_take_that_of_a_genome(files):
    with pytest.raises(ValueError, match=LONG.replace(".", r"\.")):
        genome_keras.score_variants([files], "g.fa", tasks="none of all")
    assert model_in_use().name == model_in_use(None).name == LONG


@pytest.mark.thorough
def test_a_model_that_is_loaded_by_no_name():
    assert genome_keras.load_model().checkpoint.name == LONG


def scored(path, *more):
    out = Path("o.tsv")
    assert main(["predict", str(path), "--out", str(out), *more]) == 0
    return out.read_text()


@pytest.mark.parametrize("packed", [False, True])
def test_nothing_of_a_stream_is_lost(files, monkeypatch, packed):
    """Standard input, and a pipe that can be read once, have the table of the file."""
    pytest.importorskip("onnxruntime")
    content = f">one\n{letters(450)}\n>two\n{letters(200)}\n".encode()
    Path("x.fa").write_bytes(content)
    wanted = scored("x.fa", "--weights", MIDDLE)
    assert wanted == scored("x.fa") and wanted.count("\n") == 1 + 4
    content = gzip.compress(content) if packed else content
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert scored("-") == wanted
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
        writer = threading.Thread(target=Path("pipe").write_bytes, args=(content,))
        writer.start()
        assert scored("pipe") == wanted
        writer.join()


def test_trained_tasks_of_the_default_are_the_columns(files):
    pytest.importorskip("onnxruntime")
    header, row = scored("p.bed", "--genome", "g.fa").splitlines()
    trained = [
        task for task, known in zip(find(LONG).tasks, find(LONG).trained, strict=True) if known
    ]
    assert header.split("\t")[5:] == trained and len(trained) < len(find(LONG).tasks)
    assert len(row.split("\t")) == 5 + len(trained)


def test_lengths_that_differ(files, capsys):
    """The first record decides; a later one that is shorter ends it, and the error tells how."""
    Path("x.fa").write_text(f">one\n{letters(1_000)}\n>two\n{letters(200)}\n")
    assert main(["predict", "x.fa", "--out", "o.tsv"]) == 1 and not Path("o.tsv").exists()
    note, error = capsys.readouterr().err.splitlines()
    assert f"weights {LONG}" in note
    assert "two: a record of 200 bp, shorter than the window of 1000 bp" in error
    assert error.endswith("or take a checkpoint (--weights) of a shorter window")


@pytest.mark.parametrize(
    ("content", "on_short", "length"),
    [
        (">a\n>b\nACGT\n", "pad", 4),
        (">a\n>b\nACGT\n", "skip", 4),
        (">a\n>b\n", "skip", 0),
        (">a\nAC\n>b\nACGT\n", "error", 2),
        (">a\n" + "ACGT\n" * 600_000, "error", 1_000),  # in several pieces: not read to its end
    ],
)
def test_the_first_record_that_has_letters(tmp_path, content, on_short, length):
    (tmp_path / "x.fa").write_text(content)
    records = Records(tmp_path / "x.fa", on_short=on_short)
    assert min(records.first_length(1_000), 1_000) == length
    text = b"".join(b">" + piece.letters for piece in records).replace(b">", b"")
    assert text.decode() == "".join(line for line in content.split() if line[0] != ">")
    records.close()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (">a\n>b\nACGT\n", "record 'a' has no sequence"),
        ("", "empty; expected FASTA"),
        ("chr1\t1\t2\n", "BED"),
    ],
)
def test_a_first_record_that_is_none(tmp_path, content, error):
    (tmp_path / "x.fa").write_text(content)
    with pytest.raises(FormatError, match=error):
        genome_keras.predict_fasta(tmp_path / "x.fa", tmp_path / "o.tsv")
    with pytest.raises(SequenceError, match="shorter than the window of 100 bp"):
        (tmp_path / "x.fa").write_text(">a\nACGT\n")
        genome_keras.predict_fasta(tmp_path / "x.fa", tmp_path / "o.tsv")
    assert not (tmp_path / "o.tsv").exists()
