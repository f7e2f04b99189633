"""What a checkpoint says of itself: a JSON object, written, read and checked here alone.

    {"format": 1, "architecture": "kmer_logreg", "arguments": {"window": 100, "tasks": 2},
     "tasks": ["A549|CTCF", "K562|TAL1"], ...}

`architecture` is a factory of this package and `arguments` are its arguments; `tasks` are
the names of its output, of which those in `untrained` were never trained. Without
`architecture` the file only tells about weights whose model the user builds. `sha256` is
that of the weights. The rest (a probe with its scores, held-out scores, how it was trained)
is for people and for `genome-keras weights verify`.

Nothing here trusts what a file declares: sizes are bounded before memory is taken, and no
object is ever built from a description but by a factory of this package.
"""

import json
from collections.abc import Iterable
from os import PathLike
from typing import Any

from genome_keras.errors import WeightsError
from genome_keras.io.atomic import atomic

MAX_TEXT = 16 << 20
_MAX_ARGUMENT = 10_000_000
_MAX_SEED = 2**32 - 1  # no size: a date, say
_FORMAT = 1


def made_by(architecture: str, arguments: dict, tasks: Iterable[str] = ()) -> dict:
    """What a factory notes on the model it made, as its `made_with`.

    Args:
        architecture: name of the factory.
        arguments: its arguments.
        tasks: names, where they are known.

    Example:
        >>> made_by("kmer_logreg", {"window": 100, "tasks": 1}, ["A549|CTCF"])["tasks"]
        ['A549|CTCF']
    """
    return {"architecture": architecture, "arguments": arguments, "tasks": list(tasks)}


def of_model(model: Any, *, tasks: Iterable[str] | None = None, **more: Any) -> dict:
    """The description of a model that a factory made.

    Args:
        model: a `keras.Model`.
        tasks: names in the order of its output; None takes those it was loaded with.
        more: other keys of the description.

    Raises:
        ValueError: no factory made the model.

    Example:
        >>> from genome_keras import integer_logreg
        >>> of_model(integer_logreg(window=8, tasks=1), tasks=["A549|CTCF"])["arguments"]["window"]
        8
    """
    made = getattr(model, "made_with", None)
    if made is None:
        raise ValueError(
            "expected a model made by a factory of genome_keras. To use one that was loaded from "
            "a .keras file, make it anew: FACTORY(..., weights='FILE.keras')"
        )
    known = made_by(**made)
    return {**known, "tasks": known["tasks"] if tasks is None else list(tasks), **more}


def write(path: str | PathLike, description: dict) -> None:
    """Writes a description, whole or not at all.

    Raises:
        WeightsError: it would be refused when it is read.
        GenomeKerasError: it cannot be written.

    Example:
        >>> import tempfile
        >>> description = made_by("kmer_logreg", {"window": 100, "tasks": 1}, ["A549|CTCF"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/x.json", description)
        ...     print(read(f"{folder}/x.json") == description)
        True
    """
    check(description, path)
    with atomic(path) as temporary:
        temporary.write_text(as_text(description), encoding="utf-8")


def as_text(description: dict) -> str:
    """A description as JSON.

    Example:
        >>> print(as_text({"architecture": "kmer_logreg"}), end="")
        {
         "architecture": "kmer_logreg"
        }
    """
    return json.dumps(description, indent=1, allow_nan=False) + "\n"


def read(path: str | PathLike) -> dict:
    """Reads a description and checks it.

    Raises:
        WeightsError: missing, too large, not one JSON object, or with other values.

    Example:
        >>> import tempfile
        >>> description = made_by("kmer_logreg", {"window": 100, "tasks": 1}, ["A549|CTCF"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/x.json", description)
        ...     print(read(f"{folder}/x.json")["architecture"])
        kmer_logreg
    """
    description = read_json(path)
    check(description, path)
    return description


def read_json(path: str | PathLike) -> dict:
    """A JSON object from a file of at most 16 MiB.

    Raises:
        WeightsError: missing, too large, or not one JSON object.

    Example:
        >>> import tempfile
        >>> description = made_by("kmer_logreg", {"window": 100, "tasks": 1}, ["A549|CTCF"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/x.json", description)
        ...     print(sorted(read_json(f"{folder}/x.json")))
        ['architecture', 'arguments', 'tasks']
    """
    try:
        record = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, WeightsError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise WeightsError(f"{path}: not readable as JSON ({reason})") from error
    if not isinstance(record, dict):
        raise WeightsError(f"{path}: expected a JSON object")
    return record


def read_text(path: str | PathLike) -> str:
    """A text file of at most 16 MiB, as UTF-8.

    Raises:
        WeightsError: it cannot be read, is larger or is no such text.

    Example:
        >>> import tempfile
        >>> description = made_by("kmer_logreg", {"window": 100, "tasks": 1}, ["A549|CTCF"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/x.json", description)
        ...     print(read_text(f"{folder}/x.json") == as_text(description))
        True
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TEXT + 1)
    except OSError as error:
        raise WeightsError(f"{path}: cannot read: {error.strerror}") from error
    if len(data) > MAX_TEXT:
        raise WeightsError(f"{path}: more than {MAX_TEXT} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WeightsError(f"{path}: not UTF-8 text") from error


def check(description: dict, where: object) -> None:
    """Raises WeightsError unless a description holds plain, bounded values.

    Args:
        description: the JSON object.
        where: what to call it in errors.

    Example:
        >>> check({"tasks": ["CTCF", "TAL1"]}, "x.json")
        >>> try:
        ...     check({"tasks": ["CTCF", "CTCF"]}, "x.json")
        ... except WeightsError as error:
        ...     print(error)
        x.json: two tasks have the same name
    """
    if description.get("format", _FORMAT) != _FORMAT:
        raise WeightsError(
            f"{where}: format {description['format']!r:.60}; this version of genome_keras reads "
            f"format {_FORMAT}"
        )
    architecture = description.get("architecture")
    if architecture is not None and not isinstance(architecture, str):
        raise WeightsError(f"{where}: architecture must be a name, got {architecture!r:.60}")
    _check_arguments(description.get("arguments", {}), where)
    tasks = description.get("tasks", [])
    if not isinstance(tasks, list) or not all(map(_is_task, tasks)):
        raise WeightsError(f"{where}: tasks must be a list of printable names")
    if len(set(tasks)) != len(tasks):
        raise WeightsError(f"{where}: two tasks have the same name")
    untrained = description.get("untrained", [])
    if not isinstance(untrained, list) or not all(map(_is_task, untrained)):
        raise WeightsError(f"{where}: untrained must be a list of names of tasks")


def _check_arguments(arguments, where):
    if not isinstance(arguments, dict):
        raise WeightsError(f"{where}: arguments must be an object, got {arguments!r:.60}")
    if "weights" in arguments:
        raise WeightsError(f"{where}: arguments may not name weights")
    for name, value in arguments.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        largest = _MAX_SEED if name == "seed" else _MAX_ARGUMENT
        if len(values) > 100 or not all(_is_plain(each, largest) for each in values):
            raise WeightsError(
                f"{where}: argument {name!r:.42}: expected a number up to {largest}, a word, "
                f"true, false, null or a short list of them, got {value!r:.60}"
            )


def _is_plain(value, largest):
    if isinstance(value, (int, float)):
        return abs(value) <= largest  # False for NaN
    return value is None or (isinstance(value, str) and len(value) <= 100)


def _is_task(name):
    return isinstance(name, str) and 0 < len(name) <= 1000 and name.isprintable()
