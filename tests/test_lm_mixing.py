"""The context-mixing model: it learns, keeps to the past, and decodes what it encoded."""

import gzip
import json
import lzma
import math
import os
import struct
import tracemalloc

import numpy as np
import pytest

pytest.importorskip("numba")
from genome_keras.encode import reverse_complement
from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.lm._mixing import LOG, STEPS
from genome_keras.lm.compress import MAGIC, compress, decompress
from genome_keras.lm.mixing import ContextMixer, prequential
from genome_keras.lm.perplexity import tally

pytestmark = pytest.mark.thorough  # numba compiles for half a minute


def random_codes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 4, n, dtype=np.uint8)


def perplexity(codes, **more):
    return tally(prequential(codes, **more)).perplexity


def test_the_table_of_logarithms():
    steps = np.arange(1, STEPS + 1) / STEPS
    np.testing.assert_allclose(LOG[1:], np.log(steps), rtol=1e-6, atol=1e-7)


def test_random_bases_cost_two_bits():
    assert 4.0 <= perplexity(random_codes(20_000)) < 4.1


def test_a_repeat_is_learned():
    assert tally(prequential(np.tile(random_codes(10), 1000))[500:]).perplexity < 1.01


def test_a_copy_and_an_inverted_copy_are_found():
    codes = random_codes(3000)
    for other in (codes, reverse_complement(codes)):
        p = prequential(np.concatenate([codes, other]))
        assert tally(p[3200:]).perplexity < 1.5


def test_a_copy_with_substitutions_is_followed():
    codes = random_codes(8000)
    other = codes.copy()
    other[::24] = (other[::24] + 1) % 4
    p = prequential(np.concatenate([codes, other]))
    assert tally(p[9000:]).perplexity < 2


def test_probabilities_depend_on_the_past_alone():
    codes = random_codes(2000)
    changed = codes.copy()
    changed[1500:] = random_codes(500, seed=9)
    assert np.array_equal(prequential(codes)[:1500], prequential(changed)[:1500])


def test_probabilities_sum_to_one():
    codes = random_codes(300)
    total = 0.0
    for base in range(4):
        total += ContextMixer(301).score(np.append(codes, np.uint8(base)))[-1]
    assert total == pytest.approx(1, rel=1e-5)


def test_in_pieces_or_at_once():
    codes = random_codes(1000)
    mixer = ContextMixer(1000)
    parts = [mixer.score(codes[i : i + 300]) for i in range(0, 1000, 300)]
    assert np.array_equal(np.concatenate(parts), ContextMixer(1000).score(codes))


def test_an_expert_that_knows_is_trusted():
    codes = random_codes(5000)
    expert = np.full((5000, 1, 4), 0.1, np.float32)
    expert[np.arange(5000), 0, codes] = 0.7
    alone = math.exp(-math.log(0.7))
    late = tally(prequential(codes, given=expert)[2000:]).perplexity
    assert late < 1.1 * alone


@pytest.mark.parametrize(
    ("codes", "more", "message"),
    [
        (np.full(3, 4, np.uint8), {}, "without N"),
        (np.zeros(3, int), {}, "uint8"),
        (np.zeros(6, np.uint8), {}, "more bases than the 5"),
        (np.zeros(3, np.uint8), {"given": np.zeros((3, 1, 4), "f4")}, r"expected given \(3, 0, 4"),
    ],
)
def test_bad_input(codes, more, message):
    with pytest.raises(ValueError, match=message):
        ContextMixer(5).score(codes, **more)


TEXTS = {
    "plain": ">a some words\nACGTACGT\nACG\n>b\nTTTT\n",
    "lower case, N and others": ">a\nACGTnnnnNNNNacgtRYK\nacgt*-\n",
    "ragged lines": ">a\nACG\n\nACGTACGT\nA\n\n\n>\n>c\nA",
    "no base": ">a\nNNNN\n",
    "no end of line": ">a\nACGT",
    "header alone": ">a",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_round_trip(text, tmp_path):
    (tmp_path / "a.fa").write_text(text)
    compress(tmp_path / "a.fa", tmp_path / "a.gk")
    decompress(tmp_path / "a.gk", tmp_path / "b.fa")
    assert (tmp_path / "b.fa").read_bytes() == text.encode()


def genome(path, n=60_000):
    letters = np.frombuffer(b"AACGTT", np.uint8)[np.random.default_rng(5).integers(0, 6, n)]
    lines = [letters[i : i + 60].tobytes().decode() for i in range(0, n, 60)]
    path.write_text(">chr1 of nowhere\n" + "\n".join(lines) + "\n")
    return np.searchsorted(np.frombuffer(b"ACGT", np.uint8), letters).astype(np.uint8)


def test_the_file_is_as_large_as_the_stated_bits(tmp_path):
    codes = genome(tmp_path / "a.fa")
    sizes = compress(tmp_path / "a.fa", tmp_path / "a.gk")
    stated = tally(prequential(codes)).bits_per_base
    assert sizes.bases == len(codes)
    assert sizes.file == (tmp_path / "a.gk").stat().st_size
    assert 8 * sizes.coded / sizes.bases == pytest.approx(stated, rel=1e-3)
    assert sizes.tally.bits_per_base == pytest.approx(stated, rel=1e-3)


def test_gzip_in_plain_text_out(tmp_path):
    text = b">a\n" + b"ACGT" * 20 + b"\n"
    (tmp_path / "a.fa.gz").write_bytes(gzip.compress(text))
    compress(tmp_path / "a.fa.gz", tmp_path / "a.gk")
    decompress(tmp_path / "a.gk", tmp_path / "b.fa")
    assert (tmp_path / "b.fa").read_bytes() == text


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"ACGT\n", ":1: expected '>' of a FASTA header"),
        (b">a\nAC\r\n", ":2: a carriage return"),
        (b">a\nAC\0\n", ":2: binary data"),
        (b"\x1f\x8b\x08\x00", "damaged gzip"),
    ],
)
def test_what_cannot_be_compressed(raw, message, tmp_path):
    (tmp_path / "a.fa").write_bytes(raw)
    with pytest.raises(FormatError, match=message):
        compress(tmp_path / "a.fa", tmp_path / "a.gk")
    assert not (tmp_path / "a.gk").exists()


def test_damaged_files_are_refused(tmp_path):
    genome(tmp_path / "a.fa", 600)
    compress(tmp_path / "a.fa", tmp_path / "a.gk")
    raw = (tmp_path / "a.gk").read_bytes()
    draw = np.random.default_rng(3)
    damaged = [raw[: len(raw) // 2], raw[:20], raw[:-40]]
    for place in draw.integers(18, len(raw) - 6, 12):
        damaged.append(raw[:place] + bytes([raw[place] ^ 0x41]) + raw[place + 1 :])
    for bad in damaged:
        (tmp_path / "bad.gk").write_bytes(bad)
        with pytest.raises(FormatError, match="damaged"):
            decompress(tmp_path / "bad.gk", tmp_path / "b.fa")
        assert not (tmp_path / "b.fa").exists()
    with pytest.raises(FormatError, match="not a file of"):
        decompress(tmp_path / "a.fa", tmp_path / "b.fa")
    with pytest.raises(FormatError, match="No such file"):
        decompress(tmp_path / "none.gk", tmp_path / "b.fa")


def packed_file(folder, layout, bases=0, coded=b"", **lzma_settings):
    """A file as `compress` writes it, of any layout."""
    packed = lzma.compress(layout, **lzma_settings)
    head = json.dumps({"bases": bases, "layout": len(packed), "sha256": "0" * 64}).encode()
    path = folder / "bomb.gk"
    path.write_bytes(MAGIC + struct.pack("<I", len(head)) + head + packed + coded)
    return path


def layout_of(widths, lower=(0, 1), foreign=(78, 1), headers=b">a"):
    runs = [np.array(run, "<i8").reshape(-1, 2).T.tobytes() for run in (widths, lower, foreign)]
    return b"".join(struct.pack("<Q", len(part)) + part for part in (headers, *runs))


HUGE = 10**12
BOMBS = {
    "zeros": bytes(1 << 27),
    "headers": layout_of([(-1, 1)], headers=bytes(1 << 27)),
    "lines": layout_of([(-1, HUGE)]),
    "letters": layout_of([(-1, 1), (HUGE, 1)], (0, HUGE), (78, HUGE)),
    "letters of many lines": layout_of([(-1, 1), (10**6, 10**6)], (0, HUGE), (78, HUGE)),
    "beyond 64 bits": layout_of([(2**62, 2**62)], (0, 2**62), (78, 2**62)),
    "runs that are shorter": layout_of([(-1, 1), (5, 1)], (0, 4), (78, 5)),
    "runs below 0": layout_of([(-1, 1), (5, 1)], [(0, 6), (0, -1)], (78, 5)),
    "no letter": layout_of([(-1, 1), (5, 1)], (0, 5), (300, 5)),
    "other bases": layout_of([(-1, 1), (5, 1)], (0, 5), (0, 5)),
    "half": layout_of([(-1, 1)])[:-9],
}


@pytest.mark.parametrize("case", BOMBS)
def test_bombs_are_refused_in_little_memory(case, tmp_path):
    path = packed_file(tmp_path, BOMBS[case])
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"bomb\.gk: damaged \("):
        decompress(path, tmp_path / "b.fa")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20 and not (tmp_path / "b.fa").exists()


def test_a_dictionary_larger_than_ours_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 27}]
    path = packed_file(tmp_path, layout_of([(-1, 1)]), filters=filters)
    with pytest.raises(FormatError, match=r"damaged \(Memory usage limit"):
        decompress(path, tmp_path / "b.fa")


def test_what_would_be_refused_is_not_written(tmp_path):
    (tmp_path / "a.fa").write_bytes(b">a\n" + b"N" * (17 << 20))
    with pytest.raises(FormatError, match=r"bytes pack to .* which is what decompress unpacks"):
        compress(tmp_path / "a.fa", tmp_path / "a.gk")
    assert not (tmp_path / "a.gk").exists()


def test_no_input_is_written_over(tmp_path):
    (tmp_path / "a.fa").write_bytes(b">a\nACGT\n")
    os.link(tmp_path / "a.fa", tmp_path / "b.fa")
    with pytest.raises(GenomeKerasError, match="it is an input too"):
        compress(tmp_path / "a.fa", tmp_path / "b.fa")
    compress(tmp_path / "a.fa", tmp_path / "a.gk")
    with pytest.raises(GenomeKerasError, match="it is an input too"):
        decompress(tmp_path / "a.gk", tmp_path / "a.gk")


@pytest.mark.slow
@pytest.mark.shared_data
def test_ecoli_below_geco3(shared_data, tmp_path):
    """GeCo3 -l 7 reaches 3.6785 on the whole sequence, 3.653 on its last tenth."""
    from genome_keras.lm.genome import read_genome

    path = shared_data / "ecoli" / "ecoli_k12_mg1655_4639675.fa.gz"
    (contig,) = read_genome(path)
    p = prequential(contig.codes)
    assert tally(p).perplexity < 3.6785
    assert tally(p[int(0.9 * len(p)) :]).perplexity < 3.62
    sizes = compress(path, tmp_path / "e.gk")
    assert sizes.tally.bits_per_base == pytest.approx(tally(p).bits_per_base, rel=1e-3)
    decompress(tmp_path / "e.gk", tmp_path / "e.fa")
    with gzip.open(path) as file:
        assert (tmp_path / "e.fa").read_bytes() == file.read()
