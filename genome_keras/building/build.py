"""A genome and peak files become one data set of labelled windows."""

import os
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genome_keras import __version__
from genome_keras.arguments import at_least_one, one_of
from genome_keras.building import sequence, tracks
from genome_keras.building.grid import Grid, touched
from genome_keras.building.labels import Labels, needed
from genome_keras.errors import FormatError, SequenceError
from genome_keras.io import bed, h5
from genome_keras.io.atomic import protected
from genome_keras.io.digest import sha256_of
from genome_keras.io.lines import check_regular
from genome_keras.progress import progress

SOURCE = b"genome"  # the value of `source`
SPLITS = ("train", "valid", "test")
ROWS = 4096  # labelled at a time
MEANING = {
    "alphabet": "ACGT",
    "codes": "0 A, 1 C, 2 G, 3 T, 4 N",
    "region": "start is the 0-based start of the bin; x is centred on the bin",
}


class BuildSummary(NamedTuple):
    """What `build` wrote.

    Attributes:
        labelled, unlabelled: bins with and without a label 1.
        splits: dict split -> bins.
        tasks: names of the tracks.
        empty: names of the tracks without a label 1.
        left_out: of each file with places that were left out, what and how many, in words.

    Example:
        >>> splits = {"train": 2, "valid": 0, "test": 0}
        >>> done = BuildSummary(1, 1, splits, tasks=["CTCF", "TAL1"], empty=["TAL1"], left_out=[])
        >>> done.labelled + done.unlabelled == sum(done.splits.values())
        True
    """

    labelled: int
    unlabelled: int
    splits: dict[str, int]
    tasks: list[str]
    empty: list[str]
    left_out: list[str]


Summary = BuildSummary  # its name until 0.2


def build(
    genome: str | os.PathLike,
    peaks: str | Path | tracks.Track | Sequence[str | Path | tracks.Track],
    out: str | os.PathLike,
    *,
    bin_size: int = 200,
    context: int = 1000,
    share: float | None = None,
    summit_width: int | None = None,
    contigs: Sequence[str] | None = None,
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    negatives: int | str = "equal",
    blacklist: str | Path | Sequence[str | Path] = (),
    max_n: float = 0.1,
    unknown: str | None = None,
    on_outside: str = "error",
    seed: int = 0,
) -> BuildSummary:
    """Builds a data set of labelled windows from a genome and peaks.

    The contigs are cut into bins, end to end from their first base. A bin has one label
    a track: 1, 0, or -1 where the track was not measured in all of the bin. Its sequence
    is the window of `context` bp around its centre, placed as by
    `genome_keras.genome.Interval.resized`, with N beyond the ends of the contig.

    The file has `x` uint8 (n, context), codes A 0, C 1, G 2, T 3, N 4; `y` int8
    (n, tasks); `chrom`, `start` (0-based, of the bin), `split` and `source` (n,);
    `tasks`; `contigs` (contigs, 2), the name and split of each; and `inputs` (files, 3),
    role, name and sha256 of every file that was read. Its attributes are the settings. The
    same inputs, settings and seed give the same bytes, with the same versions of
    genome_keras, NumPy and HDF5.

    Args:
        genome: FASTA, plain or gzip, or 2bit. It is read twice.
        peaks: as in `genome_keras.building.tracks.find`.
        out: HDF5 file to write.
        bin_size, context: bp.
        share: label 1 where peaks together cover at least this share of the bin. None is
            0.5, of 200 bp 100 or more, unless `summit_width` is given.
        summit_width: label 1 where a summit is in the middle `summit_width` bp of the bin
            instead; more than `bin_size` reaches into the neighbours. The summit is the
            tenth column of narrowPeak, and the centre of a place of BED.
        contigs: names of those to use; places on any other are then left out. None uses
            all, and a place on a contig that is not in the genome is an error.
        valid, test: contigs whose bins are of these splits; all others are "train".
        negatives: how many bins without a label 1 to keep, drawn at random from all splits
            together: a number; "equal", as many as there are with one, or all where there
            are fewer; or "all".
        blacklist: BED files; a bin that shares a base with one of their places is left out.
        max_n: a bin is left out where more than this share of its window is N, which it is
            beyond the contig's ends too.
        unknown: "N" reads foreign letters as N; None refuses them.
        on_outside: what becomes of places on contigs that the genome lacks, and of those
            past the end of theirs: "error", or "skip", which leaves them out and counts them.
        seed: of the draw.

    Returns:
        `BuildSummary`.

    Raises:
        FormatError: a malformed file or a pipe, for files are read more than once; or a
            place that is not in the genome.
        SequenceError: a foreign letter, or a contig that is not in the genome.
        GenomeKerasError: `out` cannot be written, or is one of the files that are read.
        ValueError: another value of an argument; more negatives than there are.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     genome, peaks = Path(folder, "genome.fa"), Path(folder, "CTCF.bed")
        ...     _ = genome.write_text(">chr1\\n" + "ACGT" * 100 + "\\n")
        ...     _ = peaks.write_text("chr1\\t100\\t200\\n")
        ...     done = build(genome, peaks, Path(folder, "x.h5"), bin_size=100, context=100)
        >>> done.labelled, done.unlabelled, done.tasks
        (1, 1, ['CTCF'])
    """
    blacklist, peaks = _several(blacklist), _several(peaks)
    rule, meaning = _rule(share, summit_width, bin_size)
    most_n = _most_n(context, max_n)
    _check_negatives(negatives)
    one_of(on_outside=on_outside, accepted=bed.ON_OUTSIDE)
    peak_tracks = tracks.find(peaks)
    files = _files(genome, peak_tracks, blacklist)
    for _, path in files:
        check_regular(path)
    read = [path for _, path in files] + [path for path in peaks if isinstance(path, (str, Path))]
    # A path that cannot be written is told before any work.
    with protected(read), h5.create(out) as file:
        inputs = _sums(files)
        lengths, gaps = sequence.survey(genome, unknown=unknown)
        splits = _splits(genome, lengths, contigs, valid, test)
        grid = Grid(
            {name: lengths[name] for name in splits},
            bin_size,
            on_outside=on_outside,
            only=contigs is not None,
        )
        usable = grid.usable(gaps, context=context, most_n=most_n)
        for path in blacklist:
            usable[touched(path, grid)] = False
        labels = Labels(peak_tracks, grid, usable, **rule)
        ones, zeros = _by_label(labels, usable, genome)
        drawn = _drawn(zeros, negatives, len(ones), seed)
        rows = _Rows(grid, np.sort(np.concatenate([ones, drawn])), list(splits.values()))
        asked = {"made_by": f"genome_keras {__version__}", "labels": meaning}
        asked |= {"bin_size": bin_size, "context": context, "negatives": negatives}
        asked |= {"max_n": max_n, "unknown": unknown or "refused", "seed": seed}
        file.attrs.update(MEANING | asked)
        h5.texts(file, "tasks", labels.names)
        h5.texts(file, "contigs", list(splits.items()))
        h5.texts(file, "inputs", inputs)
        rows.write_places(file)
        rows.write_labels(file, labels)
        rows.write_windows(file, genome, context=context, unknown=unknown)
    empty = [name for name, bins in zip(labels.names, labels.ones, strict=True) if not len(bins)]
    told = list(dict.fromkeys(grid.left_out))
    return BuildSummary(len(ones), len(drawn), rows.counts(), labels.names, empty, told)


class _Rows:
    """The chosen bins and what is written of them."""

    def __init__(self, grid, bins, splits):
        self.grid, self.bins = grid, bins
        self.names, self.splits = (_bytes(values) for values in (list(grid.contigs), splits))
        self.contig, self.starts = grid.contig_of(bins)

    def counts(self):
        """dict split -> bins."""
        sizes = np.bincount(self.contig, minlength=len(self.names))
        return {name: int(sizes[self.splits == name.encode()].sum()) for name in SPLITS}

    def write_places(self, file):
        columns = {
            "chrom": self.names[self.contig],
            "start": self.starts,
            "split": self.splits[self.contig],
            "source": np.full(len(self.bins), SOURCE),
        }
        for name, values in columns.items():
            with h5.Rows(file, name, values.shape, values.dtype) as rows:
                rows.append(values)

    def write_labels(self, file, labels):
        shape = len(self.bins), len(labels.names)
        with h5.Rows(file, "y", shape, np.int8) as rows:
            for row in range(0, len(self.bins), ROWS):
                rows.append(labels.of(self.bins[row : row + ROWS]))

    def write_windows(self, file, genome, *, context, unknown):
        starts = self.grid.window_starts(self.starts, context)
        ends = np.searchsorted(self.contig, np.arange(len(self.names)), "right")
        by_contig = dict(zip(self.grid.contigs, np.split(starts, ends[:-1]), strict=True))
        with (
            h5.Rows(file, "x", (len(starts), context), np.uint8) as rows,
            progress(desc="windows", total=len(starts)) as bar,
        ):
            for codes in sequence.cut(genome, by_contig, window=context, unknown=unknown):
                rows.append(codes)
                bar.update(len(codes))


def _rule(share, summit_width, bin_size):
    """The rule of the labels, and what they mean in words."""
    if share is not None and summit_width is not None:
        raise ValueError("expected share or summit_width. Received both")
    at_least_one(bin_size=bin_size)
    if summit_width is not None:
        at_least_one(summit_width=summit_width)
        meaning = f"a summit is in the middle {summit_width} bp of the bin"
    else:
        share = 0.5 if share is None else share
        meaning = f"peaks cover at least {needed(share, bin_size)} bp of the bin"
    rule = {"share": share, "summit_width": summit_width}
    return rule, f"1 {meaning}, 0 not so, -1 not measured in all of the bin"


def _most_n(context, max_n):
    at_least_one(context=context)
    if not 0 <= max_n <= 1:
        raise ValueError(f"max_n must be a share, 0 to 1. Received: max_n={max_n}")
    return int(Fraction(str(max_n)) * context)


def _splits(genome, lengths, contigs, valid, test):
    """dict name -> split of the contigs to use, in the order of the genome."""
    for name in (*(contigs or ()), *valid, *test):
        if name not in lengths:
            raise SequenceError(
                f"{genome}: no contig {name!r}; it has {len(lengths)}: {_some(lengths)}"
            )
        if contigs is not None and name not in contigs:
            raise ValueError(
                f"a contig of valid or test must be one of contigs. Received: {name!r}"
            )
    if both := set(valid) & set(test):
        raise ValueError(f"valid and test must not share contigs. Received: {sorted(both)}")
    chosen = lengths if contigs is None else [name for name in lengths if name in set(contigs)]
    return {
        name: "valid" if name in valid else "test" if name in test else "train" for name in chosen
    }


def _some(lengths):
    return ", ".join(map(repr, islice(lengths, 5))) + ", ..." * (len(lengths) > 5)


def _by_label(labels, usable, genome):
    """Numbers of the usable bins with a label 1, and of those that were measured and have none."""
    ones = labels.any_one()
    if not ones.any():
        raise FormatError(genome, None, "no usable bin has a label; are the peaks of this genome?")
    return np.flatnonzero(ones), np.flatnonzero(usable & ~ones & labels.any_measured())


def _drawn(zeros, negatives, labelled, seed):
    """Numbers of the bins without a label 1 to keep."""
    if negatives == "all":
        return zeros
    n = min(labelled, len(zeros)) if negatives == "equal" else negatives
    if n > len(zeros):
        raise ValueError(
            f"negatives must be at most {len(zeros)}, the usable bins without a label 1. "
            f"Received: {negatives}"
        )
    # The raw output of PCG64 is the same in every version of NumPy.
    keys = np.random.PCG64(seed).random_raw(len(zeros))
    return zeros[np.argsort(keys, kind="stable")[:n]]


def _check_negatives(negatives):
    whole = isinstance(negatives, int) and not isinstance(negatives, bool) and negatives >= 0
    if not whole and negatives not in ("all", "equal"):
        raise ValueError(
            f"negatives must be a whole number, 'equal' or 'all'. Received: {negatives!r}"
        )


def _several(given):
    """A list of what is one or several."""
    return [given] if isinstance(given, (str, Path, tracks.Track)) else list(given)


def _files(genome, peak_tracks, blacklist):
    """Role and path of every file that is read."""
    files = [("genome", genome), *(("peaks", track.peaks) for track in peak_tracks)]
    files += [
        ("measured", path)
        for path in dict.fromkeys(track.measured for track in peak_tracks)
        if path
    ]
    return files + [("blacklist", path) for path in blacklist]


def _sums(files):
    """Role, name and sha256 of every file."""
    try:
        return [[role, Path(path).name, sha256_of(path)] for role, path in files]
    except OSError as error:
        raise FormatError(error.filename, None, f"cannot read: {error.strerror}") from error


def _bytes(values):
    return np.char.encode(values, "utf-8")
