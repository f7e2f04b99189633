"""Damaged FASTA, BED and VCF: a result or one clear error, never anything else.

Few inputs in the fast tests; `pytest -m slow tests/test_fuzz_text.py` tries ten thousand.
"""

import gzip
import os
import shutil
import signal
from contextlib import contextmanager

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bcf import packed

from genome_keras.building.build import build
from genome_keras.errors import GenomeKerasError
from genome_keras.io import bed, fasta, vcf
from genome_keras.io.reference import open_genome

FEW, MANY = 60, 3_400  # inputs of each format
HANG = 60  # seconds

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
SPECIAL = [
    b"\0", b"\n", b"\r", b"\t", b" ", b">", b"#", b"-1", b"-", b"0", b"9" * 19, b"1e3", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xe9", "é".encode(), b"\x1f\x8b", b"BCF\2\2", b"\x89HDF", b"\n>\n", b"\n\n",
    b">chr1\n", b"A" * 600, b"\t" * 99, b"R", b".", b",", b"\x0b", b"\x7f", b"\xc2\xa0",
]  # fmt: skip

KINDS = ["insert", "replace", "delete", "repeat", "cut", "swap", "byte", "pack"]


@st.composite
def mutated(draw, seeds):
    """Bytes of a file some of whose bytes are lost, changed, repeated, moved or foreign."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 12)))
        kind = draw(st.sampled_from(KINDS))
        if kind == "insert":
            data = data[:at] + draw(st.sampled_from(SPECIAL)) + data[at:]
        elif kind == "replace":
            data = data[:at] + draw(st.binary(max_size=6)) + data[to:]
        elif kind == "delete":
            data = data[:at] + data[to:]
        elif kind == "repeat":
            data = data[:to] + data[at:to] * draw(st.integers(1, 3)) + data[to:]
        elif kind == "cut":
            data = data[:at]
        elif kind == "swap":
            data = data[to:] + data[at:to] + data[:at]
        elif kind == "byte":
            data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
        elif len(data) < 1 << 20:
            data = gzip.compress(data, mtime=0)
    return data


@contextmanager
def no_hang():
    """An endless loop becomes a failure."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_):
        raise AssertionError(f"no answer after {HANG} s")

    handler = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def answers(call, path):
    """Whether a call gives a result; anything but one clear error is raised."""
    with no_hang():
        try:
            call()
        except GenomeKerasError as error:
            message = str(error)
            assert "\n" not in message and len(message) < 2_000
            assert message.startswith(str(path.parent)), "expected the file in the message"
            return False
    return True


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

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(data=mutated(seeds))
    def one(data):
        check(folder, data)

    one()


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

    @settings(max_examples=500, deadline=None, database=None)
    @given(data=mutated([data, gzip.decompress(data)]))
    def one(data):
        check_vcf(folder, data)

    one()
