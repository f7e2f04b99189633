"""Laws of genome_keras.io.bed."""

import gzip
import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.errors import FormatError
from genome_keras.genome import Interval
from genome_keras.io import bed

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)
NAMES = WORDS.filter(lambda name: name != "." and not name.startswith("#"))
PLACES = st.builds(
    lambda contig, start, length, name, strand: Interval(
        contig, start, start + length, name, strand
    ),
    NAMES.filter(lambda name: name not in ("track", "browser")),
    st.integers(0, 10**9),
    st.integers(1, 10**6),
    st.none() | NAMES,
    st.sampled_from(["+", "-", None]),
)
EXTRA = ["7", "9", "0,0,255", "1", "2,", "0,"]


def write(folder, data):
    path = folder / "any.name"
    path.write_bytes(data)
    return path


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(PLACES, max_size=5),
    columns=st.integers(3, 12),
    between=st.sampled_from(["\t", " ", "   "]),
    end=st.sampled_from(["\n", "\r\n"]),
    aside=st.sampled_from(["", "# a\tb", "track name=x", "browser position chr1:1-2", " \t "]),
    pack=st.sampled_from([bytes, gzip.compress]),
    closing=st.booleans(),
)
def test_places_come_back_however_they_are_written(
    folder, places, columns, between, end, aside, pack, closing
):
    lines = [aside]
    for one in places:
        fields = [one.contig, str(one.start), str(one.end), one.name or ".", "0"]
        fields += [one.strand or ".", *EXTRA]
        lines += [between.join(fields[:columns]), aside]
    data = (end.join(lines) + end * closing).encode()
    expected = [
        Interval(
            one.contig,
            one.start,
            one.end,
            one.name if columns > 3 else None,
            one.strand if columns > 5 else None,
        )
        for one in places
    ]
    assert list(bed.read(write(folder, pack(data)))) == expected


def test_with_a_tab_blanks_belong_to_the_name(folder):
    path = write(folder, b"chr1\t1\t5\tmy peak\t0\t-\n")
    assert list(bed.read(path)) == [Interval("chr1", 1, 5, "my peak", "-")]


def test_nothing_in_a_file_is_no_error(folder):
    assert list(bed.read(write(folder, b""))) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_and_left_open(monkeypatch, pack):
    stdin = io.TextIOWrapper(io.BytesIO(pack(b"chr1\t1\t5\n")))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(bed.read("-")) == [Interval("chr1", 1, 5)]
    assert not stdin.closed and not stdin.buffer.closed


GZIP = gzip.compress(b"".join(b"chr1\t%d\t%d\n" % (at, at * 7919) for at in range(1, 999)))


@pytest.mark.parametrize(
    "data, line, problem",
    [
        (b"chr1\t1\t5\nchr1\t2\n", 2, "expected at least 3 columns, contig, start and end, got 2"),
        (b"\n\nchr1\n", 3, "expected at least 3 columns, contig, start and end, got 1"),
        (b"chr1,1,5\n", 1, "expected at least 3 columns"),
        (b"chr1\t1\t5\rchr1\t2\t6\r", 1, "expected BED text, got the character '\\r'"),
        (b"chr1\t1\t5\n\0\1\2", 2, "expected BED text, got the character '\\x00'"),
        (b"chr1\t1\t5\n#\x80", 2, "expected BED text, got byte 0x80: not UTF-8"),
        (b"chr1\t1\t5\t" + b"a" * (1 << 16), 1, "expected a line of less than 65536 bytes"),
        (b"PK\3\4" + bytes(99), None, "expected BED text, got a zip archive"),
        (gzip.compress(b"BAM\1" + bytes(99)), None, "expected BED text, got BAM"),
        (GZIP[:-9], None, "truncated or damaged gzip"),
        (GZIP[: len(GZIP) // 2], None, "truncated or damaged gzip"),
    ],
)
def test_what_is_no_bed_is_an_error_with_its_line(folder, data, line, problem):
    path = write(folder, data)
    with pytest.raises(FormatError) as caught:
        list(bed.read(path))
    assert problem in caught.value.problem
    assert caught.value.line == line and caught.value.path == path


# Lines that are no places, and what is wrong with them.
MALFORMED = [
    (b"\t1\t5", "column 1 (contig): expected a name, got ''"),
    (b"chr1 \t1\t5", "column 1 (contig): expected a name, got 'chr1 '"),
    (b"chr1\tx\t5", "column 2 (start): expected a whole number, 0 or more, of at most"),
    (b"chr1\t-1\t5", "got '-1'"),
    (b"chr1\t1.0\t5", "got '1.0'"),
    (b"chr1\t1_0\t50", "got '1_0'"),
    (b"chr1\t 1\t5", "got ' 1'"),
    ("chr1\t\N{SUPERSCRIPT TWO}\t5".encode(), "got '\N{SUPERSCRIPT TWO}'"),
    (b"chr1\t1\t", "column 3 (end): expected a whole number, 0 or more, of at most 18"),
    (b"chr1\t1\t1" + b"0" * 18 + b"", "of at most 18 digits, got '10000"),
    (b"chr1\tstart\tend", "got 'start'"),
    (b"chr1\t6\t5", "expected start <= end (0-based, half-open), got start 6 and end 5"),
]


@pytest.mark.parametrize("line, problem", MALFORMED)
def test_a_malformed_line_costs_that_line(folder, caplog, line, problem):
    path = write(folder, b"# a comment\n" + line + b"\nchr1\t1\t5\n")
    places = bed.read(path)
    assert list(places) == [Interval("chr1", 1, 5)]
    assert places.skipped == {"malformed": 1}
    assert places.told() == f"{path}: left out places: 1 malformed"
    assert len(caplog.messages) == 1 and problem in caplog.text
    assert f"{path}:2: left out: malformed: " in caplog.text


def test_the_first_malformed_lines_are_told(folder, caplog):
    path = write(folder, b"chr1\t1\t5\n" + b"chr1\tx\t5\n" * 300)
    places = bed.read(path)
    assert len(list(places)) == 1 and places.skipped["malformed"] == 300
    numbers = [message.split(":")[1] for message in caplog.messages]
    assert numbers == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize("lines", [1, bed.DOUBTFUL])
def test_a_file_without_a_place_among_malformed_lines_is_no_bed(folder, caplog, lines):
    """Before its end too, so that a large file of another format costs nothing."""
    text = b"chr1\tHAVANA\tgene\t11869\t14409\n"
    rest = b"chr1\t1\t5\n" * (lines == bed.DOUBTFUL)
    with pytest.raises(FormatError, match=r"any\.name:1: column 2 \(start\): .* got 'HAVANA'"):
        list(bed.read(write(folder, text * lines + rest)))
    assert not caplog.messages


def test_a_missing_file_is_named(folder):
    with pytest.raises(FormatError, match=r"none\.bed: cannot read: No such file or directory"):
        list(bed.read(folder / "none.bed"))


def peak(summit, columns=10):
    fields = ["chr1", "100", "150", ".", "1000", ".", "5.1", "-1", "-1", summit]
    return "\t".join(fields[:columns]).encode() + b"\n"


@pytest.mark.parametrize("given, summit", [("0", 100), ("49", 149), ("-1", None)])
def test_summits_are_positions_on_the_contig(folder, given, summit):
    path = write(folder, peak(given))
    assert list(bed.read_peaks(path)) == [(Interval("chr1", 100, 150), summit)]


def test_a_file_of_less_columns_is_no_narrow_peak(folder):
    with pytest.raises(FormatError, match="name:2: expected the 10 columns of narrowPeak, got 9"):
        list(bed.read_peaks(write(folder, peak("3") + peak("0", 9))))


@pytest.mark.parametrize(
    "line, problem",
    [
        (peak("50"), "expected -1 or an offset from the start, 0 to 49, got '50'"),
        (peak("-2"), "column 10 (summit): expected -1 or an offset from the start, 0 to 49"),
        (peak("1.5"), "got '1.5'"),
        (peak(""), "got ''"),
    ],
)
def test_a_summit_outside_its_peak_costs_that_line(folder, caplog, line, problem):
    path = write(folder, peak("3") + line)
    places = bed.read_peaks(path)
    assert [summit for _, summit in places] == [103] and places.skipped == {"malformed": 1}
    assert f"{path}:2: left out" in caplog.text and problem in caplog.text
    with pytest.raises(FormatError) as caught:  # all are
        list(bed.read_peaks(write(folder, line)))
    assert problem in caught.value.problem and caught.value.line == 1


CONTIGS = {"chr1": 100, "chr2": 50, "a": 1, "b": 1, "c": 1, "d": 1}


@pytest.mark.parametrize("tail", ["", "\t.\t0\t.\t1\t1\t1\t-1"])
def test_places_must_lie_in_the_contigs(folder, tail):
    read = bed.read_peaks if tail else bed.read
    lines = ["chr1\t0\t100", "chr2\t49\t50"]
    path = write(folder, "".join(f"{line}{tail}\n" for line in lines).encode())
    assert list(read(path, contigs=CONTIGS)) == list(read(path))
    for line, problem in [
        (
            "chr3\t0\t1",
            "no contig 'chr3' in the genome, which has 6: 'chr1', 'chr2', 'a', 'b', 'c'",
        ),
        ("Chr1\t0\t1", "no contig 'Chr1' in the genome"),
        ("chr2\t0\t51", "expected an end of at most 50, the length of 'chr2', got 51"),
    ]:
        text = "".join(f"{one}{tail}\n" for one in [*lines, line])
        path = write(folder, text.encode())
        with pytest.raises(FormatError) as caught:
            list(read(path, contigs=CONTIGS))
        assert caught.value.line == 3 and problem in caught.value.problem


def test_places_outside_can_be_left_out(folder):
    path = write(folder, b"chr3\t0\t1\nchr1\t5\t6\nchr1\t99\t101\nchr3\t4\t5\nchr1\t7\t7\n")
    places = bed.read(path, contigs=CONTIGS, on_outside="skip")
    assert list(places) == [Interval("chr1", 5, 6)]
    assert places.skipped == {"absent": 2, "outside": 1, "empty": 1}
    assert places.told() == (
        f"{path}: left out places: 1 without a base (start = end), 2 on contigs that the genome "
        "lacks, 1 past the end of their contig"
    )
    only = bed.read(path, contigs=CONTIGS, only=True)
    with pytest.raises(FormatError, match=r"any\.name:3: expected an end of at most 100"):
        list(only)
    with pytest.raises(ValueError, match="on_outside must be one of 'error', 'skip'"):
        bed.read(path, contigs=CONTIGS, on_outside="guess")


def test_nothing_left_out_is_nothing_told(folder):
    places = bed.read(write(folder, b"chr1\t5\t6\n"))
    assert list(places) == [Interval("chr1", 5, 6)]
    assert places.told() is None and not places.skipped


# What columns mean that nobody uses, and how real files end their lines.
READ = {
    "a blank at the end": (b"chr1\t1\t5 \n", Interval("chr1", 1, 5)),
    "blanks at the end": (b"chr1 1 5  \n", Interval("chr1", 1, 5)),
    "a blank, then a carriage return": (b"chr1\t1\t5 \r\n", Interval("chr1", 1, 5)),
    "a tab at the end": (b"chr1\t1\t5\t\n", Interval("chr1", 1, 5)),
    "a byte order mark": (b"\xef\xbb\xbfchr1\t1\t5\n", Interval("chr1", 1, 5)),
    "an empty strand": (b"chr1\t1\t5\tn\t0\t\n", Interval("chr1", 1, 5, "n")),
    "another strand": (b"chr1\t1\t5\tn\t0\t*\n", Interval("chr1", 1, 5, "n")),
    "a place for the strand": (
        b"chr1\t1\t5\t12.5\t3.1\tchr1:2-3\n",
        Interval("chr1", 1, 5, "12.5"),
    ),
    "a score of text": (b"chr1\t1\t5\tn\thigh\t-\n", Interval("chr1", 1, 5, "n", "-")),
}


@pytest.mark.parametrize("case", READ)
def test_what_no_command_uses_is_not_checked(folder, case):
    data, place = READ[case]
    assert list(bed.read(write(folder, data))) == [place]
