"""`genome-keras lm ...` in process: files, streams, exit statuses."""

import gzip
import json

import numpy as np
import pytest

from genome_keras import char_rnn
from genome_keras.cli import main
from genome_keras.encode import tokens
from genome_keras.lm.baselines import baselines
from genome_keras.lm.score import embeddings, of_bases, probabilities
from genome_keras.weights.checkpoint import save_bare

RECORDS = {"one": "ACGTNNACGGT", "two": "TTGACA", "x": "A"}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "in.fa"
    path.write_text("".join(f">{name} w\n{letters}\n" for name, letters in RECORDS.items()))
    return path


@pytest.fixture
def weights(tmp_path):
    arguments = {"cell": "gru", "units": 4, "depth": 1, "embedding": 3}
    save_bare(char_rnn(**arguments, seed=3), tmp_path / "w.weights.h5")
    described = {"architecture": "char_rnn", "arguments": arguments}
    (tmp_path / "w.json").write_text(json.dumps(described))
    return tmp_path / "w.weights.h5"


def lm(*words):
    return main(["lm", *map(str, words)])


def expected(weights):
    model = char_rnn(weights=weights)
    coded = [tokens(letters)[0] for letters in RECORDS.values()]
    scores = probabilities(model, coded)
    return [of_bases(s, c) for s, c in zip(scores, coded, strict=True)]


def test_score(fasta, weights, tmp_path, capsys):
    out, track = tmp_path / "s.tsv", tmp_path / "t.tsv.gz"
    assert lm("score", fasta, "--weights", weights, "--out", out, "--track", track) == 0
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0] == [
        "name",
        "length",
        "bases",
        "log_likelihood",
        "perplexity",
        "bits_per_base",
    ]
    probabilities = expected(weights)
    with gzip.open(track, "rt") as file:
        header, *bits = [line.split("\t") for line in file.read().splitlines()]
    assert header == ["name", "start", "end", "bits"]
    for row, name, p in zip(rows[1:], RECORDS, probabilities, strict=True):
        known = np.flatnonzero(~np.isnan(p))
        assert row[:3] == [name, str(len(RECORDS[name])), str(len(known))]
        if len(known):
            assert float(row[3]) == pytest.approx(np.log(p[known]).sum(), abs=1e-4)
            assert float(row[4]) == pytest.approx(np.exp(-np.log(p[known]).mean()), rel=1e-4)
        mine = [line for line in bits if line[0] == name]
        assert [int(line[1]) for line in mine] == known.tolist()
        assert [int(line[2]) for line in mine] == (known + 1).tolist()
        found = [float(line[3]) for line in mine]
        np.testing.assert_allclose(found, -np.log2(p[known]), rtol=1e-4)
    assert "over 13 bases" in capsys.readouterr().err


def test_big_wig_track(fasta, weights, tmp_path):
    library = pytest.importorskip("pyBigWig")
    track = tmp_path / "t.bw"
    assert lm("score", fasta, "--weights", weights, "--out", tmp_path / "s", "--track", track) == 0
    with library.open(str(track)) as file:
        assert file.chroms() == {name: len(letters) for name, letters in RECORDS.items()}
        for (name, letters), p in zip(RECORDS.items(), expected(weights), strict=True):
            values = file.values(name, 0, len(letters))
            np.testing.assert_allclose(values, -np.log2(p), rtol=1e-4)


def test_sample(weights, tmp_path, capsys):
    words = ("--weights", weights, "--length", 70, "--samples", 2, "--seed", 5)
    assert lm("sample", *words, "--out", tmp_path / "s.fa") == 0
    lines = (tmp_path / "s.fa").read_text().splitlines()
    assert [len(line) for line in lines] == [9, 60, 10, 9, 60, 10]
    assert lines[0] == ">sample_1" and lines[3] == ">sample_2"
    assert lm("sample", *words) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_embed(fasta, weights, tmp_path):
    assert lm("embed", fasta, "--weights", weights, "--out", tmp_path / "e.tsv") == 0
    header, *rows = [line.split("\t") for line in (tmp_path / "e.tsv").read_text().splitlines()]
    assert header == ["name", "start", "end", "h0", "h1", "h2", "h3"]
    vectors = embeddings(char_rnn(weights=weights), list(RECORDS.values()))
    np.testing.assert_allclose([list(map(float, row[3:])) for row in rows], vectors, rtol=1e-4)
    assert [row[:3] for row in rows] == [[n, "0", str(len(s))] for n, s in RECORDS.items()]


def test_train(fasta, tmp_path, capsys):
    words = ("--units", 4, "--depth", 1, "--batch-size", 2, "--window", 4, "--hold-out", "two")
    assert lm("train", fasta, "--out", tmp_path / "run", *words) == 0
    assert "epoch 1: training perplexity" in capsys.readouterr().err
    (row,) = json.loads((tmp_path / "run" / "log.json").read_text())
    assert row["held_out_bases"] == 5
    assert lm("score", fasta, "--weights", tmp_path / "run" / "best.weights.h5") == 0


def test_baselines_of_counts(tmp_path):
    (tmp_path / "g.fa").write_text(">a\n" + "AGCTTGAGGC" * 60 + "N\n")
    rows = baselines(tmp_path / "g.fa", orders=(2,), mixing=False)
    assert [row["model"] for row in rows] == ["uniform", "order-2 adaptive"]
    assert rows[0]["perplexity"] == 4 and rows[1]["perplexity"] < 2


@pytest.mark.thorough  # numba compiles for half a minute
def test_baselines_and_mix(tmp_path, weights):
    pytest.importorskip("numba")
    path, out = tmp_path / "g.fa", tmp_path / "b.tsv"
    path.write_text(">a\n" + "AGCTTGAGGC" * 60 + "N\n>b\n" + "AGCTTGAGGC" * 40 + "\n")
    words = ("--tail", 0.1, "--orders", "2,6", "--mix", weights, "--out", out)
    assert lm("baselines", path, *words) == 0
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    table = {tuple(line[:3]): line for line in lines[1:]}
    assert len(table) == len(lines) - 1 == 2 + 2 * 3 + 2 + 1 + 2
    assert float(table["uniform", "prequential", "whole"][3]) == 4
    assert int(table["uniform", "prequential", "whole"][5]) == 1000
    assert int(table["order-6 static", "held-out", "held-out part"][5]) == 101
    assert float(table["order-6 static", "held-out", "held-out part"][3]) < 1.2
    assert float(table["context mixing", "prequential", "held-out part"][3]) < 1.1
    assert 1 <= float(table["network in context mixing", "prequential", "held-out part"][3]) < 1.1
    assert float(table["network", "held-out", "held-out part"][3]) > 2


@pytest.mark.thorough
def test_compress(fasta, tmp_path, capsys):
    pytest.importorskip("numba")
    assert lm("compress", fasta, tmp_path / "c.gk") == 0
    assert "16 bases at" in capsys.readouterr().err
    assert lm("decompress", tmp_path / "c.gk", tmp_path / "d.fa") == 0
    assert (tmp_path / "d.fa").read_bytes() == fasta.read_bytes()
    assert lm("decompress", fasta, tmp_path / "e.fa") == 1
    assert "not a file of" in capsys.readouterr().err
    assert not (tmp_path / "e.fa").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("score", "IN", "--weights", "no.such.v1"), 1, "no checkpoint 'no.such.v1'"),
        (("train", "IN", "--out", "OUT", "--hold-out", "z"), 2, "no contig 'z'"),
        (("train", "none.fa", "--out", "OUT"), 1, "none.fa"),
        (("sample", "--weights", "W", "--length", "5", "--top-k", "9"), 2, "top_k from 1 to 4"),
        (("score", "-", "--weights", "W", "--track", "t.bw"), 2, "give a file, not '-'"),
        (("score", "IN", "--weights", "W", "--track", "t.txt"), 2, "must end in one of"),
    ],
)
def test_bad_usage(words, status, message, fasta, weights, tmp_path, capsys):
    places = {"IN": fasta, "OUT": tmp_path / "run", "W": weights}
    assert lm(*(places.get(word, word) for word in words)) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
