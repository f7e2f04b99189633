"""Checks of arguments that functions and factories share: one wording for each kind."""

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral


def at_least(minimum: int, /, **sizes: int) -> None:
    """Checks arguments that must be integers of at least `minimum`.

    NumPy's integers are accepted, True and False are not.

    Raises:
        ValueError: names the first argument that is not so, and its value.

    >>> at_least(0, blocks=-1)
    Traceback (most recent call last):
    ValueError: blocks must be an integer of at least 0. Received: blocks=-1
    """
    for name, value in sizes.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
            raise ValueError(
                f"{name} must be an integer of at least {minimum}. Received: {name}={value!r}"
            )


def at_least_one(**sizes: int) -> None:
    """Checks sizes: `at_least(1, ...)`.

    Example:
        >>> at_least_one(window=1000, stride=0)
        Traceback (most recent call last):
        ValueError: stride must be an integer of at least 1. Received: stride=0
    """
    at_least(1, **sizes)


def one_of(*, accepted: Iterable, **choice: object) -> None:
    """Checks arguments that must be among some words.

    Raises:
        ValueError: names the first argument that is not, its value and the words.

    >>> one_of(merge="sum", accepted=("mean", "max"))
    Traceback (most recent call last):
    ValueError: merge must be one of 'mean', 'max'. Received: merge='sum'
    """
    accepted = tuple(accepted)
    for name, value in choice.items():
        if value not in accepted:
            words = ", ".join(map(repr, accepted))
            raise ValueError(f"{name} must be one of {words}. Received: {name}={value!r}")


def layers_of(**sizes: tuple) -> list[tuple]:
    """Checks arguments that have one number for each layer.

    Returns:
        A list of one tuple for each layer, in the order of the arguments.

    Raises:
        ValueError: not tuples of one length, or a number below one.

    >>> layers_of(filters=(8, 16), widths=(5, 3))
    [(8, 5), (16, 3)]
    """
    for name, values in sizes.items():
        if not isinstance(values, (tuple, list)) or not values:
            raise ValueError(
                f"{name} must have one integer for each layer. Received: {name}={values!r}"
            )
        at_least_one(**{f"{name}[{i}]": value for i, value in enumerate(values)})
    lengths = {name: len(values) for name, values in sizes.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"need one number for each layer in each. Received lengths: {lengths}")
    return list(zip(*sizes.values(), strict=True))


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Words that look like a mistyped one, the best first; case does not count.

    Example:
        >>> nearest("Predcit", ["predict", "evaluate", "train"])
        ['predict']
    """
    shown = {}
    for other in known:
        shown.setdefault(other.casefold(), other)
    word = word.casefold()
    near = get_close_matches(word, shown, n=most)
    near += sorted(other for other in shown if word and word in other and other not in near)
    return [shown[other] for other in near[:most]]
