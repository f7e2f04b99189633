"""The page of variants that several workers have scored."""

import json
from collections.abc import Iterable, Sequence

import numpy as np

from genome_keras.cluster.workers import allele_of
from genome_keras.io.reference import Genome
from genome_keras.io.tables import load_pyarrow
from genome_keras.variants.blocks import blocks, without_lost
from genome_keras.variants.kept_alleles import LargestEffects


def add_parts(
    page: LargestEffects,
    parts: Iterable[dict],
    genome: Genome,
    *,
    columns: Sequence[str],
    window: int,
    unknown: str | None = None,
) -> None:
    """Gives a page the alleles of finished parts, one part in memory at a time.

    Args:
        page: takes them.
        parts: as workers get them: `path` of the table, and `job`, JSON of its alleles.
        genome: open.
        columns: of the table, the effects.
        window: bp.
        unknown: as in `genome_keras.variants.blocks.blocks`.

    Example:
        >>> add_parts(LargestEffects(), [], None, columns=["CTCF"], window=100)
    """
    for part in parts:
        table = load_pyarrow()[1].ParquetFile(part["path"]).read(columns=list(columns))
        effects = np.empty((table.num_rows, len(columns)), np.float32)
        for number, name in enumerate(columns):
            effects[:, number] = table[name].to_numpy()
        alleles = enumerate(map(allele_of, json.loads(part["job"])))
        for block in blocks(alleles, genome, window=window, unknown=unknown):
            own = effects[block.lines]
            page.add(without_lost(block, own), own)
