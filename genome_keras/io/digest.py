"""SHA-256 of files."""

import hashlib
from pathlib import Path


def sha256_of(path):
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_intact(path, *, size, sha256):
    """Whether a file is there and has this size and SHA-256."""
    path = Path(path)
    return path.is_file() and path.stat().st_size == size and sha256_of(path) == sha256
