"""Choosing tasks by name, by pattern or by what they are about: one language everywhere."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from genome_keras.arguments import nearest
from genome_keras.weights.task_fields import FIELDS, fields_of

_FIELD = re.compile(r"\s*(\w+)=(.*?)\s*")


def chosen_tasks(
    names: list[str], choices: Iterable[str] | str, *, where: str, among: Iterable[str] = ()
) -> list[str]:
    """The names that choices mean, in the order of the choices and then of the names.

    A choice is an exact name; or a pattern with `*`, `?` or `[...]` that the whole name must
    fit; or fields, such as "cell=K562 target=CTCF group=DNase", all of which must fit,
    patterns among them. Patterns and fields do not mind upper and lower case. A name that is
    there is itself, whatever it looks like.

    Args:
        names: of all tasks.
        choices: one, or several, whose tasks are put together.
        where: what to call their model in errors.
        among: the names that patterns and fields may mean; none are all.

    Returns:
        List of names, each once.

    Raises:
        ValueError: a choice that means no task, with the nearest names.

    Example:
        >>> names = ["K562|CTCF|None", "A549|CTCF|None", "K562|DNase|None"]
        >>> chosen_tasks(names, ["cell=k562 group=DNase", "A549|*"], where="a model")
        ['K562|DNase|None', 'A549|CTCF|None']
        >>> chosen_tasks(names, "K562|CTFC|None", where="a model")
        Traceback (most recent call last):
        ValueError: a model: no task 'K562|CTFC|None'; it has 3, the nearest are 'K562|CTCF|None', \
'A549|CTCF|None', 'K562|DNase|None'
    """
    known, among, chosen = set(names), list(among) or names, {}
    if not names:
        raise ValueError(f"{where} has no tasks to choose from")
    for choice in [choices] if isinstance(choices, str) else choices:
        if not isinstance(choice, str):
            raise ValueError(f"expected names of tasks. Received: {choice!r:.80}")
        if choice in known:
            chosen[choice] = None
        elif fields := _fields(choice):
            chosen |= dict.fromkeys(_fitting(among, fields, choice, where))
        else:
            chosen |= dict.fromkeys(_like(among, choice, where))
    return list(chosen)


def _fields(choice):
    """Pairs of a field and a pattern; none where the choice is something else."""
    parts = re.split(r"\s+(?=\w+=)", choice.strip())
    pairs = [_FIELD.fullmatch(part) for part in parts]
    return [pair.groups() for pair in pairs] if all(pairs) else []


def _fitting(names, fields, choice, where):
    for field, _ in fields:
        if field not in FIELDS:
            raise ValueError(
                f"{where}: tasks have no field {field!r}. Accepted: {', '.join(FIELDS)}. "
                f"Received: {choice!r}"
            )
    tasks = [fields_of(name) for name in names]
    left = tasks
    for field, pattern in fields:
        fit = [task for task in left if _fits(getattr(task, field), pattern)]
        if not fit:
            there = sorted({getattr(task, field) for task in left} - {""})
            near = nearest(pattern, there) or there[:3]
            told = f"the nearest of {len(there)} are {_quoted(near)}" if there else "it has none"
            raise ValueError(f"{where}: no task of {choice!r}; of {field}, {told}")
        left = fit
    return [task.name for task in left]


def _like(names, choice, where):
    if any(letter in choice for letter in "*?["):
        fit = [name for name in names if _fits(name, choice)]
    else:
        fit = []
    if fit:
        return fit
    longer = [name for name in names if name.casefold().startswith(f"{choice.casefold()}|")]
    near = longer[:3] or nearest(choice, names)
    told = f"the nearest are {_quoted(near)}" if near else f"the first is {names[0]!r}"
    told += _hint(names, choice.strip("*?|"))
    raise ValueError(f"{where}: no task {choice!r}; it has {len(names)}, {told}")


def _hint(names, choice):
    """What a choice may have meant: the value of a field."""
    for field in FIELDS:
        values = sorted({getattr(fields_of(name), field) for name in names})
        known = {value.casefold(): value for value in values if value}
        for near in get_close_matches(choice.casefold(), known, n=1):
            return f"; {field}={known[near]} means those of that {field}"
    return ""


def _fits(text, pattern):
    return fnmatchcase(text.casefold(), pattern.casefold())


def _quoted(words):
    return ", ".join(map(repr, words))
