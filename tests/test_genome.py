"""Laws of genome_keras.genome."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras.genome import Interval, Variant

CONTIGS = st.sampled_from(["chr1", "20", "HLA-A*01:01:01:01", "chrUn_KI270302v1", "a:1-2"])
STARTS = st.integers(0, 10**9)
LENGTHS = st.integers(1, 10**6)
BASES = st.text("ACGT", min_size=1, max_size=6)


@given(CONTIGS, STARTS, LENGTHS)
def test_regions_come_back(contig, start, length):
    place = Interval(contig, start, start + length)
    assert place.region == f"{contig}:{start + 1}-{start + length}"
    assert Interval.from_region(place.region) == place
    assert Interval.from_region(f"{contig}:{start + 1:,}-{start + length:,}") == place


@given(STARTS, LENGTHS, LENGTHS)
def test_resized_keeps_the_centre(start, length, window):
    place = Interval("chr1", start, start + length, "peak", "-")
    around = place.resized(window)
    assert around.length == window and around.centre == place.centre
    assert (around.contig, around.name, around.strand) == ("chr1", "peak", "-")
    assert place.resized(length) == place
    assert around.centre - around.start == window // 2


def test_the_centre_of_one_two_and_three_bases():
    assert [Interval("a", 10, end).centre for end in (11, 12, 13)] == [10, 11, 11]


def test_resized_may_reach_below_0():
    around = Interval("a", 0, 2).resized(10)
    assert (around.start, around.end) == (-4, 6)
    with pytest.raises(ValueError, match=r"a region begins at 1 or later\. Received: start=-4"):
        around.region  # noqa: B018


def test_values_are_frozen_equal_and_hashable():
    place = Interval("a", np.int64(1), np.uint8(3))
    assert {place: 1}[Interval("a", 1, 3)] == 1
    assert type(place.start) is int and type(place.end) is int
    with pytest.raises(dataclasses.FrozenInstanceError):
        place.start = 0


@pytest.mark.parametrize(
    "arguments, error, problem",
    [
        (("a", 3, 3), ValueError, r"expected start < end .* Received: start=3, end=3"),
        (("a", 4, 3), ValueError, r"expected start < end .* Received: start=4, end=3"),
        (("", 1, 2), ValueError, "contig must be a name. Received: contig=''"),
        ((20, 1, 2), ValueError, "contig must be a name. Received: contig=20"),
        (("a", 1.0, 2), TypeError, r"start must be an integer. Received: start=1\.0"),
        (("a", 1, "2"), TypeError, "end must be an integer. Received: end='2'"),
        (("a", 1, 2, None, "."), ValueError, r"strand must be .* Received: strand='\.'"),
    ],
)
def test_intervals_are_checked(arguments, error, problem):
    with pytest.raises(error, match=problem):
        Interval(*arguments)


@pytest.mark.parametrize(
    "text", ["chr1", "chr1:5", "chr1:5-", ":1-2", "chr1:1-2-3x", "chr1:1,00-200", "chr1:-1-5", ""]
)
def test_other_text_is_no_region(text):
    with pytest.raises(ValueError, match="a region must be contig:first-last"):
        Interval.from_region(text)


@pytest.mark.parametrize("text", ["chr1:0-5", "chr1:6-5"])
def test_regions_are_one_based_and_inclusive(text):
    with pytest.raises(ValueError, match="1 <= first <= last"):
        Interval.from_region(text)
    assert Interval.from_region("chr1:5-5") == Interval("chr1", 4, 5)


def test_a_window_of_no_base_is_an_error():
    with pytest.raises(
        ValueError, match=r"window must be an integer of at least 1\. Received: window=0"
    ):
        Interval("a", 1, 2).resized(0)


def put(variant, genome):
    """The genome with the alternative allele."""
    assert genome[variant.start : variant.end] == variant.ref
    return genome[: variant.start] + variant.alt + genome[variant.end :]


@given(st.text("ACGT", max_size=8), BASES, BASES, st.text("ACGT", max_size=8))
def test_trimming_changes_the_writing_and_not_the_event(left, ref, alt, right):
    variant = Variant("a", len(left) + 1, ref, alt, "rs1")
    trimmed = variant.trimmed()
    genome = left + ref + right
    assert put(trimmed, genome) == put(variant, genome) == left + alt + right
    assert trimmed.trimmed() == trimmed
    assert (trimmed.contig, trimmed.id) == ("a", "rs1")
    if min(len(trimmed.ref), len(trimmed.alt)) > 1:
        assert trimmed.ref[0] != trimmed.alt[0] and trimmed.ref[-1] != trimmed.alt[-1]


@pytest.mark.parametrize(
    "given, expected",
    [
        ((10, "CAG", "CTG"), (11, "A", "T")),
        ((10, "CAA", "CA"), (10, "CA", "C")),
        ((10, "TCA", "TCAGG"), (12, "A", "AGG")),
        ((10, "ca", "CAt"), (11, "a", "At")),
        ((10, "AC", "AC"), (10, "A", "A")),
        ((10, "AC", "GT"), (10, "AC", "GT")),
        ((10, "CAG", "*"), (10, "CAG", "*")),
    ],
)
def test_trimmed_examples(given, expected):
    position, ref, alt = given
    assert Variant("a", position, ref, alt).trimmed() == Variant("a", *expected)


def test_positions_of_a_variant():
    variant = Variant("a", np.int32(10), "CAG", "C")
    assert (variant.position, variant.start, variant.end) == (10, 9, 12)
    assert type(variant.position) is int


KINDS = ("is_sequence", "is_star", "is_missing", "is_symbolic")


@pytest.mark.parametrize(
    "alt, kind",
    [
        ("G", "is_sequence"),
        ("acgtn", "is_sequence"),
        ("*", "is_star"),
        (".", "is_missing"),
        ("<DEL>", "is_symbolic"),
        ("<INS:ME:ALU>", "is_symbolic"),
        ("<*>", "is_symbolic"),
        ("G]17:198982]", "is_symbolic"),
        ("[17:198983[A", "is_symbolic"),
        (".A", "is_symbolic"),
        ("A.", "is_symbolic"),
    ],
)
def test_an_allele_is_of_one_kind(alt, kind):
    variant = Variant("a", 5, "A", alt)
    assert [name for name in KINDS if getattr(variant, name)] == [kind]
    assert variant.trimmed() == variant
    assert variant.is_snv == (alt == "G")


def test_snvs_are_one_letter_for_another():
    def is_snv(ref, alt):
        return Variant("a", 5, ref, alt).is_snv

    assert is_snv("A", "G") and is_snv("a", "G")
    assert not (is_snv("A", "a") or is_snv("AC", "GC") or is_snv("A", "AG") or is_snv("A", "*"))


@pytest.mark.parametrize(
    "arguments, error, problem",
    [
        (("a", -1, "A", "C"), ValueError, "position must be at least 0 .* position=-1"),
        (("a", "5", "A", "C"), TypeError, "position must be an integer. Received: position='5'"),
        (("", 5, "A", "C"), ValueError, "contig must be a name"),
        (("a", 5, "", "C"), ValueError, "ref must be letters, at least one. Received: ref=''"),
        (("a", 5, "A-", "C"), ValueError, "ref must be letters"),
        (("a", 5, "A", ""), ValueError, "alt must be letters.* Received: alt=''"),
        (("a", 5, "A", "C,G"), ValueError, "one allele, not a list. Received: alt='C,G'"),
        (("a", 5, "A", "-"), ValueError, "alt must be"),
        (("a", 5, "A", "A\n"), ValueError, "alt must be"),
    ],
)
def test_variants_are_checked(arguments, error, problem):
    with pytest.raises(error, match=problem):
        Variant(*arguments)
