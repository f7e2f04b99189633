"""What people have in memory: text in any container, and tables of places and variants."""

import sys

import keras
import numpy as np
import pytest
from support.toy import TASKS, WINDOW, Toy

import genome_keras
from genome_keras import Interval, Variant, predict, score_variants, score_vcf
from genome_keras.errors import GenomeKerasError, SequenceError
from genome_keras.scoring.data_frames import intervals_in, is_frame, sequences_in, variants_in

SEQS = ["ACGTACGTACGT", "TTTTTTTTTTTT", "nnnnACGTNNNN"]
GENOME = "ACGTACGTACGTTTTTGGGGCCCCAAAATTTT"


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(f">chr1\n{GENOME}\n>2\n{GENOME[::-1]}\n")
    return path


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


def containers():
    yield "list", SEQS, None
    yield "tuple", tuple(SEQS), None
    yield "generator", (seq for seq in SEQS), None
    yield "map", map(str.lower, SEQS), None
    yield "set-like view", dict.fromkeys(SEQS).keys(), None
    yield "bytes", [seq.encode() for seq in SEQS], None
    yield "array of U", np.array(SEQS), None
    yield "array of S", np.array([seq.encode() for seq in SEQS]), None
    yield "array of objects", np.array(SEQS, object), None
    yield "codes", genome_keras.tokens(SEQS), None
    yield "dict", dict(zip("abc", SEQS, strict=True)), ["a", "b", "c"]


@pytest.mark.parametrize(("kind", "seqs", "names"), [*containers()])
def test_every_container_of_sequences_scores_alike(kind, seqs, names):
    toy = Toy()
    found = predict(seqs, weights=toy)
    np.testing.assert_allclose(found.scores, toy.scores(genome_keras.tokens(SEQS)), rtol=1e-6)
    assert found.names == (names or ["0", "1", "2"])


def test_series_and_frames_of_sequences(pandas):
    toy = Toy()
    expected = toy.scores(genome_keras.tokens(SEQS))
    frame = pandas.DataFrame({"Sequence": SEQS, "name": ["x", 5, "z"]}, index=[9, 8, 7])
    for seqs in (frame["Sequence"], frame["Sequence"].astype("string"), frame):
        np.testing.assert_allclose(predict(seqs, weights=toy).scores, expected, rtol=1e-6)
    assert predict(frame, weights=toy).names == ["x", "5", "z"]


def test_one_string_is_a_sequence_or_a_path(genome, tmp_path):
    toy = Toy()
    assert predict(SEQS[0], weights=toy).scores.shape == (1, 3)
    assert predict(str(genome), weights=toy).names == predict(genome, weights=toy).names
    with pytest.raises(SequenceError):
        predict("peaks", weights=toy)
    with pytest.raises(GenomeKerasError, match=r"none\.fa: cannot read"):
        predict("none.fa", weights=toy)


@pytest.mark.parametrize("seqs", [7, None, 1.5])
def test_what_is_no_sequence_is_one_line(seqs):
    with pytest.raises(TypeError, match="expected str, bytes, a list or array of them, or codes"):
        predict(seqs, weights=Toy())


def test_places_of_every_kind_score_alike(genome, pandas, tmp_path):
    toy = Toy()
    bed = tmp_path / "p.bed"
    bed.write_text("chr1\t4\t16\tpeak\n2\t10\t22\n")
    expected = predict(bed, genome=genome, weights=toy)
    assert len(expected.scores) == 2 and expected.scores.std() > 0
    table = {"Chromosome": ["chr1", 2], "START": [4, 10], "end": np.array([16, 22])}
    for places in (
        str(bed),
        [Interval("chr1", 4, 16), Interval("2", 10, 22)],
        ["chr1:5-16", "2:11-22"],
        (Interval("chr1", 4, 16) if i else Interval("2", 10, 22) for i in (1, 0)),
        pandas.DataFrame(table),
        pandas.DataFrame({**table, "name": ["peak", float("nan")], "strand": ["+", "."]}),
    ):
        found = predict(places, genome=genome, weights=toy)
        assert found.names == ["chr1", "2"] and found.starts.tolist() == [4, 10]
        np.testing.assert_array_equal(found.scores, expected.scores)
    with pytest.raises(ValueError, match=r"expected genome_keras\.Interval values, or text such"):
        predict([("chr1", 4, 16)], genome=genome, weights=toy)


def test_variants_of_a_frame_a_list_and_a_path(genome, pandas, tmp_path):
    toy, vcf = Toy(), tmp_path / "v.vcf"
    rows = [("chr1", 5, "rs1", "A", "C"), ("2", 20, None, GENOME[::-1][19], "A")]
    lines = ["\t".join(map(str, (c, p, i or ".", r, a))) for c, p, i, r, a in rows]
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n" + "\n".join(lines) + "\n")
    frame = pandas.DataFrame(rows, columns=["CHROM", "POS", "ID", "REF", "ALT"])
    variants = [Variant(c, p, r, a, id=i) for c, p, i, r, a in rows]
    expected = score_variants(vcf, genome, weights=toy)
    assert expected.status == ["ok", "ok"] and np.abs(expected.diff).max() > 0
    for given in (frame, variants, iter(variants), str(vcf)):
        found = score_variants(given, genome, weights=toy)
        assert found.variants == variants
        np.testing.assert_array_equal(found.diff, expected.diff)
    for given in (frame, variants):
        score_vcf(given, tmp_path / "o.vcf", genome=genome, weights=toy, bare=True)
        score_vcf(vcf, tmp_path / "p.vcf", genome=genome, weights=toy, bare=True)
        assert (tmp_path / "o.vcf").read_text() == (tmp_path / "p.vcf").read_text()
        assert score_vcf(given, tmp_path / "o.vcf", genome=genome, weights=toy).problem is None
    table = expected.as_frame("logodds")
    assert table.columns.tolist() == ["chrom", "pos", "id", "ref", "alt", "status", *TASKS]
    np.testing.assert_array_equal(table[TASKS], expected.logodds)
    assert table["pos"].tolist() == [5, 20] and table["id"].tolist()[0] == "rs1"
    with pytest.raises(ValueError, match="effect must be one of 'diff', 'logodds'"):
        expected.as_frame("ratio")


def test_scores_as_a_frame(pandas):
    table = predict({"a": SEQS[0]}, weights=Toy(), tasks="b*").as_frame()
    assert table.columns.tolist() == ["name", "start", "end", "b;c"]
    assert table.iloc[0, :3].tolist() == ["a", 0, WINDOW]


@pytest.mark.parametrize(
    ("read", "columns", "message"),
    [
        (intervals_in, {"chrom": ["chr1"], "start": [1]}, "columns chrom, start, end. Received: c"),
        (intervals_in, {"chrom": ["1"], "start": [5], "end": [5]}, "row 0 (from 0): expected st"),
        (intervals_in, {"chr": ["1", "1"], "start": [5, 1.5], "end": [6, 7]}, "row 0 (from 0): s"),
        (variants_in, {"chrom": ["1"], "pos": [5]}, "columns chrom, pos, ref, alt. Received: ch"),
        (variants_in, dict(chrom=["1"], pos=[5], ref="A", alt=["C,G"]), "row 0 (from 0): alt must"),
        (variants_in, dict(chrom=[None], pos=[5], ref="A", alt="C"), "row 0 (from 0): contig"),
        (sequences_in, {"letters": ["ACGT"]}, "columns sequence. Received: letters"),
    ],
)
def test_a_table_that_will_not_do_is_one_line(pandas, read, columns, message):
    with pytest.raises(ValueError) as error:
        list(read(pandas.DataFrame(columns)))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_only_tables_are_frames(pandas):
    assert is_frame(pandas.DataFrame()) and not is_frame(pandas.Series(["A"]))
    assert not any(map(is_frame, (SEQS, np.zeros((2, 2)), {"columns": 1}, "x")))


def test_without_pandas_the_message_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    found = predict(SEQS, weights=Toy())
    with pytest.raises(GenomeKerasError, match="a DataFrame needs pandas: pip install pandas"):
        found.as_frame()


def test_a_model_predicts_text(pandas):
    model = genome_keras.kmer_logreg(k=(1, 2), window=WINDOW, tasks=2)
    expected = model.predict(genome_keras.tokens(SEQS), verbose=0)
    for seqs in (SEQS, np.array(SEQS), pandas.Series(SEQS), tuple(SEQS)):
        np.testing.assert_array_equal(model.predict(seqs, verbose=0), expected)
    assert model.features().predict(SEQS[0], verbose=0).shape == (1, 20)
    codes = keras.ops.convert_to_tensor(genome_keras.tokens(SEQS))
    np.testing.assert_array_equal(model.predict(codes, verbose=0), expected)
    with pytest.raises(SequenceError, match="position 0"):
        model.predict(["?" * WINDOW], verbose=0)
