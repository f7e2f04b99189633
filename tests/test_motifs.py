"""Motif files, and filters that begin as motifs."""

import gzip

import keras
import numpy as np
import pytest

import genome_keras
from genome_keras import read_motifs, start_from_motifs
from genome_keras.errors import FormatError
from genome_keras.io.motifs import Motif, write_meme
from genome_keras.layers.strands import OneHot

MEME = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25

MOTIF MA0001.1 first
letter-probability matrix: alength= 4 w= 2 nsites= 10 E= 0
 1.000000  0.000000  0.000000  0.000000
 0.250000  0.250000  0.250000  0.250000
URL http://x

MOTIF second
letter-probability matrix: alength= 4
 0 0 0.5 0.5
"""
JASPAR = """>MA0001.1 first
A [ 4 1 ]
C [ 0 1 ]
G [ 0 1 ]
T [ 0 1 ]

>second
0
0
7
7
"""
FIRST = [[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]]


@pytest.mark.parametrize("text", [MEME, JASPAR, MEME.replace("\n", "\r\n")])
def test_both_formats_hold_the_same(tmp_path, text):
    path = tmp_path / "m.txt"
    path.write_bytes(text.encode())
    zipped = tmp_path / "m.txt.gz"
    zipped.write_bytes(gzip.compress(text.encode()))
    for motifs in (read_motifs(path), read_motifs(zipped)):
        assert [motif.name for motif in motifs] == ["MA0001.1 first", "second"]
        assert motifs[0].matrix.tolist() == FIRST
        assert motifs[0].sites == (10 if "MEME" in text else None) and motifs[1].sites is None
        assert motifs[1].matrix.tolist() == [[0, 0, 0.5, 0.5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"m\.txt: empty; expected motifs"),
        ("hello\n", r"m\.txt:1: expected 'MEME version' or '>'"),
        ("MEME version 4\n", r"m\.txt: expected at least one motif"),
        (MEME.replace("ACGT", "ACGU"), r"m\.txt:3: expected 'ALPHABET= ACGT'"),
        (MEME.replace("w= 2", "w= 3"), r"m\.txt:11: expected 3 rows \(w=\), got 2"),
        (MEME.replace("0 0 0.5 0.5", "0 0 0.5 0.4"), r"m\.txt:18: expected four probabilities"),
        (MEME.replace("0 0 0.5 0.5", "0 0.5 0.5"), r"m\.txt:18: expected four probabilities"),
        (MEME.replace("0 0 0.5 0.5", "0 0 nan 1"), r"m\.txt:18: expected numbers, 0 or more"),
        (MEME.replace("0 0 0.5 0.5", "0 0 -1 2"), r"m\.txt:18: expected numbers, 0 or more"),
        (MEME.replace("MOTIF second", "MOTIF"), r"m\.txt:16: a motif without a name"),
        ("MEME version 4\nletter-probability matrix:\n", r"m\.txt:2: a matrix before any"),
        (JASPAR.replace("C [", "G ["), r"m\.txt:3: expected the row of C"),
        (JASPAR.replace("T [ 0 1 ]\n", ""), r"m\.txt:1: expected four rows of one length, got 3"),
        (JASPAR.replace("0 1 ]", "0 ]"), r"m\.txt:1: expected four rows of one length, got 4"),
        (JASPAR.replace("[ 4 1 ]", "[ four 1 ]"), r"m\.txt:2: expected numbers, 0 or more"),
        (JASPAR.replace("[ 4 1 ]", "[ 0 1 ]"), r"m\.txt:1: .*a position without any letter"),
        (
            JASPAR.replace("\n7\n7", "\n7\n7\n7"),
            r"m\.txt:7: expected four rows of one length, got 5",
        ),
        (JASPAR.replace(">second", ">"), r"m\.txt:7: a motif without a name"),
    ],
)
def test_malformed_files(tmp_path, text, message):
    path = tmp_path / "m.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_motifs(path)


def probabilities(n, seed=0):
    counts = np.random.default_rng(seed).integers(0, 40, (n, 4)) ** 3
    return (counts + 1) / (counts + 1).sum(1, keepdims=True)


def test_what_is_written_is_read_to_the_last_digit(tmp_path):
    """Also chances of 1e-9, and names of one word, of two and beyond ASCII."""
    odd = np.array([[1 - 1e-9, 1e-9, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]])
    motifs = [Motif("one", probabilities(11), 20), Motif("MA1 Zweite", odd), Motif("β", odd, 0)]
    path, again = tmp_path / "m.meme", tmp_path / "n.meme"
    write_meme(path, motifs, background=[0.3, 0.2, 0.2, 0.3])
    found = read_motifs(path)
    for one, other in zip(found, motifs, strict=True):
        assert one.name == other.name and one.sites == other.sites
        assert one.matrix.tobytes() == other.matrix.tobytes()
    write_meme(again, found, background=[0.3, 0.2, 0.2, 0.3])
    assert again.read_bytes() == path.read_bytes()
    text = path.read_text("utf-8")
    assert text.startswith("MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n")
    assert "\nBackground letter frequencies\nA 0.3 C 0.2 G 0.2 T 0.3\n" in text
    header = "\nMOTIF one\nletter-probability matrix: alength= 4 w= 11 nsites= 20 E= 0\n"
    assert header in text and "e-" not in text


def test_other_programs_read_what_is_written(tmp_path):
    minimal = pytest.importorskip("Bio.motifs.minimal")
    draw = np.random.default_rng(0).multinomial
    motifs = [Motif(f"m{n}", draw(n, [0.1, 0.2, 0.3, 0.4], 2 * n) / n, n) for n in (3, 20)]
    write_meme(tmp_path / "m.meme", motifs, background=[0.3, 0.2, 0.2, 0.3])
    write_meme(tmp_path / "none.meme", [])
    with open(tmp_path / "m.meme") as file, open(tmp_path / "none.meme") as none:
        read = minimal.read(file)
        assert len(minimal.read(none)) == 0
    assert read.background == {"A": 0.3, "C": 0.2, "G": 0.2, "T": 0.3}
    for one, other in zip(read, motifs, strict=True):
        assert (one.name, one.num_occurrences) == (other.name, other.sites)
        theirs = np.array([one.pwm[letter] for letter in "ACGT"]).T
        np.testing.assert_allclose(theirs, other.matrix, atol=1e-6)


@pytest.mark.parametrize(
    ("motifs", "message"),
    [
        ([Motif("a x", probabilities(2)), Motif("a y", probabilities(2))], "names of their own"),
        ([Motif(" ", probabilities(2))], "names of their own"),
        ([Motif("a", probabilities(2) * 2)], "a: expected probabilities"),
        ([Motif("a", probabilities(2)[:, :3])], "a: expected probabilities"),
        ([Motif("a", probabilities(0))], "a: expected probabilities"),
        ([Motif("a", np.full((2, 4), np.nan))], "a: expected probabilities"),
    ],
)
def test_what_is_no_motif_is_not_written(tmp_path, motifs, message):
    with pytest.raises(ValueError, match=message):
        write_meme(tmp_path / "m.meme", motifs)
    assert not list(tmp_path.iterdir())


def matrix(seq, p=0.97):
    """Probabilities of a motif with one likely letter at each place."""
    return np.where(np.eye(5, 4)[genome_keras.tokens(seq)[0]] > 0, p, (1 - p) / 3)


def convolution(width=15, filters=5):
    layer = keras.layers.Conv1D(
        filters, width, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01, seed=1)
    )
    layer.build((None, 40, 4))
    return layer


def test_the_first_filters_begin_as_the_motifs():
    layer = convolution()
    before, _ = layer.get_weights()
    motifs = [matrix("GATTACA"), matrix("CCGCGG")]
    start_from_motifs(layer, motifs, seed=1)
    kernel, bias = layer.get_weights()
    for i, motif in enumerate(motifs):
        changed = np.flatnonzero((kernel[:, :, i] != before[:, :, i]).any(1))
        assert changed[0] >= 3 and changed[-1] < 12
        np.testing.assert_allclose(kernel[changed, :, i], motif - 0.25, atol=1e-6)
        assert len(changed) == len(motif) and -1 < bias[i] < 0
    assert np.array_equal(kernel[..., 2:], before[..., 2:]) and not bias[2:].any()


def test_a_filter_answers_where_its_motif_lies():
    """Not to the motif backwards, nor to its reverse complement."""
    layer = convolution()
    start_from_motifs(layer, [matrix("GATTACA")], seed=1)
    for seq, found in (("GATTACA", True), ("ACATTAG", False), ("TGTAATC", False)):
        codes = genome_keras.tokens("C" * 16 + seq + "C" * 17)
        answers = keras.ops.convert_to_numpy(layer(OneHot()(codes)))[0, :, 0]
        assert (answers.max() > 4) == found


def test_danq_begins_with_motifs():
    motifs = [Motif("one", matrix("TATA"))] * 3
    sizes = {"window": 20, "tasks": 1, "filters": 5, "width": 4, "pool": 3, "units": 2}
    model = genome_keras.danq(**sizes, hidden=2, motifs=motifs, seed=1)
    kernel, bias = model.get_layer("convolution").get_weights()
    np.testing.assert_allclose(kernel[..., :3].transpose(2, 0, 1), [matrix("TATA") - 0.25] * 3)
    assert np.all(bias[:3] < 0) and not bias[3:].any()
    assert model.made_with["arguments"]["filters"] == 5
    assert "motifs" not in model.made_with["arguments"]  # trained weights do not need them


@pytest.mark.parametrize(
    ("motifs", "message"),
    [
        ([matrix("ACGT")] * 6, "motifs must not be more than the 5 filters. Got 6"),
        ([matrix("A" * 16)], r"motifs\[0\] has 16 letters, the filters 15"),
        ([matrix("ACGT"), matrix("ACGT") * 2], r"motifs\[1\] must be probabilities"),
        ([matrix("ACGT")[:, :3]], r"motifs\[0\] must be probabilities"),
    ],
)
def test_motifs_that_do_not_fit(motifs, message):
    layer = convolution()
    before = layer.get_weights()
    with pytest.raises(ValueError, match=message):
        start_from_motifs(layer, motifs)
    assert all(map(np.array_equal, before, layer.get_weights()))
