"""Scores of one task as bigWig: the numbers of the table, at the middle of each window."""

import numpy as np
import pytest

from genome_keras import predict_fasta, predict_intervals
from genome_keras.cli import main

bigwig = pytest.importorskip("pyBigWig")

WEIGHTS = "kmer_logreg.human_chromatin.v1"


@pytest.fixture
def fasta(tmp_path):
    draw = np.random.default_rng(0)
    lengths = {"chr2": 430, "chr1": 250}
    records = (f">{name}\n{''.join(draw.choice(list('ACGT'), n))}\n" for name, n in lengths.items())
    path = tmp_path / "g.fa"
    path.write_text("".join(records))
    return path


@pytest.fixture
def task():
    from genome_keras.weights import find

    return find(WEIGHTS).tasks[3]


def rows_of(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [(row[0], int(row[1]), int(row[2]), float(row[-1])) for row in rows]


def track_of(path):
    with bigwig.open(str(path)) as file:
        return [(name, *place) for name in file.chroms() for place in file.intervals(name)]


@pytest.mark.parametrize(("stride", "bases"), [(None, 100), (20, 20), (130, 100)])
def test_the_middle_of_each_window_has_its_score(fasta, tmp_path, task, stride, bases):
    how = {"weights": WEIGHTS, "tasks": [task], "stride": stride}
    done = [predict_fasta(fasta, tmp_path / name, **how) for name in ("x.tsv", "x.bw")]
    assert done[0] == done[1]
    rows = rows_of(tmp_path / "x.tsv")
    expected, before = [], ("", 0)
    for name, start, _, _ in rows:  # the last window ends with its record
        begin = start + (100 - bases) // 2
        after = before[1] if before[0] == name else 0
        expected.append((name, max(begin, after), begin + bases))
        before = name, begin + bases
    found = track_of(tmp_path / "x.bw")
    assert sorted(place for *place, _ in map(list, found)) == sorted(map(list, expected))
    by_place = {tuple(place): score for *place, score in found}
    scores = [by_place[place] for place in expected]
    np.testing.assert_allclose(scores, [score for *_, score in rows], atol=1e-6)


def test_intervals_have_their_scores(fasta, tmp_path, task):
    bed = tmp_path / "p.bed"
    bed.write_text("chr2\t0\t50\nchr2\t200\t400\nchr1\t10\t20\n")
    out = tmp_path / "x.bigwig"
    predict_intervals(bed, fasta, out, weights=WEIGHTS, tasks=[task])
    places = [tuple(each[:3]) for each in track_of(out)]
    assert sorted(places) == [("chr1", 10, 20), ("chr2", 0, 50), ("chr2", 200, 400)]


def test_a_short_record_is_written_within_its_ends(tmp_path, task):
    path, out = tmp_path / "g.fa", tmp_path / "x.bw"
    path.write_text(">a\nACGTACGTAC\n")
    predict_fasta(path, out, weights=WEIGHTS, tasks=[task], on_short="pad")
    assert [each[:3] for each in track_of(out)] == [("a", 0, 10)]


def test_what_a_bigwig_cannot_hold(fasta, tmp_path, task, capsys):
    bed, out = tmp_path / "p.bed", str(tmp_path / "x.bw")
    bed.write_text("chr2\t200\t400\nchr2\t0\t50\n")
    command = ["predict", str(fasta), "--weights", WEIGHTS, "--out", out]
    for more, told in (
        ([], "a bigWig is for one task"),
        (["--task", task, "--half"], "not for .bw, .bigwig and .h5ad"),
        (["--task", task, "--above", "0.5"], "not for .bw, .bigwig and .h5ad"),
    ):
        assert main([*command, *more]) == 2
        assert told in capsys.readouterr().err
    places = ["predict", str(bed), "--genome", str(fasta), "--weights", WEIGHTS, "--out", out]
    assert main([*places, "--task", task]) == 2
    assert "sorted and not overlapping" in capsys.readouterr().err
    assert not (tmp_path / "x.bw").exists()
