"""What a folder of training says of itself: JSON files, whole or not at all."""

import json
import os
from pathlib import Path

from genome_keras.errors import FormatError, GenomeKerasError
from genome_keras.io.atomic import atomic


def check_folder(path):
    """Raises GenomeKerasError where no folder can be made, for something else is in its place.

    Args:
        path: of the folder; it and those above it need not be there yet.
    """
    places = (Path(path), *Path(path).parents)
    there = next((place for place in places if os.path.lexists(place)), None)
    if there is not None and not os.path.isdir(there):
        raise GenomeKerasError(
            f"{path}: cannot write: expected a new or existing folder, but {there} is none"
        )


def claim(out, asked):
    """Makes the folder of a run and writes `train.json`, or compares it with the one there.

    Args:
        out: the folder.
        asked: dict of what was asked for, fit for JSON.

    Returns:
        The folder, `pathlib.Path`.

    Raises:
        FormatError: the folder holds a run that was asked for something else.
        GenomeKerasError: a file is in the folder's place.
    """
    check_folder(out)
    folder = Path(out)
    record = folder / "train.json"
    if record.exists() and _read(record) != json.loads(json.dumps(asked)):
        raise FormatError(record, None, "this folder holds a run with other arguments or data")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(record, asked)
    return folder


def describe(folder, model, tasks):
    """Writes `best.json`, with which `best.weights.h5` is a checkpoint as any other.

    Args:
        folder: of the run.
        model: made by a factory of this package.
        tasks: names, in the order of its output.
    """
    made = {key: model.made_with[key] for key in ("architecture", "arguments")}
    write_json(Path(folder) / "best.json", {**made, "tasks": list(tasks)})


def write_json(path, content):
    """Writes a JSON file; an existing one is replaced."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1))


def _read(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        problem = f"damaged ({error}); remove the folder to start anew"
        raise FormatError(path, None, problem) from error
