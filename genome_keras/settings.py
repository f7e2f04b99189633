"""Settings as frozen values that check themselves: one class a way of doing something.

A field is made by `setting`, which tells what it accepts and what it is for; the command line
makes its options from the same fields (`genome_keras.commands._settings`).
"""

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from numbers import Real
from typing import Any

from genome_keras.arguments import at_least, one_of


@dataclass(frozen=True)
class Settings:
    """Checks each field that `setting` made, and keeps what its kind makes of the value.

    Raises:
        ValueError: another value of a field.

    Example:
        >>> @dataclass(frozen=True)
        ... class Smooth(Settings):
        ...     width: int = setting(9, Whole(least=1), "letters of the window")
        >>> Smooth().width, Smooth(width=3).width
        (9, 3)
        >>> Smooth(width=0)
        Traceback (most recent call last):
        ValueError: width must be an integer of at least 1. Received: width=0
    """

    def __post_init__(self):
        for each in options_of(type(self)):
            value = each.metadata["kind"].checked(each.name, getattr(self, each.name))
            object.__setattr__(self, each.name, value)


def setting(
    default: Any, kind: Any, told: str, *, metavar: str | None = None, compare: bool = True
) -> Any:
    """A field of a class of `Settings`.

    Args:
        default: its value where none is given.
        kind: `Whole`, `Number`, `Words`, `Flag`, or what has `checked` and `parsed` as these.
        told: what it is, a line for the help of the command line.
        metavar: of its value there.
        compare: whether `==` looks at it.

    Example:
        >>> @dataclass(frozen=True)
        ... class Smooth(Settings):
        ...     width: int = setting(9, Whole(least=1), "letters of the window")
        >>> options_of(Smooth)[0].metadata["told"]
        'letters of the window'
    """
    about = {"kind": kind, "told": told, "metavar": metavar}
    return field(default=default, compare=compare, metadata=about)


def options_of(settings: "type[Settings]") -> list[Field]:
    """The fields of a class of `Settings` that `setting` made.

    Args:
        settings: the class.

    Returns:
        List of `dataclasses.Field`.

    Example:
        >>> @dataclass(frozen=True)
        ... class Smooth(Settings):
        ...     width: int = setting(9, Whole(least=1), "letters of the window")
        ...     plain: bool = False
        >>> [each.name for each in options_of(Smooth)]
        ['width']
    """
    return [each for each in fields(settings) if "kind" in each.metadata]


@dataclass(frozen=True)
class Whole:
    """An integer from `least` to `most`; None too where it may be left out.

    Example:
        >>> kind = Whole(least=1, most=8, optional=True)
        >>> kind.checked("k", kind.parsed("6")), kind.parsed("none")
        (6, None)
    """

    least: int = 1
    most: int | None = None
    optional: bool = False

    def checked(self, name: str, value: Any) -> Any:
        """The value as int, or ValueError."""
        if value is None and self.optional:
            return None
        at_least(self.least, **{name: value})
        if self.most is not None and value > self.most:
            raise ValueError(f"{name} must be at most {self.most}. Received: {name}={value!r}")
        return int(value)

    def parsed(self, text: str) -> Any:
        """The value of a text; one that is none stays text, which `checked` refuses."""
        if text == "none" and self.optional:
            return None
        try:
            return int(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Number:
    """A finite number from `least` to `most`; only `above` the one, only `below` the other.

    Example:
        >>> Number(least=0, most=1, above=True).range
        'above 0 and at most 1'
    """

    least: float = 0.0
    most: float = math.inf
    above: bool = False
    below: bool = False
    optional: bool = False

    def checked(self, name: str, value: Any) -> Any:
        """The value, or ValueError."""
        if value is None and self.optional:
            return None
        known = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        ends = [self.least] * self.above + [self.most] * self.below
        if known and self.least <= value <= self.most and value not in ends:
            return value if isinstance(value, int | float) else float(value)
        raise ValueError(f"{name} must be {self.range}. Received: {name}={value!r}")

    @property
    def range(self) -> str:
        """What is accepted, in words."""
        if self.most < math.inf:
            first = f"above {self.least:g} and" if self.above else f"at least {self.least:g} and"
            return f"{first} {'below' if self.below else 'at most'} {self.most:g}"
        return f"a number above {self.least:g}" if self.above else f"at least {self.least:g}"

    def parsed(self, text: str) -> Any:
        """As of `Whole`."""
        if text == "none" and self.optional:
            return None
        try:
            return float(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Words:
    """One of several words.

    Example:
        >>> Words(("mean", "max")).checked("merge", "mean")
        'mean'
    """

    accepted: tuple[str, ...]

    def checked(self, name: str, value: Any) -> Any:
        """The value, or ValueError."""
        one_of(accepted=self.accepted, **{name: value})
        return value

    def parsed(self, text: str) -> Any:
        """As of `Whole`."""
        return text


@dataclass(frozen=True)
class Flag:
    """True or False.

    Example:
        >>> Flag().checked("both_strands", True)
        True
    """

    def checked(self, name: str, value: Any) -> Any:
        """The value, or ValueError."""
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False. Received: {name}={value!r}")
        return value


def chosen(
    table: "Mapping[str, type[Settings]]", *, what: str, choice: Any, given: dict[str, Any]
) -> Any:
    """The settings that a name and arguments tell of, or those that are given whole.

    Args:
        table: name -> class of `Settings`.
        what: of what these are the settings, in messages: "method".
        choice: a name, or a value of one of the classes.
        given: name -> value of an argument; None is the class's own.

    Returns:
        A value of one of the classes.

    Raises:
        ValueError: another name or value, or an argument that its class does not take.

    Example:
        >>> @dataclass(frozen=True)
        ... class Smooth(Settings):
        ...     width: int = setting(9, Whole(least=1), "letters of the window")
        >>> chosen({"smooth": Smooth}, what="method", choice="smooth", given={"width": 3}).width
        3
    """
    given = {name: value for name, value in given.items() if value is not None}
    if isinstance(choice, tuple(table.values())):
        if given:
            raise ValueError(
                f"{', '.join(given)}: set in {what}={type(choice).__name__}(...). "
                f"Received: {what}={choice!r} beside {', '.join(given)}"
            )
        return choice
    if not isinstance(choice, str) or choice not in table:
        words, classes = ", ".join(map(repr, table)), ", ".join(c.__name__ for c in table.values())
        raise ValueError(
            f"{what} must be one of {words}, or one of {classes}. Received: {what}={choice!r}"
        )
    taken = {name: [each.name for each in options_of(table[name])] for name in table}
    if foreign := [name for name in given if name not in taken[choice]]:
        accepted = "; ".join(
            f"{name}: {', '.join(names) or 'none'}" for name, names in taken.items()
        )
        raise ValueError(f"{what} {choice!r} takes no {', '.join(foreign)}. Accepted by {accepted}")
    return table[choice](**given)
