"""A page with pictures of the variants that change most."""

import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genome_keras.genome import Variant
from genome_keras.interpret.attribution import Attribution
from genome_keras.interpret.mutagenesis import Mutagenesis, mean_loss
from genome_keras.io.reference import Genome
from genome_keras.pictures.alleles import draw_alleles, name_variant
from genome_keras.pictures.page_frame import paragraph, table, written_page
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.pictures.tracks import draw_tracks
from genome_keras.scoring.effects import name_change
from genome_keras.scoring.scorer import Scorer
from genome_keras.variants.blocks import Block
from genome_keras.variants.neighbourhoods import BESIDE, neighbourhoods, step_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # variants at most
TRACKS = 3  # of each, at most
_METHODS = {
    "integrated_gradients": "what each letter adds to the log-odds, by integrated gradients",
    "occlusion": "how far the log-odds fall when a letter is hidden",
    "ism": "how far the log-likelihood falls, on average, when a letter is changed",
}


class _Shown(NamedTuple):
    size: float  # the largest absolute effect
    order: int  # of ties, the first
    variant: Variant
    effects: np.ndarray  # (tasks,)
    codes: np.ndarray  # (2, window), ref and alt


class LargestEffects:
    """What a page keeps of the alleles that pass: how many, and those that change most.

    Args:
        shown: alleles that are kept, at most.

    Example:
        >>> variants = [Variant("chr1", 5, "A", letter) for letter in "CGT"]
        >>> alike = np.zeros((2, 4), np.uint8)
        >>> block = Block([1, 2, 3], variants, ["ok"] * 3, np.zeros(3, int), np.ones(3, int), alike)
        >>> largest = LargestEffects(shown=1)
        >>> largest.add(block, np.array([[0.1], [-0.4], [0.2]]))
        >>> [allele.variant.alt for allele in largest.kept], largest.status["ok"]
        (['G'], 3)
    """

    def __init__(self, shown: int = SHOWN) -> None:
        self.status, self.kept, self.shown, self._order = Counter(), [], shown, count(0, -1)
        self.scorer = None

    def add(self, block: Block, effects: np.ndarray) -> None:
        """Takes alleles.

        Args:
            block: `genome_keras.variants.blocks.Block`.
            effects: float (n, tasks), NaN where there are none.
        """
        self.status.update(block.status)
        known = np.flatnonzero(block.ref >= 0)
        sizes = np.abs(effects[known]).max(1, initial=0)
        for i in np.argsort(-sizes, kind="stable")[: self.shown]:
            row, size = known[i], float(sizes[i])
            order = next(self._order)
            full = len(self.kept) == self.shown
            if full and (size, order) <= self.kept[0][:2]:
                continue
            codes = block.codes[[block.ref[row], block.alt[row]]]
            allele = _Shown(size, order, block.variants[row], effects[row].copy(), codes)
            (heapq.heapreplace if full else heapq.heappush)(self.kept, allele)


@contextmanager
def variants_page(
    path: str | os.PathLike | None,
    *,
    tasks: list[str],
    chosen: slice | list[int],
    effect: str,
    weights: str,
    genome: Genome | None = None,
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
        shown: alleles on it, at most.
        draw: the picture of both alleles, a function as
            `genome_keras.pictures.alleles.draw_alleles`.

    Yields:
        `LargestEffects`; its `scorer` must be set before the block ends.

    Raises:
        GenomeKerasError: as `genome_keras.pictures.page_frame.written_page`.

    Example:
        >>> about = {"effect": "diff", "weights": "my_model", "chosen": slice(None)}
        >>> with variants_page(None, tasks=["CTCF"], **about) as alleles:  # None writes no page
        ...     alleles.shown
        10
    """
    with written_page(path, "Variants") as parts:
        alleles = LargestEffects(shown)
        yield alleles
        if path is not None:
            change = name_change(effect, tasks)
            parts += _body(alleles, tasks, chosen, change, weights, genome, draw)


def _body(alleles, tasks, chosen, change, weights, genome, draw):
    kept = sorted(alleles.kept, key=lambda allele: allele[:2], reverse=True)
    yield from _counted(alleles, len(kept), tasks, weights)
    if not kept:
        return
    codes = np.array([allele.codes for allele in kept])
    window = codes.shape[2]
    scores = alleles.scorer.scores(codes.reshape(-1, window))[:, chosen].reshape(len(kept), 2, -1)
    most = [int(np.abs(allele.effects).argmax()) for allele in kept]
    columns = np.arange(len(alleles.scorer.tasks))[chosen]
    letters, method = carried_letters(alleles.scorer, codes, [int(columns[task]) for task in most])
    yield paragraph(
        f"The effect is the {change}, alternative allele against reference. The logos "
        f"are of the task that changes most: {_METHODS[method]}.",
        soft=True,
    )
    around = [None] * len(kept)
    if genome is not None and not alleles.scorer.is_language_model:
        variants = [allele.variant for allele in kept]
        around = neighbourhoods(variants, genome, alleles.scorer, window=window)
        yield _of_tracks(tasks, window)
    yield _table(kept, most, scores, tasks)
    shown = zip(kept, most, scores, letters, around, strict=True)
    for number, (allele, task, pair, carried, near) in enumerate(shown):
        name, told = f"v{number}", {"title": f"letters that carry {tasks[task]}"}
        yield f'<h2 id="{name}">{escape(name_variant(allele.variant))}</h2>'
        told["label"] = "nats" if method == "ism" else "log-odds"
        told["score_label"] = "log-likelihood" if method == "ism" else "P(label = 1)"
        about = {"variant": allele.variant, "codes": allele.codes, "effects": allele.effects}
        figure = draw(carried, scores=pair, tasks=tasks, effect_label=change, **about, **told)
        yield _two_alleles(figure, allele, tasks[task], name=name)
        if near is not None and len(near.starts) > 1:
            yield _tracks(allele, near, tasks, columns, window, name=f"{name}t")


def _counted(alleles, shown, tasks, weights):
    """How many alleles there are, were scored and are shown."""
    total, scored = sum(alleles.status.values()), alleles.status["ok"]
    yield paragraph(
        f"Alleles: {total:,}, {scored:,} of them scored. Tasks: {len(tasks):,}, of {weights}."
    )
    others = {word: n for word, n in alleles.status.items() if word != "ok"}
    if others:
        told = ", ".join(f"{word} {n:,}" for word, n in sorted(others.items()))
        yield paragraph(f"Without effects: {told}.")
    if 0 < shown < scored:
        yield paragraph(f"Shown are the {shown} with the largest absolute effect.")


def _of_tracks(tasks, window):
    return paragraph(
        f"The tracks are the scores of the {_most(tasks)} along the reference genome, in "
        f"windows of {window:,} bp that begin {step_of(window):,} bp "
        f"apart, up to {BESIDE} on each side; the dashed line is the variant.",
        soft=True,
    )


def _table(kept, most, scores, tasks):
    """A row for each allele that is shown, its name a link to its pictures."""
    heads = ("variant", "task that changes most", "effect", "ref", "alt", "id")
    rows = [
        (
            (name_variant(allele.variant), f"v{number}"),
            tasks[task],
            f"{allele.effects[task]:+.4f}",
            *(f"{score[task]:.4f}" for score in pair),
            allele.variant.id or ".",
        )
        for number, (allele, task, pair) in enumerate(zip(kept, most, scores, strict=True))
    ]
    return table(heads, rows)


def _two_alleles(figure, allele, task, *, name):
    text = f"Both alleles of {name_variant(allele.variant)}: the letters that carry {task}, "
    return figure_html(figure, text + "aligned, and the tasks that change most", name=name)


def _most(tasks):
    if len(tasks) == 1:
        return "task"
    return f"{min(TRACKS, len(tasks))} tasks that change most"


def _tracks(kept, near, tasks, columns, window, *, name):
    """The picture of the tracks that change most along the neighbourhood of a variant."""
    order = np.argsort(-np.abs(kept.effects), kind="stable")[:TRACKS]
    figure = draw_tracks(
        near.scores[:, columns[order]],
        starts=near.starts,
        window=window,
        tasks=[tasks[i] for i in order],
        contig=kept.variant.contig,
        marked=[kept.variant.position],
    )
    text = f"The tracks that change most, around {name_variant(kept.variant)}"
    return figure_html(figure, text, name=name)


def carried_letters(
    scorer: Scorer, codes: np.ndarray, tasks: Sequence[int]
) -> tuple[np.ndarray, str]:
    """What the letters of windows carry.

    Args:
        scorer: a `genome_keras.scoring.scorer.Scorer`.
        codes: uint8 (n, 2, window).
        tasks: a column for each of n.

    Returns:
        float (n, 2, window, 4), and a word of `_METHODS`.

    Example:
        >>> from genome_keras import kmer_logreg, tokens
        >>> scorer = Scorer(kmer_logreg(k=(1, 2), window=12, tasks=3))
        >>> codes = tokens(["ACGTACGTACGT", "ACGTACTTACGT"])[None]  # ref and alt of one variant
        >>> letters, method = carried_letters(scorer, codes, tasks=[2])
        >>> letters.shape, method
        ((1, 2, 12, 4), 'integrated_gradients')
    """
    if scorer.is_language_model:
        effects = Mutagenesis(scorer)(codes.reshape(-1, codes.shape[2]))[..., 0]
        return mean_loss(effects.reshape(*codes.shape, 4), codes), "ism"
    method, strands = "integrated_gradients", scorer.both_strands
    try:
        attribute = Attribution(
            scorer.model, tasks=0, method=method, both_strands=strands, batch_size=64
        )
        attribute(codes[:1, 0])
    except ValueError:  # gradients do not go through this network
        method = "occlusion"
        attribute = Attribution(scorer, tasks=0, method=method)
    letters = np.empty((*codes.shape, 4), np.float32)
    for task in set(tasks):
        rows = np.array(tasks) == task
        values = attribute(codes[rows].reshape(-1, codes.shape[2]), tasks=task)
        letters[rows] = values.reshape(-1, *codes.shape[1:], 4)
    return letters, method
