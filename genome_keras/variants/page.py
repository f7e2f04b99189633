"""A page of variants: a list of all that it can hold, and pictures of those that change most."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from genome_keras.io.reference import Genome
from genome_keras.pictures.alleles import draw_alleles, name_variant
from genome_keras.pictures.effect_list import SCRIPT, ListWords, effect_list, limits_of_list
from genome_keras.pictures.listed_rows import ListedRows
from genome_keras.pictures.page_frame import paragraph, written_page
from genome_keras.scoring.effects import name_change
from genome_keras.variants.allele_pictures import AllelePictures
from genome_keras.variants.kept_alleles import SHOWN, LargestEffects
from genome_keras.variants.nearby_genes import NearbyGenes
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.checkpoint_quality import quality_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def variants_page(
    path: str | os.PathLike | None,
    *,
    tasks: list[str],
    chosen: slice | list[int],
    effect: str,
    weights: str,
    genome: Genome | None = None,
    checkpoint: Checkpoint | None = None,
    genes: NearbyGenes | None = None,
    tracks: list[int] | None = None,
    shown: int = SHOWN,
    draw: Callable[..., "Figure"] = draw_alleles,
) -> Iterator[LargestEffects]:
    """Opens a page of variants; it is written when the block succeeds.

    Args:
        path: the HTML file, or None.
        tasks: names of the columns of effects.
        chosen: these columns among the scorer's, a slice or list of int.
        effect: "diff" or "logodds", of the effects.
        weights: name of the checkpoint.
        genome: a `genome_keras.io.reference.Genome` that is open until the page is written:
            the tracks that change most are drawn along it, but not of a language model.
            None draws none.
        checkpoint: whose held-out scores are told; None of a model in memory.
        genes: among which the alleles are placed; None places none.
        tracks: columns of the scorer's whose summary is told of the alleles with pictures, as
            `genome_keras.variants.summary.summary` has it; or None.
        shown: alleles with pictures, at most.
        draw: the picture of both alleles, a function as
            `genome_keras.pictures.alleles.draw_alleles`.

    Yields:
        `LargestEffects`; its `scorer` must be set before the block ends.

    Raises:
        GenomeKerasError: as `genome_keras.pictures.page_frame.written_page`.
        FormatError, WeightsError: the calibration of the checkpoint is damaged.

    Example:
        >>> about = {"effect": "diff", "weights": "my_model", "chosen": slice(None)}
        >>> with variants_page(None, tasks=["CTCF"], **about) as alleles:  # None writes no page
        ...     alleles.shown
        10
    """
    with written_page(path, "Variants", script=SCRIPT) as parts:
        alleles = LargestEffects(shown)
        quality = None if path is None else quality_of(checkpoint)
        yield alleles
        if quality is None:
            return
        change = name_change(effect, tasks)
        parts += _counted(alleles, len(tasks), weights)
        parts += [paragraph(line, soft=True) for line in quality.lines]
        parts.append("<h2>All alleles</h2>")
        parts += limits_of_list(alleles.list, ListWords())
        if genes is not None:
            parts += _strange_contigs(genes, alleles.list)
        pictures = AllelePictures(
            alleles,
            tasks,
            chosen,
            quality=quality,
            genes=genes,
            change=change,
            tracks=tracks,
            draw=draw,
        )
        parts.append(_list(alleles.list, tasks, pictures))
        parts += pictures.html(genome)


def _counted(alleles, tasks, weights):
    """How many alleles there are, were scored and are shown."""
    total, scored = sum(alleles.status.values()), alleles.status["ok"]
    yield paragraph(
        f"Alleles: {total:,}, {scored:,} of them scored. Tasks: {tasks:,}, of {weights}."
    )
    others = {word: n for word, n in alleles.status.items() if word != "ok"}
    if others:
        told = ", ".join(f"{word} {n:,}" for word, n in sorted(others.items()))
        yield paragraph(f"Without effects: {told}.")
    if 0 < len(alleles.kept) < scored:
        yield paragraph(
            f"Pictures are of the {len(alleles.kept)} with the largest absolute effect."
        )


def _strange_contigs(genes, listed):
    ours = {variant.contig for variant in listed.rows}
    if ours and not ours & set(genes.contigs):
        told = f"they are on {min(ours)!r}, and the genes on {genes.contigs[0]!r}, for example"
        yield paragraph(f"No gene is on a contig of these alleles: {told}.")


def _list(listed: ListedRows, tasks: list[str], pictures: AllelePictures) -> str:
    """All alleles, or as many as there is room for."""
    numbers = {id(allele.variant): number for number, allele in enumerate(pictures.kept)}
    lines = []
    for variant in listed.rows:
        near = pictures.near(variant)
        place = ("", -1) if near is None else (str(near), near.distance)
        lines.append(
            (name_variant(variant), variant.id or "", numbers.get(id(variant), -1), *place)
        )
    effects = listed.effects if lines else np.empty((0, len(tasks)))
    told = pictures.quality.of_tasks(tasks)
    return effect_list(rows=lines, effects=effects, tasks=told, genes=pictures.genes is not None)
