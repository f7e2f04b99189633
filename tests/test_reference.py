"""Laws of genome_keras.io.reference and of the index and blocks below it."""

import gzip
import os
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.genomes import EMPTY_BLOCK, bgzip, fasta, two_bit

from genome_keras.errors import FormatError, SequenceError
from genome_keras.genome import Interval
from genome_keras.io import faidx
from genome_keras.io.reference import open_genome, stream

RECORDS = {"chr1": "ACGTNNacgtnnGGATTACA" * 5, "chr2": "T", "HLA:1*2": "NNNNACGTTG" * 3 + "A"}

KINDS = {
    "plain": fasta,
    "windows line ends": lambda records: fasta(records, end="\r\n"),
    "no end": lambda records: fasta(records, closing=False),
    "one line": lambda records: fasta(records, width=10**6),
    "one line, no end": lambda records: fasta(records, width=10**6, closing=False),
    "bgzip": lambda records: bgzip(fasta(records)),
    "2bit": two_bit,
}


@pytest.fixture(scope="module", params=KINDS)
def genome(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "any.name"
    path.write_bytes(KINDS[request.param](RECORDS))
    with open_genome(path) as opened:
        yield opened
    assert os.listdir(path.parent) == ["any.name"]


def test_contigs_are_names_and_lengths_in_order(genome):
    assert list(genome.contigs.items()) == [(name, len(seq)) for name, seq in RECORDS.items()]


@settings(max_examples=50, deadline=None)
@given(name=st.sampled_from(list(RECORDS)), start=st.integers(-20, 120), length=st.integers(1, 150))
def test_fetching_is_slicing_between_n(genome, name, start, length):
    place = Interval(name, start, start + length, strand="-")
    seq = RECORDS[name].upper()
    expected = "".join(seq[at] if 0 <= at < len(seq) else "N" for at in range(start, place.end))
    assert genome.fetch(place) == genome.fetch((name, start, place.end)) == expected
    if start >= 0 and place.end <= len(seq):
        assert genome.fetch(place, pad=False) == expected
    else:
        with pytest.raises(SequenceError, match=f"outside '{name[:3]}.* of {len(seq)} bp"):
            genome.fetch(place, pad=False)


def test_a_contig_of_another_name_is_an_error_that_names_some(genome):
    with pytest.raises(SequenceError) as caught:
        genome.fetch(("1", 0, 5))
    assert str(caught.value) == (
        f"{genome.path}: no contig '1'; it has 3: 'chr1', 'chr2', 'HLA:1*2'"
    )


def test_only_the_first_contigs_are_named(tmp_path):
    path = tmp_path / "many.fa"
    path.write_bytes(fasta({f"c{number}": "A" for number in range(9)}))
    with open_genome(path) as genome, pytest.raises(SequenceError) as caught:
        genome.length("chr1")
    assert str(caught.value).endswith("it has 9: 'c0', 'c1', 'c2', 'c3', 'c4', ...")


def test_other_letters_come_as_they_are(tmp_path):
    path = tmp_path / "x.fa"
    path.write_bytes(b">a\nACry\n-*\n")
    with open_genome(path) as genome:
        assert genome.fetch(("a", 1, 6)) == "CRY-*"


def test_closing_twice_is_no_error(genome, tmp_path):
    path = tmp_path / "copy"
    path.write_bytes(Path(genome.path).read_bytes())
    again = open_genome(path)
    again.close()
    again.close()


SEQS = st.dictionaries(
    st.text("abc:1", min_size=1, max_size=4), st.text("ACGTN", min_size=1, max_size=70), min_size=1
)


@settings(max_examples=50, deadline=None)
@given(SEQS, st.integers(1, 80), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_the_index_is_that_of_samtools(tmp_path_factory, records, width, end, closing, packed):
    pysam = pytest.importorskip("pysam")
    folder = tmp_path_factory.mktemp("index")
    path, index = folder / "x.fa", folder / "elsewhere"
    data = fasta(records, width=width, end=end, closing=closing)
    path.write_bytes(data)
    pysam.faidx(str(path), "--fai-idx", str(index))
    if packed:
        path.write_bytes(bgzip(data))
    built, read = faidx.build(path), faidx.read(index)
    assert list(built) == list(read) == list(records)
    for name in records:
        assert built[name][:3] == read[name][:3]
        # samtools too takes a last line without an end for one that ends in "\n".
        assert built[name].bytes == read[name].bytes


def test_lines_longer_than_a_read_are_indexed(tmp_path):
    path = tmp_path / "long.fa"
    for letters in range((1 << 16) - 3, (1 << 16) + 3):
        for end in (b"\n", b"\r\n"):
            path.write_bytes(b">a" + end + b"A" * (letters - 1) + b"C" + end + b"G" + end)
            with open_genome(path) as genome:
                assert genome.contigs == {"a": letters + 1}
                assert genome.fetch(("a", letters - 2, letters + 1)) == "ACG"


def test_bgzip_of_htslib_is_read(tmp_path):
    pysam = pytest.importorskip("pysam")
    path = tmp_path / "x.fa"
    seq = "".join("ACGT"[number * number % 7 % 4] for number in range(200_000))
    path.write_bytes(fasta({"a": seq}, width=60))
    pysam.tabix_compress(str(path), str(path) + ".gz")
    with open_genome(f"{path}.gz") as genome:
        assert genome.fetch(("a", 0, len(seq))) == seq
        assert genome.fetch(("a", 65_000, 66_000)) == seq[65_000:66_000]


def no_reading(path):
    raise AssertionError("the whole file was read for an index")


def test_an_index_beside_the_file_is_used_unless_it_is_older(tmp_path, monkeypatch):
    path, index = tmp_path / "x.fa", tmp_path / "x.fa.fai"
    path.write_bytes(b">a about it\nACGT\nAC\n>empty\n>b\nAC  \nGT  \nA\n")
    index.write_text("a\t6\t12\t4\t5\nempty\t0\t27\t0\t0\nb\t5\t30\t2\t5\n")
    os.utime(path, (1000, 1000))
    os.utime(index, (1000, 1000))
    with monkeypatch.context() as patch:
        patch.setattr(faidx, "build", no_reading)
        with open_genome(path) as genome:
            assert genome.contigs == {"a": 6, "empty": 0, "b": 5}
            assert genome.fetch(("a", 2, 6)) == "GTAC"
            assert genome.fetch(("b", 0, 5)) == "ACGTA"
    os.utime(index, (999, 999))
    with pytest.raises(FormatError, match="record 'empty' has no sequence"):
        open_genome(path)


# Each index is newer than its file, >a / ACGT / AC / >b / CCCC / G, and of another one.
STALE = {
    "another name": "c\t6\t3\t4\t5\nb\t5\t14\t4\t5\n",
    "a longer header before": "a\t6\t13\t4\t5\nb\t5\t24\t4\t5\n",
    "a shorter header before": "a\t6\t2\t4\t5\nb\t5\t13\t4\t5\n",
    "the header itself": "a\t6\t0\t4\t5\n",
    "longer": "a\t7\t3\t4\t5\nb\t5\t14\t4\t5\n",
    "shorter": "a\t5\t3\t4\t5\nb\t5\t14\t4\t5\n",
    "shorter by a line": "a\t4\t3\t4\t5\nb\t5\t14\t4\t5\n",
    "beyond the file": "a\t60\t3\t4\t5\n",
    "before the file": "a\t6\t-3\t4\t5\n",
    "other lines": "a\t6\t3\t5\t6\nb\t5\t14\t5\t6\n",
    "one line": "a\t6\t3\t6\t7\nb\t5\t14\t5\t6\n",
    "other line ends": "a\t6\t3\t4\t6\nb\t5\t14\t4\t6\n",
}


@pytest.mark.parametrize("pack", [bytes, bgzip])
@pytest.mark.parametrize("case", STALE)
def test_an_index_of_another_file_is_noticed(tmp_path, case, pack):
    path = tmp_path / "x.fa"
    path.write_bytes(pack(b">a\nACGT\nAC\n>b\nCCCC\nG\n"))
    (tmp_path / "x.fa.fai").write_text(STALE[case])
    if "-" in STALE[case]:
        with pytest.raises(FormatError, match="expected a name and four numbers"):
            open_genome(path)
        return
    with open_genome(path) as genome:
        assert genome.contigs == {"a": 6, "b": 5}
        assert genome.fetch(("a", 0, 6)) == "ACGTAC"
        assert genome.fetch(("b", 0, 5)) == "CCCCG"
    assert (tmp_path / "x.fa.fai").read_text() == STALE[case]


def test_an_index_fits_behind_long_headers_and_a_byte_order_mark(tmp_path, monkeypatch):
    path = tmp_path / "x.fa"
    path.write_bytes("\ufeff".encode() + b">a " + b"x" * 5000 + b"\nACGT\n>b\nGG")
    with open_genome(path) as genome:
        assert genome.fetch(("a", 0, 4)) == "ACGT" and genome.fetch(("b", 0, 2)) == "GG"
    lines = ["\t".join(map(str, (name, *of))) for name, of in faidx.build(path).items()]
    (tmp_path / "x.fa.fai").write_text("\n".join(lines))
    monkeypatch.setattr(faidx, "build", no_reading)
    with open_genome(path) as genome:
        assert genome.fetch(("a", 0, 4)) == "ACGT" and genome.fetch(("b", 0, 2)) == "GG"


@pytest.mark.parametrize(
    "line, problem",
    [
        ("a\t6\t3\t4\n", "expected a name and four numbers, parted by tabs, got 'a"),
        ("a\t6\t3\t4\tx\n", "expected a name and four numbers"),
        ("a\t6\t3\t5\t5\n", "expected more bytes than letters in a line"),
        ("a\t6\t3\t0\t5\n", "expected more bytes than letters in a line"),
        ("a\t6\t3\t4\t5\na\t6\t3\t4\t5\n", "the name 'a' a second time"),
        ("", "an empty index; remove it, or make it anew"),
    ],
)
def test_a_damaged_index_is_an_error(tmp_path, line, problem):
    path = tmp_path / "x.fa"
    path.write_bytes(b">a\nACGT\nAC\n")
    (tmp_path / "x.fa.fai").write_text(line)
    with pytest.raises(FormatError) as caught:
        open_genome(path)
    assert problem in caught.value.problem
    assert str(caught.value.path) == f"{path}.fai"


@pytest.mark.parametrize(
    "data, letters, problem",
    [
        (b">a\nACGT  \nACGT  \nAC\n", "ACGTACGTAC", None),
        (b">a\nACGT \t\r\nACGT \t\r\nAC  ", "ACGTACGTAC", None),
        (b">a\nACGT  ", "ACGT", None),
        (b">a\nACGT\n\n \n>b\nA\n", "ACGT", None),
        (b">a\nAC GT\nACGTA\n", None, "x.fa:2: a blank among the letters of a line"),
        (b">a\n ACGT\n ACGT\n", None, "x.fa:2: a blank among the letters of a line"),
        (b">a\nAC\rGT\nACGTA\n", None, "x.fa:2: a blank among the letters of a line"),
        (b">a\nACGT \nACGT\nACGT\n", None, "expected a line of 4 letters (6 bytes with its end)"),
    ],
)
def test_blanks_are_no_letters(tmp_path, data, letters, problem):
    path = tmp_path / "x.fa"
    path.write_bytes(data)
    for line in (3, 4, 1 << 16):  # long lines come in parts
        with mock.patch.object(faidx, "LINE", line):
            if problem:
                with pytest.raises(FormatError) as caught:
                    open_genome(path)
                assert problem in str(caught.value)
            else:
                with open_genome(path) as genome:
                    assert genome.fetch(("a", 0, genome.length("a"))) == letters


PACKED = bgzip(fasta(RECORDS))


@pytest.mark.parametrize(
    "data, line, problem",
    [
        (b"", None, "empty; expected FASTA or 2bit"),
        (b"\n\n", None, "empty; expected FASTA, a first line that begins with '>'"),
        (b"ACGT\n", 1, "expected '>' before any sequence, got b'ACGT'"),
        (b">a\nACGT\nAC\nACGT\n", 3, "expected a line of 4 letters (5 bytes with its end)"),
        (b">a\nACGT\nAC\nACGT\n", 3, "of 'a', got 2 letters (3 bytes); only the last line"),
        (b">a\nACGT\n\nACGT\n", 3, "got 0 letters (1 bytes)"),
        (b">a\nACGT\nACG\r\nACGT\n", 3, "got 3 letters (5 bytes)"),
        (b">a\nACGT\nACGTA\n", 3, "got 5 letters (6 bytes)"),
        (b">a\n\nACGT\n", 2, "a blank line after the header of 'a'"),
        (b">a\nACGT\n>b\n>c\nA\n", 3, "record 'b' has no sequence"),
        (b">a\nACGT\n>b", 3, "record 'b' has no sequence"),
        (b">a\nACGT\n>a\nA\n", 3, "the name 'a' a second time"),
        (b">\nACGT\n", 1, "a header without a name"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), None, "expected FASTA text, got HDF5"),
        (bgzip(b"BAM\1" + bytes(99)), None, "expected FASTA text, got BAM"),
        (gzip.compress(b">a\nACGT\n"), None, "plain gzip cannot be read at any place; decompress"),
        (PACKED[: -len(EMPTY_BLOCK)], None, "truncated bgzip: the empty block at its end"),
        (PACKED[: -len(EMPTY_BLOCK) - 3], None, "truncated or damaged"),
        (PACKED + b"garbage", None, "truncated or damaged"),
        (PACKED + gzip.compress(b""), None, "truncated or damaged bgzip: no block at byte"),
    ],
)
def test_what_cannot_be_opened_is_an_error(tmp_path, data, line, problem):
    path = tmp_path / "x.fa"
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        open_genome(path)
    assert problem in caught.value.problem and caught.value.line == line


@pytest.mark.parametrize("at", [25, -len(EMPTY_BLOCK) - 6])  # the letters, their CRC
def test_a_damaged_block_is_an_error_when_it_is_read(tmp_path, at):
    path = tmp_path / "x.fa"
    data = fasta(RECORDS)
    path.write_bytes(bgzip(data))
    lines = ["\t".join(map(str, (name, *of))) for name, of in faidx.build(path).items()]
    (tmp_path / "x.fa.fai").write_text("\n".join(lines))
    packed = bytearray(bgzip(data, len(data)))
    packed[at] ^= 255
    path.write_bytes(packed)
    os.utime(path, (1, 1))
    with pytest.raises(FormatError, match="damaged bgzip: block at"), open_genome(path) as genome:
        for name in RECORDS:
            genome.fetch((name, 0, len(RECORDS[name])))


@settings(max_examples=50, deadline=None)
@given(cut=st.integers(4, len(two_bit(RECORDS)) - 1))
def test_a_truncated_2bit_is_an_error(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "x.2bit"
    path.write_bytes(two_bit(RECORDS)[:cut])
    truncated = pytest.raises(FormatError, match=r"truncated 2bit: no \d+ bytes at byte \d+")
    with truncated, open_genome(path) as genome:
        for name in RECORDS:
            genome.fetch((name, 0, len(RECORDS[name])))


@pytest.mark.parametrize(
    "at, value, problem",
    [
        (4, b"\2", "expected 2bit of version 0 or 1, got 2"),
        (8, b"\0", "damaged 2bit: no contigs, or two of one name"),
        (17, b"\xff", "damaged 2bit: a name that is not UTF-8"),
        (29, b"1", "damaged 2bit: no contigs, or two of one name"),
        (53, b"\xff", "truncated 2bit: no .* bytes at byte 54"),
        (57, b"\xff", "damaged 2bit: the runs of N in 'chr1'"),
        (62, b"\0", "damaged 2bit: the runs of N in 'chr1'"),
    ],
)
def test_a_damaged_2bit_is_an_error(tmp_path, at, value, problem):
    path = tmp_path / "x.2bit"
    data = two_bit(RECORDS)
    path.write_bytes(data[:at] + value + data[at + 1 :])
    with pytest.raises(FormatError, match=problem), open_genome(path) as genome:
        genome.fetch(("chr1", 0, 5))


@settings(max_examples=50, deadline=None)
@given(
    records=st.dictionaries(
        st.text("abc", min_size=1, max_size=3), st.text("ACGTNacgtn", min_size=1), min_size=1
    ),
    order=st.sampled_from("<>"),
    version=st.integers(0, 1),
)
def test_2bit_of_either_order_and_version_comes_back(tmp_path_factory, records, order, version):
    path = tmp_path_factory.mktemp("order") / "x.2bit"
    path.write_bytes(two_bit(records, order=order, version=version))
    with open_genome(path) as genome:
        whole = {name: genome.fetch((name, 0, genome.length(name))) for name in records}
    assert whole == {name: seq.upper() for name, seq in records.items()}


def test_the_2bit_of_these_tests_is_one_for_others(tmp_path):
    py2bit = pytest.importorskip("py2bit")
    path = tmp_path / "x.2bit"
    path.write_bytes(two_bit(RECORDS))
    theirs = py2bit.open(str(path))
    assert theirs.chroms() == {name: len(seq) for name, seq in RECORDS.items()}
    for name, seq in RECORDS.items():
        assert theirs.sequence(name) == seq.upper()
    theirs.close()


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.fa: cannot read: No such file or directory"):
        open_genome(tmp_path / "none.fa")
    with pytest.raises(FormatError, match="cannot read: Is a directory"):
        open_genome(tmp_path)


@pytest.mark.parametrize("kind", [*KINDS, "gzip"])
@pytest.mark.parametrize("piece", [5, 1 << 20])
def test_a_stream_has_all_letters_of_all_contigs(tmp_path, kind, piece):
    data = gzip.compress(fasta(RECORDS)) if kind == "gzip" else KINDS[kind](RECORDS)
    (tmp_path / "any.name").write_bytes(data)
    found, open_record = {}, None
    with mock.patch("genome_keras.io.fasta.PIECE", piece):
        for one in stream(tmp_path / "any.name"):
            assert open_record in (None, one.name)
            found[one.name] = found.get(one.name, "") + one.letters.decode().upper()
            open_record = None if one.last else one.name
    assert found == {name: seq.upper() for name, seq in RECORDS.items()} and open_record is None
