"""Pictures of the alleles that change most, on a page of variants."""

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from genome_keras.genome import Variant
from genome_keras.io.reference import Genome
from genome_keras.pictures.alleles import draw_alleles, name_variant
from genome_keras.pictures.page_frame import paragraph, table
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.pictures.tracks import draw_tracks
from genome_keras.variants.carried_letters import METHODS, carried_letters
from genome_keras.variants.kept_alleles import LargestEffects
from genome_keras.variants.nearby_genes import Near, NearbyGenes
from genome_keras.variants.neighbourhoods import BESIDE, neighbourhoods, step_of
from genome_keras.variants.summary import summary
from genome_keras.weights.checkpoint_quality import Quality
from genome_keras.weights.factors import by_largest, factors_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRACKS = 3  # of each allele, at most: each of another factor
NAMED = 5  # tracks of a summary that are named, at most
FACTORS = 8  # of each allele, at most, in bars and in a table


class AllelePictures:
    """Pictures of the alleles that change most: tasks of one factor are shown as one.

    Args:
        alleles: those that passed.
        tasks, chosen, genes, tracks, draw: as in `genome_keras.variants.page.variants_page`.
        quality: of the checkpoint.
        change: what the effects are, in words.

    Attributes:
        kept: list of `genome_keras.variants.kept_alleles.Pictured`, the largest first.

    Example:
        >>> about = {"quality": Quality([], {}), "genes": None, "change": "P(alt) - P(ref)"}
        >>> pictures = AllelePictures(LargestEffects(), ["CTCF"], slice(None), **about)
        >>> list(pictures.html(None))  # no allele, no picture
        []
    """

    def __init__(
        self,
        alleles: LargestEffects,
        tasks: list[str],
        chosen: slice | list[int],
        *,
        quality: Quality,
        genes: NearbyGenes | None,
        change: str,
        tracks: list[int] | None = None,
        draw: Callable[..., "Figure"] = draw_alleles,
    ) -> None:
        self.kept = sorted(alleles.kept, key=lambda allele: allele[:2], reverse=True)
        self.scorer, self.tasks, self.chosen = alleles.scorer, tasks, chosen
        self.quality, self.genes, self.change, self.draw = quality, genes, change, draw
        self.tracks = tracks
        factors = factors_of(tasks)
        self._factors = [by_largest(factors, allele.effects) for allele in self.kept]

    def near(self, variant: Variant) -> Near | None:
        """The gene of a variant."""
        return None if self.genes is None else self.genes.near(variant)

    def html(self, genome: Genome | None) -> Iterator[str]:
        """Pieces of HTML: what the pictures are, a table, and of each allele its pictures.

        Args:
            genome: open; None draws no tracks along it.
        """
        if not self.kept:
            return
        codes = np.array([allele.codes for allele in self.kept])
        columns = np.arange(len(self.scorer.tasks))[self.chosen]
        all_scores = self.scorer.scores(codes.reshape(-1, codes.shape[2]))
        all_scores = all_scores.reshape(len(self.kept), 2, -1)
        scores = all_scores[..., self.chosen]
        most = [int(columns[self._first(number)[0]]) for number in range(len(self.kept))]
        letters, method = carried_letters(self.scorer, codes, most)
        yield "<h2>The largest effects</h2>"
        yield _of_pictures(self.change, METHODS[method])
        around, high = None, 1.0
        if genome is not None and not self.scorer.is_language_model:
            around, high = self._around(genome, columns, codes.shape[2])
            yield self._of_tracks(codes.shape[2])
        sums = None
        if self.tracks is not None:
            sums = summary(*all_scores[..., self.tracks].swapaxes(0, 1))
            yield self._of_summary()
        yield self._table(scores, sums)
        ends = {} if self.scorer.is_language_model else self._ends(scores)
        for number, allele in enumerate(self.kept):
            yield f'<h2 id="v{number}">{escape(name_variant(allele.variant))}</h2>'
            if near := self.near(allele.variant):
                yield paragraph(f"Gene: {near}.")
            yield self._two_alleles(number, letters[number], scores[number], method, ends)
            yield self._by_factor(number, scores[number])
            if around is not None and len(around[number].starts) > 1:
                yield self._tracks(number, around[number], codes.shape[2], high)

    def _first(self, number, most=1):
        """The task that changes most of each of the factors that change most."""
        return [factor.columns[0] for factor in self._factors[number][:most]]

    def _around(self, genome, columns, window):
        """Scores along the genome of the tracks that are drawn, and the highest of them."""
        variants = [allele.variant for allele in self.kept]
        around, high = [], 0.0
        near_variants = neighbourhoods(variants, genome, self.scorer, window=window)
        for number, near in enumerate(near_variants):
            own = near.scores[:, columns[self._first(number, TRACKS)]]
            around.append(near._replace(scores=own))
            high = max(high, float(np.nan_to_num(own).max(initial=0)))
        return around, high * 1.05 or 1.0

    def _ends(self, scores):
        """Ends of the bars of all alleles: of scores, and of effects to both sides."""
        high = most = 0.0
        for number, (allele, pair) in enumerate(zip(self.kept, scores, strict=True)):
            drawn = self._first(number, FACTORS)
            high = max(high, float(pair[:, drawn].max()))
            most = max(most, float(np.abs(allele.effects[drawn]).max()))
        return {"high": high or 1.0, "most": most or 1.0}

    def _of_tracks(self, window):
        factors = self._factors[0]
        told = f"{min(TRACKS, len(factors))} tasks that change most, each of another factor,"
        if len(factors) == 1:
            told = "task that changes most" if len(self.tasks) > 1 else "task"
        return paragraph(
            f"The tracks are the scores of the {told} along the reference genome, in "
            f"windows of {window:,} bp that begin {step_of(window):,} bp "
            f"apart, up to {BESIDE} on each side; the dashed line is the variant. All tracks here "
            "have one scale.",
            soft=True,
        )

    def _of_summary(self):
        names = [self.scorer.tasks[column] for column in self.tracks]
        few = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
        told = "change" if len(names) == 1 else f"largest change over {len(names)} tracks"
        return paragraph(f"The summary is the {told} of P(label = 1), of {few}.", soft=True)

    def _table(self, scores, sums):
        """A row for each allele that is shown, its name a link to its pictures."""
        heads = ["allele", "task that changes most", "effect", "ref", "alt", "id"]
        heads += ["summary"] * (sums is not None) + ["gene"] * (self.genes is not None)
        rows = []
        for number, (allele, pair) in enumerate(zip(self.kept, scores, strict=True)):
            (task,) = self._first(number)
            row = [(name_variant(allele.variant), f"v{number}"), self.tasks[task]]
            row += [f"{allele.effects[task]:+.4f}", *(f"{score[task]:.4f}" for score in pair)]
            row.append(allele.variant.id or ".")
            row += [f"{sums[number]:+.4f}"] if sums is not None else []
            row += [str(self.near(allele.variant) or ".")] * (self.genes is not None)
            rows.append(row)
        return table(heads, rows)

    def _two_alleles(self, number, letters, scores, method, ends):
        """Letters of the task that changes most, and a task of each factor as bars."""
        allele, drawn = self.kept[number], self._first(number, FACTORS)
        task, is_ism = self.tasks[drawn[0]], method == "ism"
        figure = self.draw(
            letters,
            variant=allele.variant,
            codes=allele.codes,
            scores=scores[:, drawn],
            tasks=[self.tasks[column] for column in drawn],
            effects=allele.effects[drawn],
            title=f"letters that carry {task}",
            label="nats" if is_ism else "log-odds",
            score_label="log-likelihood" if is_ism else "P(label = 1)",
            effect_label=self.change,
            **ends,
        )
        text = f"Both alleles of {name_variant(allele.variant)}: the letters that carry {task}, "
        text += "aligned, and the factors that change most"
        return figure_html(figure, text, name=f"v{number}")

    def _by_factor(self, number, scores):
        """A row for each factor: its task that changes most, and the others in a word."""
        effects, known = self.kept[number].effects, bool(self.quality.tracks)
        heads = ["factor", "task that changes most", "effect", "ref", "alt", "its other tasks"]
        heads += ["precision / recall (positives)"] * known
        rows = []
        for factor in self._factors[number][:FACTORS]:
            first, *others = factor.columns
            row = [factor.name, self.tasks[first], f"{effects[first]:+.4f}"]
            row += [f"{score[first]:.4f}" for score in scores]
            row += [_range(effects[others]), *[self.quality.in_words(self.tasks[first])] * known]
            rows.append(row)
        return table(heads, rows)

    def _tracks(self, number, near, window, high):
        """The tracks that change most along the neighbourhood of a variant."""
        variant = self.kept[number].variant
        figure = draw_tracks(
            near.scores,
            starts=near.starts,
            window=window,
            tasks=[self.tasks[column] for column in self._first(number, TRACKS)],
            contig=variant.contig,
            marked=[variant.position],
            high=high,
        )
        text = f"The tracks that change most, around {name_variant(variant)}"
        return figure_html(figure, text, name=f"v{number}t")


def _of_pictures(change, carried):
    return paragraph(
        f"The effect is the {change}, alternative allele against reference. The logos are of the "
        f"task that changes most: {carried}; both logos of an allele have one scale, each allele "
        "its own. Bars are of one task for each factor, the one that changes most; their scales "
        "are the same for all alleles here.",
        soft=True,
    )


def _range(effects):
    """Several effects in words."""
    if len(effects) < 2:
        return "".join(f"{effect:+.4f}" for effect in effects)
    return f"{len(effects)}, {effects.min():+.4f} to {effects.max():+.4f}"
