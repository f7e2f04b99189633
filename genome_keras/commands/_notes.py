"""Words on standard error: of commands, and what the package logs."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Writes a line on standard error."""
    print(f"genome-keras: {text}", file=sys.stderr)


@contextmanager
def notes() -> Iterator[None]:
    """Shows what the package logs at level INFO, such as which engine was taken."""
    logger, handler = logging.getLogger("genome_keras"), logging.StreamHandler()
    level = logger.level
    handler.setFormatter(logging.Formatter("genome-keras: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
