"""Labelled sequences as people have them: CSV, TSV and FASTA."""

import gzip

import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.datasets.labelled import labelled, read_labelled
from genome_keras.datasets.positions import positions
from genome_keras.datasets.splits import open_split, splits_in
from genome_keras.encode import decode, reverse_complement, tokens
from genome_keras.errors import FormatError

ROWS = [
    ("ACGTACGT", "train", "1", "0"),
    ("TTGACGTA", "valid", "0", ""),
    ("ggcatgca", "test", "NA", "1"),
]
CODES = tokens([row[0] for row in ROWS])
LABELS = [[1, 0], [0, -1], [-1, 1]]
HEAD = ("sequence", "split", "CTCF", "DNase")
FORMS = {
    "comma.csv": "\n".join(",".join(row) for row in (HEAD, *ROWS)),
    "tab.tsv": "\n".join("\t".join(row) for row in (HEAD, *ROWS)) + "\n",
    "tab.csv": "\n".join("\t".join(row) for row in (HEAD, *ROWS)),
    "dos.csv": "\r\n".join(",".join(row) for row in (HEAD, *ROWS)) + "\r\n",
    "mark.csv": "\ufeff" + "\n".join(",".join(row) for row in (HEAD, *ROWS)),
    "quoted.csv": "\n".join(",".join(f'"{cell}"' for cell in row) for row in (HEAD, *ROWS)),
    "pandas.csv": "\n".join(
        ",".join((str(i - 1) if i else "", *row)) for i, row in enumerate((HEAD, *ROWS))
    ),
    "other_names.csv": "\n".join(
        ",".join((*row, "chr1", "7", "+", "x"))
        if row is not HEAD
        else "Seq,Split,CTCF,DNase,chrom,end,strand,name"
        for row in (HEAD, *ROWS)
    ),
    "records.fa": "".join(
        f">seq{i} split={split} CTCF={ctcf} DNase={dnase} some words\n{seq[:3]}\n{seq[3:]}\n"
        for i, (seq, split, ctcf, dnase) in enumerate(ROWS)
    ),
    "left_out.fa": ">a split=train CTCF=1 DNase=0\nACGTACGT\n>b split=valid CTCF=0\nTTGACGTA\n"
    ">c split=test DNase=1\nGGCATGCA\n",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMS)
def test_the_same_labels_in_every_form(tmp_path, name, packed):
    path = tmp_path / (name + ".gz" * packed)
    text = FORMS[name].encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    read = read_labelled(path)
    assert read.tasks == ["CTCF", "DNase"] and read.split.tolist() == ["train", "valid", "test"]
    np.testing.assert_array_equal(read.codes, CODES)
    np.testing.assert_array_equal(read.labels, LABELS)
    assert splits_in(path) == ["test", "train", "valid"]
    source = open_split(path, "valid", window=4)
    assert decode(source.read_codes(0, 1)) == ["GACG"]


ODD = {
    "a start of 30 digits": (
        "sequence,CTCF,start\nACGT,1,999999999999999999999999999999\n",
        "2: expected a start of 0 or more",
    ),
    "a start of other digits": ("sequence,CTCF,start\nACGT,1,\u0663\n", "2: expected a start of"),
    "no sequences": ("sequence,CTCF\n", "no sequences"),
    "empty": ("", "empty; expected a header"),
    "no sequence column": (
        "dna,CTCF\nACGT,1\n",
        "1: expected one column 'sequence'; it has dna, CTCF",
    ),
    "two sequence columns": ("seq,sequence,CTCF\nA,C,1\n", "1: expected one column 'sequence'"),
    "twice": ("sequence,CTCF,CTCF\nACGT,1,1\n", "1: two columns 'CTCF'"),
    "no labels": ("sequence,name\nACGT,a\n", "no labels; expected a column of 0 and 1"),
    "a number": ("sequence,score\nACGT,0.37\n", "2: label 'score': expected 0, 1, or empty"),
    "a word": ("sequence,CTCF\nACGT,yes\n", "got 'yes'; --labels names the columns"),
    "cells": ("sequence,CTCF\nACGT,1\nACGT\n", "3: expected 2 columns as in the header, got 1"),
    "a letter": ("sequence,CTCF\nACGT,1\nACRT,0\n", "3: letter 3 is 'R'; accepted are A, C, G"),
    "not ASCII": ("sequence,CTCF\nACGé,1\n", "2: letter 4 is 'é'"),
    "none": ("sequence,CTCF\n,1\n", "2: an empty sequence"),
    "no split": ("sequence,split,CTCF\nACGT,,1\n", "2: an empty split"),
    "a start": ("sequence,start,CTCF\nACGT,x,1\n", "2: expected a start of 0 or more, got 'x'"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_one_line(tmp_path, name):
    text, message = ODD[name]
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as told:
        read_labelled(tmp_path / "x.csv")
    assert f"x.csv:{message}" in str(told.value).replace("x.csv: ", "x.csv:") or message in str(
        told.value
    )
    assert "\n" not in str(told.value)


def test_fasta_without_labels(tmp_path):
    (tmp_path / "x.fa").write_text(">a first\nACGT\n")
    with pytest.raises(FormatError, match="no labels; expected '>name TASK=1'"):
        read_labelled(tmp_path / "x.fa")


def test_chosen_columns_are_the_labels(tmp_path):
    (tmp_path / "x.csv").write_text("sequence,score,CTCF,start\nACGT,0.3,1,0\n")
    read = read_labelled(tmp_path / "x.csv", labels=["CTCF"])
    assert read.tasks == ["CTCF"] and read.labels.tolist() == [[1]]
    with pytest.raises(FormatError, match=r"1: no column of labels 'DNase'; it has sequence"):
        read_labelled(tmp_path / "x.csv", labels=["DNase"])


def test_shorter_sequences_are_in_the_middle_of_n(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "x.csv").write_text("sequence,CTCF\nACGTAC,1\nGGG,0\n")
    read = read_labelled(tmp_path / "x.csv")
    assert decode(read.codes) == ["ACGTAC", "NNGGGN"]  # base 1 of three is base 3 of six
    assert "sequences of 3 to 6 bp; N around the shorter" in caplog.text
    assert decode(read.examples("test", window=3).codes) == ["GTA", "GGG"]


def test_equal_sequences_stay_together_in_validation(tmp_path):
    draw = np.random.default_rng(0)
    seqs = decode(draw.integers(0, 4, (200, 12)))
    both = [*seqs, *reverse_complement(seqs), *seqs]
    rows = "".join(f"{seq},{i % 2}\n" for i, seq in enumerate(both))
    (tmp_path / "x.csv").write_text("sequence,CTCF\n" + rows)
    read = read_labelled(tmp_path / "x.csv", valid_share=0.25)
    split = read.split.reshape(3, 200)
    assert (split == split[0]).all() and (split[0] == "valid").sum() == 50
    (tmp_path / "y.csv").write_text("sequence,CTCF\n" + "".join(f"{s},1\n" for s in seqs[::-1]))
    other = read_labelled(tmp_path / "y.csv", valid_share=0.25)
    assert (other.split[::-1] == split[0]).all()  # the order of the rows does not matter


@pytest.mark.parametrize(
    ("split", "share", "message"),
    [
        ("train", 1.5, "valid_share must be above 0 and below 1. Received: 1.5"),
        ("valid", 0.5, "it has a split 'valid'; leave valid_share out"),
    ],
)
def test_bad_shares(tmp_path, split, share, message):
    (tmp_path / "x.csv").write_text(f"sequence,split,CTCF\nACGT,train,1\nACGG,{split},0\n")
    with pytest.raises(ValueError, match=message):
        read_labelled(tmp_path / "x.csv", valid_share=share)


def test_a_missing_split_tells_what_to_do(tmp_path):
    (tmp_path / "x.csv").write_text("sequence,CTCF\nACGT,1\n")
    with pytest.raises(FormatError, match="it has 'test', for no column 'split' tells; to train"):
        open_split(tmp_path / "x.csv", "train")
    (tmp_path / "y.csv").write_text("sequence,split,CTCF\nACGT,train,1\n")
    with pytest.raises(
        FormatError, match=r"it has 'train'; --valid-share 0.1 \(valid_share\) takes"
    ):
        open_split(tmp_path / "y.csv", "valid")
    with pytest.raises(ValueError, match="--valid-share: for CSV, TSV and FASTA alone"):
        labelled(["x.h5"], valid_share=0.1)


def test_places_and_sources(tmp_path):
    rows = "ACGT,chr1,8,a,1\nACGG,chr2,9,b,0\n"
    (tmp_path / "x.csv").write_text("sequence,chrom,start,source,CTCF\n" + rows)
    chrom, start = positions(tmp_path / "x.csv", "test", sources=["b"])
    assert (chrom.tolist(), start.tolist()) == (["chr2"], [9])
    assert len(open_split(tmp_path / "x.csv", "test", sources="a")) == 1
    with pytest.raises(ValueError, match="no source 'c'; it has a, b"):
        open_split(tmp_path / "x.csv", "test", sources=["c"])


def test_train_and_evaluate_a_table(tmp_path, capsys):
    """Learned on one table, scored on another that has only a test split and one of the tasks."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, (240, 12))
    rich = (codes == 2).sum(1) > 3
    rows = [f"{seq},{label:d},0\n" for seq, label in zip(decode(codes), rich, strict=True)]
    (tmp_path / "mine.csv").write_text("sequence,rich,never\n" + "".join(rows[:160]))
    (tmp_path / "test.tsv").write_text(
        "seq\tsplit\trich\n" + "".join(f"{row[:12]}\tdev\t{row[13]}\n" for row in rows[160:])
    )
    run, scores = str(tmp_path / "run"), str(tmp_path / "scores")
    command = ["train", str(tmp_path / "mine.csv"), "--out", run, "--model", "kmer_logreg"]
    command += ["--set", "k=[1]", "--epochs", "20", "--learning-rate", "0.3", "--batch-size", "32"]
    assert main(command) == 1
    assert "no example of split 'train'; it has 'test'" in capsys.readouterr().err
    assert main([*command, "--valid-share", "0.2"]) == 0
    told = ["evaluate", str(tmp_path / "test.tsv"), "--weights", run, "--out", scores]
    assert main([*told, "--replicates", "0"]) == 1
    assert "no example of split 'test'; it has 'valid'" in capsys.readouterr().err
    assert main([*told, "--replicates", "0", "--split", "valid"]) == 0
    shown = capsys.readouterr()
    assert "no split 'train': no baselines, gc and prior" in shown.err
    assert "1 of its 2 tasks are in the data, and are scored" in shown.err
    assert "1 tasks with at least 1 % positives here" in shown.out and "gc" not in shown.out
    result = genome_keras.evaluate(
        tmp_path / "test.tsv", weights=run, split="valid", replicates=0, tuned_on="valid"
    )
    means = result["subsets"]["all"]["groups"]["all"]["models"][run]
    assert means["auroc_mean"] > 0.7 and result["rates_of"] == "valid"
    assert result["tuned_on"] is None and list(result["models"]) == [run]
    logreg = ["logreg", str(tmp_path / "mine.csv"), "--valid-share", "0.2", "--C", "0.1"]
    assert main([*logreg, "--features", "integers", "--out", str(tmp_path / "lr")]) == 0
