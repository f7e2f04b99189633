"""Names of a package that are loaded when they are first used (PEP 562)."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package.

    Args:
        package: its `__name__`.
        homes: public name -> the module that has it.

    Example:
        >>> names = {"sqrt": "math"}
        >>> get, names_of = lazy_names(__name__, names)
        >>> get("sqrt")(4), names_of()
        (2.0, ['sqrt'])
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)  # so that it is asked for once
        return value

    return get, lambda: sorted(homes)
