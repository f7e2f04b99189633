"""Tables of effects of alleles, written block by block: a row an allele, a column a task."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from genome_keras.genome import Variant
from genome_keras.io.h5ad import SUFFIX, open_h5ad
from genome_keras.io.tables import open_table
from genome_keras.scoring.anndata_out import told_of

ALLELES = ("ref", "alt")


def allele_columns(variants: Sequence[Variant]) -> dict[str, list[Any]]:
    """The columns that tell which alleles: chrom, pos (1-based), id, ref and alt.

    Example:
        >>> allele_columns([Variant("chr1", 5, "A", "C", "rs1")])["id"]
        ['rs1']
    """
    named = {"chrom": "contig", "pos": "position", "id": "id", "ref": "ref", "alt": "alt"}
    return {
        column: [getattr(variant, name) for variant in variants] for column, name in named.items()
    }


def allele_name(chrom: str, pos: int | None, _: object, ref: str, alt: str, *more: object) -> str:
    """The index of a row from its first columns.

    Example:
        >>> allele_name("chr1", 5, "rs1", "A", "C", "ok")
        'chr1:5:A>C'
    """
    return f"{chrom}:{'.' if pos is None else pos}:{ref}>{alt}"


@contextmanager
def open_effects(
    out: str | os.PathLike, tasks: list[str], names: Sequence[str], *, summary: bool = False
) -> Iterator[Callable[..., None]]:
    """Opens a table of effects, as `genome_keras.variants.score_variants.score_vcf` writes it.

    Args:
        out: as in `genome_keras.io.tables.open_table`; or ".h5ad", an AnnData file: `X` has the
            first of `names`, the layers the others, `obs` the first columns of the table, and
            `var` what the names of tasks tell: cell, target, treatment, group and accession.
        tasks: names of the columns.
        names: words of `genome_keras.scoring.effects.EFFECTS`; of AnnData also "ref" and "alt",
            after these: the scores of both alleles.
        summary: whether there is a column of it.

    Yields:
        A function of `genome_keras.variants.score_variants.Effects`, or another object with
        `variants` and `status`, of floats (names, n, tasks), NaN where there is no effect, and
        with `summary` of floats (n,). It writes their rows.

    Example:
        >>> import tempfile
        >>> from genome_keras.variants.score_variants import Effects
        >>> variants, diff = [Variant("chr1", 5, "A", "C")], np.float32([[0.25]])
        >>> found = Effects(variants, ["ok"], diff, None, ["CTCF"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "effects.tsv")
        ...     with open_effects(path, found.tasks, ["diff"]) as write:
        ...         write(found, found.diff[None])
        ...     with open(path) as table:
        ...         table.read().split()[-9:]
        ['chr1', '5', '.', 'A', 'C', 'ok', '0.25', 'CTCF', '0.25']
    """
    is_anndata = str(out).endswith(SUFFIX)
    effects = [name for name in names if name not in ALLELES]
    fields = dict(chrom=str, pos=int, id=str, ref=str, alt=str, status=str)
    for name in effects:
        fields |= {f"max_{name}": float, f"max_{name}_task": str}
    fields |= {"summary": float} if summary else {}
    opened = _anndata if is_anndata else _table
    with opened(out, tasks, names, fields) as table:

        def write(block, values, summaries=None):
            first = [*allele_columns(block.variants).values(), block.status]
            for each in values[: len(effects)]:
                largest, at = _largest(each)
                first += [largest.tolist(), [tasks[i] if i >= 0 else "." for i in at.tolist()]]
            first += [summaries.tolist()] if summary else []
            table.write(*first, values if is_anndata else np.concatenate(values, 1))

        yield write


def _table(out, tasks, names, fields):
    columns = tasks
    if len(names) > 1:
        columns = [f"{task}:{name}" for name in names for task in tasks]
    return open_table(out, columns, fields=fields)


def _anndata(out, tasks, names, fields):
    how = {"var": told_of(tasks), "layers": names[1:], "about": {"effect": names[0]}}
    return open_h5ad(out, tasks, fields=fields, index=allele_name, **how)


def _largest(values):
    """Largest absolute effect of each row, and its column; NaN and -1 where there is none."""
    size = np.where(np.isnan(values), -1, np.abs(values))
    at = size.argmax(1)
    largest = size[np.arange(len(size)), at]
    none = largest < 0
    return np.where(none, np.nan, largest), np.where(none, -1, at)
