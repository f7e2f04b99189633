"""Names of tasks, one a line."""

import os
from pathlib import Path

from genome_keras.errors import WeightsError


def task_names(path: str | os.PathLike | None, count: int) -> list[str]:
    """The names of so many tasks, all different.

    Args:
        path: of the file; None calls them task_1, task_2...
        count: of tasks.

    Raises:
        WeightsError: the file cannot be read, or has another number of different names.

    Example:
        >>> task_names(None, 2)
        ['task_1', 'task_2']
    """
    if path is None:
        return [f"task_{number}" for number in range(1, count + 1)]
    try:
        names = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: cannot read names of tasks ({error})") from error
    names = [name.strip() for name in names if name.strip()]
    if len(names) != count or len(set(names)) != count:
        raise WeightsError(
            f"{path}: expected {count} different names, one a line; got {len(names)}, "
            f"{len(set(names))} of them different"
        )
    return names
