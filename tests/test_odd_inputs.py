"""The program, from files to tables: inputs that are odd but not wrong, and weights that are."""

import os
import shutil
import sys

import h5py
import numpy as np
import pytest

import genome_keras
from genome_keras.cli import main
from genome_keras.commands import _streams as streams
from genome_keras.weights.checkpoint import save_described

WINDOW, TASKS = 12, ["a", "b"]
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LETTERS = "CAGATTTTCATATTATGCAGAAAATCTRCTTCGCCTGATACGAGTCGGTTATCTTCGGAT"  # R is base 28
FASTA = {
    "g.fa": f">chr1\n{LETTERS}\n",
    "records.fa": f">first\n{LETTERS[:WINDOW]}\n>empty\n>short\nACGT\n>last\n{LETTERS[:WINDOW]}\n",
}
VCF = {
    "iupac.vcf": ["chr1 28 A G", "chr1 30 T A", "chr1 28 R G", "chr1 28 G A", "chr1 50 T C"],
    "other_names.vcf": ["1 50 T C", "2 7 G T"],
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint of two tasks whose weights are numbers."""
    model = genome_keras.kmer_logreg(window=WINDOW, tasks=len(TASKS), k=(1, 2), seed=1)
    path = tmp_path_factory.mktemp("saved") / "m.weights.h5"
    save_described(model, path, tasks=TASKS)
    return str(path)


@pytest.fixture
def program(saved, tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of the files; gives status, rows and what was said."""
    monkeypatch.chdir(tmp_path)
    for name, text in FASTA.items():
        (tmp_path / name).write_text(text)
    for name, rows in VCF.items():
        lines = ("{}\t{}\t.\t{}\t{}\t.\t.\t.\n".format(*row.split()) for row in rows)
        (tmp_path / name).write_text(HEADER + "".join(lines))

    def run(command, *, weights=saved):
        status = main([*command.split(), "--weights", weights])
        out, err = capsys.readouterr()
        return status, [line.split("\t") for line in out.splitlines()], err

    return run


@pytest.mark.parametrize(
    ("option", "statuses", "told"),
    [
        ("", "ok foreign_letter foreign_letter ref_mismatch ok", "2, ref_mismatch 1; --unknown N"),
        (" --unknown N", "ok ok ok ref_mismatch ok", "1 of 5 alleles have no effects"),
    ],
)
def test_a_letter_of_several_bases_in_the_genome(program, option, statuses, told):
    status, (header, *rows), err = program(f"variants iupac.vcf --genome g.fa{option}")
    assert status == 0 and told in err
    assert [row[header.index("status")] for row in rows] == statuses.split()
    effects = np.array([row[header.index("a") :] for row in rows], float)
    assert (np.isfinite(effects).all(1) == [word == "ok" for word in statuses.split()]).all()


def test_no_allele_is_on_a_contig_of_the_genome(program):
    status, (header, *rows), err = program("variants other_names.vcf --genome g.fa")
    assert status == 1
    assert err == (
        "genome-keras: other_names.vcf: none of 2 alleles could be scored: no_contig 2; its "
        "contigs are '1', '2', and those of g.fa 'chr1'\n"
    )
    assert [row[header.index("status")] for row in rows] == ["no_contig"] * 2


@pytest.mark.parametrize(
    ("how", "names", "told"),
    [
        ("error", None, "records.fa:3: record 'empty' has no sequence"),
        ("skip", ["first", "last"], "left out 2 short records"),
        ("pad", ["first", "short", "last"], "left out 1 short records"),
    ],
)
def test_records_that_are_short_or_empty(program, how, names, told):
    status, rows, err = program(f"predict records.fa --on-short {how}")
    assert told in err and err.count("\n") == 1
    if names is None:
        assert status == 1
        return
    assert status == 0 and [row[0] for row in rows] == ["name", *names]
    scores = np.array([row[3:] for row in rows[1:]], float)
    assert (scores[0] == scores[-1]).all() and np.isfinite(scores).all()


def test_standard_output_that_is_closed(program, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    streams.prepare()
    status, _, err = program("variants iupac.vcf --genome g.fa")
    assert (status, err) == (1, "genome-keras: standard output: closed\n")


def test_a_reader_that_went_away_is_told_nothing(program, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        status, _, err = program("variants iupac.vcf --genome g.fa")
    assert (status, err) == (1, "")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "command", ["variants iupac.vcf --genome g.fa", "predict g.fa --unknown N"]
)
def test_weights_that_are_no_numbers(program, saved, tmp_path, command, value):
    mine = shutil.copy(saved, tmp_path / "mine.weights.h5")
    shutil.copy(saved.replace("weights.h5", "json"), tmp_path / "mine.json")
    with h5py.File(mine, "a") as file:
        arrays = []
        file.visititems(
            lambda _, one: arrays.append(one) if isinstance(one, h5py.Dataset) else None
        )
        arrays[0][-1] = value
    before = sorted(tmp_path.iterdir())
    status, rows, err = program(f"{command} --out o.tsv", weights=str(mine))
    assert status == 1 and rows == [] and err.count("\n") == 1
    assert "mine.weights.h5" in err and "not a finite number" in err
    assert sorted(tmp_path.iterdir()) == before
