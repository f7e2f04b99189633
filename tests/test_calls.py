"""Smaller tables: only what scores high, and numbers of half precision."""

import os

import numpy as np
import pytest
from support.toy import TASKS, WINDOW, Toy

from genome_keras.scoring.predict import predict_fasta, predict_intervals


@pytest.fixture
def fasta(tmp_path):
    letters = "".join(np.random.default_rng(2).choice(list("ACGT"), 20 * WINDOW))
    path = tmp_path / "x.fa"
    path.write_text(f">x\n{letters}\n")
    return path


def rows(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def whole(fasta, tmp_path):
    out = tmp_path / "all.tsv"
    predict_fasta(fasta, out, weights=Toy())
    head, *lines = rows(out)
    return [line[:3] for line in lines], np.array([line[3:] for line in lines], float), head[3:]


@pytest.mark.parametrize("above", [0.0, 0.5, 0.9, 1.0])
def test_calls_are_the_scores_at_or_above_a_threshold(fasta, tmp_path, above):
    places, scores, tasks = whole(fasta, tmp_path)
    assert tasks == TASKS
    expected = [
        [*place, task, f"{score:.6g}"]
        for place, line in zip(places, scores, strict=True)
        for task, score in zip(tasks, line, strict=True)
        if score >= above
    ]
    out = tmp_path / "o.tsv"
    assert predict_fasta(fasta, out, weights=Toy(), above=above).windows == 20
    head, *lines = rows(out)
    assert head == ["name", "start", "end", "task", "score"] and lines == expected
    assert 0 < len(expected) < 60 or above in (0.0, 1.0)


def test_calls_of_places_keep_their_names(fasta, tmp_path):
    bed, out = tmp_path / "p.bed", tmp_path / "o.tsv"
    bed.write_text("x\t20\t40\tpeak\t0\t-\n")
    predict_intervals(bed, fasta, out, weights=Toy(), above=0.0)
    head, *lines = rows(out)
    assert head == ["name", "start", "end", "interval", "strand", "task", "score"]
    assert [line[:6] for line in lines] == [["x", "20", "40", "peak", "-", t] for t in TASKS]


@pytest.mark.parametrize("above", [None, 0.5])
def test_half_precision(fasta, tmp_path, above):
    parquet = pytest.importorskip("pyarrow.parquet")
    paths = [tmp_path / f"{half}.parquet" for half in (False, True)]
    for path, half in zip(paths, (False, True), strict=True):
        predict_fasta(fasta, path, weights=Toy(), above=above, half=half)
    one, other = map(parquet.read_table, paths)
    assert one.column_names == other.column_names and one.num_rows == other.num_rows > 0
    for name, kind in zip(other.column_names, other.schema.types, strict=True):
        if name in (*TASKS, "score"):
            assert str(kind) == "halffloat"
            wanted = one[name].to_numpy()
            np.testing.assert_allclose(other[name].to_numpy(), wanted, rtol=5e-4)
        else:
            assert one[name].equals(other[name])


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(fasta, tmp_path, wrong):
    with pytest.raises(ValueError, match="above must be a probability, 0 to 1"):
        predict_fasta(fasta, tmp_path / "o.tsv", weights=Toy(), above=wrong)
    with pytest.raises(ValueError, match=r"half is for \.parquet"):
        predict_fasta(fasta, tmp_path / "o.tsv", weights=Toy(), half=True)
    assert sorted(os.listdir(tmp_path)) == ["x.fa"]
