"""The folder of a training run: the names of its files, and what is in the small ones.

| file | content |
|---|---|
| `train.json` | what was asked for |
| `best.weights.h5`, `best.json` | the best weights and their description: a checkpoint |
| `epochs/0001.weights.h5` ... | the weights of every epoch, where they are kept |
| `state.npz` | what a run that was stopped goes on from |
| `log.json`, `log.csv` | one row for each epoch |
| `curves.svg` | the learning curves, where they are drawn |
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io.atomic import atomic
from genome_keras.weights import description

_WEIGHTS = ".weights.h5"
_DATA = "data_sha256"


@dataclass(frozen=True)
class RunFiles:
    """The files of a run; they need not be there yet.

    Args:
        folder: of the run.

    Example:
        >>> files = RunFiles("run")
        >>> files.best.name, files.epoch(3).name
        ('best.weights.h5', '0003.weights.h5')
    """

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder))

    @property
    def best(self) -> Path:
        """Weights of the best epoch; with it the folder is a checkpoint."""
        return self.folder / f"best{_WEIGHTS}"

    @property
    def description(self) -> Path:
        return self.folder / "best.json"

    @property
    def record(self) -> Path:
        return self.folder / "train.json"

    @property
    def state(self) -> Path:
        return self.folder / "state.npz"

    @property
    def log(self) -> Path:
        return self.folder / "log.json"

    @property
    def log_table(self) -> Path:
        return self.folder / "log.csv"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.svg"

    @property
    def to_go_on(self) -> tuple[Path, ...]:
        """What a run that was stopped needs."""
        return self.record, self.state, self.log, self.best

    def epoch(self, number: int) -> Path:
        """Weights of an epoch, 1-based."""
        return self.folder / "epochs" / f"{number:04d}{_WEIGHTS}"

    def kept_epochs(self) -> dict[int, Path]:
        """Number, 1-based, and weights of the epochs that were kept, in their order."""
        kept = sorted((self.folder / "epochs").glob(f"[0-9]*{_WEIGHTS}"))
        return {int(path.name.removesuffix(_WEIGHTS)): path for path in kept}

    def describe(self, model: Any, tasks: Sequence[str] = (), **more: Any) -> None:
        """Writes `best.json`, with which `best.weights.h5` is a checkpoint as any other.

        Args:
            model: made by a factory of this package.
            tasks: names, in the order of its output.
            more: other keys of the description.
        """
        description.write(self.description, description.of_model(model, tasks=tasks, **more))

    def asked(self) -> dict:
        """What `claim` has noted.

        Raises:
            FormatError: `train.json` is missing or damaged.
        """
        recorded = _read(self.record)
        if not isinstance(recorded, dict):
            raise FormatError(self.record, None, "expected a JSON object; not that of a run")
        return recorded

    def read_log(self) -> list[dict]:
        """The rows of `log.json`; none where the first epoch has not ended.

        Raises:
            FormatError: it is damaged.
        """
        rows = _read(self.log) if self.log.is_file() else []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise FormatError(self.log, None, "expected a list of rows; not that of a run")
        return rows

    def write_log(self, rows: Sequence[dict], *, table: bool = False) -> None:
        """Writes `log.json`, and with `table` also `log.csv`."""
        write_json(self.log, rows)
        if table:
            with atomic(self.log_table) as path, path.open("w", newline="") as file:
                written = csv.DictWriter(file, rows[0])
                written.writeheader()
                written.writerows(rows)


def is_run(path: str | os.PathLike) -> bool:
    """Whether a path is a folder with the weights of a run.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     before = is_run(folder)
        ...     RunFiles(folder).best.touch()
        ...     print(before, is_run(folder))
        False True
    """
    return RunFiles(path).best.is_file()


def claim(out: str | os.PathLike, asked: dict) -> Path:
    """Makes the folder of a run and writes `train.json`, or compares it with the one there.

    Args:
        out: the folder.
        asked: dict of what was asked for, fit for JSON.

    Returns:
        The folder.

    Raises:
        FormatError: the folder holds a run that was asked for something else.
        GenomeKerasError: a file is in the folder's place.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = claim(f"{folder}/run", {"model": "danq", "seed": 0})
        ...     print(RunFiles(run).asked())
        {'model': 'danq', 'seed': 0}
    """
    check_folder(out)
    files = RunFiles(out)
    if files.record.exists():
        before, now = _read(files.record), json.loads(json.dumps(asked))
        if isinstance(before, dict) and _DATA not in before:  # of a version that did not note it
            now.pop(_DATA, None)
        if before != now:
            problem = "this folder holds a run with other arguments or data"
            raise FormatError(files.record, None, problem)
    files.folder.mkdir(parents=True, exist_ok=True)
    write_json(files.record, asked)
    return files.folder


def check_folder(path: str | os.PathLike) -> None:
    """Raises GenomeKerasError where no folder can be made, for something else is in its place.

    Args:
        path: of the folder; it and those above it need not be there yet.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     try:
        ...         check_folder(file.name)
        ...     except GenomeKerasError as error:
        ...         print(str(error).partition(", but")[0].partition(": ")[2])
        cannot write: expected a new or existing folder
    """
    places = (Path(path), *Path(path).parents)
    there = next((place for place in places if os.path.lexists(place)), None)
    if there is not None and not os.path.isdir(there):
        raise GenomeKerasError(
            f"{path}: cannot write: expected a new or existing folder, but {there} is none"
        )


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Writes a JSON file; an existing one is replaced.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_json(f"{folder}/log.json", [{"epoch": 1}])
        ...     print(Path(folder, "log.json").read_text().split())
        ['[', '{', '"epoch":', '1', '}', ']']
    """
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1))


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(path, None, f"cannot read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        problem = f"damaged ({error}); remove the folder to start anew"
        raise FormatError(path, None, problem) from error
