"""Files in the layouts of other tools, and what each gives: see layouts/README.md."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from genome_keras.building.build import build
from genome_keras.errors import GenomeKerasError
from genome_keras.io import bed, fasta, vcf
from genome_keras.io.reference import open_genome
from genome_keras.io.vcf_alleles import Malformed
from genome_keras.io.vcf_out import open_vcf
from genome_keras.variants.blocks import blocks
from genome_keras.windows import Slider

HOME = Path(__file__).parent / "layouts"

# Every allele: position, alternative allele, and its status in a genome of As, here "chr1".
VCF = {
    "gatk.vcf": "1 <NON_REF> symbolic, 5 C ok, 5 <NON_REF> symbolic, 9 A ref_mismatch, 9 * star",
    "bcftools_call.vcf": "5 . no_alt, 9 A ref_mismatch, 13 g ok",
    "deepvariant.vcf": "5 C ok, 9 G ok, 13 A ref_mismatch, 13 AACAC ref_mismatch",
    "clinvar.vcf": "5 C no_contig, 9 . no_alt, 13 A no_contig",
    "gnomad_sites.vcf": "5 C ok, 5 AT ok",
    "manta_sv.vcf": "5 <DEL> symbolic, 9 A[chr1:41[ symbolic, 13 <DUP:TANDEM> symbolic, "
    "17 ACGTACGT ok",
    "vg_deconstruct.vcf": "5 C no_contig, 9 A no_contig, 9 ACGTACGT no_contig",
    "table_of_1_0.vcf": "5 C ok, 9 - malformed, 13 G malformed",
}
PEAKS = [("chr1", 4, 20), ("chr1", 30, 50)]
# Places, names and strands; and what is left out.
BED = {
    "macs3_peaks.narrowPeak": (PEAKS, ["x_peak_1", "x_peak_2"], [None, None]),
    "macs2_broad.broadPeak": (PEAKS, ["x_peak_1", "x_peak_2"], [None, None]),
    "macs2_gapped.gappedPeak": ([("chr1", 4, 50)], ["x_peak_1"], [None]),
    "macs3_summits.bed": (
        [("chr1", 11, 12), ("chr1", 40, 41)],
        ["x_peak_1", "x_peak_2"],
        [None, None],
    ),
    "seacr.stringent.bed": (PEAKS, ["1234.5", "310"], [None, None]),
    "homer_pos2bed.bed": (PEAKS, ["chr1-1", "chr1-2"], ["+", "-"]),
    "encode_idr.narrowPeak": (PEAKS, [None, None], [None, None]),
    "encode_ccre.bed": (PEAKS, ["EH38D000001", "EH38D000002"], [None, None]),
    "ucsc_track.bed": (PEAKS, ["a", "b"], ["+", "-"]),
    "ucsc_bed12.bed": ([("chr1", 4, 50)], ["gene.1"], ["+"]),
    "ucsc_bedgraph.bedGraph": (PEAKS, ["1.5", "-0.5"], [None, None]),
    "bedtools_closest.bed": (PEAKS, ["a", "b"], ["+", "-"]),
    "bedtools_insertion.bed": ([("chr1", 4, 20)], ["a"], [None]),
    "excel_windows.bed": (PEAKS, ["a", "b"], [None, None]),
}
# Records and their lengths, and the letters that need unknown="N".
FASTA = {
    "ucsc.fa": ({"chr1": 60, "chr1_KI270706v1_random": 30}, ""),
    "ensembl.fa": ({"1": 60, "MT": 30}, ""),
    "ncbi_refseq.fna": ({"NC_000001.11": 60, "NT_187361.1": 30}, ""),
    "hs37d5.fa": ({"1": 60, "hs37d5": 30}, "MRKY"),
    "gencode_transcripts.fa": (
        {
            "ENST1.2|ENSG1.1|OTTHUMG1|-|X-201|X|60|lncRNA|": 60,
            "ENST2.1|ENSG1.1|-|-|X-202|X|30|protein_coding|": 30,
        },
        "",
    ),
    "windows_line_ends.fa": ({"chr1": 60, "chr2": 30}, ""),
}


def test_every_file_is_in_a_table():
    found = {path.name for path in HOME.iterdir() if path.suffix != ".md"}
    assert found == {*VCF, *BED, *FASTA}


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\n" + "A" * 60 + "\n")
    return tmp_path / "g.fa"


@pytest.mark.parametrize("name", VCF)
def test_variants(name, genome, tmp_path):
    alleles = list(vcf.read(HOME / name))
    with open_genome(genome) as opened:
        status = [word for block in blocks(alleles, opened, window=20) for word in block.status]
    told = [
        f"{allele.position} {allele.alt} {word}"
        for (_, allele), word in zip(alleles, status, strict=True)
    ]
    assert ", ".join(told) == VCF[name]
    odd = [isinstance(allele, Malformed) for _, allele in alleles]
    assert odd == [word == "malformed" for word in status]

    out = tmp_path / "o.vcf"
    settings = {"contigs": {"chr1": 60}, "tasks": ["t"], "effects": ["diff"]}
    values = np.full((len(alleles), 1, 1), np.nan)
    lines, variants = zip(*alleles, strict=True)
    with open_vcf(out, source=HOME / name, **settings) as file:
        file.write(lines, variants, status, values)
    given, written = (path.read_text().splitlines() for path in (HOME / name, out))
    records = [line.split("\t") for line in given if not line.startswith("#")]
    again = [line.split("\t") for line in written if not line.startswith("#")]
    assert [row[:7] + row[8:] for row in again] == [row[:7] + row[8:] for row in records]
    for row, old in zip(again, records, strict=True):
        assert row[7].startswith(old[7] + ";GK_STATUS=") or old[7] == "."
    assert [line for line in given if line.startswith("##")] == written[
        : given.index(next(line for line in given if line.startswith("#CHROM")))
    ]


@pytest.mark.parametrize("name", BED)
def test_places(name, genome, tmp_path):
    wanted, names, strands = BED[name]
    places = bed.read(HOME / name, contigs={"chr1": 60})
    found = list(places)
    assert [(one.contig, one.start, one.end) for one in found] == wanted
    assert [one.name for one in found] == names
    assert [one.strand for one in found] == strands
    assert places.skipped == ({"empty": 1} if name == "bedtools_insertion.bed" else {})
    rule = {"summit_width": 10} if name == "macs3_summits.bed" else {}
    done = build(genome, HOME / name, tmp_path / "o.h5", bin_size=10, context=10, **rule)
    assert done.labelled > 0


def test_summits():
    found = list(bed.read_peaks(HOME / "macs3_peaks.narrowPeak"))
    assert [summit for _, summit in found] == [11, 40]
    assert [summit for _, summit in bed.read_peaks(HOME / "encode_idr.narrowPeak")] == [12, None]


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("name", FASTA)
def test_sequences(name, index, tmp_path):
    lengths, foreign = FASTA[name]
    read = dict(fasta.read(HOME / name))
    assert {record: len(seq) for record, seq in read.items()} == lengths
    path = shutil.copy(HOME / name, tmp_path)
    if index:
        pytest.importorskip("pysam").faidx(str(path))
    with open_genome(path) as genome:
        assert genome.contigs == lengths
        for record, seq in read.items():
            assert genome.fetch((record, 0, len(seq))) == seq.upper()
    letters = "".join(read.values()).upper()
    assert set(letters) - set("ACGTN") == set(foreign)
    how = {"window": 10, "batch_size": 100}
    if foreign:
        with pytest.raises(GenomeKerasError, match="--unknown N"):
            list(Slider(fasta.chunks(path), **how))
    (batch,) = Slider(fasta.chunks(path), unknown="N" if foreign else None, **how)
    assert len(batch.codes) == 9 and (batch.codes <= 4).all()
