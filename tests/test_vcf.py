"""Laws of genome_keras.io.vcf."""

import gzip
import io
import sys
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.errors import FormatError
from genome_keras.genome import Variant
from genome_keras.io import vcf

HEADER = "##fileformat=VCFv4.2\n##source=x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BASES = st.text("ACGTN", min_size=1, max_size=5)
ALTS = BASES | st.sampled_from(["*", ".", "<DEL>", "G]17:198982]", "]13:123456]T", "C."])
RECORDS = st.tuples(
    st.sampled_from(["chr1", "20", "HLA-A*01:01"]),
    st.integers(0, 10**9),
    st.sampled_from([None, "rs1", "rs1;rs2"]),
    BASES,
    st.lists(ALTS, min_size=1, max_size=3),
)


def write(folder, data):
    path = folder / "any.name"
    path.write_bytes(data)
    return path


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(RECORDS, max_size=4),
    rest=st.sampled_from(["", "\t50\tPASS\tAC=3", "\t.\t.\t.\tGT" + "\t0|1" * 99]),
    end=st.sampled_from(["\n", "\r\n"]),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_variants_come_back_one_for_each_allele(folder, records, rest, end, pack):
    text, expected = HEADER, []
    for line, (contig, position, name, ref, alts) in enumerate(records, 4):
        text += f"{contig}\t{position}\t{name or '.'}\t{ref}\t{','.join(alts)}{rest}\n"
        expected += [(line, Variant(contig, position, ref, alt, name)) for alt in alts]
    path = write(folder, pack(text.replace("\n", end).encode()))
    assert list(vcf.read(path)) == expected
    with mock.patch.object(vcf, "LINE", 150):  # samples come in parts
        assert list(vcf.read(path)) == expected


def test_a_header_alone_has_no_variants(folder):
    assert list(vcf.read(write(folder, HEADER.encode()))) == []


def test_five_columns_are_enough(folder):
    path = write(folder, b"#CHROM\tPOS\tID\tREF\tALT\n\nchr1\t5\t.\tA\tC")
    assert list(vcf.read(path)) == [(3, Variant("chr1", 5, "A", "C"))]


def test_standard_input_is_read(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO((HEADER + "chr1\t5\t.\tA\tC\n").encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(vcf.read("-")) == [(4, Variant("chr1", 5, "A", "C"))]


@pytest.mark.parametrize(
    "record, problem",
    [
        ("chr1 5 . A C", "expected 5 columns or more, parted by tabs, got 1"),
        ("chr1\t5\t.\tA", "expected 5 columns or more, parted by tabs, got 4"),
        ("chr1\t-5\t.\tA\tC", "POS: expected a whole number, 0 or more, got '-5'"),
        ("chr1\t5.0\t.\tA\tC", "POS: expected a whole number, 0 or more, got '5.0'"),
        ("chr1\t\t.\tA\tC", "POS: expected a whole number, 0 or more, got ''"),
        ("chr1\t5\t.\t\tC", "ref must be letters, at least one. Received: ref=''"),
        ("chr1\t5\t.\t.\tC", "ref must be letters, at least one. Received: ref='.'"),
        ("chr1\t5\t.\tA\tC,", "alt must be letters, '*', '.', '<...>' or a breakend"),
        ("chr1\t5\t.\tA\t-\t.", "Received: alt='-'"),
        ("\t5\t.\tA\tC", "contig must be a name"),
        ("chr\0\t5\t.\tA\tC", "expected VCF text, got 'chr\\x00'"),
        ("chr1\t5\trs\x80\tA\tC", "expected VCF text, got 'rs\\x80'"),
        ("chr1\t5\t.\tA\t" + "C" * (1 << 20), "expected the first 5 columns within 1048576 bytes"),
        ("#CHROM\tPOS\tREF\tALT\tID", "expected the columns ['#CHROM', 'POS', 'ID', 'REF', 'ALT']"),
    ],
)
def test_a_malformed_record_is_an_error_with_its_line(folder, record, problem):
    path = write(folder, (HEADER + "chr1\t4\t.\tA\tC\n" + record + "\n").encode())
    reader = vcf.read(path)
    with pytest.raises(FormatError) as caught:
        list(reader)
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{path}:5: ")


PACKED = gzip.compress(HEADER.encode() * 99)


@pytest.mark.parametrize(
    "data, line, problem",
    [
        (b"", None, "no records; expected VCF, the columns ['#CHROM', "),
        (b"##fileformat=VCFv4.2\n", None, "no records; expected VCF"),
        (b"chr1\t4\t.\tA\tC\n", 1, "expected the columns ['#CHROM', 'POS', 'ID', 'REF', 'ALT'] be"),
        (b"\xe9\t4\t.\tA\tC\n", 1, "expected VCF text, got byte 0xe9: not UTF-8"),
        (PACKED[:-9], None, "truncated or damaged gzip"),
    ],
)
def test_what_is_no_vcf_is_an_error(folder, data, line, problem):
    path = write(folder, data)
    with pytest.raises(FormatError) as caught:
        list(vcf.read(path))
    assert problem in caught.value.problem and caught.value.line == line
