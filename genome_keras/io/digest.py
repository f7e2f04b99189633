"""SHA-256 of files."""

import hashlib
import os
from pathlib import Path


def sha256_of(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as empty:
        ...     print(sha256_of(empty.name)[:12])
        e3b0c44298fc
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_intact(path: str | os.PathLike, *, size: int, sha256: str) -> bool:
    """Whether a file is there and has this size and SHA-256.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as empty:
        ...     print(is_intact(empty.name, size=0, sha256=sha256_of(empty.name)))
        True
    """
    path = Path(path)
    return path.is_file() and path.stat().st_size == size and sha256_of(path) == sha256
