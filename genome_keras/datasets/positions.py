"""Where in the genome the windows of a data set lie."""

import os
from collections.abc import Iterable

import numpy as np

from genome_keras.datasets.labelled import is_labelled, read_labelled
from genome_keras.datasets.splits import Data, is_bundle, paths_of, sources_of
from genome_keras.errors import FormatError
from genome_keras.io.h5_arrays import TEXT, array, open_h5, reading

STARTS = ("start", "start_hg38")
INTEGERS = ("int32", "int64", "uint32", "uint64")


def positions(
    path: str | os.PathLike, split: str, *, sources: Iterable[str] | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Chromosome and start of each window of a split.

    Args:
        path: HDF5 as `genome_keras.datasets.chromatin_data.chromatin` reads it, perhaps with
            `chrom` (n,) as byte strings and `start` or `start_hg38` (n,), 0-based; or
            labelled sequences with these columns.
        split: its name.
        sources: only windows with these values of `source`; None takes all.

    Returns:
        str (n,) and int64 (n,), in the order of the file; None where it does not say.

    Raises:
        FormatError: not such a file.

    Example:
        >>> import tempfile
        >>> import h5py
        >>> with tempfile.NamedTemporaryFile(suffix=".h5") as path:
        ...     with h5py.File(path.name, "w") as file:
        ...         file["chrom"] = np.array(["chr1", "chr8"], "S")
        ...         file["split"] = np.array(["train", "test"], "S")
        ...         file["start"] = [1000, 4200]
        ...     chrom, start = positions(path.name, "test")
        >>> chrom.tolist(), start.tolist()
        (['chr8'], [4200])
    """
    if is_labelled(path):
        read = read_labelled(path)
        if read.chrom is None or read.start is None:
            return None
        rows = read.chosen(split, sources)
        return read.chrom[rows], read.start[rows]
    with open_h5(path) as file:
        starts = [name for name in STARTS if name in file]
        if "chrom" not in file or not starts:
            return None
        places = array(file, path, "chrom", ndim=1, kinds=(TEXT,))
        start = array(file, path, starts[0], ndim=1, kinds=INTEGERS)
        splits = array(file, path, "split", ndim=1, kinds=(TEXT,))
        source = sources is not None and array(file, path, "source", ndim=1, kinds=(TEXT,))
        if not len(places) == len(start) == len(splits):
            problem = f"expected {len(splits)} rows in 'chrom' and {starts[0]!r} as in 'split'"
            raise FormatError(path, None, problem)
        with reading(path):
            chosen = splits[:] == split.encode()
            if sources is not None:
                chosen &= np.isin(np.char.decode(source[:]), list(sources))
            chrom = np.char.decode(places[:][chosen].astype("S"))
            return chrom, start[:][chosen].astype(np.int64)


def chromosomes(
    data: Data, split: str, *, sources: Iterable[str] | None = None
) -> frozenset[str] | None:
    """Names of the chromosomes of a split of data sets; None where one does not say.

    Args:
        data, sources: as in `genome_keras.datasets.splits.open_split`.
        split: its name.

    Raises: as `positions`.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("sequence,chrom,start,CTCF\\nACGT,chr1,1000,1\\n")
        ...     file.flush()
        ...     print(chromosomes(file.name, "test"))
        frozenset({'chr1'})
    """
    names, paths = frozenset(), paths_of(data)
    for path, own in zip(paths, sources_of(paths, sources), strict=True):
        places = None if is_bundle(path) else positions(path, split, sources=own)
        if places is None:
            return None
        names |= set(np.unique(places[0]).tolist())
    return names
