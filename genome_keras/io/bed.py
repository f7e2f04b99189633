"""BED and narrowPeak: places, one a line."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from genome_keras.arguments import one_of
from genome_keras.errors import FormatError
from genome_keras.genome import Interval
from genome_keras.io.lines import DIGITS, is_position, rows

COLUMNS = ("contig", "start", "end", "name", "score", "strand")
STRANDS = ("+", "-")
NARROW_PEAK = 10
ON_OUTSIDE = ("error", "skip")
OUTSIDE_IS_ERROR = "on_outside='skip' (--on-outside skip) leaves such places out"
NAMED = 5  # contigs that a message names
TOLD = 5  # malformed lines of a file that are told one by one
DOUBTFUL = 100  # malformed lines before any place that make a file none of BED

_log = logging.getLogger(__name__)


class Places:
    """The places of a BED file, in the order of the file; gone through once.

    Attributes:
        skipped: `collections.Counter` of the places that were left out so far: "malformed",
            lines that are none; "empty", whose end is their start; "absent", on contigs that
            the genome lacks; and "outside", which reach past the end of theirs.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "peaks.bed")
        ...     _ = path.write_text("chr1\\t10\\t20\\tpeak1\\nchr2\\t0\\t5\\n")
        ...     places = read(path, contigs={"chr1": 1000}, on_outside="skip")
        ...     names = [place.name for place in places]
        >>> names, dict(places.skipped)
        (['peak1'], {'absent': 1})
    """

    def __init__(self, path: str | os.PathLike, read_places: Callable[[Counter], Iterator]) -> None:
        self.path, self.skipped = path, Counter()
        self._places = read_places(self.skipped)

    def __iter__(self) -> "Places":
        return self

    def __next__(self) -> Any:
        return next(self._places)

    def close(self) -> None:
        """Closes the file, before its end too."""
        self._places.close()

    def told(self) -> str | None:
        """What was left out, in words; None where nothing was."""
        words = {
            "malformed": "malformed",
            "empty": "without a base (start = end)",
            "absent": "on contigs that the genome lacks",
            "outside": "past the end of their contig",
        }
        parts = [
            f"{self.skipped[key]:,} {what}" for key, what in words.items() if self.skipped[key]
        ]
        return f"{self.path}: left out places: {', '.join(parts)}" if parts else None


def read(
    path: str | os.PathLike,
    *,
    contigs: Mapping[str, int] | None = None,
    on_outside: str = "error",
    only: bool = False,
) -> Places:
    """Reads BED of three columns or more: contig, start, end, name, score, strand.

    Blank lines, comments (#) and the lines "track" and "browser" are left out, and so are
    places without a base, which are counted. A malformed line, whose numbers are none or
    whose end is before its start, does not stop the others: it is left out and counted, and
    the first few are told as warnings, with their numbers. Columns are parted by tabs, or, in
    a line without a tab, by runs of blanks; blanks at the end of a line do not count. Columns
    after the sixth are not looked at, nor is the score.

    Args:
        path: a file, plain or gzip whatever its name; "-" is standard input.
        contigs: mapping name -> length, bp, in which each place must lie; None checks no
            place.
        on_outside: what becomes of places on other contigs and of those past the end:
            "error", or "skip", which leaves them out and counts them.
        only: whether places on other contigs are none of the reader's business, left out
            without being counted.

    Returns:
        `Places`, an iterator of `Interval`; name is None where the column is absent or ".",
        and strand where it is neither "+" nor "-".

    Raises:
        FormatError: the file cannot be read, is no text, has a line of less than three
            columns or no line that is a place, or a place is not in `contigs`; while iterating.
        ValueError: another value of `on_outside`, at once.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "peaks.bed")
        ...     _ = path.write_text("chr1\\t10\\t20\\tpeak1\\nchr2\\t0\\t5\\n")
        ...     print([place.region for place in read(path)])
        ['chr1:11-20', 'chr2:1-5']
    """
    one_of(on_outside=on_outside, accepted=ON_OUTSIDE)
    checks = path, contigs, on_outside, only
    return Places(path, lambda skipped: (place for place, _ in _places(*checks, skipped)))


def read_peaks(
    path: str | os.PathLike,
    *,
    contigs: Mapping[str, int] | None = None,
    on_outside: str = "error",
    only: bool = False,
) -> Places:
    """Reads narrowPeak, BED of ten columns; the tenth is a peak's summit.

    Args:
        path, contigs, on_outside, only: as in `read`, and the same errors.

    Returns:
        `Places`, an iterator of (`Interval`, summit): 0-based position on the contig, or
        None where the file has -1. The file itself counts from the interval's start.

    Raises:
        FormatError: fewer than ten columns, or summits outside all their intervals; one
            outside its interval makes its line malformed.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x.narrowPeak")
        ...     _ = path.write_text("chr1\\t10\\t20\\t.\\t0\\t.\\t5.2\\t-1\\t-1\\t4\\n")
        ...     print([(place.region, summit) for place, summit in read_peaks(path)])
        [('chr1:11-20', 14)]
    """
    one_of(on_outside=on_outside, accepted=ON_OUTSIDE)
    checks = path, contigs, on_outside, only
    return Places(path, lambda skipped: _places(*checks, skipped, peaks=True))


def _places(path, contigs, on_outside, only, skipped, *, peaks=False):
    """Yields `Interval` and summit; the summit is None of what are no peaks."""
    odd = _Odd(path, skipped)
    for number, fields in _lines(path, NARROW_PEAK if peaks else 3):
        try:
            contig, start, end = _place(fields)
            summit = _summit(fields[NARROW_PEAK - 1], start, end) if peaks else None
        except ValueError as error:
            odd.add(number, str(error))
            continue
        odd.accept()
        if contigs is not None:
            if only and contig not in contigs:
                continue
            if (outside := _outside(contig, end, contigs)) is not None:
                kind, problem = outside
                if on_outside == "error":
                    raise FormatError(path, number, f"{problem}; {OUTSIDE_IS_ERROR}")
                skipped[kind] += 1
                continue
        if start == end:
            skipped["empty"] += 1
            continue
        name = fields[3] if len(fields) > 3 and fields[3] not in ("", ".") else None
        strand = fields[5] if len(fields) > 5 and fields[5] in STRANDS else None
        yield Interval(contig, start, end, name, strand), summit
    odd.end()


class _Odd:
    """Malformed lines: counted, and the first of them told, once one line was a place."""

    def __init__(self, path, skipped):
        self.path, self.skipped = path, skipped
        self.first, self.accepted = [], False  # (number, problem) of the first, not yet told

    def add(self, number, problem):
        self.skipped["malformed"] += 1
        if self.skipped["malformed"] <= TOLD:
            self.first.append((number, problem))
        if self.accepted:
            self.accept()
        elif self.skipped["malformed"] == DOUBTFUL:
            self.end()

    def accept(self):
        """Of a file that has a place."""
        self.accepted = True
        for number, problem in self.first:
            _log.warning("%s:%d: left out: malformed: %s", self.path, number, problem)
        self.first.clear()

    def end(self):
        """Raises FormatError for a file whose lines are all malformed."""
        if self.first:
            number, problem = self.first[0]
            raise FormatError(self.path, number, f"{problem}")


def _outside(contig, end, contigs):
    """Why a place is not in the contigs, in a word and in words; None where it is."""
    length = contigs.get(contig)
    if length is None:
        first = ", ".join(map(repr, islice(contigs, NAMED)))
        more = ", ..." if len(contigs) > NAMED else ""
        problem = f"no contig {contig!r:.60} in the genome, which has {len(contigs)}: "
        return "absent", problem + first + more
    if end > length:
        problem = f"expected an end of at most {length}, the length of {contig!r}, got {end}"
        return "outside", f"{problem}; is it of another assembly?"
    return None


def _lines(path, least):
    for number, line in rows(path, "BED"):
        words = line.split(None, 1)
        if not words or words[0] in ("track", "browser") or words[0].startswith("#"):
            continue
        line = line.rstrip(" ")
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) < 3:
            problem = f"expected at least 3 columns, contig, start and end, got {len(fields)}"
            if line.startswith(">"):
                problem += ": it looks like FASTA, which is read without a genome"
            raise FormatError(path, number, problem)
        if len(fields) < least:
            problem = f"expected the {NARROW_PEAK} columns of narrowPeak, got {len(fields)}"
            raise FormatError(path, number, problem)
        yield number, fields


def _place(fields):
    """Contig, start and end; ValueError where they are none."""
    contig, start, end = fields[:3]
    if not contig or contig != contig.strip():
        raise ValueError(f"column 1 (contig): expected a name, got {contig!r:.40}")
    for column, field in ((2, start), (3, end)):
        if not is_position(field):
            raise ValueError(
                f"column {column} ({COLUMNS[column - 1]}): expected a whole number, 0 or more, "
                f"of at most {DIGITS} digits, got {field!r:.40}"
            )
    start, end = int(start), int(end)
    if start > end:
        raise ValueError(
            f"expected start <= end (0-based, half-open), got start {start} and end {end}"
        )
    return contig, start, end


def _summit(field, start, end):
    """Position of a peak's summit, or None where it has none; ValueError outside the peak."""
    if field == "-1" or start == end:
        return None
    if is_position(field) and int(field) < end - start:
        return start + int(field)
    raise ValueError(
        f"column {NARROW_PEAK} (summit): expected -1 or an offset from the start, "
        f"0 to {end - start - 1}, got {field!r:.40}"
    )
