"""Genes of GTF files, and the gene of a variant."""

import gzip

import pytest

from genome_keras.errors import FormatError
from genome_keras.genome import Variant
from genome_keras.io.gtf import Gene, read_genes
from genome_keras.variants.nearby_genes import NearbyGenes, genes_of


def line(feature="gene", start=11, end=20, *, contig="chr1", strand="+", gene="G1", more=""):
    attributes = f'gene_id "{gene}"; {more}'
    return "\t".join([contig, "x", feature, str(start), str(end), ".", strand, ".", attributes])


def written(tmp_path, *lines):
    path = tmp_path / "genes.gtf"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_genes_are_the_lines_that_say_so(tmp_path):
    lines = ["#!genome-build GRCh38", line(more='gene_name "MYC";'), "", line("exon", 1, 5)]
    path = written(tmp_path, line("transcript", 9, 9), *lines, line(gene="G2", contig="chr2"))
    wanted = [Gene("chr1", 10, 20, "+", "MYC"), Gene("chr2", 10, 20, "+", "G2")]
    assert read_genes(path) == wanted
    packed = tmp_path / "genes.gtf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_genes(packed) == wanted


def test_without_such_lines_a_gene_is_all_that_names_it(tmp_path):
    parts = [line("exon", 30, 40), line("CDS", 5, 9), line("exon", 1, 2, contig="chr2")]
    found = read_genes(written(tmp_path, *parts))
    assert found == [Gene("chr1", 4, 40, "+", "G1"), Gene("chr2", 0, 2, "+", "G1")]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ('gene "TP53";', "TP53"),  # RefSeq's
        ('transcript_id "gene_name"; gene_name "TP 53";', "TP 53"),
        ('havana_gene "OTT1"; level 2;', "G1"),
        ('gene_name "";', "G1"),
    ],
)
def test_names(tmp_path, more, name):
    assert read_genes(written(tmp_path, line(more=more)))[0].name == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chr1\tx\tgene\t1\t2", "genes.gtf:1: expected 9 columns of GTF"),
        (line(start=0), "1-based. Received: '0', '20'"),
        (line(start=21), "Received: '21', '20'"),
        (line(end="1e9"), "Received: '11', '1e9'"),
        (line(strand="?"), "expected strand + - or ."),
        (line().replace('gene_id "G1"', "gene_id=G1"), "GFF3 is another format"),
        ("# nothing", "expected lines of genes"),
        (line() + "\n" + line(gene="G2"), "genes.gtf:2: expected at most 1 genes"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(FormatError, match=told.replace("+", r"\+").replace(".", r"\.")):
        read_genes(written(tmp_path, text), most=1)


def test_damaged_files(tmp_path):
    path = tmp_path / "genes.gtf.gz"
    path.write_bytes(gzip.compress(line().encode() * 90)[:-9])
    for damaged in (path, tmp_path / "missing.gtf"):
        with pytest.raises(FormatError):
            read_genes(damaged)


GENES = [
    Gene("chr1", 100, 200, "+", "PLUS"),
    Gene("chr1", 150, 160, "-", "INNER"),
    Gene("chr1", 400, 500, "-", "MINUS"),
    Gene("chr1", 900, 950, ".", "NONE"),
]


@pytest.mark.parametrize(
    ("position", "ref", "told"),
    [
        (101, "A", "in PLUS"),  # the first base
        (200, "A", "in PLUS"),  # the last one
        (155, "A", "in PLUS, INNER"),
        (99, "AAA", "in PLUS"),  # its last letter
        (100, "A", "1 bp upstream of PLUS"),
        (201, "A", "1 bp downstream of PLUS"),
        (399, "A", "2 bp downstream of MINUS"),
        (501, "A", "1 bp upstream of MINUS"),
        (1950, "A", "1,000 bp from NONE"),
    ],
)
def test_the_gene_of_a_variant(position, ref, told):
    assert str(NearbyGenes(GENES).near(Variant("chr1", position, ref, "C"))) == told


def test_many_genes_and_none():
    many = NearbyGenes([Gene("chr1", 0, 9, "+", name) for name in "ABCDE"])
    assert str(many.near(Variant("chr1", 5, "A", "C"))) == "in A, B, C and 2 more"
    assert many.near(Variant("1", 5, "A", "C")) is None
    with pytest.raises(ValueError, match="genes are for a report"):
        genes_of("genes.gtf", None)
