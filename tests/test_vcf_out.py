"""Laws of genome_keras.io.vcf_out: the input's records come out whole, with effects in INFO."""

import gzip
import io
import sys

import numpy as np
import pytest

from genome_keras.io import vcf, vcf_source
from genome_keras.io.vcf_out import open_vcf

HEAD = [
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=q10,Description="low">',
    "##contig=<ID=chr1,length=1000,assembly=x>",
    "##reference=theirs.fa",
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="count">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
]
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\tNA2"
RECORDS = [
    "chr1\t5\trs1\tA\tC,G\t50.5\tPASS\tAC=3,1;DB\tGT\t0|1\t1|2",
    "chr1\t7\t.\tA\t<DEL>\t.\tq10\t.\tGT\t./.\t0/0",
    "chr2\t9\t.\tA\tC\t1e3\t.\tEND=9\tGT\t0|1\t.",
    "chr2\t11\t.\tA\tC/G\t7\t.\tAC=1\tGT\t0|1\t.",
]
STATUS = [["ok", "ok"], ["symbolic"], ["ok"], ["malformed"]]
SETTINGS = {
    "contigs": {"chr1": 1000, "chr2": 500},
    "tasks": ["a b", "c"],
    "effects": ["diff"],
    "about": [("reference", "ours.fa"), ("genome_keras_weights", "m.v1")],
}
INFO = {
    "chr1\t5": "GK_STATUS=ok,ok;GK_MAX_DIFF=0.5,0.5;GK_MAX_DIFF_TASK=a%20b,a%20b;"
    "GK_DIFF=0.5,0.25,0.5,0.25",
    "chr1\t7": "GK_STATUS=symbolic",
    "chr2\t9": "GK_STATUS=ok;GK_MAX_DIFF=0.5;GK_MAX_DIFF_TASK=a%20b;GK_DIFF=0.5,0.25",
    "chr2\t11": "GK_STATUS=malformed",
}


def text(records=RECORDS, *, columns=COLUMNS, head=HEAD, end="\n"):
    return end.join([*head, columns, *records]) + end


def effects(statuses):
    values = np.full((len(statuses), 1, 2), np.nan, np.float32)
    values[[status == "ok" for status in statuses]] = [[0.5, 0.25]]
    return values


def annotate(given, out, source, *, only=None):
    """Writes effects of the alleles of a VCF, one allele a call."""
    copy = source if isinstance(source, vcf_source.Copy) else None
    with open_vcf(out, source=source, **SETTINGS) as file:
        for line, allele in vcf.read(given, copy=copy):
            if only is not None and allele.position not in only:
                continue
            status = {"<DEL>": "symbolic", "C/G": "malformed"}.get(allele.alt, "ok")
            file.write([line], [allele], [status], effects([status]))
    if copy is not None:
        copy.close()
    return out.read_text()


@pytest.fixture
def given(tmp_path):
    (tmp_path / "v.vcf").write_text(text())
    return tmp_path / "v.vcf"


def expected(records):
    for record in records:
        fields = record.split("\t")
        ours = INFO["\t".join(fields[:2])]
        fields[7] = ours if fields[7] == "." else f"{fields[7]};{ours}"
        yield "\t".join(fields)


@pytest.mark.parametrize("way", ["file", "gzip", "copy", "standard input"])
def test_records_keep_all_columns(given, tmp_path, monkeypatch, way):
    source = given
    if way == "gzip":
        given.write_bytes(gzip.compress(given.read_bytes()))
    elif way in ("copy", "standard input"):
        source = vcf_source.Copy()
        if way == "standard input":
            stdin = io.TextIOWrapper(io.BytesIO(given.read_bytes()))
            monkeypatch.setattr(sys, "stdin", stdin)
            given = "-"
    lines = annotate(given, tmp_path / "o.vcf", source).splitlines()
    at = lines.index(COLUMNS)
    assert lines[:6] == HEAD
    added = lines[6:at]
    assert "##contig=<ID=chr2,length=500>" in added and "##genome_keras_weights=m.v1" in added
    assert not any("ID=chr1" in line or "ours.fa" in line for line in added)
    assert lines[at + 1 :] == list(expected(RECORDS))


def test_only_effects_where_no_source_is_given(given, tmp_path):
    lines = annotate(given, tmp_path / "o.vcf", None).splitlines()
    assert lines[0] == "##fileformat=VCFv4.3" and "##reference=ours.fa" in lines
    at = lines.index("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    assert lines[at + 1 :] == [
        f"chr1\t5\trs1\tA\tC,G\t.\t.\t{INFO[chr(9).join(('chr1', '5'))]}",
        "chr1\t7\t.\tA\t<DEL>\t.\t.\tGK_STATUS=symbolic",
        f"chr2\t9\t.\tA\tC\t.\t.\t{INFO[chr(9).join(('chr2', '9'))]}",
    ]


def test_effects_of_an_earlier_run_are_replaced(given, tmp_path):
    once = annotate(given, tmp_path / "a.vcf", given)
    twice = annotate(tmp_path / "a.vcf", tmp_path / "b.vcf", tmp_path / "a.vcf")
    assert sorted(once.splitlines()) == sorted(twice.splitlines())


@pytest.mark.parametrize("columns", [5, 6, 7, 8])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("closing", [True, False])
def test_columns_that_lack_are_filled_in(tmp_path, columns, end, closing):
    rows = ["\t".join(row.split("\t")[:columns]) for row in (COLUMNS, *RECORDS)]
    data = text(rows[1:], columns=rows[0], end=end)
    (tmp_path / "v.vcf").write_text(data if closing else data.removesuffix(end), newline="")
    lines = annotate(tmp_path / "v.vcf", tmp_path / "o.vcf", tmp_path / "v.vcf").splitlines()
    found = [line.split("\t") for line in lines[-len(RECORDS) :]]
    assert all(len(fields) == 8 for fields in found)
    for fields, record in zip(found, RECORDS, strict=True):
        wanted = record.split("\t")[:7]
        assert fields[:columns][:7] == wanted[:columns] and set(fields[columns:7]) <= {"."}
        assert fields[7].endswith(INFO["\t".join(fields[:2])])
    assert lines[-len(RECORDS) - 1].startswith("#CHROM") and "\r" not in "".join(lines)


def test_records_that_are_left_out_and_odd_lines_do_not_shift_the_others(tmp_path):
    odd = ["# a comment", "chr1\t4", "", *RECORDS[:2], "x" * 30, *RECORDS[2:]]
    (tmp_path / "v.vcf").write_text(text(odd))
    source = tmp_path / "v.vcf"
    assert annotate(source, tmp_path / "o.vcf", source).splitlines()[-4:] == [*expected(RECORDS)]
    some = annotate(source, tmp_path / "o.vcf", source, only=[7, 11]).splitlines()
    assert some[-3].startswith("#CHROM")
    assert some[-2:] == [*expected([RECORDS[1], RECORDS[3]])]


@pytest.mark.parametrize("copied", [True, False])
def test_long_lines_come_in_parts(tmp_path, copied):
    """Samples, and INFO, beyond what is read of a line at once."""
    samples = "\t0|1" * (vcf_source.PART // 2)
    long = [RECORDS[0] + samples, RECORDS[1], RECORDS[2].replace("END=9", "X=" + "y" * (2 << 20))]
    (tmp_path / "v.vcf").write_text(text(long))
    source = vcf_source.Copy() if copied else tmp_path / "v.vcf"
    found = annotate(tmp_path / "v.vcf", tmp_path / "o.vcf", source).splitlines()
    assert found[-3:] == [*expected(long)]


def test_a_file_without_records_keeps_its_header(tmp_path):
    (tmp_path / "v.vcf").write_text(text([]))
    lines = annotate(tmp_path / "v.vcf", tmp_path / "o.vcf", tmp_path / "v.vcf").splitlines()
    assert lines[:6] == HEAD and lines[-1] == COLUMNS


def test_bcf_comes_out_as_its_text(given, tmp_path):
    pysam = pytest.importorskip("pysam", reason='pip install "genome_keras[htslib]"')
    records = [RECORDS[0], RECORDS[2]]
    keys = [f'##INFO=<ID={key},Number=.,Type=String,Description="x">' for key in ("XX", "END")]
    records = [record.replace(";DB", "") for record in records]
    given.write_text(text(records, head=[*HEAD, "##contig=<ID=chr2>", *keys]))
    with (
        pysam.VariantFile(str(given)) as source,
        pysam.VariantFile(str(tmp_path / "x.bcf"), "wb", header=source.header) as target,
    ):
        for record in source:
            target.write(record)
    lines = annotate(tmp_path / "x.bcf", tmp_path / "o.vcf", tmp_path / "x.bcf").splitlines()
    assert lines[-2].split("\t")[9:] == ["0|1", "1|2"]
    assert lines[-2].split("\t")[5:7] == ["50.5", "PASS"]
    assert lines[-2].split("\t")[7].endswith(INFO["chr1\t5"])
