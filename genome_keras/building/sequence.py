"""One pass along a genome: what its contigs are, or windows cut from them."""

import os
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genome_keras.building.merged_places import MergedPlaces
from genome_keras.encode import ACCEPTED, translate
from genome_keras.errors import FormatError, SequenceError
from genome_keras.io import reference
from genome_keras.progress import progress

N = 4
BLOCK = 1 << 22  # letters of the windows that are yielded together


def survey(
    path: str | os.PathLike, *, unknown: str | None = None
) -> tuple[dict[str, int], dict[str, MergedPlaces]]:
    """Lengths of the contigs of a genome, and where they are N.

    Args:
        path: as in `genome_keras.io.reference.stream`.
        unknown: as in `genome_keras.encode.tokens`.

    Returns:
        lengths: dict name -> length, bp, in the order of the file.
        gaps: dict name -> `MergedPlaces` of its N.

    Raises:
        FormatError: no genome, or a name twice.
        SequenceError: a foreign letter.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nNNACGTNN\\n")
        ...     lengths, gaps = survey(path)
        >>> lengths, gaps["chr1"].starts.tolist(), gaps["chr1"].ends.tolist()
        ({'chr1': 8}, [0, 6], [2, 8])
    """
    lengths, gaps, starts, ends = {}, {}, [], []
    with progress(desc="genome", unit=" bp", unit_scale=True) as bar:
        for name, before, codes, last in _coded(path, unknown):
            if before == 0 and name in lengths:
                raise FormatError(path, None, f"the name {name!r} a second time")
            edges = np.flatnonzero(np.diff(codes == N, prepend=False, append=False))
            starts.append(edges[::2] + before)
            ends.append(edges[1::2] + before)
            lengths[name] = before + len(codes)
            if last:
                gaps[name] = MergedPlaces(np.concatenate(starts), np.concatenate(ends))
                starts, ends = [], []
            bar.update(len(codes))
    return lengths, gaps


def cut(
    path: str | os.PathLike,
    starts: Mapping[str, np.ndarray],
    *,
    window: int,
    unknown: str | None = None,
) -> Iterator[np.ndarray]:
    """Windows at given places, in one pass and in memory that does not grow.

    Args:
        path, unknown: as in `survey`, and the same errors.
        starts: dict name -> int64, sorted; what reaches outside the contig is N.
        window: bp.

    Yields:
        uint8 (m, window), some at a time, in the order of the genome.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "genome.fa")
        ...     _ = path.write_text(">chr1\\nNNACGTNN\\n")
        ...     for rows in cut(path, {"chr1": np.array([-1, 2])}, window=4):
        ...         print(rows.tolist())
        [[4, 4, 4, 0], [0, 1, 2, 3]]
    """
    rows = max(1, BLOCK // window)
    edge = np.full(window, N, np.uint8)
    for name, before, codes, last in _coded(path, unknown):
        wanted = starts.get(name, ())
        if before == 0:
            held, begin, done = edge, -window, 0
        held = np.concatenate([held, codes, edge] if last else [held, codes])
        upto = np.searchsorted(wanted, begin + len(held) - window, "right")
        for row in range(done, upto, rows):
            yield sliding_window_view(held, window)[wanted[row : min(row + rows, upto)] - begin]
        done = upto
        held, begin = held[len(held) - window :], begin + len(held) - window


def _coded(path, unknown):
    """Yields name, 0-based position, codes and `last` of pieces of the genome."""
    before = 0
    for piece in reference.stream(path):
        if not piece.letters and not piece.last:
            continue
        codes, foreign = translate(piece.letters, unknown=unknown)
        if foreign >= 0:
            raise SequenceError(
                f"{path}: {piece.name}: position {before + foreign + 1} (1-based): "
                f"{chr(piece.letters[foreign])!r}; {ACCEPTED}"
            )
        yield piece.name, before, codes, piece.last
        before = 0 if piece.last else before + len(codes)
