"""Finished blocks of a run, kept until it is whole."""

import hashlib
from pathlib import Path

import numpy as np

from genome_keras.errors import FormatError
from genome_keras.io.atomic import atomic
from genome_keras.io.numpy_files import read_arrays
from genome_keras.variants.blocks import Block


class FinishedBlocks:
    """Effects of finished blocks, in files named after all that they depend on.

    Another VCF, genome, model or option gives other names, so that what is there is right.

    Args:
        folder: of the files; None keeps nothing.
        settings: text that tells the model and the options.

    Example:
        >>> import tempfile
        >>> block = Block([1], [], ["ok"], np.array([0]), np.array([1]), np.zeros((2, 4), np.uint8))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     finished = FinishedBlocks(f"{folder}/effects.tsv.parts", "model v1, diff")
        ...     finished.save(block, np.array([0.5]))
        ...     kept = finished.load(block)
        ...     finished.remove()
        >>> kept.tolist()
        [0.5]
    """

    def __init__(self, folder: str | None, settings: str) -> None:
        self.folder = None if folder is None else Path(folder)
        self.settings, self.used = settings.encode(), set()

    def load(self, block: Block) -> np.ndarray | None:
        """Effects of a block, or None."""
        if self.folder is None or not (path := self._path(block)).exists():
            return None
        problem = "damaged; remove it"
        arrays = read_arrays(path, problem=problem)
        if "" not in arrays:
            raise FormatError(path, None, problem)
        return arrays[""]

    def save(self, block: Block, values: np.ndarray) -> None:
        """Keeps effects of a block."""
        if self.folder is None:
            return
        self.folder.mkdir(exist_ok=True)
        with atomic(self._path(block)) as temporary, open(temporary, "wb") as file:
            np.save(file, values, allow_pickle=False)

    def remove(self) -> None:
        """Removes the files of this run, and the folder if nothing else is in it."""
        for path in self.used:
            path.unlink(missing_ok=True)
        if self.folder is not None and self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _path(self, block):
        digest = hashlib.sha256(self.settings)
        for array in (block.ref, block.alt, block.codes):
            digest.update(repr(array.shape).encode())
            digest.update(array.tobytes())
        path = self.folder / f"{digest.hexdigest()[:32]}.npy"
        self.used.add(path)
        return path
