"""Arrays in NumPy's files, .npy and .npz: whole, without pickled objects, or one error."""

import os

import numpy as np

from genome_keras.errors import FormatError, printable


def read_arrays(path: str | os.PathLike, *, problem: str) -> dict[str, np.ndarray]:
    """Reads the arrays of a .npy or .npz file.

    Args:
        path: the file.
        problem: what to say of one that is no such file, or damaged.

    Returns:
        dict name -> array; that of .npy, which has one without a name, is under "".

    Raises:
        FormatError: `problem`, with the reason in brackets.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/x.npz", epoch=2)
        ...     print(read_arrays(f"{folder}/x.npz", problem="damaged"))
        {'epoch': array(2)}
    """
    try:
        with open(path, "rb") as file:  # np.load leaves it open where it is damaged
            content = np.load(file, allow_pickle=False)
            arrays = {"": content} if isinstance(content, np.ndarray) else dict(content)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("a member that is no array")
    except Exception as error:  # zipfile, zlib, tokenize and ast raise many kinds
        if isinstance(error, OSError) and error.errno is not None:
            raise FormatError(path, None, f"cannot read: {error.strerror}") from error
        reason = printable(str(error))[:100] or type(error).__name__
        raise FormatError(path, None, f"{problem} ({reason})") from error
    return arrays
