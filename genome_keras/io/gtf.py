"""Genes of GTF files: GENCODE, Ensembl, RefSeq, UCSC."""

import os
import re
from typing import NamedTuple

from genome_keras.errors import FormatError
from genome_keras.io.lines import is_position, rows

MOST = 1_000_000  # genes that are kept
COLUMNS = 9
_ID = re.compile(r'(?:^|;)\s*gene_id "([^"]*)"')
_NAME = re.compile(r'(?:^|;)\s*gene(?:_name)? "([^"]+)"')


class Gene(NamedTuple):
    """Where a gene lies.

    Attributes:
        contig: name.
        start, end: 0-based, half-open.
        strand: "+", "-" or ".".
        name: as people call it, or else its gene_id.

    Example:
        >>> gene = Gene("chr8", 127_735_433, 127_742_951, "+", "MYC")
        >>> gene.end - gene.start
        7518
    """

    contig: str
    start: int
    end: int
    strand: str
    name: str


def read_genes(path: str | os.PathLike, *, most: int = MOST) -> list[Gene]:
    """The genes of a GTF file, one line of which is in memory at a time.

    Where the file has lines "gene", those are the genes. Where it has none, as from UCSC, a
    gene is from the first to the last base of all lines with its gene_id on a contig.

    Args:
        path: GTF, plain or gzip; "-" is standard input.
        most: genes, at most.

    Returns:
        list of `Gene`, in the order of the file.

    Raises:
        FormatError: no GTF, damaged gzip, no gene, or more than `most`.

    Example:
        >>> import tempfile
        >>> line = 'chr8\\tx\\tgene\\t11\\t20\\t.\\t+\\t.\\tgene_id "G1"; gene_name "MYC";\\n'
        >>> with tempfile.NamedTemporaryFile("w", suffix=".gtf") as file:
        ...     _ = file.write(line)
        ...     file.flush()
        ...     read_genes(file.name)
        [Gene(contig='chr8', start=10, end=20, strand='+', name='MYC')]
    """
    genes, told = {}, False  # whether there are lines "gene"
    for number, line in rows(path, "GTF"):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        is_gene = len(fields) > 2 and fields[2] == "gene"
        if told and not is_gene and len(fields) == COLUMNS:
            continue
        key, gene = _gene(path, number, fields)
        if is_gene and not told:
            genes, told = {}, True
        before = genes.get(key)
        if before is not None:
            ends = min(before.start, gene.start), max(before.end, gene.end)
            gene = before._replace(start=ends[0], end=ends[1])
        elif len(genes) == most:
            raise FormatError(path, number, f"expected at most {most:,} genes")
        genes[key] = gene
    if not genes:
        raise FormatError(path, None, "expected lines of genes. Received: none")
    return list(genes.values())


def _gene(path, number, fields):
    """What tells a gene from others, and the gene, as one line has it."""
    if len(fields) != COLUMNS:
        told = f"expected {COLUMNS} columns of GTF between tabs. Received: {len(fields)}"
        raise FormatError(path, number, told)
    contig, _, _, start, end, _, strand, _, more = fields
    if not (is_position(start) and is_position(end) and 1 <= int(start) <= int(end)):
        told = "expected the first and last base of a gene in columns 4 and 5, 1-based"
        raise FormatError(path, number, f"{told}. Received: {start[:20]!r}, {end[:20]!r}")
    if strand not in ("+", "-", "."):
        raise FormatError(path, number, f"expected strand + - or . Received: {strand[:20]!r}")
    gene_id = _ID.search(more)
    if gene_id is None:
        told = 'expected gene_id "..." in column 9, as GTF has it (GFF3 is another format)'
        raise FormatError(path, number, f"{told}. Received: {more[:40]!r}")
    name = _NAME.search(more)
    name = name[1] if name else gene_id[1]
    return (contig, gene_id[1]), Gene(contig, int(start) - 1, int(end), strand, name)
