"""A signal that ended the work: nothing is finished after it, whoever swallowed its exception.

Signals raise an exception between two steps of Python. Where C called back into Python, as
HDF5 does to write, or where an object is taken apart, that exception is printed and forgotten,
and work goes on without what was interrupted.
"""

from collections.abc import Callable
from types import CodeType, FrameType
from typing import TypeVar

_came: list[BaseException] = []
_held: set[CodeType] = set()

Function = TypeVar("Function", bound=Callable)


def held(function: Function) -> Function:
    """Marks a function that C calls: a signal that comes there waits for the next `check`.

    Example:
        >>> @held
        ... def write(data):
        ...     return len(data)
        >>> write(b"ACGT")
        4
    """
    _held.add(function.__code__)
    return function


def is_held(frame: FrameType | None) -> bool:
    """Whether a signal that came in this frame should wait.

    Example:
        >>> is_held(None)
        False
    """
    return frame is not None and frame.f_code in _held


def note(error: BaseException) -> BaseException:
    """Remembers what a handler of signals is about to raise, and gives it back.

    Example:
        >>> note(KeyboardInterrupt())
        KeyboardInterrupt()
        >>> forget()
    """
    _came.append(error)
    return error


def came() -> BaseException | None:
    """What the first signal raised; None where none came.

    Example:
        >>> came() is None
        True
    """
    return _came[0] if _came else None


def check() -> None:
    """Raises what the first signal raised, if one came.

    Example:
        >>> check()
    """
    if _came:
        raise _came[0]


def forget() -> None:
    """For a process that goes on after all.

    Example:
        >>> forget()
    """
    _came.clear()
