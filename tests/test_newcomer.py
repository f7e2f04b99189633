"""Every command as a newcomer runs it: what is wrong is one line, and nothing is left behind."""

import contextlib
import gzip
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import COMMANDS, _parser, main
from genome_keras.commands._arguments import NewFile, folder
from genome_keras.errors import GenomeKerasError
from genome_keras.weights.run_files import check_folder, claim

# IN is what the command reads, OUT the file and DIR the folder that it writes. What is
# wrong is told before any weights are read, so those of m.weights.h5 are none.
TABLE = {
    "predict": "predict IN.fa --weights m.weights.h5 --out OUT.tsv",
    "predict BED": "predict IN.bed --genome g.fa --weights m.weights.h5 --out OUT.tsv",
    "predict genome": "predict p.bed --genome IN.fa --weights m.weights.h5 --out OUT.tsv",
    "cluster predict": "cluster predict IN.fa --weights m.weights.h5 --out DIR",
    "variants": "variants IN.vcf --genome g.fa --weights m.weights.h5 --out OUT.tsv",
    "variants genome": "variants v.vcf --genome IN.fa --weights m.weights.h5 --out OUT.vcf.gz",
    "variants report": "variants v.vcf --genome g.fa --weights m.weights.h5 --report OUT.html",
    "variants genes": "variants v.vcf --genome g.fa --weights m.weights.h5 --genes IN.gtf "
    "--report OUT.html",
    "ism": "ism IN.fa --weights m.weights.h5 --out OUT.tsv",
    "ism BED": "ism IN.bed --genome g.fa --weights m.weights.h5 --report OUT.html",
    "attribute": "attribute IN.fa --weights m.weights.h5 --out OUT.h5",
    "attribute genome": "attribute p.bed --genome IN.fa --weights m.weights.h5 --out OUT.tsv",
    "experiment marginalize": "experiment marginalize IN.fa --motif GATA --weights m.weights.h5 "
    "--out OUT.tsv",
    "experiment ablate": "experiment ablate IN.fa --bases 2-9 --weights m.weights.h5 --out OUT.tsv",
    "experiment space": "experiment space IN.fa --motif-a GATA --motif-b CACGTG "
    "--distances 0-5 "
    "--weights m.weights.h5 --out x.tsv --report OUT.html",
    "experiment epistasis": "experiment epistasis IN.fa --weights m.weights.h5 --out OUT.tsv",
    "design": "design IN.fa --target a=1 --weights m.weights.h5 --out OUT.fa",
    "design steps": "design IN.fa --target a=1 --weights m.weights.h5 --out x.fa --steps OUT.tsv",
    "filters": "filters IN.fa --weights m.weights.h5 --out OUT.meme",
    "modisco": "modisco IN.h5 --out OUT.h5",
    "motifs": "motifs IN.meme g.fa --weights m.weights.h5 --out OUT.tsv",
    "motifs report": "motifs IN.meme g.fa --weights m.weights.h5 --out x.tsv --report OUT.html",
    "build": "build IN.fa p.bed --out OUT.h5",
    "build peaks": "build g.fa IN.bed --out OUT.h5",
    "fetch": "fetch deepsea --out DIR",
    "weights info": "weights info IN.h5",
    "weights push": "weights push IN.h5 hf://owner/repo",
    "export": "export IN.h5 --out x.keras",
    "train": "train IN.h5 --out DIR",
    "train peaks": "train --genome g.fa --peaks IN.bed --valid chr2 --out DIR",
    "train genome": "train --genome IN.fa --peaks p.bed --valid chr2 --out new/folder",
    "logreg": "logreg IN.h5 --out DIR",
    "evaluate": "evaluate IN.h5 --weights m.weights.h5 --out DIR",
    "calibrate": "calibrate IN.h5 --weights m.weights.h5 --out OUT.tsv",
    "evaluate report": "evaluate IN.h5 --weights m.weights.h5 --out new --report OUT.html",
    "compare": "compare IN.h5 --out DIR",
    "compare report": "compare IN.h5 --report OUT.html",
    "import": "import danq IN.h5 --out OUT.weights.h5",
    "import keras": "import keras IN.h5 --out OUT.keras",
    "import deepbind": "import deepbind D00328.018 --params IN.txt --out OUT.weights.h5",
    "words": "words IN.fa --word 2 --embedding 2 --steps 2 --out OUT.h5",
    "lm train": "lm train IN.fa --units 2 --out DIR",
    "lm score": "lm score IN.fa --weights lm.weights.h5 --out OUT.tsv",
    "lm track": "lm score g.fa --weights lm.weights.h5 --out x.tsv --track OUT.bw",
    "lm sample": "lm sample --weights lm.weights.h5 --length 5 --out OUT.fa",
    "lm embed": "lm embed IN.fa --weights lm.weights.h5 --out OUT.tsv",
    "lm baselines": "lm baselines IN.fa --orders 2 --tail 0.1 --no-mixing --out OUT.tsv",
    "lm compress": "lm compress IN.fa OUT.gk",
    "lm decompress": "lm decompress IN.gk OUT.fa",
}
READING_NO_FILE = ("tasks",)
GOOD = {"fa": "g.fa", "bed": "p.bed", "vcf": "v.vcf", "gtf": "genes.gtf"}
BAD = ("picture.png", "empty", "truncated.gz", "missing", "folder")
# A table of no places is a table.
EMPTY = ("predict BED", "ism BED")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Small files of every kind, right ones and wrong ones."""
    home = tmp_path_factory.mktemp("newcomer")
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 900))
    genome = f">chr1\n{letters[:500]}\n>chr2\n{letters[500:]}\n"
    (home / "g.fa").write_text(genome)
    (home / "genes.gtf").write_text('chr1\t.\tgene\t9\t99\t.\t+\t.\tgene_id "G";\n')
    (home / "p.bed").write_text("chr1\t100\t300\nchr2\t100\t300\n")
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n"
    (home / "v.vcf").write_text(f"{head}chr1\t50\t.\t{letters[49]}\tN\n")
    (home / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)))
    (home / "empty").write_bytes(b"")
    (home / "truncated.gz").write_bytes(gzip.compress(genome.encode() + head.encode())[:-20])
    (home / "folder").mkdir()
    for suffix in ("tsv", "vcf.gz", "html", "h5", "meme", "weights.h5", "keras", "bw", "fa", "gk"):
        (home / f"there.{suffix}").mkdir()
    about = {"architecture": "kmer_logreg", "tasks": ["a"], "arguments": {"window": 20, "tasks": 1}}
    (home / "m.json").write_text(json.dumps(about))
    (home / "m.weights.h5").write_bytes(b"")
    (home / "bare.weights.h5").write_bytes(b"")
    model = genome_keras.char_rnn(units=2, depth=1, cell="rnn", seed=1)
    model.save_weights(home / "lm.weights.h5")
    (home / "lm.json").write_text(json.dumps(model.made_with))
    return home


def fails(home, monkeypatch, capfd, line, status=1):
    """The one line that a command says, which leaves everything as it was."""

    def tree():
        return {path: path.is_file() and path.read_bytes() for path in home.rglob("*")}

    monkeypatch.chdir(home)
    before = tree()
    assert main(line.split()) == status
    found = capfd.readouterr().err
    assert found.startswith("genome-keras: ") and found.count("\n") == 1, found
    assert "Errno" not in found and "Error(" not in found
    assert tree() == before
    return found


def filled(case, *, given=None, out="o", place="new"):
    """The line of a case with what it reads and writes in it."""
    words = []
    for word in TABLE[case].split():
        if word.startswith("IN."):
            word = given or GOOD.get(word[3:], word)
        if word.startswith("OUT."):
            word = out + word[3:]
        words.append(place if word == "DIR" else word)
    return " ".join(words)


def test_every_command_is_in_the_table():
    assert {line.split()[0] for line in TABLE.values()} | {*READING_NO_FILE} == {*COMMANDS}


def test_every_option_that_writes_is_checked_before_any_work():
    """But those of `export` and `fetch`, which take what is not there yet."""

    def options(parser, *path):
        for action in parser._actions:
            if isinstance(action.choices, dict):
                for name, of in action.choices.items():
                    yield from options(of, *path, name)
            elif action.dest in ("out", "report", "meme", "track"):
                yield path, action

    found = list(options(_parser()))
    assert len({path for path, _ in found}) > 20
    for path, action in found:
        if path[0] not in ("export", "fetch"):
            assert action.type in (NewFile, folder), (path, action.dest)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("case", [case for case, line in TABLE.items() if "IN." in line])
def test_a_wrong_file(home, monkeypatch, capfd, case, bad):
    if bad == "empty" and case in EMPTY:
        pytest.skip("no places are no error")
    found = fails(home, monkeypatch, capfd, filled(case, given=bad))
    if case in ("build peaks", "train peaks") and bad == "empty":
        assert "g.fa: no usable bin has a label" in found
    elif case not in ("cluster predict", "modisco"):  # which may tell what is not installed
        assert bad in found


@pytest.mark.parametrize("out", ["nowhere/o", "there", "empty/o"])
@pytest.mark.parametrize("case", [case for case, line in TABLE.items() if " OUT." in line])
def test_a_file_that_cannot_be_written(home, monkeypatch, capfd, case, out):
    """Told before anything is read, whatever is to be read."""
    found = fails(home, monkeypatch, capfd, filled(case, given="missing", out=out))
    assert f"{out}." in found and "cannot write" in found


@pytest.mark.parametrize("link", ["itself", "hard", "symbolic"])
@pytest.mark.parametrize(
    "case", [case for case, line in TABLE.items() if " OUT." in line and "IN." in line]
)
def test_no_output_is_an_input(home, monkeypatch, capfd, case, link):
    """Told before anything is read; by whatever name, and whichever of the inputs it is."""
    line = filled(case, given="in.put", out="out")
    out = next(word for word in line.split() if word.startswith("out."))
    if link == "itself":
        line = line.replace("in.put", out)
    names = [name for name in ("in.put", "g.fa", "p.bed", "v.vcf") if name in line.split()]
    for name in names if link != "itself" else [out]:
        try:
            (home / ("in.put" if link != "itself" else out)).write_text(">a\nACGT\n")
            if link == "hard":
                (home / out).hardlink_to(home / name)
            elif link == "symbolic":
                (home / out).symlink_to(name)
            found = fails(home, monkeypatch, capfd, line)
            assert f"{out}: cannot write: it is an input too; expected another" in found
        finally:
            for path in (home / out, home / "in.put"):
                path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "line",
    [
        "variants v.vcf --genome g.fa --out x.html --report x.html",
        "lm score g.fa --weights lm.weights.h5 --out x.tsv --track ./x.tsv",
        "ism g.fa --out x.tsv --report folder/../x.tsv",
    ],
)
def test_no_output_is_another_output(home, monkeypatch, capfd, line):
    assert "it is another output too" in fails(home, monkeypatch, capfd, line)


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
@pytest.mark.parametrize(
    "case",
    [  # for the one numba compiles for half a minute
        pytest.param(case, marks=pytest.mark.thorough) if case == "lm compress" else case
        for case, line in TABLE.items()
        if "IN." in line
    ],
)
def test_a_pipe_is_read_once_or_refused(home, monkeypatch, capfd, case):
    """Nobody waits for a second reading, and nothing is made of one that gives no bytes."""
    os.mkfifo(home / "pipe")
    suffix = next(word[3:] for word in TABLE[case].split() if word.startswith("IN."))
    data = (home / GOOD[suffix]).read_bytes() if suffix in GOOD else b"no data"
    done = threading.Event()

    def write():
        while not done.is_set():
            with contextlib.suppress(OSError):
                number = os.open(home / "pipe", os.O_WRONLY | os.O_NONBLOCK)
                os.write(number, data)
                os.close(number)
                return
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        monkeypatch.chdir(home)
        status = main(filled(case, given="pipe").split())
    finally:
        done.set()
        writer.join()
        (home / "pipe").unlink()
        for path in [*home.glob("o.*"), *home.glob("x.*")]:
            path.unlink()
        shutil.rmtree(home / "new", ignore_errors=True)
    found = capfd.readouterr().err
    if status != 0:
        assert status == 1 and found.count("\n") == 1, found
        of_input = found.partition("m.weights.h5: ")[0]  # which are empty
        assert "no records" not in of_input and "empty" not in of_input, found
    once = ("words", "lm baselines", "lm score", "lm embed", "lm compress")
    assert (status == 0) == (case in once), found


@pytest.mark.parametrize("place", ["empty", "empty/sub/folder"])
@pytest.mark.parametrize("case", [case for case, line in TABLE.items() if "DIR" in line])
def test_a_file_in_the_place_of_a_folder(home, monkeypatch, capfd, case, place):
    """As above."""
    found = fails(home, monkeypatch, capfd, filled(case, given="missing", place=place))
    assert f"{place}: " in found
    assert "expected a new" in found or "there is no folder" in found


@pytest.mark.parametrize("weights", ["no.such.v1", "picture.png", "folder", "bare.weights.h5"])
@pytest.mark.parametrize("case", ["predict", "variants", "ism", "attribute", "filters"])
def test_what_is_no_checkpoint(home, monkeypatch, capfd, case, weights):
    line = filled(case).replace("m.weights.h5", weights)
    assert weights in fails(home, monkeypatch, capfd, line)


@pytest.mark.parametrize(
    "line",
    [
        "evaluate g.fa --weights no.such.v1 --out new",
        "weights info no.such.v1",
        "export no.such.v1 --out x.keras",
        "lm score g.fa --weights no.such.v1",
        "lm train g.fa --units 2 --fine-tune no.such.v1 --out new",
    ],
)
def test_an_unknown_name(home, monkeypatch, capfd, line):
    found = fails(home, monkeypatch, capfd, line)
    assert "no checkpoint 'no.such.v1'" in found or line.startswith("evaluate")


def test_weights_to_import_that_are_not_there(home, monkeypatch, capfd):
    """Told before torch is asked."""
    for given in ("missing", "folder"):
        line = f"import basset {given} --out x.weights.h5"
        assert f"{given}: no such file" in fails(home, monkeypatch, capfd, line)


def test_letters_that_are_none_are_told_with_the_option_of_the_command(tmp_path, capfd):
    (tmp_path / "x.fa").write_text(">a\n" + "ACGTR" * 20 + "\n")
    for command in ("predict", "ism", "attribute", "filters", "words", "build", "train"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "--unknown N" in capfd.readouterr().out.replace("{N}", "N"), command
    assert main(["ism", str(tmp_path / "x.fa")]) == 1
    assert "--unknown N" in capfd.readouterr().err


def test_bad_data_is_told_before_a_framework_loads(home):
    lines = [
        filled(case, given="missing")
        for case in ("variants", "ism", "attribute", "filters", "train", "train peaks", "evaluate")
    ]
    code = (
        "import sys\nfrom genome_keras.cli import main\n"
        f"status = [main(line.split()) for line in {lines!r}]\n"
        "print(status, 'keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=home)
    assert done.stdout == f"{[1] * len(lines)} False False\n", done.stderr


def test_many_models_of_one_command_are_no_news(capfd):
    """TensorFlow warns of the fifth model of a process."""
    main(["tasks", "deepsea-919"])
    assert logging.getLogger("tensorflow").level == logging.ERROR


def test_what_the_system_says_is_told_with_its_file(monkeypatch, capfd):
    for error, said in (
        (PermissionError(13, "Permission denied", "x/y"), "x/y: Permission denied"),
        (ConnectionResetError(104, "Connection reset"), "Connection reset"),
        (GenomeKerasError("far: [Errno 111] Connection refused"), "far: Connection refused"),
        (OSError("disk\nfull"), "disk full"),
    ):

        def fail(_, error=error):
            raise error

        monkeypatch.setattr("genome_keras.datasets.task_table.text", fail)
        assert main(["tasks", "deepsea-919"]) == 1
        assert capfd.readouterr().err == f"genome-keras: {said}\n"


def test_folders_of_runs(tmp_path):
    (tmp_path / "file").write_text("old")
    check_folder(tmp_path)
    check_folder(tmp_path / "a" / "b")
    for place in ("file", "file/sub"):
        with pytest.raises(GenomeKerasError, match="expected a new or existing folder"):
            claim(tmp_path / place, {})
    claim(tmp_path / "run", {"seed": 1})
    claim(tmp_path / "run", {"seed": 1})
    (tmp_path / "run" / "train.json").write_text("{")
    with pytest.raises(GenomeKerasError, match="damaged"):
        claim(tmp_path / "run", {"seed": 1})
