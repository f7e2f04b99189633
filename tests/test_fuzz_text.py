"""Damaged FASTA, BED and VCF: a result or one clear error, never anything else.

Few inputs in the fast tests; `pytest -m slow tests/test_fuzz_text.py` tries ten thousand.
"""

import gzip
import os
import shutil

import h5py
import pytest
from support.bcf import packed
from support.damage import answers, cases, told

from genome_keras.building.build import build
from genome_keras.io import bed, fasta, vcf
from genome_keras.io.reference import open_genome

FEW, MANY = 60, 10_000  # inputs of each format

FASTA = b">chr1 about it\nACGTNACGTA\nCCGTTAACGG\nACG\n>chr2\nGGGTTTAAAC\nTT\n"
CONTIGS = {"chr1": 23, "chr2": 12}
BEDS = [
    b"chr1\t2\t20\nchr2\t0\t12\tname\t5\t-\n",
    b"# a comment\ntrack name=x\nchr1 1 9\n\nchr2\t3\t4\t.\t0\t+\t3\t4\t0,0,255\t1\t2,\t0,\n",
    b"chr1\t2\t20\tp\t900\t.\t5.1\t9.2\t7.7\t4\nchr2\t1\t9\t.\t0\t.\t1\t-1\t-1\t-1\n",
]
VCFS = [
    b"##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    b"chr1\t5\trs1;rs2\tA\tC,<DEL>,*\t50\tPASS\tAC=3\nchr2\t0\t.\tACG\tG]17:198982]\t.\t.\t.\n",
    b"#CHROM\tPOS\tID\tREF\tALT\nchr1\t5\t.\tA\t.\r\nchr1\t6\t.\tt\tG\r\n",
]


def check_build(folder, genome, peaks, bad):
    out = folder / "o.h5"
    out.unlink(missing_ok=True)
    before = set(os.listdir(folder))
    made = answers(
        lambda: build(genome, peaks, out, bin_size=4, context=8, max_n=1, negatives="all"), bad
    )
    assert set(os.listdir(folder)) - before == ({"o.h5"} if made else set())
    if made:
        with h5py.File(out) as file:
            assert len(file["x"]) == len(file["y"]) > 0


def check_fasta(folder, data):
    path = folder / "bad.fa"
    path.write_bytes(data)
    answers(lambda: list(fasta.read(path)), path)

    def fetch():
        with open_genome(path) as genome:
            for contig, length in genome.contigs.items():
                letters = genome.fetch((contig, -3, length + 3))
                assert len(letters) == length + 6

    answers(fetch, path)
    check_build(folder, path, folder / "good.bed", path)


def check_bed(folder, data):
    path = folder / "bad.bed"
    path.write_bytes(data)
    for read in (bed.read, bed.read_peaks):
        answers(lambda read=read: list(read(path)), path)
        answers(lambda read=read: list(read(path, contigs=CONTIGS)), path)
    check_build(folder, folder / "good.fa", path, path)


def check_vcf(folder, data):
    path = folder / "bad.vcf"
    path.write_bytes(data)
    answers(lambda: list(vcf.read(path)), path)


CHECKS = {"fasta": (check_fasta, [FASTA]), "bed": (check_bed, BEDS), "vcf": (check_vcf, VCFS)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.fa").write_bytes(FASTA)
    (tmp_path / "good.bed").write_bytes(BEDS[0])
    return tmp_path


def run(kind, folder, examples):
    check, seeds = CHECKS[kind]

    for number, data in cases(seeds, examples):
        with told(kind, number):
            check(folder, data)


@pytest.mark.parametrize("kind", CHECKS)
def test_some_damaged_files(kind, folder):
    run(kind, folder, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHECKS)
def test_ten_thousand_damaged_files(kind, folder):
    run(kind, folder, MANY)


@pytest.mark.slow
def test_damaged_bcf(folder):
    pytest.importorskip("pysam", reason='pip install "genome_keras[htslib]"')
    data = packed(folder)
    shutil.copy(folder / "x.bcf", folder / "bad.vcf")
    assert answers(lambda: list(vcf.read(folder / "bad.vcf")), folder / "bad.vcf")

    for number, bad in cases([data, gzip.decompress(data)], MANY):
        with told("bcf", number):
            check_vcf(folder, bad)
