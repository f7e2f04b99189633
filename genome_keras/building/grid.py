"""The bins of a genome: their numbers, places and windows."""

import os
from array import array
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from genome_keras.building.merged_places import MergedPlaces
from genome_keras.io import bed


class Grid:
    """The whole bins of some contigs, numbered from contig to contig.

    Args:
        contigs: mapping name -> length, bp; what is left over at the end of a contig is
            in no bin.
        bin_size: bp.
        on_outside, only: what becomes of places on other contigs and past the end, as in
            `genome_keras.io.bed.read`.

    Attributes:
        total: number of bins.
        sizes, firsts: dicts name -> number of bins, and number of the first bin.

    Example:
        >>> grid = Grid({"chr1": 1050, "chr2": 400}, 200)
        >>> grid.sizes, grid.firsts
        ({'chr1': 5, 'chr2': 2}, {'chr1': 0, 'chr2': 5})
        >>> contig, start = grid.contig_of(np.array([4, 5]))
        >>> contig.tolist(), start.tolist()
        ([0, 1], [800, 0])
    """

    def __init__(
        self,
        contigs: Mapping[str, int],
        bin_size: int,
        *,
        on_outside: str = "error",
        only: bool = False,
    ) -> None:
        self.contigs, self.bin_size = contigs, bin_size
        self.accepted = {"contigs": contigs, "on_outside": on_outside, "only": only}
        self.left_out = []  # what was left out of each file, in words
        self.sizes = {name: length // bin_size for name, length in contigs.items()}
        ends = np.cumsum(list(self.sizes.values()))
        self.total = int(ends[-1]) if len(ends) else 0
        self.firsts = {
            name: int(end) - size
            for (name, size), end in zip(self.sizes.items(), ends, strict=True)
        }

    def places(self, path: str | os.PathLike) -> dict[str, MergedPlaces]:
        """Reads BED as dict name -> `MergedPlaces`, on contigs of the grid."""
        starts, ends = defaultdict(lambda: array("q")), defaultdict(lambda: array("q"))
        places = bed.read(path, **self.accepted)
        for place in places:
            starts[place.contig].append(place.start)
            ends[place.contig].append(place.end)
        self.note(places)
        return {name: MergedPlaces(starts[name], ends[name]) for name in starts}

    def note(self, places: bed.Places) -> None:
        """Remembers what was left out of a file that was read to its end."""
        if (told := places.told()) is not None:
            self.left_out.append(told)

    def numbers(self, bins: Mapping[str, np.ndarray]) -> np.ndarray:
        """Sorted numbers, int64, of dict name -> bins counted from each contig's start."""
        kept = [
            numbers[(numbers >= 0) & (numbers < self.sizes[name])] + self.firsts[name]
            for name, numbers in sorted(bins.items(), key=lambda item: self.firsts[item[0]])
        ]
        return np.concatenate([np.empty(0, np.int64), *kept])

    def contig_of(self, bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For bins, int64 (m,): index of the contig of each, and the 0-based start in it."""
        firsts = np.array(list(self.firsts.values()))
        contig = np.searchsorted(firsts, bins, "right") - 1
        return contig, (bins - firsts[contig]) * self.bin_size

    def window_starts(self, starts: np.ndarray, context: int) -> np.ndarray:
        """Starts of the windows of `context` bp around bins that start at `starts`."""
        return starts + self.bin_size // 2 - context // 2

    def usable(self, gaps: Mapping[str, MergedPlaces], *, context: int, most_n: int) -> np.ndarray:
        """Which bins have at most `most_n` N in their window, beyond the contig too.

        Args:
            gaps: dict name -> `MergedPlaces` of the N of each contig.
            context: length of the windows, bp.
            most_n: bp.

        Returns:
            bool (total,).
        """
        usable = np.empty(self.total, bool)
        for name, length in self.contigs.items():
            n = self.sizes[name]
            starts = self.window_starts(np.arange(n) * self.bin_size, context)
            ends = starts + context
            outside = np.maximum(-starts, 0) + np.maximum(ends - length, 0)
            inside = gaps[name].count(np.maximum(starts, 0), np.minimum(ends, length))
            usable[self.firsts[name] : self.firsts[name] + n] = outside + inside <= most_n
        return usable


def touched(path: str | os.PathLike, grid: Grid) -> np.ndarray:
    """Numbers of the bins that share a base with the places of a BED file, int64, sorted.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.bed")
        ...     _ = path.write_text("chr1\\t150\\t620\\n")
        ...     print(touched(path, Grid({"chr1": 1000}, 200)).tolist())
        [0, 1, 2, 3]
    """
    places = grid.places(path)
    return grid.numbers({name: merged.bins(grid.bin_size) for name, merged in places.items()})


def inside(path: str | os.PathLike, grid: Grid) -> MergedPlaces:
    """`MergedPlaces` of numbers of the bins that lie wholly inside the places of a BED file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.bed")
        ...     _ = path.write_text("chr1\\t150\\t620\\n")
        ...     merged = inside(path, Grid({"chr1": 1000}, 200))
        >>> merged.starts.tolist(), merged.ends.tolist()  # bins 1 and 2
        ([1], [3])
    """
    starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name, merged in grid.places(path).items():
        first = grid.firsts[name]
        start, end = -(-merged.starts // grid.bin_size), merged.ends // grid.bin_size
        end = np.minimum(end, grid.sizes[name])
        starts.append(start[start < end] + first)
        ends.append(end[start < end] + first)
    return MergedPlaces(np.concatenate(starts), np.concatenate(ends))
