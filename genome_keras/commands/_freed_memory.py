"""The C library keeps memory that was freed, where a program takes the same again and again."""

import ctypes
import os
import sys
from collections.abc import Mapping

_MOST = 2**31 - 1  # bytes; the parameter is a C int
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # numbers of malloc.h


def keep_freed_memory(environment: Mapping[str, str] | None = None) -> bool:
    """Has glibc keep freed memory for the next use, where JAX computes and nobody chose otherwise.

    XLA takes the memory of a whole step at once. glibc gives pieces as large as that back to the
    system, which clears them page by page before it hands them out again: a fifth of the time in
    which recurrent networks are trained. It concerns the whole process, so only a program may
    do this. Any variable MALLOC_... turns it off.

    Args:
        environment: variables; None are those of the process.

    Returns:
        Whether it was done: JAX is the backend, and the C library is glibc.

    Example:
        >>> keep_freed_memory({"KERAS_BACKEND": "jax", "MALLOC_ARENA_MAX": "1"})
        False
    """
    environment = os.environ if environment is None else environment
    chosen = any(name.startswith("MALLOC_") for name in environment)
    if environment.get("KERAS_BACKEND") != "jax" or chosen or sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False  # musl has no such parameters
    return all(library.mallopt(name, _MOST) for name in (_TRIM_THRESHOLD, _MMAP_THRESHOLD))
