"""Checks of foreign descriptions, before a model is built from them.

Nothing here trusts what a file declares: sizes are bounded before memory is taken, and
no object is ever built from a description but by a factory of this package.
"""

import json

from genome_keras.errors import WeightsError

MAX_TEXT = 16 << 20
_MAX_ARGUMENT = 10_000_000


def read_text(path):
    """A text file of at most 16 MiB, as UTF-8."""
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


def read_json(path):
    """A JSON object from a file of at most 16 MiB.

    Raises:
        WeightsError: missing, too large, or not one JSON object.
    """
    try:
        config = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, WeightsError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise WeightsError(f"{path}: not readable as JSON ({reason})") from error
    if not isinstance(config, dict):
        raise WeightsError(f"{path}: expected a JSON object")
    return config


def check_config(config, where):
    """Raises WeightsError unless a description holds plain, bounded values.

    Args:
        config: the JSON object that describes a checkpoint.
        where: what to call it in errors.
    """
    if config.get("format", 1) != 1:
        raise WeightsError(
            f"{where}: format {config['format']!r}; this version of genome_keras reads format 1"
        )
    architecture = config.get("architecture")
    if architecture is not None and not isinstance(architecture, str):
        raise WeightsError(f"{where}: architecture must be a name, got {architecture!r:.60}")
    arguments = config.get("arguments", {})
    if not isinstance(arguments, dict):
        raise WeightsError(f"{where}: arguments must be an object, got {arguments!r:.60}")
    if "weights" in arguments:
        raise WeightsError(f"{where}: arguments may not name weights")
    for name, value in arguments.items():
        values = value if isinstance(value, list) else [value]
        if len(values) > 100 or not all(map(_is_plain, values)):
            raise WeightsError(
                f"{where}: argument {name:.40}: expected a number up to {_MAX_ARGUMENT}, a word, "
                f"true, false, null or a short list of them, got {value!r:.60}"
            )
    tasks = config.get("tasks", [])
    if not isinstance(tasks, list) or not all(map(_is_task, tasks)):
        raise WeightsError(f"{where}: tasks must be a list of printable names")
    if len(set(tasks)) != len(tasks):
        raise WeightsError(f"{where}: two tasks have the same name")
    untrained = config.get("untrained", [])
    if not isinstance(untrained, list) or not all(map(_is_task, untrained)):
        raise WeightsError(f"{where}: untrained must be a list of names of tasks")


def _is_plain(value):
    if isinstance(value, (int, float)):
        return abs(value) <= _MAX_ARGUMENT  # False for NaN
    return value is None or (isinstance(value, str) and len(value) <= 100)


def _is_task(name):
    return isinstance(name, str) and 0 < len(name) <= 1000 and name.isprintable()
