"""The bins of a genome: their numbers, places and windows."""

from array import array
from collections import defaultdict

import numpy as np

from genome_keras.building.spans import Spans
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
    """

    def __init__(self, contigs, bin_size, *, on_outside="error", only=False):
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

    def places(self, path):
        """Reads BED as dict name -> `Spans`, on contigs of the grid."""
        starts, ends = defaultdict(lambda: array("q")), defaultdict(lambda: array("q"))
        places = bed.read(path, **self.accepted)
        for place in places:
            starts[place.contig].append(place.start)
            ends[place.contig].append(place.end)
        self.note(places)
        return {name: Spans(starts[name], ends[name]) for name in starts}

    def note(self, places):
        """Remembers what was left out of a file that was read to its end."""
        if (told := places.told()) is not None:
            self.left_out.append(told)

    def numbers(self, bins):
        """Sorted numbers, int64, of dict name -> bins counted from each contig's start."""
        kept = [
            found[(found >= 0) & (found < self.sizes[name])] + self.firsts[name]
            for name, found in sorted(bins.items(), key=lambda item: self.firsts[item[0]])
        ]
        return np.concatenate([np.empty(0, np.int64), *kept])

    def contig_of(self, bins):
        """For bins, int64 (m,): index of the contig of each, and the 0-based start in it."""
        firsts = np.array(list(self.firsts.values()))
        contig = np.searchsorted(firsts, bins, "right") - 1
        return contig, (bins - firsts[contig]) * self.bin_size

    def window_starts(self, starts, context):
        """Starts of the windows of `context` bp around bins that start at `starts`."""
        return starts + self.bin_size // 2 - context // 2

    def usable(self, gaps, *, context, most_n):
        """Which bins have at most `most_n` N in their window, beyond the contig too.

        Args:
            gaps: dict name -> `Spans` of the N of each contig.
            context: length of the windows, bp.
            most_n: bp.

        Returns:
            bool (total,).
        """
        found = np.empty(self.total, bool)
        for name, length in self.contigs.items():
            n = self.sizes[name]
            starts = self.window_starts(np.arange(n) * self.bin_size, context)
            ends = starts + context
            outside = np.maximum(-starts, 0) + np.maximum(ends - length, 0)
            inside = gaps[name].count(np.maximum(starts, 0), np.minimum(ends, length))
            found[self.firsts[name] : self.firsts[name] + n] = outside + inside <= most_n
        return found


def touched(path, grid):
    """Numbers of the bins that share a base with the places of a BED file, int64, sorted."""
    places = grid.places(path)
    return grid.numbers({name: spans.bins(grid.bin_size) for name, spans in places.items()})


def inside(path, grid):
    """`Spans` of numbers of the bins that lie wholly inside the places of a BED file."""
    starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name, spans in grid.places(path).items():
        first = grid.firsts[name]
        start, end = -(-spans.starts // grid.bin_size), spans.ends // grid.bin_size
        end = np.minimum(end, grid.sizes[name])
        starts.append(start[start < end] + first)
        ends.append(end[start < end] + first)
    return Spans(np.concatenate(starts), np.concatenate(ends))
