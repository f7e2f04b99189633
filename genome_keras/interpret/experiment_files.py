"""Experiments on the windows of files: from sequences or places to a table."""

import os
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import numpy as np

from genome_keras.arguments import at_least
from genome_keras.interpret.ablation import ablate, check_region
from genome_keras.interpret.dinucleotides import shuffled
from genome_keras.interpret.experiments import motif_codes, put
from genome_keras.interpret.interactions import epistasis, strongest
from genome_keras.interpret.mutagenesis import changes
from genome_keras.interpret.planted_motifs import Spacing, marginalize, space
from genome_keras.io.reference import Genome
from genome_keras.io.tables import PLACE, open_table
from genome_keras.pictures.interactions import draw_epistasis, draw_spacing
from genome_keras.pictures.page_frame import paragraph, written_page
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.scoring.file_run import check_finite, file_run
from genome_keras.scoring.first_record import with_default
from genome_keras.scoring.inputs import BASES, WINDOWS, windows_of
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.scoring.scorer import Scorer
from genome_keras.windows import Batch

PICTURED = 6  # tasks of a picture, at most


@dataclass(frozen=True)
class Marginalize:
    """Motifs put into each window: a row a window and motif.

    Args:
        motifs: letters of each.
        start: of each in the window, 0-based; None is the middle.

    Example:
        >>> Marginalize(motifs=("GATA",)).fields
        {'motif': <class 'str'>}
    """

    motifs: tuple[str, ...]
    start: int | None = None
    fields = {"motif": str}  # noqa: RUF012, of the class

    def check(self, window: int) -> None:
        """Raises what `marginalize` would."""
        blank = np.zeros((1, window), np.uint8)
        for motif in self.motifs:
            middle = (window - len(motif_codes(motif))) // 2
            put(blank, motif, middle if self.start is None else self.start)

    def rows(self, scorer: Scorer, batch: Batch, tasks: list[int]) -> tuple:
        """Number of the window, the columns of `fields`, values (rows, tasks); for a picture."""
        done = marginalize(scorer, list(self.motifs), batch.codes, start=self.start)
        row, motif = np.divmod(np.arange(done.after[..., 0].size), len(self.motifs))
        values = done.change[..., tasks].reshape(len(row), -1)
        return row, [[self.motifs[number] for number in motif]], values, None

    def page(self, parts: list[str], pictured: list, tasks: list[str]) -> None:
        """Adds nothing: the table tells it."""


@dataclass(frozen=True)
class Ablate:
    """A region shuffled or hidden: a row a window, the mean over the shuffles.

    Args:
        region, how, shuffles, seed: as in `genome_keras.interpret.ablate`.

    Example:
        >>> Ablate(region=(40, 60)).how
        'letters'
    """

    region: tuple[int, int]
    how: str = "letters"
    shuffles: int = 20
    seed: int = 0
    fields = {"shuffles": int}  # noqa: RUF012

    def check(self, window: int) -> None:
        """Raises ValueError for a region outside the window."""
        check_region(self.region, window)

    def rows(self, scorer: Scorer, batch: Batch, tasks: list[int]) -> tuple:
        """As `Marginalize.rows`."""
        given = {"how": self.how, "shuffles": self.shuffles, "seed": self.seed}
        done = ablate(scorer, batch.codes, self.region, **given)
        count = np.full(len(batch.codes), done.after.shape[1])
        return np.arange(len(batch.codes)), [count], done.change[..., tasks].mean(1), None

    def page(self, parts: list[str], pictured: list, tasks: list[str]) -> None:
        """Adds nothing: the table tells it."""


@dataclass(frozen=True)
class Space:
    """Two motifs at each distance: a row a window and distance, of the cooperativity.

    Args:
        motif_a, motif_b, distances, start: as in `genome_keras.interpret.space`.

    Example:
        >>> Space("GATA", "CACGTG", distances=range(3)).fields
        {'distance': <class 'int'>}
    """

    motif_a: str
    motif_b: str
    distances: range = range(0, 21)
    start: int | None = None
    fields = {"distance": int}  # noqa: RUF012
    pictured = 1000  # windows in the picture, at most

    def check(self, window: int) -> None:
        """Raises what `space` would."""
        if not len(self.distances):
            raise ValueError("expected at least one distance. Received: none")
        at_least(0, distance=min(self.distances))
        for motif in (self.motif_a, self.motif_b):
            motif_codes(motif)
        both = f"{self.motif_a}{'N' * max(self.distances)}{self.motif_b}"
        middle = (window - len(both)) // 2
        put(np.zeros((1, window), np.uint8), both, middle if self.start is None else self.start)

    def rows(self, scorer: Scorer, batch: Batch, tasks: list[int]) -> tuple:
        """As `Marginalize.rows`."""
        pair = self.motif_a, self.motif_b
        done = space(scorer, *pair, batch.codes, distances=self.distances, start=self.start)
        done = Spacing(done.distances, *(each[..., tasks] for each in done[1:]))
        values = done.cooperativity
        row, at = np.divmod(np.arange(values[..., 0].size), len(self.distances))
        return row, [done.distances[at]], values.reshape(len(row), -1), values

    def page(self, parts: list[str], pictured: list, tasks: list[str]) -> None:
        """Adds the curves."""
        values = np.concatenate([values for values, _ in pictured])
        which = np.argsort(-np.abs(values.mean(0)).max(0), kind="stable")[:PICTURED]
        names = [tasks[number] for number in which]
        given = {"distances": list(self.distances), "tasks": names}
        title = f"{self.motif_a} left of {self.motif_b}"
        label = f"{title}: the mean over the first {len(values)} windows, and two standard errors"
        figure = draw_spacing(values[..., which], title=title, **given)
        parts.append(figure_html(figure, label, name="spacing"))


@dataclass(frozen=True)
class Epistasis:
    """Pairs of substitutions: a row a pair, of what both do beyond what each adds.

    Args:
        region: as in `genome_keras.interpret.epistasis`.

    Example:
        >>> [*Epistasis(region=(40, 60)).fields]
        ['pos_a', 'ref_a', 'alt_a', 'pos_b', 'ref_b', 'alt_b']
    """

    region: tuple[int, int] | None = None
    fields = {  # noqa: RUF012
        **{"pos_a": int, "ref_a": str, "alt_a": str},
        **{"pos_b": int, "ref_b": str, "alt_b": str},
    }
    pictured = 10

    def check(self, window: int) -> None:
        """Raises ValueError for a region outside the window."""
        check_region(self.region or (0, window), window)

    def rows(self, scorer: Scorer, batch: Batch, tasks: list[int]) -> tuple:
        """As `Marginalize.rows`."""
        start, end = self.region or (0, batch.codes.shape[1])
        effects = epistasis(scorer, batch.codes, tasks=tasks, region=(start, end))
        inside = batch.codes[:, start:end]
        rows, columns, values = [], [], []
        for number, beyond in enumerate(effects):
            _, at, letter = changes(inside[number : number + 1])
            first, second = np.nonzero(at[:, None] < at)
            places = batch.starts[number] + start + at + 1
            refs, alts = BASES[inside[number, at]], BASES[letter]
            columns.append(
                [each[which] for which in (first, second) for each in (places, refs, alts)]
            )
            values.append(beyond[at[first], letter[first], at[second], letter[second]])
            rows.append(np.full(len(first), number))
        columns = [np.concatenate(each).tolist() for each in zip(*columns, strict=True)]
        return np.concatenate(rows), columns, np.concatenate(values), strongest(effects)

    def page(self, parts: list[str], pictured: list, tasks: list[str]) -> None:
        """Adds a map for each of the first windows, of the task with the strongest effects."""
        seen = [(batch, row, beyond) for maps, batch in pictured for row, beyond in enumerate(maps)]
        for number, (batch, row, beyond) in enumerate(seen):
            start, end = self.region or (0, batch.codes.shape[1])
            task = int(np.nanargmax(np.nanmax(np.abs(beyond), (0, 1))))
            where = {"start": int(batch.starts[row]) + start, "contig": batch.names[row]}
            inside = batch.codes[row, start:end]
            figure = draw_epistasis(beyond[..., task], codes=inside, title=tasks[task], **where)
            place = f"{batch.names[row]}:{where['start'] + 1:,}-{where['start'] + len(inside):,}"
            parts.append(f"<h2>{escape(place)}</h2>")
            label = f"Strongest epistasis of each pair of places: {tasks[task]} in {place}"
            parts.append(figure_html(figure, label, name=f"w{number}"))


@contextmanager
def _page(path, experiment, tasks, name):
    with written_page(path, f"{type(experiment).__name__}: {name}") as parts:
        pictured = []
        yield pictured
        if path is not None and pictured:
            told = "What parts of a sequence do together, beyond the sum of what each does alone"
            parts.append(paragraph(f"{told}, on log-odds.", soft=True))
            experiment.page(parts, pictured, tasks)


def write_experiment(
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    experiment: Marginalize | Ablate | Space | Epistasis,
    shuffle: bool = False,
    shuffle_seed: int = 0,
    genome: str | os.PathLike | Genome | None = None,
    region: str | None = None,
    weights: object = None,
    tasks: Iterable[str] | None = None,
    both_strands: bool | None = None,
    window: int | None = None,
    on_short: str = "error",
    on_outside: str = "error",
    unknown: str | None = None,
    batch_size: int | None = None,
    report: str | os.PathLike | None = None,
) -> int:
    """Writes what an experiment finds in windows of sequences or of a genome, on log-odds.

    Rows begin with the name of the record or contig, start and end of the window (0-based,
    half-open); then come the columns of the experiment, and one of each task.

    Args:
        path, out, genome, region, weights, tasks, both_strands, window, on_short, on_outside,
            unknown, batch_size: as in `genome_keras.interpret.write_ism`.
        experiment: `Marginalize`, `Ablate`, `Space` or `Epistasis`.
        shuffle: whether each window is first shuffled, its dinucleotides kept: to make
            backgrounds of it.
        shuffle_seed: of that.
        report: path of an HTML page with pictures of `Space` or `Epistasis`, or None.

    Returns:
        Number of windows.

    Raises:
        As `write_ism`; ValueError also for an experiment that does not fit in the window, and
        for a report of one that has no pictures.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "seqs.fa")
        ...     with open(path, "w") as file:
        ...         print(">read", "ACGTACGTACGT", sep="\\n", file=file)
        ...     gata = Marginalize(motifs=("GATA",))
        ...     write_experiment(path, path + ".tsv", experiment=gata, weights=model)
        ...     with open(path + ".tsv") as table:
        ...         table.readlines()[1].split()[:4]
        1
        ['read', '0', '12', 'GATA']
    """
    weights, path = with_default(weights, path, genome=genome, on_short=on_short)
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(weights, **sizes, engine="auto")
    chosen, columns = use.columns(tasks)
    window = use.window_of(window)
    experiment.check(window)
    if report is not None and isinstance(experiment, Marginalize | Ablate):
        raise ValueError(f"{report}: there are no pictures of {type(experiment).__name__}")
    at_least(0, shuffle_seed=shuffle_seed)
    chosen = np.arange(len(use.tasks))[chosen].tolist()
    reading = {"window": window, "on_short": on_short, "unknown": unknown, "on_outside": on_outside}
    reading["rows"] = 1 if isinstance(experiment, Epistasis) else WINDOWS  # pairs are many
    with (
        _page(report, experiment, columns, use.name) as pictured,
        windows_of(path, genome, region, **reading) as windows,
        file_run(
            windows,
            open_table(out, columns, fields={**PLACE, **experiment.fields}),
            lambda: use.scorer,
        ) as run,
    ):
        for batch in run.batches:
            if shuffle:
                codes = shuffled(batch.codes, 1, seed=shuffle_seed)[:, 0]
                batch = batch._replace(codes=codes)
            row, extra, values, picture = experiment.rows(run.work, batch, chosen)
            names = [batch.names[number] for number in row.tolist()]
            of_rows = Batch(names, batch.starts[row], batch.ends[row], batch.codes)
            check_finite(values, of_rows, columns, use.name)
            run.out.write(*of_rows[:3], *extra, values)
            if report is not None and run.count < experiment.pictured:
                pictured.append((picture, batch))
    windows.tell_skipped()
    return run.count
