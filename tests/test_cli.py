"""The command line, in process: status, messages, files, and the numbers in them."""

import gzip
import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.weights import find, list_weights

NAME = "bigru_multitask.human_chromatin.v2"
LETTERS = np.array(list("ACGTNacgtn"))


def sequence(length, seed):
    return "".join(np.random.default_rng(seed).choice(LETTERS, length))


RECORDS = {"chrA": sequence(1234, 0), "b": sequence(100, 1), "c": sequence(347, 2)}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fa"
    with path.open("w") as file:
        for name, letters in RECORDS.items():
            lines = "\n".join(letters[i : i + 60] for i in range(0, len(letters), 60))
            file.write(f">{name} a description\n{lines}\n")
    return path


def windows(window, stride):
    """Names, starts, ends and text of the windows of records that are not short, by slicing."""
    for name, letters in RECORDS.items():
        starts = list(range(0, len(letters) - window + 1, stride))
        if starts and starts[-1] + window < len(letters):
            starts.append(len(letters) - window)
        for start in starts:
            yield name, start, start + window, letters[start : start + window]


def read(lines):
    rows = [line.rstrip("\n").split("\t") for line in lines]
    places = [(name, int(start), int(end)) for name, start, end, *_ in rows[1:]]
    return rows[0], places, np.array([row[3:] for row in rows[1:]], "float64")


def expected(weights=NAME, stride=None):
    factory = getattr(genome_keras, weights.partition(".")[0])
    model, window = factory(weights=weights), find(weights).arguments["window"]
    *places, text = zip(*windows(window, stride or window), strict=True)
    return list(zip(*places, strict=True)), model.predict(genome_keras.tokens(text), verbose=0)


OF_TASKS = [name for name in list_weights() if find(name).tasks]
QUICK = ("conv_bigru.human_chromatin.v1", "kmer_logreg.human_chromatin.v1")


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.thorough)
        for name in OF_TASKS
    ],
)
def test_table_equals_the_model(fasta, tmp_path, name):
    out = tmp_path / "o.tsv"
    command = ["predict", str(fasta), "--weights", name, "--out", str(out), "--batch-size", "7"]
    assert main([*command, "--on-short", "skip"]) == 0
    header, places, scores = read(out.read_text().splitlines())
    wanted_places, wanted = expected(name)
    trained = np.array(find(name).trained)
    assert header == ["name", "start", "end", *np.array(find(name).tasks)[trained]]
    assert len(header) > 3 + 100
    assert places == wanted_places
    np.testing.assert_allclose(scores, wanted[:, trained], atol=1e-5)


def test_stride_gzip_and_parquet(fasta, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(fasta.read_bytes()))
    out = tmp_path / "o.parquet"
    command = ["predict", str(packed), "--weights", NAME, "--out", str(out)]
    assert main([*command, "--stride", "130"]) == 0
    table = parquet.read_table(out)
    places, wanted = expected(stride=130)
    columns = [table[name].to_pylist() for name in ("name", "start", "end")]
    assert list(zip(*columns, strict=True)) != places  # a stride above the window leaves gaps
    starts = [i for i, place in enumerate(places) if place[1] % 130 == 0]
    assert list(zip(*columns, strict=True)) == [places[i] for i in starts]
    got = np.array([table[name].to_numpy() for name in table.column_names[3:]]).T
    np.testing.assert_allclose(got, wanted[starts], atol=1e-5)


def test_standard_input_and_output(fasta, capsys, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(fasta.read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["predict", "-", "--weights", NAME]) == 0
    captured = capsys.readouterr()
    _, places, scores = read(captured.out.splitlines())
    wanted_places, wanted = expected()
    assert places == wanted_places and captured.err == ""
    np.testing.assert_allclose(scores, wanted, atol=1e-5)


def test_short_records(tmp_path, capsys):
    path, out = tmp_path / "s.fa", tmp_path / "o.tsv"
    path.write_text(f">long\n{sequence(100, 3)}\n>short\nACGTACGTA\n")
    command = ["predict", str(path), "--weights", NAME, "--out", str(out)]
    assert main(command) == 1 and not out.exists()
    assert "short: a record of 9 bp, shorter than the window of 100 bp" in capsys.readouterr().err
    assert main([*command, "--on-short", "skip"]) == 0
    assert "left out 1 short record" in capsys.readouterr().err
    assert [row[0] for row in read(out.read_text().splitlines())[1]] == ["long"]
    assert main([*command, "--on-short", "pad"]) == 0
    _, places, scores = read(out.read_text().splitlines())
    assert places[1] == ("short", 0, 9)
    padded = genome_keras.tokens("N" * 45 + "ACGTACGTA" + "N" * 46)
    model = genome_keras.bigru_multitask(weights=NAME)
    np.testing.assert_allclose(scores[1:], model.predict(padded, verbose=0), atol=1e-5)


BAD = {
    "empty": (b"", "empty; expected FASTA"),
    "FASTQ": (b"@r\nACGT\n+\nIIII\n", "looks like FASTQ"),
    "no header": (b"ACGT\n", ":1: expected '>'"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "got HDF5"),
    "truncated": (gzip.compress(b">a\n" + b"ACGT" * 999)[:-20], "truncated or damaged gzip"),
    "no sequence": (b">a\n>b\nACGT\n", ":1: record 'a' has no sequence"),
    "letter": (b">a\n" + b"A" * 150 + b"R" + b"A" * 49, "a: position 151 (1-based): 'R'"),
    "letter later": (b">a\n" + b"ACGT" * 9000 + b"?" * 99, "a: position 36001"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_no_file(tmp_path, capsys, case):
    content, message = BAD[case]
    path, out = tmp_path / "x.fa", tmp_path / "o.tsv"
    path.write_bytes(content)
    out.write_text("old")
    assert main(["predict", str(path), "--weights", NAME, "--out", str(out)]) == 1
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.startswith("genome-keras: ")
    assert captured.err.count("\n") == 1 and captured.out == ""
    assert out.read_text() == "old" and sorted(p.name for p in tmp_path.iterdir()) == [
        "o.tsv",
        "x.fa",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["predict", "none.fa"], 1, "none.fa: cannot read: No such file"),
        (["predict", "{fasta}", "--weights", "best"], 1, "no checkpoint 'best'"),
        (["predict", "{fasta}", "--weights", "no.weights.h5"], 1, "no.weights.h5: no such file"),
        (["predict", "{fasta}", "--out", "/nowhere/o.tsv"], 1, "cannot write"),
        (["predict", "{fasta}", "--weights", NAME, "--out", "o.csv"], 2, "a table must end in"),
        (["weights", "info", "best"], 1, "no checkpoint 'best'"),
        (["evaluate", "{fasta}", "--weights", NAME, "--out", "o"], 1, "no labels; expected"),
        (["train", "{fasta}", "--out", "o"], 1, "no labels; expected '>name TASK=1'"),
    ],
)
def test_errors_and_their_status(fasta, tmp_path, capsys, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    assert main([argument.format(fasta=fasta) for argument in arguments]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.fa"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict"], "IN.fa"),
        (["predict", "x.fa", "--stride", "0"], "expected a whole number of at least 1, got '0'"),
        (["predict", "x.fa", "--on-short", "guess"], "invalid choice"),
    ],
)
def test_usage_errors(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and message in error and error.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")
def test_a_killed_run_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "genome_keras", "predict", "-", "--out", "o.tsv"]
    command += ["--weights", "kmer_logreg.human_chromatin.v1"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:
        process.stdin.write(b">a\n" + b"ACGT" * 2**19 + b"\n")
        process.stdin.flush()
        while not list(tmp_path.glob(".o-*.tsv")):
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        _, error = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert error == b"genome-keras: stopped by SIGTERM\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_program_waits_for_no_thread():
    program = (
        "import threading, time\n"
        "from genome_keras import cli\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "def interrupted(arguments=None):\n"
        "    return cli._complain('interrupted', 130)\n"
        "cli.main = interrupted\n"
        "cli.run()\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (130, "genome-keras: interrupted\n")


def test_weights_list_and_info(capsys):
    assert main(["weights", "list"]) == 0
    header, *rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == list_weights()
    assert all(len(row) == len(header) for row in rows)
    assert main(["weights", "info", NAME]) == 0
    assert capsys.readouterr().out.startswith(f"# {NAME}\n")
