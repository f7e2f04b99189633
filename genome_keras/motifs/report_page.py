"""The page of a report on motifs: a table of all, and for each its logo and its tasks."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from genome_keras.io.motifs import Motif
from genome_keras.motifs.match import match, probabilities
from genome_keras.pictures.page_frame import paragraph, table
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.pictures.windows import draw_logo

if TYPE_CHECKING:
    from genome_keras.motifs.report import Evidence

TASKS = 8  # of a motif, those that hang on it most
PER_ROW = 40  # bp of a row of a logo


def information(matrix: np.ndarray) -> np.ndarray:
    """A position matrix as the heights of a logo, bits.

    Args:
        matrix: float (length, 4), probabilities.

    Returns:
        float64 (length, 4): each probability times its row's information, at most 2.

    Source: Schneider & Stephens 1990, without their correction for few sites.

    Example:
        >>> information(np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])).sum(1).tolist()
        [2.0, 1.0, 0.0]
    """
    matrix = probabilities(matrix)
    logarithms = np.log2(matrix, where=matrix > 0, out=np.zeros_like(matrix))
    return matrix * (2 + (matrix * logarithms).sum(1, keepdims=True))


def aligned(motif: Motif, known: Motif) -> tuple[np.ndarray, np.ndarray]:
    """Two motifs as logos that lie on each other, the known one turned round where it must be.

    Args:
        motif: stays as it is.
        known: is moved.

    Returns:
        Two float64 (length, 4), bits; 0 where a motif has ended.

    Example:
        >>> found = aligned(Motif("m", np.eye(4)[[0, 0, 1, 3]]), Motif("k", np.eye(4)[[2, 3, 3]]))
        >>> [logo.argmax(1).tolist() for logo in found]  # AAC is the other strand of GTT
        [[0, 0, 1, 3], [0, 0, 1, 0]]
    """
    own, other = (information(probabilities(each)) for each in (motif, known))
    best = match(motif, known)
    other = other[::-1, ::-1] if best.reverse else other
    first = min(best.offset, 0)
    length = max(len(own), best.offset + len(other)) - first
    logos = np.zeros((2, length, 4))
    logos[0, -first : len(own) - first] = own
    logos[1, best.offset - first : best.offset - first + len(other)] = other
    return logos[0], logos[1]


def fill_page(
    parts: list[str], all_evidence: Sequence["Evidence"], tasks: list[str], name: str
) -> None:
    """Adds the report to a page of `genome_keras.pictures.page_frame.written_page`.

    Args:
        parts: pieces of HTML, to add to.
        found: of each motif.
        tasks: names of the columns of its contributions.
        name: of the model.

    Raises:
        GenomeKerasError: matplotlib or logomaker is missing.

    Example:
        >>> parts = []
        >>> fill_page(parts, [], ["CTCF"], "my_model")
        >>> "no motif" in parts[-1]
        True
    """
    parts.append(paragraph(f"What {len(all_evidence)} motifs are worth to {name}."))
    if not all_evidence:
        parts.append(paragraph("There was no motif to look at."))
        return
    parts.append(paragraph(_told(all_evidence), soft=True))
    order = sorted(range(len(all_evidence)), key=lambda i: -_strength(all_evidence[i]))
    parts.append(
        table(_heads(all_evidence), [_row(all_evidence[i], tasks, f"m{i}") for i in order])
    )
    for number in order:
        evidence = all_evidence[number]
        parts.append(f'<h2 id="m{number}">{escape(evidence.motif.name)}</h2>')
        parts += _logos(evidence, number)
        parts.append(_of_tasks(evidence, tasks))


def _told(all_evidence):
    windows = f"{all_evidence[0].seen.windows:,} windows"
    if all_evidence[0].held_out is not None:
        windows += f", and {all_evidence[0].held_out.windows:,} held-out ones"
    return (
        f"Looked at: {windows}. A window has a site where its best match, on either strand, is "
        "one that random letters would reach with the chosen probability at one place; by chance "
        "is the share when the windows are shuffled, their dinucleotides kept. The contribution "
        "is the mean fall of the log-odds when the site is hidden in N. p is how often the "
        "motif's columns in random order are as like any known motif. Sorted by the largest "
        "contribution."
    )


def _strength(evidence):
    sizes = np.abs(evidence.seen.contributions)
    return -1.0 if np.isnan(sizes).all() else float(np.nanmax(sizes))


def _heads(all_evidence):
    heads = ["motif", "closest known", "correlation", "p", "sites in its file"]
    heads += ["with a site", "by chance", "largest contribution", "task"]
    if all_evidence[0].held_out is not None:
        heads += ["held out: with a site", "by chance", "contribution"]
    return heads


def _row(evidence, tasks, anchor):
    like, seen, held_out = evidence.closest, evidence.seen, evidence.held_out
    row = [(evidence.motif.name, anchor)]
    row += ["."] * 3 if like is None else [like.motif.name, f"{like[1]:.2f}", f"{like[2]:.2g}"]
    row.append("." if evidence.motif.sites is None else f"{evidence.motif.sites:,}")
    strong = _strongest(seen, 1)
    row += [*_shares(seen), _signed(seen, strong), tasks[strong[0]] if len(strong) else "."]
    if held_out is not None:
        row += [*_shares(held_out), _signed(held_out, strong)]
    return row


def _shares(support):
    if not support.windows:
        return [".", "."]
    return [f"{count / support.windows:.1%}" for count in (support.with_site, support.by_chance)]


def _strongest(support, count):
    """Columns of the largest contributions; none where there is no site."""
    if not support.with_site:
        return []
    sizes = np.abs(support.contributions)
    return np.argsort(-sizes, kind="stable")[:count].tolist()


def _signed(support, columns):
    if not len(columns) or not support.with_site:
        return "."
    return f"{support.contributions[columns[0]]:+.3f}"


def _logos(evidence, number):
    """The logo of the motif and, under it, that of the closest known one."""
    pairs = [("the motif", information(evidence.motif.matrix))]
    if evidence.closest is not None:
        other = evidence.closest.motif
        logos = aligned(evidence.motif, other)
        pairs = [("the motif", logos[0]), (f"the closest known motif, {other.name}", logos[1])]
    for at, (told, logo) in enumerate(pairs):
        figure = draw_logo(logo, label="bits", per_row=max(PER_ROW, len(logo)))
        yield figure_html(figure, f"{evidence.motif.name}: {told}", name=f"m{number}l{at}")


def _of_tasks(evidence, tasks):
    """The tasks that hang on the motif most."""
    seen, held_out = evidence.seen, evidence.held_out
    columns = _strongest(seen, TASKS)
    if not columns:
        return paragraph("No window has a site.", soft=True)
    heads = ["task", "contribution"] + ([] if held_out is None else ["held out"])
    rows = [
        [tasks[column], _signed(seen, [column])]
        + ([] if held_out is None else [_signed(held_out, [column])])
        for column in columns
    ]
    return table(heads, rows)
