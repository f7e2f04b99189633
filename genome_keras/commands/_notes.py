"""What the package logs, on standard error."""

import logging
from contextlib import contextmanager


@contextmanager
def notes():
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
