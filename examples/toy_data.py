"""Small made-up data for the other examples, in the working folder: a genome of three contigs with
the sites of one factor, its peaks, variants in and beside them, labelled windows.
"""

from pathlib import Path

import numpy as np

SITE = "TGGCCACCAGGGGGCGCTA"  # CTCF's, as JASPAR's MA0139 has it
CONTIGS = ("chr1", "chr2", "chr3")


def peaks_and_variants(bins=160, seed=0):
    """Writes genome.fa, CTCF.bed and mine.vcf; every second bin of 200 bp has a site."""
    draw = np.random.default_rng(seed)
    fasta, peaks, vcf = (
        [],
        [],
        ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"],
    )
    for contig in CONTIGS:
        letters = draw.choice(list("ACGT"), 200 * bins)
        for start in range(0, 200 * bins, 400):
            site = start + int(draw.integers(80, 100))
            letters[site : site + len(SITE)] = list(SITE)
            letters[site + draw.integers(len(SITE))] = draw.choice(list("ACGT"))
            peaks.append(f"{contig}\t{start + 20}\t{start + 180}")
        for base in (90 + 11, 290 + 11):  # in the first site, and where there is none
            alt = "T" if letters[base] != "T" else "A"
            vcf.append(f"{contig}\t{base + 1}\t.\t{letters[base]}\t{alt}\t.\t.\t.")
        fasta += [f">{contig}", "".join(letters)]
    for name, lines in {"genome.fa": fasta, "CTCF.bed": peaks, "mine.vcf": vcf}.items():
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "genome.fa", "CTCF.bed", "mine.vcf"


def labelled(n=400, window=200, seed=0):
    """Windows and a label for each, 1 where the site is in it: list of str, int8 (n, 1)."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, (n, 1)).astype("int8")
    windows = draw.choice(list("ACGT"), (n, window))
    for letters, label in zip(windows, labels[:, 0], strict=True):
        if label:
            start = draw.integers(window - len(SITE))
            letters[start : start + len(SITE)] = list(SITE)
            letters[start + draw.integers(0, len(SITE), 3)] = draw.choice(list("ACGT"), 3)
    return ["".join(letters) for letters in windows], labels
