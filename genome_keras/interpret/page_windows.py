"""A page of windows, of in-silico mutagenesis or attributions: a list of letters, and pictures."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import NamedTuple

import numpy as np

from genome_keras.interpret.alike_tasks import ALIKE, alike_tasks
from genome_keras.interpret.methods import DeepLiftShap
from genome_keras.interpret.mutagenesis import mean_loss
from genome_keras.pictures.canvas import BASES, limits
from genome_keras.pictures.effect_list import SCRIPT, ListWords, effect_list, limits_of_list
from genome_keras.pictures.listed_rows import ListedRows
from genome_keras.pictures.page_frame import paragraph, table, written_page
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.pictures.windows import draw_logo, draw_substitutions
from genome_keras.scoring.effects import name_change
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.checkpoint_quality import quality_of
from genome_keras.windows import Batch

WINDOWS, LENGTH = 10, 2000  # at most: windows, and bp of all of them; one is always shown
PICTURED, TOLD = 2, 6  # groups of alike tasks of each, at most: in pictures and in a table
NAMED = 4  # tasks of a group, at most
SCALES = (
    "Tasks whose values in a window are alike, but for a factor (their cosine is "
    f"{ALIKE} or more), are one row, told by the task with the largest value. The pictures of a "
    "window have one scale, other windows have others."
)
SUBSTITUTIONS = ListWords(
    row="substitution", rows="substitutions", hint="chr1:1,234 A>C", anchor="w"
)
LETTERS = ListWords(
    row="letter",
    rows="letters",
    effect="contribution",
    more="adds",
    less="takes away",
    hint="chr1:1,234",
    anchor="w",
)


class _Seen(NamedTuple):
    name: str
    start: int
    codes: np.ndarray  # (window,)
    groups: list[list[int]]  # columns of alike tasks, the largest value first
    peaks: list[tuple]  # of each: value, place from 0, letter
    values: np.ndarray  # (window, 4, pictured)
    missed: list[float] | None  # of each group's first task, by its sum


class FirstWindows:
    """What a page keeps of the windows that pass: the first few, and pictures of a few tasks.

    Tasks whose values are alike count as one picture, told by the task with the largest value;
    in the list of letters all tasks count.

    Args:
        own: whether only values of the windows' own letters count.
        shown: how many, at most.

    Attributes:
        list: `genome_keras.pictures.listed_rows.ListedRows`: number of the window, and name of
            the letter or substitution.

    Example:
        >>> batch = Batch(["chr1"], np.array([0]), np.array([2]), np.array([[0, 1]], np.uint8))
        >>> first = FirstWindows(own=True, shown=1)
        >>> first.add(batch, np.arange(8.0).reshape(1, 2, 4, 1))
        >>> first.count, first.seen[0].peaks  # value, place and letter of the largest
        (1, [(5.0, 1, 1)])
        >>> first.list.rows, first.list.effects.tolist()
        ([(0, 'chr1:1 A'), (0, 'chr1:2 C')], [[0.0], [5.0]])
    """

    def __init__(self, *, own: bool, shown: int = WINDOWS) -> None:
        self.own, self.shown, self.count, self.seen = own, shown, 0, []
        self.list = ListedRows()

    def add(self, batch: Batch, values: np.ndarray, missed: np.ndarray | None = None) -> None:
        """Takes windows.

        Args:
            batch: `genome_keras.windows.Batch`.
            values: float (n, window, 4, tasks), as `ism` and `attribute` give them.
            missed: float (n, tasks), by which the sums of windows miss what they should be.
        """
        most = max(1, min(self.shown, LENGTH // batch.codes.shape[1]))
        new = slice(0, max(0, most - self.count))
        self.count += len(batch.codes)
        given = batch.names[new], batch.starts[new].tolist(), batch.codes[new], values[new]
        for row, (name, start, codes, window_values) in enumerate(zip(*given, strict=True)):
            if self.own:
                window_values = np.where(
                    (codes[:, None] == np.arange(4))[..., None], window_values, 0
                )
            flat = np.nan_to_num(window_values).reshape(-1, window_values.shape[-1])
            at = np.abs(flat).argmax(0)
            largest = flat[at, np.arange(len(at))]
            order = np.argsort(-np.abs(largest), kind="stable").tolist()
            groups = alike_tasks(flat, order, most=TOLD)
            tasks = [group[0] for group in groups]
            peaks = [(float(largest[task]), *divmod(int(at[task]), 4)) for task in tasks]
            kept = window_values[..., tasks[:PICTURED]].copy()
            sums = None if missed is None else missed[row, tasks].tolist()
            self._list(len(self.seen), f"{name}:", start + 1, codes, window_values)
            self.seen.append(_Seen(name, start, codes.copy(), groups, peaks, kept, sums))

    def _list(self, number, place, first, codes, values):
        """Lists the letters of a window, or all substitutions; an N has none."""
        is_own = codes[:, None] == np.arange(4)
        at, letters = np.nonzero((codes < 4)[:, None] & (is_own if self.own else ~is_own))
        ends = ["" if self.own else f">{BASES[letter]}" for letter in letters]
        names = [
            f"{place}{first + i:,} {BASES[codes[i]]}{end}" for i, end in zip(at, ends, strict=True)
        ]
        effects = np.nan_to_num(values[at, letters])
        rows = [(number, name) for name in names]
        self.list.add(rows, effects, np.abs(effects).max(1, initial=0))


@contextmanager
def mutagenesis_page(
    path: str | os.PathLike | None,
    *,
    tasks: list[str],
    effect: str,
    weights: str,
    checkpoint: Checkpoint | None = None,
    shown: int = WINDOWS,
) -> Iterator[FirstWindows]:
    """Opens a page of in-silico mutagenesis; it is written when the block succeeds.

    Args:
        path: the HTML file, or None.
        tasks: names of the columns of values.
        effect: "diff" or "logodds".
        weights: name of the checkpoint.
        checkpoint: whose held-out scores are told; None of a model in memory.
        shown: windows on it, at most.

    Yields:
        `FirstWindows`.

    Raises:
        GenomeKerasError: as `genome_keras.pictures.page_frame.written_page`.
        FormatError, WeightsError: the calibration of the checkpoint is damaged.

    Example:
        >>> about = {"effect": "diff", "weights": "my_model"}
        >>> with mutagenesis_page(None, tasks=["CTCF"], **about) as windows:  # None writes no page
        ...     windows.shown
        10
    """
    change = name_change(effect, tasks)
    about = (
        f"Each letter of a window is changed to each other one; shown is the {change}. In the "
        "heat maps blue is less and orange more, and a dot marks the window's own letter. "
        "Above them, the height of a letter is what is lost, on average, when it is changed.",
        SCALES,
    )

    def pictures(seen, number, where, **place):
        losses = [mean_loss(effects, seen.codes) for effects in np.moveaxis(seen.values, -1, 0)]
        look = {"label": "mean loss", "ends": limits(*losses)}
        yield draw_logo(losses[number], **look, **place), f"Letters that carry {where}"
        place.pop("title")
        look = {"label": "change", "most": float(np.abs(np.nan_to_num(seen.values)).max())}
        told = f"Every substitution: {where}"
        yield draw_substitutions(seen.values[..., number], **look, **place), told

    model = {"tasks": tasks, "weights": weights, "checkpoint": checkpoint}
    title, words = "In-silico mutagenesis", SUBSTITUTIONS
    with _page(path, title, about, pictures, words=words, shown=shown, **model) as windows:
        yield windows


@contextmanager
def attribution_page(
    path: str | os.PathLike | None,
    *,
    tasks: list[str],
    method: str,
    target: str,
    weights: str,
    checkpoint: Checkpoint | None = None,
    shown: int = WINDOWS,
) -> Iterator[FirstWindows]:
    """Opens a page of attributions; it is written when the block succeeds.

    Args:
        path, tasks, weights, checkpoint, shown: as in `mutagenesis_page`.
        method, target: as in `genome_keras.interpret.attribute`.

    Yields:
        `FirstWindows`.

    Raises:
        As `mutagenesis_page`.

    Example:
        >>> about = {"method": "occlusion", "target": "logodds", "weights": "my_model"}
        >>> with attribution_page(None, tasks=["CTCF"], **about) as windows:  # None writes no page
        ...     windows.shown
        10
    """
    what = {"logodds": "log-odds", "score": "P(label = 1)"}[target]
    about = (
        f"The height of a letter is what it adds to the {what} of the task, by "
        f"{method.replace('_', ' ')}; letters that hang below the line take away from it.",
        SCALES,
    )
    if method == DeepLiftShap.name:
        about += (
            "The sum error is the sum over a window minus what the target changes from its "
            "references to it.",
        )

    def pictures(seen, number, where, **place):
        ends = limits(*np.moveaxis(seen.values, -1, 0))
        figure = draw_logo(seen.values[..., number], label=what, ends=ends, **place)
        yield figure, f"What each letter adds: {where}"

    model = {"tasks": tasks, "weights": weights, "checkpoint": checkpoint}
    title, words = "Attributions", LETTERS
    with _page(path, title, about, pictures, words=words, shown=shown, **model) as windows:
        yield windows


@contextmanager
def _page(path, title, about, pictures, *, words, shown, tasks, weights, checkpoint):
    with written_page(path, title, script=SCRIPT) as parts:
        windows = FirstWindows(own=words is LETTERS, shown=shown)
        quality = None if path is None else quality_of(checkpoint)
        yield windows
        if quality is None:
            return
        shown = len(windows.seen)
        parts.append(paragraph(f"Windows: {windows.count:,}. Tasks: {len(tasks):,}, of {weights}."))
        if shown < windows.count:
            parts.append(paragraph(f"Shown: the first {shown}; the table has all."))
        parts += [paragraph(text, soft=True) for text in (*about, *quality.lines)]
        parts += _list(windows.list, words, quality.of_tasks(tasks))
        for number, seen in enumerate(windows.seen):
            parts += _section(number, seen, tasks, pictures, words is SUBSTITUTIONS)


def _list(listed, words, tasks):
    """All letters of the windows that are shown, or as many as there is room for."""
    yield f"<h2>All {words.rows} of these windows</h2>"
    yield from limits_of_list(listed, words)
    rows = [(name, "", number, "", -1) for number, name in listed.rows]
    effects = listed.effects if rows else np.empty((0, len(tasks)))
    yield effect_list(rows=rows, effects=effects, tasks=tasks, words=words)


def _section(number, seen, tasks, pictures, alt):
    place = f"{seen.name}:{seen.start + 1:,}-{seen.start + len(seen.codes):,}"
    yield f'<h2 id="w{number}">{escape(place)}</h2>'
    if sum(map(len, seen.groups)) < len(tasks):
        yield paragraph(f"The {len(seen.groups)} with the largest values:", soft=True)
    rows = []
    for (task, *others), (value, at, letter) in zip(seen.groups, seen.peaks, strict=True):
        own = "ACGTN"[seen.codes[at]]
        change = f"{own}>{BASES[letter]}" if alt else own
        where = f"{seen.start + at + 1:,} {change}"
        named = _named([tasks[other] for other in others])
        rows.append((tasks[task], where, f"{value:+.4f}", named))
    heads = ("task", "at (1-based)", "largest value", "alike")
    if seen.missed is not None:
        heads = (*heads, "sum error")
        rows = [(*row, f"{error:+.1e}") for row, error in zip(rows, seen.missed, strict=True)]
    yield table(heads, rows)
    for which, (task, *_) in enumerate(seen.groups[:PICTURED]):
        where = f"{tasks[task]} in {place}"
        named = dict(codes=seen.codes, start=seen.start, contig=seen.name, title=tasks[task])
        for part, (figure, label) in enumerate(pictures(seen, which, where, **named)):
            yield figure_html(figure, label, name=f"w{number}t{which}p{part}")


def _named(others):
    """How many tasks there are, and the names of the first."""
    if not others:
        return ""
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return f"{len(others)}: {', '.join(others[:NAMED])}{more}"
