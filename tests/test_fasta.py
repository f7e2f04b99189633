"""Laws of genome_keras.io.fasta."""

import gzip
import io
import sys
import tracemalloc
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.errors import FormatError
from genome_keras.io import fasta

RECORDS = st.lists(st.text("ACGTNacgtn", min_size=1, max_size=60), min_size=1, max_size=5)


def write(path, data):
    path.write_bytes(data)
    return path


def wrapped(seqs, width, end, closing):
    lines = []
    for number, seq in enumerate(seqs):
        lines.append(f">r{number} about it")
        lines += [seq[at : at + width] for at in range(0, len(seq), width)]
    text = end.join(lines) + (end if closing else "")
    return text.encode()


@given(
    seqs=RECORDS,
    width=st.integers(1, 70),
    end=st.sampled_from(["\n", "\r\n"]),
    closing=st.booleans(),
    members=st.integers(0, 3),
    piece=st.integers(1, 30),
)
def test_records_come_back_however_they_are_wrapped(
    folder, seqs, width, end, closing, members, piece
):
    data = wrapped(seqs, width, end, closing)
    if members:  # several, as bgzip writes them
        size = -(-len(data) // members)
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        data_on_disk = b"".join(map(gzip.compress, parts)) + gzip.compress(b"")
    else:
        data_on_disk = data
    path = write(folder / "any.name", data_on_disk)
    expected = [(f"r{number}", seq) for number, seq in enumerate(seqs)]
    assert list(fasta.read(path)) == expected

    lines = data.decode().splitlines()
    with mock.patch.multiple(fasta, PIECE=piece, LINE=20):
        assert list(fasta.read(path)) == expected
        pieces = list(fasta.chunks(path))
    assert [one.name for one in pieces if one.last] == [name for name, _ in expected]
    for one in pieces:
        assert len(one.letters) < piece + 20
        begin = min(len(one.letters), 1)
        assert one.letters[:begin].decode() in lines[one.line - 1]
        assert one.last or len(one.letters)


def test_a_piece_says_where_it_begins(folder):
    path = write(folder / "lines.fa", b"\n>a b c\nACGT\nACGT\n\nAC\n>d\nGG")
    with mock.patch.object(fasta, "PIECE", 9):
        assert list(fasta.chunks(path)) == [
            ("a", 3, b"ACGTACGT", False, b"a b c"),
            ("a", 5, b"AC", True, b"a b c"),
            ("d", 8, b"GG", True, b"d"),
        ]


def test_a_record_that_ends_with_a_full_piece_ends_with_an_empty_one(folder):
    path = write(folder / "full.fa", b">a\nACGT\n>b\nAC\n")
    with mock.patch.object(fasta, "PIECE", 5):
        pieces = [(one.name, one.letters, one.last) for one in fasta.chunks(path)]
    assert pieces == [("a", b"ACGT", False), ("a", b"", True), ("b", b"AC", True)]


def test_blanks_are_dropped_and_other_letters_left_alone(folder):
    path = write(folder / "blanks.fa", b">  a\tmore\n AC GT \r\n\r\n\tRY-*>x\n\n")
    assert list(fasta.read(path)) == [("a", "ACGTRY-*>x")]


def test_only_a_line_begins_a_record(folder):
    path = write(folder / "long.fa", b">a\n" + b"A" * 40 + b">b\nC\n")
    with mock.patch.object(fasta, "LINE", 20):
        assert list(fasta.read(path)) == [("a", "A" * 40 + ">bC")]


def test_a_byte_order_mark_is_left_out(folder):
    for pack in (bytes, gzip.compress):
        path = write(folder / "mark.fa", pack("\ufeff>a\nAC\n".encode()))
        assert list(fasta.read(path)) == [("a", "AC")]


def test_empty_records_are_kept_where_they_may_be(folder):
    path = write(folder / "empty.fa", b">a\n>b\nAC\n>c\n\n \n>d")
    found = [(one.name, one.letters, one.last) for one in fasta.chunks(path, empty="keep")]
    assert found == [("a", b"", True), ("b", b"AC", True), ("c", b"", True), ("d", b"", True)]
    with pytest.raises(ValueError, match="empty must be one of 'error', 'keep'"):
        list(fasta.chunks(path, empty="guess"))


def test_names_may_be_utf8(folder):
    path = write(folder / "utf8.fa", ">gène \N{SNOWMAN}\nA\n".encode())
    assert list(fasta.read(path)) == [("gène", "A")]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_and_left_open(monkeypatch, pack):
    stdin = io.TextIOWrapper(io.BytesIO(pack(b">a\nAC\nGT\n")))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(fasta.read("-")) == [("a", "ACGT")]
    assert not stdin.closed and not stdin.buffer.closed


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_memory_does_not_grow_with_the_record(folder, pack):
    letters = 24 << 20
    path = write(folder / "chromosome.fa", pack(b">chr1\n" + b"ACGT" * (letters // 4)))
    tracemalloc.start()
    assert sum(len(piece.letters) for piece in fasta.chunks(path)) == letters
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


GZIP = gzip.compress(b">a\n" + bytes(range(65, 91)) * 999)


@pytest.mark.parametrize(
    "data, line, problem",
    [
        (b"", None, "empty; expected FASTA"),
        (b"\n \r\n", None, "empty; expected FASTA"),
        (gzip.compress(b""), None, "empty; expected FASTA"),
        (b"ACGT\n>a\nAC\n", 1, "expected '>' before any sequence, got 'ACGT'"),
        (b"\n; a comment\n>a\nAC\n", 2, "expected '>' before any sequence, got '; a comment'"),
        (b"@read\nACGT\n+\nIIII\n", 1, "it looks like FASTQ"),
        (b"##fileformat=VCFv4.2\n", 1, "it looks like VCF, which `genome-keras variants` reads"),
        (gzip.compress(b"@read\nACGT\n"), 1, "it looks like FASTQ"),
        (b">a\nAC\n>\nGT\n", 3, "a header without a name"),
        (b">a\nAC\n> \t\nGT\n", 3, "a header without a name"),
        (b">a\n>b\nAC\n", 1, "record 'a' has no sequence"),
        (b">a\nAC\n>b\n\n \n>c\nA", 3, "record 'b' has no sequence"),
        (b">a\nAC\n>b", 3, "record 'b' has no sequence"),
        (b">a\rACGT\r>b\rAC\r", 1, "a carriage return inside a header"),
        (b">\xe9\nAC\n", 1, "a name that is not UTF-8: b'\\xe9'"),
        (b">a\0b\nAC\n", 1, "a control character in the name 'a\\x00b'"),
        (b">" + b"a" * (1 << 16) + b"\nAC\n", 1, "expected a header of less than 65536 bytes"),
        (b">a\nAC\nGT\0\n", 3, "binary data, byte 0x00 in a sequence"),
        (b">a\nAC\n\n>b\nA\n\x80\nA\n", 6, "binary data, byte 0x80 in a sequence"),
        (b"\0\1\2\3", 1, "got binary data"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), None, "expected FASTA text, got HDF5"),
        (b"PK\3\4" + bytes(99), None, "expected FASTA text, got a zip archive"),
        (b"BZh91AY", None, "expected FASTA text, got bzip2"),
        (gzip.compress(b"BAM\1" + bytes(99)), None, "expected FASTA text, got BAM"),
        (gzip.compress(gzip.compress(b">a\nA")), None, "got gzip within gzip"),
        (">a\nAC\n".encode("utf-16"), None, "got UTF-16"),
        (GZIP[:-9], None, "truncated or damaged gzip"),
        (GZIP[:2], None, "truncated or damaged gzip"),
        (GZIP[:-8] + b"\0" * 8, None, "truncated or damaged gzip"),
        (GZIP[:40] + b"\xff" * 20 + GZIP[60:], None, "truncated or damaged gzip"),
        (GZIP + b"garbage", None, "truncated or damaged gzip"),
    ],
)
def test_what_is_no_fasta_is_an_error_with_its_line(folder, data, line, problem):
    path = write(folder / "bad.fa", data)
    with pytest.raises(FormatError) as caught:
        list(fasta.chunks(path))
    assert problem in caught.value.problem
    if line is not None:
        assert str(caught.value).startswith(f"{path}:{line}: ")


def test_records_before_an_error_are_given(folder):
    reader = fasta.read(write(folder / "late.fa", b">a\nAC\n>b\n>c\nA\n"))
    assert next(reader) == ("a", "AC")
    with pytest.raises(FormatError, match=r"late\.fa:3: record 'b' has no sequence"):
        next(reader)


def test_a_missing_file_and_a_folder_are_named(folder):
    with pytest.raises(FormatError, match=r"none\.fa: cannot read: No such file or directory"):
        next(fasta.chunks(folder / "none.fa"))
    with pytest.raises(FormatError, match="cannot read: Is a directory"):
        next(fasta.chunks(str(folder)))
