"""Scores of the places of a BED file; `test_cli.py` has those of FASTA files."""

import gzip
import io
import json
import sys

import numpy as np
import pytest
from support.genomes import two_bit
from support.toy import Toy

import genome_keras
from genome_keras import predict_fasta, predict_intervals
from genome_keras.cli import main
from genome_keras.errors import FormatError, SequenceError, WeightsError
from genome_keras.genome import Interval

NAME = "conv_bigru.human_chromatin.v1"
LENGTHS = {"chr1": 1_500, "chr2": 60}
GENOME = {
    name: "".join(np.random.default_rng(seed).choice(list("ACGTNacgtn"), length))
    for seed, (name, length) in enumerate(LENGTHS.items())
}
PLACES = [
    ("chr1", 700, 900),  # longer than the window
    ("chr2", 0, 60),  # shorter, and so is the contig
    ("chr1", 0, 1),
    ("chr1", 1_499, 1_500),
    ("chr1", 700, 801),
    ("chr1", 700, 900),  # a second time
]


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{name} x\n{seq}\n" for name, seq in GENOME.items()))
    return path


@pytest.fixture
def places(tmp_path):
    path = tmp_path / "p.bed"
    lines = [f"{contig}\t{start}\t{end}\tn\t0\t-\n" for contig, start, end in PLACES]
    lines[1] = lines[1].replace("\tn\t0\t-", "")
    path.write_text("# a comment\n" + "".join(lines))
    return path


def expected(places=PLACES):
    """Scores of windows cut by slicing padded text."""
    texts = []
    for contig, start, end in places:
        at = Interval(contig, start, end).centre - 50 + 1000
        texts.append(("N" * 1000 + GENOME[contig] + "N" * 1000)[at : at + 100])
    model = genome_keras.conv_bigru(weights=NAME)
    return model.predict(genome_keras.tokens(texts), verbose=0)


def read(text):
    """Header, places and scores; what BED says beside its places is checked here."""
    rows = [line.split("\t") for line in text.splitlines()]
    found = [(name, int(start), int(end)) for name, start, end, *_ in rows[1:]]
    first = 5 if rows[0][3:5] == ["interval", "strand"] else 3
    for number, row in enumerate(rows[1:] if first == 5 else []):
        assert row[3:5] == ([".", "."] if number == 1 else ["n", "-"])
    return rows[0], found, np.array([row[first:] for row in rows[1:]], float)


@pytest.mark.parametrize("batch_size", [4, 256])
def test_table_has_the_lines_of_the_bed_file(genome, places, tmp_path, batch_size):
    out = tmp_path / "o.tsv"
    done = predict_intervals(places, genome, out, weights=NAME, batch_size=batch_size)
    header, found, scores = read(out.read_text())
    assert header[:5] == ["name", "start", "end", "interval", "strand"]
    assert len(header) == 5 + 192
    assert found == PLACES and done == (len(PLACES), 0)
    np.testing.assert_allclose(scores, expected(), atol=1e-5)


def test_command_writes_what_the_function_writes(genome, places, tmp_path, capsys, monkeypatch):
    predict_intervals(places, genome, tmp_path / "o.tsv", weights=NAME)
    wanted = (tmp_path / "o.tsv").read_text()
    packed = tmp_path / "p.gz"
    packed.write_bytes(gzip.compress(places.read_bytes()))
    how = ["--genome", str(genome), "--weights", NAME]
    assert main(["predict", str(packed), *how]) == 0
    assert capsys.readouterr() == (wanted, "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(places.read_bytes())))
    assert main(["predict", "-", *how]) == 0
    assert capsys.readouterr() == (wanted, "")


def test_a_2bit_genome_gives_the_same(genome, places, tmp_path):
    (tmp_path / "g.2bit").write_bytes(two_bit(GENOME))
    for path, out in ((genome, "a.tsv"), (tmp_path / "g.2bit", "b.tsv")):
        predict_intervals(places, path, tmp_path / out)
    assert (tmp_path / "a.tsv").read_text() == (tmp_path / "b.tsv").read_text()


def test_no_places_give_a_table_without_rows(genome, tmp_path):
    (tmp_path / "p.bed").write_text("# none\n")
    assert predict_intervals(tmp_path / "p.bed", genome, tmp_path / "o.tsv") == (0, 0)
    assert (tmp_path / "o.tsv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr3\t1\t2", "p.bed:3: no contig 'chr3' in the genome, which has 2: 'chr1', 'chr2'"),
        ("1\t1\t2", "p.bed:3: no contig '1' in the genome"),
        ("chr2\t1\t61", "p.bed:3: expected an end of at most 60, the length of 'chr2', got 61"),
        ("chr2\t1", "p.bed:3: expected at least 3 columns"),
    ],
)
@pytest.mark.parametrize("batch_size", ["1", "256"])  # a bad line after a table was begun
def test_a_bad_line_is_one_error_and_no_file(genome, tmp_path, capsys, line, message, batch_size):
    path, out = tmp_path / "p.bed", tmp_path / "o.tsv"
    path.write_text(f"chr1\t5\t6\nchr2\t5\t6\n{line}\nchr1\t5\t6\n")
    command = ["predict", str(path), "--genome", str(genome), "--out", str(out)]
    command += ["--weights", NAME]
    assert main([*command, "--batch-size", batch_size]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not out.exists()


def test_foreign_letters(tmp_path):
    (tmp_path / "g.fa").write_text(">a\n" + "ACGT" * 30 + "R" + "ACGT" * 30 + "\n")
    (tmp_path / "p.bed").write_text("a\t100\t101\n")
    with pytest.raises(SequenceError, match=r"a: position 121 \(1-based\): 'R'"):
        predict_intervals(tmp_path / "p.bed", tmp_path / "g.fa", tmp_path / "o.tsv")
    done = predict_intervals(tmp_path / "p.bed", tmp_path / "g.fa", tmp_path / "o.tsv", unknown="N")
    assert done.windows == 1


def test_genomes_that_cannot_be_read(places, tmp_path):
    packed = tmp_path / "g.fa.gz"
    packed.write_bytes(gzip.compress(b">a\nACGT\n"))
    with pytest.raises(FormatError, match="plain gzip cannot be read at any place"):
        predict_intervals(places, packed, tmp_path / "o.tsv")
    with pytest.raises(FormatError, match=r"none\.fa: cannot read"):
        predict_intervals(places, tmp_path / "none.fa", tmp_path / "o.tsv")
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.parametrize("option", [["--stride", "5"], ["--on-short", "pad"]])
def test_options_of_fasta_are_refused(genome, places, capsys, option):
    assert main(["predict", str(places), "--genome", str(genome), *option]) == 2
    assert "--stride and --on-short are for FASTA" in capsys.readouterr().err


def test_arguments_are_checked(genome, places, tmp_path):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        predict_intervals(places, genome, tmp_path / "o.tsv", batch_size=0)
    with pytest.raises(ValueError, match="unknown must be"):
        predict_intervals(places, genome, tmp_path / "o.tsv", unknown="A")


def test_untrained_tasks_are_left_out_unless_asked_for(tmp_path):
    """A task that was never trained scores a constant, which is no prediction."""
    sizes = {"window": 12, "tasks": 3, "k": (1,)}
    model = genome_keras.kmer_logreg(**sizes, seed=1)
    model.save_weights(tmp_path / "m.weights.h5")
    about = {"architecture": "kmer_logreg", "arguments": sizes, "tasks": ["a", "b", "c"]}
    (tmp_path / "m.json").write_text(json.dumps(about | {"untrained": ["b"]}))
    (tmp_path / "x.fa").write_text(">x\nACGTTGCAACGT\n")
    command = ["predict", str(tmp_path / "x.fa"), "--weights", str(tmp_path / "m.weights.h5")]
    expected = model.predict(genome_keras.tokens(["ACGTTGCAACGT"]), verbose=0)
    for more, columns in ([], [0, 2]), (["--all-tasks"], [0, 1, 2]):
        assert main([*command, *more, "--out", str(tmp_path / "o.tsv")]) == 0
        header, _, scores = read((tmp_path / "o.tsv").read_text())
        assert header[3:] == ["abc"[column] for column in columns]
        np.testing.assert_allclose(scores, expected[:, columns], atol=1e-6)


def test_values_and_files_give_the_same_scores(genome, places, tmp_path):
    """Sequences, FASTA, BED and intervals; paths and what is open."""
    toy = Toy(100, ["a", "b"])
    intervals = [Interval(*place) for place in PLACES]
    predict_intervals(places, genome, tmp_path / "o.tsv", weights=toy)
    _, _, wanted = read_interval_scores(tmp_path / "o.tsv")
    with genome_keras.open_genome(genome) as letters:
        values = [(places, genome), (intervals, letters), (iter(intervals), str(genome))]
        for given, where in values:
            found = genome_keras.predict(given, genome=where, weights=toy, batch_size=4)
            rows = zip(found.names, found.starts.tolist(), found.ends.tolist(), strict=True)
            assert [*rows] == PLACES and found.tasks == ["a", "b"]
            np.testing.assert_allclose(found.scores, wanted, rtol=1e-5)
    genome_keras.predict_fasta(genome, tmp_path / "f.tsv", weights=toy, on_short="pad", stride=70)
    found = genome_keras.predict(genome, weights=toy, on_short="pad", stride=70)
    _, rows, scores = read((tmp_path / "f.tsv").read_text())
    assert [*zip(found.names, found.starts, found.ends, strict=True)] == rows
    np.testing.assert_allclose(found.scores, scores, rtol=1e-5)
    seqs = [GENOME["chr1"][at : at + 100] for at in (0, 200)]
    found = genome_keras.predict(seqs, weights=toy, tasks=["b"])
    assert (found.names, found.starts.tolist(), found.ends.tolist()) == (
        *(["0", "1"], [0, 0]),
        [100, 100],
    )
    np.testing.assert_array_equal(found.scores, toy.scores(genome_keras.tokens(seqs))[:, 1:])


def read_interval_scores(path):
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return lines[0], None, np.array([line[5:] for line in lines[1:]], float)


def test_one_sequence_costs_one_pass():
    toy = Toy(100)
    genome_keras.predict("ACGT" * 25, weights=toy)
    assert toy.shapes == [(1, 100)]


@pytest.mark.parametrize(
    ("seqs", "message"),
    [
        ("ACGT", "toy takes windows of 100 bp. Received: window=4"),
        (["ACGT" * 25, "ACG"], "sequences must have one length"),
        ("peaks", "position 0"),
    ],
)
def test_sequences_that_are_none(seqs, message):
    with pytest.raises(ValueError, match=message):
        genome_keras.predict(seqs, weights=Toy(100))


def test_the_first_score_that_is_not_finite_is_told(genome, places, tmp_path):
    first = genome_keras.tokens(GENOME["chr1"][750])[0, 0]
    toy = Toy(100, ["a", "b"], lost=first)
    with pytest.raises(
        WeightsError, match=r"toy: expected finite scores\. Received: nan for 'a' at"
    ):
        predict_intervals(places, genome, tmp_path / "o.tsv", weights=toy)
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.parametrize(
    "window, lengths, stride, lines",
    [
        (1000, [2_100, 3_000], None, 1),  # four gaps, one line
        (1000, [1_000, 1_000], None, 0),  # a window a record
        (1000, [2_100], 200, 0),
        (1000, [2_100], 1000, 0),  # asked for
        (200, [2_100], None, 0),  # all of it is scored
    ],
)
def test_gaps_between_wide_windows_are_told_once(tmp_path, caplog, window, lengths, stride, lines):
    path = tmp_path / "x.fa"
    path.write_text("".join(f">{length}\n{'A' * length}\n" for length in lengths))
    caplog.set_level("INFO", "genome_keras")
    predict_fasta(path, tmp_path / "x.tsv", weights=Toy(window), stride=stride)
    told = [text for text in caplog.messages if "--stride 200 closes the gaps" in text]
    assert len(told) == lines
