"""Which peak files there are: the tracks of a data set, one task each."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from genome_keras.errors import FormatError, printable
from genome_keras.io.lines import rows

PEAKS = (".bed", ".narrowPeak")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


class Track(NamedTuple):
    """One track of peaks: one task.

    Attributes:
        name: of the task.
        peaks: BED or narrowPeak, plain or gzip.
        measured: BED of the regions in which the track was measured; None is everywhere.

    Example:
        >>> Track("CTCF", Path("CTCF.narrowPeak.gz")).has_summits
        True
    """

    name: str
    peaks: Path
    measured: Path | None = None

    @property
    def has_summits(self) -> bool:
        """Whether the file is narrowPeak, by its name: ".narrowPeak" or ".narrowPeak.gz"."""
        return self.peaks.name.removesuffix(".gz").endswith(".narrowPeak")


def find(peaks: str | Path | Track | Sequence[str | Path | Track]) -> list[Track]:
    """The tracks of files, folders and tables.

    Args:
        peaks: a path or a sequence of paths, in the order of the tasks. A folder stands for
            the `.bed`, `.bed.gz`, `.narrowPeak` and `.narrowPeak.gz` files in it, in the
            order of their names; a track has the name of its file without these. A `.tsv`
            file is a table without a header: name, peak file and, where the track was not
            measured everywhere, a BED of the regions in which it was; paths are relative
            to the table's folder. Any other file is peaks. A `Track` stands for itself.

    Returns:
        list of `Track`.

    Raises:
        FormatError: no such file, a folder without peaks, an archive, a name twice.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("CTCF.bed", "TAL1.narrowPeak.gz"):
        ...         Path(folder, name).touch()
        ...     print([track.name for track in find(folder)])
        ['CTCF', 'TAL1']
    """
    if isinstance(peaks, (str, Path, Track)):
        peaks = [peaks]
    tracks = []
    for given in peaks:
        tracks += [given] if isinstance(given, Track) else _tracks(Path(given))
    if not tracks:
        raise ValueError("expected at least one track of peaks, received none")
    homes = {}
    for track in tracks:
        if not track.name or not track.name.isprintable():
            raise FormatError(track.peaks, None, f"expected a name, got {track.name!r}")
        if track.name in homes:
            problem = f"a second track {track.name!r} beside {homes[track.name]}; expected unique"
            raise FormatError(track.peaks, None, f"{problem} names: name them in a .tsv table")
        homes[track.name] = track.peaks
    return tracks


def _tracks(path):
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if _stem(file) != file.name]
        if not files:
            problem = "a folder without .bed, .narrowPeak, .bed.gz or .narrowPeak.gz files"
            raise FormatError(path, None, problem)
        return [Track(_stem(file), file) for file in files if file.is_file()]
    if path.name.lower().endswith(ARCHIVES):
        problem = "an archive; unpack it and give the folder: mkdir peaks && tar xf FILE -C peaks"
        raise FormatError(path, None, problem)
    if path.suffix == ".tsv":
        return _table(path)
    return [Track(_stem(path), path)]


def _stem(path):
    name = path.name.removesuffix(".gz")
    for suffix in PEAKS:
        if name.endswith(suffix) and not name.startswith("."):
            return name.removesuffix(suffix)
    return path.name


def _table(path):
    tracks = list(_rows(path))
    if not tracks:
        raise FormatError(path, None, "a table without tracks")
    return tracks


def _rows(path):
    for number, line in rows(path, "a table of tracks as"):
        fields = line.split("\t")
        if not line.strip() or line.startswith("#"):
            continue
        if len(fields) not in (2, 3) or not fields[0] or not fields[1]:
            problem = "expected name, peak file and perhaps a BED of measured regions, parted by"
            raise FormatError(path, number, f"{problem} tabs, got {line!r:.60}")
        files = [path.parent / field for field in fields[1:] if field]
        for file in files:
            if not os.path.isfile(file):  # unlike pathlib, False for a name the system refuses
                raise FormatError(path, number, f"no such file: {printable(str(file))}")
        yield Track(fields[0], *files)
