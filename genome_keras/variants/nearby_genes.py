"""Which gene a variant lies in, or is nearest to."""

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genome_keras.genome import Variant
from genome_keras.io.gtf import Gene, read_genes

NAMED = 3  # genes in which a variant lies


class Near(NamedTuple):
    """The gene of a variant.

    Attributes:
        name: of the gene; of several in which it lies, their names.
        distance: bp from the variant to the gene's nearest base; 0 inside.
        side: "upstream" or "downstream", as the gene is read; "" inside, or where its strand
            is not known.

    Example:
        >>> print(Near("MYC", 1204, "upstream"))
        1,204 bp upstream of MYC
    """

    name: str
    distance: int
    side: str

    def __str__(self) -> str:
        if not self.distance:
            return f"in {self.name}"
        return f"{self.distance:,} bp {self.side + ' of' if self.side else 'from'} {self.name}"


class NearbyGenes:
    """Finds the genes of variants.

    Args:
        genes: of `genome_keras.io.gtf.read_genes`, in any order.

    Attributes:
        contigs: names of contigs that have a gene.

    Example:
        >>> genes = NearbyGenes([Gene("chr8", 100, 200, "-", "MYC")])
        >>> print(genes.near(Variant("chr8", 251, "A", "C")))
        51 bp upstream of MYC
    """

    def __init__(self, genes: Iterable[Gene]) -> None:
        by_contig = {}
        for gene in genes:
            by_contig.setdefault(gene.contig, []).append(gene)
        self._genes = {
            contig: (own, *np.array([(gene.start, gene.end) for gene in own]).T)
            for contig, own in by_contig.items()
        }

    @property
    def contigs(self) -> list[str]:
        return list(self._genes)

    def near(self, variant: Variant) -> Near | None:
        """Those in which it lies, or the nearest one; None where its contig has no gene.

        Args:
            variant: `genome_keras.Variant`; its contig goes by the same name as in the GTF.
        """
        if variant.contig not in self._genes:
            return None
        genes, starts, ends = self._genes[variant.contig]
        # Bases from one to the other; 1 is beside it.
        before, after = starts - variant.end + 1, variant.start - ends + 1
        distance = np.maximum(before, after)
        inside = np.flatnonzero(distance <= 0)
        if len(inside):
            names = [genes[i].name for i in inside[:NAMED]]
            more = len(inside) - len(names)
            return Near(", ".join(names) + (f" and {more} more" if more else ""), 0, "")
        at = int(distance.argmin())
        gene, is_left = genes[at], bool(before[at] > 0)
        side = {"+": ("downstream", "upstream"), "-": ("upstream", "downstream")}.get(gene.strand)
        return Near(gene.name, int(distance[at]), side[is_left] if side else "")


def genes_of(
    genes: str | os.PathLike | None, report: str | os.PathLike | None
) -> NearbyGenes | None:
    """The genes for a page, of a GTF.

    Raises:
        ValueError: genes without a page.
        FormatError: as `genome_keras.io.gtf.read_genes`.

    Example:
        >>> genes_of(None, "page.html") is None
        True
    """
    if genes is None:
        return None
    if report is None:
        raise ValueError(f"genes are for a report. Received: genes={str(genes)!r} without one")
    return NearbyGenes(read_genes(genes))
