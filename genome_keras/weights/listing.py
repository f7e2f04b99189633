"""The published checkpoints, and the tasks of any: lists to look through and to filter."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import genome_keras
from genome_keras.arguments import nearest
from genome_keras.weights.checkpoint import Checkpoint
from genome_keras.weights.records import Records
from genome_keras.weights.registry import PUBLISHED
from genome_keras.weights.resolve import find
from genome_keras.weights.task_choice import chosen_tasks
from genome_keras.weights.task_fields import TABLES, Task, fields_of, names_in

COLUMNS = ("name", "architecture", "data", "window", "tasks", "groups", "bytes", "test_auroc")


class Listed(str):
    """A published checkpoint: its name, which every `weights=` takes, and what is known of it.

    Example:
        >>> found = Listed("kmer_logreg.human_chromatin.v1")
        >>> found.data, found.window, found.tasks, found.groups
        ('human_chromatin', 100, 192, ('DNase', 'TF', 'histone'))
        >>> found == "kmer_logreg.human_chromatin.v1"
        True
    """

    @property
    def name(self) -> str:
        """The name, as plain text."""
        return str(self)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The `genome_keras.weights.Checkpoint`."""
        return find(str(self))

    @property
    def architecture(self) -> str:
        """The factory."""
        return self.partition(".")[0]

    @property
    def data(self) -> str:
        """The data set it was trained on."""
        return self.partition(".")[2].rpartition(".")[0]

    @property
    def window(self) -> int | None:
        """Length of its windows, bp; None is any."""
        return self.checkpoint.arguments.get("window")

    @property
    def tasks(self) -> int:
        """How many tasks it has; none of a language model."""
        return len(self.checkpoint.tasks)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Groups of its tasks, sorted."""
        return tuple(sorted({fields_of(task).group for task in self.checkpoint.tasks} - {""}))

    @property
    def bytes(self) -> int:
        """Size of its weights."""
        return PUBLISHED[self].size

    @property
    def test_auroc(self) -> float | None:
        """Mean area under the ROC curve on its test windows; None of a language model."""
        return (self.checkpoint.config["held_out"].get("all") or {}).get("auroc_mean")


def list_weights(
    architecture: str | None = None,
    *,
    data: str | None = None,
    window: int | None = None,
    task: str | Iterable[str] | None = None,
    group: str | None = None,
) -> Records:
    """The published checkpoints, sorted by name.

    Args:
        architecture: list only those of this factory.
        data: list only those trained on this data set, the middle word of the name: "deepsea919"
            has those of "deepsea919_200bp" too.
        window: list only those that read this many bp.
        task: list only those that have such a task, as in `genome_keras.predict`; also
            some letters of its name.
        group: list only those with tasks of this group: "TF", "histone" or "DNase".

    Returns:
        A list of `Listed`, which are names, that prints as a table; `as_frame()` gives a
        DataFrame.

    Raises:
        ValueError: a value that fits no published checkpoint, with those that do.

    Example:
        >>> [*list_weights("char_rnn")]
        ['char_rnn.ecoli.v1', 'char_rnn.pfalciparum.v1']
        >>> list_weights("kmer_logreg", window=100, task="cell=K562 target=CTCF").columns[:4]
        ('name', 'architecture', 'data', 'window')
    """
    listed = [Listed(name) for name in sorted(PUBLISHED)]
    if architecture is not None:
        _known("architecture", architecture, genome_keras.MODELS)
        listed = [each for each in listed if each.architecture == architecture]
    if data is not None:
        _known("data", data, sorted({Listed(name).data for name in PUBLISHED}))
        listed = [each for each in listed if f"{each.data}_".startswith(f"{data}_")]
    if window is not None:
        _known("window", window, sorted({Listed(name).window for name in PUBLISHED} - {None}))
        listed = [each for each in listed if each.window == window]
    if group is not None:
        _known("group", group, sorted({word for n in PUBLISHED for word in Listed(n).groups}))
        listed = [each for each in listed if group in each.groups]
    if task is not None:
        listed = _with_task(listed, task)
    return Records(listed, columns=COLUMNS)


def tasks_of(weights: Any, *, tasks: Iterable[str] | str | None = None) -> Records:
    """The tasks of a checkpoint or model: name, cell, target, treatment, group, accession.

    Args:
        weights: a checkpoint as in `genome_keras.load_model`; a model, or anything else with
            `tasks`; or the name of a table of tasks, "deepsea-919" or "human-chromatin-192".
        tasks: only those that are chosen so, as in `genome_keras.predict`.

    Returns:
        A list of `Task`, in the order of the scores, that prints as a table; `as_frame()`
        gives a DataFrame.

    Raises:
        WeightsError: a checkpoint that cannot be used.
        ValueError: no such task.

    Example:
        >>> tasks_of("kmer_logreg.human_chromatin.v1", tasks="cell=MCF7 target=H3K27a*")
        name                      cell  target   treatment  group    accession
        mcf7|H3K27ac|ENCFF223CXM  mcf7  H3K27ac  None       histone  ENCFF223CXM
    """
    if isinstance(weights, str) and weights in TABLES:
        names, where = names_in(weights), weights
    elif hasattr(weights, "tasks"):
        names, where = weights.tasks, getattr(weights, "name", "the model")
    else:
        checkpoint = find(weights)
        names, where = checkpoint.tasks, checkpoint.name
    if tasks is not None:
        names = chosen_tasks(names, tasks, where=where)
    return Records(map(fields_of, names), columns=Task._fields)


def _known(what, value, accepted):
    if value in accepted and not isinstance(value, bool):
        return
    near = nearest(value, map(str, accepted), most=1) if isinstance(value, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    words = ", ".join(map(str, accepted))
    raise ValueError(f"no published checkpoint of {what} {value!r}. Accepted: {words}{hint}")


def _with_task(listed, task):
    choices = [task] if isinstance(task, str) else [*task]
    all_tasks = dict.fromkeys(name for each in PUBLISHED for name in Listed(each).checkpoint.tasks)
    wanted = set()
    for choice in choices:
        letters = {name for name in all_tasks if choice.casefold() in name.casefold()}
        wanted |= letters or {*chosen_tasks([*all_tasks], choice, where="published checkpoints")}
    return [each for each in listed if wanted.intersection(each.checkpoint.tasks)]
