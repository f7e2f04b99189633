"""From peaks to labelled bins."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np

from genome_keras.building.grid import Grid, inside
from genome_keras.building.merged_places import ranges
from genome_keras.building.tracks import Track
from genome_keras.errors import FormatError
from genome_keras.io import bed
from genome_keras.progress import progress


class Labels:
    """Which bins have which label: 1, 0, or -1 where a track was not measured.

    Memory grows with the labels 1, not with bins times tracks.

    Args:
        tracks: list of `genome_keras.building.tracks.Track`, read in their order.
        grid: `Grid`.
        usable: bool (grid.total,); other bins are left out.
        share, summit_width: the rule, as in `covered` and `with_summit`; one is None.

    Attributes:
        names: of the tracks.
        ones: for each track the numbers of the bins with a label 1, sorted.
        measured: for each track the `MergedPlaces` of the bins where it was measured, or None
            for all.

    Raises:
        FormatError: a malformed line, or a place that is not in the genome.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "CTCF.bed")
        ...     _ = path.write_text("chr1\\t150\\t620\\n")
        ...     track, grid = Track("CTCF", path), Grid({"chr1": 1000}, 200)
        ...     labels = Labels([track], grid, np.ones(5, bool), share=0.5, summit_width=None)
        >>> labels.of(np.arange(5)).ravel().tolist(), labels.any_one().tolist()
        ([0, 1, 1, 0, 0], [False, True, True, False, False])
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        grid: Grid,
        usable: np.ndarray,
        *,
        share: float | None,
        summit_width: int | None,
    ) -> None:
        self.names, self.ones, self.total = [track.name for track in tracks], [], grid.total
        regions = {None: None}
        for track in tracks:
            if track.measured not in regions:
                regions[track.measured] = inside(track.measured, grid)
        self.measured = [regions[track.measured] for track in tracks]
        kind = np.int32 if grid.total < 2**31 else np.int64
        for track, merged in zip(progress(tracks, desc="peaks"), self.measured, strict=True):
            if summit_width is None:
                bins = covered(track, grid, share=share)
            else:
                bins = with_summit(track, grid, width=summit_width)
            bins = bins[usable[bins]]
            if merged is not None:
                bins = bins[merged.holds(bins)]
            self.ones.append(bins.astype(kind))

    def any_one(self) -> np.ndarray:
        """Whether each bin has a label 1, bool (total,)."""
        any_one = np.zeros(self.total, bool)
        for bins in self.ones:
            any_one[bins] = True
        return any_one

    def any_measured(self) -> np.ndarray:
        """Whether at least one track was measured in each bin, bool (total,)."""
        measured = np.zeros(self.total, bool)
        for merged in {id(merged): merged for merged in self.measured}.values():
            if merged is None:
                measured[:] = True
            else:
                measured[ranges(merged.starts, merged.ends)] = True
        return measured

    def of(self, bins: np.ndarray) -> np.ndarray:
        """The labels of some bins.

        Args:
            bins: int64 (m,), sorted, at least one.

        Returns:
            int8 (m, tracks).
        """
        labels = np.zeros((len(bins), len(self.ones)), np.int8)
        holds = {id(merged): ~merged.holds(bins) for merged in self.measured if merged is not None}
        for task, (ones, merged) in enumerate(zip(self.ones, self.measured, strict=True)):
            if merged is not None:
                labels[holds[id(merged)], task] = -1
            hits = ones[np.searchsorted(ones, bins[0]) : np.searchsorted(ones, bins[-1], "right")]
            rows = np.searchsorted(bins, hits)
            labels[rows[bins[rows] == hits], task] = 1
        return labels


def covered(track: Track, grid: Grid, *, share: float) -> np.ndarray:
    """Numbers of the bins of which a track's peaks together cover at least a share.

    Args:
        track: `genome_keras.building.tracks.Track`.
        grid: `Grid`.
        share: above 0, up to 1. In bins of 200 bp, 0.5 is 100 bp or more.

    Returns:
        int64, sorted.

    Raises:
        FormatError: a malformed line, or a place that is not in the genome.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "CTCF.bed")
        ...     _ = path.write_text("chr1\\t150\\t620\\n")
        ...     track, grid = Track("CTCF", path), Grid({"chr1": 1000}, 200)
        ...     print([covered(track, grid, share=share).tolist() for share in (0.5, 0.1)])
        [[1, 2], [0, 1, 2, 3]]
    """
    size, need = grid.bin_size, needed(share, grid.bin_size)
    bins = {}
    for name, merged in grid.places(track.peaks).items():
        touched = merged.bins(size)
        bins[name] = touched[merged.count(touched * size, touched * size + size) >= need]
    return grid.numbers(bins)


def with_summit(track: Track, grid: Grid, *, width: int) -> np.ndarray:
    """Numbers of the bins with a summit in their middle `width` bp.

    The middle is placed as by `genome_keras.genome.Interval.resized`; wider than the bin,
    it reaches into the neighbours, so that a summit labels several bins.

    Args:
        track, grid: as in `covered`, and the same errors. The summit is the tenth column
            of narrowPeak, and the centre of a place of BED.
        width: bp.

    Returns:
        int64, sorted.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "CTCF.bed")
        ...     _ = path.write_text("chr1\\t150\\t620\\n")
        ...     track, grid = Track("CTCF", path), Grid({"chr1": 1000}, 200)
        ...     print(with_summit(track, grid, width=200).tolist())  # the centre is 385
        [1]
    """
    size = grid.bin_size
    offset = size // 2 - width // 2
    bins = {}
    for name, summits in _summits(track, grid).items():
        first = (summits - offset - width) // size + 1
        bins[name] = np.unique(ranges(first, (summits - offset) // size + 1))
    return grid.numbers(bins)


def needed(share: float, bin_size: int) -> int:
    """Bases that make up a share of a bin: the smallest number that is no less.

    The share counts as it is written, so that 0.07 of 100 bp is 7 bp.

    Raises:
        ValueError: a share of 0 or less, or above 1.

    Example:
        >>> needed(0.5, 200), needed(0.07, 100)
        (100, 7)
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0, up to 1. Received: share={share}")
    return ceil(Fraction(str(share)) * bin_size)


def _summits(track, grid):
    """dict name -> summits, int64."""
    if track.has_summits:
        places = peaks = bed.read_peaks(track.peaks, **grid.accepted)
    else:
        places = bed.read(track.peaks, **grid.accepted)
        peaks = ((place, place.centre) for place in places)
    summits = defaultdict(lambda: array("q"))
    for place, summit in peaks:
        if summit is None:
            problem = f"{place.contig}:{place.start}-{place.end}: expected a summit, got -1"
            raise FormatError(track.peaks, None, f"{problem}; label by the share covered instead")
        summits[place.contig].append(summit)
    grid.note(places)
    return {name: np.array(positions, np.int64) for name, positions in summits.items()}
