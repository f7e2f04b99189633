"""Laws of genome_keras.io.vcf."""

import gzip
import io
import os
import sys
import threading
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.errors import FormatError
from genome_keras.genome import Variant
from genome_keras.io import vcf
from genome_keras.io.vcf_alleles import Malformed

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


GOOD = (4, Variant("chr1", 4, "A", "C"))
# A record, and the alleles that it has: of a malformed one contig, position, ref, alt, problem.
ODD = {
    "blanks": ("chr1 5 . A C", [("chr1 5 . A C", None, ".", ".", "parted by tabs, got 1")]),
    "four columns": ("chr1\t5\trs1\tA", [("chr1", 5, "A", ".", "5 columns or more, parted by ta")]),
    "POS below 0": ("chr1\t-5\t.\tA\tC", [("chr1", -5, "A", "C", "POS: expected a whole number")]),
    "POS 5.0": ("chr1\t5.0\t.\tA\tC", [("chr1", None, "A", "C", "0 or more, got '5.0'")]),
    "POS empty": ("chr1\t\t.\tA\tC", [("chr1", None, "A", "C", "0 or more, got ''")]),
    "POS long": ("chr1\t" + "9" * 19 + "\t.\tA\tC", [("chr1", None, "A", "C", "got '99999")]),
    "REF empty": ("chr1\t5\t.\t\tC", [("chr1", 5, ".", "C", "ref must be letters, at least one")]),
    "REF .": ("chr1\t5\t.\t.\tC", [("chr1", 5, ".", "C", "Received: ref='.'")]),
    "REF -": ("chr1\t5\t.\t-\tC,G", [("chr1", 5, "-", alt, "ref='-'") for alt in "CG"]),
    "ALT empty": (
        "chr1\t5\t.\tA\tC,",
        [Variant("chr1", 5, "A", "C"), ("chr1", 5, "A", ".", "alt must be letters, '*', '.', '<")],
    ),
    "ALT -": ("chr1\t5\t.\tA\t-\t.", [("chr1", 5, "A", "-", "Received: alt='-'")]),
    "ALT C/G": ("chr1\t5\t.\tA\tC/G", [("chr1", 5, "A", "C/G", "one allele, not a list")]),
    "ALT <dup> in letters": (
        "chr1\t5\t.\tA\tAAC<dup-8>GT",
        [("chr1", 5, "A", "AAC<dup-8>GT", "alt='AAC<dup-8>GT'")],
    ),
    "ALT <a b>": ("chr1\t5\t.\tA\t<DEL_L1 x>", [("chr1", 5, "A", "<DEL_L1 x>", "alt='<DEL_L1")]),
    "ALT quoted": ('chr1\t5\t.\tA\t"C"', [("chr1", 5, "A", '"C"', "Received: alt='\"C\"'")]),
    "contig empty": ("\t5\t.\tA\tC", [(".", 5, "A", "C", "contig must be a name")]),
    "latin-1": ("chr1\t5\trs\udce9\tA\tC", [("chr1", 5, "A", "C", "UTF-8 that can be printed")]),
    "no-break space": ("chr1\t5\t.\tA\xa0\tC", [("chr1", 5, "A\\xa0", "C", "can be printed")]),
    "REF of 1 MB": (
        "chr1\t5\tbig\t" + "A" * (1 << 20) + "\tC\t.\t.",
        [("chr1", 5, "A" * 100 + "...", ".", "the first 5 columns within 1048576 bytes")],
    ),
    "ALT of 1 MB": (
        "chr1\t5\t.\tA\t" + "C" * (1 << 20),
        [("chr1", 5, "A", "C" * 100 + "...", "the first 5 columns within 1048576 bytes")],
    ),
    "a carriage return in ALT": (
        "chr1\t5\t.\tA\tC\r\t.\t.\t.",
        [("chr1", 5, "A", "C\\r", "expected UTF-8 that can be printed")],
    ),
    "a comment": ("# a comment", []),
    "two comments": ("## one\n#another\tof columns", []),
    "a blank line": (" \t ", []),
    "the header again": ("#CHROM\tPOS\tID\tREF\tALT\tQUAL", []),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_record_does_not_stop_the_others(folder, case, caplog):
    record, expected = ODD[case]
    text = HEADER + "chr1\t4\t.\tA\tC\n" + record + "\nchr1\t6\t.\tA\tC\n"
    path = write(folder, text.encode("utf-8", "surrogateescape"))
    first, *found, last = vcf.read(path)
    assert first == GOOD and last[1] == Variant("chr1", 6, "A", "C")
    assert last[0] == 6 + record.count("\n") and {line for line, _ in found} <= {5}
    assert len(found) == len(expected)
    for (_, allele), wanted in zip(found, expected, strict=True):
        if isinstance(wanted, Variant):
            assert allele == wanted
            continue
        assert isinstance(allele, Malformed)
        assert (allele.contig, allele.position, allele.ref, allele.alt) == wanted[:4]
        assert wanted[4] in allele.problem and f"{path}:5: malformed: " in caplog.text


def test_many_malformed_alleles_are_not_all_told(folder, caplog):
    path = write(folder, (HEADER + "chr1\tx\t.\tA\tC\n" * 99).encode())
    assert len(list(vcf.read(path))) == 99
    assert len(caplog.messages) == 5
    assert caplog.messages[4] == (
        f"{path}:8: malformed: POS: expected a whole number, 0 or more, got 'x'"
    )


@pytest.mark.parametrize(
    "record, problem",
    [
        ("chr\0\t5\t.\tA\tC", "expected VCF text, got 'chr\\x00'"),
        ("chr1\t5\t.\tA\x1b[2J\tC", "expected VCF text, got 'A\\x1b[2J'"),
        ("chr1\t5\t.\tA\t\x7f", "expected VCF text, got '\\x7f'"),
        ("\x01\x02", "expected VCF text, got '\\x01\\x02'"),
        ("#CHROM\tPOS\tREF\tALT\tID", "expected the columns ['#CHROM', 'POS', 'ID', 'REF', 'ALT']"),
    ],
)
def test_damage_of_the_file_is_an_error_with_its_line(folder, record, problem):
    path = write(folder, (HEADER + "chr1\t4\t.\tA\tC\n" + record + "\n").encode())
    with pytest.raises(FormatError) as caught:
        list(vcf.read(path))
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{path}:5: ")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_left_out(folder, mark):
    path = write(folder, (mark + HEADER + "chr1\t4\t.\tA\tC\n").encode())
    assert list(vcf.read(path)) == [GOOD]


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read_once(tmp_path, pack):
    os.mkfifo(tmp_path / "pipe")
    data = pack((HEADER + "chr1\t4\t.\tA\tC\n").encode())
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    copy = io.BytesIO()
    assert list(vcf.read(tmp_path / "pipe", copy=copy)) == [GOOD]
    writer.join()
    assert copy.getvalue() == HEADER.encode() + b"chr1\t4\t.\tA\tC\n"


PACKED = gzip.compress(HEADER.encode() * 99)


@pytest.mark.parametrize(
    "data, line, problem",
    [
        (b"", None, "no records; expected VCF, the columns ['#CHROM', "),
        (b"##fileformat=VCFv4.2\n", None, "no records; expected VCF"),
        (b"chr1\t4\t.\tA\tC\n", 1, "expected the columns ['#CHROM', 'POS', 'ID', 'REF', 'ALT'] be"),
        (b"\xe9\t4\t.\tA\tC\n", 1, "expected the columns ['#CHROM', 'POS', 'ID', 'REF', 'ALT'] be"),
        (b"\x00\t4\t.\tA\tC\n", 1, "expected VCF text, got '\\x00'"),
        (PACKED[:-9], None, "truncated or damaged gzip"),
    ],
)
def test_what_is_no_vcf_is_an_error(folder, data, line, problem):
    path = write(folder, data)
    with pytest.raises(FormatError) as caught:
        list(vcf.read(path))
    assert problem in caught.value.problem and caught.value.line == line
