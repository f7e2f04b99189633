"""Options made from the fields of settings: each class is told in one place.

See `genome_keras.settings`. An option that is not given is absent, so that the default of the
class counts, or that of the named settings that it is to change.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import MISSING
from typing import Any

from genome_keras.settings import Flag, Settings, options_of


def add_settings(
    add: Callable, *classes: type[Settings], named: Iterable[tuple[str, Any]] = ()
) -> None:
    """Adds an option for each field of classes of settings.

    Args:
        add: `add_argument` of the command's parser, or of a group of it.
        classes: of settings. A field of several is one option, whose help tells each.
        named: (name, settings) pairs whose values the help tells beside the defaults.
    """
    fields = {}
    for settings in classes:
        for each in options_of(settings):
            fields.setdefault(each.name, []).append((settings, each))
    for name, known in fields.items():
        kinds = [each.metadata["kind"] for _, each in known]
        add(
            "--" + name.replace("_", "-"),
            default=argparse.SUPPRESS,
            help=_help(name, known, named, several=len(classes) > 1).replace("%", "%%"),
            **_reading(name, kinds, known[0][1].metadata["metavar"]),
        )


def given_settings(options: argparse.Namespace, *classes: type[Settings]) -> dict[str, Any]:
    """The options of `add_settings` that were given.

    Args:
        options: of the command.
        classes: as there.

    Returns:
        dict, name of the field -> value.
    """
    names = dict.fromkeys(each.name for kind in classes for each in options_of(kind))
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def _help(name, known, named, *, several):
    told = []
    for settings, each in known:
        default = [_text(each.default)] if each.default is not MISSING else []
        default += [f"{other}: {_text(getattr(value, name))}" for other, value in named]
        whose = f"{settings.name}: " if several else ""
        told.append(f"{whose}{each.metadata['told']} ({'; '.join(default)})")
    return "; ".join(told)


def _text(value):
    """A value as it is written on the command line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _reading(name, kinds, metavar):
    """How argparse reads the value of an option."""
    if isinstance(kinds[0], Flag):
        return {"action": argparse.BooleanOptionalAction}
    if hasattr(kinds[0], "accepted"):
        return {"choices": kinds[0].accepted}

    def read(text):
        for kind in kinds:
            try:
                return kind.checked(name, kind.parsed(text))
            except ValueError as error:
                problem = error
        raise argparse.ArgumentTypeError(str(problem))

    return {"type": read, "metavar": metavar}
