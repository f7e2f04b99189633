"""Laws of genome_keras.windows."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome_keras.encode import decode
from genome_keras.errors import SequenceError
from genome_keras.genome import Interval, Variant
from genome_keras.io import fasta
from genome_keras.io.reference import open_genome
from genome_keras.windows import Slider, alleles, of_intervals


def cut(records, sizes):
    """Pieces of records, of the sizes given, over and over."""
    turn = 0
    for name, seq in records:
        at = 0
        while True:
            size = sizes[turn % len(sizes)]
            turn += 1
            last = at + size >= len(seq)
            yield fasta.Piece(name, 1, seq[at : at + size].encode(), last)
            at += size
            if last:
                break


def sliced(records, window, stride, on_short):
    """The windows by slicing, one at a time."""
    for name, seq in records:
        seq = seq.upper()
        if len(seq) < window:
            if on_short == "pad" and seq:
                left = (window - len(seq)) // 2
                yield name, 0, len(seq), ("N" * left + seq).ljust(window, "N")
            continue
        for start in range(0, len(seq) - window + 1, stride):
            yield name, start, start + window, seq[start : start + window]
        if stride <= window and start + window < len(seq):
            yield name, len(seq) - window, len(seq), seq[-window:]


def flat(batches):
    for names, starts, ends, codes in batches:
        assert starts.dtype == ends.dtype == np.int64 and codes.dtype == np.uint8
        yield from zip(names, starts.tolist(), ends.tolist(), decode(codes), strict=True)


@given(
    seqs=st.lists(st.text("ACGTNacgtn", max_size=40), max_size=6),
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    window=st.integers(1, 12),
    stride=st.none() | st.integers(1, 15),
    batch_size=st.integers(1, 9),
    on_short=st.sampled_from(["pad", "skip"]),
)
def test_windows_are_those_of_slicing(seqs, sizes, window, stride, batch_size, on_short):
    records = [(f"r{number}", seq) for number, seq in enumerate(seqs)]
    slider = Slider(
        cut(records, sizes),
        window=window,
        stride=stride,
        batch_size=batch_size,
        on_short=on_short,
    )
    batches = list(slider)
    stride = window if stride is None else stride
    found = list(flat(batches))
    assert found == list(sliced(records, window, stride, on_short))
    assert all(len(batch.codes) == batch_size for batch in batches[:-1])
    assert all(0 < len(batch.codes) <= batch_size for batch in batches[-1:])
    short = sum(len(seq) < window for seq in seqs)
    assert slider.skipped == (short if on_short == "skip" else seqs.count(""))
    if stride <= window:
        for name, seq in records:
            places = [range(start, end) for of, start, end, _ in found if of == name]
            covered = set().union(*places)
            assert len(covered) == (len(seq) if places else 0)


def test_the_last_window_ends_with_the_record_only_if_letters_are_left():
    def starts(length, **arguments):
        (batch,) = Slider(cut([("a", "A" * length)], [4]), **arguments)
        return batch.starts.tolist()

    assert starts(10, window=5) == [0, 5]
    assert starts(11, window=5) == [0, 5, 6]
    assert starts(11, window=5, stride=3) == [0, 3, 6]
    assert starts(12, window=5, stride=3) == [0, 3, 6, 7]
    assert starts(12, window=5, stride=6) == [0, 6]
    assert starts(10, window=5, stride=6) == [0]


def test_padding_is_on_both_sides_and_the_odd_n_on_the_right():
    slider = Slider(cut([("a", "ACG"), ("b", ""), ("c", "AC")], [9]), window=6, on_short="pad")
    (batch,) = slider
    assert decode(batch.codes) == ["NACGNN", "NNACNN"]
    assert batch.ends.tolist() == [3, 2]
    assert slider.skipped == 1  # what has no letters is no sequence


def test_a_short_record_is_an_error_that_lists_the_choices():
    pieces = cut([("a", "ACGTAC"), ("b", "ACG")], [2])
    with pytest.raises(SequenceError) as caught:
        list(Slider(pieces, window=5))
    message = str(caught.value)
    assert message.startswith("b: a record of 3 bp, shorter than the window of 5 bp")
    assert all(choice in message for choice in ("'pad'", "'skip'", "'error'"))


@pytest.mark.parametrize("stride", [1, 3, 5, 9])
@pytest.mark.parametrize("position", [1, 2, 9, 17, 30])
def test_a_foreign_letter_is_named_by_its_position_in_the_record(stride, position):
    seq = "A" * (position - 1) + "r" + "A" * (30 - position)
    pieces = cut([("first", "ACGTACGT"), ("chr7", seq)], [4, 1, 6])
    with pytest.raises(SequenceError) as caught:
        list(Slider(pieces, window=5, stride=stride))
    message = str(caught.value)
    assert message.startswith(f"chr7: position {position} (1-based): 'r'; accepted are A, C, G, T")
    assert "unknown='N'" in message


def test_unknown_n_reads_foreign_letters_as_n():
    (batch,) = Slider(cut([("a", "ARGT")], [9]), window=4, unknown="N")
    assert decode(batch.codes) == ["ANGT"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"window": 0},
        {"stride": 0},
        {"stride": -1},
        {"batch_size": 0},
        {"on_short": "drop"},
        {"unknown": "A"},
    ],
)
def test_arguments_are_checked_before_any_work(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}="):
        Slider(iter([]), **{"window": 5, **arguments})


def test_batches_do_not_share_memory():
    first, second = Slider(cut([("a", "ACGTACGT")], [9]), window=2, batch_size=2)
    second.codes[:], second.starts[:] = 4, -1
    assert decode(first.codes) == ["AC", "GT"] and first.starts.tolist() == [0, 2]


@pytest.fixture(scope="module")
def chromosome(tmp_path_factory):
    path = tmp_path_factory.mktemp("windows") / "chromosome.fa"
    path.write_bytes(b">chr1\n" + b"ACGT" * (4 << 20))
    return path


@pytest.mark.parametrize("stride, most", [(1000, 10**9), (1, 4000)])
def test_memory_does_not_grow_with_the_record(chromosome, stride, most):
    tracemalloc.start()
    slider = Slider(fasta.chunks(chromosome), window=1000, stride=stride, batch_size=64)
    for _, batch in zip(range(most), slider, strict=False):
        assert batch.codes.shape[1] == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


def test_a_chromosome_takes_seconds_and_not_minutes(chromosome):
    began = time.process_time()
    windows = sum(len(batch.codes) for batch in Slider(fasta.chunks(chromosome), window=1000))
    assert windows == -(-(16 << 20) // 1000)
    assert time.process_time() - began < 0.8  # 20 MB/s


CHR1, CHR2 = "GATTACACCGTNNAGCTTAGGCATCGA", "acgt"


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("places") / "genome.fa"
    path.write_text(f">chr1\n{CHR1}\n>chr2\n{CHR2}\n>odd\nACGRTA\n")
    with open_genome(path) as opened:
        yield opened


@st.composite
def places(draw):
    contig, length = draw(st.sampled_from([("chr1", len(CHR1)), ("chr2", len(CHR2))]))
    start = draw(st.integers(0, length - 1))
    return Interval(contig, start, draw(st.integers(start + 1, length)), "x", "-")


@given(
    places=st.lists(places(), max_size=9),
    window=st.integers(1, 40),
    batch_size=st.integers(1, 5),
)
def test_windows_of_intervals_are_centred_on_them(genome, places, window, batch_size):
    batches = list(of_intervals(iter(places), genome, window=window, batch_size=batch_size))
    assert [len(batch.codes) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    expected = []
    for place in places:
        around = place.resized(window)
        expected.append((place.contig, around.start, around.end, genome.fetch(around)))
        assert expected[-1][3][window // 2] == genome.fetch(place)[place.centre - place.start]
    assert list(flat(batches)) == expected


def test_the_edges_of_a_contig_are_n(genome):
    (batch,) = of_intervals([Interval("chr2", 0, 1)], genome, window=10)
    assert decode(batch.codes) == ["NNNNNACGTN"]
    assert (batch.starts.tolist(), batch.ends.tolist()) == ([-5], [5])


@pytest.mark.parametrize(
    "place, problem",
    [
        (Interval("chr2", 2, 5), "chr2: 2 to 5 (0-based): expected a place inside 'chr2', which "),
        (Interval("chr2", -1, 3), "has 4 bp; is it of another assembly?"),
        (Interval("2", 0, 3), "no contig '2'; it has 3: 'chr1', 'chr2', 'odd'"),
        (Interval("odd", 2, 3), "odd: position 4 (1-based): 'R'; accepted are A, C, G, T and N"),
    ],
)
def test_intervals_of_another_assembly_and_foreign_letters_are_errors(genome, place, problem):
    with pytest.raises(SequenceError) as caught:
        list(of_intervals([Interval("chr1", 0, 9), place], genome, window=4))
    assert problem in str(caught.value)
    if place.contig == "odd":
        (batch,) = of_intervals([place], genome, window=4, unknown="N")
        assert decode(batch.codes) == ["ACGN"]


@pytest.mark.parametrize("arguments", [{"window": 0}, {"batch_size": 0}, {"unknown": "A"}])
def test_arguments_of_intervals_are_checked_at_once(genome, arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}="):
        of_intervals([], genome, **{"window": 5, **arguments})


BASES = st.text("ACGT", min_size=1, max_size=5)


@st.composite
def variants(draw):
    start = draw(st.integers(0, len(CHR1) - 1))
    ref = CHR1[start : start + draw(st.integers(1, 5))]
    return Variant("chr1", start + 1, ref, draw(BASES))


@settings(deadline=None)
@given(variants(), st.integers(1, 40))
def test_alleles_are_windows_of_two_whole_genomes(genome, variant, window):
    ref, alt, matches = alleles(variant, genome, window=window)
    assert matches is True and len(ref) == len(alt) == window
    start = variant.trimmed().start
    other = CHR1[: variant.start] + variant.alt + CHR1[variant.end :]
    for seq, shown in ((CHR1, ref), (other, alt)):
        padded = "N" * 40 + seq + "N" * 40
        begin = 40 + start - window // 2
        assert shown == padded[begin : begin + window]
    assert (ref, alt, matches) == alleles(variant.trimmed(), genome, window=window)
    if variant.is_snv:
        assert ref == genome.fetch(Interval("chr1", start, start + 1).resized(window))


def test_alleles_by_hand(genome):
    def of(position, ref, alt, window):
        return alleles(Variant("chr1", position, ref, alt), genome, window=window)

    assert of(4, "T", "G", 5) == ("ATTAC", "ATGAC", True)
    assert of(4, "T", "G", 4) == ("ATTA", "ATGA", True)
    assert of(4, "T", "TGG", 7) == ("GATTACA", "GATTGGA", True)
    assert of(4, "TACA", "T", 7) == ("GATTACA", "GATTCCG", True)
    assert of(1, "g", "t", 3) == ("NGA", "NTA", True)
    assert of(4, "T", "TGGGG", 3) == ("TTA", "TTG", True)


class Asked:
    """A genome of one contig that counts how often it is read."""

    def __init__(self):
        self.times = 0

    def length(self, contig):
        return 100

    def fetch(self, place):
        self.times += 1
        _, start, end = place
        return "".join("ACGT"[at % 4] if 0 <= at < 100 else "N" for at in range(start, end))


@pytest.mark.parametrize("variant", [("C", "T"), ("CG", "C"), ("CGTA", "CGTAA"), ("CG", "TTT")])
@pytest.mark.parametrize("position, window", [(2, 12), (50, 2), (50, 1), (50, 13), (94, 40)])
def test_both_alleles_cost_one_reading_of_the_genome(variant, position, window):
    asked = Asked()
    assert alleles(Variant("one", position, *variant), asked, window=window).matches
    assert asked.times == 1


def test_a_ref_that_the_genome_has_not_is_told_and_shown_as_written(genome):
    swapped = alleles(Variant("chr1", 4, "G", "T"), genome, window=5)
    assert swapped == ("ATGAC", "ATTAC", False)
    # The shared first letter differs from the genome's A, which the windows keep.
    assert alleles(Variant("chr1", 2, "CT", "CG"), genome, window=3) == ("ATT", "AGT", False)


@pytest.mark.parametrize(
    ("ref", "matches"),
    [("ACG", True), ("RCK", True), ("GCG", False), ("ACT", False), ("NCN", False)],
)
def test_a_letter_of_several_bases_is_written_as_the_first_of_them(tmp_path, ref, matches):
    (tmp_path / "g.fa").write_text(">chr1\nTTRCKTT\n")
    with open_genome(tmp_path / "g.fa") as genome:
        found = alleles(Variant("chr1", 3, ref, "T"), genome, window=3)
    assert found == (f"T{ref[:2]}", "TTT", matches)


@pytest.mark.parametrize(
    "variant, problem",
    [
        (Variant("chr2", 4, "T", "<DEL>"), "chr2:4 (1-based): expected an alt of letters, got '<"),
        (Variant("chr2", 4, "T", "*"), "got '*'"),
        (Variant("chr2", 4, "TA", "T"), "chr2:4 (1-based): expected a place inside 'chr2', which"),
        (Variant("chr2", 0, "T", "A"), "chr2:0 (1-based): expected a place inside 'chr2'"),
        (Variant("2", 4, "T", "A"), "no contig '2'"),
    ],
)
def test_alleles_that_cannot_be_shown_are_errors(genome, variant, problem):
    with pytest.raises(SequenceError) as caught:
        alleles(variant, genome, window=5)
    assert problem in str(caught.value)
    with pytest.raises(ValueError, match="window must be an integer of at least 1"):
        alleles(variant, genome, window=0)
