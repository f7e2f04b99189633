"""Laws of genome_keras.encode."""

import subprocess
import sys
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genome_keras import encode
from genome_keras.errors import SequenceError


def equal_length(alphabet, **sizes):
    return st.integers(0, 20).flatmap(
        lambda n: st.lists(st.text(alphabet, min_size=n, max_size=n), min_size=1, **sizes)
    )


def test_codes_are_a_c_g_t_n_in_either_case():
    codes = encode.tokens(["ACGTN", "acgtn"])
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


@pytest.mark.parametrize(
    "seqs",
    [
        "ACN",
        b"ACN",
        ["ACN"],
        (b"acn",),
        np.array(["ACN"]),
        np.array([b"ACN"]),
        np.array(["ACN"], dtype=object),
        [np.str_("ACN")],
        np.array([0, 1, 4]),
        np.array([[0, 1, 4]], dtype=np.int8),
    ],
)
def test_every_kind_of_input_gives_the_same_codes(seqs):
    codes = encode.tokens(seqs)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[0, 1, 4]]
    assert encode.one_hot(seqs).tolist() == [[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]]


def test_text_and_bytes_mix_and_the_codes_can_be_written():
    codes = encode.tokens(["AC", b"GT"])
    codes[0, 0] = 4
    assert codes.tolist() == [[4, 1], [2, 3]]


def test_pandas_columns_are_accepted():
    pandas = pytest.importorskip("pandas")
    assert encode.tokens(pandas.Series(["AC", "GT"], index=[7, 9])).tolist() == [[0, 1], [2, 3]]


def test_uint8_codes_come_back_without_a_copy():
    codes = np.zeros((2, 3), np.uint8)
    assert np.shares_memory(encode.tokens(codes), codes)


@given(equal_length("ACGTN"))
def test_decode_undoes_tokens(seqs):
    assert encode.decode(encode.tokens(seqs)) == seqs


@given(equal_length("ACGTNacgtn"))
def test_one_hot_has_a_one_at_the_code_and_none_for_n(seqs):
    codes, hot = encode.tokens(seqs), encode.one_hot(seqs)
    assert hot.dtype == np.float32 and hot.shape == (*codes.shape, 4)
    assert np.array_equal(hot.sum(-1), codes < 4)
    for code in range(4):
        assert np.array_equal(hot[..., code] == 1, codes == code)


@given(st.lists(st.text("ACGTNacgtn", max_size=20)))
def test_reverse_complement_is_an_involution_on_text(seqs):
    assert encode.reverse_complement(encode.reverse_complement(seqs)) == seqs


@given(equal_length("ACGTN"))
def test_reverse_complement_commutes_with_encoding(seqs):
    flipped = encode.reverse_complement(seqs)
    codes = encode.reverse_complement(encode.tokens(seqs))
    assert codes.dtype == np.uint8
    assert np.array_equal(codes, encode.tokens(flipped))
    hot = encode.reverse_complement(encode.one_hot(seqs))
    assert hot.dtype == np.float32
    assert np.array_equal(hot, encode.one_hot(flipped))


def test_reverse_complement_keeps_kind_and_case():
    assert encode.reverse_complement("AAcgN") == "NcgTT"
    assert encode.reverse_complement(b"AAcgN") == b"NcgTT"
    assert encode.reverse_complement(("AC", b"G")) == ["GT", b"C"]
    array = encode.reverse_complement(np.array(["AC", "TT"]))
    assert array.tolist() == ["GT", "AA"] and array.dtype == "<U2"
    assert encode.reverse_complement(np.array([0, 1, 4])).tolist() == [4, 2, 3]


@given(equal_length("ACGTN", max_size=5), st.sets(st.integers(1, 4), min_size=1).map(sorted))
def test_kmer_counts_agree_with_a_dictionary(seqs, k):
    counts = encode.kmer_counts(seqs, k=k)
    names = encode.kmer_names(k=k)
    assert counts.shape == (len(seqs), len(names))
    for seq, row in zip(seqs, counts, strict=True):
        expected = Counter(seq[at : at + size] for size in k for at in range(len(seq) - size + 1))
        expected = {kmer: count for kmer, count in expected.items() if "N" not in kmer}
        assert {name: n for name, n in zip(names, row.tolist(), strict=True) if n} == expected


def test_actgg_has_thirteen_kmers_once_and_g_twice():
    counts = dict(zip(encode.kmer_names(), encode.kmer_counts("ACTGG")[0].tolist(), strict=True))
    assert len(counts) == 4 + 16 + 64 + 256 + 1024
    assert counts.pop("G") == 2
    assert Counter(counts.values()) == {1: 13, 0: 1350}


def test_kmer_columns_are_ordered_by_length_then_by_letter():
    assert encode.kmer_names(k=(1, 3)) == [*"ACGT", *map("".join, product("ACGT", repeat=3))]


def test_kmer_counts_do_not_depend_on_how_rows_are_grouped():
    codes = np.random.default_rng(0).integers(0, 5, (9, 30)).astype(np.uint8)
    together = encode.kmer_counts(codes, k=(8,))  # four rows at a time
    apart = np.concatenate([encode.kmer_counts(row, k=(8,)) for row in codes])
    assert (
        np.array_equal(together, apart)
        and together.sum()
        == (np.lib.stride_tricks.sliding_window_view(codes, 8, axis=1) < 4).all(-1).sum()
    )


@pytest.mark.parametrize(
    "window, dtype", [(255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.uint32)]
)
def test_kmer_counts_have_room_for_the_window(window, dtype):
    counts = encode.kmer_counts("A" * window, k=(1,))
    assert counts.dtype == dtype
    assert counts.tolist() == [[window, 0, 0, 0]]


@pytest.mark.parametrize("k", [(), (0, 1), (2, 1), (1, 1), (9,), (1.0,), 3, (True,), "12"])
def test_kmer_lengths_are_increasing_integers_up_to_8(k):
    with pytest.raises(ValueError, match="k must be increasing integers from 1 to 8"):
        encode.kmer_counts("ACGT", k=k)
    with pytest.raises(ValueError, match="Received: k="):
        encode.kmer_names(k=k)


@given(st.integers(0, 4), st.integers(0, 6), st.characters(exclude_characters="ACGTNacgtn"))
def test_a_foreign_letter_is_named_with_record_and_position(record, position, letter):
    seqs = ["ACGTACG"] * 5
    seqs[record] = seqs[record][:position] + letter + seqs[record][position + 1 :]
    with pytest.raises(SequenceError) as caught:
        encode.tokens(seqs)
    where = f"record {record}, position {position} (0-based): {letter!r}"
    assert str(caught.value).startswith(where)
    assert "A, C, G, T and N" in str(caught.value)
    with pytest.raises(SequenceError) as caught:
        encode.reverse_complement(seqs)
    assert str(caught.value).startswith(where)


def test_a_foreign_byte_is_named_too():
    with pytest.raises(SequenceError, match=r"record 1, position 2 \(0-based\): b'\\xff'"):
        encode.tokens([b"ACG", b"AC\xff"])


def test_unknown_n_reads_printable_characters_as_n():
    codes = encode.tokens(["ARyé", "-*.A"], unknown="N")
    assert codes.tolist() == [[0, 4, 4, 4], [4, 4, 4, 0]]
    assert encode.one_hot("R", unknown="N").tolist() == [[[0, 0, 0, 0]]]


@pytest.mark.parametrize("letter", ["\n", " ", "\t", "\0", "\x7f"])
def test_white_space_and_control_characters_are_never_n(letter):
    with pytest.raises(SequenceError, match="record 0, position 2"):
        encode.tokens("AC" + letter, unknown="N")


@pytest.mark.parametrize("unknown", ["A", "n", False, "skip"])
@pytest.mark.parametrize("seqs", ["AC", np.array([0, 1])])
def test_unknown_is_none_or_n(seqs, unknown):
    with pytest.raises(ValueError, match="unknown must be None or 'N'"):
        encode.tokens(seqs, unknown=unknown)


def test_lengths_that_differ_name_the_record_and_both_lengths():
    with pytest.raises(SequenceError, match="record 0 has 3 letters, record 2 has 2"):
        encode.tokens(["ACG", "ACG", "AC"])


@pytest.mark.parametrize(
    "seqs, error, message",
    [
        ([], SequenceError, "expected at least one sequence"),
        (np.array([], dtype=str), SequenceError, "expected at least one sequence"),
        (["AC", None], SequenceError, "record 1: expected str or bytes, got None"),
        (np.array(["A", 1.5], dtype=object), SequenceError, "record 1: .* got 1.5"),
        (np.array([["A"]]), SequenceError, r"one-dimensional array of text, got \(1, 1\)"),
        (np.zeros((1, 2, 4), int), SequenceError, r"got shape \(1, 2, 4\)"),
        (np.array([[0, 1], [5, 0]]), SequenceError, r"record 1, position 0 \(0-based\): code 5"),
        (np.array([0, -1]), SequenceError, "record 0, position 1 .* code -1"),
        (np.array([0, 260]), SequenceError, "code 260"),
        (np.zeros((1, 2)), TypeError, "got float64"),
        (np.array([True]), TypeError, "got bool"),
        (None, TypeError, "got NoneType"),
        (iter(["A"]), TypeError, "got list_iterator"),
    ],
)
def test_anything_else_is_refused(seqs, error, message):
    with pytest.raises(error, match=message):
        encode.tokens(seqs)


def test_decode_and_reverse_complement_check_codes_and_shapes():
    with pytest.raises(SequenceError, match="code 7"):
        encode.decode([0, 7])
    with pytest.raises(TypeError, match="expected integer codes"):
        encode.decode(["A"])
    with pytest.raises(SequenceError, match="code 7"):
        encode.reverse_complement(np.array([7]))
    with pytest.raises(SequenceError, match=r"one-hot \(..., window, 4\), got shape \(2, 5\)"):
        encode.reverse_complement(np.zeros((2, 5)))
    with pytest.raises(TypeError):
        encode.reverse_complement(3)


def test_no_sequences_of_a_known_window_are_no_rows():
    none = np.empty((0, 7), np.uint8)
    assert encode.tokens(none).shape == (0, 7)
    assert encode.one_hot(none).shape == (0, 7, 4)
    assert encode.kmer_counts(none).shape == (0, 1364)
    assert encode.decode(none) == []
    assert encode.tokens(["", ""]).shape == (2, 0)


def test_sequences_are_read_without_a_framework():
    modules = ["encode", "windows", "io.fasta", "io.tables", "io.atomic"]
    code = "import sys\n" + "".join(f"import genome_keras.{module}\n" for module in modules)
    code += "print({'keras', 'pandas', 'pyarrow', 'h5py'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
