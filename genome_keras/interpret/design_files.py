"""Designs from and to files: FASTA of sequences, a table of the edits, a page of pictures."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

import numpy as np

from genome_keras.arguments import at_least_one
from genome_keras.errors import SequenceError
from genome_keras.interpret.edit_rules import EditRules
from genome_keras.interpret.edit_ways import DEFAULT_WAY, EditWay, engine_for
from genome_keras.interpret.sequence_design import Design, Designer
from genome_keras.io import fasta
from genome_keras.io.atomic import atomic, protected
from genome_keras.io.tables import open_table
from genome_keras.pictures.page_frame import paragraph, table, written_page
from genome_keras.pictures.svg_of_figures import figure_html
from genome_keras.pictures.trajectories import draw_trajectory
from genome_keras.scoring.model_in_use import model_in_use
from genome_keras.weights.resolve import default_for

FIELDS = {"name": str, "step": int, "pos": int, "ref": str, "alt": str, "loss": float}
PICTURED, SHOWN = 6, 10  # on a page, at most: tasks of a picture, designs


def write_designs(
    path: str | os.PathLike | None,
    out: str | os.PathLike = "-",
    *,
    targets: Mapping[str, float],
    weights: object = None,
    method: str | EditWay = DEFAULT_WAY,
    rules: EditRules = EditRules(edits=20),  # noqa: B008, frozen
    count: int = 1,
    seed: int = 0,
    window: int | None = None,
    both_strands: bool | None = None,
    batch_size: int | None = None,
    steps: str | os.PathLike | None = None,
    report: str | os.PathLike | None = None,
) -> int:
    """Designs sequences and writes them as FASTA, with a table of their edits.

    A header tells the name, the edits against the start, and the first and the last score of
    each target. The table has one row a step: name, step (0 is the start), pos (1-based; of the
    start "." as ref and alt), ref, alt, loss, and P(label = 1) of each task of the targets.

    Args:
        path: FASTA of starts, each of the model's window, N to be drawn; None starts from
            nothing, by random letters.
        out: FASTA; "-" is standard output.
        targets, method, window, both_strands, batch_size: as in
            `genome_keras.interpret.design`.
        weights: as in `genome_keras.scoring.model_in_use.model_in_use`; None is the default
            for the first start, as `genome_keras.weights.resolve.default_for` has it, and from
            nothing the shortest.
        rules: `genome_keras.interpret.EditRules`.
        count: designs of each start, by the seeds from `seed` on.
        seed: of the first.
        steps: path of the table, as in `genome_keras.io.tables.open_table`, or None.
        report: path of an HTML page with the trajectories of the first designs, or None.

    Returns:
        Number of designs.

    Raises:
        FormatError: a malformed file.
        SequenceError, WeightsError, ValueError: as `design`.
        GenomeKerasError: a file cannot be written, or matplotlib or logomaker is missing.

    Example:
        >>> import tempfile
        >>> from genome_keras import kmer_logreg
        >>> model = kmer_logreg(k=(1, 2), window=12, tasks=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "made.fa")
        ...     write_designs(None, path, targets={"task_0": 1}, weights=model, count=2)
        ...     [name for name, letters in fasta.read(path)]
        2
        ['design_1', 'design_2']
    """
    at_least_one(count=count)
    starts = _starts(path, count, seed)
    if weights is None:
        starts = list(starts)
        weights = default_for(len(starts[0][1] or ""))
    sizes = {"both_strands": both_strands, "batch_size": batch_size}
    use = model_in_use(weights, **sizes, engine=engine_for(method))
    designer = Designer(use, targets, method=method, rules=rules, window=window)
    kept = nullcontext() if path is None else protected([path])
    with kept:
        starts = list(starts)  # a wrong record is told before anything is written
        with (
            written_page(report, f"Designs by {use.name}") as parts,
            _opened_table(steps, designer.tasks) as rows,
            _opened(out) as file,
        ):
            for number, (name, start, own_seed) in enumerate(starts):
                try:
                    made = designer(start, seed=own_seed)
                except SequenceError as error:
                    raise SequenceError(f"{path or 'no start'}: {name}: {error}") from None
                file.write(f">{name} {_told(made)}\n{made.sequence}\n")
                if rows is not None:
                    _write(rows, name, made)
                if report is not None and number < SHOWN:
                    parts += _section(number, name, made, designer.targets)
    return len(starts)


def _starts(path: str | os.PathLike | None, count: int, seed: int) -> Iterator[tuple]:
    """Name, letters or None, and seed of each design."""
    if path is None:
        for number in range(count):
            yield f"design_{number + 1}", None, seed + number
        return
    for name, letters in fasta.read(path):
        for number in range(count):
            yield name if count == 1 else f"{name}_{number + 1}", letters, seed + number


@contextmanager
def _opened(out):
    if str(out) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    with atomic(out) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        yield file


def _opened_table(path, tasks):
    return nullcontext() if path is None else open_table(path, tasks, fields=FIELDS)


def _told(made: Design) -> str:
    first, last = made.steps[0].scores, made.steps[-1].scores
    changes = zip(made.tasks, first, last, strict=True)
    return " ".join([f"edits={made.edits}", *(f"{task}={a:.4f}>{b:.4f}" for task, a, b in changes)])


def _write(rows, name, made):
    count = len(made.steps)
    places = [None if step.position is None else step.position + 1 for step in made.steps]
    rows.write(
        *([name] * count, list(range(count)), places),
        [step.ref or None for step in made.steps],
        [step.alt or None for step in made.steps],
        [step.loss for step in made.steps],
        np.array([step.scores for step in made.steps]),
    )


def _section(number, name, made, targets):
    tasks = made.tasks[:PICTURED]
    scores = np.array([step.scores[: len(tasks)] for step in made.steps])
    figure = draw_trajectory(scores, tasks=tasks, targets=targets[:PICTURED], title=name)
    yield figure_html(figure, f"Scores of {name} after each edit", name=f"d{number}")
    yield paragraph(made.sequence)
    rows = []
    for step, own in zip(made.steps, scores, strict=True):
        edit = "start" if step.position is None else f"{step.ref}{step.position + 1}{step.alt}"
        rows.append((edit, *(f"{score:.4f}" for score in own)))
    yield table(("edit", *(f"P of {task}" for task in tasks)), rows)
